// tandem/platform/native.hpp: the ground that this machine offers.
//
// Contract   park and unpark as platform.hpp asks. On Linux they are the futex calls; elsewhere this is portable.hpp.
// Algorithm  futex(WAIT_BITSET) sleeps only if the word still holds what the caller saw, checked by the kernel under
//            its own lock, so a change before the sleep is never missed. The deadline is absolute, on CLOCK_MONOTONIC,
//            which is what libstdc++'s and libc++'s steady_clock read.
//            futex(WAKE) uses the word's address as a key and does not read it: the word may be gone, and at worst
//            somebody who now sleeps at the same address wakes for no reason and looks again.
// Cost       one system call per park, one per unpark; nothing as long as nobody parks.
// Source     [futex]
// Tests      tests/waiter.test.cpp, and every stress test.
#pragma once

#include <tandem/platform/naming.hpp>

#if !TANDEM_HAS_NATIVE
#include <tandem/platform/portable.hpp>
#else

#if !defined(TANDEM_ABI)
#define TANDEM_ABI TANDEM_ABI_OF(v0_1_native)  // as in abi.hpp
#endif

#include <tandem/platform/standard.hpp>

#include <cerrno>
#include <ctime>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tandem::inline TANDEM_ABI::platform {

static_assert(sizeof(atomic<std::uint32_t>) == sizeof(std::uint32_t), "a futex is exactly 32 bits wide");

/// The kernel's numbers, as <linux/futex.h> has them, which would bring its types as well.
namespace futex {
inline constexpr int wake = 1, wait_bitset = 9, one_process = 128;
inline constexpr unsigned any = 0xFFFFFFFF;
}  // namespace futex

inline void park(const atomic<std::uint32_t>& word, std::uint32_t seen, clock::time_point until) noexcept {
  timespec at{};
  timespec* deadline = nullptr;
  if (until != no_deadline) {
    auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(until.time_since_epoch()).count();
    if (ns < 0) ns = 0;
    at.tv_sec = ns / 1'000'000'000;
    at.tv_nsec = ns % 1'000'000'000;
    deadline = &at;
  }
  const int callers_errno = errno;
  // Errors are all reasons to look again: EAGAIN (the word has changed), ETIMEDOUT, EINTR.
  ::syscall(SYS_futex, word.address(), futex::wait_bitset | futex::one_process, seen, deadline, nullptr, futex::any);
  errno = callers_errno;
}

inline constexpr unsigned no_core = ~0U;
inline unsigned core() noexcept {
  const int callers_errno = errno;
  const int number = ::sched_getcpu();
  errno = callers_errno;
  return number >= 0 ? static_cast<unsigned>(number) : no_core;
}

/// When threads of this program that begin or end waits, or move messages, were on a core. (A library that hides its
/// symbols has one of its own, and sees less.)
class traces {
 public:
  struct alignas(cache_line) core {
    atomic<std::uint32_t> weight;
    atomic<std::uint32_t> long_silences;  // nobody was there for longer than a dear yield takes
    atomic<clock::rep> last;

    void look_at_the_clock() noexcept;
  };
  struct alignas(cache_line) asking {
    atomic<std::uint32_t> by_so_many;
    atomic<std::uint32_t> those_who_move_messages;  // by so many of these
    atomic<clock::rep> last;
  };
  static constexpr unsigned lines = 1024;
  static core cores[lines];  // they share one, if there are more
  static asking asked_for;

  // relaxed, all: only time depends on it

  /// nullptr: nobody can say.
  static core* here() noexcept {
    const unsigned number = platform::core();
    return number != no_core ? &cores[number % lines] : nullptr;
  }

  /// Load and store apart: what is lost, when this thread is moved to another core in between, is one of many.
  [[gnu::noinline, gnu::cold]] static void leave(std::uint32_t weight) noexcept {
    core* const where = here();
    if (where == nullptr) return;
    constexpr std::uint32_t enough = 64;
    const std::uint32_t before = where->weight.load(order::relaxed);
    where->weight.store(before + weight, order::relaxed);
    if ((before + weight) / enough != before / enough) where->look_at_the_clock();  // it takes longer than all the rest
  }
};
inline constinit traces::core traces::cores[traces::lines]{};
inline constinit traces::asking traces::asked_for{};

inline void traces::core::look_at_the_clock() noexcept {
  const clock::time_point now = clock::now();
  const auto since = [now](const atomic<clock::rep>& then) {
    return now.time_since_epoch() - clock::duration(then.load(order::relaxed));
  };
  if (since(last) > std::chrono::nanoseconds(dear_yield())) long_silences.fetch_add(1, order::relaxed);
  last.store(now.time_since_epoch().count(), order::relaxed);
  // Whoever asked is not there any more: this is the child of a fork. Or a yield takes over a second: when it ends, one
  // is taken off too many, traces are left until the next look a second later, and only time has been lost.
  if (since(asked_for.last) > std::chrono::seconds(1)) {
    asked_for.by_so_many.store(0, order::relaxed);
    asked_for.those_who_move_messages.store(0, order::relaxed);
  }
}

inline void leave_trace() noexcept {
  if (traces::asked_for.by_so_many.load(order::relaxed) != 0) traces::leave(32);
}
inline bool movers_leave_traces() noexcept {
  return traces::asked_for.those_who_move_messages.load(order::relaxed) != 0;
}

class lent_core {
 public:
  explicit lent_core(bool asks_those_who_move_messages) noexcept
      : core_(traces::here()), asks_all_(asks_those_who_move_messages) {
    traces::asked_for.last.store(clock::now().time_since_epoch().count(), order::relaxed);
    traces::asked_for.by_so_many.fetch_add(1, order::relaxed);
    if (asks_all_) traces::asked_for.those_who_move_messages.fetch_add(1, order::relaxed);
    if (core_ == nullptr) return;
    core_->look_at_the_clock();
    before_ = core_->long_silences.load(order::relaxed);
  }
  ~lent_core() {
    traces::asked_for.by_so_many.fetch_sub(1, order::relaxed);
    if (asks_all_) traces::asked_for.those_who_move_messages.fetch_sub(1, order::relaxed);
  }
  lent_core(const lent_core&) = delete;
  lent_core& operator=(const lent_core&) = delete;
  /// Not if this thread was moved to another core: what happened on the old one since then is not known.
  bool can_be_told() const noexcept { return core_ != nullptr && core_ == traces::here(); }
  bool went_to_strangers() noexcept {
    core_->look_at_the_clock();
    return core_->long_silences.load(order::relaxed) != before_;
  }

 private:
  traces::core* core_;
  bool asks_all_;
  std::uint32_t before_ = 0;
};

inline void unpark_one(const void* address) noexcept {
  ::syscall(SYS_futex, address, futex::wake | futex::one_process, 1, nullptr, nullptr, 0);
}

}  // namespace tandem::inline TANDEM_ABI::platform

#endif
