// The lab's ground: what platform.hpp asks of every ground, inside of an execution, and outside of one.
#include <tandem/lab/platform.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/lab/lab.hpp>

#include "support/catch.hpp"
#include "support/death.hpp"

using namespace std::chrono_literals;
namespace lab = tandem::lab;
namespace platform = tandem::platform;
using order = platform::order;

namespace {

template <class Body>
void holds(const Body& body) {
  const lab::report report = lab::explore(body);
  INFO(report.summary());
  CHECK(report.passed());
  CHECK(report.exhausted);
}

template <class Body>
void fails(const Body& body, lab::problem what, const std::string& words) {
  const lab::report report = lab::explore(body);
  INFO(report.summary());
  CHECK(report.what == what);
  CHECK(report.text.find(words) != std::string::npos);
}

/// Each operation of an atomic, once: what it returns, and what is there afterwards.
bool operations_are_right() {
  platform::atomic<std::uint32_t> word{5};
  bool right = word.load(order::relaxed) == 5;
  word.store(6, order::release);
  right = right && word.exchange(7, order::acq_rel) == 6 && word.load(order::acquire) == 7;
  right = right && word.fetch_add(3, order::relaxed) == 7 && word.fetch_sub(2, order::relaxed) == 10;
  right = right && word.fetch_or(0x10, order::seq_cst) == 8 && word.load(order::seq_cst) == 0x18;
  std::uint32_t seen = 1;
  right = right && !word.compare_exchange_strong(seen, 2, order::acq_rel, order::acquire) && seen == 0x18;
  right =
      right && word.compare_exchange_strong(seen, 2, order::acq_rel, order::acquire) && word.load(order::relaxed) == 2;
  seen = 1;
  right = right && !word.compare_exchange_weak(seen, 3, order::relaxed, order::relaxed) && seen == 2;
  while (!word.compare_exchange_weak(seen, 3, order::relaxed, order::relaxed)) {
  }
  right = right && word.load(order::relaxed) == 3 && word.address() == static_cast<const void*>(&word);

  platform::atomic<std::uint8_t> small{255};
  return right && small.fetch_add(1, order::relaxed) == 255 && small.load(order::relaxed) == 0;
}

struct two_halves {
  std::uint32_t low;
  std::int32_t high;
};

bool values_come_back() {
  platform::atomic<bool> flag;
  platform::atomic<const char*> text{"text"};
  platform::atomic<two_halves> both{two_halves{1, -1}};
  platform::atomic<std::int64_t> least{(std::numeric_limits<std::int64_t>::min)()};
  return !flag.load(order::relaxed) && !flag.exchange(true, order::relaxed) && flag.load(order::relaxed) &&
         *text.load(order::relaxed) == 't' && both.load(order::relaxed).high == -1 &&
         least.load(order::relaxed) == (std::numeric_limits<std::int64_t>::min)();
}

bool cells_keep_values() {
  platform::cell<int> number;
  platform::cell<int*> pointer(nullptr);
  int pointed_to = 4;
  const bool empty = number == 0;
  number = 1;
  pointer = &pointed_to;
  return empty && number.exchange(2) == 1 && number == 2 && *static_cast<int*>(pointer) == 4;
}

constinit platform::atomic<int> static_atomic{3};

}  // namespace

// --- outside of an execution -----------------------------------------------------------------------------------------

TEST_CASE("outside of an execution atomics and cells are plain variables") {
  CHECK(operations_are_right());
  CHECK(values_come_back());
  CHECK(cells_keep_values());
  CHECK(static_atomic.load(order::seq_cst) == 3);
}

TEST_CASE("outside of an execution no time passes, and nobody is waited for") {
  CHECK(platform::clock::now().time_since_epoch() == 0ns);
  platform::yield();
  platform::spin_hint();
  platform::doze(1us);
  CHECK(platform::clock::now().time_since_epoch() == 0ns);
  platform::atomic<std::uint32_t> word{0};
  platform::unpark_one(word.address());
  CHECK(platform::this_thread() == platform::this_thread());
  platform::per_thread<int>() = 7;
  CHECK(platform::per_thread<int>() == 7);
}

TEST_CASE("outside of an execution whoever would have to wait ends the program, with a sentence") {
  const auto parks = support::death_of([] {
    const platform::atomic<std::uint32_t> word{0};
    platform::park(word, 0, platform::no_deadline);
  });
  CHECK(parks.saying("a thread parks outside of an execution"));
  const auto sleeps = support::death_of([] { platform::sleep_until(platform::clock::time_point(1s)); });
  CHECK(sleeps.saying("a thread sleeps outside of an execution"));
  const auto reads = support::death_of([] {
    const platform::cell<int> nothing{platform::unset};
    static_cast<void>(static_cast<int>(nothing));
  });
  CHECK(reads.saying("a cell was read before it was given a value"));
  const auto dies = support::death_of([] { platform::die("a sentence"); });
  CHECK(dies.saying("tandem: a sentence"));
  CHECK(dies.in_one_sentence());
}

