// The contract of coro/run_loop.hpp, clause by clause.
#include <tandem/coro/run_loop.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

#include "support/allocations.hpp"
#include "support/background.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/dice.hpp"
#include "support/egg_timer.hpp"
#include "support/meanwhile.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::background;
using support::calls;
using support::effort;
using support::egg_timer;
using support::meanwhile;
using support::next_turn;
using support::watchdog;
using tandem::run_loop;
using tandem::status;
using tandem::task;

namespace {

/// Writes its number down.
struct noted final : tandem::run_item {
  noted(std::vector<int>& list, int n) noexcept
      : run_item([](run_item& me) noexcept { static_cast<noted&>(me).note(); }), to(list), number(n) {}
  void note() { to.push_back(number); }
  std::vector<int>& to;
  int number;
};

task<> turns(int n) {
  for (int i = 0; i < n; ++i) co_await next_turn();
}
task<int> receives(tandem::rendezvous<int>& from) { co_return (co_await from.co_receive()).value_or(-1); }

/// After so many rounds whoever goes round gives up: what it waits for would never have come.
constexpr int too_many = 200;
/// The same where a clock decides when it comes: they take longer than a few milliseconds on any machine.
constexpr int far_too_many = 1'000'000;

/// Two coroutines that keep a loop busy, with no end, until they are told.
background plays(tandem::scheduler&, tandem::rendezvous<int>& in, tandem::rendezvous<int>& out, const bool& over,
                 int& rounds) {
  while (!over && ++rounds < far_too_many) {
    const auto got = co_await in.co_receive();  // not in the condition: g++ 12 would get that wrong, see task.md
    if (!got) break;
    const auto how = co_await out.co_send(1);
    if (!how) break;
  }
  in.close();
  out.close();
}

}  // namespace

// --- order -----------------------------------------------------------------------------------------------------------

