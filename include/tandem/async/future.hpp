// tandem/async/future.hpp: "I'll get back to you": one message, once.
//
// Contract   promise<T> and future<T> are the two ends of a channel for a single message. The promise is kept by
//            set_value(), whether or not anybody waits: mode::asynchronous, receipt::stored.
//              Outcomes    set_value: ok; closed, the promise has been kept already; abandoned, the future is gone, so
//                          nobody will ever ask. Unless ok, the argument is left as it was.
//                          get: the value, moved out; abandoned, the promise went without a value; closed, the value
//                          has been got already (+ empty, timeout, stopped by variant).
//              Lifetime    Either end may go first, at any time. A value that nobody got is destroyed when the future
//                          goes; if it goes while set_value stores the value, by that set_value.
//              Ownership   Each end belongs to one thread at a time; the two run free of each other.
//              Restriction T's move constructor must not use the promise that it is moved into.
//              Misuse      a second get_future(), or using an end that was moved from, aborts with a sentence.
//              Exceptions  the constructor of promise: std::bad_alloc. Nothing else throws but, beside a clock of the
//                          caller's own, T's copy in set_value(const T&). To send an error, send a T that can hold one.
//              Allocation  one, by the promise's constructor.
//              Progress    set_value: wait-free unless somebody waits or has waited, else a short lock. try_get:
//                          wait-free. get: blocking.
// Algorithm  Both ends share one block: a word of bits, each set once, and the memory for the value.
//
//                filled          the value is there                    set by the promise
//                abandoned       no value will ever come               set by the promise
//                waiting         somebody has left its place           set by the future
//                promise_gone, future_gone                             whoever sets the second one frees the block
//
//            All are set by read-modify-writes of one word, so either the future finds `filled` when it announces that
//            it waits, or the promise finds `waiting` when it fills. Only then does it take the lock, which keeps the
//            frame of a waiter that gives up from going away under the promise that wants to wake it.
//            In the same way one of the two destroys the value. A future that goes, and finds `filled`, does so before
//            it sets future_gone; a promise that finds future_gone when it sets `filled` does so at once.
// Invariants 1. filled and abandoned are never both set.  2. The block lives while either *_gone bit is missing.
//            3. The promise sets promise_gone after it has woken whom it had to wake.
//            4. Once filled and future_gone are both set, the value is being destroyed, or has been.
// Order      edge V: filled or abandoned (release) -> the load or read-modify-write that finds it (acquire): the value
//            edge G: *_gone (release) -> the other's *_gone, or a set_value that is abandoned (acquire): all that
//            either end did comes before the block is freed
//            edges L and W: the waiter's place, and the wake-up
// Cost       a promise kept and got on one thread: one allocation, three read-modify-writes. With somebody asleep: a
//            lock, a claim and a wake-up more.
// Source     one word that tells value, waiter and end apart: [rust-oneshot]
// Tests      tests/future.test.cpp, tests/probe.test.cpp, tests/no_loss.test.cpp, tests/failures_of_others.test.cpp,
//            tests/model/future.model.cpp, tests/stress/future.stress.cpp
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include <tandem/awaitable.hpp>
#include <tandem/detail/awaiting.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/mutex.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/detail/transfer.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/mode.hpp>
#include <tandem/platform/platform.hpp>
#include <tandem/status.hpp>
#include <tandem/verbs.hpp>

namespace tandem::inline TANDEM_ABI {

template <class T>
class future;

namespace detail {

/// What the two ends share.
template <class T>
class one_shot {
 public:
  one_shot() noexcept = default;
  one_shot(const one_shot&) = delete;
  one_shot& operator=(const one_shot&) = delete;
  /// The end that goes second destroys it, when the value has gone. (It is not private: -Wctor-dtor-privacy would say
  /// that nobody could.)
  ~one_shot() = default;

  // --- the promise's end ---

