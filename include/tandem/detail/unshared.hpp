// tandem/detail/unshared.hpp: what stands in for atomics and locks in a channel that only one thread uses.
//
// Contract   unshared<T> has the operations of platform::atomic<T> that a channel uses, and one_threads_mutex those of
//            mutex (mutex.hpp), so that a primitive is written once. Neither keeps anybody out: a channel belongs to
//            the thread that first uses it, and keep_others_out() ends the program with a sentence when another one
//            comes. (One that was started after that thread had ended may look like it, and is let in.)
//            On a platform that explores schedules, or under a sanitizer, two threads here are a race besides.
// Cost       an unshared is a plain T; a check is one load and one comparison.
// Tests      tests/confinement.test.cpp
#pragma once

#include <tandem/detail/contract.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// As platform::atomic, for one thread.
template <class T>
class unshared {
 public:
  constexpr unshared() noexcept = default;
  constexpr explicit unshared(T initial) noexcept : value_(initial) {}

  T load(platform::order) const noexcept { return value_; }
  void store(T desired, platform::order) noexcept { value_ = desired; }
  bool compare_exchange_weak(T& expected, T desired, platform::order, platform::order) noexcept {
    const T seen = value_;
    if (seen != expected) {
      expected = seen;
      return false;
    }
    value_ = desired;
    return true;
  }
  T fetch_or(T operand, platform::order) noexcept { return value_.exchange(value_ | operand); }

 private:
  platform::cell<T> value_;
};

/// As mutex, for one thread: it locks nothing.
class one_threads_mutex {
 public:
  one_threads_mutex() noexcept = default;
  one_threads_mutex(const one_threads_mutex&) = delete;
  one_threads_mutex& operator=(const one_threads_mutex&) = delete;

  void lock() noexcept { keep_others_out(); }
  void unlock() noexcept {}

  void keep_others_out() noexcept {
    const void* const here = platform::this_thread();
    if (owner_ != here) take_over(here);
  }

 private:
  [[gnu::noinline]] void take_over(const void* here) noexcept {
    demand(owner_ == nullptr, "a channel of one thread (one_thread) was used by another thread");
    owner_ = here;
  }

  platform::cell<const void*> owner_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
