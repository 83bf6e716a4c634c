// Every interleaving of a thread_pool: who runs an item, who is woken, who keeps the time, who is the last.
#include <tandem/coro/thread_pool.hpp>

#include <tandem/async/mailbox.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "model/support/model.hpp"

using namespace model;
using namespace std::chrono_literals;
using tandem::task;
using tandem::thread_pool;
using tandem::detail::deadline;
using tandem::detail::outcome;

namespace {

const reach far{.preemptions = 2, .spurious = 1};
/// For two workers. Time passes only when nobody can do anything else: a timer that is late was forgotten.
const reach near{.preemptions = 1, .rereads = 0};
const reach nearest{.preemptions = 0, .rereads = 0};
/// For what has more steps than that allows: every load reads the newest store.
const reach strong{.preemptions = 1, .rereads = 0, .weak_memory = false};

template <class Body>
void holds_and_survives(std::string_view name, std::uint64_t floor, const reach& close, Body body) {
  holds(name, floor, close, body);
  survives(name, body);
}

/// What somebody waits for.
class event {
 public:
  event() { waiter_.waits(tandem::detail::firmness::steadfast); }
  void say() { waiter_.complete(outcome::ok); }
  void await() { static_cast<void>(waiter_.wait(deadline::unlimited())); }

 private:
  tandem::detail::waiter waiter_;
};

template <class Function>
struct job final : tandem::run_item {
  explicit job(Function f)
      : run_item([](run_item& item) noexcept { static_cast<job&>(item).what(); }), what(std::move(f)) {}
  Function what;
};
template <class Function>
struct egg_timer final : tandem::timer {
  explicit egg_timer(Function f)
      : timer([](timer& t) noexcept { static_cast<egg_timer&>(t).what(); }), what(std::move(f)) {}
  void starts(tandem::scheduler& where, std::chrono::seconds after) {
    due = tandem::clock::now() + after;
    where.start(*this);
  }
  Function what;
};

/// A thread that finds the lock held may nap for a moment, which is no delay worth mentioning.
void check_that_it_is(std::chrono::seconds instant) {
  const auto late = tandem::clock::now().time_since_epoch() - instant;
  lab::check(late >= 0s && late < 1s, "a timer fires when it is due, and not when something else happens later");
}

}  // namespace

TEST_CASE("a pool that nobody uses goes", "[model][thread_pool]") {
  holds("one thread", 1458, {.preemptions = 3, .spurious = 1}, [] { const thread_pool pool(1); });
  holds_and_survives("two threads", 5543, near, [] { const thread_pool pool(2); });
}

TEST_CASE("a thread that always has something to run looks at the timers", "[model][thread_pool]") {
  holds("a busy thread and a timer that is due", 94, near, [] {
    int rounds = 0;
    bool fired = false;
    event done;
    egg_timer due([&] { fired = true; });
    std::optional<thread_pool> pool;
    tandem::run_item* self = nullptr;
    job again([&] {
      if (rounds == 0) due.starts(*pool, 0s);
      if (fired) return done.say();
      lab::check(++rounds <= 64, "a timer is looked at after every 64 items");
      pool->post(*self);
    });
    self = &again;
    pool.emplace(1U);
    pool->post(again);
    done.await();
    pool->call_off(due);
    pool.reset();
  });
  survives("two busy threads, a timer that is due, and a post from elsewhere", [] {
    tandem::atomic<bool> fired{false};
    tandem::atomic<bool> came{false};
    event one_done, other_done;
    egg_timer due([&] { fired.store(true, tandem::memory_order::relaxed); });
    job posted([&] { came.store(true, tandem::memory_order::relaxed); });
    std::optional<thread_pool> pool;
    const auto goes_round = [&](tandem::run_item& self, event& done) {
      if (fired.load(tandem::memory_order::relaxed) && came.load(tandem::memory_order::relaxed)) return done.say();
      tandem::yield();  // else the lab may never let the others go on
      pool->post(self);
    };
    tandem::run_item* selves[2] = {};
    job one([&] { goes_round(*selves[0], one_done); });
    job other([&] { goes_round(*selves[1], other_done); });
    selves[0] = &one;
    selves[1] = &other;
    pool.emplace(2U);
    pool->post(one);
    pool->post(other);
    due.starts(*pool, 0s);
    pool->post(posted);
    one_done.await();
    other_done.await();
    pool->call_off(due);
    pool.reset();
  });
}

TEST_CASE("one of two keeps the time, and the other does when that one is busy", "[model][thread_pool]") {
  holds_and_survives("one of two keeps the time, and both are sent home", 1728, nearest, [] {
    egg_timer late([] {});
    {
      thread_pool pool(2);
      late.starts(pool, 9s);
      tandem::sleep_for(1s);  // both have nothing to do
      pool.call_off(late);
    }
    lab::check(tandem::clock::now().time_since_epoch() < 2s, "nobody has slept until the timer was due");
  });
  holds_and_survives("the keeper comes for an earlier timer, and is given an item that waits for it", 282, strong, [] {
    event fired, done;
    egg_timer late([] {});
    egg_timer soon([&] {
      check_that_it_is(3s);
      fired.say();
    });
    job waits([&] {
      fired.await();
      done.say();
    });
    thread_pool pool(2);
    late.starts(pool, 9s);
    tandem::sleep_for(1s);  // one of the two keeps the time, the other has nothing to do
    soon.starts(pool, 2s);
    pool.post(waits);
    done.await();
    pool.call_off(soon);
    pool.call_off(late);
  });
}

