// Every interleaving of a loop with those who post to it, and of a task with whoever awaits it.
#include <tandem/coro/run_loop.hpp>

#include <tandem/coro/scheduler.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/platform/platform.hpp>
#include <tandem/sync/rendezvous.hpp>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

#include "model/support/model.hpp"
#include "support/background.hpp"

using namespace model;
using namespace std::chrono_literals;
using support::background;
using support::calls;
using tandem::memory_order;
using tandem::run_loop;
using tandem::task;

namespace {

const reach far{.preemptions = 4, .spurious = 1, .early_timeouts = 1, .rereads = 3};
const reach polling{.preemptions = 3, .early_timeouts = 1, .rereads = 3, .longest_spin = 1000, .longest_yield = 1000};
const reach less_far{.preemptions = 3, .spurious = 1, .early_timeouts = 1, .rereads = 2};

/// Something to be run, and what its poster did before.
template <class Function>
struct note final : tandem::run_item {
  explicit note(Function f)
      : run_item([](run_item& me) noexcept {
          auto& self = static_cast<note&>(me);
          lab::check(self.written == 1, "what the poster did before is there");
          lab::check(!std::exchange(self.ran, true), "an item is run once");
          self.function();
        }),
        function(std::move(f)) {}
  void post_to(tandem::scheduler& where) {
    written = 1;
    where.post(*this);
  }
  Function function;
  tandem::cell<int> written{0};
  bool ran = false;
};

task<status::code> receives(tandem::rendezvous<letter>& from, witness& me) {
  auto got = co_await from.co_receive();
  co_return me.receives([&] { return std::move(got); });
}
task<status::code> receives_for(tandem::rendezvous<letter>& from, witness& me, std::chrono::seconds patience) {
  auto got = co_await from.co_try_receive_for(patience);
  co_return me.receives([&] { return std::move(got); });
}

}  // namespace

// --- the loop --------------------------------------------------------------------------------------------------------

TEST_CASE("a loop that may be asleep runs what is posted, and may be gone afterwards", "[model][run_loop]") {
  const auto one_post = [] {
    std::optional<run_loop> loop(std::in_place);
    note item([&loop] { loop->stop(); });
    const auto poster = lab::spawn("poster", [&item, &loop = *loop] { item.post_to(loop); });
    loop->run();
    loop.reset();  // the poster may still be on its way out
    lab::check(item.ran, "it was run");
  };
  holds("a post", 602, far, one_post);
  holds("a post, after polling", 13, polling, one_post);
}

TEST_CASE("what two threads post is run, each once", "[model][run_loop]") {
  holds("two posts by two", 264449, less_far, [] {
    std::optional<run_loop> loop(std::in_place);
    int left = 2;
    const auto count = [&] {
      if (--left == 0) loop->stop();
    };
    note first(count);
    note second(count);
    const auto one = lab::spawn("one", [&, &on = *loop] { first.post_to(on); });
    const auto two = lab::spawn("two", [&, &on = *loop] { second.post_to(on); });
    loop->run();
    loop.reset();
    lab::check(left == 0, "both were run");
  });
}

TEST_CASE("what one thread posts is run in its order", "[model][run_loop]") {
  holds("two posts by one", 34663, far, [] {
    run_loop loop;
    int ran = 0;
    note first([&] { lab::check(ran++ == 0, "the first is the first"); });
    note second([&] {
      lab::check(ran++ == 1, "the second is the second");
      loop.stop();
    });
    const auto poster = lab::spawn("poster", [&] {
      first.post_to(loop);
      second.post_to(loop);
    });
    loop.run();
  });
}

TEST_CASE("what was posted before stop is run before run returns", "[model][run_loop]") {
  holds("a post, then a stop by another", 21863, less_far, [] {
    run_loop loop;
    tandem::atomic<bool> posted{false};
    note item([] {});
    calls looks([&] {
      if (posted.load(memory_order::acquire)) loop.stop();
    });
    loop.post(looks);
    const auto poster = lab::spawn("poster", [&] {
      item.post_to(loop);
      posted.store(true, memory_order::release);
      loop.stop();
    });
    loop.run();
    lab::check(item.ran, "it came before either stop");
  });
}

