// scope: tasks that run side by side, and are all over when their scope is.
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/scope.hpp>
#include <tandem/coro/task.hpp>

using mailbox = tandem::mailbox<std::string>;

// [tasks]
tandem::task<> writes(mailbox& to, std::string name) {
  static_cast<void>(co_await to.co_send("a letter from " + name));
}

tandem::task<> reads(mailbox& from, int letters) {
  for (int i = 0; i < letters; ++i) std::cout << (co_await from.co_receive()).value_or("nothing") << '\n';
}
// [/tasks]

// [join]
tandem::task<> correspondence(tandem::run_loop& loop) {
  mailbox letters(1);
  tandem::scope friends(loop);
  friends.spawn(writes(letters, "Ana"));
  friends.spawn(writes(letters, "Ben"));
  friends.spawn(reads(letters, 2));
  co_await friends.join();  // before this, none of them has lost what it refers to
  std::cout << "all of them are done\n";
}
// [/join]

// [error]
tandem::task<> waits(mailbox& from, tandem::stop_token stop) {
  std::cout << "waiting: " << (co_await from.co_receive(stop)).error().name() << '\n';
}

tandem::task<> breaks() {
  throw std::runtime_error("out of ink");
  co_return;
}

tandem::task<> trouble(tandem::run_loop& loop) {
  mailbox letters(1);
  tandem::scope friends(loop);
  friends.spawn(waits(letters, friends.stop_token()));
  friends.spawn(breaks());
  co_await friends.join();  // throws what has left the task, when the others have ended too
}
// [/error]

// [unwinding]
void opens_the_door() { throw std::runtime_error("no key"); }

tandem::task<> careful(tandem::run_loop& loop) {
  mailbox letters(1);
  tandem::scope friends(loop);
  friends.spawn(waits(letters, friends.stop_token()));
  std::exception_ptr trouble;  // a handler cannot co_await: keep it until the join
  try {
    opens_the_door();
  } catch (...) {
    trouble = std::current_exception();
    friends.request_stop();
  }
  co_await friends.join();
  if (trouble) std::rethrow_exception(trouble);
}
// [/unwinding]

int main() {
  tandem::run_loop loop;
  loop.block_on(correspondence(loop));
  try {
    loop.block_on(trouble(loop));
  } catch (const std::runtime_error& error) {
    std::cout << "one of them failed: " << error.what() << '\n';
  }
  try {
    loop.block_on(careful(loop));
  } catch (const std::runtime_error& error) {
    std::cout << "on the way to the join: " << error.what() << '\n';
  }
}
