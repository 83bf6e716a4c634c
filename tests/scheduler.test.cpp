// The contract of coro/scheduler.hpp: what an executor of one's own has to do, and the parts that there are for it.
#include <tandem/coro/scheduler.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/detail/timer_queue.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

#include "support/background.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/dice.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::background;
using support::dice;
using support::watchdog;

namespace {

struct numbered final : tandem::run_item {
  explicit numbered(int n) noexcept
      : run_item([](run_item& me) noexcept { ++static_cast<numbered&>(me).times; }), number(n) {}
  int number;
  int times = 0;
};

/// Keeps what is posted until it is told to run it: no threads, no time.
class by_hand : public tandem::scheduler {
 public:
  void post(tandem::run_item& item) noexcept override {
    items.push(item);
    ++posts;
  }
  bool run_one() {
    tandem::run_item* const item = items.pop();
    if (item != nullptr) item->run();
    return item != nullptr;
  }
  tandem::run_queue items;
  int posts = 0;
};

/// One of its own thread, with a queue of the standard's.
class own_thread final : public tandem::scheduler {
 public:
  void post(tandem::run_item& item) noexcept override {
    const std::lock_guard hold(mutex_);
    items_.push_back(&item);
    posted_.notify_one();
  }
  std::thread::id id() const { return thread_.get_id(); }
  ~own_thread() {
    {
      const std::lock_guard hold(mutex_);
      over_ = true;
      posted_.notify_one();
    }
    thread_.join();
  }

