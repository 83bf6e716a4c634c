// The contract of when_all, when_any and then, clause by clause.
#include <tandem/coro/compose.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/thread_pool.hpp>

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
using tandem::future;
using tandem::mailbox;
using tandem::promise;
using tandem::result;
using tandem::run_loop;
using tandem::status;
using tandem::stop_token;
using tandem::task;
using tandem::then;
using tandem::thread_pool;
using tandem::when_all;
using tandem::when_any;

namespace {

task<int> number(int n) { co_return n; }
task<std::string> word(std::string w) { co_return w; }
task<> nothing() { co_return; }
task<int> breaks(const char* what) {
  throw std::runtime_error(what);
  co_return 0;
}

/// Begins a task that receives a letter, or is stopped.
auto receiving(mailbox<letter>& from) {
  return [&from](stop_token stop) -> task<result<letter>> { co_return co_await from.co_receive(stop); };
}
/// The same, with only the outcome; it says that it has ended.
auto waiting(mailbox<letter>& from, std::atomic<int>& stopped) {
  return [&from, &stopped](stop_token stop) -> task<int> {
    const auto got = co_await from.co_receive(stop);
    if (got.error() == status::stopped) ++stopped;
    throw std::runtime_error("no letter");
  };
}
auto bringing(int n) {
  return [n](const stop_token&) { return number(n); };
}
auto breaking(const char* what) {
  return [what](const stop_token&) { return breaks(what); };
}

/// Receives until it is stopped, by a token that it has only a reference to: the signature that one takes for threads.
auto listening(mailbox<letter>& from) {
  return [&from](const stop_token& stop) -> task<result<letter>> {
    if (!stop.stop_possible()) co_return status::abandoned;
    co_return co_await from.co_receive(stop);
  };
}

task<> says_that_it_has_begun(int& begun) {
  ++begun;
  co_return;
}

/// Runs what `compose` returns, again and again, with room for one allocation more each time, up to the first success:
/// whenever the heap runs out, nothing has begun. How often it ran out.
template <class Compose>
int runs_out(const Compose& compose) {
  run_loop loop;
  for (std::size_t enough = 0;; ++enough) {
    int begun = 0;
    try {
      auto prepared = compose.prepared(begun);
      support::allocations_left = enough;
      loop.block_on(compose.from(std::move(prepared)));
      support::allocations_left = support::no_limit;
      CHECK(begun == 3);
      return static_cast<int>(enough);
    } catch (const std::bad_alloc&) {
      support::allocations_left = support::no_limit;
      CHECK(begun == 0);
    }
  }
}

}  // namespace

TEST_CASE("when_all brings what all of them bring", "[compose]") {
  const watchdog guard("when_all");
  run_loop loop;
  thread_pool pool(2);
  const auto both = [](auto& where) {
    const auto [n, w, none] = where.block_on(when_all(number(7), word("seven"), nothing()));
    static_assert(std::is_same_v<decltype(none), const std::monostate>);
    CHECK(n == 7);
    CHECK(w == "seven");
    CHECK(where.block_on(when_all(number(1))) == std::tuple(1));
  };
  both(loop);
  both(pool);
}

TEST_CASE("when_all of a vector brings a vector, in order", "[compose]") {
  const watchdog guard("when_all of a vector");
  thread_pool pool(3);
  for (const int count : {0, 1, 2, 1000}) {
    std::vector<task<int>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(number(i));
    const std::vector<int> got = pool.block_on(when_all(std::move(tasks)));
    CHECK(got.size() == static_cast<std::size_t>(count));
    bool in_order = true;
    for (int i = 0; i < count; ++i) in_order = in_order && got[static_cast<std::size_t>(i)] == i;
    CHECK(in_order);
  }
  std::vector<task<>> silent;
  silent.push_back(nothing());
  CHECK(pool.block_on(when_all(std::move(silent))).size() == 1);
}

