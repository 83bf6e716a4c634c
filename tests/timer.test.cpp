// The contract of after, at and ticker, clause by clause. Nothing here asserts how long something took; but that no
// instant comes early is a promise.
#include <tandem/blend/timer.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/started.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::watchdog;
using tandem::after;
using tandem::at;
using tandem::co_select;
using tandem::never;
using tandem::otherwise;
using tandem::receive_from;
using tandem::run_loop;
using tandem::select;
using tandem::task;
using tandem::tick;
using tandem::ticker;

namespace {

auto counts(int& calls) {
  return [&calls] { ++calls; };
}

}  // namespace

TEST_CASE("after: fires once its time has passed, and not before", "[timer]") {
  const watchdog guard("after");
  for (const auto patience : {0ms, 1ms, 7ms}) {
    int calls = 0;
    const auto start = tandem::clock::now();
    CHECK(select(after(patience, counts(calls))) == 0);
    CHECK(tandem::clock::now() - start >= patience);
    CHECK(calls == 1);
  }
}

TEST_CASE("after: the time runs from when it was made, not from the select", "[timer]") {
  const watchdog guard("after, made earlier");
  auto alarm = after(5ms);
  tandem::sleep_for(6ms);
  CHECK(select(alarm, otherwise()) == 0);
}

TEST_CASE("after: in any unit; what is negative or no number has passed", "[timer]") {
  using seconds = std::chrono::duration<double>;
  CHECK(select(after(-1s), otherwise()) == 0);
  CHECK(select(after(std::chrono::hours::min()), otherwise()) == 0);
  CHECK(select(after(seconds(0.0)), otherwise()) == 0);
  CHECK(select(after(seconds(std::numeric_limits<double>::quiet_NaN())), otherwise()) == 0);
  CHECK(select(after(seconds(-std::numeric_limits<double>::infinity())), otherwise()) == 0);
  CHECK(select(after(1h), otherwise()) == 1);
}

TEST_CASE("after: what is too long for the clock never comes", "[timer]") {
  const watchdog guard("after for ever");
  using seconds = std::chrono::duration<double>;
  CHECK(select(after(std::chrono::hours::max()), otherwise()) == 1);
  CHECK(select(after(seconds(std::numeric_limits<double>::infinity())), after(1ms)) == 1);
  CHECK(select(at(tandem::clock::time_point::max()), after(1ms)) == 1);
}

TEST_CASE("at: fires when the clock has come to it", "[timer]") {
  const watchdog guard("at");
  const auto when = tandem::clock::now() + 5ms;
  int calls = 0;
  CHECK(select(at(when, counts(calls)), never()) == 0);
  CHECK(tandem::clock::now() >= when);
  CHECK(calls == 1);
  CHECK(select(at(when), otherwise()) == 0);
  CHECK(select(at(tandem::clock::time_point::min()), otherwise()) == 0);
  CHECK(select(at(tandem::clock::now() + 1h), otherwise()) == 1);
  const std::chrono::time_point<tandem::clock, std::chrono::duration<double>> in_an_hour = tandem::clock::now() + 1h;
  CHECK(select(at(in_an_hour), otherwise()) == 1);
}

TEST_CASE("of several instants that come while a select waits, the earliest is taken", "[timer]") {
  const watchdog guard("the earliest of several");
  const auto now = tandem::clock::now();
  CHECK(select(at(now + 1h), at(now + 8ms), at(now + 2h), after(3h)) == 1);
  tandem::rendezvous<int> nobody;
  CHECK(select(receive_from(nobody), at(now + 1h), at(now + 12ms)) == 2);
}

TEST_CASE("an instant that has fired does not fire again", "[timer]") {
  auto once = after(0s);
  int calls = 0;
  CHECK(select(once, otherwise(counts(calls))) == 0);
  CHECK(select(once, otherwise(counts(calls))) == 1);
  CHECK(calls == 1);
}

TEST_CASE("an instant that was not taken is still there for the next select", "[timer]") {
  tandem::mailbox<int> box(2);
  REQUIRE(box.send(1));
  auto alarm = after(0s);
  CHECK(select(tandem::in_order, receive_from(box), alarm) == 0);
  CHECK(select(tandem::in_order, receive_from(box), alarm) == 1);
}