TEST_CASE("stops by two threads end a run, or the next one, and leave nothing behind", "[model][run_loop]") {
  holds("two stops, one run", 486, far, [] {
    run_loop loop;
    {
      const auto one = lab::spawn("one", [&] { loop.stop(); });
      loop.run();
      loop.stop();
    }
    loop.run();
  });
  holds("stops by two, one run", 3545, less_far, [] {
    run_loop loop;
    const auto one = lab::spawn("one", [&] { loop.stop(); });
    auto two = lab::spawn("two", [&] { loop.stop(); });
    loop.run();
    two.join();  // it has stopped that run, or would the next
  });
}

TEST_CASE("a loop that always has something to run looks at its timers, and at a stop", "[model][run_loop]") {
  holds("a busy loop", 4, far, [] {
    struct egg_timer final : tandem::timer {
      egg_timer() : timer([](timer& me) noexcept { static_cast<egg_timer&>(me).fired = true; }) {}
      bool fired = false;
    } due;
    run_loop loop;
    int rounds = 0;
    bool over = false;
    tandem::run_item* self = nullptr;
    calls again([&] {
      if (over) return;
      if (rounds++ == 0) {
        loop.start(due);
        loop.stop();
      }
      lab::check(rounds <= 65, "both are looked at after every 64 items");
      loop.post(*self);
    });
    self = &again;
    loop.post(again);
    loop.run();
    lab::check(due.fired, "it was due");
    over = true;
    loop.stop();
    loop.run();
  });
}

TEST_CASE("a coroutine on a loop meets a thread, and the loop goes at once", "[model][run_loop]") {
  holds("block_on a meeting", 2117, {.preemptions = 3, .spurious = 1, .rereads = 2}, [] {
    const no_letter_left at_the_end;
    tandem::rendezvous<letter> desk;
    witness mine, other;
    {
      const auto sender = lab::spawn("sender", [&] { other.send(desk, 1); });
      std::optional<run_loop> loop(std::in_place);
      const auto how = loop->block_on(receives(desk, mine));
      loop.reset();
      lab::check(how == status::ok, "somebody came");
    }
  });
}

TEST_CASE("a deadline or a partner ends the wait of a coroutine: one of the two", "[model][run_loop]") {
  holds("a deadline against a post", 17427, {.preemptions = 3, .spurious = 1, .early_timeouts = 1, .rereads = 1}, [] {
    const no_letter_left at_the_end;
    tandem::rendezvous<letter> desk;
    witness mine, other;
    auto sent = status::ok;
    auto received = status::ok;
    {
      const auto sender = lab::spawn("sender", [&] {
        tandem::sleep_for(1s);
        sent = other.try_send(desk, 1);
      });
      run_loop loop;
      received = loop.block_on(receives_for(desk, mine, 1s));
    }
    lab::check(received == status::ok ? sent == status::ok : received == status::timeout && sent == status::full,
               "both say the same");
  });
}

TEST_CASE("a deadline and an item from elsewhere: the loop does both", "[model][run_loop]") {
  holds("a deadline beside a post", 15863, less_far, [] {
    std::optional<run_loop> loop(std::in_place);
    int left = 2;
    const auto count = [&] {
      if (--left == 0) loop->stop();
    };
    struct alarm final : tandem::timer {
      explicit alarm(decltype(count)& f)
          : timer([](timer& me) noexcept { static_cast<alarm&>(me).function(); }), function(f) {}
      decltype(count)& function;
    } rings(count);
    note item(count);
    calls begin([&] {
      rings.due = tandem::clock::now() + 1s;
      loop->start(rings);
    });
    loop->post(begin);
    const auto poster = lab::spawn("poster", [&, &on = *loop] {
      tandem::sleep_for(1s);
      item.post_to(on);
    });
    loop->run();
    loop.reset();
    lab::check(left == 0, "both");
  });
}

