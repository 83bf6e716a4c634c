// timer: a time after which it is enough, and a ticker.
#include <chrono>
#include <iostream>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/blend/timer.hpp>
#include <tandem/thread.hpp>

using namespace std::chrono_literals;

int main() {
  std::cout << std::boolalpha;
  // [timeout]
  tandem::mailbox<int> inbox(1);
  const auto fired = tandem::select(tandem::receive_from(inbox), tandem::after(5ms));
  std::cout << (fired == 0 ? "a message" : "no message within 5 ms") << '\n';
  // [/timeout]

  // [ticker]
  tandem::ticker metronome(5ms);  // its first instant is 5 ms from now
  tandem::thread singer([&] {
    tandem::sleep_for(12ms);
    if (!inbox.send(1)) std::cout << "the inbox is closed\n";
  });
  int beats = 0, messages = 0;
  while (beats < 6 || messages < 1) {
    tandem::select(tandem::tick(metronome, [&] { ++beats; }).only_if(beats < 6),
                   tandem::receive_from(inbox, [&](auto) { ++messages; }));
  }
  std::cout << beats << " beats, and " << messages << " message in between\n";
  // [/ticker]

  // [missed]
  const auto due = metronome.next();
  tandem::sleep_until(due + 18ms);  // three more instants have gone by, and nobody listened
  tandem::select(tandem::tick(metronome));
  std::cout << "the next one is yet to come: " << (metronome.next() > due + 18ms) << '\n';
  // [/missed]
}