TEST_CASE("ticker: fires at a row of instants, a period apart, none of them early", "[timer]") {
  const watchdog guard("a ticker");
  const auto start = tandem::clock::now();
  ticker clockwork(2ms);
  CHECK(clockwork.next() >= start + 2ms);
  auto due = clockwork.next();
  const auto first = due;
  int calls = 0;
  for (int i = 0; i < 5; ++i) {
    CHECK(select(tick(clockwork, counts(calls))) == 0);
    CHECK(tandem::clock::now() >= due);
    CHECK(clockwork.next() > due);
    CHECK((clockwork.next() - first) % 2ms == 0ns);  // in step with the first, however late we were
    due = clockwork.next();
  }
  CHECK(calls == 5);
}

TEST_CASE("ticker: what was missed is not made up for: one at most is pending", "[timer]") {
  const watchdog guard("a ticker nobody listens to");
  ticker clockwork(30ms);
  const auto first = clockwork.next();
  tandem::sleep_until(first + 95ms);  // three more have gone by
  CHECK(select(tick(clockwork), otherwise()) == 0);
  CHECK(clockwork.next() > first + 90ms);
  CHECK((clockwork.next() - first) % 30ms == 0ns);
  if (tandem::clock::now() < clockwork.next()) {
    CHECK((select(tick(clockwork), otherwise()) == 1 || tandem::clock::now() >= first + 120ms));
  }
}

TEST_CASE("ticker: the same one in one select after the other, and beside others", "[timer]") {
  const watchdog guard("a ticker beside a mailbox");
  ticker clockwork(1ms);
  tandem::mailbox<int> box(1);
  int ticks = 0, letters = 0;
  while (ticks < 5) {
    if (ticks == 2 && letters == 0) REQUIRE(box.send(1));
    select(tick(clockwork, counts(ticks)), receive_from(box, [&](tandem::result<int> r) { letters += *r; }));
  }
  CHECK(letters <= 1);
}

TEST_CASE("ticker: a period that is too long for the clock never ends", "[timer]") {
  ticker never_again(std::chrono::hours::max());
  CHECK(select(tick(never_again), otherwise()) == 1);
  ticker centuries(std::chrono::hours(24 * 365 * 200));
  CHECK(select(tick(centuries), otherwise()) == 1);
}

TEST_CASE("ticker: a period of zero or less is misuse", "[timer]") {
  const std::string words = "a ticker needs a period longer than zero";
  CHECK(support::death_of([] { const ticker t(0s); }).saying(words));
  CHECK(support::death_of([] { const ticker t(-1ms); }).saying(words));
  CHECK(support::death_of([] {
          const ticker t{std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())};
        }).in_one_sentence());
}

TEST_CASE("a coroutine waits for time without a thread", "[timer][coroutine]") {
  const watchdog guard("coroutines wait for time");
  run_loop loop;
  tandem::rendezvous<int> nobody;
  int calls = 0;
  const auto work = [&]() -> task<> {
    const auto start = tandem::clock::now();
    const std::size_t first = co_await co_select(receive_from(nobody), after(4ms, counts(calls)));
    CHECK(first == 1);
    CHECK(tandem::clock::now() - start >= 4ms);
    ticker clockwork(1ms);
    for (int i = 0; i < 3; ++i) {
      const auto due = clockwork.next();
      const std::size_t second = co_await co_select(tick(clockwork, counts(calls)), receive_from(nobody), after(1h));
      CHECK(second == 0);
      CHECK(tandem::clock::now() >= due);
    }
  };
  loop.block_on(work());
  CHECK(calls == 4);
}

TEST_CASE("a thousand coroutines wait for as many instants", "[timer][coroutine]") {
  const watchdog guard("a thousand instants");
  run_loop loop;
  int over = 0;
  bool early = false;
  const auto body = [&](tandem::scheduler&, int i) -> support::started {
    const auto due = tandem::clock::now() + std::chrono::microseconds((i * 7919) % 5000);
    co_await co_select(at(due), after(1h));
    early = early || tandem::clock::now() < due;
    ++over;
  };
  std::vector<support::started> all;
  const auto work = [&]() -> task<> {
    for (int i = 0; i < 1000; ++i) all.push_back(body(loop, i));
    while (over < 1000) co_await co_select(after(100us));
  };
  loop.block_on(work());
  CHECK_FALSE(early);
}

TEST_CASE("a coroutine whose scheduler keeps no time cannot wait for it, and says so", "[timer][coroutine]") {
  CHECK(support::death_of([] {
          const auto body = []() -> support::unplaced { co_await co_select(after(1h)); };
          const auto waiting = body();
        }).saying("keeps no time"));
  bool done = false;  // there is nothing to wait for, except what has come
  const auto body = [&]() -> support::unplaced {
    co_await co_select(after(0s));
    done = true;
  };
  const auto over = body();
  CHECK(done);
}
