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

#include <bit>
#include <cerrno>
#include <ctime>
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

/// The main thread's: one that has been pinned says nothing of the others.
inline int cores() noexcept {
  unsigned long mask[64] = {};  // 4,096 of them
  const int callers_errno = errno;
  const long bytes = ::syscall(SYS_sched_getaffinity, ::getpid(), sizeof mask, mask);
  errno = callers_errno;
  int count = 0;
  for (long i = 0; i * static_cast<long>(sizeof *mask) < bytes; ++i) count += std::popcount(mask[i]);
  return count > 0 ? count : 1;
}

inline void unpark_one(const void* address) noexcept {
  ::syscall(SYS_futex, address, futex::wake | futex::one_process, 1, nullptr, nullptr, 0);
}

}  // namespace tandem::inline TANDEM_ABI::platform

#endif
