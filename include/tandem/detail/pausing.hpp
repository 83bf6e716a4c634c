// tandem/detail/pausing.hpp: what to do between two looks at something that should have happened long ago.
//
// Contract   For one who waits for somebody that is a few instructions from done, and will wake nobody: pause() between
//            two looks. The first few times it only lets others run, unless that has proved dear (backoff.hpp); after
//            that it sleeps, from 20 us to 640 us, longer each time. So whoever is waited for comes to run whatever its
//            priority is: a thread of real-time priority gives up its core to lesser ones only by sleeping.
//            pausing(rounds) goes on where another has left off, for one who cannot keep a pausing.
// Algorithm  A count.
// Tests      tests/pausing.test.cpp
#pragma once

#include <chrono>

#include <tandem/detail/backoff.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

class pausing {
 public:
  explicit pausing(unsigned rounds = 0) noexcept : rounds_(rounds) {}
  /// One who has had its time of yielding already.
  static pausing without_yields() noexcept { return pausing(yields()); }

  /// True if it has slept.
  bool pause() noexcept {
    const bool sleeps = rounds_ >= yields() || !platform::per_thread<patience>().yield();
    if (sleeps) platform::doze(std::chrono::microseconds(20) * (1U << doublings()));
    if (rounds_ != enough) ++rounds_;
    return sleeps;
  }
  /// How often, up to a number from which on that makes no difference.
  unsigned rounds() const noexcept { return rounds_; }

 private:
  static constexpr unsigned enough = 255;
  static constexpr unsigned most_doublings = 5;
  static unsigned yields() noexcept { return static_cast<unsigned>(platform::short_poll()); }
  unsigned doublings() const noexcept {
    const unsigned naps = rounds_ < yields() ? 0 : rounds_ - yields();
    return naps < most_doublings ? naps : most_doublings;
  }

  unsigned rounds_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
