// The contract of scope, clause by clause.
#include <tandem/coro/scope.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <new>
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
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/thread_pool.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/messages.hpp"
#include "support/thrown_by.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::letter;
using support::thrown_by;
using support::watchdog;
using tandem::mailbox;
using tandem::run_loop;
using tandem::scope;
using tandem::status;
using tandem::task;
using tandem::thread_pool;

namespace {

task<> counts(std::atomic<int>& done) {
  ++done;
  co_return;
}
task<> waits(mailbox<letter>& from, tandem::stop_token stop, status& how) {
  how = (co_await from.co_receive(stop)).error();
}
task<> breaks(const char* what) {
  throw std::runtime_error(what);
  co_return;
}
task<> waits_then_breaks(mailbox<letter>& from, const char* what) {
  static_cast<void>(co_await from.co_receive());
  throw std::runtime_error(what);
}

/// A coroutine that begins at once, has no scheduler, and is destroyed by hand.
struct loose {
  struct promise_type {
    loose get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const { throw; }
  };
  std::coroutine_handle<promise_type> coroutine;
};

}  // namespace

TEST_CASE("a scope stays where it is", "[scope]") {
  static_assert(!std::is_copy_constructible_v<scope> && !std::is_move_constructible_v<scope>);
  static_assert(!std::is_convertible_v<tandem::scheduler&, scope>);
  SUCCEED();
}

TEST_CASE("join waits for all, on a loop and on a pool", "[scope]") {
  const watchdog guard("a join");
  const auto all = [](tandem::scheduler& where, int count) -> task<int> {
    std::atomic<int> done{0};
    scope s(where);
    for (int i = 0; i < count; ++i) s.spawn(counts(done));
    co_await s.join();
    co_return done.load();
  };
  run_loop loop;
  thread_pool pool(3);
  for (const int count : {0, 1, 2, 100}) {
    CHECK(loop.block_on(all(loop, count)) == count);
    CHECK(pool.block_on(all(pool, count)) == count);
    CHECK(loop.block_on(all(pool, count)) == count);  // a coroutine of the loop joins tasks of the pool
  }
}

TEST_CASE("a task begins on the scheduler of its scope, not within spawn", "[scope]") {
  const watchdog guard("where tasks run");
  thread_pool pool(1);
  const auto where = pool.block_on([]() -> task<std::thread::id> { co_return std::this_thread::get_id(); }());
  run_loop loop;
  loop.block_on([](thread_pool& p, std::thread::id thread_of_the_pool) -> task<> {
    std::thread::id began;
    const auto notes = [](std::thread::id& here) -> task<> {
      here = std::this_thread::get_id();
      co_return;
    };
    scope s(p);
    s.spawn(notes(began));
    co_await s.join();
    CHECK(began == thread_of_the_pool);
    CHECK(std::this_thread::get_id() != thread_of_the_pool);  // the join goes on where it was called
  }(pool, where));

  loop.block_on([](run_loop& l) -> task<> {
    std::atomic<int> done{0};
    scope s(l);
    s.spawn(counts(done));
    CHECK(done == 0);
    co_await s.join();
    CHECK(done == 1);
  }(loop));
}

TEST_CASE("the tasks of a scope run side by side", "[scope]") {
  const watchdog guard("tasks that meet each other");
  run_loop loop;
  loop.block_on([](run_loop& l) -> task<> {
    tandem::rendezvous<int> table;
    int got = 0;
    const auto gives = [](tandem::rendezvous<int>& t) -> task<> { static_cast<void>(co_await t.co_send(7)); };
    const auto takes = [](tandem::rendezvous<int>& t, int& to) -> task<> {
      to = (co_await t.co_receive()).value_or(0);
    };
    scope s(l);
    s.spawn(gives(table));
    s.spawn(takes(table, got));
    co_await s.join();
    CHECK(got == 7);
  }(loop));
}

TEST_CASE("a task may spawn others into its own scope", "[scope]") {
  const watchdog guard("a tree of tasks");
  struct tree {
    static task<> grow(scope& s, std::atomic<int>& leaves, int height) {
      if (height == 0) {
        ++leaves;
        co_return;
      }
      s.spawn(grow(s, leaves, height - 1));
      s.spawn(grow(s, leaves, height - 1));
    }
  };
  const auto all = [](tandem::scheduler& where) -> task<int> {
    std::atomic<int> leaves{0};
    scope s(where);
    s.spawn(tree::grow(s, leaves, 10));
    co_await s.join();
    co_return leaves.load();
  };
  run_loop loop;
  thread_pool pool(2);
  CHECK(loop.block_on(all(loop)) == 1024);
  CHECK(pool.block_on(all(pool)) == 1024);
}

TEST_CASE("several threads spawn at the same time", "[scope]") {
  const watchdog guard("spawns from several threads");
  thread_pool pool(2);
  std::atomic<int> done{0};
  scope s(pool);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) s.spawn(counts(done));
      });
    }
  }
  run_loop loop;
  loop.block_on([](scope& of) -> task<> { co_await of.join(); }(s));
  CHECK(done == 2000);
}