TEST_CASE("items are run in the order in which they were posted, from its own thread", "[run_loop]") {
  std::vector<int> order;
  run_loop loop;
  noted a(order, 1);
  noted b(order, 2);
  noted c(order, 3);
  loop.block_on([](run_loop& on, noted& one, noted& two, noted& three) -> task<> {
    on.post(one);
    on.post(two);
    on.post(three);
    co_await next_turn();
  }(loop, a, b, c));
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("items are run in the order in which they were posted, from elsewhere", "[run_loop]") {
  const watchdog guard("items posted from elsewhere");
  std::vector<int> order;
  run_loop loop;
  std::vector<std::unique_ptr<noted>> items;
  for (int i = 0; i < 1000; ++i) items.push_back(std::make_unique<noted>(order, i));
  for (int i = 0; i < 500; ++i) loop.post(*items[static_cast<std::size_t>(i)]);  // nobody runs the loop yet
  {
    const std::jthread other([&] {
      for (int i = 500; i < 1000; ++i) loop.post(*items[static_cast<std::size_t>(i)]);
      loop.stop();
    });
    loop.run();
  }
  REQUIRE(order.size() == 1000);
  for (int i = 0; i < 1000; ++i) REQUIRE(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("an item may post itself again while it is run", "[run_loop]") {
  run_loop loop;
  int left = 1000;
  tandem::run_item* self = nullptr;
  calls again([&] {
    if (--left > 0) {
      loop.post(*self);
    } else {
      loop.stop();
    }
  });
  self = &again;
  loop.post(again);
  loop.run();
  CHECK(left == 0);
}

TEST_CASE("what was posted by many threads is run, each item once, in the order of its thread", "[run_loop]") {
  const watchdog guard("items posted by many");
  run_loop loop;
  constexpr int threads = 4;
  const int each = effort(20'000);
  struct counted final : tandem::run_item {
    counted() noexcept : run_item([](run_item& me) noexcept { static_cast<counted&>(me).count(); }) {}
    void count() {
      in_order = in_order && *last == number - 1;
      *last = number;
      if (--*left == 0) loop->stop();
    }
    int number = 0;
    int* last = nullptr;
    int* left = nullptr;
    run_loop* loop = nullptr;
    bool in_order = true;
  };
  std::vector<std::unique_ptr<counted[]>> items;
  std::vector<int> last(threads, -1);
  int left = threads * each;
  for (int t = 0; t < threads; ++t) {
    items.push_back(std::make_unique<counted[]>(static_cast<std::size_t>(each)));
    for (int i = 0; i < each; ++i) {
      counted& item = items.back()[static_cast<std::size_t>(i)];
      item.number = i;
      item.last = &last[static_cast<std::size_t>(t)];
      item.left = &left;
      item.loop = &loop;
    }
  }
  {
    std::vector<std::jthread> posters;
    for (int t = 0; t < threads; ++t) {
      posters.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          loop.post(items[static_cast<std::size_t>(t)][static_cast<std::size_t>(i)]);
          if (i % 1000 == 0) std::this_thread::sleep_for(50us);  // so that the loop falls asleep now and then
        }
      });
    }
    loop.run();
  }
  CHECK(left == 0);
  for (const auto& of_one : items) {
    for (int i = 0; i < each; ++i) REQUIRE(of_one[static_cast<std::size_t>(i)].in_order);
  }
}

// --- sleep and wake --------------------------------------------------------------------------------------------------

TEST_CASE("a loop that has nothing to do sleeps, and a post wakes it", "[run_loop]") {
  run_loop loop;
  std::vector<int> order;
  std::vector<std::unique_ptr<noted>> items;
  for (int i = 0; i < 3; ++i) items.push_back(std::make_unique<noted>(order, i));
  meanwhile running([&] {
    loop.run();
    return order;
  });
  for (const auto& item : items) {
    running.until_it_waits();
    CHECK_FALSE(running.over());
    loop.post(*item);
  }
  running.until_it_waits();
  loop.stop();
  CHECK(running.outcome() == std::vector<int>{0, 1, 2});
}

TEST_CASE("a coroutine on a sleeping loop meets a thread", "[run_loop]") {
  tandem::rendezvous<int> desk;
  meanwhile waits([&] {
    run_loop loop;
    return loop.block_on(receives(desk));
  });
  waits.until_it_waits();
  CHECK(desk.send(7) == status::ok);
  CHECK(waits.outcome() == 7);
}

// --- run and stop ----------------------------------------------------------------------------------------------------

TEST_CASE("run returns when stop has been called, and can be called again", "[run_loop]") {
  run_loop loop;
  std::vector<int> order;
  noted a(order, 1);
  noted b(order, 2);
  for (int round = 0; round < 3; ++round) {
    loop.post(a);
    loop.stop();
    loop.stop();  // changes nothing
    loop.run();
    loop.post(b);
    loop.stop();
    loop.run();
  }
  CHECK(order == std::vector<int>{1, 2, 1, 2, 1, 2});
}

TEST_CASE("a loop is stopped by another thread, and by an item", "[run_loop]") {
  run_loop loop;
  meanwhile running([&] {
    loop.run();
    return true;
  });
  running.until_it_waits();
  loop.stop();
  CHECK(running.outcome());
  calls last([&] { loop.stop(); });
  loop.post(last);
  loop.run();
  SUCCEED();
}

TEST_CASE("what was posted before stop was called is run first, wherever either was called", "[run_loop]") {
  run_loop loop;
  std::vector<int> order;
  noted from_elsewhere(order, 1);
  noted own(order, 2);
  calls first([&] {
    std::thread([&] { loop.post(from_elsewhere); }).join();
    loop.post(own);
    loop.stop();
  });
  loop.post(first);
  loop.run();
  CHECK(order.size() == 2);
}

TEST_CASE("a stop that nobody waits for any more is no reason to complain", "[run_loop]") {
  {
    run_loop loop;
    loop.stop();
    loop.run();
    loop.stop();
  }
  {
    run_loop loop;
    loop.stop();
    loop.block_on(turns(200));  // which has taken it out of the inbox
    loop.stop();
  }
  {
    run_loop loop;
    loop.block_on([](run_loop& on) -> task<> {
      on.stop();
      co_return;
    }(loop));
  }
  SUCCEED();
}

TEST_CASE("a stop does not end block_on, and is kept for run", "[run_loop]") {
  run_loop loop;
  loop.stop();
  int ran = 0;
  loop.block_on([](int& count) -> task<> {
    for (int i = 0; i < 200; ++i) {
      co_await next_turn();
      ++count;
    }
  }(ran));
  CHECK(ran == 200);
  loop.run();  // returns at once
  SUCCEED();
}

TEST_CASE("each of many stops ends one run", "[run_loop]") {
  const watchdog guard("runs and stops");
  run_loop loop;
  const int rounds = effort(5'000);
  std::atomic<int> runs{0};
  const std::jthread stopper([&] {
    for (int i = 0; i < rounds; ++i) {
      loop.stop();
      while (runs.load() == i) std::this_thread::yield();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    loop.run();
    ++runs;
  }
  CHECK(runs == rounds);
}

// --- block_on --------------------------------------------------------------------------------------------------------

TEST_CASE("block_on within an item, of the same loop and of another", "[run_loop]") {
  run_loop outer;
  run_loop inner;
  tandem::rendezvous<int> desk;
  std::vector<int> order;
  noted of_outer(order, 1);
  calls nested([&] {
    inner.block_on([](run_loop& other, noted& item) -> task<> {
      other.post(item);  // to a loop that this thread runs, but not just now
      co_await next_turn();
    }(outer, of_outer));
    order.push_back(0);
    outer.block_on(turns(100));  // long enough for a look at what has come
    order.push_back(2);
    outer.stop();
  });
  outer.post(nested);
  outer.run();
  CHECK(order == std::vector<int>{0, 1, 2});
}

TEST_CASE("loops on two threads whose coroutines meet", "[run_loop]") {
  const watchdog guard("two loops");
  tandem::rendezvous<int> there;
  tandem::rendezvous<int> back;
  const int rounds = effort(5'000);
  const std::jthread other([&] {
    run_loop loop;
    loop.block_on([](tandem::rendezvous<int>& in, tandem::rendezvous<int>& out) -> task<> {
      while (auto got = co_await in.co_receive()) static_cast<void>(co_await out.co_send(*got + 1));
    }(there, back));
  });
  run_loop loop;
  const int last = loop.block_on([](tandem::rendezvous<int>& out, tandem::rendezvous<int>& in, int times) -> task<int> {
    int n = 0;
    for (int i = 0; i < times; ++i) {
      static_cast<void>(co_await out.co_send(n));
      n = (co_await in.co_receive()).value_or(-1);
    }
    out.close();
    co_return n;
  }(there, back, rounds));
  CHECK(last == rounds);
}

TEST_CASE("block_on runs whatever else is posted until its task is done, and leaves the rest", "[run_loop]") {
  run_loop loop;
  std::vector<int> order;
  noted mine(order, 1);
  noted later(order, 2);
  loop.block_on([](run_loop& on, noted& a, noted& b) -> task<> {
    on.post(a);
    co_await next_turn();
    std::thread([&] { on.post(b); }).join();
  }(loop, mine, later));
  CHECK(order == std::vector<int>{1});
  loop.block_on(turns(100));
  CHECK(order == std::vector<int>{1, 2});
}

// --- time ------------------------------------------------------------------------------------------------------------

TEST_CASE("a deadline ends a wait, and not before it has come", "[run_loop]") {
  const watchdog guard("a deadline of a coroutine");
  run_loop loop;
  tandem::mailbox<int> box(1);
  const auto until = tandem::clock::now() + 5ms;
  const auto how = loop.block_on([](tandem::mailbox<int>& from) -> task<status> {
    co_return (co_await from.co_try_receive_for(5ms)).error();
  }(box));
  CHECK(tandem::clock::now() >= until);
  CHECK(how == status::timeout);
  CHECK(loop.block_on([](tandem::mailbox<int>& from) -> task<status> {
    co_return (co_await from.co_try_receive_until(tandem::clock::now() - 1h)).error();
  }(box)) == status::timeout);
}

TEST_CASE("deadlines end waits in the order in which they come", "[run_loop]") {
  const watchdog guard("three deadlines");
  run_loop loop;
  tandem::rendezvous<int> desk;
  std::vector<int> order;
  int left = 3;
  const auto wait = [](run_loop& on, tandem::rendezvous<int>& from, tandem::clock::time_point until, int number,
                       std::vector<int>& to, int& others) -> background {
    static_cast<void>(co_await from.co_try_receive_until(until));
    to.push_back(number);
    if (--others == 0) on.stop();
  };
  calls begin([&] {
    const auto now = tandem::clock::now();
    wait(loop, desk, now + 6ms, 3, order, left);
    wait(loop, desk, now + 2ms, 1, order, left);
    wait(loop, desk, now + 4ms, 2, order, left);
  });
  loop.post(begin);
  loop.run();
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("a wait that a partner ends leaves no timer behind", "[run_loop]") {
  run_loop loop;
  tandem::rendezvous<int> desk;
  loop.block_on([](run_loop& on, tandem::rendezvous<int>& at) -> task<> {
    int got = 0;
    [](tandem::scheduler&, tandem::rendezvous<int>& from, int& to) -> background {
      to = (co_await from.co_try_receive_for(1h)).value_or(-1);
    }(on, at, got);
    if (at.try_send(7) != status::ok) std::terminate();
    while (got == 0) co_await next_turn();
  }(loop, desk));
  SUCCEED();  // else the loop would complain that something is left
}

TEST_CASE("a loop that sleeps until a deadline is woken by a post, and comes back for the deadline", "[run_loop]") {
  run_loop loop;
  tandem::rendezvous<int> desk;
  const auto until = tandem::clock::now() + 50ms;
  int ran = 0;
  calls item([&] { ++ran; });
  meanwhile waits([&] {
    return loop.block_on([](tandem::rendezvous<int>& from, tandem::clock::time_point when) -> task<status> {
      co_return (co_await from.co_try_receive_until(when)).error();
    }(desk, until));
  });
  waits.until_it_waits();
  loop.post(item);
  CHECK(waits.outcome() == status::timeout);
  CHECK(tandem::clock::now() >= until);
  CHECK(ran == 1);
}

// --- fairness --------------------------------------------------------------------------------------------------------

TEST_CASE("two coroutines that never stop do not starve what comes from elsewhere", "[run_loop]") {
  const watchdog guard("an item among busy coroutines");
  run_loop loop;
  tandem::rendezvous<int> there;
  tandem::rendezvous<int> back;
  bool over = false;
  int rounds = 0;
  calls tell([&] { over = true; });
  calls begin([&] {
    plays(loop, there, back, over, rounds);
    plays(loop, back, there, over, rounds);
    [](tandem::scheduler&, tandem::rendezvous<int>& serve) -> background {
      static_cast<void>(co_await serve.co_send(0));
    }(loop, there);
    std::thread([&] {
      loop.post(tell);
      loop.stop();
    }).join();
  });
  loop.post(begin);
  loop.run();
  CHECK(over);
  CHECK(rounds <= 2 * 64);   // one for each item, at most, and each of the two began by itself
  loop.block_on(turns(20));  // until both have noticed
}

TEST_CASE("two coroutines that never stop do not starve a deadline", "[run_loop]") {
  const watchdog guard("a deadline among busy coroutines");
  run_loop loop;
  tandem::rendezvous<int> there;
  tandem::rendezvous<int> back;
  tandem::rendezvous<int> nobody;
  bool over = false;
  int rounds = 0;
  const status how = loop.block_on([](run_loop& on, tandem::rendezvous<int>& a, tandem::rendezvous<int>& b,
                                      tandem::rendezvous<int>& c, bool& done, int& times) -> task<status> {
    plays(on, a, b, done, times);
    plays(on, b, a, done, times);
    [](tandem::scheduler&, tandem::rendezvous<int>& serve) -> background {
      static_cast<void>(co_await serve.co_send(0));
    }(on, a);
    const auto got = co_await c.co_try_receive_for(2ms);
    done = true;
    co_await turns(20);
    co_return got.error();
  }(loop, there, back, nobody, over, rounds));
  CHECK(how == status::timeout);
  CHECK(rounds < far_too_many);
}

TEST_CASE("after at most 64 items a loop looks at what came from elsewhere", "[run_loop]") {
  run_loop loop;
  bool came = false;
  int turns_before = 0;
  calls item([&] { came = true; });
  loop.block_on([](run_loop& on, tandem::run_item& posted, const bool& there, int& before) -> task<> {
    co_await next_turn();
    std::thread([&] { on.post(posted); }).join();
    while (!there && before != too_many) {
      ++before;
      co_await next_turn();
    }
  }(loop, item, came, turns_before));
  loop.stop();
  loop.run();  // now it has come in any case
  CHECK(turns_before <= 65);
}

TEST_CASE("after at most 64 items a loop looks at its timers, wherever the items come from", "[run_loop]") {
  for (const bool from_elsewhere : {false, true}) {  // if so, something has come from there whenever it looks
    run_loop loop;
    bool fired = false;
    int rounds = 0;
    egg_timer rings([&] { fired = true; });
    tandem::run_item* self = nullptr;
    calls again([&] {
      if (rounds == 0) rings.starts(loop);
      if (fired || ++rounds == too_many) return loop.stop();
      if (from_elsewhere) {
        std::thread([&] { loop.post(*self); }).join();
      } else {
        loop.post(*self);
      }
    });
    self = &again;
    loop.post(again);
    loop.run();
    loop.call_off(rings);
    CHECK(rounds <= 64);
  }
}

TEST_CASE("a loop looks at what came from elsewhere, though a timer is due whenever it looks", "[run_loop]") {
  run_loop loop;
  bool came = false;
  int rounds = 0;
  calls other([&] { came = true; });
  tandem::run_item* self = nullptr;
  egg_timer rings([&] { loop.post(*self); });
  calls again([&] {
    if (rounds == 0) std::thread([&] { loop.post(other); }).join();
    if (came || ++rounds == too_many) return loop.stop();
    rings.starts(loop);
  });
  self = &again;
  loop.post(again);
  loop.run();
  CHECK(rounds <= 64);
}

TEST_CASE("an item that posts itself again and again keeps no other of its loop waiting", "[run_loop]") {
  run_loop loop;
  bool came = false;
  int rounds = 0;
  calls other([&] { came = true; });
  tandem::run_item* self = nullptr;
  calls again([&] {
    if (came || rounds == too_many) return loop.stop();
    loop.post(*self);
    if (rounds++ == 0) loop.post(other);
  });
  self = &again;
  loop.post(again);
  loop.run();
  CHECK(rounds <= 2);
}

TEST_CASE("a stop ends run, and the end of its task block_on, though there is always something to run", "[run_loop]") {
  run_loop loop;
  bool over = false;
  int rounds = 0;
  tandem::run_item* self = nullptr;
  calls again([&] {
    if (!over && ++rounds != too_many) loop.post(*self);
  });
  self = &again;
  SECTION("a stop, by an item") {
    calls begin([&] {
      loop.post(again);
      loop.stop();
    });
    loop.post(begin);
    loop.run();
    CHECK(rounds <= 64);
  }
  SECTION("a stop, from elsewhere") {
    calls begin([&] {
      loop.post(again);
      std::thread([&] { loop.stop(); }).join();
    });
    loop.post(begin);
    loop.run();
    CHECK(rounds <= 64);
  }
  SECTION("the end of a task") {
    loop.block_on([](run_loop& on, tandem::run_item& item) -> task<> {
      on.post(item);
      co_await next_turn();
    }(loop, again));
    CHECK(rounds <= 2);  // that a task is done is an item too
  }
  over = true;
  loop.block_on(turns(1));  // it does not post itself any more
}

// --- lifetime --------------------------------------------------------------------------------------------------------

TEST_CASE("a loop can be destroyed as soon as block_on has returned, though a post has not", "[run_loop]") {
  const watchdog guard("loops that end while somebody posts");
  const int rounds = effort(20'000);
  tandem::rendezvous<int> desk;
  int sent = 0;
  const std::jthread poster([&] {
    while (desk.send(1) == status::ok) ++sent;
  });
  int received = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto loop = std::make_unique<run_loop>();
    received += loop->block_on(receives(desk));
  }
  desk.close();
  CHECK(received == rounds);
}

TEST_CASE("a coroutine that waits is destroyed in every state, and its loop has nothing left", "[run_loop]") {
  run_loop loop;
  tandem::rendezvous<int> desk;
  tandem::stop_source stop;
  int resumed = 0;
  loop.block_on([](run_loop& on, tandem::rendezvous<int>& at, tandem::stop_source& source, int& count) -> task<> {
    const auto wait = [](tandem::scheduler&, tandem::rendezvous<int>& from, tandem::stop_token token,
                         int& seen) -> background {
      static_cast<void>(co_await from.co_try_receive_for(1h, token));
      ++seen;
    };
    // in line
    wait(on, at, source.get_token(), count).coroutine.destroy();
    // posted, by its own thread
    const background served = wait(on, at, source.get_token(), count);
    if (at.try_send(7) != status::ok) std::terminate();
    served.coroutine.destroy();
    // posted, by another thread
    const background stopped = wait(on, at, source.get_token(), count);
    std::thread([&] { source.request_stop(); }).join();
    stopped.coroutine.destroy();
    co_await turns(3);
  }(loop, desk, stop, resumed));
  CHECK(resumed == 0);
  CHECK(desk.try_send(1) == status::full);
}

TEST_CASE("a coroutine is destroyed while somebody is about to post it", "[run_loop]") {
  const watchdog guard("coroutines destroyed while they are served");
  run_loop loop;
  const int rounds = effort(5'000);
  tandem::rendezvous<int> desk;
  std::atomic<int> given{0};
  int taken = 0;
  int destroyed = 0;
  const std::jthread giver([&] {
    while (desk.send(1) == status::ok) ++given;
  });
  loop.block_on([](run_loop& on, tandem::rendezvous<int>& at, int times, int& got, int& ended) -> task<> {
    bool done = false;
    const auto wait = [](tandem::scheduler&, tandem::rendezvous<int>& from, int& to, bool& over) -> background {
      to += (co_await from.co_receive()).value_or(0);
      over = true;
    };
    for (int i = 0; i < times; ++i) {
      done = false;
      const background waiting = wait(on, at, got, done);
      if (!done && i % 3 == 0) co_await next_turn();
      if (!done) {
        waiting.coroutine.destroy();
        ++ended;
      }
    }
  }(loop, desk, rounds, taken, destroyed));
  desk.close();
  CHECK(taken + destroyed == rounds);
}

// --- misuse ----------------------------------------------------------------------------------------------------------

TEST_CASE("a loop that is destroyed with something left to run says so", "[run_loop][death]") {
  const auto own = support::death_of([] {
    calls item([] {});
    run_loop loop;
    loop.block_on([](run_loop& on, tandem::run_item& left) -> task<> {
      on.post(left);
      co_return;
    }(loop, item));
  });
  CHECK(own.saying("tandem: a run_loop destroyed with something left to run"));
  CHECK(own.in_one_sentence());
  CHECK(support::death_of([] {
          calls item([] {});
          run_loop loop;
          loop.post(item);
        }).saying("tandem: a run_loop destroyed with something left to run"));
  CHECK(support::death_of([] {
          calls item([] {});
          run_loop loop;
          loop.post(item);
          loop.stop();
        }).saying("tandem: a run_loop destroyed with something left to run"));
  CHECK(support::death_of([] {
          tandem::rendezvous<int> desk;
          run_loop loop;
          calls begin([&] {
            [](tandem::scheduler&, tandem::rendezvous<int>& from) -> background {
              static_cast<void>(co_await from.co_try_receive_for(1h));
            }(loop, desk);
            loop.stop();
          });
          loop.post(begin);
          loop.run();
        }).saying("tandem: a run_loop destroyed with something left to run"));
}

TEST_CASE("a timer that another thread starts is refused", "[run_loop][death]") {
  const auto end = support::death_of([] {
    tandem::rendezvous<int> desk;
    run_loop loop;
    [](tandem::scheduler&, tandem::rendezvous<int>& from) -> background {
      static_cast<void>(co_await from.co_try_receive_for(1h));
    }(loop, desk);  // nobody runs the loop
  });
  CHECK(end.saying("tandem: a timer of a run_loop was started by a thread that does not run the loop"));
  CHECK(end.in_one_sentence());
}

TEST_CASE("to destroy a coroutine that is about to go on, elsewhere than where its loop runs, is refused",
          "[run_loop][death]") {
  const auto end = support::death_of([] {
    tandem::rendezvous<int> desk;
    run_loop loop;
    const background waiting = [](tandem::scheduler&, tandem::rendezvous<int>& from) -> background {
      static_cast<void>(co_await from.co_receive());
    }(loop, desk);
    static_cast<void>(desk.try_send(7));
    waiting.coroutine.destroy();
  });
  CHECK(end.saying("tandem: a coroutine that waits was destroyed by a thread that does not run its loop"));
  CHECK(end.in_one_sentence());
}

// --- cost ------------------------------------------------------------------------------------------------------------

TEST_CASE("a loop allocates nothing", "[run_loop]") {
  if (!support::allocations_are_counted) return;
  static_assert(!std::is_copy_constructible_v<run_loop> && !std::is_move_constructible_v<run_loop>);
  calls item([] {});
  task<> work = turns(1000);
  const std::size_t before = support::allocations_of_this_thread;
  {
    run_loop loop;
    loop.post(item);
    loop.block_on(std::move(work));
    loop.stop();
    loop.run();
  }
  CHECK(support::allocations_of_this_thread == before);
}
