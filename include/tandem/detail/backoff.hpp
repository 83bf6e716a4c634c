// tandem/detail/backoff.hpp: what to do while something that should happen soon has not happened yet.
//
// Contract   await(ready, until, learned) polls `ready` for a bounded time and says whether it came true; false means:
//            park. It never sleeps. It spins for platform::longest_spin() at most, and begins no yield after
//            platform::longest_yield(); the figures below are those of real threads.
// Algorithm  Three ways of waiting, from quick and greedy to slow and modest; this header holds the first two:
//
//                spin ------------> yield ------------> park (by the caller)
//                up to 4 us         up to 50 us         the kernel wakes us
//                0.1 us to react    0.4 us if alone     2 us on this core, 30 us from another
//
//            Spinning wins when the partner runs on another core, and is pure loss when it waits for this one. Yielding
//            costs nobody anything: whoever else wants the core has it. Parking is for what takes longer than a
//            wake-up. Nobody knows in advance, so each thread learns from its own waits. A spin in vain halves the next
//            one; one that pays restores it. When nothing is left, one wait in 64 tries again. The same with yields. So
//            two threads on one core soon yield at once, on two cores they spin, and ten threads a core park.
//            A thread yields for longer than a wake-up takes, or else two that once had to park would never stop: each
//            would wait for the other to wake, give up just before, and have to be woken in turn.
//            Both are bounded in time, not in rounds: a pause takes 10 to 140 cycles, a yield as long as others run.
// Cost       no shared line but the one that `ready` looks at; the clock is read every few polls.
// Source     [karlin-1991] competitive spinning; docs/decisions/0004 says why, docs/benchmarks.md what it costs
// Tests      tests/waiter.test.cpp, tests/model/waiter.model.cpp
#pragma once

#include <chrono>
#include <cstdint>

#include <tandem/detail/deadline.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// How long a thread is prepared to do something in the hope that it pays, learned from whether it did.
class budget {
 public:
  static constexpr unsigned probe_every = 64;

  /// What may be spent this time, of a full allowance that is always the same.
  constexpr unsigned allowance(unsigned full) noexcept {
    const unsigned left = full >> halvings_;
    if (left != 0) return left;
    if (++waits_ < probe_every) return 0;
    waits_ = 0;
    return full;
  }
  /// It paid.
  constexpr void paid() noexcept { halvings_ = 0; }
  /// All that was allowed has been spent in vain.
  constexpr void failed(unsigned full) noexcept {
    if (full >> halvings_ != 0) ++halvings_;
  }

 private:
  std::uint16_t halvings_ = 0;  // the allowance is the full one, halved this often
  std::uint16_t waits_ = 0;     // since the full one was last tried, when nothing is left
};

/// What one thread has learned about waiting.
struct patience {
  budget spins;
  budget yields;
};

class backoff {
 public:
  /// Poll `ready` until it holds (true), the patience is used up, or `until` has come (false).
  template <class Ready>
  static bool await(const Ready& ready, deadline until, patience& learned) noexcept(noexcept(ready())) {
    const auto hint = [] { platform::spin_hint(); };
    const auto yield = [] { platform::yield(); };
    return ready() || poll<8>(ready, hint, until, learned.spins, platform::longest_spin()) ||
           poll<1>(ready, yield, until, learned.yields, platform::longest_yield());
  }

 private:
  template <int PollsPerLookAtTheClock, class Ready, class Pause>
  static bool poll(const Ready& ready, const Pause& pause, deadline until, budget& learned, unsigned full) {
    const unsigned allowed = learned.allowance(full);
    if (allowed == 0) return false;
    const auto end = platform::clock::now() + std::chrono::nanoseconds(allowed);
    const auto stop = until.when() < end ? until.when() : end;
    auto now = stop;
    do {
      for (int i = 0; i < PollsPerLookAtTheClock; ++i) {
        pause();
        if (ready()) {
          learned.paid();
          return true;
        }
      }
      now = platform::clock::now();
    } while (now < stop);
    if (now >= end) learned.failed(full);
    return false;
  }
};

}  // namespace tandem::inline TANDEM_ABI::detail
