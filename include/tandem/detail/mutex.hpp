// tandem/detail/mutex.hpp: the lock that guards a channel's lists of waiters.
//
// Contract   Mutual exclusion for sections of a few dozen instructions, in which no user code runs. Not recursive, not
//            fair. unlock() touches the mutex last in one atomic exchange; after it, only its address is used: the
//            object around it may be destroyed by whoever that exchange let in.
// Algorithm  One word:
//
//                free --lock--> held --somebody has to sleep--> contended
//                 ^              |                                  |
//                 +----unlock----+------------unlock + wake one-----+
//
//            Whoever has slept takes the lock as `contended`, since it cannot know whether others still sleep; at worst
//            one wake-up goes to nobody.
// Invariants Somebody parked on the word implies that the word is `contended`, or that one who was woken, and will set
//            it to `contended` again, is on its way.
// Progress   blocking.
// Order      edge L: unlock (release) -> lock (acquire), all that the lock guards
// Cost       one read-modify-write to lock, one to unlock.
// Source     [drepper-2011], its third mutex
// Tests      tests/waiter.test.cpp
#pragma once

#include <cstdint>

#include <tandem/detail/backoff.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

class mutex {
 public:
  mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() noexcept {
    std::uint32_t seen = free;
    if (!word_.compare_exchange_strong(seen, held, order::acquire /*L*/, order::relaxed)) lock_slowly();
  }

  void unlock() noexcept {
    const void* const address = word_.address();  // before the exchange: after it there may be no word
    if (word_.exchange(free, order::release /*L*/) == contended) platform::unpark_one(address);
  }

 private:
  using order = platform::order;
  static constexpr std::uint32_t free = 0;
  static constexpr std::uint32_t held = 1;
  static constexpr std::uint32_t contended = 2;

  /// What a thread has learned about locks is not what it has learned about partners.
  struct lock_patience : patience {};

  [[gnu::noinline]] void lock_slowly() noexcept {
    const auto taken = [this] {
      // relaxed: only a hint that it is worth trying; the exchange decides
      std::uint32_t seen = word_.load(order::relaxed);
      return seen == free && word_.compare_exchange_strong(seen, held, order::acquire /*L*/, order::relaxed);
    };
    if (backoff::await(taken, deadline::forever(), platform::per_thread<lock_patience>())) return;
    while (word_.exchange(contended, order::acquire /*L*/) != free) {
      platform::park(word_, contended, platform::no_deadline);
    }
  }

  platform::atomic<std::uint32_t> word_{free};
};

/// Holds a mutex for a scope.
class scoped_lock {
 public:
  explicit scoped_lock(mutex& m) noexcept : mutex_(m) { mutex_.lock(); }
  ~scoped_lock() { mutex_.unlock(); }
  scoped_lock(const scoped_lock&) = delete;
  scoped_lock& operator=(const scoped_lock&) = delete;

 private:
  mutex& mutex_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
