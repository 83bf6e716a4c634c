// Whoever waits for somebody that is half-way through a step sleeps, in the end: only so does a thread of real-time
// priority let one of lesser priority get there.
#include <tandem/detail/pausing.hpp>

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <tandem/tandem.hpp>

#include "support/catch.hpp"
#include "support/coroutines.hpp"
#include "support/messages.hpp"
#include "support/pin.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::watchdog;
using tandem::detail::pausing;

namespace {

/// A message whose move stands still half-way, as if its thread had been preempted there.
class held_up {
 public:
  explicit held_up(int number) : number_(number) {}
  held_up(held_up&& other) noexcept : number_(std::exchange(other.number_, -1)) {
    if (!stands_still.exchange(false)) return;
    half_way = true;
    while (!goes_on) {
      if (sleeps) std::this_thread::sleep_for(1ms);
    }
  }
  int number() const { return number_; }

  static void arrange(bool asleep) {
    stands_still = true;
    half_way = goes_on = false;
    sleeps = asleep;
  }
  static inline std::atomic<bool> stands_still{false};  // the next move does
  static inline std::atomic<bool> half_way{false};
  static inline std::atomic<bool> goes_on{false};
  static inline std::atomic<bool> sleeps{true};

 private:
  int number_;
};

pid_t this_task() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

/// How often that thread has gone to sleep.
long sleeps_of(pid_t task) {
  std::ifstream status("/proc/self/task/" + std::to_string(task) + "/status");
  const std::string label = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(label)) return std::stol(line.substr(label.size()));
  }
  return -1;
}

/// Lets the one who stands still go on when `task` has slept a few times from now on, or after two seconds.
bool sleeps_a_few_times(pid_t task) {
  const long before = sleeps_of(task);
  bool slept = false;
  for (int i = 0; i < 2000 && !slept; ++i) {
    std::this_thread::sleep_for(1ms);
    slept = sleeps_of(task) >= before + 5;
  }
  held_up::goes_on = true;
  return slept;
}

void wait_until(const std::atomic<bool>& flag) {
  while (!flag) std::this_thread::sleep_for(1ms);
}

}  // namespace

TEST_CASE("pausing yields a few times, and sleeps from then on, longer each time but not for ever longer",
          "[pausing]") {
  const watchdog guard("pausing");
  const pid_t me = this_task();
  const long at_first = sleeps_of(me);
  pausing waiting;
  for (int i = 0; i < 100; ++i) waiting.pause();
  CHECK(sleeps_of(me) - at_first >= 100 - tandem::platform::short_poll());
  CHECK(waiting.rounds() == 100);
  for (int i = 0; i < 200; ++i) waiting.pause();
  CHECK(waiting.rounds() == 255);

  const long before = sleeps_of(me);
  pausing goes_on(waiting.rounds());
  goes_on.pause();
  pausing::without_yields().pause();
  CHECK(sleeps_of(me) - before >= 2);
}

TEST_CASE("whoever does not yield since that was dear sleeps at once", "[pausing]") {
  const watchdog guard("pausing while yields are banned");
  // on a thread of its own, which takes what it has learned with it
  long slept = 0;
  std::thread([&slept] {
    const support::pinned_to one(support::core_number(0));  // it is banned on the core where it was dear
    using tandem::detail::patience;
    tandem::platform::per_thread<patience>().no_yields.begin(tandem::platform::clock::now(), 1h);
    const long before = sleeps_of(this_task());
    pausing waiting;
    for (int i = 0; i < 5; ++i) waiting.pause();
    slept = sleeps_of(this_task()) - before;
  }).join();
  CHECK(slept >= 5);
}

