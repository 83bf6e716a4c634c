// The contract of thread_pool, clause by clause.
#include <tandem/coro/thread_pool.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/egg_timer.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::egg_timer;
using support::letter;
using support::meanwhile;
using support::watchdog;
using tandem::status;
using tandem::task;
using tandem::thread_pool;

namespace {

/// An item, or a timer, that calls a function.
struct job final : tandem::run_item {
  explicit job(std::function<void()> f)
      : run_item([](run_item& item) noexcept { static_cast<job&>(item).what(); }), what(std::move(f)) {}
  std::function<void()> what;
};
/// After so many rounds whoever goes round gives up: what it waits for would never have come.
constexpr int too_many = 1000;

/// Blocks until it has been said, as often as was announced.
class event {
 public:
  explicit event(std::ptrdiff_t times = 1) : latch_(times) {}
  void say() { latch_.count_down(); }
  void await(const char* what) {
    const watchdog guard(what);
    latch_.wait();
  }

 private:
  std::latch latch_;
};

task<int> seven() { co_return 7; }
task<> nothing() { co_return; }
task<> breaks() {
  throw std::runtime_error("broken");
  co_return;
}
task<std::unique_ptr<int>> owned() { co_return std::make_unique<int>(8); }

}  // namespace

TEST_CASE("a pool is a scheduler, and stays where it is", "[thread_pool]") {
  static_assert(std::is_base_of_v<tandem::scheduler, thread_pool>);
  static_assert(!std::is_copy_constructible_v<thread_pool> && !std::is_move_constructible_v<thread_pool>);
  static_assert(!std::is_convertible_v<unsigned, thread_pool>);
  const thread_pool by_default;
  const thread_pool one(1);
  const thread_pool many(16);
  SUCCEED("made, and gone");
}

TEST_CASE("block_on returns what the task returns", "[thread_pool]") {
  const watchdog guard("block_on");
  thread_pool pool(2);
  CHECK(pool.block_on(seven()) == 7);
  pool.block_on(nothing());
  CHECK(*pool.block_on(owned()) == 8);
  CHECK_THROWS_AS(pool.block_on(breaks()), std::runtime_error);
  CHECK(pool.block_on([]() -> task<int> { co_return co_await seven() + 1; }()) == 8);
}

TEST_CASE("a task runs on the pool, from its beginning", "[thread_pool]") {
  const watchdog guard("a task");
  thread_pool pool(1);
  const auto where = [&pool] {
    return pool.block_on([]() -> task<std::thread::id> { co_return std::this_thread::get_id(); }());
  };
  const auto id = where();
  CHECK(id != std::this_thread::get_id());
  CHECK(where() == id);

  const auto after = pool.block_on([](std::thread::id begun) -> task<bool> {
    tandem::promise<int> promise;
    auto answer = promise.get_future();
    const std::jthread other([mine = std::move(promise)]() mutable {
      std::this_thread::sleep_for(1ms);
      static_cast<void>(mine.set_value(1));
    });
    const auto got = co_await answer.co_get();
    co_return got.has_value() && std::this_thread::get_id() == begun;
  }(id));
  CHECK(after);
}

TEST_CASE("several threads block on one pool", "[thread_pool]") {
  const watchdog guard("block_on from several threads");
  thread_pool pool(2);
  std::atomic<int> sum{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] {
        for (int round = 0; round < 100; ++round) sum += pool.block_on(seven());
      });
    }
  }
  CHECK(sum == 8 * 100 * 7);
}

TEST_CASE("each item runs once, in the order in which they were posted, and not within post()", "[thread_pool]") {
  constexpr int count = 1000;
  std::vector<int> seen;
  std::set<std::thread::id> where;
  event done;
  std::deque<job> jobs;
  thread_pool pool(1);
  for (int i = 0; i < count; ++i) {
    jobs.emplace_back([&, i] {
      seen.push_back(i);
      where.insert(std::this_thread::get_id());
      if (i + 1 == count) done.say();
    });
    pool.post(jobs.back());
  }
  done.await("the last item");
  std::vector<int> in_order(count);
  for (int i = 0; i < count; ++i) in_order[static_cast<std::size_t>(i)] = i;
  CHECK(seen == in_order);
  CHECK(where.size() == 1);
  CHECK(!where.contains(std::this_thread::get_id()));
}

