// tandem/platform/portable.hpp: a ground that needs nothing but the standard library.
//
// Contract   park and unpark as platform.hpp asks, from a mutex and a condition variable. Chosen where there is no
//            futex, or by -DTANDEM_PLATFORM_HEADER="<tandem/platform/portable.hpp>"; the tests run on it as well.
// Algorithm  A table of 64 buckets; a word's address picks its bucket. Whoever parks holds the bucket's mutex from its
//            last look at the word until the condition variable has it; whoever unparks has changed the word before
//            it takes the same mutex. So either the sleeper sees the change, or the waker sees the sleeper.
//            The waker touches the bucket, which lives as long as the program, and never the word.
//            A library that hides its symbols may have a table of its own: whoever parks there is not found by who
//            unparks here. So the table asks to be visible, which makes it one where the linker sees to that; and
//            nobody sleeps longer than 50 ms before he looks at his word again, which makes it right everywhere.
//            It always notifies all: words that share a bucket must not steal each other's wake-ups (and notify_one
//            of glibc 2.25 to 2.40 can lose one: its bug 25847).
// Cost       a mutex pair and a broadcast per unpark; nothing as long as nobody parks, but that who does wakes 20 times
//            a second. The table is allocated when it is first needed, 64 lines or more; a program without that much
//            memory is terminated.
// Source     [glibc-25847]
// Tests      the whole test suite, in the preset `portable`; tests/mixed/check_shared_library.cmake
#pragma once

#include <tandem/platform/naming.hpp>

#if !defined(TANDEM_ABI)
#define TANDEM_ABI TANDEM_ABI_OF(v0_1_portable)
#endif

#include <tandem/platform/standard.hpp>

#include <condition_variable>
#include <ctime>
#include <mutex>
#include <ratio>

namespace tandem::inline TANDEM_ABI::platform {

namespace [[gnu::visibility("default")]] parking {

struct alignas(cache_line) bucket {
  std::mutex mutex;
  std::condition_variable changed;
};

inline constexpr std::chrono::milliseconds longest_sleep{50};

/// Never destroyed: a thread may still be parked, or waking another, while the program's statics die.
inline bucket& of(const void* address) noexcept {
  constexpr std::size_t count = 64;
  static bucket* const table = new bucket[count];
  const auto bits = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address));
  return table[(bits * 0x9E3779B97F4A7C15u) >> 58u];
}

inline void unpark(const void* address) noexcept {
  bucket& b = of(address);
  {
    const std::lock_guard<std::mutex> hold(b.mutex);
  }
  b.changed.notify_all();
}

}  // namespace parking

inline void park(const atomic<std::uint32_t>& word, std::uint32_t seen, clock::time_point until) noexcept {
  parking::bucket& b = parking::of(word.address());
  std::unique_lock<std::mutex> hold(b.mutex);
  if (word.load(order::relaxed) != seen) return;  // relaxed: callers look again, with the order they need
  const clock::time_point look_again = clock::now() + parking::longest_sleep;
  b.changed.wait_until(hold, until < look_again ? until : look_again);
}

inline unsigned core() noexcept { return 0; }  // nobody can say
inline void leave_trace() noexcept {}
inline bool movers_leave_traces() noexcept { return false; }

/// Nobody can say here which core one is on. So it guesses: if one of this program's threads had this core, the
/// processors worked for it all the time.
class lent_core {
 public:
  explicit lent_core(bool) noexcept {}
  bool can_be_told() const noexcept {
    const std::clock_t now = std::clock();
    return now != unknown && used_ != unknown && now >= used_;
  }
  bool went_to_strangers() const noexcept {
    const std::clock_t now = std::clock();
    const clock::duration used = std::chrono::duration_cast<clock::duration>(
        std::chrono::duration<std::clock_t, std::ratio<1, CLOCKS_PER_SEC>>(now - used_));
    return is_little(used, clock::now() - began_);
  }
  static constexpr bool is_little(clock::duration used, clock::duration lent) noexcept { return used < lent * 7 / 8; }

 private:
  static constexpr std::clock_t unknown = static_cast<std::clock_t>(-1);

  clock::time_point began_ = clock::now();
  std::clock_t used_ = std::clock();  // by all threads together
};

inline void unpark_one(const void* address) noexcept { parking::unpark(address); }

}  // namespace tandem::inline TANDEM_ABI::platform
