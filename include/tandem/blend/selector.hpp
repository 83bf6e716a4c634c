// tandem/blend/selector.hpp: a select that is made once and used often, of any number of arms.
//
// Contract   A selector has arms as a select has (select.hpp), added one by one: add(arm) returns its number, from 0.
//            select() waits until one of them fires, calls its function, and returns its number. It may be limited,
//            tried and awaited as every verb is: select(token), try_select(), try_select_for(d), co_select() and so on;
//            then the number, or why there is none, is a result.
//              selector inboxes;
//              for (auto& m : mailboxes) inboxes.add(receive_from(m, read).until_closed());
//              while (inboxes.has_channels()) inboxes.select();
//            Between two selects it stays in line at its channels, but cannot be met: whoever comes by drops its place
//            there, and it looks there the next time. So a select costs what has changed since the last one, not what
//            there is to wait for. Only to say that nothing is ready, it has to look at all.
//            switch_on(number, false) leaves an arm out from now on. has_channels() says whether one is left that is at
//            a channel, or a future.
//            An arm's variables, channels and tickers outlive the selector, where they were when it was added: in
//            their lines it stands even when it is idle.
//              Choice      as in select(): each that is ready has the same chance, or, selector(in_order), the first.
//                          A message for which somebody else has been woken is not ready, until it is told otherwise.
//              Threads     used by one at a time. It may be handed from one to another between two selects. With an arm
//                          at a channel of one thread (confinement.hpp) it belongs to that thread, up to its end.
//              Exceptions  add, and the first select that is limited: std::bad_alloc. Otherwise what an arm's function
//                          throws; the selector can be used on.
//              Allocation  add: one for the arm, and room for its pointer. select: none; the first that is limited:
//                          two.
//              Misuse      as in select(), except try_select(), which does not wait; a number that was never given;
//                          destroying it, adding to it, or switching an arm, while it waits. An arm's function may.
// Algorithm  detail/selection.hpp
// Cost       a select that finds something looks at eight arms for nothing at most. One that waits: a lock for the arm
//            that fired last and for each that was dropped since, and two read-modify-writes; no lock and none of these
//            if all its channels are of one thread, its own, no time and no stop is among its arms, and no select was
//            ever limited. The first that is limited, like the first after add(), stands in each line anew.
// Tests      tests/selector.test.cpp, tests/model/select.model.cpp
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tandem/blend/select.hpp>
#include <tandem/detail/arm.hpp>
#include <tandem/detail/arms_by_state.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/limit_arms.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/detail/selection.hpp>
#include <tandem/status.hpp>
#include <tandem/thread.hpp>

namespace tandem::inline TANDEM_ABI {

namespace detail {

/// The limits of a selector: two arms behind its own, which are left out except while a select is limited.
struct limits {
  instant time{deadline::unlimited(), arm::kind::limit};
  stop_watch token{stop_token()};
};

}  // namespace detail

/// Many arms, waited for again and again.
class selector {
  /// What co_select and the others return; co_await gives what select and the others return. It has its limits with it
  /// until it is awaited.
  template <bool Limited>
  class [[nodiscard("nothing is selected before it is awaited")]] awaitable {
    struct unlimited {};
    struct limits {
      detail::deadline until;
      std::optional<stop_token> stop;
    };
    using limit = std::conditional_t<Limited, limits, unlimited>;

   public:
    explicit awaitable(selector& all, limit limited = {}) noexcept : selector_(&all), limit_(std::move(limited)) {}
    ~awaitable() {
      if (!waits_) return;
      selector_->made().abandon();
      if constexpr (Limited) selector_->unlimit();
    }
    awaitable(const awaitable&) = delete;
    awaitable& operator=(const awaitable&) = delete;

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiting) {
      if constexpr (Limited) selector_->limit(limit_.until, limit_.stop ? &*limit_.stop : nullptr);
      waits_ = true;
      return selector_->ready().start(waiting);
    }
    auto await_resume() {
      waits_ = false;
      selector& all = *selector_;  // which may be destroyed when the arm's function returns
      if constexpr (Limited) {
        return all.conclude_limited();
      } else {
        return all.conclude();
      }
    }

   private:
    selector* selector_;
    bool waits_ = false;
    [[no_unique_address]] limit limit_;
  };

 public:
  selector() noexcept = default;
  /// Of several arms that are ready the first is taken.
  explicit selector(in_order_t) noexcept : choice_(detail::choice::in_order) {}
  selector(const selector&) = delete;
  selector& operator=(const selector&) = delete;
  ~selector() = default;

  /// One arm more; its number.
  template <select_arm Arm>
  std::size_t add(Arm one) {
    selection_.reset();  // its places leave their lines, and join again with the new one
    make_room(arms_, 1);
    make_room(kept_, 1);
    auto kept = std::make_shared<Arm>(std::move(one));
    arms_.insert(arms_.begin() + static_cast<std::ptrdiff_t>(size()), kept.get());
    kept_.push_back(std::move(kept));
    return size() - 1;
  }

  template <class Other>
    requires(!select_arm<Other>)
  std::size_t add(Other&&) {
    static_assert(select_arm<Other>,
                  "tandem: a selector is given arms: receive_from(channel) makes one; a channel is none.");
    return 0;
  }

  /// How many arms there are.
  [[nodiscard]] std::size_t size() const noexcept { return kept_.size(); }