TEST_CASE("what when_all runs, runs side by side", "[compose]") {
  const watchdog guard("tasks that wait for each other");
  thread_pool pool(2);
  std::latch both(2);
  const auto meets = [](std::latch& l) -> task<> {
    l.arrive_and_wait();  // each keeps its thread until the other has come
    co_return;
  };
  pool.block_on(when_all(meets(both), meets(both)));

  run_loop loop;
  mailbox<letter> first(1);
  mailbox<letter> second(1);
  const auto swaps = [](mailbox<letter>& in, mailbox<letter>& out, int n) -> task<int> {
    static_cast<void>(co_await out.co_send(letter(n)));
    auto got = co_await in.co_receive();
    co_return got ? got->number() : 0;
  };
  CHECK(loop.block_on(when_all(swaps(first, second, 1), swaps(second, first, 2))) == std::tuple(2, 1));
}

TEST_CASE("when_all can be nested, and what it brings only be moved", "[compose]") {
  const watchdog guard("when_all in when_all");
  run_loop loop;
  const auto owned = [](int n) -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(n); };
  auto [pair, last] = loop.block_on(when_all(when_all(owned(1), owned(2)), owned(3)));
  CHECK(*std::get<0>(pair) + *std::get<1>(pair) + *last == 6);
}

TEST_CASE("when_all: the first error stops the others, and is thrown when all are done", "[compose]") {
  const watchdog guard("an error in when_all");
  thread_pool pool(2);
  run_loop loop;
  for (int round = 0; round < 50; ++round) {
    mailbox<letter> never(1);
    std::atomic<int> stopped{0};
    const auto all = [&] { return when_all(waiting(never, stopped), breaking("first"), waiting(never, stopped)); };
    CHECK(thrown_by([&] { pool.block_on(all()); }) == "first");
    CHECK(stopped == 2);
    CHECK(thrown_by([&] { loop.block_on(all()); }) == "first");
    CHECK(stopped == 4);
  }
  CHECK(thrown_by([&] { loop.block_on(when_all(number(1), breaks("tasks as well"))); }) == "tasks as well");
  std::vector<task<int>> tasks;
  tasks.push_back(number(1));
  tasks.push_back(breaks("one of many"));
  CHECK(thrown_by([&] { loop.block_on(when_all(std::move(tasks))); }) == "one of many");
}

TEST_CASE("functions are called in order, all of them before the first task begins", "[compose]") {
  const watchdog guard("functions called in order");
  run_loop loop;
  std::string seen;
  const auto noting = [&seen](char called, char begun) {
    return [&seen, called, begun](const stop_token&) {
      seen += called;
      return [](std::string& to, char c) -> task<> {
        to += c;
        co_return;
      }(seen, begun);
    };
  };
  loop.block_on(when_all(noting('a', 'A'), noting('b', 'B'), noting('c', 'C')));
  CHECK(seen == "abcABC");
}

TEST_CASE("when_all takes tasks, functions and futures together", "[compose]") {
  const watchdog guard("a mixed when_all");
  run_loop loop;
  promise<int> kept;
  promise<int> broken;
  future<int> first = kept.get_future();
  future<int> second = broken.get_future();
  static_cast<void>(kept.set_value(3));
  {
    const promise<int> gone = std::move(broken);
  }
  auto [n, m, got, missed] = loop.block_on(when_all(number(1), bringing(2), std::move(first), std::move(second)));
  CHECK((n == 1 && m == 2 && got.value() == 3));
  CHECK(missed.error() == status::abandoned);
}

TEST_CASE("a token from outside stops all of them", "[compose]") {
  const watchdog guard("a stop from outside");
  thread_pool pool(2);
  for (const bool before : {false, true}) {
    mailbox<letter> never(1);
    promise<int> late;
    future<int> question = late.get_future();
    tandem::stop_source stop;
    if (before) stop.request_stop();
    std::jthread requests([&] {
      std::this_thread::sleep_for(1ms);
      stop.request_stop();
    });
    auto [first, second] = pool.block_on(when_all(stop.get_token(), receiving(never), std::move(question)));
    CHECK(first.error() == status::stopped);
    CHECK(second.error() == status::stopped);
    CHECK(pool.block_on(when_any(stop.get_token(), receiving(never), receiving(never))).value.error() ==
          status::stopped);
    CHECK(late.set_value(1) == status::abandoned);  // the future was given away, and is gone
  }
}