TEST_CASE("as many items run at the same time as there are threads", "[thread_pool]") {
  constexpr int threads = 5;
  for (int round = 0; round < 20; ++round) {
    std::latch all_there(threads);
    event done(threads);
    std::deque<job> jobs;
    thread_pool pool(threads);
    for (int i = 0; i < threads; ++i) {
      jobs.emplace_back([&] {
        all_there.arrive_and_wait();  // none goes on before the last has come
        done.say();
      });
      pool.post(jobs.back());
    }
    done.await("items that wait for one another");
  }
}

TEST_CASE("items posted by an item that goes on are run by others meanwhile", "[thread_pool]") {
  constexpr int threads = 4;
  std::latch others(threads - 1);
  event done;
  std::deque<job> jobs;
  thread_pool pool(threads);
  for (int i = 1; i < threads; ++i) jobs.emplace_back([&] { others.arrive_and_wait(); });
  job first([&] {
    for (job& j : jobs) pool.post(j);
    others.wait();  // without going back to the pool
    done.say();
  });
  pool.post(first);
  done.await("an item that waits for those that it has posted");
}

TEST_CASE("an item may post itself again; the stack does not grow", "[thread_pool]") {
  int left = 100'000;
  std::set<const void*> frames;
  event done;
  std::optional<job> again;
  thread_pool pool(1);
  again.emplace([&] {
    if (frames.size() < 10) frames.insert(__builtin_frame_address(0));  // not of a local: a sanitizer may move those
    if (--left == 0) return done.say();
    pool.post(*again);
  });
  pool.post(*again);
  done.await("an item that posts itself");
  CHECK(frames.size() < 10);
}

TEST_CASE("post, start and call_off allocate nothing", "[thread_pool]") {
  event done;
  job item([&] { done.say(); });
  egg_timer late([] {});
  late.due = std::chrono::steady_clock::now() + 1h;
  thread_pool pool(2);
  const auto before = support::allocations_of_this_thread;
  pool.post(item);
  pool.start(late);
  pool.call_off(late);
  CHECK(support::allocations_of_this_thread == before);
  done.await("the item");
}

TEST_CASE("a timer fires once, not early, on a thread of the pool", "[thread_pool]") {
  for (const unsigned threads : {1U, 3U}) {
    std::atomic<int> fired{0};
    bool early = false;
    std::thread::id where;
    event done;
    thread_pool pool(threads);
    std::optional<egg_timer> egg;
    egg.emplace([&] {
      early = std::chrono::steady_clock::now() < egg->due;
      where = std::this_thread::get_id();
      ++fired;
      done.say();
    });
    egg->starts(pool, 3ms);
    done.await("a timer");
    pool.call_off(*egg);  // it has fired: nothing to do but to wait for its end
    CHECK(fired == 1);
    CHECK(!early);
    CHECK(where != std::this_thread::get_id());
  }
}

TEST_CASE("timers fire in the order in which they are due, whatever the order in which they were started",
          "[thread_pool]") {
  for (const unsigned threads : {1U, 2U}) {
    constexpr int count = 50;
    std::mutex guard;  // of what the timers write; they run one after the other
    std::vector<int> fired;
    event done(count);
    std::deque<egg_timer> eggs;
    thread_pool pool(threads);
    const auto begin = std::chrono::steady_clock::now() + 2ms;
    for (int i = 0; i < count; ++i) {
      const int rank = (i * 7) % count;
      eggs.emplace_back([&, rank] {
        const std::lock_guard lock(guard);
        fired.push_back(rank);
        done.say();
      });
      eggs.back().due = begin + rank * 1us;
    }
    job start_all([&] {
      for (egg_timer& a : eggs) pool.start(a);
    });
    pool.post(start_all);
    done.await("all the timers");
    for (egg_timer& a : eggs) pool.call_off(a);
    CHECK(std::ranges::is_sorted(fired));
  }
}

TEST_CASE("a timer that is due earlier than the one that is waited for is not late for that", "[thread_pool]") {
  for (const unsigned threads : {1U, 3U}) {
    event done;
    egg_timer late([] {});
    egg_timer soon([&] { done.say(); });
    thread_pool pool(threads);
    late.starts(pool, 1h);
    std::this_thread::sleep_for(2ms);  // somebody sleeps until then
    soon.starts(pool, 1ms);
    done.await("the earlier timer");
    pool.call_off(late);
    pool.call_off(soon);
  }
}

