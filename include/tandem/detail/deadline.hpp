// tandem/detail/deadline.hpp: how long an operation is prepared to wait.
//
// Contract   A deadline is one of three: at once (do not wait), a time point of the platform's clock, or forever.
//            Durations and time points of any representation convert without overflow: what lies beyond the clock's
//            range is forever, what lies before it is past.
// Tests      tests/verbs.test.cpp
#pragma once

#include <chrono>
#include <limits>

#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

class deadline {
 public:
  using time_point = platform::clock::time_point;

  static constexpr deadline at_once() noexcept { return deadline(time_point::min()); }
  static constexpr deadline forever() noexcept { return deadline(platform::no_deadline); }
  static constexpr deadline at(time_point when) noexcept {
    // the first instant of all is taken, it means "at once"; nobody can tell the next one from it
    return deadline(when == time_point::min() ? when + time_point::duration(1) : when);
  }

  /// `patience` from now. A duration too long for the clock is forever; a negative one, or a NaN, has passed.
  template <class Rep, class Period>
  static deadline after(std::chrono::duration<Rep, Period> patience) noexcept {
    using wide = std::chrono::duration<long double, time_point::period>;
    const time_point now = platform::clock::now();
    const wide wanted(patience);
    if (!(wanted > wide::zero())) return at(now);
    if (wanted >= wide(platform::no_deadline - now)) return forever();
    return at(now + std::chrono::ceil<time_point::duration>(patience));
  }

  constexpr bool is_at_once() const noexcept { return when_ == time_point::min(); }
  constexpr bool is_forever() const noexcept { return when_ == platform::no_deadline; }
  constexpr time_point when() const noexcept { return when_; }

  bool has_passed() const noexcept { return !is_forever() && platform::clock::now() >= when_; }

 private:
  constexpr explicit deadline(time_point when) noexcept : when_(when) {}
  time_point when_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
