// The contract of thread.hpp: threads that join and stop, sleeping, atomics and cells, on the library's own ground.
#include <tandem/thread.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include <unistd.h>

#include <tandem/async/mailbox.hpp>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::watchdog;
using tandem::memory_order;

// --- thread ----------------------------------------------------------------------------------------------------------

TEST_CASE("a thread is joined at the end of its scope, and what it did comes before what follows", "[thread]") {
  const watchdog guard("a thread that is joined");
  static_assert(!std::is_copy_constructible_v<tandem::thread> && std::is_move_constructible_v<tandem::thread>);
  for (int round = 0; round < 100; ++round) {
    tandem::cell<int> done;
    {
      const tandem::thread worker([&done, round] { done = round + 1; });
    }
    REQUIRE(done == round + 1);
  }
}

TEST_CASE("a thread takes arguments, may be joined early, and kept in a container", "[thread]") {
  const watchdog guard("threads in a vector");
  std::vector<int> found(3, 0);
  std::vector<tandem::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([](int& mine, int number) { mine = number; }, std::ref(found[static_cast<std::size_t>(i)]), i);
  }
  for (tandem::thread& t : threads) t.join();
  CHECK(found == std::vector<int>{0, 1, 2});
  CHECK_FALSE(threads.front().joinable());
}

TEST_CASE("a thread is asked to stop at the end of its scope, by the token that it was given", "[thread]") {
  const watchdog guard("a thread that waits to be stopped");
  tandem::mailbox<int> box(1);
  tandem::cell<int> ending;
  {
    const tandem::thread waiting([&](const tandem::stop_token& stop) { ending = box.receive(stop).error().value(); });
  }
  CHECK(ending == tandem::status::stopped);
}

// --- stop ------------------------------------------------------------------------------------------------------------

TEST_CASE("a stop that is requested once is seen by every token, and runs each callback once", "[thread]") {
  tandem::stop_source source;
  const tandem::stop_token before = source.get_token();
  int calls = 0;
  const auto count = [&calls]() noexcept { ++calls; };
  const tandem::stop_callback<decltype(count)> early(before, count);
  CHECK_FALSE(before.stop_requested());
  CHECK(source.request_stop());
  CHECK_FALSE(source.request_stop());
  CHECK(before.stop_requested());
  CHECK(calls == 1);
  const tandem::stop_callback<decltype(count)> late(source.get_token(), count);
  CHECK(calls == 2);
}

// --- looking again and again ---------------------------------------------------------------------------------------

TEST_CASE("a thread that waits for another by looking lets it go first", "[thread]") {
  const watchdog guard("a thread that looks again and again");
  static_assert(noexcept(tandem::yield()));
  for (int round = 0; round < 100; ++round) {
    tandem::atomic<int> done{0};
    const tandem::thread other([&] { done.store(1, memory_order::release); });
    while (done.load(memory_order::acquire) == 0) tandem::yield();
  }
}

// --- time ------------------------------------------------------------------------------------------------------------

TEST_CASE("the clock is the one that deadlines are measured by, and never goes back", "[thread]") {
  static_assert(tandem::clock::is_steady);
  static_assert(std::is_same_v<tandem::clock, tandem::platform::clock>);
  const auto first = tandem::clock::now();
  CHECK(tandem::clock::now() >= first);
}

TEST_CASE("nobody sleeps too little", "[thread]") {
  const watchdog guard("short sleeps");
  const auto sleeps = [](auto patience) {
    const auto until = tandem::clock::now() + patience;
    tandem::sleep_for(patience);
    CHECK(tandem::clock::now() >= until);
  };
  sleeps(2ms);
  sleeps(50us);
  sleeps(std::chrono::duration<double, std::milli>(0.25));
  const auto alarm = tandem::clock::now() + 2ms;
  tandem::sleep_until(alarm);
  CHECK(tandem::clock::now() >= alarm);
  // an instant in coarser ticks than the clock's
  const auto coarse = std::chrono::ceil<std::chrono::milliseconds>(tandem::clock::now() + 1ms);
  tandem::sleep_until(coarse);
  CHECK(tandem::clock::now() >= coarse);
}

