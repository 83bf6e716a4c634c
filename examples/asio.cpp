// asio: coroutines on Boost.Asio's io_context wait at tandem's channels, and meet a thread there.
#include <iostream>

#if __has_include(<boost/asio/io_context.hpp>)

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <coroutine>
#include <exception>
#include <string>

#include <tandem/async/mailbox.hpp>
#include <tandem/thread.hpp>

#include "support/asio_scheduler.hpp"

// [coroutine]
// A coroutine type whose promise names the scheduler; a task that it awaits runs there as well.
struct visit {
  struct promise_type {
    explicit promise_type(support::asio_scheduler& s, auto&&...) noexcept : where(s) {}
    tandem::scheduler& scheduler() const noexcept { return where; }
    visit get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
    support::asio_scheduler& where;
  };
};

visit read_letters(support::asio_scheduler&, tandem::mailbox<std::string>& inbox) {
  using namespace std::chrono_literals;
  for (;;) {
    const auto letter = co_await inbox.co_try_receive_for(10s);
    if (!letter) break;
    std::cout << *letter << '\n';
  }
  std::cout << "no more letters\n";
}
// [/coroutine]

int main() {
  // [use]
  boost::asio::io_context context;
  support::asio_scheduler on_asio(context);
  const auto keep_running = boost::asio::make_work_guard(context);

  tandem::mailbox<std::string> inbox(2);
  read_letters(on_asio, inbox);
  tandem::thread ana([&] {
    for (const char* letter : {"The ferry leaves at nine.", "Bring the tent."}) {
      if (!inbox.send(letter)) return;
    }
    inbox.close();
    boost::asio::post(context, [&context] { context.stop(); });
  });
  context.run();  // one thread, which also serves whatever else Asio has to do
  // [/use]
}

#else

int main() { std::cout << "Boost.Asio is not installed: there is nothing to show.\n"; }

#endif