TEST_CASE("the time is kept while whoever kept it runs an item", "[thread_pool]") {
  for (const bool sleep_first : {false, true}) {
    std::latch fired(1);
    event done;
    egg_timer soon([&] { fired.count_down(); });
    job waits_for_it([&] {
      fired.wait();
      done.say();
    });
    job too([&] { done.say(); });
    thread_pool pool(2);
    soon.starts(pool, 5ms);
    if (sleep_first) std::this_thread::sleep_for(2ms);
    pool.post(waits_for_it);
    done.await("an item that waits for a timer");
    pool.call_off(soon);
  }
}

TEST_CASE("after at most 64 items a thread looks at the timers, though items keep coming", "[thread_pool]") {
  int rounds = 0;
  bool fired = false;
  event done;
  egg_timer due([&] { fired = true; });
  std::optional<job> again;
  thread_pool pool(1);
  again.emplace([&] {
    if (rounds == 0) due.starts(pool, 0ms);
    if (fired || rounds == too_many) return done.say();
    ++rounds;
    pool.post(*again);
  });
  pool.post(*again);
  done.await("a timer, with items that keep coming");
  pool.call_off(due);
  CHECK(rounds <= 64);
}

TEST_CASE("an item that posts itself again and again keeps nobody waiting", "[thread_pool]") {
  for (const bool from_elsewhere : {false, true}) {
    int rounds = 0;
    bool came = false;
    event done;
    job other([&] { came = true; });
    std::optional<job> again;
    thread_pool pool(1);
    again.emplace([&] {
      if (came || rounds == too_many) return done.say();
      pool.post(*again);
      if (rounds++ != 0) return;
      if (from_elsewhere) {
        std::thread([&] { pool.post(other); }).join();
      } else {
        pool.post(other);
      }
    });
    pool.post(*again);
    done.await("an item beside one that posts itself");
    CHECK(rounds <= 2);
  }
}

TEST_CASE("a timer that is called off does not fire", "[thread_pool]") {
  std::atomic<int> fired{0};
  std::deque<egg_timer> eggs;
  for (int i = 0; i < 200; ++i) eggs.emplace_back([&] { ++fired; });
  thread_pool pool(2);
  for (egg_timer& a : eggs) a.starts(pool, 1h);
  for (egg_timer& a : eggs) pool.call_off(a);
  for (egg_timer& a : eggs) pool.call_off(a);  // again: nothing
  CHECK(fired == 0);
}

TEST_CASE("call_off waits for a fire() that is running", "[thread_pool]") {
  std::atomic<bool> over{false};
  event begun;
  std::latch may_end(1);
  egg_timer slow([&] {
    begun.say();
    may_end.wait();
    over = true;
  });
  thread_pool pool(2);
  slow.starts(pool, 0ms);
  begun.await("the timer");
  meanwhile caller([&] {
    pool.call_off(slow);
    return over.load();
  });
  caller.until_it_waits();
  CHECK(!caller.over());
  may_end.count_down();
  CHECK(caller.outcome());
}

TEST_CASE("a timer may be started again when it has fired", "[thread_pool]") {
  int left = 20;
  event done;
  std::optional<egg_timer> ticks;
  std::optional<job> start_again;
  thread_pool pool(2);
  start_again.emplace([&] { ticks->starts(pool, 100us); });
  ticks.emplace([&] {
    if (--left == 0) return done.say();
    pool.post(*start_again);
  });
  pool.post(*start_again);
  done.await("a timer that is started again and again");
  pool.call_off(*ticks);
}

TEST_CASE("the destructor waits for what is running, and for what that posts", "[thread_pool]") {
  std::atomic<int> ran{0};
  event begun;
  std::latch may_go_on(1);
  job second([&] { ++ran; });
  std::optional<thread_pool> pool(2);
  job first([&] {
    begun.say();
    may_go_on.wait();
    pool->post(second);
    ++ran;
  });
  pool->post(first);
  begun.await("the first item");
  const std::jthread later([&] {
    std::this_thread::sleep_for(2ms);  // the destructor has begun, most likely
    may_go_on.count_down();
  });
  {
    const watchdog guard("the destructor");
    pool.reset();
  }
  CHECK(ran == 2);
}

TEST_CASE("a pool may be destroyed by whoever has learned that its last item has run", "[thread_pool]") {
  const watchdog guard("pools that go at once");
  for (int round = 0; round < 200; ++round) {
    thread_pool pool(2);
    CHECK(pool.block_on(seven()) == 7);
  }
}