TEST_CASE("each item is run, once, with all that its poster did before", "[model][thread_pool]") {
  const auto two_items = [](unsigned threads) {
    return [threads] {
      tandem::cell<int> first(0);
      tandem::cell<int> second(0);
      event first_done, second_done;
      job one([&] {
        first = first + 1;
        first_done.say();
      });
      job other([&] {
        second = second + 1;
        second_done.say();
      });
      thread_pool pool(threads);
      first = 1;
      pool.post(one);
      second = 2;
      pool.post(other);
      first_done.await();
      second_done.await();
      lab::check(first == 2 && second == 3, "once");
    };
  };
  holds("two items, one thread", 148919, far, two_items(1));
  survives("two items, two threads", two_items(2));
}

TEST_CASE("an item that waits for another is no obstacle while a thread is idle", "[model][thread_pool]") {
  holds_and_survives("an item posts what it waits for", 243032, near, [] {
    event inner_done, done;
    job inner([&] { inner_done.say(); });
    std::optional<thread_pool> pool;
    job outer([&] {
      pool->post(inner);
      inner_done.await();
      done.say();
    });
    pool.emplace(2U);
    pool->post(outer);
    done.await();
    pool.reset();
  });
}

TEST_CASE("two post at the same time", "[model][thread_pool]") {
  holds_and_survives("two posters, one thread", 3172, near, [] {
    event one_done, other_done;
    job one([&] { one_done.say(); });
    job other([&] { other_done.say(); });
    thread_pool pool(1);
    const auto poster = lab::spawn("poster", [&] { pool.post(one); });
    pool.post(other);
    one_done.await();
    other_done.await();
  });
}

TEST_CASE("block_on returns, and the pool goes at once", "[model][thread_pool]") {
  const auto block = [](unsigned threads) {
    return [threads] {
      thread_pool pool(threads);
      lab::check(pool.block_on([]() -> task<int> { co_return 7; }()) == 7, "what the task returned");
    };
  };
  holds("block_on, one thread", 9150, far, block(1));
  holds_and_survives("block_on, two threads", 459018, near, block(2));
}

TEST_CASE("a timer fires or is called off, not both", "[model][thread_pool]") {
  const auto timer_or_not = [](unsigned threads) {
    return [threads] {
      tandem::cell<int> fired(0);
      egg_timer soon([&] { fired = fired + 1; });
      thread_pool pool(threads);
      soon.starts(pool, 1s);
      pool.call_off(soon);
      const int times = fired;  // a race, if fire() could still be running
      lab::check(times <= 1, "at most once");
    };
  };
  holds("start, call_off; one thread", 119669, {.preemptions = 2, .early_timeouts = 1}, timer_or_not(1));
  holds("start, call_off; two threads", 45782, {.preemptions = 0, .early_timeouts = 1, .rereads = 0}, timer_or_not(2));
}

TEST_CASE("the earliest timer is kept, whoever kept another", "[model][thread_pool]") {
  holds_and_survives("late, then soon", 2592, near, [] {
    event done;
    egg_timer late([] { check_that_it_is(9s); });
    egg_timer soon([&] {
      check_that_it_is(1s);
      done.say();
    });
    thread_pool pool(1);
    late.starts(pool, 9s);
    soon.starts(pool, 1s);
    done.await();
    pool.call_off(soon);
    pool.call_off(late);
  });
  holds_and_survives("late, then soon; two threads", 36864, nearest, [] {
    event done;
    egg_timer late([] { check_that_it_is(9s); });
    egg_timer soon([&] {
      check_that_it_is(1s);
      done.say();
    });
    thread_pool pool(2);
    late.starts(pool, 9s);
    soon.starts(pool, 1s);
    done.await();
    pool.call_off(soon);
    pool.call_off(late);
  });
  holds_and_survives("the keeper is needed, and is sent home", 468, near, [] {
    event done;
    egg_timer late([] {});
    job item([&] { done.say(); });
    {
      thread_pool pool(1);
      late.starts(pool, 9s);
      pool.post(item);
      done.await();
      pool.call_off(late);
    }
    lab::check(tandem::clock::now().time_since_epoch() < 1s, "nobody has slept until the timer was due");
  });
  holds_and_survives("the keeper is given an item that waits for the timer", 1000448, nearest, [] {
    event fired, done;
    egg_timer soon([&] {
      check_that_it_is(1s);
      fired.say();
    });
    job waits([&] {
      fired.await();
      done.say();
    });
    thread_pool pool(2);
    soon.starts(pool, 1s);
    pool.post(waits);
    done.await();
    pool.call_off(soon);
  });
  holds_and_survives("an item starts the timer that it waits for", 312640, nearest, [] {
    event fired, done;
    egg_timer soon([&] {
      check_that_it_is(1s);
      fired.say();
    });
    std::optional<thread_pool> pool;
    job waits([&] {
      soon.starts(*pool, 1s);
      fired.await();
      done.say();
    });
    pool.emplace(2U);
    pool->post(waits);
    done.await();
    pool->call_off(soon);
    pool.reset();
  });
}

TEST_CASE("a coroutine of a pool: partner against deadline", "[model][thread_pool]") {
  holds("co_try_receive_for, one thread", 11353, {.preemptions = 1, .early_timeouts = 1, .rereads = 0}, [] {
    const no_letter_left at_the_end;
    tandem::mailbox<letter> inbox(1);
    const auto receive = [](tandem::mailbox<letter>& from) -> task<status> {
      co_return (co_await from.co_try_receive_for(1s)).error();
    };
    thread_pool pool(1);
    const auto sender = lab::spawn("sender", [&] { lab::check(inbox.send(letter(1)) == status::ok, "there is room"); });
    const status how = pool.block_on(receive(inbox));
    lab::check(how == status::ok || how == status::timeout, "one of the two");
  });
}
