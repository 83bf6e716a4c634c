// when_all, when_any, then: several at the same time, and one after the other.
#include <iostream>
#include <string>
#include <utility>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/coro/compose.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/coro/thread_pool.hpp>
#include <tandem/thread.hpp>

using mailbox = tandem::mailbox<std::string>;

// [tasks]
tandem::task<int> price() { co_return 14; }
tandem::task<std::string> name() { co_return "the night train"; }
// [/tasks]

int main() {
  tandem::run_loop loop;

  // [when_all]
  const auto [euros, train] = loop.block_on(tandem::when_all(price(), name()));
  std::cout << train << ": " << euros << '\n';
  // [/when_all]

  // [when_any]
  mailbox post(1);
  mailbox telegrams(1);
  const auto from = [](mailbox& medium) {
    return [&medium](tandem::stop_token stop) -> tandem::task<tandem::result<std::string>> {
      co_return co_await medium.co_receive(stop);  // whoever loses is stopped here
    };
  };
  tandem::thread ana([&] { static_cast<void>(telegrams.send("arriving tonight")); });
  const auto first = loop.block_on(tandem::when_any(from(post), from(telegrams)));
  std::cout << (first.index == 0 ? "letter: " : "telegram: ") << first.value.value_or("") << '\n';
  // [/when_any]

  // [then]
  tandem::thread_pool pool(2);
  tandem::promise<int> question;
  tandem::future<std::string> answer =
      tandem::then(question.get_future(), pool, [](int number) { return "the answer is " + std::to_string(number); });
  static_cast<void>(question.set_value(42));
  std::cout << answer.get().value_or("nothing") << '\n';
  // [/then]
}
