// The contract of coro/task.hpp: lazy, awaited once, a result or an exception where it is awaited, and no stack lost.
#include <tandem/coro/task.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/allocations.hpp"
#include "support/background.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/watchdog.hpp"

using support::background;
using support::letter;
using support::next_turn;
using support::watchdog;
using tandem::run_loop;
using tandem::status;
using tandem::task;

namespace {

template <class T>
T run(task<T> work) {
  run_loop loop;
  return loop.block_on(std::move(work));
}

task<int> number(int n) { co_return n; }
task<int> number_later(int n) {
  co_await next_turn();
  co_return n;
}
template <class T>
task<T> passes_on(task<T> inner) {
  co_return co_await std::move(inner);
}

/// Neither of its two moves is harmless: the one out of the coroutine throws.
struct brittle {
  brittle(bool breaks) : breaks_when_moved(breaks) {}
  brittle(brittle&& other) : breaks_when_moved(other.breaks_when_moved) {
    if (breaks_when_moved) throw std::runtime_error("it broke");
  }
  bool breaks_when_moved;
};

}  // namespace

// --- what it returns -------------------------------------------------------------------------------------------------

TEST_CASE("a task returns what it returns, of any type that can be moved", "[task]") {
  static_assert(std::is_same_v<task<int>::value_type, int> && std::is_same_v<task<>, task<void>>);
  CHECK(run(number(7)) == 7);
  CHECK(run(number_later(7)) == 7);
  CHECK(run(passes_on(passes_on(number_later(7)))) == 7);
  CHECK(run([]() -> task<std::string> { co_return "seven"; }()) == "seven");
  CHECK(*run([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); }()) == 7);
  CHECK(*run(passes_on([]() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); }())) == 7);
  CHECK(run([]() -> task<std::pair<int, char>> { co_return {7, 'x'}; }()) == std::pair(7, 'x'));
  bool ran = false;
  run([](bool& to) -> task<> {
    co_await next_turn();
    to = true;
  }(ran));
  CHECK(ran);
}

TEST_CASE("a task that returns an exception_ptr returns it, and does not throw it", "[task]") {
  const std::exception_ptr what =
      run([]() -> task<std::exception_ptr> { co_return std::make_exception_ptr(std::runtime_error("only told")); }());
  CHECK(what != nullptr);
}

TEST_CASE("the result of a task is moved in once, and out once at each await", "[task]") {
  const long live = letter::counts().live;
  const long copies = letter::counts().copies;
  const auto write = [](bool waits) -> task<letter> {
    if (waits) co_await next_turn();
    co_return letter(7);
  };
  for (const bool waits : {false, true}) {
    const long moves = letter::counts().moves;
    CHECK(run(write(waits)).number() == 7);
    CHECK(letter::counts().moves == moves + 2);
  }
  CHECK(letter::counts().copies == copies);
  CHECK(letter::counts().live == live);
}

TEST_CASE("a result can be assigned from what converts to it", "[task]") {
  CHECK(run([]() -> task<long> { co_return 7; }()) == 7L);
  CHECK(run([]() -> task<std::optional<int>> { co_return std::nullopt; }()) == std::nullopt);
}

// --- exceptions ------------------------------------------------------------------------------------------------------

TEST_CASE("an exception that leaves a task is thrown where it is awaited", "[task]") {
  for (const bool waits : {false, true}) {
    const auto throws = [](bool later) -> task<int> {
      if (later) co_await next_turn();
      throw std::runtime_error("seven");
    };
    const auto throws_nothing_else = [](bool later) -> task<> {
      if (later) co_await next_turn();
      throw 7;
    };
    const auto catches = [](task<int> inner) -> task<std::string> {
      try {
        static_cast<void>(co_await std::move(inner));
      } catch (const std::runtime_error& e) {
        co_return e.what();
      }
      co_return "nothing";
    };
    CHECK(run(catches(throws(waits))) == "seven");
    CHECK_THROWS_AS(run(passes_on(passes_on(throws(waits)))), std::runtime_error);
    CHECK_THROWS_AS(run(throws_nothing_else(waits)), int);
  }
}

