// tandem/blend/select.hpp: waiting for several things, and taking whichever comes first.
//
// Contract   select(arm, arm, ...) blocks until one of its arms fires, and returns that arm's number, from 0. co_select
//            is awaited, and gives the same. Exactly one fires; the others leave no trace: what they would have sent is
//            untouched, what they would have received is still there.
//
//              receive_from(channel, f)   a message has come, or none ever will (closed): f(result<T>)
//              send_to(channel, v, f)     v has been sent, or never will be (closed): f(status). v is a variable; it
//                                         is moved from when the arm fires with ok, and only then
//              get_from(future, f)        the value has come, or never will (abandoned), or has been got (closed):
//                                         f(result<T>)
//              after(duration, f), at(instant, f), tick(ticker, f)   it is time: f(). timer.hpp has them
//              stop_requested(token, f)   stop has been requested: f()
//              never()                    does not fire
//              otherwise(f)               none of the others is ready: so this select does not wait; f()
//
//            What limits the select comes after the arms, as in every other verb, and then the number, or why there is
//            none, comes as a result:
//              select(arms..., token)             or stopped
//              try_select(arms...)                never waits: or empty
//              try_select_for(arms..., d)         waits so long at most: or timeout; with a token behind d, or stopped
//              try_select_until(arms..., t)       the same, by any clock
//              co_select, co_try_select_for, co_try_select_until   the same, awaited
//
//            f may be left out: a receive_from or get_from that was given a name has the result() until it is used
//            again, a send_to the outcome(). f is called when the select is over, by whoever called it (for a
//            coroutine: where it is resumed); it may use the same channels, and may throw.
//            An arm.only_if(false) does not fire. A closed channel is ready, at once and for ever: an
//            arm.until_closed() fires once for that, and leaves itself out from then on; a get_from does so when it
//            has fired at all.
//            A run-time number of arms: a range of arms of one type. selector.hpp has a select that is made once
//            and used often, of any arms.
//              Choice      Of several arms that are ready, each has the same chance; select(in_order, ...) takes the
//                          first. A channel that is ready comes before an after() or at() that has passed (not if
//                          in_order). A stop that was requested before the call is taken before all others, and the
//                          time that limits the select after all.
//              Partners    A select meets a plain operation, another select, a coroutine; never itself, even if it
//                          sends and receives on one channel. On a synchronous channel the two leave together, as
//                          always. A try_ operation finds a select that waits, not one that is still on its way.
//              Lifetime    Channels, variables and arms stay where they are while the select runs. An arm is used by
//                          one select at a time. co_select is awaited at once, in the expression that made it.
//              Exceptions  none of its own, except std::bad_alloc if there is a range; what f throws, and now() of a
//                          clock of yours.
//              Allocation  none; with a range: one.
//              Misuse      a select in which no arm can ever fire aborts, saying so; and so does one that would block
//                          at a channel of one thread (confinement.hpp), which is for co_select.
// Algorithm  detail/selection.hpp
// Tests      tests/select.test.cpp, tests/model/select.model.cpp, tests/stress/select.stress.cpp
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/awaitable.hpp>
#include <tandem/blend/timer.hpp>
#include <tandem/detail/arm.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/invoke.hpp>
#include <tandem/detail/limit_arms.hpp>
#include <tandem/detail/selection.hpp>
#include <tandem/mode.hpp>
#include <tandem/status.hpp>
#include <tandem/thread.hpp>
#include <tandem/verbs.hpp>

namespace tandem::inline TANDEM_ABI {

/// Something that a select can wait for.
template <class A>
concept select_arm = std::derived_from<std::remove_cvref_t<A>, detail::arm>;

namespace detail {

template <class C>
inline constexpr bool gives_once = false;
template <class T>
inline constexpr bool gives_once<future<T>> = true;

}  // namespace detail

/// See receive_from and get_from; C is a channel, a port, or a future.
template <class C, class F>
class receive_arm final : public detail::channel_arm_of<receive_arm<C, F>, detail::gives_once<C>> {
  using value_type = typename C::value_type;
  using message = detail::carried<value_type>;

 public:
  receive_arm(C& from, F f)
      : detail::channel_arm_of<receive_arm<C, F>, detail::gives_once<C>>(decltype(operation())::polls,
                                                                         confined_to_one_thread<C>),
        from_(std::addressof(from)),
        then_(std::move(f)) {
    static_cast<void>(detail::result_access::memory(letter_));
  }
  receive_arm(receive_arm&& other) noexcept
      : detail::channel_arm_of<receive_arm<C, F>, detail::gives_once<C>>(std::move(other)),
        from_(other.from_),
        letter_(std::move(other.letter_)),
        then_(std::move(other.then_)) {
    if (!letter_) static_cast<void>(detail::result_access::memory(letter_));
  }

