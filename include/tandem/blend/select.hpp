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
//            f may be left out: a receive_from or get_from that was given a name has the result() until it is used
//            again, a send_to the outcome(). f is called when the select is over, by whoever called it (for a
//            coroutine: where it is resumed); it may use the same channels, and may throw.
//            An arm.only_if(false) does not fire. That is the way to leave out a channel that is closed: a closed
//            channel is ready, at once and for ever.
//            A run-time number of arms: select(range), of arms of one type. selector.hpp has a select that is made once
//            and used often, of any arms.
//              Choice      Of several arms that are ready, each has the same chance; select(in_order, ...) takes the
//                          first. A channel that is ready comes before an after() or at() that has passed (not if
//                          in_order). A stop that was requested before the call is taken before all others.
//              Partners    A select meets a plain operation, another select, a coroutine; never itself, even if it
//                          sends and receives on one channel. On a synchronous channel the two leave together, as
//                          always. A try_ operation finds a select that waits, not one that is still on its way.
//              Lifetime    Channels, variables and arms stay where they are while the select runs. An arm is used by
//                          one select at a time. co_select is awaited at once, in the expression that made it.
//              Exceptions  none of its own, but std::bad_alloc of select(range); what f throws.
//              Allocation  none; select(range): one.
//              Misuse      a select in which no arm can ever fire aborts, saying so; and so does one that would block
//                          at a channel of one thread (confinement.hpp), which is for co_select.
// Algorithm  detail/selection.hpp
// Tests      tests/select.test.cpp, tests/model/select.model.cpp, tests/stress/select.stress.cpp
#pragma once

#include <array>
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
#include <tandem/detail/invoke.hpp>
#include <tandem/detail/selection.hpp>
#include <tandem/mode.hpp>
#include <tandem/status.hpp>
#include <tandem/thread.hpp>
#include <tandem/verbs.hpp>

namespace tandem::inline TANDEM_ABI {

/// Something that a select can wait for.
template <class A>
concept select_arm = std::derived_from<std::remove_cvref_t<A>, detail::arm>;

/// See receive_from and get_from; C is a channel, a port, or a future.
template <class C, class F>
class receive_arm final : public detail::arm_of<receive_arm<C, F>> {
  using value_type = typename C::value_type;
  using message = detail::carried<value_type>;

 public:
  receive_arm(C& from, F f)
      : detail::arm_of<receive_arm<C, F>>(detail::arm::kind::channel, decltype(operation())::polls,
                                          confined_to_one_thread<C>),
        from_(std::addressof(from)),
        then_(std::move(f)) {
    static_cast<void>(detail::result_access::memory(letter_));
  }
  receive_arm(receive_arm&& other) noexcept
      : detail::arm_of<receive_arm<C, F>>(std::move(other)),
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
class send_arm final : public detail::arm_of<send_arm<C, F>> {
  using value_type = typename C::value_type;

 public:
  send_arm(C& to, value_type& value, F f)
      : detail::arm_of<send_arm<C, F>>(detail::arm::kind::channel, decltype(operation())::polls,
                                       confined_to_one_thread<C>),
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
class stop_arm final : public detail::arm_of<stop_arm<F>> {
 public:
  stop_arm(stop_token token, F f)
      : detail::arm_of<stop_arm<F>>(detail::arm::kind::stop), token_(std::move(token)), then_(std::move(f)) {}
  stop_arm(stop_arm&& other) noexcept
      : detail::arm_of<stop_arm<F>>(std::move(other)), token_(std::move(other.token_)), then_(std::move(other.then_)) {}

 private:
  /// Takes no lock, and is run by whoever requests the stop.
  struct tell {
    detail::waiter* who;
    void operator()() const noexcept { who->cancel(detail::outcome::stopped); }
  };

  void listen(detail::waiter& who) noexcept override { callback_.emplace(token_, tell{&who}); }
  void fall_deaf() noexcept override { callback_.reset(); }
  detail::stop_request stop() const noexcept override { return std::addressof(token_); }
  void conclude(detail::outcome) noexcept override {}
  void finish() override { detail::invoke(then_); }

  stop_token token_;
  std::optional<stop_callback<tell>> callback_;
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

/// An arm that lies somewhere, not one that is made on the way.
template <class Reference>
concept reference_to_an_arm = std::is_lvalue_reference_v<Reference> && select_arm<Reference>;

template <std::size_t N>
using arms = std::array<numbered_arm, N>;

/// All: an array or a vector of arms, as a selection has them.
template <class All>
std::size_t select(All all, choice how) {
  selection chosen(all, how);
  const std::size_t number = chosen.run();
  chosen.finish();
  return number;
}

}  // namespace detail

/// Waits until one arm fires; its number.
template <select_arm... Arms>
  requires(sizeof...(Arms) > 0)
std::size_t select(Arms&&... arms) {
  return detail::select(detail::arms<sizeof...(Arms)>{std::addressof(arms)...}, detail::choice::random);
}
template <select_arm... Arms>
  requires(sizeof...(Arms) > 0)
std::size_t select(in_order_t, Arms&&... arms) {
  return detail::select(detail::arms<sizeof...(Arms)>{std::addressof(arms)...}, detail::choice::in_order);
}

/// The same for arms that lie in a range; their number is counted from its beginning. Throws std::bad_alloc.
template <std::ranges::forward_range Range>
  requires detail::reference_to_an_arm<std::ranges::range_reference_t<Range>>
std::size_t select(Range&& range, detail::choice how = detail::choice::random) {
  std::vector<detail::numbered_arm> all;
  all.reserve(static_cast<std::size_t>(std::ranges::distance(range)));
  for (auto&& one : range) all.push_back(std::addressof(one));
  return detail::select(std::move(all), how);
}
template <std::ranges::forward_range Range>
  requires detail::reference_to_an_arm<std::ranges::range_reference_t<Range>>
std::size_t select(in_order_t, Range&& range) {
  return tandem::select(std::forward<Range>(range), detail::choice::in_order);
}

/// What co_select returns; co_await gives the number of the arm that fired.
template <std::size_t N>
class [[nodiscard("nothing is selected before it is awaited")]] select_awaitable {
 public:
  select_awaitable(detail::arms<N> all, detail::choice how) noexcept : arms_(all), selection_(arms_, how) {}
  select_awaitable(const select_awaitable&) = delete;
  select_awaitable& operator=(const select_awaitable&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) {
    return selection_.start(waiting);
  }
  std::size_t await_resume() {
    const std::size_t number = selection_.fired();
    selection_.finish();
    return number;
  }

 private:
  detail::arms<N> arms_;
  detail::selection selection_;
};

/// To be awaited by a coroutine: waits until one arm fires; its number.
template <select_arm... Arms>
  requires(sizeof...(Arms) > 0)
auto co_select(Arms&&... arms) {
  return select_awaitable<sizeof...(Arms)>({std::addressof(arms)...}, detail::choice::random);
}
template <select_arm... Arms>
  requires(sizeof...(Arms) > 0)
auto co_select(in_order_t, Arms&&... arms) {
  return select_awaitable<sizeof...(Arms)>({std::addressof(arms)...}, detail::choice::in_order);
}

}  // namespace tandem::inline TANDEM_ABI
