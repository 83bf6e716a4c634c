// tandem/verbs.hpp: the verbs of one-way media, the same for every channel and for every port.
//
// Contract   Four ways to send and to receive, of which three may end with a stop token:
//              send(v)                     waits as long as it takes
//              try_send(v)                 never waits for a partner: full (try_receive: empty) if it would have to
//              try_send_for(v, duration)   waits so long at most, then timeout
//              try_send_until(v, instant)  the same, by any clock; a clock that is set back is waited for (one that is
//                                          set forward is not noticed before the wait is over)
//              ..., token)                 gives up, stopped, when stop is requested
//            and the same to be awaited by a coroutine, co_send(v) and so on, except try_send: it never waits, so
//            there is nothing to await. awaitable.hpp says more. A deadline of theirs is one of tandem::clock.
//            Which outcome, if several could be: stopped, if stop was requested before the call, and then nothing has
//            been attempted; else what can be done at once is done, even if the deadline is past; else closed; else
//            full or empty, timeout or stopped, whichever comes first.
//            Nothing is lost: a send that is not ok has left its argument as it was, in the caller's hands; a receive
//            that is not ok has taken nothing. send(const T&) copies before anything else, so a copy that throws has
//            sent nothing. Nothing else throws, unless now() of a clock of yours does.
//            Iteration receives until the channel is closed and drained:  for (auto& letter : inbox) ...  It receives
//            a message when it is asked for it, or whether there is one: inbox | std::views::take(3) takes three.
//            A channel of one thread (confinement.hpp) has only what cannot block that thread: the try_ verbs without a
//            time, and what is awaited.
// Algorithm  Each is one line over one core per primitive, which takes a deadline and perhaps a token; each that is
//            awaited one line over the operation itself. A primitive derives from the two classes below and befriends
//            detail::core_access.
// Tests      tests/verbs.test.cpp, and each primitive's own
#pragma once

#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <tandem/awaitable.hpp>
#include <tandem/confinement.hpp>
#include <tandem/detail/awaiting.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/mode.hpp>
#include <tandem/platform/platform.hpp>
#include <tandem/status.hpp>
#include <tandem/thread.hpp>

namespace tandem::inline TANDEM_ABI {

namespace detail {

/// The verbs' way to the private core of a channel.
struct core_access {
  template <class C, class T>
  static outcome send(C& c, T& value, deadline until, stop_request stop) {
    return c.send_core(value, until, stop);
  }
  template <class C, class T>
  static outcome receive(C& c, T* to, deadline until, stop_request stop) {
    return c.receive_core(to, until, stop);
  }
  template <class C, class T>
  static auto send_operation(C& c, T& value) noexcept {
    return c.send_operation(value);
  }
  template <class C, class T>
  static auto receive_operation(C& c, T* to) noexcept {
    return c.receive_operation(to);
  }
  /// No receiver can come again: closes the channel, and destroys what is inside. One that stores messages says how, in
  /// discard_core(); of any other what is left is received.
  template <class C>
  static void discard(C& c) noexcept {
    if constexpr (requires { c.discard_core(); }) {
      c.discard_core();
    } else {
      c.close();
      if constexpr (mode_of<C> == mode::asynchronous) {
        while (c.try_receive()) {
        }
      }
    }
  }
};

/// attempt(deadline) with a deadline on any clock. One that the platform does not know may run differently from its
/// own, so when the wait is over the user's clock has the last word.
template <class Clock, class Duration, class Attempt>
outcome attempt_until(std::chrono::time_point<Clock, Duration> when, const Attempt& attempt) {
  if constexpr (std::is_same_v<Clock, platform::clock>) {
    return attempt(deadline::at_or_forever(when.time_since_epoch()));
  } else {
    for (;;) {
      const auto left = deadline::between(Clock::now().time_since_epoch(), when.time_since_epoch());
      const outcome how = attempt(deadline::after(left));
      if (how != outcome::timeout || left == left.zero()) return how;
    }
  }
}

/// What a verb would give that would block the only thread of its channel: the call compiles as far as the sentence.
struct no_status : status {};
template <class T>
struct no_result : result<T> {};

template <class Channel>
[[noreturn]] void would_wait_for_itself() noexcept {
  static_assert(!confined_to_one_thread<Channel>,
                "tandem: a thread that blocks at a channel of its own (one_thread) waits for itself: co_await the same "
                "verb with co_ before its name, or use try_send, try_receive.");
  platform::die("a thread that blocks at a channel of its own (one_thread) waits for itself");
}

/// Receives when it is asked for a message, or whether there is one; ends when the channel is closed. So it takes no
/// more than is looked at: the first three are taken without waiting for a fourth.
template <class Source>
class receive_iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = typename Source::value_type;
  using difference_type = std::ptrdiff_t;