  status fill(T& value) noexcept {
    const std::uint32_t seen = bits_.load(order::acquire /*G*/);
    if ((seen & filled) != 0) return status::closed;
    if ((seen & future_gone) != 0) return status::abandoned;
    detail::hand_over(value, std::addressof(value_.value));
    if ((announce(filled) & future_gone) != 0) destroy_value();
    return status::ok;  // the block may be gone: the value may have held this very promise
  }

  void promise_goes() noexcept {
    // relaxed: this thread alone sets that bit
    if ((bits_.load(order::relaxed) & filled) == 0) static_cast<void>(announce(abandoned));
    part(promise_gone, future_gone);
  }

  // --- the future's end ---

  struct getting;
  getting get_operation(T* to) noexcept { return {*this, to}; }
  outcome get(T* to, deadline until, stop_request stop) { return detail::run(get_operation(to), until, stop); }

  bool is_ready() const noexcept { return peek() != outcome::refused; }

  void future_goes() noexcept {
    std::uint32_t seen = bits_.load(order::acquire /*V, G*/);
    while ((seen & filled) == 0) {
      const std::uint32_t gone = seen | future_gone;
      // release is enough: what it succeeds on has been read before, with acquire
      if (!bits_.compare_exchange_weak(seen, gone, order::release /*G*/, order::acquire /*V, G*/)) continue;
      if ((seen & promise_gone) != 0) delete this;
      return;
    }
    detail::end_message(value_.value);
    part(future_gone, promise_gone);
  }

 private:
  using order = platform::order;
  static constexpr std::uint32_t filled = 1;
  static constexpr std::uint32_t abandoned = 2;
  static constexpr std::uint32_t waiting = 4;
  static constexpr std::uint32_t promise_gone = 8;
  static constexpr std::uint32_t future_gone = 16;

  outcome peek() const noexcept {
    if (taken_) return outcome::closed;
    const std::uint32_t seen = bits_.load(order::acquire /*V*/);
    if ((seen & filled) != 0) return outcome::ok;
    return (seen & abandoned) != 0 ? outcome::abandoned : outcome::refused;
  }

  /// Says that it is over, and wakes whoever waits for it. What was said before.
  std::uint32_t announce(std::uint32_t bit) noexcept {
    const std::uint32_t before = bits_.fetch_or(bit, order::release /*V*/);
    if ((before & waiting) == 0) return before;
    place* getter = nullptr;
    {
      const scoped_lock hold(mutex_);
      getter = getter_.exchange(nullptr);
      if (getter != nullptr && !getter->claim()) getter = nullptr;
    }
    if (getter != nullptr) getter->complete(outcome::look);
    return before;
  }

  /// For the promise: the future has gone. The value comes out first, for it may be what keeps the block alive.
  void destroy_value() noexcept {
    raw<T> last;
    detail::hand_over(value_.value, std::addressof(last.value));
    detail::end_message(value_.value);
    detail::end_message(last.value);
  }

  void part(std::uint32_t mine, std::uint32_t others) noexcept {
    if ((bits_.fetch_or(mine, order::acq_rel /*G*/) & others) != 0) delete this;
  }

  platform::atomic<std::uint32_t> bits_{0};
  mutex mutex_;
  platform::cell<place*> getter_;  // under the lock
  platform::cell<bool> taken_;     // the future's own
  raw<T> value_;
};

/// One get, for whoever runs it: the value goes to `to`.
template <class T>
struct one_shot<T>::getting {
  static constexpr bool polls = false;
  static constexpr bool settled = false;

  one_shot& shared;
  T* to;

