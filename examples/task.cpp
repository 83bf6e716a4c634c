// task: a function that can wait without a thread.
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>

// [functions]
tandem::task<std::string> next_line(tandem::mailbox<std::string>& inbox) {
  auto line = co_await inbox.co_receive();
  if (!line) throw std::runtime_error("there is no next line");
  co_return *std::move(line);
}

tandem::task<std::string> greeting(tandem::mailbox<std::string>& inbox) {
  const std::string first = co_await next_line(inbox);  // as one would call a function
  const std::string second = co_await next_line(inbox);
  co_return first + ", " + second;
}
// [/functions]

int main() {
  tandem::run_loop loop;
  tandem::mailbox<std::string> inbox(4);
  static_cast<void>(inbox.send("Dear Ana"));
  static_cast<void>(inbox.send("the ferry leaves at nine."));

  // [run]
  tandem::task<std::string> letter = greeting(inbox);  // nothing has happened yet
  std::cout << loop.block_on(std::move(letter)) << '\n';
  // [/run]

  // [throws]
  inbox.close();
  try {
    std::cout << loop.block_on(greeting(inbox)) << '\n';
  } catch (const std::runtime_error& e) {
    std::cout << "thrown in next_line, caught by main: " << e.what() << '\n';
  }
  // [/throws]
}