  explicit receive_iterator(Source& source) noexcept : source_(std::addressof(source)) {}

  value_type& operator*() const { return letter().value(); }
  value_type* operator->() const { return std::addressof(letter().value()); }
  /// Also past one that nobody has looked at.
  receive_iterator& operator++() {
    static_cast<void>(letter());
    put([] { return result_access::empty_handed<value_type>(); });
    is_there_ = false;
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const receive_iterator& i, std::default_sentinel_t) { return !i.letter().has_value(); }

 private:
  result<value_type>& letter() const {
    if (!is_there_) put([this] { return source_->receive(); });
    is_there_ = true;
    return letter_;
  }
  /// In place, not assigned: the partner constructs the message here.
  template <class Make>
  void put(const Make& make) const {
    std::destroy_at(std::addressof(letter_));
    ::new (static_cast<void*>(std::addressof(letter_))) result<value_type>(make());
  }

  Source* source_;
  mutable result<value_type> letter_ = result_access::empty_handed<value_type>();
  mutable bool is_there_ = false;  // what came when it was asked
};

}  // namespace detail

/// send and its variants, for a channel whose private core is `outcome send_core(T&, deadline, stop_request)`, and
/// whose send_operation(T&) is what that core runs.
template <class Channel, class T>
class send_verbs {
 public:
  /// Waits until the message is sent: ok, or closed. What ok means, the channel's receipt says.
  status send(T&& value)
    requires(!confined_to_one_thread<Channel>)
  {
    return core(value, detail::deadline::unlimited());
  }
  /// The same, or stopped.
  status send(T&& value, const stop_token& stop)
    requires(!confined_to_one_thread<Channel>)
  {
    return core(value, detail::deadline::unlimited(), &stop);
  }
  /// Sends if nobody has to be waited for: ok, full or closed.
  status try_send(T&& value) { return core(value, detail::deadline::at_once()); }
  /// Waits at most so long: ok, timeout or closed.
  template <class Rep, class Period>
    requires(!confined_to_one_thread<Channel>)
  status try_send_for(T&& value, std::chrono::duration<Rep, Period> patience) {
    return core(value, detail::deadline::after(patience));
  }
  /// The same, or stopped.
  template <class Rep, class Period>
    requires(!confined_to_one_thread<Channel>)
  status try_send_for(T&& value, std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return core(value, detail::deadline::after(patience), &stop);
  }
  /// Waits until that instant at most: ok, timeout or closed.
  template <class Clock, class Duration>
    requires(!confined_to_one_thread<Channel>)
  status try_send_until(T&& value, std::chrono::time_point<Clock, Duration> when) {
    return core_until(value, when, nullptr);
  }
  /// The same, or stopped.
  template <class Clock, class Duration>
    requires(!confined_to_one_thread<Channel>)
  status try_send_until(T&& value, std::chrono::time_point<Clock, Duration> when, const stop_token& stop) {
    return core_until(value, when, &stop);
  }

