// confinement: a channel of one thread. Its coroutines talk to each other, and to nobody else.
#include <iostream>
#include <string>

#include <tandem/async/mailbox.hpp>
#include <tandem/confinement.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/scope.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/mode.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

// [channels]
using counter = tandem::rendezvous<std::string, tandem::one_thread>;  // across the counter, from hand to hand
using tray = tandem::mailbox<std::string, tandem::one_thread>;        // put down here, taken from there
using post = tandem::mailbox<std::string>;                            // from any thread
// [/channels]

// [generic]
// Whatever can be awaited will do, of one thread or of any.
template <tandem::awaited_receivable From, tandem::awaited_sendable To>
tandem::task<> passes_on(From& from, To& to, std::string what_was_done) {
  for (;;) {
    auto piece = co_await from.co_receive();
    if (!piece) break;
    static_cast<void>(co_await to.co_send(*piece + what_was_done));
  }
  to.close();
}
// [/generic]

tandem::task<int> serves(counter& from) {
  int meals = 0;
  for (;;) {
    const auto meal = co_await from.co_receive();
    if (!meal) break;
    std::cout << "served: " << *meal << '\n';
    ++meals;
  }
  co_return meals;
}

// [kitchen]
tandem::task<int> kitchen(tandem::run_loop& loop, post& orders) {
  tray sliced(2);
  counter done;
  tandem::scope cooks(loop);
  cooks.spawn(passes_on(orders, sliced, ", sliced"));  // orders come from outside
  cooks.spawn(passes_on(sliced, done, ", fried"));     // the rest happens in here
  const int meals = co_await serves(done);
  co_await cooks.join();
  co_return meals;
}
// [/kitchen]

int main() {
  // [main]
  tandem::run_loop loop;
  post orders(4);
  tandem::thread waitress([&] {
    for (const char* const what : {"potatoes", "onions"}) static_cast<void>(orders.send(what));
    orders.close();
  });
  std::cout << loop.block_on(kitchen(loop, orders)) << " meals\n";
  // [/main]

  static_assert(tandem::confined_to_one_thread<tray> && !tandem::confined_to_one_thread<post>);
  static_assert(tandem::sendable<post> && !tandem::sendable<tray>);  // tray.send() would block its only thread
}