TEST_CASE("an exception takes with it what the task held", "[task]") {
  const long live = letter::counts().live;
  CHECK_THROWS_AS(run([](letter) -> task<letter> {
                    const letter local(2);
                    co_await next_turn();
                    throw 7;
                  }(letter(1))),
                  int);
  CHECK(letter::counts().live == live);
}

TEST_CASE("a result that breaks when it is moved breaks where it is awaited", "[task]") {
  CHECK_FALSE(run([]() -> task<brittle> { co_return brittle(false); }()).breaks_when_moved);
  CHECK_THROWS_AS(run([]() -> task<brittle> { co_return brittle(true); }()), std::runtime_error);
  const auto breaks_on_the_way_out = []() -> task<brittle> { co_return true; };
  CHECK_THROWS_AS(run(breaks_on_the_way_out()), std::runtime_error);
}

TEST_CASE("a loop is none the worse for an exception", "[task]") {
  run_loop loop;
  CHECK_THROWS_AS(loop.block_on([]() -> task<> {
    co_await next_turn();
    throw 7;
  }()),
                  int);
  CHECK(loop.block_on(number_later(7)) == 7);
}

// --- when, and where -------------------------------------------------------------------------------------------------

TEST_CASE("a task begins when it is awaited, and not before", "[task]") {
  const auto tell = [](std::vector<int>& order, int n) -> task<> {
    order.push_back(n);
    co_return;
  };
  std::vector<int> order;
  run([](decltype(tell)& say, std::vector<int>& said) -> task<> {
    task<> second = say(said, 2);
    said.push_back(1);
    co_await std::move(second);
    said.push_back(3);
  }(tell, order));
  CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("a task that nobody awaits does nothing, and leaves nothing", "[task]") {
  const long live = letter::counts().live;
  bool ran = false;
  {
    const auto never = [](letter, bool& to) -> task<> {
      to = true;
      co_return;
    };
    const task<> forgotten = never(letter(7), ran);
    CHECK(static_cast<bool>(forgotten));
    CHECK(letter::counts().live == live + 1);
  }
  CHECK_FALSE(ran);
  CHECK(letter::counts().live == live);
}

TEST_CASE("a task can be moved until it is awaited, and is empty then", "[task]") {
  static_assert(!std::is_copy_constructible_v<task<int>> && std::is_nothrow_move_constructible_v<task<int>>);
  static_assert(std::is_nothrow_move_assignable_v<task<int>>);
  const long live = letter::counts().live;
  const auto hold = [](letter l) -> task<int> { co_return l.number(); };
  task<int> first = hold(letter(1));
  task<int> second = std::move(first);
  CHECK_FALSE(static_cast<bool>(first));
  first = hold(letter(3));
  second = std::move(first);  // which destroys what it was
  CHECK(letter::counts().live == live + 1);
  CHECK(run(std::move(second)) == 3);
  CHECK_FALSE(static_cast<bool>(second));
  CHECK(letter::counts().live == live);
  run([](task<int> mine) -> task<> {
    const int got = co_await std::move(mine);
    if (got != 4 || mine) throw std::runtime_error("awaited, and not empty");
  }(hold(letter(4))));
}

TEST_CASE("whoever awaits a task keeps it no longer than it has to", "[task]") {
  const long live = letter::counts().live;
  long while_it_goes_on = -1;
  run([](long& seen) -> task<> {
    task<> inner = [](letter) -> task<> { co_await next_turn(); }(letter(1));
    co_await std::move(inner);
    seen = letter::counts().live;
  }(while_it_goes_on));
  CHECK(while_it_goes_on == live);
}

TEST_CASE("a task runs where whoever awaits it runs", "[task]") {
  run_loop loop;
  const auto same = [](tandem::scheduler* expected) -> task<bool> {
    struct whose {
      tandem::scheduler* found = nullptr;
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<task<bool>::promise_type> me) noexcept {
        found = &me.promise().scheduler();
        return false;
      }
      tandem::scheduler* await_resume() const noexcept { return found; }
    };
    co_return co_await whose{} == expected;
  };
  CHECK(loop.block_on(same(&loop)));
  CHECK(loop.block_on(passes_on(same(&loop))));
}