  outcome attempt() noexcept {
    const outcome how = shared.peek();
    if (how == outcome::ok) {
      detail::hand_over(shared.value_.value, to);
      shared.taken_ = true;
    }
    return how;
  }
  outcome enlist(place& here) noexcept {
    if (const outcome how = attempt(); how != outcome::refused) return how;
    {
      const scoped_lock hold(shared.mutex_);
      shared.getter_ = &here;
    }
    // acquire is edge V; release is not needed for the place, which goes by the lock
    const std::uint32_t before = shared.bits_.fetch_or(waiting, order::acquire /*V*/);
    return (before & (filled | abandoned)) != 0 ? outcome::look : outcome::pending;
  }
  bool withdraw(place&) noexcept {
    const scoped_lock hold(shared.mutex_);
    return shared.getter_.exchange(nullptr) != nullptr;
  }
  /// What has come stays.
  std::uint64_t version(const waiter&) const noexcept {
    return shared.peek() == outcome::refused ? std::uint64_t{1} : undecided;
  }
  void leave() const noexcept {}  // there is nobody else whose turn it could be
};

}  // namespace detail

/// The end that will keep its word.
template <class T>
class promise : private detail::require_message<detail::carried<T>> {
 public:
  using value_type = T;
  static constexpr mode channel_mode = mode::asynchronous;
  static constexpr receipt channel_receipt = receipt::stored;

  /// Throws std::bad_alloc.
  promise() : shared_(new detail::one_shot<detail::carried<T>>) { detail::require_whole_message<detail::carried<T>>(); }
  promise(promise&& other) noexcept
      : shared_(std::exchange(other.shared_, nullptr)), has_future_(std::exchange(other.has_future_, false)) {}
  promise& operator=(promise other) noexcept {
    std::swap(shared_, other.shared_);
    std::swap(has_future_, other.has_future_);
    return *this;
  }
  /// If there is no value yet, whoever waits gets `abandoned`.
  ~promise() {
    if (shared_ == nullptr) return;
    if (!has_future_) shared_->future_goes();
    shared_->promise_goes();
  }

  /// The other end. Precondition: called once.
  [[nodiscard]] future<T> get_future(detail::call_site from = detail::call_site::here()) noexcept;

  /// ok; closed if there is a value already; abandoned if the future is gone. The argument is moved from iff ok.
  status set_value(detail::carried<T>&& value) noexcept { return shared().fill(value); }
  status set_value(const detail::carried<T>& value)
    requires(!std::is_void_v<T> && std::is_copy_constructible_v<detail::carried<T>>)
  {
    return set_value(detail::carried<T>(value));
  }
  status set_value() noexcept
    requires std::is_void_v<T>
  {
    return set_value(std::monostate());
  }

  /// False once moved from.
  explicit operator bool() const noexcept { return shared_ != nullptr; }

 private:
  detail::one_shot<detail::carried<T>>& shared() const noexcept {
    detail::demand(shared_ != nullptr, "an empty promise was used: it was moved from");
    return *shared_;
  }
  detail::one_shot<detail::carried<T>>* shared_;
  bool has_future_ = false;
};

/// The end that waits for it, or asks now and then.
template <class T>
class future {
 public:
  using value_type = T;
  static constexpr mode channel_mode = mode::asynchronous;
  static constexpr receipt channel_receipt = receipt::stored;

