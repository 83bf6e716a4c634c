// Rules of waiting, tried on a bare flag that two threads pass to and fro: what the library's own rule
// (detail/backoff.hpp) was chosen from. A rule says how long to spin, when to yield, and what is learned from that.
// Then the thread parks. Nobody is woken who does not sleep. Each figure is a parameter here, and a constant there.
#pragma once

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "../support/scenario.hpp"
#include "raw_hand_off.hpp"

namespace bench {

/// When to give up which way of waiting. Times in nanoseconds.
struct rule {
  unsigned spin = 0;   ///< how long to spin at most
  unsigned yield = 0;  ///< begin no yield after that
  /// What failed is halved, and when nothing is left tried again after so many waits. 0: nothing is learned.
  unsigned probe_after = 0;
  /// Twice as many after each such try that fails, up to this.
  unsigned probe_after_at_most = 64;
  /// A yield that took longer is dear: none for `ban` times as long, twice as many the next time. 0: none is dear.
  unsigned dear = 0;
  unsigned ban = 64;
  unsigned ban_at_most = 256;
  unsigned spin_if_banned = 0;  ///< instead of `spin`, while yields are banned; 0: the same
  /// Whoever ends a wait says on which core it runs. If that was this one: do not spin. If it was not: do not yield.
  bool aware = false;
};

/// What one thread has learned.
class apprentice {
 public:
  using clock = std::chrono::steady_clock;

  /// Polls; true if `ready` came true.
  template <const rule& R, class Ready>
  bool await(const Ready& ready, bool partner_was_here) {
    if (ready()) return true;
    const bool banned = is_banned<R>();
    const bool may_yield = R.yield != 0 && (!R.aware || partner_was_here) && !banned;
    const bool may_spin = !(R.aware && may_yield);
    const unsigned longest = R.spin_if_banned != 0 && banned ? R.spin_if_banned : R.spin;
    if (may_spin && spins_.await<R, false>(ready, longest, [](auto) { return true; }, relax_the_core)) return true;
    if (!may_yield) return false;
    return yields_.await<R, true>(
        ready, R.yield, [this](clock::duration took) { return !is_dear<R>(took); }, [] { ::sched_yield(); });
  }

 private:
  class budget {
   public:
    template <const rule& R, bool Timed, class Ready, class GoOn, class Pause>
    bool await(const Ready& ready, unsigned full, const GoOn& goes_on, const Pause& pause) {
      unsigned allowed = full >> halvings_;
      if (allowed == 0) {
        if (++waits_ < probe_after_) return false;
        waits_ = 0;
        allowed = full;
      }
      auto now = clock::now();
      const auto end = now + std::chrono::nanoseconds(allowed);
      while (now < end) {
        const auto before = now;
        bool is_ready = false;
        for (int i = 0; i < polls_per_look(full) && !is_ready; ++i) {
          pause();
          is_ready = ready();
        }
        if (Timed || !is_ready) now = clock::now();
        const bool goes_on_after = goes_on(now - before);
        if (is_ready) {
          halvings_ = 0;
          probe_after_ = R.probe_after;
          return true;
        }
        if (!goes_on_after) return false;
      }
      if (R.probe_after == 0) return false;
      if (full >> halvings_ != 0) {
        ++halvings_;
        probe_after_ = R.probe_after;
      } else {
        probe_after_ = std::min(2 * probe_after_, R.probe_after_at_most);
      }
      return false;
    }

   private:
    static int polls_per_look(unsigned full) noexcept { return full > 30'000 ? 1 : 8; }
    unsigned halvings_ = 0;
    unsigned waits_ = 0;
    unsigned probe_after_ = 64;
  };

  template <const rule& R>
  bool is_banned() const noexcept {
    return R.dear != 0 && banned_until_ != clock::time_point{} && clock::now() < banned_until_;
  }
  template <const rule& R>
  bool is_dear(clock::duration took) noexcept {
    if (R.dear == 0) return false;
    if (took < std::chrono::nanoseconds(R.dear)) return false;
    const auto now = clock::now();
    factor_ = now < banned_until_ + (banned_until_ - banned_since_) ? std::min(2 * factor_, R.ban_at_most) : R.ban;
    banned_since_ = now;
    banned_until_ = now + factor_ * took;
    return true;
  }

  budget spins_, yields_;
  clock::time_point banned_since_, banned_until_;
  unsigned factor_ = 0;
};

/// How raw_hand_off waits by a rule. Beside the state the word says whether somebody sleeps, and on which core the one
/// runs who wrote it.
template <class Rule>
struct by_rule {
  static constexpr std::string_view name = Rule::name;
  static constexpr waiting how_it_waits = waiting::parks;

  static void until(flag& watched, std::uint32_t wanted) noexcept {
    static thread_local apprentice learned;
    static thread_local bool partner_was_here = false;
    std::uint32_t seen = 0;
    const auto ready = [&] {
      seen = watched.load(std::memory_order_acquire);
      return (seen & state_mask) == wanted;
    };
    if (!learned.await<Rule::values>(ready, partner_was_here)) {
      while (!ready()) {
        if (watched.compare_exchange_weak(seen, seen | asleep, std::memory_order_acq_rel)) seen |= asleep;
        if ((seen & asleep) != 0) ::syscall(SYS_futex, &watched, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
      }
    }
    if (Rule::values.aware) partner_was_here = (seen >> core_shift) == core();
  }
  static void announce(flag& watched, std::uint32_t state) noexcept {
    const std::uint32_t core_too = Rule::values.aware ? core() << core_shift : 0;
    if ((watched.exchange(state | core_too, std::memory_order_acq_rel) & asleep) != 0) {
      ::syscall(SYS_futex, &watched, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }

 private:
  static constexpr std::uint32_t state_mask = 1, asleep = 2;
  static constexpr int core_shift = 8;
  static std::uint32_t core() noexcept { return static_cast<std::uint32_t>(::sched_getcpu()); }
};

namespace rules {

#define BENCH_RULE(rule_name, ...)                       \
  struct rule_name {                                     \
    static constexpr std::string_view name = #rule_name; \
    static constexpr rule values = __VA_ARGS__;          \
  }

BENCH_RULE(park_at_once, {});
BENCH_RULE(spin4_park, {.spin = 4'000});
BENCH_RULE(spin4_learned_park, {.spin = 4'000, .probe_after = 64});
BENCH_RULE(spin25_learned_park, {.spin = 25'000, .probe_after = 16, .probe_after_at_most = 1'024});
BENCH_RULE(spin4_yield50_learned, {.spin = 4'000, .yield = 50'000, .probe_after = 64});
BENCH_RULE(spin4_yield50_learned_ban_20us, {.spin = 4'000, .yield = 50'000, .probe_after = 64, .dear = 20'000});
BENCH_RULE(spin4_yield50_learned_ban, {.spin = 4'000, .yield = 50'000, .probe_after = 64, .dear = 1'000'000});
BENCH_RULE(spin4_25_yield50_learned_ban,
           {.spin = 4'000, .yield = 50'000, .probe_after = 64, .dear = 1'000'000, .spin_if_banned = 25'000});
BENCH_RULE(spin25_yield50_learned_ban,
           {.spin = 25'000, .yield = 50'000, .probe_after = 16, .probe_after_at_most = 1'024, .dear = 1'000'000});
BENCH_RULE(aware_spin25_yield50_ban, {.spin = 25'000,
                                      .yield = 50'000,
                                      .probe_after = 16,
                                      .probe_after_at_most = 1'024,
                                      .dear = 1'000'000,
                                      .aware = true});

#undef BENCH_RULE

}  // namespace rules
}  // namespace bench
