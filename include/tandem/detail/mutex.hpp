// tandem/detail/mutex.hpp: the lock that guards a channel's lists of waiters.
//
// Contract   Mutual exclusion for sections of a few dozen instructions, in which no user code runs. Not recursive, not
//            fair. unlock() is one store, and the last access to the mutex: the object around it may be destroyed by
//            whoever that store let in.
// Algorithm  One word, free or held. Whoever finds it held looks again, first with pauses, then with yields, then with
//            naps, which grow from 20 us to 1 ms; nobody wakes anybody. The sections are so short that whoever finds
//            the lock held waits either for nanoseconds, or for a thread that was preempted in the middle; and then
//            giving up the core is what helps, and a kernel's wait queue would not. So unlocking need not ask whether
//            somebody sleeps, which is what makes a mutex's unlock as expensive as its lock. docs/decisions/0010 says
//            what that brings, and what it costs.
// Invariants Whoever changed the word from free to held, and nobody else, changes it back.
// Progress   blocking.
// Order      edge L: unlock (release) -> lock (acquire), all that the lock guards
// Cost       one read-modify-write to lock, one store to unlock.
// Source     [karlin-1991] for the order of pauses, yields and sleep
// Tests      tests/waiter.test.cpp, tests/model/waiter.model.cpp
#pragma once

#include <chrono>

#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

class mutex {
 public:
  mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() noexcept {
    if (!take()) lock_slowly();
  }
  void unlock() noexcept { held_.store(false, order::release /*L*/); }

 private:
  using order = platform::order;

  bool take() noexcept {
    bool seen = false;
    return held_.compare_exchange_strong(seen, true, order::acquire /*L*/, order::relaxed);
  }

  [[gnu::noinline]] void lock_slowly() noexcept {
    const int pauses = platform::short_poll();
    const int yields = 2 * pauses;
    auto nap = std::chrono::microseconds(20);
    // relaxed: only a hint that it is worth trying; the exchange decides
    for (int looks = 1; held_.load(order::relaxed) || !take(); ++looks) {
      if (looks <= pauses) {
        platform::spin_hint();
      } else if (looks <= yields) {
        platform::yield();
      } else {
        platform::doze(nap);
        if (nap < std::chrono::milliseconds(1)) nap *= 2;
        looks = yields;
      }
    }
  }

  platform::atomic<bool> held_{false};
};

/// Holds a mutex for a scope: one of these, or a one_threads_mutex (unshared.hpp).
template <class Mutex>
class scoped_lock {
 public:
  explicit scoped_lock(Mutex& m) noexcept : mutex_(m) { mutex_.lock(); }
  ~scoped_lock() { mutex_.unlock(); }
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