  /// An empty future: attached to no promise.
  future() noexcept = default;
  future(future&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  future& operator=(future other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~future() {
    if (shared_ != nullptr) shared_->future_goes();
  }

  /// Waits for the value, and moves it out: abandoned if none will come, closed if it has been got before.
  result<T> get() { return core(detail::deadline::unlimited()); }
  /// The same, or stopped.
  result<T> get(const stop_token& stop) { return core(detail::deadline::unlimited(), &stop); }
  /// The value if it is there; else empty, abandoned or closed.
  result<T> try_get() { return core(detail::deadline::at_once()); }
  /// Waits at most so long, then timeout.
  template <class Rep, class Period>
  result<T> try_get_for(std::chrono::duration<Rep, Period> patience) {
    return core(detail::deadline::after(patience));
  }
  template <class Rep, class Period>
  result<T> try_get_for(std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return core(detail::deadline::after(patience), &stop);
  }
  /// Waits until that instant at most, by any clock, then timeout.
  template <class Clock, class Duration>
  result<T> try_get_until(std::chrono::time_point<Clock, Duration> when) {
    return core_until(when, nullptr);
  }
  template <class Clock, class Duration>
  result<T> try_get_until(std::chrono::time_point<Clock, Duration> when, const stop_token& stop) {
    return core_until(when, &stop);
  }

  // To be awaited by a coroutine; co_await gives the result. awaitable.hpp says more.

  /// The value; abandoned if none will come, closed if it has been got before.
  auto co_get() { return awaited<detail::by_partner>(); }
  /// The same, or stopped.
  auto co_get(const stop_token& stop) { return awaited<detail::by_stop>(stop); }
  /// Waits at most so long, then timeout.
  template <class Rep, class Period>
  auto co_try_get_for(std::chrono::duration<Rep, Period> patience) {
    return awaited<detail::by_time>(detail::deadline::after(patience));
  }
  template <class Rep, class Period>
  auto co_try_get_for(std::chrono::duration<Rep, Period> patience, const stop_token& stop) {
    return awaited<detail::by_time_or_stop>(detail::deadline::after(patience), stop);
  }
  /// Waits until that instant at most, then timeout.
  template <class Duration>
  auto co_try_get_until(std::chrono::time_point<clock, Duration> when) {
    return awaited<detail::by_time>(detail::deadline::at_or_forever(when.time_since_epoch()));
  }
  template <class Duration>
  auto co_try_get_until(std::chrono::time_point<clock, Duration> when, const stop_token& stop) {
    return awaited<detail::by_time_or_stop>(detail::deadline::at_or_forever(when.time_since_epoch()), stop);
  }

  /// Whether a get would not have had to wait. Once true it stays true.
  [[nodiscard]] bool was_ready() const noexcept { return shared().is_ready(); }

  /// False for an empty future.
  [[nodiscard]] bool valid() const noexcept { return shared_ != nullptr; }
  explicit operator bool() const noexcept { return valid(); }

 private:
  friend promise<T>;
  friend detail::core_access;
  using message = detail::carried<T>;
  explicit future(detail::one_shot<message>* shared) noexcept : shared_(shared) {}

  detail::one_shot<message>& shared() const noexcept {
    detail::demand(shared_ != nullptr, "an empty future was used: it was moved from, or never came from a promise");
    return *shared_;
  }

  auto receive_operation(message* to) noexcept { return shared().get_operation(to); }
  template <class Limit, class... Limits>
  auto awaited(const Limits&... limit) {
    const auto operation = [this](message* to) { return receive_operation(to); };
    return receive_awaitable<T, std::invoke_result_t<decltype(operation), message*>, Limit>(operation, limit...);
  }
  template <class Attempt>
  static result<message> receive(const Attempt& attempt) {
    auto letter = detail::result_access::empty_handed<message>();
    const auto how = attempt(detail::result_access::memory(letter));
    detail::result_access::conclude(letter, detail::to_status(how, status::empty));
    return letter;
  }
  template <class Attempt>
  static result<T> deliver(const Attempt& attempt) {
    if constexpr (std::is_void_v<T>) {
      return receive(attempt).transform([](std::monostate&&) {});
    } else {
      return receive(attempt);
    }
  }
  result<T> core(detail::deadline until, detail::stop_request stop = nullptr) {
    return deliver([&](message* to) { return shared().get(to, until, stop); });
  }
  template <class TimePoint>
  result<T> core_until(TimePoint when, detail::stop_request stop) {
    return deliver([&](message* to) {
      return detail::attempt_until(when, [&](detail::deadline until) { return shared().get(to, until, stop); });
    });
  }

  detail::one_shot<message>* shared_ = nullptr;
};

template <class T>
future<T> promise<T>::get_future(detail::call_site from) noexcept {
  detail::one_shot<detail::carried<T>>& shared_block = shared();
  detail::demand(!has_future_, "a promise was asked for its future twice: there is only one", from);
  has_future_ = true;
  return future<T>(std::addressof(shared_block));
}

}  // namespace tandem::inline TANDEM_ABI