  // For a channel of one thread: a sentence.
  template <class... Arguments>
    requires confined_to_one_thread<Channel>
  detail::no_status send(Arguments&&...) {
    detail::would_wait_for_itself<Channel>();
  }
  template <class... Arguments>
    requires confined_to_one_thread<Channel>
  detail::no_status try_send_for(Arguments&&...) {
    detail::would_wait_for_itself<Channel>();
  }
  template <class... Arguments>
    requires confined_to_one_thread<Channel>
  detail::no_status try_send_until(Arguments&&...) {
    detail::would_wait_for_itself<Channel>();
  }

  // To be awaited by a coroutine; co_await gives the status.

  /// ok, or closed.
  auto co_send(T&& value) { return awaited<detail::by_partner>(value); }
  /// The same, or stopped.
  auto co_send(T&& value, const stop_token& stop) { return awaited<detail::by_stop>(value, stop); }
  /// Waits at most so long: ok, timeout or closed.
  template <class Rep, class Period>
  auto co_try_send_for(T&& value, std::chrono::duration<Rep, Period> patience) {
    return awaited<detail::by_time>(value, detail::deadline::after(patience));
  }
  /// The same, or stopped.
  template <class Rep, class Period>
  auto co_try_send_for(T&& value, std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return awaited<detail::by_time_or_stop>(value, detail::deadline::after(patience), stop);
  }
  /// Waits until that instant at most: ok, timeout or closed.
  template <class Duration>
  auto co_try_send_until(T&& value, std::chrono::time_point<clock, Duration> when) {
    return awaited<detail::by_time>(value, detail::deadline::at_or_forever(when.time_since_epoch()));
  }
  /// The same, or stopped.
  template <class Duration>
  auto co_try_send_until(T&& value, std::chrono::time_point<clock, Duration> when, const stop_token& stop) {
    return awaited<detail::by_time_or_stop>(value, detail::deadline::at_or_forever(when.time_since_epoch()), stop);
  }

  // The same with a copy of the value.
  status send(const T& value)
    requires std::is_copy_constructible_v<T> && (!confined_to_one_thread<Channel>)
  {
    return send(T(value));
  }
  status send(const T& value, const stop_token& stop)
    requires std::is_copy_constructible_v<T> && (!confined_to_one_thread<Channel>)
  {
    return send(T(value), stop);
  }
  status try_send(const T& value)
    requires std::is_copy_constructible_v<T>
  {
    return try_send(T(value));
  }
  template <class Rep, class Period>
    requires std::is_copy_constructible_v<T> && (!confined_to_one_thread<Channel>)
  status try_send_for(const T& value, std::chrono::duration<Rep, Period> patience) {
    return try_send_for(T(value), patience);
  }
  template <class Rep, class Period>
    requires std::is_copy_constructible_v<T> && (!confined_to_one_thread<Channel>)
  status try_send_for(const T& value, std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return try_send_for(T(value), patience, stop);
  }
  template <class Clock, class Duration>
    requires std::is_copy_constructible_v<T> && (!confined_to_one_thread<Channel>)
  status try_send_until(const T& value, std::chrono::time_point<Clock, Duration> when) {
    return try_send_until(T(value), when);
  }
  template <class Clock, class Duration>
    requires std::is_copy_constructible_v<T> && (!confined_to_one_thread<Channel>)
  status try_send_until(const T& value, std::chrono::time_point<Clock, Duration> when, const stop_token& stop) {
    return try_send_until(T(value), when, stop);
  }
  auto co_send(const T& value)
    requires std::is_copy_constructible_v<T>
  {
    return awaited_copy<detail::by_partner>(value);
  }
  auto co_send(const T& value, const stop_token& stop)
    requires std::is_copy_constructible_v<T>
  {
    return awaited_copy<detail::by_stop>(value, stop);
  }
  template <class Rep, class Period>
    requires std::is_copy_constructible_v<T>
  auto co_try_send_for(const T& value, std::chrono::duration<Rep, Period> patience) {
    return awaited_copy<detail::by_time>(value, detail::deadline::after(patience));
  }
  template <class Rep, class Period>
    requires std::is_copy_constructible_v<T>
  auto co_try_send_for(const T& value, std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return awaited_copy<detail::by_time_or_stop>(value, detail::deadline::after(patience), stop);
  }
  template <class Duration>
    requires std::is_copy_constructible_v<T>
  auto co_try_send_until(const T& value, std::chrono::time_point<clock, Duration> when) {
    return awaited_copy<detail::by_time>(value, detail::deadline::at_or_forever(when.time_since_epoch()));
  }
  template <class Duration>
    requires std::is_copy_constructible_v<T>
  auto co_try_send_until(const T& value, std::chrono::time_point<clock, Duration> when, const stop_token& stop) {
    return awaited_copy<detail::by_time_or_stop>(value, detail::deadline::at_or_forever(when.time_since_epoch()), stop);
  }

