// tandem/blend/timer.hpp: time, as something that a select can wait for.
//
// Contract   after(duration), at(instant) and tick(ticker) are arms of a select. Each takes a function that is called
//            when it fires; it may be left out.
//              after(d, f)      fires once, when d has passed since after() was called. A negative duration, or a NaN,
//                               has passed already; one too long for the clock never does
//              at(t, f)         fires once, when tandem::clock has come to t
//              ticker(period)   a row of instants, the first one period from when it was made. tick(ticker, f) fires at
//                               the next one; those that were missed meanwhile are not made up for: at most one is
//                               pending. A ticker is used by one select at a time. A period of zero or less is misuse
//                               and aborts.
//            An arm that has fired once for all does not fire again in a select that it is used in again.
//            There is no thread and no list of timers behind it: an instant, and whether it has been taken. A thread
//            sleeps until the earliest instant of its select; for a coroutine its scheduler keeps the time.
//              Exceptions, allocation   none.
// Algorithm  detail/selection.hpp
// Tests      tests/timer.test.cpp
#pragma once

#include <chrono>
#include <type_traits>
#include <utility>

#include <tandem/detail/arm.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/invoke.hpp>
#include <tandem/detail/limit_arms.hpp>
#include <tandem/platform/platform.hpp>
#include <tandem/thread.hpp>

namespace tandem::inline TANDEM_ABI {

/// See after and at.
template <class F>
class instant_arm final : public detail::arm_of<instant_arm<F>, detail::instant> {
 public:
  instant_arm(detail::deadline when, F f)
      : detail::arm_of<instant_arm<F>, detail::instant>(when), then_(std::move(f)) {}
  instant_arm(instant_arm&&) noexcept = default;

 private:
  void finish() override { detail::invoke(then_); }
  [[no_unique_address]] F then_;
};

/// When so much time has passed from now on.
template <class Rep, class Period, class F = detail::nothing_more>
instant_arm<F> after(std::chrono::duration<Rep, Period> patience, F f = {}) {
  return {detail::deadline::after(patience), std::move(f)};
}

/// When that instant has come.
template <class Duration, class F = detail::nothing_more>
instant_arm<F> at(std::chrono::time_point<clock, Duration> when, F f = {}) {
  return {detail::deadline::at_or_forever(when.time_since_epoch()), std::move(f)};
}

/// A row of instants, a period apart.
class ticker {
 public:
  /// Precondition: the period is longer than zero.
  template <class Rep, class Period>
  explicit ticker(std::chrono::duration<Rep, Period> period, detail::call_site from = detail::call_site::here())
      : period_(detail::deadline::between(period.zero(), period)), next_(detail::deadline::after(period_)) {
    detail::demand(period_ > period_.zero(), "a ticker needs a period longer than zero", from);
  }
  ticker(const ticker&) = delete;
  ticker& operator=(const ticker&) = delete;

  /// The instant that tick() waits for.
  [[nodiscard]] clock::time_point next() const noexcept { return next_.when(); }

 private:
  template <class F>
  friend class tick_arm;

  /// To the first instant of the row that is yet to come. Precondition: next_ has passed.
  void advance() noexcept {
    const auto late = clock::now() - next_.when();
    next_ = detail::deadline::since(next_.when() + (late / period_) * period_, period_);
  }

  clock::duration period_;
  detail::deadline next_;
};

/// See tick.
template <class F>
class tick_arm final : public detail::arm_of<tick_arm<F>> {
 public:
  tick_arm(ticker& t, F f) : detail::arm_of<tick_arm<F>>(detail::arm::kind::tick), ticker_(&t), then_(std::move(f)) {}
  tick_arm(tick_arm&&) noexcept = default;

 private:
  detail::outcome attempt() noexcept override {
    return due().has_passed() ? detail::outcome::ok : detail::outcome::refused;
  }
  detail::deadline due() const noexcept override { return ticker_->next_; }
  void conclude(detail::outcome) noexcept override { ticker_->advance(); }
  void finish() override { detail::invoke(then_); }

  ticker* ticker_;
  [[no_unique_address]] F then_;
};

/// At the ticker's next instant.
template <class F = detail::nothing_more>
tick_arm<F> tick(ticker& t, F f = {}) {
  return {t, std::move(f)};
}

}  // namespace tandem::inline TANDEM_ABI
