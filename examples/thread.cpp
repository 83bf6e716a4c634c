// thread: threads, time, and what they share, on whatever ground tandem itself runs.
#include <chrono>
#include <iostream>

#include <tandem/thread.hpp>

using namespace std::chrono_literals;

void join() {
  // [join]
  tandem::cell<int> eggs;  // plain: one thread after the other
  {
    tandem::thread ana([&] { eggs = 12; });
  }  // joined here: what she did comes before what follows
  eggs = eggs - 1;
  std::cout << "eggs: " << eggs << '\n';
  // [/join]
}

void publish() {
  // [publish]
  tandem::cell<int> score;
  tandem::atomic<bool> known{false};
  tandem::thread referee([&] {
    score = 3;
    known.store(true, tandem::memory_order::release);  // carries the score
  });
  while (!known.load(tandem::memory_order::acquire)) tandem::sleep_for(1ms);
  std::cout << "score: " << score << '\n';
  // [/publish]
}

void stop() {
  // [stop]
  tandem::atomic<int> lengths{0};
  tandem::thread swimmer([&](const tandem::stop_token& stop) {
    while (!stop.stop_requested()) {
      lengths.fetch_add(1, tandem::memory_order::relaxed);  // a counter: it carries nothing else
      tandem::sleep_for(1ms);
    }
  });
  while (lengths.load(tandem::memory_order::relaxed) < 3) tandem::sleep_for(1ms);
  swimmer.request_stop();  // so does her destructor
  swimmer.join();
  // [/stop]
  std::cout << "three lengths, then stop: " << (lengths.load(tandem::memory_order::relaxed) >= 3) << '\n';
}

void yield() {
  // [yield]
  tandem::atomic<bool> ready{false};
  tandem::thread runner([&] { ready.store(true, tandem::memory_order::release); });
  while (!ready.load(tandem::memory_order::acquire)) tandem::yield();
  // [/yield]
  std::cout << "ready: " << ready.load(tandem::memory_order::relaxed) << '\n';
}

int main() {
  std::cout << std::boolalpha;
  join();
  publish();
  stop();
  yield();
  // [sleep]
  const auto alarm = tandem::clock::now() + 5ms;
  tandem::sleep_until(alarm);
  std::cout << "the alarm has come: " << (tandem::clock::now() >= alarm) << '\n';
  // [/sleep]
}