TEST_CASE("the first error stops the others, and is thrown when all are done", "[scope]") {
  const watchdog guard("an error in a scope");
  const auto all = [](tandem::scheduler& where, status& first, status& second) -> task<> {
    mailbox<letter> never(1);
    scope s(where);
    s.spawn(waits(never, s.stop_token(), first));
    s.spawn(waits(never, s.stop_token(), second));
    s.spawn(breaks("the first"));
    co_await s.join();
  };
  run_loop loop;
  thread_pool pool(2);
  status first = status::ok;
  status second = status::ok;
  CHECK(thrown_by([&] { loop.block_on(all(loop, first, second)); }) == "the first");
  CHECK((first == status::stopped && second == status::stopped));
  first = second = status::ok;
  CHECK(thrown_by([&] { pool.block_on(all(pool, first, second)); }) == "the first");
  CHECK((first == status::stopped && second == status::stopped));
}

TEST_CASE("of several errors the first is told", "[scope]") {
  const watchdog guard("errors in a scope");
  run_loop loop;
  const auto all = [](run_loop& l) -> task<> {
    mailbox<letter> inbox(2);
    scope s(l);
    s.spawn(waits_then_breaks(inbox, "the second"));
    s.spawn(breaks("the first"));
    s.spawn([](mailbox<letter>& to) -> task<> { static_cast<void>(co_await to.co_send(letter(1))); }(inbox));
    co_await s.join();
  };
  CHECK(thrown_by([&] { loop.block_on(all(loop)); }) == "the first");
}

TEST_CASE("request_stop asks all tasks to end", "[scope]") {
  const watchdog guard("a scope that is stopped");
  run_loop loop;
  loop.block_on([](run_loop& l) -> task<> {
    mailbox<letter> never(1);
    status how = status::ok;
    scope s(l);
    CHECK(!s.stop_token().stop_requested());
    s.spawn(waits(never, s.stop_token(), how));
    s.spawn([](scope& of) -> task<> {
      CHECK(of.request_stop());
      CHECK(!of.request_stop());
      co_return;
    }(s));
    co_await s.join();
    CHECK(how == status::stopped);
    CHECK(s.stop_token().stop_requested());
  }(loop));
}

TEST_CASE("a task may take the scope's token by reference: it lives as long as the scope", "[scope]") {
  const watchdog guard("a scope's token by reference");
  run_loop loop;
  mailbox<letter> box(1);
  status how = status::ok;
  loop.block_on([](run_loop& l, mailbox<letter>& from, status& outcome) -> task<> {
    scope all(l);
    all.spawn([](mailbox<letter>& m, const tandem::stop_token& stop, status& to) -> task<> {
      if (stop.stop_possible()) to = (co_await m.co_receive(stop)).error();
    }(from, all.stop_token(), outcome));
    all.spawn([](scope& s) -> task<> {
      s.request_stop();
      co_return;
    }(all));
    co_await all.join();
  }(loop, box, how));
  CHECK(how == status::stopped);
}

TEST_CASE("a spawn that finds no memory has started nothing", "[scope]") {
  if (!support::allocations_are_counted) return;
  run_loop loop;
  std::atomic<int> done{0};
  loop.block_on([](run_loop& l, std::atomic<int>& to) -> task<> {
    scope all(l);
    task<> one = counts(to);
    support::allocations_left = 0;
    bool told = false;
    try {
      all.spawn(std::move(one));
    } catch (const std::bad_alloc&) {
      told = true;
    }
    support::allocations_left = support::no_limit;
    CHECK(told);
    co_await all.join();
  }(loop, done));
  CHECK(done == 0);
}

TEST_CASE("a scope may be used again after a join, also after one that has thrown", "[scope]") {
  const watchdog guard("a scope used again");
  run_loop loop;
  loop.block_on([](run_loop& l) -> task<> {
    std::atomic<int> done{0};
    scope s(l);
    for (int round = 0; round < 3; ++round) {
      s.spawn(counts(done));
      co_await s.join();
      co_await s.join();  // there is nothing to wait for
      CHECK(done == round + 1);
    }
    s.spawn(breaks("once"));
    bool told = false;
    try {
      co_await s.join();
    } catch (const std::runtime_error&) {
      told = true;
    }
    CHECK(told);
    s.spawn(counts(done));
    co_await s.join();
    CHECK(done == 4);
  }(loop));
}

TEST_CASE("what a task owns is gone when the join returns", "[scope]") {
  const watchdog guard("what tasks own");
  const long live = letter::counts().live;
  thread_pool pool(2);
  run_loop loop;
  for (int round = 0; round < 200; ++round) {
    loop.block_on([](thread_pool& p, long before) -> task<> {
      scope s(p);
      for (int i = 0; i < 4; ++i) s.spawn([](letter) -> task<> { co_return; }(letter(i)));
      co_await s.join();
      CHECK(letter::counts().live == before);
    }(pool, live));
  }
}