 private:
  void run() {
    std::unique_lock hold(mutex_);
    for (;;) {
      posted_.wait(hold, [this] { return over_ || !items_.empty(); });
      if (items_.empty()) return;
      tandem::run_item* const item = items_.front();
      items_.pop_front();
      hold.unlock();
      item->run();
      hold.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<tandem::run_item*> items_;
  bool over_ = false;
  std::thread thread_{[this] { run(); }};
};

struct egg_timer final : tandem::timer {
  explicit egg_timer(int n = 0) noexcept
      : timer([](timer& me) noexcept { ++static_cast<egg_timer&>(me).times; }), number(n) {}
  int number;
  int times = 0;
};

tandem::clock::time_point at(std::int64_t tick) { return tandem::clock::time_point(tandem::clock::duration(tick)); }

}  // namespace

// --- run_queue -------------------------------------------------------------------------------------------------------

TEST_CASE("a run_queue gives items back in the order in which they came", "[scheduler]") {
  tandem::run_queue queue;
  CHECK(queue.empty());
  CHECK(queue.pop() == nullptr);
  numbered a(1);
  numbered b(2);
  queue.push(a);
  queue.push(b);
  CHECK_FALSE(queue.empty());
  CHECK(queue.pop() == &a);
  queue.push(a);
  CHECK(queue.pop() == &b);
  CHECK(queue.pop() == &a);
  CHECK(queue.empty());
  CHECK_FALSE(queue.remove(a));
}

TEST_CASE("a run_queue is a queue, whatever is taken out of it", "[scheduler]") {
  dice chance(support::seed_of_this_run());
  CAPTURE(support::seed_of_this_run());
  tandem::run_queue queue;
  std::deque<numbered*> model;
  std::vector<std::unique_ptr<numbered>> items;
  for (int i = 0; i < 12; ++i) items.push_back(std::make_unique<numbered>(i));
  for (int step = 0; step < 50'000; ++step) {
    numbered& item = *items[chance.roll(12)];
    const auto where = std::find(model.begin(), model.end(), &item);
    switch (chance.roll(3)) {
      case 0:
        if (where != model.end()) break;
        queue.push(item);
        model.push_back(&item);
        break;
      case 1: {
        REQUIRE(queue.pop() == (model.empty() ? nullptr : model.front()));
        if (!model.empty()) model.pop_front();
        break;
      }
      default:
        REQUIRE(queue.remove(item) == (where != model.end()));
        if (where != model.end()) model.erase(where);
    }
    REQUIRE(queue.empty() == model.empty());
  }
  for (numbered* const left : model) REQUIRE(queue.pop() == left);
  CHECK(queue.empty());
}

// --- timer_queue -----------------------------------------------------------------------------------------------------

TEST_CASE("a timer_queue gives a timer when it is due, and not before", "[scheduler]") {
  tandem::detail::timer_queue queue;
  CHECK(queue.empty());
  CHECK(queue.pop(tandem::clock::time_point::max()) == nullptr);
  egg_timer late;
  egg_timer early;
  late.due = at(20);
  early.due = at(10);
  queue.insert(late);
  queue.insert(early);
  CHECK(queue.next_due() == at(10));
  CHECK(queue.pop(at(9)) == nullptr);
  CHECK(queue.pop(at(10)) == &early);
  CHECK(queue.next_due() == at(20));
  CHECK(queue.pop(at(10)) == nullptr);
  CHECK_FALSE(queue.remove(early));
  CHECK(queue.remove(late));
  CHECK_FALSE(queue.remove(late));
  CHECK(queue.empty());
}

TEST_CASE("a timer_queue can be left from the root, the middle and the end, and entered again", "[scheduler]") {
  for (int leaving = 0; leaving < 7; ++leaving) {
    tandem::detail::timer_queue queue;
    std::vector<std::unique_ptr<egg_timer>> timers;
    for (int i = 0; i < 7; ++i) {
      timers.push_back(std::make_unique<egg_timer>(i));
      timers.back()->due = at(i);
      queue.insert(*timers.back());
    }
    egg_timer first(-1);  // taken out again, so that those after it stand below one another
    first.due = at(-1);
    queue.insert(first);
    REQUIRE(queue.pop(at(0)) == &first);
    egg_timer& gone = *timers[static_cast<std::size_t>(leaving)];
    REQUIRE(queue.remove(gone));
    gone.due = at(100);
    queue.insert(gone);
    for (int i = 0; i < 7; ++i) {
      if (i != leaving) REQUIRE(queue.pop(at(50)) == timers[static_cast<std::size_t>(i)].get());
    }
    REQUIRE(queue.pop(at(50)) == nullptr);
    REQUIRE(queue.pop(at(100)) == &gone);
    REQUIRE(queue.empty());
  }
}

TEST_CASE("a timer_queue agrees with a sorted map, whatever is done to it", "[scheduler]") {
  dice chance(support::seed_of_this_run());
  CAPTURE(support::seed_of_this_run());
  for (const std::uint32_t instants : {3U, 40U, 100'000U}) {  // of these few, many are the same
    tandem::detail::timer_queue queue;
    std::multimap<tandem::clock::time_point, egg_timer*> model;
    std::vector<std::unique_ptr<egg_timer>> timers;
    for (int i = 0; i < 300; ++i) timers.push_back(std::make_unique<egg_timer>(i));
    const auto found = [&model](const egg_timer& t) {
      return std::find_if(model.begin(), model.end(), [&t](const auto& entry) { return entry.second == &t; });
    };
    for (int step = 0; step < 20'000; ++step) {
      egg_timer& t = *timers[chance.roll(300)];
      const auto where = found(t);
      const std::uint32_t what = chance.roll(8);
      if (what < 4) {
        if (where != model.end()) continue;
        t.due = at(chance.roll(instants));
        queue.insert(t);
        model.emplace(t.due, &t);
      } else if (what < 6) {
        REQUIRE(queue.remove(t) == (where != model.end()));
        if (where != model.end()) model.erase(where);
      } else {
        const auto now = at(chance.roll(instants));
        tandem::timer* const due = queue.pop(now);
        if (model.empty() || model.begin()->first > now) {
          REQUIRE(due == nullptr);
        } else {
          REQUIRE(due != nullptr);
          REQUIRE(due->due == model.begin()->first);
          const auto entry = found(static_cast<egg_timer&>(*due));
          REQUIRE(entry != model.end());  // of those that are due at the same instant, it is one
          model.erase(entry);
        }
      }
      REQUIRE(queue.empty() == model.empty());
      if (!model.empty()) REQUIRE(queue.next_due() == model.begin()->first);
    }
    while (!model.empty()) {
      tandem::timer* const due = queue.pop(tandem::clock::time_point::max());
      REQUIRE(due != nullptr);
      REQUIRE(due->due == model.begin()->first);
      model.erase(found(static_cast<egg_timer&>(*due)));
    }
    CHECK(queue.empty());
  }
}

TEST_CASE("a timer_queue of very many timers uses no more stack than one of few", "[scheduler]") {
  tandem::detail::timer_queue queue;
  std::vector<egg_timer> timers(200'000);
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].due = at(static_cast<std::int64_t>(timers.size() - i));
    queue.insert(timers[i]);
  }
  for (std::size_t i = 0; i < timers.size(); i += 2) REQUIRE(queue.remove(timers[i]));
  std::size_t left = 0;
  while (queue.pop(tandem::clock::time_point::max()) != nullptr) ++left;
  CHECK(left == timers.size() / 2);
}

// --- on the spot -----------------------------------------------------------------------------------------------------

TEST_CASE("on the spot, an item is run before post returns, and what it posts after it", "[scheduler]") {
  tandem::scheduler& spot = tandem::detail::on_the_spot();
  std::vector<int> order;
  std::optional<support::calls<std::function<void()>>> inner;
  inner.emplace([&] { order.push_back(3); });
  support::calls outer([&] {
    order.push_back(1);
    spot.post(*inner);
    order.push_back(2);
  });
  spot.post(outer);
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("on the spot, items that post one another do not grow the stack", "[scheduler]") {
  struct chained final : tandem::run_item {
    explicit chained(int n) noexcept
        : run_item([](run_item& posted) noexcept {
            auto& me = static_cast<chained&>(posted);
            me.stack.mark();
            if (--me.left > 0) tandem::detail::on_the_spot().post(me);
          }),
          left(n) {}
    int left;
    support::stack_range stack;
  } item(1'000'000);
  tandem::detail::on_the_spot().post(item);
  CHECK(item.left == 0);
  CHECK(item.stack.bytes() == 0);
}

TEST_CASE("on the spot, each thread runs its own items", "[scheduler]") {
  const watchdog guard("items on the spot of two threads");
  tandem::scheduler& spot = tandem::detail::on_the_spot();
  std::thread::id ran_there;
  bool before_the_other_ended = false;
  support::calls theirs([&] { ran_there = std::this_thread::get_id(); });
  std::thread::id there;
  support::calls mine([&] {
    std::thread other([&] { spot.post(theirs); });  // this thread is in the middle of an item, that one is not
    there = other.get_id();
    other.join();
    before_the_other_ended = ran_there == there;
  });
  spot.post(mine);
  CHECK(before_the_other_ended);
}

// --- a scheduler of one's own ----------------------------------------------------------------------------------------

TEST_CASE("a coroutine that has waited is posted once to the scheduler that its promise names", "[scheduler]") {
  tandem::rendezvous<int> desk;
  by_hand hand;
  int got = 0;
  [](tandem::scheduler&, tandem::rendezvous<int>& from, int& to) -> background {
    to = (co_await from.co_receive()).value_or(-1);
  }(hand, desk, got);
  CHECK(hand.posts == 0);
  CHECK(desk.try_send(7) == tandem::status::ok);
  CHECK(hand.posts == 1);
  CHECK(got == 0);  // not before it is run
  CHECK(hand.run_one());
  CHECK(got == 7);
  CHECK_FALSE(hand.run_one());
}

TEST_CASE("a coroutine that need not wait is not posted at all", "[scheduler]") {
  tandem::mailbox<int> box(1);
  REQUIRE(box.try_send(7) == tandem::status::ok);
  by_hand hand;
  int got = 0;
  [](tandem::scheduler&, tandem::mailbox<int>& from, int& to) -> background {
    to = (co_await from.co_receive()).value_or(-1);
  }(hand, box, got);
  CHECK(got == 7);
  CHECK(hand.posts == 0);
}

TEST_CASE("a coroutine goes on with the thread of its scheduler, and so do its tasks", "[scheduler]") {
  const watchdog guard("a coroutine on a thread of its own");
  tandem::mailbox<int> box(1);
  std::atomic<bool> done{false};
  std::vector<std::thread::id> where;
  int sum = 0;
  {
    own_thread executor;
    const auto twice = [](tandem::scheduler&, tandem::mailbox<int>& from, std::vector<std::thread::id>& seen,
                          int& total, std::atomic<bool>& over) -> background {
      const auto receive = [](tandem::mailbox<int>& in) -> tandem::task<int> {
        co_await support::next_turn();
        co_return (co_await in.co_receive()).value_or(-1);
      };
      for (int i = 0; i < 100; ++i) {
        total += co_await receive(from);
        seen.push_back(std::this_thread::get_id());
      }
      over = true;
    };
    twice(executor, box, where, sum, done);
    for (int i = 0; i < 100; ++i) REQUIRE(box.send(i) == tandem::status::ok);
    while (!done) std::this_thread::sleep_for(1ms);
    CHECK(std::count(where.begin(), where.end(), executor.id()) == 100);
  }
  CHECK(sum == 4950);
}

TEST_CASE("a scheduler that keeps no time says so when it is asked to", "[scheduler][death]") {
  const auto end = support::death_of([] {
    tandem::mailbox<int> box(1);
    by_hand hand;
    [](tandem::scheduler&, tandem::mailbox<int>& from) -> background {
      static_cast<void>(co_await from.co_try_receive_for(1s));
    }(hand, box);
  });
  CHECK(end.saying("tandem: this scheduler keeps no time"));
  CHECK(end.in_one_sentence());
}

TEST_CASE("a scheduler that keeps no time serves those who need not wait for a deadline", "[scheduler]") {
  tandem::mailbox<int> box(1);
  REQUIRE(box.try_send(7) == tandem::status::ok);
  by_hand hand;
  int got = 0;
  [](tandem::scheduler&, tandem::mailbox<int>& from, int& to) -> background {
    to = (co_await from.co_try_receive_for(1s)).value_or(-1);
  }(hand, box, got);
  CHECK(got == 7);
}

TEST_CASE("a scheduler that cannot take an item back says so", "[scheduler][death]") {
  const auto end = support::death_of([] {
    tandem::rendezvous<int> desk;
    by_hand hand;
    const background waiting = [](tandem::scheduler&, tandem::rendezvous<int>& from) -> background {
      static_cast<void>(co_await from.co_receive());
    }(hand, desk);
    static_cast<void>(desk.try_send(7));  // posts it
    waiting.coroutine.destroy();
  });
  CHECK(end.saying("its scheduler cannot take it back"));
  CHECK(end.in_one_sentence());
}

TEST_CASE("a coroutine that waits, and has not been posted, can be destroyed without that", "[scheduler]") {
  tandem::rendezvous<int> desk;
  by_hand hand;
  const background waiting = [](tandem::scheduler&, tandem::rendezvous<int>& from) -> background {
    static_cast<void>(co_await from.co_receive());
  }(hand, desk);
  waiting.coroutine.destroy();
  CHECK(hand.posts == 0);
  CHECK(desk.try_send(7) == tandem::status::full);
}