TEST_CASE("a coroutine that waits for a slot that is half-way sleeps between two looks", "[pausing]") {
  const watchdog guard("a coroutine and a slot that is half-way");
  tandem::mailbox<held_up> box(2);
  held_up::arrange(true);
  std::jthread sender([&] { static_cast<void>(box.send(held_up(1))); });
  wait_until(held_up::half_way);
  std::atomic<bool> slept{false};
  std::jthread other([&, me = this_task()] { slept = sleeps_a_few_times(me); });
  tandem::run_loop loop;
  SECTION("co_receive") {
    CHECK(loop.block_on([](auto& from) -> tandem::task<int> {
      const auto got = co_await from.co_receive();
      co_return got->number();
    }(box)) == 1);
  }
  SECTION("co_select") {
    CHECK(loop.block_on([](auto& from) -> tandem::task<int> {
      auto arm = tandem::receive_from(from);
      static_cast<void>(co_await tandem::co_select(arm));
      const auto got = arm.result();
      co_return got->number();
    }(box)) == 1);
  }
  SECTION("a selector") {
    CHECK(loop.block_on([](auto& from) -> tandem::task<int> {
      int number = 0;
      tandem::selector all;
      all.add(tandem::receive_from(from, [&](auto got) { number = got->number(); }));
      static_cast<void>(co_await all.co_select());
      co_return number;
    }(box)) == 1);
  }
  other.join();
  CHECK(slept);
}

TEST_CASE("a coroutine that finds a slot half-way again and again remembers how often it has paused", "[pausing]") {
  const watchdog guard("a coroutine and a slot that stays half-way");
  using support::eventful;
  // on a thread of its own, which has learned nothing of yields
  std::thread([] {
    tandem::mailbox<eventful> box(2);
    support::by_hand where;
    auto receiver = support::party_of(where, [&] { return box.co_receive(); });
    long slept = 0;
    eventful::in_the_middle = [&] {
      const long before = sleeps_of(this_task());
      receiver.start();
      for (int i = 1; i < 100; ++i) where.run_one();
      slept = sleeps_of(this_task()) - before;
    };
    CHECK(box.try_send(eventful(7)));
    CHECK(where.run() == 1);
    CHECK(receiver.outcome()->number() == 7);
    CHECK(slept >= 100 - tandem::platform::short_poll());
  }).join();
}

TEST_CASE("a loop that takes back what somebody is about to post sleeps between two looks", "[pausing]") {
  const watchdog guard("a loop that takes back");
  tandem::rendezvous<held_up> across;
  std::atomic<bool> slept{false};
  tandem::run_loop loop;
  loop.block_on([](auto& channel, auto& l, std::atomic<bool>& told) -> tandem::task<> {
    auto receiver = support::party_of(l, [&] { return channel.co_receive(); });
    receiver.start();
    held_up::arrange(true);
    std::jthread sender([&] { static_cast<void>(channel.send(held_up(1))); });
    wait_until(held_up::half_way);
    std::jthread other([&told, me = this_task()] { told = sleeps_a_few_times(me); });
    receiver.destroy();
    co_return;
  }(across, loop, slept));
  CHECK(slept);
}

TEST_CASE("a coroutine on a thread of real-time priority lets a preempted sender on its core get there", "[pausing]") {
  const watchdog guard("real-time priority");
  const support::pinned_to one_core(support::present_core());
  tandem::mailbox<held_up> box(2);
  held_up::arrange(false);
  std::jthread sender([&] { static_cast<void>(box.send(held_up(1))); });
  wait_until(held_up::half_way);

  std::atomic<bool> is_real_time{false};
  std::atomic<int> received{0};
  std::atomic<long> milliseconds{0};
  std::jthread receiver([&] {
    sched_param priority{};
    priority.sched_priority = 1;
    is_real_time = pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority) == 0;
    const auto cpu_time = [] {
      timespec used{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
      return used.tv_sec * 1000 + used.tv_nsec / 1'000'000;
    };
    const auto before = cpu_time();
    held_up::goes_on = true;  // as soon as it gets the core
    tandem::run_loop loop;
    received = loop.block_on([](auto& from) -> tandem::task<int> {
      const auto got = co_await from.co_receive();
      co_return got->number();
    }(box));
    milliseconds = cpu_time() - before;
  });
  receiver.join();
  CHECK(received == 1);
  if (is_real_time) {
    CHECK(milliseconds < 500);  // without a nap the kernel ends it, after 950
  } else {
    WARN("nobody may ask for real-time priority here: it was tried without");
  }
}