TEST_CASE("awaited by a coroutine without a scheduler, a task goes on where its operation is completed", "[task]") {
  struct plain {
    struct promise_type {
      plain get_return_object() const noexcept { return {}; }
      std::suspend_never initial_suspend() const noexcept { return {}; }
      std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() const noexcept { std::terminate(); }
    };
  };
  tandem::rendezvous<int> desk;
  int got = 0;
  [](tandem::rendezvous<int>& from, int& to) -> plain {
    const auto receive = [](tandem::rendezvous<int>& in) -> task<int> {
      co_return (co_await in.co_receive()).value_or(-1);
    };
    to = co_await receive(from);
  }(desk, got);
  CHECK(got == 0);
  CHECK(desk.try_send(7) == status::ok);
  CHECK(got == 7);  // before the send returned
}

TEST_CASE("tasks that are done at once leave the one that awaits them running", "[task]") {
  run_loop loop;
  bool another_ran = false;
  support::calls another([&] { another_ran = true; });
  bool was_interrupted = true;
  loop.block_on([](run_loop& on, tandem::run_item& item, const bool& ran, bool& interrupted) -> task<> {
    on.post(item);
    for (int i = 0; i < 1000; ++i) static_cast<void>(co_await number(i));
    interrupted = ran;
    co_await next_turn();
  }(loop, another, another_ran, was_interrupted));
  CHECK_FALSE(was_interrupted);
  CHECK(another_ran);
}

// --- misuse ----------------------------------------------------------------------------------------------------------

TEST_CASE("a task that is awaited twice, or is empty, says so", "[task][death]") {
  const auto twice = support::death_of([] {
    run([](task<int> inner) -> task<> {
      static_cast<void>(co_await std::move(inner));
      static_cast<void>(co_await std::move(inner));
    }(number(7)));
  });
  CHECK(twice.saying("tandem: an empty task was awaited: it was moved from"));
  CHECK(twice.in_one_sentence());
  const auto empty = support::death_of([] {
    task<int> first = number(7);
    const task<int> second = std::move(first);
    run(std::move(first));
  });
  CHECK(empty.saying("tandem: an empty task was run: it was moved from"));
  CHECK(empty.in_one_sentence());
}

// --- the stack -------------------------------------------------------------------------------------------------------

TEST_CASE("a million tasks one after the other, all ready, do not grow the stack", "[task]") {
  support::stack_range stack;
  const int rounds = support::sanitized ? 100'000 : 1'000'000;
  const long sum = run([](int times, support::stack_range& seen) -> task<long> {
    long total = 0;
    for (int i = 0; i < times; ++i) {
      total += co_await number(1);
      seen.mark();
    }
    co_return total;
  }(rounds, stack));
  CHECK(sum == rounds);
  CHECK(stack.bytes() < 4096);
}