  /// Leaves an arm out, or takes it in again. Precondition: there is such a number.
  void switch_on(std::size_t number, bool whether, detail::call_site from = detail::call_site::here()) {
    detail::demand(number < size(), "a selector has no arm of that number", from);
    ready().switch_on(*arms_[number].of_number, whether);
  }
  /// Whether one of the arms that are not left out is at a channel, or a future.
  [[nodiscard]] bool has_channels() { return ready().has_a_channel(); }

  /// Waits until one arm fires; its number.
  std::size_t select() {
    ready().run();
    return conclude();
  }
  /// The same, or stopped.
  result<std::size_t> select(const stop_token& stop) { return run(detail::deadline::unlimited(), &stop); }
  /// The same, if one is ready; or empty.
  result<std::size_t> try_select() {
    if (!ready().try_run()) return status::empty;
    return conclude();
  }
  /// Waits at most so long: a number or timeout.
  template <class Rep, class Period>
  result<std::size_t> try_select_for(std::chrono::duration<Rep, Period> patience) {
    return run(detail::deadline::after(patience));
  }
  /// The same, or stopped.
  template <class Rep, class Period>
  result<std::size_t> try_select_for(std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return run(detail::deadline::after(patience), &stop);
  }
  /// Waits until that instant at most: a number or timeout.
  template <class Duration>
  result<std::size_t> try_select_until(std::chrono::time_point<clock, Duration> when) {
    return run(detail::deadline::at_or_forever(when.time_since_epoch()));
  }
  /// The same, or stopped.
  template <class Duration>
  result<std::size_t> try_select_until(std::chrono::time_point<clock, Duration> when, const stop_token& stop) {
    return run(detail::deadline::at_or_forever(when.time_since_epoch()), &stop);
  }

  // To be awaited by a coroutine.

  /// co_await gives the number.
  awaitable<false> co_select() { return awaitable<false>(*this); }
  /// co_await gives the number; or stopped.
  awaitable<true> co_select(const stop_token& stop) { return limited(detail::deadline::unlimited(), stop); }
  /// At most so long: a number or timeout.
  template <class Rep, class Period>
  awaitable<true> co_try_select_for(std::chrono::duration<Rep, Period> patience) {
    return limited(detail::deadline::after(patience));
  }
  /// The same, or stopped.
  template <class Rep, class Period>
  awaitable<true> co_try_select_for(std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return limited(detail::deadline::after(patience), stop);
  }
  /// Until that instant at most: a number or timeout.
  template <class Duration>
  awaitable<true> co_try_select_until(std::chrono::time_point<clock, Duration> when) {
    return limited(detail::deadline::at_or_forever(when.time_since_epoch()));
  }
  /// The same, or stopped.
  template <class Duration>
  awaitable<true> co_try_select_until(std::chrono::time_point<clock, Duration> when, const stop_token& stop) {
    return limited(detail::deadline::at_or_forever(when.time_since_epoch()), stop);
  }

 private:
  /// For so many more, so that it is there when they are.
  template <class T>
  static void make_room(std::vector<T>& row, std::size_t more) {
    if (row.size() + more > row.capacity()) row.reserve(2 * row.size() + more);
  }
  detail::selection& ready() {
    if (!selection_) {
      selection_.emplace(arms_, choice_);
      selection_->stays();
    }
    return *selection_;
  }

  /// Precondition: it has been made ready.
  detail::selection& made() noexcept { return *selection_; }  // NOLINT(bugprone-unchecked-optional-access)

  /// It has fired: the number; what the user wants to be done is done.
  std::size_t conclude() {
    const std::size_t number = made().fired();
    made().finish();  // this may add an arm, and then there is no selection
    return number;
  }

  // --- limits: from limit() to unlimit() ---

  /// There are limits from now on, though they are left out.
  void make_limits() {
    if (limits_) return;
    selection_.reset();
    make_room(arms_, 2);
    limits_ = std::make_unique<detail::limits>();
    for (detail::arm* const limit :
         {static_cast<detail::arm*>(&limits_->time), static_cast<detail::arm*>(&limits_->token)}) {
      limit->switch_on(false);
      arms_.emplace_back(limit);
    }
  }
  void limit(detail::deadline until, detail::stop_request stop) noexcept {
    limits_->time.move_to(until);
    if (stop != nullptr) limits_->token.listen_to(*stop);
    set_limits(!until.is_forever(), stop != nullptr);
  }
  void unlimit() noexcept {
    set_limits(false, false);
    limits_->token.listen_to(stop_token());
  }
  void set_limits(bool has_time, bool has_token) noexcept {
    ready().switch_on(limits_->time, has_time);
    ready().switch_on(limits_->token, has_token);
  }
  result<std::size_t> run(detail::deadline until, detail::stop_request stop = nullptr) {
    make_limits();
    limit(until, stop);
    made().run();
    return conclude_limited();
  }
  result<std::size_t> conclude_limited() {
    const std::size_t number = made().fired();
    unlimit();
    if (number >= size()) return number == size() ? status::timeout : status::stopped;
    return conclude();
  }
  awaitable<true> limited(detail::deadline until, std::optional<stop_token> stop = std::nullopt) {
    make_limits();
    return awaitable<true>(*this, {until, std::move(stop)});
  }

  std::vector<std::shared_ptr<detail::arm>> kept_;  // shared, since that knows how to destroy what it was made of
  std::unique_ptr<detail::limits> limits_;          // from when they were needed first
  std::vector<detail::numbered_arm> arms_;          // kept, and then the limits
  std::optional<detail::selection> selection_;
  detail::choice choice_ = detail::choice::random;
};

}  // namespace tandem::inline TANDEM_ABI
