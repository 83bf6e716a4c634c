// tandem/detail/backoff.hpp: what to do while something that should happen soon has not happened yet.
//
// Contract   await(ready, until, learned) polls `ready` for a bounded time and says whether it came true; false means:
//            park. It never sleeps. It spins for platform::longest_spin() at most (or, while yields are banned,
//            longest_spin_without_yields()), and begins no yield after platform::longest_yield(); the figures below are
//            those of real threads.
// Algorithm  Three ways of waiting, from quick and greedy to slow and modest; this header holds the first two:
//
//                spin ------------> yield ------------> park (by the caller)
//                up to 4 us         up to 50 us         the kernel wakes us
//                0.1 us to react    0.4 us if alone     2 us on this core, 30 us from another
//
//            Spinning wins when the partner runs on another core, and is pure loss when it waits for this one. Yielding
//            costs nobody anything: whoever else wants the core has it. Parking is for what takes longer than a
//            wake-up. Nobody knows in advance, so each thread learns from its own waits. A spin that fails halves the
//            next one; one that pays restores it. When nothing is left, one wait in 64 tries again. The same with
//            yields. So two threads on one core soon yield at once, two threads on two cores spin, and ten threads a
//            core park.
//            A thread yields for longer than a wake-up takes, or else two that once had to park would never stop: each
//            would wait for the other to wake, give up just before, and have to be woken in turn.
//            Both are bounded in time, not in rounds: a pause takes 10 to 140 cycles, a yield as long as others run.
//
//            And that is the trouble with yields. If a *stranger* wants the core, a thread that computes and has
//            nothing to do with our messages, of another program or of this one, it keeps the core for a time slice,
//            some 3 ms; while a thread that sleeps is put ahead of the stranger when it is woken. So after a gap of
//            over a millisecond the next few yields are judged. Whoever begins or ends a thread's wait meanwhile leaves
//            a trace on its core (platform.hpp). If a yield took over a millisecond, and for so long there was no trace
//            on this core, it seems to have been dear. But who never has to wait, and ends nobody's wait, leaves no
//            trace. So in the next yields that are judged, whoever moves a message leaves one now and then. If three
//            long yields in a row seem dear, they were.
//            Then this thread does not yield on that core for 64 times as long as the last one took; if one is dear
//            soon after that, for twice as long, and so on, up to 256 times; and if that one was on another core, it
//            yields on none. Where it does not yield, it spins for up to 25 us. A yield that takes as long because
//            many threads share the cores, and pass messages on, is not dear: there is always one that gets on. After
//            such a one fewer yields are judged, for a while.
// Cost       no shared line except the one that `ready` looks at, and the one that says whether traces are wanted,
//            which is written by yields that are judged; the clock is read every few polls, and once a yield; of one
//            that is judged, four times. While a ban holds, each wait asks on which core it is (sched_getcpu), and each
//            yield elsewhere reads the clock once more.
// Source     [karlin-1991] competitive spinning; docs/decisions/0004 and 0015 say why, docs/benchmarks.md what it costs
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

  /// What may be spent this time, of a full allowance.
  constexpr unsigned allowance(unsigned full) noexcept {
    const unsigned left = full >> halvings_;
    if (left != 0) return left;
    if (++waits_ < probe_every) return 0;
    waits_ = 0;
    return full;
  }
  /// It paid.
  constexpr void paid() noexcept { halvings_ = 0; }
  /// All that was allowed has been spent, and it did not pay.
  constexpr void failed(unsigned full) noexcept {
    if (full >> halvings_ != 0) ++halvings_;
  }

 private:
  std::uint16_t halvings_ = 0;  // the allowance is the full one, halved this often
  std::uint16_t waits_ = 0;     // since the full one was last tried, when nothing is left
};

/// For how long a thread does not yield, since a yield was dear: on the core where it was, or on any.
class ban {
 public:
  using time_point = platform::clock::time_point;
  using duration = platform::clock::duration;

  constexpr bool holds() const noexcept { return holds_; }
  bool holds_here() const noexcept { return holds_ && (everywhere_ || where_ == platform::core()); }
  /// Whether it holds, or has ended not longer ago than it lasted.
  constexpr bool was_recent(time_point now) const noexcept { return now < end_ + length_; }
  /// A yield that took so long has been dear on that core. Soon after a ban, the next one is twice as long; and it
  /// holds on all cores, if that ban was for another one.
  void begin(time_point now, duration took, unsigned core = platform::core()) noexcept {
    const bool again = was_recent(now);
    everywhere_ = again && where_ != core;
    length_ = again ? length_ * 2 : took * least;
    if (length_ > took * most) length_ = took * most;
    end_ = now + length_;
    where_ = core;
    holds_ = true;
  }
  constexpr void lift_if_over(time_point now) noexcept {
    if (now >= end_) holds_ = false;
  }