  /// What came, moved out, if this arm has fired; else abandoned.
  tandem::result<value_type> result() {
    if constexpr (std::is_void_v<value_type>) {
      return std::move(letter_).transform([](std::monostate&&) {});
    } else {
      return std::move(letter_);
    }
  }

 private:
  auto operation() noexcept {
    return detail::core_access::receive_operation(*from_, detail::result_access::place_of(letter_));
  }
  detail::outcome attempt() noexcept override { return operation().attempt(); }
  detail::outcome enlist(detail::place& here) noexcept override { return operation().enlist(here); }
  bool withdraw(detail::place& here) noexcept override { return operation().withdraw(here); }
  std::uint64_t version(const detail::waiter& self) noexcept override { return operation().version(self); }
  void leave() noexcept override { operation().leave(); }
  void conclude(detail::outcome how) noexcept override {
    detail::result_access::conclude(letter_, detail::to_status(how, status::empty));
  }
  void finish() override {
    if constexpr (!std::is_same_v<F, detail::nothing_more>) detail::invoke(then_, result());
  }
  void prepare() noexcept override {
    std::destroy_at(std::addressof(letter_));
    ::new (static_cast<void*>(std::addressof(letter_)))
        tandem::result<message>(detail::result_access::empty_handed<message>());
    static_cast<void>(detail::result_access::memory(letter_));
  }

  C* from_;
  tandem::result<message> letter_ = detail::result_access::empty_handed<message>();
  [[no_unique_address]] F then_;
};

/// See send_to.
template <class C, class F>
class send_arm final : public detail::channel_arm_of<send_arm<C, F>> {
  using value_type = typename C::value_type;

 public:
  send_arm(C& to, value_type& value, F f)
      : detail::channel_arm_of<send_arm<C, F>>(decltype(operation())::polls, confined_to_one_thread<C>),
        to_(std::addressof(to)),
        value_(std::addressof(value)),
        then_(std::move(f)) {}
  send_arm(send_arm&&) noexcept = default;

  /// How it went, if this arm has fired; else abandoned.
  [[nodiscard]] status outcome() const noexcept { return outcome_; }

 private:
  auto operation() noexcept { return detail::core_access::send_operation(*to_, *value_); }
  detail::outcome attempt() noexcept override { return operation().attempt(); }
  detail::outcome enlist(detail::place& here) noexcept override { return operation().enlist(here); }
  bool withdraw(detail::place& here) noexcept override { return operation().withdraw(here); }
  std::uint64_t version(const detail::waiter& self) noexcept override { return operation().version(self); }
  void leave() noexcept override { operation().leave(); }
  void conclude(detail::outcome how) noexcept override { outcome_ = detail::to_status(how, status::full); }
  void finish() override { detail::invoke(then_, outcome_); }
  void prepare() noexcept override { outcome_ = status::abandoned; }

  C* to_;
  value_type* value_;
  status outcome_ = status::abandoned;
  [[no_unique_address]] F then_;
};

/// See stop_requested.
template <class F>
class stop_arm final : public detail::arm_of<stop_arm<F>, detail::stop_watch> {
 public:
  stop_arm(const stop_token& token, F f)
      : detail::arm_of<stop_arm<F>, detail::stop_watch>(token), then_(std::move(f)) {}
  stop_arm(stop_arm&&) noexcept = default;

 private:
  void finish() override { detail::invoke(then_); }
  [[no_unique_address]] F then_;
};

/// See otherwise.
template <class F>
class otherwise_arm final : public detail::arm_of<otherwise_arm<F>> {
 public:
  explicit otherwise_arm(F f) : detail::arm_of<otherwise_arm<F>>(detail::arm::kind::otherwise), then_(std::move(f)) {}
  otherwise_arm(otherwise_arm&&) noexcept = default;