TEST_CASE("a function may take its token by reference: it lives as long as the task", "[compose]") {
  const watchdog guard("a token by reference");
  run_loop loop;
  mailbox<letter> first(1), second(1);
  SECTION("when_any") {
    REQUIRE(second.send(letter(2)));
    const auto won = loop.block_on(when_any(listening(first), listening(second)));
    CHECK(won.index == 1);
    CHECK(won.value->number() == 2);
  }
  SECTION("when_any of a vector") {
    REQUIRE(second.send(letter(2)));
    std::vector<decltype(listening(first))> both;
    both.push_back(listening(first));
    both.push_back(listening(second));
    const auto won = loop.block_on(when_any(std::move(both)));
    CHECK(won.index == 1);
    CHECK(won.value->number() == 2);
  }
  SECTION("when_all, which is stopped from outside") {
    tandem::stop_source source;
    const auto stops = [&source](const stop_token&) -> task<int> {
      source.request_stop();
      co_return 3;
    };
    const auto [one, other] = loop.block_on(when_all(source.get_token(), listening(first), stops));
    CHECK(one.error() == status::stopped);
    CHECK(other == 3);
  }
  SECTION("when_all of a vector, on a pool") {
    thread_pool pool(2);
    std::vector<decltype(listening(first))> both(2, listening(first));
    first.close();
    const auto got = pool.block_on(when_all(std::move(both)));
    CHECK(got.front().error() == status::closed);
    CHECK(got.back().error() == status::closed);
  }
}

TEST_CASE("when the heap runs out, nothing has begun", "[compose]") {
  if (!support::allocations_are_counted) return;
  const watchdog guard("the heap runs out");
  struct vector_of_tasks {
    static std::vector<task<>> prepared(int& begun) {
      std::vector<task<>> all;
      for (int i = 0; i < 3; ++i) all.push_back(says_that_it_has_begun(begun));
      return all;
    }
    static auto from(std::vector<task<>> all) { return when_all(std::move(all)); }
  };
  struct several_tasks {
    static std::vector<task<>> prepared(int& begun) { return vector_of_tasks::prepared(begun); }
    static auto from(std::vector<task<>> all) {
      return when_all(std::move(all[0]), std::move(all[1]), std::move(all[2]));
    }
  };
  struct function {
    int* begun;
    task<> operator()(const stop_token&) const { return says_that_it_has_begun(*begun); }
  };
  struct vector_of_functions {
    static std::vector<function> prepared(int& begun) { return std::vector<function>(3, function{&begun}); }
    static auto from(std::vector<function> all) { return when_all(std::move(all)); }
  };
  struct race_of_functions {
    static std::vector<function> prepared(int& begun) { return std::vector<function>(3, function{&begun}); }
    static auto from(std::vector<function> all) { return when_any(std::move(all)); }
  };
  CHECK(runs_out(vector_of_tasks()) > 2);
  CHECK(runs_out(several_tasks()) > 0);
  CHECK(runs_out(vector_of_functions()) > 2);
  CHECK(runs_out(race_of_functions()) > 2);
}

TEST_CASE("when_any: the first to succeed wins, the others are stopped and awaited", "[compose]") {
  const watchdog guard("when_any");
  run_loop loop;
  thread_pool pool(2);
  for (int round = 0; round < 50; ++round) {
    mailbox<letter> never(1);
    std::atomic<int> stopped{0};
    const auto any = [&] { return when_any(waiting(never, stopped), bringing(7), waiting(never, stopped)); };
    const auto by_loop = loop.block_on(any());
    CHECK((by_loop.index == 1 && by_loop.value == 7 && stopped == 2));
    const auto by_pool = pool.block_on(any());
    CHECK((by_pool.index == 1 && by_pool.value == 7 && stopped == 4));
  }
}

