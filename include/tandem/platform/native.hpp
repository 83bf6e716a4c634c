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

/// When threads of this program that begin or end waits were on a core. It asks to be visible: a library that hides its
/// symbols would have one of its own, and see less.
namespace [[gnu::visibility("default")]] traces {

struct alignas(cache_line) core {
  atomic<std::uint32_t> weight;
  atomic<std::uint32_t> long_silences;  // nobody was there for longer than a dear yield takes
  atomic<clock::rep> last;
};
inline constexpr unsigned lines = 64;
inline constinit core cores[lines]{};  // they share one, if there are more

struct alignas(cache_line) askers {
  atomic<std::uint32_t> count;
};
inline constinit askers asked_for{};

// relaxed, all: only time depends on it

inline core& here() noexcept { return cores[static_cast<unsigned>(::sched_getcpu()) % lines]; }

inline void look_at_the_clock(core& here) noexcept {
  const clock::rep now = clock::now().time_since_epoch().count();
  const clock::duration silence(now - here.last.load(order::relaxed));
  here.last.store(now, order::relaxed);
  if (silence > std::chrono::nanoseconds(dear_yield()))
    here.long_silences.store(here.long_silences.load(order::relaxed) + 1, order::relaxed);
}

/// Loads and stores apart: what is lost, when this thread is moved to another core in between, is one of many.
[[gnu::noinline, gnu::cold]] inline void leave(std::uint32_t weight) noexcept {
  constexpr std::uint32_t enough = 64;
  core& core_here = here();
  const std::uint32_t before = core_here.weight.load(order::relaxed);
  core_here.weight.store(before + weight, order::relaxed);
  if ((before + weight) / enough != before / enough) look_at_the_clock(core_here);  // it takes longer than all the rest
}

}  // namespace traces

inline void leave_trace() noexcept {
  if (traces::asked_for.count.load(order::relaxed) != 0) traces::leave(16);
}
inline void leave_light_trace() noexcept {
  if (traces::asked_for.count.load(order::relaxed) != 0) traces::leave(1);
}

class lent_core {
 public:
  lent_core() noexcept : core_(traces::here()) {
    traces::asked_for.count.fetch_add(1, order::relaxed);
    traces::look_at_the_clock(core_);
    before_ = core_.long_silences.load(order::relaxed);
  }
  ~lent_core() { traces::asked_for.count.fetch_sub(1, order::relaxed); }
  lent_core(const lent_core&) = delete;
  lent_core& operator=(const lent_core&) = delete;
  bool went_to_strangers() noexcept {
    traces::look_at_the_clock(core_);
    return core_.long_silences.load(order::relaxed) != before_;
  }

 private:
  traces::core& core_;
  std::uint32_t before_;
};

inline void unpark_one(const void* address) noexcept {
  ::syscall(SYS_futex, address, futex::wake | futex::one_process, 1, nullptr, nullptr, 0);
}

}  // namespace tandem::inline TANDEM_ABI::platform

#endif