 private:
  void conclude(detail::outcome) noexcept override {}
  void finish() override { detail::invoke(then_); }
  [[no_unique_address]] F then_;
};

/// A message has come on the channel, or it is closed: f(result<T>).
template <awaited_receivable C, class F = detail::nothing_more>
receive_arm<C, F> receive_from(C& channel, F f = {}) {
  return {channel, std::move(f)};
}

/// The future's value has come, or never will: f(result<T>).
template <class T, class F = detail::nothing_more>
receive_arm<future<T>, F> get_from(future<T>& value, F f = {}) {
  return {value, std::move(f)};
}

/// The variable's value has been sent, or the channel is closed: f(status).
template <awaited_sendable C, class F = detail::nothing_more>
send_arm<C, F> send_to(C& channel, typename C::value_type& variable, F f = {}) {
  return {channel, variable, std::move(f)};
}
/// The variable has to stay until the select is over: a temporary may not.
template <awaited_sendable C, class F = detail::nothing_more>
send_arm<C, F> send_to(C& channel, const typename C::value_type&& temporary, F f = {}) = delete;

/// Stop has been requested: f().
template <class F = detail::nothing_more>
stop_arm<F> stop_requested(const stop_token& token, F f = {}) {
  return {token, std::move(f)};
}

/// No other arm is ready: f().
template <class F = detail::nothing_more>
otherwise_arm<F> otherwise(F f = {}) {
  return otherwise_arm<F>(std::move(f));
}

/// Does not fire.
inline otherwise_arm<detail::nothing_more> never() { return otherwise().only_if(false); }

/// First argument of a select: of several arms that are ready the first is taken.
struct in_order_t {};
inline constexpr in_order_t in_order{};

namespace detail {

/// What an argument of a select is.
enum class role : std::uint8_t { order, arm, arms, duration, time_point, token, none };

/// An arm, and not a const one.
template <class A>
concept usable_arm = select_arm<A> && !std::is_const_v<std::remove_reference_t<A>>;

/// Arms that lie in a range; not such as are made on the way.
template <class R>
concept range_of_arms =
    std::ranges::forward_range<R> && std::is_lvalue_reference_v<std::ranges::range_reference_t<R>> &&
    usable_arm<std::ranges::range_reference_t<R>>;

template <class T>
inline constexpr role role_of_time = role::none;
template <class Rep, class Period>
inline constexpr role role_of_time<std::chrono::duration<Rep, Period>> = role::duration;
template <class Clock, class Duration>
inline constexpr role role_of_time<std::chrono::time_point<Clock, Duration>> = role::time_point;

template <class Argument>
consteval role role_of() {
  using bare = std::remove_cvref_t<Argument>;
  if constexpr (std::is_same_v<bare, in_order_t>) return role::order;
  if constexpr (std::is_same_v<bare, stop_token>) return role::token;
  if constexpr (usable_arm<Argument>) return role::arm;
  if constexpr (range_of_arms<Argument>) return role::arms;
  return role_of_time<bare>;
}

/// in_order or nothing; arms, or a range of them; the time, if there has to be one; a token or nothing.
template <class... Arguments>
consteval bool is_select(role time, bool may_stop) {
  constexpr role given[] = {role_of<Arguments>()..., role::none};
  std::size_t i = given[0] == role::order ? 1 : 0;
  const std::size_t first = i;
  if (given[i] == role::arms) {
    ++i;
  } else {
    while (given[i] == role::arm) ++i;
  }
  if (i == first) return false;
  if (time != role::none) {
    if (given[i] != time) return false;
    ++i;
  }
  if (may_stop && given[i] == role::token) ++i;
  return i == sizeof...(Arguments);
}

template <class... Arguments>
concept selects = is_select<Arguments...>(role::none, true);
template <class... Arguments>
concept selects_at_once = is_select<Arguments...>(role::none, false);
template <class... Arguments>
concept selects_for = is_select<Arguments...>(role::duration, true);
template <class... Arguments>
concept selects_until = is_select<Arguments...>(role::time_point, true);

/// Of the arguments, the duration or the instant.
template <class First, class... Rest>
constexpr const auto& time_in(const First& first, const Rest&... rest) noexcept {
  if constexpr (role_of_time<First> != role::none) {
    return first;
  } else {
    return detail::time_in(rest...);
  }
}
template <class... Arguments>
concept selects_until_our_time = selects_until<Arguments...> && requires(const Arguments&... arguments) {
  { detail::time_in(arguments...).time_since_epoch() };
  requires std::is_same_v<typename std::remove_cvref_t<decltype(detail::time_in(arguments...))>::clock, clock>;
};

/// How many arms a select has; behind them may come two that stand for its limits.
struct shape {
  std::size_t arms;  // 0: a range
  bool has_time;
  bool has_token;
};
template <class... Arguments>
inline constexpr shape shape_of{
    (std::size_t{0} + ... + (role_of<Arguments>() == role::arm ? 1 : 0)),
    ((role_of<Arguments>() == role::duration || role_of<Arguments>() == role::time_point) || ...),
    ((role_of<Arguments>() == role::token) || ...)};

/// A select that happens once. `until` counts only if one of the arguments is a time.
template <shape Shape>
class one_select {
  static constexpr bool has_limits = Shape.has_time || Shape.has_token;
  static constexpr std::size_t limits = (Shape.has_time ? 1 : 0) + (Shape.has_token ? 1 : 0);
  using row =
      std::conditional_t<Shape.arms == 0, std::vector<numbered_arm>, std::array<numbered_arm, Shape.arms + limits>>;
  struct absent {};