TEST_CASE("coroutines on a pool wait as they do elsewhere", "[thread_pool]") {
  const watchdog guard("coroutines on a pool");
  thread_pool pool(2);
  tandem::mailbox<letter> inbox(1);

  const auto receive = [](tandem::mailbox<letter>& from, int& number) -> task<status> {
    auto got = co_await from.co_try_receive_for(1ms);
    if (got) number = got->number();
    co_return got.error();
  };
  int number = 0;
  CHECK(pool.block_on(receive(inbox, number)) == status::timeout);
  CHECK(inbox.send(letter(5)) == status::ok);
  CHECK(pool.block_on(receive(inbox, number)) == status::ok);
  CHECK(number == 5);

  tandem::stop_source stop;
  const auto waits = [](tandem::mailbox<letter>& from, tandem::stop_token token) -> task<status> {
    co_return (co_await from.co_try_receive_for(1h, token)).error();
  };
  meanwhile waiting([&] { return pool.block_on(waits(inbox, stop.get_token())); });
  waiting.until_it_waits();
  stop.request_stop();
  CHECK(waiting.outcome() == status::stopped);
  inbox.close();
  CHECK(pool.block_on(receive(inbox, number)) == status::closed);
}

TEST_CASE("threads and coroutines of a pool meet at one rendezvous", "[thread_pool]") {
  const watchdog guard("a conversation between a thread and a pool");
  thread_pool pool(2);
  tandem::rendezvous<int> ask;
  tandem::rendezvous<int> answer;
  const auto answers = [](tandem::rendezvous<int>& questions, tandem::rendezvous<int>& answers_to) -> task<int> {
    int count = 0;
    while (auto question = co_await questions.co_receive()) {
      ++count;
      if (co_await answers_to.co_send(*question + 1) != status::ok) break;
    }
    co_return count;
  };
  meanwhile server([&] { return pool.block_on(answers(ask, answer)); });
  int right = 0;
  for (int i = 0; i < 1000; ++i) {
    CHECK(ask.send(i) == status::ok);
    right += answer.receive().value_or(0) == i + 1 ? 1 : 0;
  }
  ask.close();
  CHECK(right == 1000);
  CHECK(server.outcome() == 1000);
}

TEST_CASE("misuse of a pool is said in a sentence", "[thread_pool][death]") {
  const auto without_threads = support::death_of([] { const thread_pool none(0); });
  CHECK(without_threads.saying("a thread_pool needs a thread: nothing would ever run"));
  CHECK(without_threads.in_one_sentence());

  const auto with_a_timer = support::death_of([] {
    egg_timer late([] {});
    thread_pool pool(1);
    late.starts(pool, 1h);
  });
  CHECK(with_a_timer.saying("a thread_pool destroyed with something left to run"));
  CHECK(with_a_timer.in_one_sentence());

  const auto with_an_item = support::death_of([] {
    std::latch begun(1);
    std::latch never(1);
    job blocks([&] {
      begun.count_down();
      never.wait();
    });
    job left([] {});
    thread_pool pool(1);
    pool.post(blocks);
    begun.wait();
    pool.post(left);
  });
  CHECK(with_an_item.saying("a thread_pool destroyed with something left to run"));

  const auto with_a_timer_of_what_still_ran = support::death_of([] {
    egg_timer late([] {});
    std::latch begun(1);
    std::latch go_on(1);
    std::optional<thread_pool> pool(1);
    job starts_it([&] {
      begun.count_down();
      go_on.wait();
      late.starts(*pool, 1h);
    });
    pool->post(starts_it);
    begun.wait();
    std::thread([&] {
      std::this_thread::sleep_for(2ms);
      go_on.count_down();
    }).detach();
    pool.reset();
  });
  CHECK(with_a_timer_of_what_still_ran.saying("a thread_pool destroyed with something left to run"));

  const auto by_itself = support::death_of([] {
    thread_pool pool(2);
    pool.block_on([](thread_pool& p) -> task<int> { co_return p.block_on(seven()); }(pool));
  });
  CHECK(by_itself.saying("block_on was called by a thread of that pool, which would wait for itself: await the task"));
  CHECK(by_itself.in_one_sentence());

  const auto empty = support::death_of([] {
    thread_pool pool(1);
    auto work = seven();
    const auto other = std::move(work);
    pool.block_on(std::move(work));  // NOLINT(bugprone-use-after-move): that is the point
  });
  CHECK(empty.saying("an empty task was run: it was moved from"));
}