TEST_CASE("when_any of different types brings a variant", "[compose]") {
  const watchdog guard("when_any of two types");
  run_loop loop;
  mailbox<letter> inbox(1);
  auto won = loop.block_on(when_any(receiving(inbox), [](stop_token) { return word("first"); }));
  static_assert(std::is_same_v<decltype(won.value), std::variant<result<letter>, std::string>>);
  CHECK(won.index == 1);
  CHECK(std::get<1>(won.value) == "first");
  static_cast<void>(inbox.send(letter(4)));
  auto other = loop.block_on(when_any(receiving(inbox), breaking("never mind")));
  CHECK(other.index == 0);
  CHECK(std::get<0>(other.value)->number() == 4);
  const auto silent = loop.block_on(when_any([](stop_token) { return nothing(); }));
  static_assert(std::is_same_v<decltype(silent.value), std::monostate>);
  CHECK(silent.index == 0);
}

TEST_CASE("when_any: a failure does not win while another may succeed", "[compose]") {
  const watchdog guard("failures in when_any");
  run_loop loop;
  mailbox<letter> closed(1);
  closed.close();
  mailbox<letter> full(1);
  static_cast<void>(full.send(letter(9)));
  auto won = loop.block_on(when_any(receiving(closed), receiving(full)));
  CHECK((won.index == 1 && won.value->number() == 9));
  CHECK(loop.block_on(when_any(breaking("no"), bringing(2))).value == 2);

  const auto refused = [](const stop_token&) -> task<status> { co_return status::full; };
  const auto done = [](const stop_token&) -> task<status> { co_return status::ok; };
  const auto by_status = loop.block_on(when_any(refused, done));
  CHECK((by_status.index == 1 && by_status.value == status::ok));
}

TEST_CASE("when_any: if nobody succeeds it comes to what ended first", "[compose]") {
  const watchdog guard("nobody succeeds");
  run_loop loop;
  CHECK(thrown_by([&] { loop.block_on(when_any(breaking("the first"), breaking("the second"))); }) == "the first");
  mailbox<letter> closed(1);
  closed.close();
  mailbox<letter> too(1);
  too.close();
  auto lost = loop.block_on(when_any(receiving(closed), receiving(too)));
  CHECK((lost.index == 0 && lost.value.error() == status::closed));
}

TEST_CASE("when_any of futures: a broken promise does not win", "[compose]") {
  const watchdog guard("when_any of futures");
  run_loop loop;
  promise<int> broken;
  promise<int> kept;
  promise<int> late;
  std::vector<future<int>> all;
  all.push_back(broken.get_future());
  all.push_back(kept.get_future());
  all.push_back(late.get_future());
  {
    const promise<int> gone = std::move(broken);
  }
  const std::jthread keeps([mine = std::move(kept)]() mutable {
    std::this_thread::sleep_for(1ms);
    static_cast<void>(mine.set_value(5));
  });
  const auto won = loop.block_on(when_any(std::move(all)));
  CHECK((won.index == 1 && won.value.value() == 5));
  CHECK(late.set_value(1) == status::abandoned);

  promise<int> gone_too;
  auto never = gone_too.get_future();
  {
    const promise<int> gone = std::move(gone_too);
  }
  const auto lost = loop.block_on(when_any(std::move(never)));
  CHECK(lost.value.error() == status::abandoned);
}