 public:
  template <class... Arguments>
  explicit one_select(deadline until, Arguments&... given) : row_(gather(until, given...)), selection_(row_, choice_) {}

  /// The number of the arm that fired; with limits, or which of them.
  using outcome = std::conditional_t<has_limits, result<std::size_t>, std::size_t>;

  outcome run() {
    selection_.run();
    return finish();
  }
  result<std::size_t> try_run() {
    if (!selection_.try_run()) return status::empty;
    return finish();
  }
  template <class Promise>
  bool start(std::coroutine_handle<Promise> waiting) {
    return selection_.start(waiting);
  }
  outcome finish() {
    const std::size_t number = selection_.fired();
    selection_.finish();
    if constexpr (has_limits) {
      const std::size_t arms = row_.size() - limits;
      if (number >= arms) return Shape.has_time && number == arms ? status::timeout : status::stopped;
    }
    return number;
  }

 private:
  template <class... Arguments>
  row gather(deadline until, Arguments&... given) {
    row all{};
    if constexpr (Shape.arms == 0) all.reserve((limits + ... + how_many(given)));
    std::size_t end = 0;
    const auto add = [&](arm& one) {
      if constexpr (Shape.arms == 0) {
        all.push_back(&one);
      } else {
        all[end++] = &one;
      }
    };
    (lay(given, until, add), ...);
    return all;
  }
  template <class Argument>
  static std::size_t how_many(Argument& given) {
    if constexpr (role_of<Argument&>() == role::arms) {
      return static_cast<std::size_t>(std::ranges::distance(given));
    } else {
      return 0;
    }
  }
  template <class Argument, class Add>
  void lay(Argument& given, deadline until, const Add& add) {
    constexpr role what = role_of<Argument&>();
    if constexpr (what == role::order) {
      choice_ = choice::in_order;
    } else if constexpr (what == role::arm) {
      add(given);
    } else if constexpr (what == role::arms) {
      for (arm& one : given) add(one);
    } else if constexpr (what == role::token) {
      add(token_.emplace(given));
    } else {
      add(time_.emplace(until, arm::kind::limit));
    }
  }
  choice choice_ = choice::random;
  [[no_unique_address]] std::conditional_t<Shape.has_time, std::optional<instant>, absent> time_;
  [[no_unique_address]] std::conditional_t<Shape.has_token, std::optional<stop_watch>, absent> token_;
  row row_;
  selection selection_;
};

/// Whoever passes one of these, or a range of them, or nothing but limits, meant a select of ours.
template <class A>
concept arm_or_channel = select_arm<A> || channel<std::remove_cvref_t<A>>;
template <class R>
concept range_of_them = std::ranges::range<R> && arm_or_channel<std::ranges::range_reference_t<R>>;
template <class... Arguments>
concept meant_for_a_select =
    ((arm_or_channel<Arguments> || range_of_them<Arguments>) || ...) || ((role_of<Arguments>() != role::none) && ...);

/// What the wrong arguments give: the call compiles as far as the sentence.
template <class... Arguments>
struct no_select : result<std::size_t>, std::suspend_never {
  static_assert(
      sizeof...(Arguments) > sizeof...(Arguments),
      "tandem: a select is given: in_order, or not; arms (receive_from(channel) makes one; a channel is none, "
      "and they are not const), or one range of arms; then, for ..._for, a duration, for ..._until, an instant "
      "(for co_..., of tandem::clock); then, except for try_select, a stop token, or none.");
  no_select() noexcept : result<std::size_t>(status::closed) {}
  operator std::size_t() const noexcept { return 0; }  // NOLINT(google-explicit-constructor): as select() gives it
};

}  // namespace detail

/// Waits until one arm fires; its number. With a token: or stopped.
template <class... Arguments>
  requires detail::selects<Arguments...>
auto select(Arguments&&... arguments) {
  return detail::one_select<detail::shape_of<Arguments...>>(detail::deadline::unlimited(), arguments...).run();
}
/// The number of an arm that is ready; or empty.
template <class... Arguments>
  requires detail::selects_at_once<Arguments...>
result<std::size_t> try_select(Arguments&&... arguments) {
  return detail::one_select<detail::shape_of<Arguments...>>(detail::deadline::unlimited(), arguments...).try_run();
}
/// Waits at most so long: a number, timeout or, with a token, stopped.
template <class... Arguments>
  requires detail::selects_for<Arguments...>
result<std::size_t> try_select_for(Arguments&&... arguments) {
  const auto until = detail::deadline::after(detail::time_in(arguments...));
  return detail::one_select<detail::shape_of<Arguments...>>(until, arguments...).run();
}
/// Waits until that instant at most: a number, timeout or, with a token, stopped.
template <class... Arguments>
  requires detail::selects_until<Arguments...>
result<std::size_t> try_select_until(Arguments&&... arguments) {
  result<std::size_t> fired = status::timeout;
  detail::attempt_until(detail::time_in(arguments...), [&](detail::deadline until) {
    fired = detail::one_select<detail::shape_of<Arguments...>>(until, arguments...).run();
    return fired.error() == status::timeout ? detail::outcome::timeout : detail::outcome::ok;
  });
  return fired;
}

/// What co_select returns; co_await gives what select returns.
template <detail::shape Shape>
class [[nodiscard("nothing is selected before it is awaited")]] select_awaitable {
 public:
  template <class... Arguments>
  explicit select_awaitable(detail::deadline until, Arguments&... arguments) : all_(until, arguments...) {}
  select_awaitable(const select_awaitable&) = delete;
  select_awaitable& operator=(const select_awaitable&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) {
    return all_.start(waiting);
  }
  auto await_resume() { return all_.finish(); }

