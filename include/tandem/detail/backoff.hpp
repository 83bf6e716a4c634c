// tandem/detail/backoff.hpp: what to do while something that should happen soon has not happened yet.
//
// Contract   await(ready, until, learned) polls `ready` for a bounded time and says whether it came true; false means: park.
//            It never sleeps. It polls for 4 us and 16 yields at most, now and then for eight times as long.
// Algorithm  Three ways of waiting, from quick and greedy to slow and modest; this header holds the first two:
//
//                spin ------------> yield -------------> park (by the caller)
//                up to 4 us         up to 16 times       the kernel wakes us
//                0.1 us to react    0.3 us if alone      2 us on this core, 25 us from another
//
//            Spinning wins when the partner runs on another core, and is pure loss when it waits for this one. Nobody
//            knows in advance, so each thread learns from its own waits. A spin in vain halves the next one; one that
//            pays restores it. When nothing is left, one wait in 64 tries again. The same with yields. So two threads on
//            one core soon yield at once, on two cores they spin, and ten threads a core park.
//            Two threads that have both learned to park would never unlearn it: each waits for the other to wake, which
//            takes longer than any such try. So one wait in 512 is patient, long enough for a partner's wake-up; and who
//            was patient with success stays so, until the partner, who now gets its answers at once, spins as well.
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
class budget {
 public:
  static constexpr unsigned probe_every = 64;
  static constexpr unsigned patient_every = 512;
  static constexpr unsigned patient_times = 8;

  /// What may be spent this time, of a full allowance that is always the same.
  constexpr unsigned allowance(unsigned full) noexcept {
    if (patient_) return full * patient_times;
    const unsigned left = full >> halvings_;
    if (left != 0) return left;
    ++waits_;
    if (waits_ % patient_every == 0) return full * patient_times;
    return waits_ % probe_every == 0 ? full : 0;
  }
  /// It came true, for this much.
  constexpr void paid(unsigned spent, unsigned full) noexcept {
    halvings_ = 0;
    patient_ = spent > full;
  }
  /// All that was allowed is spent.
  constexpr void failed(unsigned full) noexcept {
    if (patient_) {
      patient_ = false;
    } else if (full >> halvings_ != 0) {
      ++halvings_;
    }
  }

 private:
  std::uint16_t waits_ = 0;    // since there is nothing left; wraps, which does no harm
  std::uint8_t halvings_ = 0;  // the allowance is the full one, halved this often
  bool patient_ = false;       // the last one paid, but took longer than the full allowance
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

  /// Poll `ready` until it holds (true), the patience is used up, or `until` has come (false).
  template <class Ready>
  static bool await(const Ready& ready, deadline until, patience& learned) noexcept(noexcept(ready())) {
    return ready() || spin(ready, learned.spins) || yield(ready, learned.yields, until);
  }

 private:
  static constexpr int polls_per_look_at_the_clock = 8;

  template <class Ready>
  static bool spin(const Ready& ready, budget& learned) {
    const unsigned allowed = learned.allowance(longest_spin);
    if (allowed == 0) return false;
    const auto start = platform::clock::now();
    auto spent = std::chrono::nanoseconds(0);
    do {
      for (int i = 0; i < polls_per_look_at_the_clock; ++i) {
        platform::spin_hint();
        if (ready()) {
          learned.paid(static_cast<unsigned>(spent.count()), longest_spin);
          return true;
        }
      }
      spent = platform::clock::now() - start;
    } while (spent < std::chrono::nanoseconds(allowed));
    learned.failed(longest_spin);
    return false;
  }

  template <class Ready>
  static bool yield(const Ready& ready, budget& learned, deadline until) {
    const unsigned allowed = learned.allowance(most_yields);
    for (unsigned yields = 1; yields <= allowed; ++yields) {
      if (until.has_passed()) return ready();
      platform::yield();
      if (ready()) {
        learned.paid(yields, most_yields);
        return true;
      }
    }
    if (allowed != 0) learned.failed(most_yields);
    return false;
  }
};

}  // namespace tandem::inline TANDEM_ABI::detail