TEST_CASE("a sleep that makes no sense, or is over already, ends at once", "[thread]") {
  const watchdog guard("sleeps that are none");
  tandem::sleep_for(0s);
  tandem::sleep_for(-1h);
  tandem::sleep_for(std::chrono::hours::min());
  tandem::sleep_for(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
  tandem::sleep_for(std::chrono::duration<double>(-std::numeric_limits<double>::infinity()));
  tandem::sleep_until(tandem::clock::now() - 1h);
  tandem::sleep_until(tandem::clock::time_point::min());
  tandem::sleep_until(std::chrono::time_point<tandem::clock, std::chrono::hours>::min());
  SUCCEED();
}

TEST_CASE("a sleep too long for the clock does not overflow into a short one", "[thread][death]") {
  const auto sleeps_on = [](auto sleep) {
    // an alarm ends the child while it sleeps; a child that woke before would say so
    const auto end = support::death_of([sleep] {
      ::ualarm(30'000, 0);
      sleep();
      std::fputs("it woke", stderr);
    });
    CHECK(end.said.empty());
  };
  sleeps_on([] { tandem::sleep_for(std::chrono::hours::max()); });
  sleeps_on([] { tandem::sleep_for(std::chrono::nanoseconds::max()); });
  sleeps_on([] { tandem::sleep_for(std::chrono::duration<double>(std::numeric_limits<double>::infinity())); });
  sleeps_on([] { tandem::sleep_until(tandem::clock::time_point::max()); });
  sleeps_on([] { tandem::sleep_until(std::chrono::time_point<tandem::clock, std::chrono::hours>::max()); });
}

// --- what threads share ----------------------------------------------------------------------------------------------

template <class Atomic>
concept has_a_default_order = requires(Atomic& a) { a.load(); } || requires(Atomic& a) { a.store(1); };

TEST_CASE("an atomic is zero unless initialised, and each access says its order", "[thread]") {
  static_assert(!has_a_default_order<tandem::atomic<int>>);
  static_assert(!std::is_convertible_v<tandem::atomic<int>, int>);
  tandem::atomic<int> n;
  CHECK(n.load(memory_order::seq_cst) == 0);
  n.store(5, memory_order::relaxed);
  CHECK(n.exchange(6, memory_order::acq_rel) == 5);
  CHECK(n.fetch_add(4, memory_order::relaxed) == 6);
  CHECK(n.fetch_sub(2, memory_order::relaxed) == 10);
  CHECK(n.fetch_or(1, memory_order::relaxed) == 8);
  int expected = 8;
  CHECK_FALSE(n.compare_exchange_strong(expected, 1, memory_order::acq_rel, memory_order::acquire));
  CHECK(expected == 9);
  CHECK(n.compare_exchange_strong(expected, 1, memory_order::acq_rel, memory_order::acquire));
  CHECK(n.load(memory_order::acquire) == 1);
}

TEST_CASE("no addition to an atomic is lost", "[thread]") {
  tandem::atomic<std::uint32_t> n{0};
  {
    std::vector<tandem::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&n] {
        for (int i = 0; i < 10'000; ++i) n.fetch_add(1, memory_order::relaxed);
      });
    }
  }
  CHECK(n.load(memory_order::relaxed) == 40'000);
}

TEST_CASE("a cell begins as nothing, reads as its value and is assigned one, and is not copied", "[thread]") {
  using number = tandem::cell<int>;
  static_assert(std::is_convertible_v<const number&, int>);
  static_assert(!std::is_copy_constructible_v<number> && !std::is_copy_assignable_v<number>);
  static_assert(std::is_nothrow_assignable_v<number&, int>);
  number n;
  CHECK(n == 0);
  n = 3;
  CHECK(n == 3);
  n = n + 1;
  CHECK(n.exchange(7) == 4);
  CHECK(n == 7);
  constexpr number ready{9};
  static_assert(ready == 9);
  const tandem::cell<bool> no;
  CHECK_FALSE(no);
}

TEST_CASE("a cell with a pointer in it is used like one", "[thread]") {
  struct node {
    int value = 0;
    tandem::cell<node*> next;
  };
  node last{2, {}};
  node first{1, tandem::cell<node*>(&last)};
  CHECK(first.next->value == 2);
  CHECK(first.next->next == nullptr);
  CHECK(first.next.exchange(nullptr) == &last);
  CHECK(first.next == nullptr);
}

TEST_CASE("a cell is carried from thread to thread by a release and an acquire", "[thread]") {
  const watchdog guard("a cell that is published");
  for (int round = 1; round <= 200; ++round) {
    tandem::cell<int> score;
    tandem::atomic<bool> known{false};
    const tandem::thread referee([&] {
      score = round;
      known.store(true, memory_order::release);
    });
    while (!known.load(memory_order::acquire)) tandem::sleep_for(1us);
    REQUIRE(score == round);
  }
}
