// tandem/detail/mutex.hpp: the lock that guards a channel's lists of waiters.
//
// Contract   Mutual exclusion for sections of a few dozen instructions, in which no user code runs. Not recursive, not
//            fair. unlock() is one store, and the last access to the mutex: the object around it may be destroyed by
//            whoever that store let in.
// Algorithm  One word, free or held. Whoever finds it held looks again, first with pauses, then with yields, then with
//            naps that grow (pausing.hpp); nobody wakes anybody. The sections are so short that whoever finds
//            the lock held waits either for nanoseconds, or for a thread that was preempted in the middle; and then
//            giving up the core is what helps, and a kernel's wait queue would not. So unlocking need not ask whether
//            somebody sleeps, which is what makes a mutex's unlock as expensive as its lock. docs/decisions/0010 says
//            what that brings, and what it costs.
//            Who comes is quicker than who waits, and one who locks and unlocks without end nearly always is. So one
//            who has looked a few times makes a request, at each further pause, and again when it has slept. Whoever
//            comes next and sees it drops it, and stands back for a few looks before it tries. So nobody stands back
//            twice for one that is asleep, or that the kernel does not run. docs/decisions/0016.
// Invariants Whoever changed the word from free to held, and nobody else, changes it back.
// Progress   blocking.
// Order      edge L: unlock (release) -> lock (acquire), all that the lock guards
// Cost       one load and one read-modify-write to lock, one store to unlock.
// Source     [karlin-1991] for the order of pauses, yields and sleep
// Tests      tests/waiter.test.cpp, tests/model/waiter.model.cpp
#pragma once

#include <tandem/detail/pausing.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

class mutex {
 public:
  mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() noexcept {
    if (turn_.is_made() || !take()) lock_slowly();
  }
  void unlock() noexcept { held_.store(false, order::release /*L*/); }

 private:
  using order = platform::order;

  bool take() noexcept {
    bool seen = false;
    return held_.compare_exchange_strong(seen, true, order::acquire /*L*/, order::relaxed);
  }

  [[gnu::noinline]] void lock_slowly() noexcept {
    if (turn_.is_made()) stand_back();
    int hints = platform::short_poll();
    pausing after_that;
    // relaxed: only a hint that it is worth trying; the exchange decides
    while (held_.load(order::relaxed) || !take()) {
      if (hints > 0) {
        --hints;
        platform::spin_hint();
      } else {
        turn_.make();
        if (after_that.pause()) {  // who has slept looks around for a while, or it would look once a nap
          turn_.make();
          hints = platform::short_poll();
        }
      }
    }
    if (after_that.rounds() != 0) turn_.drop();
  }

  void stand_back() noexcept {
    turn_.drop();
    for (int hints = platform::short_poll(); hints > 0; --hints) platform::spin_hint();
  }

  platform::atomic<bool> held_{false};
  [[no_unique_address]] platform::request turn_;  // of one who has waited for long
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
