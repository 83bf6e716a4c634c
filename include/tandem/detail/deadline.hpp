// tandem/detail/deadline.hpp: how long an operation is prepared to wait.
//
// Contract   A deadline is one of three: at once (do not wait), a time point of the platform's clock, or forever.
//            Durations and time points of any representation convert without overflow: what lies beyond the clock's
//            range is forever, what lies before it is past.
// Tests      tests/waiter.test.cpp, tests/verbs.test.cpp
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <ratio>

#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

class deadline {
 public:
  using time_point = platform::clock::time_point;

  static constexpr deadline at_once() noexcept { return deadline((time_point::min)()); }
  static constexpr deadline unlimited() noexcept { return deadline(platform::no_deadline); }
  static constexpr deadline at(time_point when) noexcept {
    // the first instant of all is taken, it means "at once"; nobody can tell the next one from it
    return deadline(when == (time_point::min)() ? when + time_point::duration(1) : when);
  }

  /// `patience` from now. A duration too long for the clock is forever; a negative one, or a NaN, has passed.
  template <class Rep, class Period>
  static deadline after(std::chrono::duration<Rep, Period> patience) noexcept {
    const time_point now = platform::clock::now();
    if constexpr (is_in_whole_ticks<Rep, Period>) {
      return since(now, patience > patience.zero() ? in_ticks(patience) : time_point::duration::zero());
    } else {
      return since(now, between(patience.zero(), patience));
    }
  }

  /// The same for a time of the platform's clock, counted from its epoch in any unit: far in the future is forever.
  template <class Rep, class Period>
  static deadline at_or_forever(std::chrono::duration<Rep, Period> since_epoch) noexcept {
    if constexpr (is_in_whole_ticks<Rep, Period>) {
      // what was before the clock's epoch has passed; whoever counts from there to now must not overflow
      return at(time_point(since_epoch > since_epoch.zero() ? in_ticks(since_epoch) : time_point::duration::zero()));
    } else {
      const time_point now = platform::clock::now();
      return since(now, between(now.time_since_epoch(), since_epoch));
    }
  }

  /// to - from, each a time in any unit, in ticks of the platform's clock, rounded up: nobody gives up too early. Zero
  /// if it is negative, or no number; max() if it is more than the clock can count. Exact where long double holds 64
  /// bits, elsewhere (MSVC, some ARM) to about 256 ns for times as far from their epoch as today is from 1970.
  template <class From, class To>
  static time_point::duration between(From from, To to) noexcept {
    using ticks = time_point::duration;
    using wide = std::chrono::duration<long double, ticks::period>;
    const wide left = wide(to) - wide(from);
    if (!(left > wide::zero())) return ticks::zero();
    if (left >= wide((ticks::max)() / 2)) return (ticks::max)();
    const ticks whole(static_cast<ticks::rep>(left.count()));
    return wide(whole) < left ? whole + ticks(1) : whole;
  }

  /// `left` after `from`, which is not before the clock's epoch; forever if that is beyond the clock's range.
  static constexpr deadline since(time_point from, time_point::duration left) noexcept {
    return left < platform::no_deadline - from ? at(from + left) : unlimited();
  }

  constexpr bool is_at_once() const noexcept { return when_ == (time_point::min)(); }
  constexpr bool is_forever() const noexcept { return when_ == platform::no_deadline; }
  constexpr time_point when() const noexcept { return when_; }

  bool has_passed() const noexcept { return !is_forever() && platform::clock::now() >= when_; }

 private:
  constexpr explicit deadline(time_point when) noexcept : when_(when) {}

  /// Whether an integer multiple of the clock's tick is all that such a duration can be.
  template <class Rep, class Period>
  static constexpr bool is_in_whole_ticks = std::integral<Rep> && sizeof(Rep) <= sizeof(std::uintmax_t) &&
                                            std::ratio_divide<Period, time_point::duration::period>::den == 1;
  /// Exactly, of one that is not negative; or the most that the clock can count.
  template <class Rep, class Period>
  static constexpr time_point::duration in_ticks(std::chrono::duration<Rep, Period> d) noexcept {
    using ticks = time_point::duration;
    constexpr ticks::rep factor = std::ratio_divide<Period, ticks::period>::num;
    const auto count = static_cast<std::uintmax_t>(d.count());
    if (count > static_cast<std::uintmax_t>((ticks::max)().count() / factor)) return (ticks::max)();
    return ticks(static_cast<ticks::rep>(count) * factor);
  }

  time_point when_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
