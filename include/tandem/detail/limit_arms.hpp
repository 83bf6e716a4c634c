// tandem/detail/limit_arms.hpp: a deadline and a stop token, as arms of a select.
//
// Contract   An instant fires once, when it has come; move_to() gives it another one. A stop_watch fires when stop was
//            requested; listen_to() gives it another token. Both are what a select's own arms at(), after() and
//            stop_requested() are made of, and what stands for the limits that a select has been given (try_select_for
//            and so on): an instant that limits others comes after all of them. A selection must not wait just then.
// Algorithm  none: a selection looks at the time and at the token, and calls listen() before it waits.
// Tests      tests/timer.test.cpp, tests/select.test.cpp
#pragma once

#include <optional>
#include <utility>

#include <tandem/detail/arm.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// An instant that has not been taken yet.
class instant : public arm {
 public:
  explicit instant(deadline when, kind what = kind::instant) noexcept : arm(what), when_(when) {}
  void move_to(deadline when) noexcept { when_ = when; }

 private:
  deadline due() const noexcept final { return when_; }
  void conclude(outcome) noexcept final { when_ = deadline::unlimited(); }

  deadline when_;
};

/// A stop token, and during a wait a callback there.
class stop_watch : public arm {
 public:
  explicit stop_watch(platform::stop_token token) noexcept : arm(kind::stop), token_(std::move(token)) {}
  stop_watch(stop_watch&& other) noexcept : arm(static_cast<arm&&>(other)), token_(std::move(other.token_)) {}
  ~stop_watch() override = default;
  stop_watch& operator=(stop_watch&&) = delete;
  void listen_to(const platform::stop_token& token) noexcept { token_ = token; }

 private:
  /// Takes no lock, and is run by whoever requests the stop.
  struct tell {
    waiter* who;
    void operator()() const noexcept { who->cancel(outcome::stopped); }
  };

  stop_request stop() const noexcept final { return &token_; }
  void listen(waiter& who) noexcept final { callback_.emplace(token_, tell{&who}); }
  void fall_deaf() noexcept final { callback_.reset(); }
  void conclude(outcome) noexcept final {}

  platform::stop_token token_;
  std::optional<platform::stop_callback<tell>> callback_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