 protected:
  send_verbs() noexcept = default;
  send_verbs(const send_verbs&) noexcept = default;
  send_verbs& operator=(const send_verbs&) noexcept = default;
  ~send_verbs() = default;

 private:
  status core(T& value, detail::deadline until, detail::stop_request stop = nullptr) {
    const auto how = detail::core_access::send(static_cast<Channel&>(*this), value, until, stop);
    return detail::to_status(how, status::full);
  }
  template <class Limit, class... Limits>
  auto awaited(T& value, const Limits&... limit) {
    const auto operation = [&] { return detail::core_access::send_operation(static_cast<Channel&>(*this), value); };
    return send_awaitable<std::invoke_result_t<decltype(operation)>, Limit>(operation, limit...);
  }
  template <class Limit, class... Limits>
  auto awaited_copy(const T& value, const Limits&... limit) {
    const auto operation = [this](T& copy) {
      return detail::core_access::send_operation(static_cast<Channel&>(*this), copy);
    };
    return copy_send_awaitable<T, std::invoke_result_t<decltype(operation), T&>, Limit>(operation, value, limit...);
  }
  template <class TimePoint>
  status core_until(T& value, TimePoint when, detail::stop_request stop) {
    return detail::to_status(detail::attempt_until(when,
                                                   [&](detail::deadline until) {
                                                     return detail::core_access::send(static_cast<Channel&>(*this),
                                                                                      value, until, stop);
                                                   }),
                             status::full);
  }
};

/// receive and its variants, for a channel whose private core is `outcome receive_core(T* to, deadline, stop_request)`,
/// which constructs the message at `to` iff it returns ok, and whose receive_operation(T* to) is what that core runs.
template <class Channel, class T>
class receive_verbs {
 public:
  /// Waits for a message; closed if none will come any more.
  result<T> receive()
    requires(!confined_to_one_thread<Channel>)
  {
    return core(detail::deadline::unlimited());
  }
  /// The same, or stopped.
  result<T> receive(const stop_token& stop)
    requires(!confined_to_one_thread<Channel>)
  {
    return core(detail::deadline::unlimited(), &stop);
  }
  /// A message, if nobody has to be waited for; else empty or closed.
  result<T> try_receive() { return core(detail::deadline::at_once()); }
  /// Waits at most so long: a message, timeout or closed.
  template <class Rep, class Period>
    requires(!confined_to_one_thread<Channel>)
  result<T> try_receive_for(std::chrono::duration<Rep, Period> patience) {
    return core(detail::deadline::after(patience));
  }
  /// The same, or stopped.
  template <class Rep, class Period>
    requires(!confined_to_one_thread<Channel>)
  result<T> try_receive_for(std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return core(detail::deadline::after(patience), &stop);
  }
  /// Waits until that instant at most: a message, timeout or closed.
  template <class Clock, class Duration>
    requires(!confined_to_one_thread<Channel>)
  result<T> try_receive_until(std::chrono::time_point<Clock, Duration> when) {
    return core_until(when, nullptr);
  }
  /// The same, or stopped.
  template <class Clock, class Duration>
    requires(!confined_to_one_thread<Channel>)
  result<T> try_receive_until(std::chrono::time_point<Clock, Duration> when, const stop_token& stop) {
    return core_until(when, &stop);
  }

