// thread_pool: coroutines that run on several threads, and wait on none.
#include <chrono>
#include <iostream>
#include <string>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/coro/thread_pool.hpp>
#include <tandem/thread.hpp>

using namespace std::chrono_literals;

// [task]
tandem::task<int> add_up(tandem::mailbox<int>& numbers) {
  int sum = 0;
  while (const auto number = co_await numbers.co_receive()) sum += *number;  // no thread stands still here
  co_return sum;
}
// [/task]

// [deadline]
tandem::task<std::string> patiently(tandem::mailbox<int>& numbers) {
  const auto number = co_await numbers.co_try_receive_for(5ms);  // the pool keeps the time
  co_return std::string(number.error().name());
}
// [/deadline]

// [item]
struct greeting final : tandem::run_item {
  greeting() : run_item([](tandem::run_item& self) noexcept { static_cast<greeting&>(self).say(); }) {}
  void say() noexcept { static_cast<void>(said.send("hello from the pool")); }
  tandem::mailbox<std::string> said{1};
};
// [/item]

int main() {
  // [block_on]
  tandem::thread_pool pool(2);
  tandem::mailbox<int> numbers(4);

  const tandem::thread counter([&] {
    for (int i = 1; i <= 100; ++i) static_cast<void>(numbers.send(i));
    numbers.close();
  });
  std::cout << "the sum of 1 to 100: " << pool.block_on(add_up(numbers)) << '\n';
  // [/block_on]

  tandem::mailbox<int> silent(1);
  std::cout << "nobody writes: " << pool.block_on(patiently(silent)) << '\n';

  // [post]
  greeting hello;
  pool.post(hello);
  std::cout << hello.said.receive().value_or("nothing") << '\n';
  // [/post]
}