 private:
  detail::one_select<Shape> all_;
};

/// To be awaited by a coroutine: waits until one arm fires; its number. With a token: or stopped.
template <class... Arguments>
  requires detail::selects<Arguments...>
auto co_select(Arguments&&... arguments) {
  return select_awaitable<detail::shape_of<Arguments...>>(detail::deadline::unlimited(), arguments...);
}
/// The same, at most so long: a number, timeout or, with a token, stopped.
template <class... Arguments>
  requires detail::selects_for<Arguments...>
auto co_try_select_for(Arguments&&... arguments) {
  const auto until = detail::deadline::after(detail::time_in(arguments...));
  return select_awaitable<detail::shape_of<Arguments...>>(until, arguments...);
}
/// The same, until that instant at most, by tandem::clock.
template <class... Arguments>
  requires detail::selects_until_our_time<Arguments...>
auto co_try_select_until(Arguments&&... arguments) {
  const auto until = detail::deadline::at_or_forever(detail::time_in(arguments...).time_since_epoch());
  return select_awaitable<detail::shape_of<Arguments...>>(until, arguments...);
}

// For other arguments: a sentence.

template <class... Arguments>
  requires(!detail::selects<Arguments...> && detail::meant_for_a_select<Arguments...>)
detail::no_select<Arguments...> select(Arguments&&...) {
  return {};
}
template <class... Arguments>
  requires(!detail::selects_at_once<Arguments...> && detail::meant_for_a_select<Arguments...>)
detail::no_select<Arguments...> try_select(Arguments&&...) {
  return {};
}
template <class... Arguments>
  requires(!detail::selects_for<Arguments...> && detail::meant_for_a_select<Arguments...>)
detail::no_select<Arguments...> try_select_for(Arguments&&...) {
  return {};
}
template <class... Arguments>
  requires(!detail::selects_until<Arguments...> && detail::meant_for_a_select<Arguments...>)
detail::no_select<Arguments...> try_select_until(Arguments&&...) {
  return {};
}
template <class... Arguments>
  requires(!detail::selects<Arguments...> && detail::meant_for_a_select<Arguments...>)
detail::no_select<Arguments...> co_select(Arguments&&...) {
  return {};
}
template <class... Arguments>
  requires(!detail::selects_for<Arguments...> && detail::meant_for_a_select<Arguments...>)
detail::no_select<Arguments...> co_try_select_for(Arguments&&...) {
  return {};
}
template <class... Arguments>
  requires(!detail::selects_until_our_time<Arguments...> && detail::meant_for_a_select<Arguments...>)
detail::no_select<Arguments...> co_try_select_until(Arguments&&...) {
  return {};
}

}  // namespace tandem::inline TANDEM_ABI