TEST_CASE("a hundred thousand tasks one after the other, each of which waits, do not grow the stack", "[task]") {
  support::stack_range stack;
  const long sum = run([](support::stack_range& seen) -> task<long> {
    long total = 0;
    for (int i = 0; i < 100'000; ++i) {
      total += co_await number_later(1);
      seen.mark();
    }
    co_return total;
  }(stack));
  CHECK(sum == 100'000);
  CHECK(stack.bytes() < 4096);
}

TEST_CASE("tasks within tasks end one after the other on the same stack, once the innermost has waited", "[task]") {
  support::stack_range stack;
  struct nested {
    static task<int> at(int depth, support::stack_range& seen) {
      if (depth == 0) {
        co_await next_turn();
        co_return 0;
      }
      const int below = co_await at(depth - 1, seen);
      seen.mark();
      co_return below + 1;
    }
  };
  CHECK(run(nested::at(1000, stack)) == 1000);
  CHECK(stack.bytes() < 4096);
}

// --- destroyed half-way ----------------------------------------------------------------------------------------------

namespace {

/// Each level holds a letter; the innermost waits for one more.
task<int> waits_below(int depth, tandem::rendezvous<int>& desk, letter mine) {
  int got = 0;
  if (depth == 0) {
    got = (co_await desk.co_receive()).value_or(-1);
  } else {
    got = co_await waits_below(depth - 1, desk, letter(depth));
  }
  co_return got + mine.number() - mine.number();
}
background begins(tandem::scheduler&, task<int> work, int& result) { result = co_await std::move(work); }

}  // namespace

TEST_CASE("a task that is destroyed while it waits has not received, and leaves nothing", "[task]") {
  const long live = letter::counts().live;
  run_loop loop;
  tandem::rendezvous<int> desk;
  int result = 0;
  loop.block_on([](run_loop& on, tandem::rendezvous<int>& at, int& to) -> task<> {
    const background waiting = begins(on, waits_below(2, at, letter(9)), to);
    co_await next_turn();
    waiting.coroutine.destroy();
    if (at.try_send(7) != status::full) throw std::runtime_error("somebody still waits");
  }(loop, desk, result));
  CHECK(result == 0);
  CHECK(letter::counts().live == live);
}

TEST_CASE("a task can be destroyed after each of the steps in which it ends", "[task]") {
  // The message comes; then the innermost goes on and ends, then the one above it, and so on: each has posted the next.
  for (int steps = 0; steps <= 4; ++steps) {
    const long live = letter::counts().live;
    run_loop loop;
    tandem::rendezvous<int> desk;
    int result = 0;
    loop.block_on([](run_loop& on, tandem::rendezvous<int>& at, int turns, int& to) -> task<> {
      const background waiting = begins(on, waits_below(2, at, letter(9)), to);
      if (at.try_send(7) != status::ok) throw std::runtime_error("nobody waits");
      for (int i = 0; i < turns; ++i) co_await next_turn();
      if (to == 0) waiting.coroutine.destroy();
      co_await next_turn();
    }(loop, desk, steps, result));
    CAPTURE(steps);
    CHECK(result == (steps < 4 ? 0 : 7));
    CHECK(letter::counts().live == live);
  }
}

TEST_CASE("a task is destroyed with whoever awaits it, wherever the object lies", "[task]") {
  const long live = letter::counts().live;
  run_loop loop;
  tandem::rendezvous<int> desk;
  loop.block_on([](run_loop& on, tandem::rendezvous<int>& at) -> task<> {
    task<int> outlives = waits_below(1, at, letter(9));
    const background waiting = [](tandem::scheduler&, task<int>& of_another) -> background {
      static_cast<void>(co_await std::move(of_another));
    }(on, outlives);
    waiting.coroutine.destroy();
    if (at.try_send(7) != status::full) throw std::runtime_error("somebody still waits");
    co_await next_turn();
  }(loop, desk));
  CHECK(letter::counts().live == live);
}

// --- cost ------------------------------------------------------------------------------------------------------------

TEST_CASE("a task allocates once, and awaiting it never does", "[task]") {
  if (!support::allocations_are_counted) return;
  run_loop loop;
  const auto count = [&loop](auto make, int tasks) {
    const std::size_t before = support::allocations_of_this_thread;
    loop.block_on(make(tasks));
    return support::allocations_of_this_thread - before;
  };
  const auto ready = [](int n) -> task<> {
    for (int i = 0; i < n; ++i) static_cast<void>(co_await number(i));
  };
  const auto waiting = [](int n) -> task<> {
    for (int i = 0; i < n; ++i) static_cast<void>(co_await number_later(i));
  };
  CHECK(count(ready, 0) <= 1);
  CHECK(count(ready, 100) <= 101);  // a compiler may elide some of them
  CHECK(count(waiting, 100) <= 101);
}
