// The limits of a rendezvous: one atomic flag a direction beside a plain value, one sender, one receiver, and nothing
// else (no closing, no timeout, no third party). What differs is only how it waits.
#pragma once

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include "../support/scenario.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace bench {

using flag = std::atomic<std::uint32_t>;

inline void relax_the_core() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

/// Never gives the core away. Without the pause the round trip is no faster, and the stream takes twice as long.
struct by_spinning {
  static constexpr std::string_view name = "raw_spin";
  static constexpr waiting how_it_waits = waiting::spins;
  static void until(const flag& watched, std::uint32_t wanted) noexcept {
    while (watched.load(std::memory_order_acquire) != wanted) {
      relax_the_core();
    }
  }
  static void announce(flag& watched, std::uint32_t state) noexcept { watched.store(state, std::memory_order_release); }
};

/// Looks, yields, looks again.
struct by_yielding {
  static constexpr std::string_view name = "raw_yield";
  static constexpr waiting how_it_waits = waiting::yields;
  static void until(const flag& watched, std::uint32_t wanted) noexcept {
    while (watched.load(std::memory_order_acquire) != wanted) {
      ::sched_yield();
    }
  }
  static void announce(flag& watched, std::uint32_t state) noexcept { watched.store(state, std::memory_order_release); }
};

/// Sleeps at once, and always calls the kernel to wake.
struct by_futex {
  static constexpr std::string_view name = "raw_futex";
  static constexpr waiting how_it_waits = waiting::parks;
  static void until(const flag& watched, std::uint32_t wanted) noexcept {
    for (std::uint32_t seen = watched.load(std::memory_order_acquire); seen != wanted;
         seen = watched.load(std::memory_order_acquire)) {
      ::syscall(SYS_futex, &watched, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
    }
  }
  static void announce(flag& watched, std::uint32_t state) noexcept {
    watched.store(state, std::memory_order_release);
    ::syscall(SYS_futex, &watched, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
};

/// The receiver invites (flag 0), the sender writes and answers (flag 1). So a send that returns has met its receiver,
/// and need not wait for an acknowledgement. (Waiting for one is as fast in a stream, and slower in a round trip.)
template <class T, class Wait>
class raw_hand_off {
 public:
  static constexpr std::string_view name = Wait::name;
  static constexpr waiting how_it_waits = Wait::how_it_waits;
  static constexpr bool serves_many = false;

  bool send(const T& message) noexcept {
    Wait::until(state_, invited);
    value_ = message;
    Wait::announce(state_, filled);
    return true;
  }
  bool receive(T& message) noexcept {
    Wait::announce(state_, invited);
    Wait::until(state_, filled);
    message = value_;
    return true;
  }

 private:
  static constexpr std::uint32_t invited = 0, filled = 1;
  flag state_{filled};
  T value_;
};

}  // namespace bench
