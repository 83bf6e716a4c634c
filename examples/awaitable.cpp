// co_send, co_receive: waiting without a thread. The same programs as threads and as coroutines, on one channel.
#include <chrono>
#include <iostream>
#include <string>

#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

using counter = tandem::rendezvous<std::string>;

// [thread]
void ana(counter& c) {
  for (const auto* parcel : {"a book", "a lamp"}) {
    if (!c.send(parcel)) return;
  }
  c.close();
}
void ben(counter& c) {
  while (auto parcel = c.receive()) std::cout << "ben has " << *parcel << '\n';
}
// [/thread]

// [coroutine]
tandem::task<> co_ana(counter& c) {
  for (const auto* parcel : {"a book", "a lamp"}) {
    const auto sent = co_await c.co_send(parcel);
    if (!sent) co_return;
  }
  c.close();
}
tandem::task<> co_ben(counter& c) {
  while (auto parcel = co_await c.co_receive()) std::cout << "co_ben has " << *parcel << '\n';
}
// [/coroutine]

// [deadline]
tandem::task<> waits(counter& c) {
  const auto parcel = co_await c.co_try_receive_for(std::chrono::milliseconds(10));
  std::cout << "nobody comes: " << parcel.error().name() << '\n';
}
// [/deadline]

int main() {
  // [meet]
  tandem::run_loop loop;
  counter here, there;
  tandem::thread other([&] {
    ben(here);
    ana(there);
  });
  loop.block_on(co_ana(here));   // a coroutine and a thread
  loop.block_on(co_ben(there));  // a thread and a coroutine
  // [/meet]
  other.join();
  counter nowhere;
  loop.block_on(waits(nowhere));
}