 private:
  static constexpr int least = 64;  // times as long as the yield
  static constexpr int most = 256;
  time_point end_{};
  duration length_{};
  unsigned where_ = 0;  // the core
  bool everywhere_ = false;
  bool holds_ = false;  // so that nobody has to read the clock to know it
};

/// What one thread has learned about waiting.
class patience {
 public:
  using time_point = platform::clock::time_point;
  using duration = platform::clock::duration;

  budget spins;
  budget yields;
  ban no_yields;

  /// Gives the core away for a moment. False: no, that is banned.
  bool yield() noexcept {
    if (no_yields.holds()) {
      no_yields.lift_if_over(platform::clock::now());
      if (no_yields.holds_here()) return false;
    }
    if (timed_ != 0) {
      yield_and_judge();
      return true;
    }
    const time_point before = last_;
    platform::yield();
    last_ = platform::clock::now();
    if (takes_long(last_ - before)) {
      if (to_ignore_ != 0) {
        --to_ignore_;
      } else {
        timed_ = so_many;  // was it the yield that took so long, or what came before it? the next ones will tell
      }
    }
    return true;
  }
  /// After a yield that took so long. Three times in a row it has to have gone to strangers.
  void judge(duration took, bool went_to_strangers) noexcept {
    if (!went_to_strangers) {  // to many of ours: there is no need to look so closely, for a while
      in_vain_ = timed_ = 0;
      if (ours_ < most_doublings) ++ours_;
      to_ignore_ = static_cast<std::uint16_t>(1U << ours_);
      return;
    }
    ours_ = 0;
    if (++in_vain_ < enough && !no_yields.was_recent(last_)) return;
    no_yields.begin(last_, took);
    in_vain_ = 0;
  }
  /// When the last yield ended.
  time_point yielded_at() const noexcept { return last_; }

 private:
  static constexpr std::uint16_t so_many = 32;
  static constexpr std::uint16_t enough = 3;
  static constexpr std::uint16_t most_doublings = 6;

  static bool takes_long(duration took) noexcept {
    const std::chrono::nanoseconds dear(platform::dear_yield());
    return took > dear && dear != dear.zero();
  }

  [[gnu::noinline]] void yield_and_judge() noexcept {
    --timed_;
    platform::lent_core core(in_vain_ != 0 || no_yields.was_recent(last_));
    const time_point began = platform::clock::now();
    platform::yield();
    last_ = platform::clock::now();
    const duration took = last_ - began;
    if (takes_long(took) && core.can_be_told()) judge(took, core.went_to_strangers());
  }

  time_point last_{};            // when a yield ended
  std::uint16_t timed_ = 0;      // so many of the next ones are judged
  std::uint16_t in_vain_ = 0;    // so many long ones in a row went to strangers
  std::uint16_t ours_ = 0;       // so many in a row to threads of ours
  std::uint16_t to_ignore_ = 0;  // so many of the next long gaps
};

class backoff {
 public:
  /// Poll `ready` until it holds (true), the patience is used up, or `until` has come (false).
  template <class Ready>
  static bool await(const Ready& ready, deadline until, patience& learned) noexcept(noexcept(ready())) {
    if (ready()) return true;
    platform::leave_trace();
    return spin(ready, until, learned) || yield(ready, until, learned);
  }

 private:
  using clock = platform::clock;
  static constexpr int polls_per_look_at_the_clock = 8;

  template <class Ready>
  static bool spin(const Ready& ready, deadline until, patience& learned) {
    const unsigned full =
        learned.no_yields.holds_here() ? platform::longest_spin_without_yields() : platform::longest_spin();
    const unsigned allowed = learned.spins.allowance(full);
    if (allowed == 0) return false;
    auto now = clock::now();
    const auto end = now + std::chrono::nanoseconds(allowed);
    const auto stop = until.when() < end ? until.when() : end;
    do {
      for (int i = 0; i < polls_per_look_at_the_clock; ++i) {
        platform::spin_hint();
        if (ready()) {
          learned.spins.paid();
          return true;
        }
      }
      now = clock::now();
    } while (now < stop);
    if (now >= end) learned.spins.failed(full);
    return false;
  }

  template <class Ready>
  static bool yield(const Ready& ready, deadline until, patience& learned) {
    const unsigned full = platform::longest_yield();
    const unsigned allowed = learned.yields.allowance(full);
    if (allowed == 0) return false;
    if (!learned.yield()) return false;
    const auto end = learned.yielded_at() + std::chrono::nanoseconds(allowed);
    const auto stop = until.when() < end ? until.when() : end;
    while (!ready()) {
      if (learned.yielded_at() >= end) learned.yields.failed(full);
      if (learned.yielded_at() >= stop || !learned.yield()) return false;
    }
    learned.yields.paid();
    return true;
  }
};

}  // namespace tandem::inline TANDEM_ABI::detail