TEST_CASE("a coroutine that is destroyed while somebody serves it has received, or has not", "[model][run_loop]") {
  holds("destroyed against served", 734, {.preemptions = 3, .rereads = 2}, [] {
    const no_letter_left at_the_end;
    tandem::rendezvous<letter> desk;
    witness other;
    {
      run_loop loop;
      const auto sender = lab::spawn("sender", [&] { other.try_send(desk, 1); });
      calls begin([&] {
        const background waiting = [](tandem::scheduler&, tandem::rendezvous<letter>& from) -> background {
          const auto got = co_await from.co_receive();
          lab::check(false, "nobody goes on that was destroyed");
        }(loop, desk);
        waiting.coroutine.destroy();
        loop.stop();
      });
      loop.post(begin);
      loop.run();
    }
    lab::check(desk.try_send(letter(2)) == status::full, "nobody waits there any more");
  });
}

// --- the task --------------------------------------------------------------------------------------------------------

namespace {

/// What is posted first is run by one thread, what is posted second by another.
class by_turns final : public tandem::scheduler {
 public:
  void post(tandem::run_item& item) noexcept override {
    turn& next = turns_[posted_.fetch_add(1, memory_order::relaxed)];
    next.item = &item;
    const void* const address = next.there.address();
    next.there.store(1, memory_order::release);
    tandem::platform::unpark_one(address);
  }
  void run(int number) {
    turn& mine = turns_[number];
    while (mine.there.load(memory_order::acquire) == 0) {
      tandem::platform::park(mine.there, 0, tandem::platform::no_deadline);
    }
    tandem::run_item* const item = mine.item;
    if (item != nullptr) item->run();
  }
  /// Nobody will post it.
  void leave_out(int number) {
    turns_[number].there.store(1, memory_order::release);
    tandem::platform::unpark_one(turns_[number].there.address());
  }

 private:
  struct turn {
    tandem::atomic<std::uint32_t> there{0};
    tandem::cell<tandem::run_item*> item;
  };
  turn turns_[2];
  tandem::atomic<int> posted_{0};
};

/// Goes on elsewhere, while this thread has yet to leave.
class hop final : public tandem::run_item {
 public:
  explicit hop(tandem::cell<int>& left_behind) noexcept
      : run_item([](run_item& me) noexcept { static_cast<hop&>(me).waiting_.resume(); }), left_behind_(&left_behind) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    waiting_ = waiting;
    tandem::cell<int>* const behind = left_behind_;
    waiting.promise().scheduler().post(*this);
    *behind = 1;  // this thread still does something, before it is back where the task was awaited
  }
  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<> waiting_;
  tandem::cell<int>* left_behind_;
};

task<int> hops(tandem::cell<int>& left_behind, tandem::cell<int>& done) {
  co_await hop(left_behind);
  done = 1;
  co_return 7;
}

}  // namespace

TEST_CASE("a task that ends elsewhere, while it is being left to itself, is awaited once", "[model][run_loop]") {
  struct name {
    bool is_first = false;
  };
  holds("the flag of a task", 9596, far, [] {
    by_turns threads;
    tandem::cell<int> left_behind(0);
    tandem::cell<int> done(0);
    tandem::cell<int> result(0);
    bool never_suspended = false;
    {
      const auto second = lab::spawn("runs the task", [&] { threads.run(0); });
      const auto third = lab::spawn("runs the other", [&] { threads.run(1); });
      tandem::platform::per_thread<name>().is_first = true;
      [](tandem::scheduler&, tandem::cell<int>& behind, tandem::cell<int>& ended, tandem::cell<int>& to,
         bool& here) -> background {
        const int got = co_await hops(behind, ended);
        lab::check(behind == 1, "what the one thread did before it had left is there");
        lab::check(ended == 1, "and what the task did");
        lab::check(to == 0, "it goes on once");
        to = got;
        if (tandem::platform::per_thread<name>().is_first) here = true;
      }(threads, left_behind, done, result, never_suspended);
      if (never_suspended) threads.leave_out(1);
    }
    lab::check(result == 7, "and the result");
  });
}
