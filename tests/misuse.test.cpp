// What every misuse has in common (tandem/detail/contract.hpp): the place that it names; and a thread that blocks where
// it must not. What is misuse of which header, its own test says.
#include <tandem/tandem.hpp>

#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/sanitizer.hpp"
#include "support/watchdog.hpp"

namespace {

/// "(...misuse.test.cpp:<line>)"
bool names(const support::death& end, int line) {
  return end.saying("misuse.test.cpp:" + std::to_string(line) + ")") && end.in_one_sentence();
}

tandem::task<> nothing() { co_return; }

}  // namespace

TEST_CASE("misuse names file and line of the call", "[misuse]") {
  const auto value = support::death_of([] { static_cast<void>(tandem::result<int>(tandem::status::empty).value()); });
  CHECK(names(value, __LINE__ - 1));
  const auto of_void = support::death_of([] { tandem::result<void>(tandem::status::empty).value(); });
  CHECK(names(of_void, __LINE__ - 1));
  const auto ok = support::death_of([] { static_cast<void>(tandem::result<int>(tandem::status::ok)); });
  CHECK(names(ok, __LINE__ - 1));
  const auto code =
      support::death_of([] { static_cast<void>(tandem::result<int>(tandem::status(tandem::status::ok))); });
  CHECK(names(code, __LINE__ - 1));
  const auto capacity = support::death_of([] { tandem::mailbox<int> box(0); });
  CHECK(names(capacity, __LINE__ - 1));
  const auto period = support::death_of([] { tandem::ticker metronome(std::chrono::seconds(0)); });
  CHECK(names(period, __LINE__ - 1));
  const auto threads = support::death_of([] { tandem::thread_pool pool(0); });
  CHECK(names(threads, __LINE__ - 1));
  const auto arm = support::death_of([] { tandem::selector().switch_on(0, true); });
  CHECK(names(arm, __LINE__ - 1));

  tandem::promise<int> promise;
  const auto once = promise.get_future();
  const auto twice = support::death_of([&] { static_cast<void>(promise.get_future()); });
  CHECK(names(twice, __LINE__ - 1));

  tandem::run_loop loop;
  tandem::task<> moved_from = nothing();
  loop.block_on(std::move(moved_from));
  const auto run = support::death_of([&] { loop.block_on(std::move(moved_from)); });
  CHECK(names(run, __LINE__ - 1));
  const auto spawned = support::death_of([&] { tandem::scope(loop).spawn(std::move(moved_from)); });
  CHECK(names(spawned, __LINE__ - 1));
  const auto any = support::death_of([] { static_cast<void>(tandem::when_any(std::vector<tandem::future<int>>())); });
  CHECK(names(any, __LINE__ - 1));
  tandem::future<int> empty;
  const auto followed = support::death_of([&] { static_cast<void>(tandem::then(std::move(empty), loop, [](int) {})); });
  CHECK(names(followed, __LINE__ - 1));
}

TEST_CASE("a call in tandem's own headers is not named: it is not the caller's", "[misuse]") {
  const auto opened = support::death_of([] { static_cast<void>(tandem::open<tandem::mailbox<int>>(0)); });
  CHECK(opened.saying("a mailbox of capacity 0"));
  CHECK(opened.said.find(".hpp") == std::string::npos);
}

#if !defined(NDEBUG)

TEST_CASE("a thread that runs a loop and is about to block says so", "[misuse]") {
  const support::watchdog guard("a blocking verb on a loop");
  const auto on_a_loop = [](auto block) {
    return support::death_of([&] {
      tandem::run_loop loop;
      const auto careless = [](auto how) -> tandem::task<> {
        how();
        co_return;
      };
      loop.block_on(careless(block));
    });
  };
  const std::string cure = "co_await the same verb with co_";
  tandem::mailbox<int> box(1);
  CHECK(on_a_loop([&] { static_cast<void>(box.receive()); }).saying(cure));
  CHECK(on_a_loop([&] { static_cast<void>(box.receive(tandem::stop_source().get_token())); }).saying(cure));
  REQUIRE(box.send(1));
  CHECK(on_a_loop([&] { static_cast<void>(box.send(2)); }).saying(cure));
  tandem::rendezvous<int> phone;
  CHECK(on_a_loop([&] { static_cast<void>(phone.send(1)); }).saying(cure));
  tandem::promise<int> promise;
  auto future = promise.get_future();
  CHECK(on_a_loop([&] { static_cast<void>(future.get()); }).saying(cure));
  CHECK(on_a_loop([&] { tandem::select(tandem::receive_from(phone)); }).saying(cure));
  CHECK(on_a_loop([&] {
          for (const int message : phone) static_cast<void>(message);
        }).saying(cure));
#if !TANDEM_TEST_THREAD_SANITIZER  // which lets no thread be started in the child of a program with threads
  CHECK(on_a_loop([] {
          tandem::thread_pool pool(1);
          pool.block_on(nothing());
        }).saying(cure));
#endif
}

#if !TANDEM_TEST_THREAD_SANITIZER
TEST_CASE("a thread of a pool that is about to block says so", "[misuse]") {
  const support::watchdog guard("a blocking verb on a pool");
  const auto end = support::death_of([] {
    tandem::thread_pool pool(1);
    const auto careless = []() -> tandem::task<> {
      tandem::rendezvous<int> phone;
      static_cast<void>(phone.receive());
      co_return;
    };
    pool.block_on(careless());
  });
  CHECK(end.saying("co_await the same verb with co_"));
  CHECK(end.in_one_sentence());
}
#endif

#endif

TEST_CASE("what need not wait, or not for long, may be called on a loop", "[misuse]") {
  const support::watchdog guard("verbs that do not block, on a loop");
  tandem::run_loop loop;
  const auto careful = []() -> tandem::task<int> {
    tandem::mailbox<int> box(1);
    tandem::rendezvous<int> phone;
    if (!box.send(1) || !box.receive()) co_return 1;                        // at once
    if (box.try_receive().error() != tandem::status::empty) co_return 2;    // never waits
    const auto late = phone.try_receive_for(std::chrono::milliseconds(1));  // its time comes
    co_return late.error() == tandem::status::timeout ? 0 : 3;
  };
  CHECK(loop.block_on(careful()) == 0);

  // when the loop is left, its thread is as any other
  tandem::mailbox<int> box(1);
  tandem::thread ana([&] {
    tandem::sleep_for(std::chrono::milliseconds(1));
    static_cast<void>(box.send(1));
  });
  CHECK(box.receive().value() == 1);
}
