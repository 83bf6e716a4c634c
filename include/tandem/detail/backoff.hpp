// tandem/detail/backoff.hpp: what to do while something that should happen soon has not happened yet.
//
// Contract   await(ready, until) polls `ready` for a bounded time and says whether it came true; false means: park.
//            It never sleeps, and it never polls longer than about `longest_spin` plus `most_yields` yields.
// Algorithm  Three ways of waiting, from quick and greedy to slow and modest; this header holds the first two:
//
//                spin ------------> yield -------------> park (by the caller)
//                up to 4 us         up to 16 times       the kernel wakes us
//                0.1 us to react    0.3 us if alone      2 us on this core, 25 us from another
//
//            Spinning wins when the partner runs on another core, and is pure loss when it waits for this one. Nobody
//            knows in advance, so each thread learns from its own waits: a spin that fails halves the next one, a spin
//            that succeeds restores it; when nothing is left of it, one wait in 64 tries it again. The same with yields.
//            So two threads on one core soon yield at once, on two cores they spin, and ten threads a core park.
//            The spin is bounded in time, not in rounds: a pause takes 10 to 140 cycles, depending on the processor.
// Cost       no shared line but the one that `ready` looks at; the clock is read every few polls.
// Source     [karlin-1991] competitive spinning; docs/decisions/0004 says why, docs/benchmarks.md what it costs
// Tests      tests/waiter.test.cpp
#pragma once

#include <chrono>
#include <cstdint>

#include <tandem/detail/deadline.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// How much of something a thread is prepared to spend, learned from whether it paid.
struct budget {
  std::uint16_t spent_in_vain = 0;  // the allowance is the full one, halved this many times
  std::uint16_t since_probe = 0;    // waits since the full allowance was last tried

  static constexpr std::uint16_t probe_every = 64;

  constexpr unsigned allowance(unsigned full) noexcept {
    const unsigned left = full >> spent_in_vain;
    if (left != 0) return left;
    if (++since_probe < probe_every) return 0;
    since_probe = 0;
    return full;
  }
  constexpr void paid() noexcept { spent_in_vain = 0; }
  constexpr void failed(unsigned full) noexcept {
    if (full >> spent_in_vain != 0) ++spent_in_vain;
  }
};

/// What one thread has learned about waiting.
struct patience {
  budget spins;
  budget yields;
};

class backoff {
 public:
  static constexpr unsigned longest_spin = 4096;  // nanoseconds
  static constexpr unsigned most_yields = 16;

  /// Poll `ready` until it holds (true), the patience of this thread is used up, or `until` has come (false).
  template <class Ready>
  static bool await(const Ready& ready, deadline until) noexcept(noexcept(ready())) {
    auto& learned = platform::per_thread<patience>();
    return spin(ready, learned.spins) || yield(ready, learned.yields, until);
  }

 private:
  static constexpr int polls_per_look_at_the_clock = 8;

  template <class Ready>
  static bool spin(const Ready& ready, budget& learned) {
    if (ready()) return true;
    const unsigned allowed = learned.allowance(longest_spin);
    if (allowed == 0) return false;
    const auto end = platform::clock::now() + std::chrono::nanoseconds(allowed);
    do {
      for (int i = 0; i < polls_per_look_at_the_clock; ++i) {
        if (ready()) {
          learned.paid();
          return true;
        }
        platform::spin_hint();
      }
    } while (platform::clock::now() < end);
    learned.failed(longest_spin);
    return false;
  }

  template <class Ready>
  static bool yield(const Ready& ready, budget& learned, deadline until) {
    const unsigned allowed = learned.allowance(most_yields);
    for (unsigned i = 0; i < allowed; ++i) {
      if (until.has_passed()) return ready();
      platform::yield();
      if (ready()) {
        learned.paid();
        return true;
      }
    }
    if (allowed != 0) learned.failed(most_yields);
    return false;
  }
};

}  // namespace tandem::inline TANDEM_ABI::detail