TEST_CASE("what loses is destroyed, what was not received stays where it is", "[compose]") {
  const watchdog guard("what loses");
  const long live = letter::counts().live;
  thread_pool pool(2);
  for (int round = 0; round < 100; ++round) {
    mailbox<letter> first(1);
    mailbox<letter> second(1);
    static_cast<void>(first.send(letter(1)));
    static_cast<void>(second.send(letter(2)));
    int received = 0;
    {
      auto won = pool.block_on(when_any(receiving(first), receiving(second)));
      CHECK(won.value.has_value());
      received = won.value->number();
    }
    const bool left = received == 1 ? !first.try_receive().has_value() : !second.try_receive().has_value();
    CHECK(left);  // the winner's letter is not there any more
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("then: the function is called on the scheduler, with the value", "[compose]") {
  const watchdog guard("then");
  thread_pool pool(1);
  const auto where = pool.block_on([]() -> task<std::thread::id> { co_return std::this_thread::get_id(); }());
  for (const bool kept_before : {false, true}) {
    promise<int> question;
    auto answer = question.get_future();
    if (kept_before) static_cast<void>(question.set_value(6));
    std::thread::id called_by;
    future<std::string> words = then(std::move(answer), pool, [&called_by](int n) {
      called_by = std::this_thread::get_id();
      return std::to_string(n * 7);
    });
    if (!kept_before) static_cast<void>(question.set_value(6));
    CHECK(words.get().value() == "42");
    CHECK(called_by == where);
  }
}

TEST_CASE("then: chains, void, and what can only be moved", "[compose]") {
  const watchdog guard("a chain of thens");
  thread_pool pool(2);
  promise<void> start;
  int last = 0;
  auto end = then(then(then(start.get_future(), pool, [] { return std::make_unique<int>(20); }), pool,
                       [](std::unique_ptr<int> n) { return *n + 1; }),
                  pool, [&last](int n) { last = n; });
  static_assert(std::is_same_v<decltype(end), future<void>>);
  static_cast<void>(start.set_value());
  CHECK(end.get().has_value());
  CHECK(last == 21);
  promise<void> again;
  bool called = false;
  auto over = then(again.get_future(), pool, [&] { called = true; });
  static_cast<void>(again.set_value());
  CHECK(over.get().has_value());
}

TEST_CASE("then: a promise that is broken breaks those that follow", "[compose]") {
  const watchdog guard("a broken chain");
  thread_pool pool(2);
  std::atomic<int> calls{0};
  future<int> end;
  {
    promise<int> broken;
    end = then(then(broken.get_future(), pool, [&](int n) { return n + ++calls; }), pool,
               [&](int n) { return n + ++calls; });
  }
  CHECK(end.get().error() == status::abandoned);
  CHECK(calls == 0);
}

TEST_CASE("then: the new future may go at any time, and the function is still called", "[compose]") {
  const watchdog guard("a future that nobody asks");
  const long live = letter::counts().live;
  {
    thread_pool pool(2);
    for (int round = 0; round < 100; ++round) {
      promise<int> question;
      promise<void> called;
      auto was_called = called.get_future();
      {
        auto ignored = then(question.get_future(), pool, [mine = std::move(called)](int n) mutable {
          static_cast<void>(mine.set_value());
          return letter(n);
        });
        if (round % 2 == 0) static_cast<void>(question.set_value(1));
      }
      if (round % 2 != 0) static_cast<void>(question.set_value(1));
      CHECK(was_called.get().has_value());
    }
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("misuse of what is composed is said in a sentence", "[compose][death]") {
  const auto of_nothing = support::death_of([] {
    std::vector<future<int>> none;
    static_cast<void>(when_any(std::move(none)));
  });
  CHECK(of_nothing.saying("when_any was given nothing: there is none that could be the first"));
  const auto of_an_empty_task = support::death_of([] {
    run_loop loop;
    auto work = number(1);
    const auto other = std::move(work);
    loop.block_on(when_all(std::move(work)));  // NOLINT(bugprone-use-after-move): that is the point
  });
  CHECK(of_an_empty_task.saying("an empty task was composed: it was moved from"));
  const auto of_an_empty_future = support::death_of([] {
    run_loop loop;
    static_cast<void>(then(future<int>(), loop, [](int n) { return n; }));
  });
  CHECK(of_an_empty_future.saying("an empty future was to be followed"));
  const auto of_a_function_that_throws = support::death_of([] {
    run_loop loop;
    promise<int> p;
    auto end = then(p.get_future(), loop, [](int n) -> int { throw std::runtime_error(std::to_string(n)); });
    static_cast<void>(p.set_value(1));
    loop.stop();
    loop.run();
    loop.stop();
    loop.run();
  });
  CHECK(of_a_function_that_throws.aborted);
}