  // For a channel of one thread: a sentence.
  template <class... Arguments>
    requires confined_to_one_thread<Channel>
  detail::no_result<T> receive(Arguments&&...) {
    detail::would_wait_for_itself<Channel>();
  }
  template <class... Arguments>
    requires confined_to_one_thread<Channel>
  detail::no_result<T> try_receive_for(Arguments&&...) {
    detail::would_wait_for_itself<Channel>();
  }
  template <class... Arguments>
    requires confined_to_one_thread<Channel>
  detail::no_result<T> try_receive_until(Arguments&&...) {
    detail::would_wait_for_itself<Channel>();
  }

  // To be awaited by a coroutine; co_await gives the result.

  /// A message, or closed.
  auto co_receive() { return awaited<detail::by_partner>(); }
  /// The same, or stopped.
  auto co_receive(const stop_token& stop) { return awaited<detail::by_stop>(stop); }
  /// Waits at most so long: a message, timeout or closed.
  template <class Rep, class Period>
  auto co_try_receive_for(std::chrono::duration<Rep, Period> patience) {
    return awaited<detail::by_time>(detail::deadline::after(patience));
  }
  /// The same, or stopped.
  template <class Rep, class Period>
  auto co_try_receive_for(std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return awaited<detail::by_time_or_stop>(detail::deadline::after(patience), stop);
  }
  /// Waits until that instant at most: a message, timeout or closed.
  template <class Duration>
  auto co_try_receive_until(std::chrono::time_point<clock, Duration> when) {
    return awaited<detail::by_time>(detail::deadline::at_or_forever(when.time_since_epoch()));
  }
  /// The same, or stopped.
  template <class Duration>
  auto co_try_receive_until(std::chrono::time_point<clock, Duration> when, const stop_token& stop) {
    return awaited<detail::by_time_or_stop>(detail::deadline::at_or_forever(when.time_since_epoch()), stop);
  }

  /// Messages one after the other until the channel is closed and drained; a single pass. Each is received when it is
  /// looked at.
  auto begin()
    requires(!confined_to_one_thread<Channel>)
  {
    return detail::receive_iterator<Channel>(static_cast<Channel&>(*this));
  }
  std::default_sentinel_t end() noexcept { return std::default_sentinel; }

 protected:
  receive_verbs() noexcept = default;
  receive_verbs(const receive_verbs&) noexcept = default;
  receive_verbs& operator=(const receive_verbs&) noexcept = default;
  ~receive_verbs() = default;

 private:
  // Both return the very object that the partner constructs the message in: where the compiler elides the copy of a
  // named result, as ours do, there is no move on the way out.
  result<T> core(detail::deadline until, detail::stop_request stop = nullptr) {
    auto letter = detail::result_access::empty_handed<T>();
    const auto how =
        detail::core_access::receive(static_cast<Channel&>(*this), detail::result_access::memory(letter), until, stop);
    detail::result_access::conclude(letter, detail::to_status(how, status::empty));
    return letter;
  }
  template <class Limit, class... Limits>
  auto awaited(const Limits&... limit) {
    const auto operation = [this](T* to) {
      return detail::core_access::receive_operation(static_cast<Channel&>(*this), to);
    };
    return receive_awaitable<T, std::invoke_result_t<decltype(operation), T*>, Limit>(operation, limit...);
  }
  template <class TimePoint>
  result<T> core_until(TimePoint when, detail::stop_request stop) {
    auto letter = detail::result_access::empty_handed<T>();
    const auto how = detail::attempt_until(when, [&](detail::deadline until) {
      return detail::core_access::receive(static_cast<Channel&>(*this), detail::result_access::memory(letter), until,
                                          stop);
    });
    detail::result_access::conclude(letter, detail::to_status(how, status::empty));
    return letter;
  }
};

}  // namespace tandem::inline TANDEM_ABI