// --- inside ----------------------------------------------------------------------------------------------------------

TEST_CASE("in an execution the same operations have the same results") {
  holds([] {
    lab::check(operations_are_right(), "operations");
    lab::check(values_come_back(), "values");
    lab::check(cells_keep_values(), "cells");
  });
}

TEST_CASE("an atomic that was there before begins each execution with the value that it had then") {
  platform::atomic<int> before{1};
  holds([&before] { lab::check(before.exchange(2, order::relaxed) == 1, "as it was"); });
  CHECK(before.load(order::relaxed) == 1);
}

TEST_CASE("time begins at 0 in each execution, and passes when everybody waits") {
  const auto now = [] { return platform::clock::now().time_since_epoch(); };
  holds([&now] {
    lab::check(now() == 0ns, "the beginning");
    platform::sleep_until(platform::clock::time_point(24h));
    lab::check(now() == 24h, "a day later");
    const platform::atomic<std::uint32_t> word{0};
    while (now() < 25h) platform::park(word, 0, platform::clock::time_point(25h));  // it may return for no reason
    lab::check(now() == 25h, "the deadline");
  });
}

TEST_CASE("whoever parks wakes when it is unparked, and does not sleep if the word has changed") {
  holds([] {
    platform::atomic<std::uint32_t> word{0};
    const platform::thread waker = lab::spawn("waker", [&word] {
      word.store(1, order::release);
      platform::unpark_one(word.address());
    });
    while (word.load(order::acquire) == 0) platform::park(word, 0, platform::no_deadline);
    platform::park(word, 0, platform::no_deadline);  // returns at once
  });
  fails(
      [] {
        platform::atomic<std::uint32_t> word{0};
        const platform::thread waker = lab::spawn("waker", [&word] { word.store(1, order::release); });
        while (word.load(order::acquire) == 0) platform::park(word, 0, platform::no_deadline);
      },
      lab::problem::deadlock, "nobody can go on");
}

TEST_CASE("what is per thread is new for each thread, in each execution") {
  holds([] {
    lab::check(std::exchange(platform::per_thread<int>(), 1) == 0, "main's own");
    const void* const main = platform::this_thread();
    const void* other = nullptr;
    platform::thread one = lab::spawn("one", [&other] {
      lab::check(std::exchange(platform::per_thread<int>(), 2) == 0, "its own");
      other = platform::this_thread();
    });
    one.join();
    lab::check(platform::per_thread<int>() == 1, "main's, still");
    lab::check(main == platform::this_thread() && other != main, "one address for each");
    lab::check(platform::this_threads_id() != one.get_id(), "one number for each");
  });
}

TEST_CASE("a holder says which thread has something, and who had it before") {
  holds([] {
    platform::holder who;
    lab::check(!who.is_here(), "nobody, at first");
    lab::check(who.change(platform::this_thread()) == nullptr && who.is_here(), "main has it");
    platform::thread one = lab::spawn("one", [&who] { lab::check(!who.is_here(), "not this one"); });
    one.join();
    lab::check(who.change(nullptr) == platform::this_thread() && !who.is_here(), "nobody again");
  });
}

TEST_CASE("sixteen threads run in one execution, and no more") {
  const auto with = [](int threads) {
    return [threads] {
      std::vector<platform::thread> all;
      for (int i = 1; i < threads; ++i) all.push_back(lab::spawn("one", [] {}));
    };
  };
  lab::options few;
  few.preemptions = 0;
  few.executions = 10;
  CHECK(lab::explore(few, with(16)).passed());
  const lab::report too_many = lab::explore(few, with(17));
  CHECK(too_many.what == lab::problem::misuse);
  CHECK(too_many.text.find("at most 16 threads") != std::string::npos);
}

// --- what is wrong ---------------------------------------------------------------------------------------------------

TEST_CASE("a race on a cell is a failure, and so is reading one that has no value") {
  fails(
      [] {
        platform::cell<int> shared;
        const platform::thread one = lab::spawn("one", [&shared] { shared = 1; });
        shared = 2;
      },
      lab::problem::race, "race");
  fails(
      [] {
        const platform::cell<int> nothing{platform::unset};
        lab::check(nothing == 0, "never said");
      },
      lab::problem::misuse, "a cell was read before it was given a value");
}

TEST_CASE("a race on a message is a failure, if the places are told") {
  fails(
      [] {
        int message = 0;
        platform::plain_new(&message);
        const platform::thread one = lab::spawn("one", [&message] { platform::plain_write(&message); });
        platform::plain_write(&message);
      },
      lab::problem::race, "race");
}

TEST_CASE("a broken precondition is a failure of the execution, not the end of the program") {
  fails([] { platform::die("a precondition"); }, lab::problem::misuse, "a precondition");
}