TEST_CASE("a coroutine without a scheduler joins as well", "[scope]") {
  const watchdog guard("a join by any coroutine");
  run_loop loop;
  std::atomic<int> done{0};
  scope s(loop);
  s.spawn(counts(done));
  const auto joins = [](scope& of, std::atomic<int>& d) -> loose {
    co_await of.join();
    ++d;
  };
  const auto joining = joins(s, done);
  CHECK(done == 0);
  loop.stop();  // comes behind the task
  loop.run();
  CHECK(done == 2);
  CHECK(joining.coroutine.done());
  joining.coroutine.destroy();
}

TEST_CASE("many tasks that end at once do not grow the stack", "[scope]") {
  const watchdog guard("a hundred thousand tasks");
  constexpr int count = 100'000;
  run_loop loop;
  loop.block_on([](run_loop& l) -> task<> {
    tandem::mailbox<letter> gate(1);
    std::set<const void*> frames;
    const auto waits_and_ends = [](tandem::mailbox<letter>& at, std::set<const void*>& seen) -> task<> {
      static_cast<void>(co_await at.co_receive());
      const volatile int here = 0;
      int* const on_the_stack = static_cast<int*>(__builtin_frame_address(0));
      static_cast<void>(here);
      if (seen.size() < 100) seen.insert(on_the_stack);
    };
    scope s(l);
    for (int i = 0; i < count; ++i) s.spawn(waits_and_ends(gate, frames));
    s.spawn([](tandem::mailbox<letter>& g) -> task<> {
      g.close();
      co_return;
    }(gate));
    co_await s.join();
    CHECK(frames.size() < 10);
  }(loop));
}

TEST_CASE("a spawn allocates once, beside the task", "[scope]") {
  if (!support::allocations_are_counted) return;
  run_loop loop;
  std::size_t of_spawn = 0;
  std::size_t of_join = 0;
  loop.block_on([](run_loop& l, std::size_t& spawn, std::size_t& join) -> task<> {
    std::atomic<int> done{0};
    scope s(l);
    auto work = counts(done);
    const auto before = support::allocations_of_this_thread;
    s.spawn(std::move(work));
    const auto after = support::allocations_of_this_thread;
    co_await s.join();
    spawn = after - before;
    join = support::allocations_of_this_thread - after;
  }(loop, of_spawn, of_join));
  CHECK(of_spawn == 1);
  CHECK(of_join == 0);
}

TEST_CASE("misuse of a scope is said in a sentence", "[scope][death]") {
  const auto not_done = support::death_of([] {
    run_loop loop;
    mailbox<letter> never(1);
    status how = status::ok;
    scope s(loop);
    s.spawn(waits(never, s.stop_token(), how));
  });
  CHECK(not_done.saying("a scope was destroyed with tasks that are not done: co_await its join() first"));
  CHECK(not_done.in_one_sentence());

  const auto untold = support::death_of([] {
    run_loop loop;
    loop.block_on([](run_loop& l) -> task<> {
      tandem::promise<int> done;
      auto wait = done.get_future();
      scope s(l);
      s.spawn(breaks("unheard"));
      s.spawn([](tandem::promise<int>& p) -> task<> {
        static_cast<void>(p.set_value(1));
        co_return;
      }(done));
      static_cast<void>(co_await wait.co_get());
      tandem::mailbox<int> nobody(1);
      static_cast<void>(co_await nobody.co_try_receive_for(1ms));  // both are done
    }(loop));
  });
  CHECK(untold.saying("a scope was destroyed with an error that nobody has been told of: co_await its join() first"));

  const auto empty = support::death_of([] {
    run_loop loop;
    std::atomic<int> done{0};
    auto work = counts(done);
    const auto other = std::move(work);
    scope s(loop);
    s.spawn(std::move(work));  // NOLINT(bugprone-use-after-move): that is the point
  });
  CHECK(empty.saying("an empty task was spawned: it was moved from"));

  const auto two_joins = support::death_of([] {
    run_loop loop;
    loop.block_on([](run_loop& l) -> task<> {
      mailbox<letter> never(1);
      status how = status::ok;
      const auto joins = [](scope& of) -> task<> { co_await of.join(); };
      scope inner(l);
      inner.spawn(waits(never, inner.stop_token(), how));
      scope outer(l);
      outer.spawn(joins(inner));
      outer.spawn(joins(inner));
      co_await outer.join();
    }(loop));
  });
  CHECK(two_joins.saying("a scope is joined by two at the same time"));

  const auto destroyed = support::death_of([] {
    run_loop loop;
    mailbox<letter> never(1);
    status how = status::ok;
    scope s(loop);
    s.spawn(waits(never, s.stop_token(), how));
    const auto joins = [](scope& of) -> loose { co_await of.join(); };
    joins(s).coroutine.destroy();
  });
  CHECK(destroyed.saying("a coroutine was destroyed while it waited for its tasks: request a stop, and let it end"));
}
