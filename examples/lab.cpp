// lab: a small program on every schedule, until one goes wrong; then that one again. And an hour that takes no time.
#include <chrono>
#include <iostream>

#include <tandem/async/mailbox.hpp>
#include <tandem/lab/lab.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

using namespace std::chrono_literals;
namespace lab = tandem::lab;

// [body]
// Ana and Ben have news for each other. Each looks whether the other has been quicker, and if not, sends.
template <template <class> class Channel>
void news(auto... capacity) {
  Channel<int> to_ana(capacity...);
  Channel<int> to_ben(capacity...);
  lab::name(to_ana, "Ana's line");
  lab::name(to_ben, "Ben's line");
  tandem::thread ana = lab::spawn("Ana", [&] {
    if (!to_ana.try_receive()) static_cast<void>(to_ben.send(1));
  });
  tandem::thread ben = lab::spawn("Ben", [&] {
    if (!to_ben.try_receive()) static_cast<void>(to_ana.send(2));
  });
  ana.join();
  ben.join();
}
// [/body]

int main() {
  // [explore]
  const auto by_phone = [] { news<tandem::rendezvous>(); };
  const lab::report found = lab::explore(by_phone);
  std::cout << "by phone: " << lab::name_of(found.what) << '\n';
  std::cerr << found.text << '\n';  // step by step
  // [/explore]
  // [replay]
  const lab::report again = lab::replay(found.schedule, by_phone);
  std::cout << "schedule " << found.schedule << ": " << lab::name_of(again.what) << '\n';
  // [/replay]
  // [repaired]
  const auto by_email = [] { news<tandem::mailbox>(1); };
  const lab::report mended = lab::explore(by_email);
  std::cout << "by email: " << lab::name_of(mended.what) << (mended.exhausted ? ", exhausted\n" : "\n");
  std::cerr << mended.summary() << '\n';
  // [/repaired]
  // [hour]
  const lab::report hour = lab::run([] {
    const auto start = tandem::clock::now();
    tandem::sleep_for(1h);
    std::cout << "an hour:  " << (tandem::clock::now() - start) / 1min << " minutes\n";
  });
  // [/hour]
  return hour ? 0 : 1;
}
