// An executor that is not tandem's: coroutines on Boost.Asio's io_context, where it is installed.
#include "support/catch.hpp"

#if __has_include(<boost/asio/io_context.hpp>)

#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <coroutine>
#include <exception>
#include <thread>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "../examples/support/asio_scheduler.hpp"

using namespace std::chrono_literals;

namespace {

struct begun {
  struct promise_type {
    explicit promise_type(support::asio_scheduler& s, auto&&...) noexcept : where(s) {}
    tandem::scheduler& scheduler() const noexcept { return where; }
    begun get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
    support::asio_scheduler& where;
  };
};

/// Runs `work` on an io_context of its own, until it is done.
struct on_asio {
  boost::asio::io_context context;
  support::asio_scheduler where{context};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy{context.get_executor()};

  static begun run(support::asio_scheduler&, boost::asio::io_context& context, tandem::task<> work) {
    co_await std::move(work);
    context.stop();
  }
  void until_done(tandem::task<> work) {
    run(where, context, std::move(work));
    context.run();
  }
};

tandem::task<> receives(tandem::rendezvous<int>& from, int times, long& sum, std::thread::id& where) {
  for (int i = 0; i < times; ++i) {
    const auto got = co_await from.co_receive();
    sum += got.value_or(-1'000'000);
    where = std::this_thread::get_id();
  }
}

tandem::task<> times_out(tandem::mailbox<int>& from, tandem::status& how, bool& too_early) {
  const auto begin = tandem::clock::now();
  const auto got = co_await from.co_try_receive_for(20ms);
  how = got.error();
  too_early = tandem::clock::now() - begin < 20ms;
}

tandem::task<> chooses(tandem::rendezvous<int>& from, int& got, int& alarms, std::jthread& sender) {
  const auto note = [&got](tandem::result<int> r) { got = r.value_or(0); };
  const auto ring = [&alarms] { ++alarms; };
  co_await tandem::co_select(tandem::receive_from(from, note), tandem::after(5ms, ring));
  sender = std::jthread([&from] { static_cast<void>(from.send(7).value()); });
  co_await tandem::co_select(tandem::receive_from(from, note), tandem::after(60s, ring));
}

}  // namespace

TEST_CASE("a coroutine on an io_context meets a thread, and goes on where the context runs") {
  on_asio asio;
  tandem::rendezvous<int> hatch;
  long sum = 0;
  std::thread::id where;
  std::jthread sender([&] {
    for (int i = 1; i <= 1000; ++i) {
      if (!hatch.send(i)) return;
    }
  });
  asio.until_done(receives(hatch, 1000, sum, where));
  CHECK(sum == 500500);
  CHECK(where == std::this_thread::get_id());
}

TEST_CASE("an io_context keeps the time of a coroutine") {
  on_asio asio;
  tandem::mailbox<int> empty(1);
  tandem::status how = tandem::status::ok;
  bool too_early = true;
  asio.until_done(times_out(empty, how, too_early));
  CHECK(how == tandem::status::timeout);
  CHECK_FALSE(too_early);
}

TEST_CASE("a select on an io_context") {
  on_asio asio;
  tandem::rendezvous<int> hatch;
  int got = 0;
  int alarms = 0;
  std::jthread sender;
  asio.until_done(chooses(hatch, got, alarms, sender));
  CHECK(got == 7);
  CHECK(alarms == 1);
}

#else

TEST_CASE("Boost.Asio is not installed: nothing to test") { SUCCEED(); }

#endif
