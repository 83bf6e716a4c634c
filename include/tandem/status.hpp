// tandem/status.hpp: how an operation ended, and what it brought.
//
// Contract   status   what a send returns: one of seven outcomes; true in a condition when the message was sent.
//            result   what a receive returns: a message or the status that says why there is none; shaped like
//                     C++23's std::expected<T, status>, so `while (auto letter = inbox.receive())` reads as it should.
//            Nothing here allocates or throws; asking a result for what it does not have is misuse, which aborts with
//            a sentence (std::expected throws; tandem works without exceptions). Both are compared, and printed, with
//            what T has for that; whoever prints includes <ostream>.
// Tests      tests/status.test.cpp
#pragma once

#include <concepts>
#include <iosfwd>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tandem/detail/contract.hpp>
#include <tandem/detail/invoke.hpp>
#include <tandem/detail/room.hpp>
#include <tandem/platform/abi.hpp>

namespace tandem::inline TANDEM_ABI {

/// How an operation ended.
class [[nodiscard]] status {
 public:
  enum code : unsigned char {
    ok,         ///< it was done
    full,       ///< try_send: it would have had to wait for room, or for a receiver
    empty,      ///< try_receive: it would have had to wait for a message, or for a sender
    closed,     ///< the channel is closed: nothing more will pass
    timeout,    ///< the deadline came first
    stopped,    ///< stop was requested first
    abandoned,  ///< the other side has gone without keeping its promise
  };

  // NOLINTNEXTLINE(google-explicit-constructor): so that `s == status::full` and `return status::ok` read as they
  // should
  constexpr status(code c) noexcept : code_(c) {}

  /// True iff the operation was done.
  constexpr explicit operator bool() const noexcept { return code_ == ok; }

  /// The bare enumerator, for a switch.
  [[nodiscard]] constexpr code value() const noexcept { return code_; }

  /// One word: "ok", "full", ...
  [[nodiscard]] constexpr std::string_view name() const noexcept {
    switch (code_) {
      case ok: return "ok";
      case full: return "full";
      case empty: return "empty";
      case closed: return "closed";
      case timeout: return "timeout";
      case stopped: return "stopped";
      case abandoned: return "abandoned";
    }
    return "unknown";
  }

  /// The same for a person.
  [[nodiscard]] constexpr std::string_view sentence() const noexcept {
    switch (code_) {
      case ok: return "It was done.";
      case full: return "There was no room, or nobody there to take it.";
      case empty: return "There was nothing there to take.";
      case closed: return "The channel is closed.";
      case timeout: return "The deadline came first.";
      case stopped: return "It was asked to stop.";
      case abandoned: return "The other side has gone for good.";
    }
    return "This is no outcome of tandem.";
  }

  friend constexpr bool operator==(status, status) noexcept = default;

  /// Prints the name.
  template <class Traits>
  friend std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, status s) {
    return out << s.name().data();
  }
  template <class Traits>
  friend std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, code c) {
    return out << status(c).name().data();
  }

 private:
  code code_;
};

template <class T>
class result;

namespace detail {

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

/// A status that stands for a result is its value, never a failure.
template <class T>
inline constexpr bool is_status = std::is_same_v<T, status> || std::is_same_v<T, status::code>;

template <class T, class U>
concept comparable = requires(const T& t, const U& u) {
  { t == u } -> std::convertible_to<bool>;
};
/// What a result<T> may be compared with for its value.
template <class U, class T>
concept comparable_value = !is_result<U> && (!is_status<U> || is_status<T>) && comparable<T, U>;

/// Makes results in place: the message is constructed by the partner, straight into the result that receive() returns.
struct result_access {
  template <class T>
  static result<T> empty_handed() noexcept {
    return result<T>(result_access{});
  }
  template <class T>
  static T* memory(result<T>& r) noexcept {
    platform::plain_new(place_of(r));
    return place_of(r);
  }
  template <class T>
  static T* place_of(result<T>& r) noexcept {
    return r.room_.place();
  }
  template <class R>
  static constexpr R failure(status why) noexcept {
    if constexpr (std::is_void_v<typename R::value_type>) {
      return R(why);
    } else {
      return R(result_access{}, why);
    }
  }
  template <class T>
  static void conclude(result<T>& r, status how) noexcept {
    r.status_ = how;
  }
};

}  // namespace detail

/// A T, or the status that says why there is none.
template <class T>
class [[nodiscard]] result {
  static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T>,
                "tandem: a result holds a value: not a reference, an array, or something const.");
  static constexpr bool carries_status = detail::is_status<T>;

 public:
  using value_type = T;
  using error_type = status;

  // NOLINTBEGIN(google-explicit-constructor): both convert, as they do to std::expected
  constexpr result(T&& value) noexcept(std::is_nothrow_move_constructible_v<T>)
      : room_(std::in_place, std::move(value)) {}
  constexpr result(const T& value) noexcept(std::is_nothrow_copy_constructible_v<T>)
    requires std::copy_constructible<T>
      : room_(std::in_place, value) {}
  /// Precondition: `failure` is not ok.
  constexpr result(status failure, detail::call_site from = detail::call_site::here()) noexcept
    requires(!carries_status)
      : status_(failure) {
    detail::demand(!failure, "a result made from a status needs one that says what failed, not ok", from);
  }
  constexpr result(status::code failure, detail::call_site from = detail::call_site::here()) noexcept
    requires(!carries_status)
      : result(status(failure), from) {}
  // NOLINTEND(google-explicit-constructor)

  constexpr result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : status_(other.status_) {
    if (status_) std::construct_at(room_.place(), std::move(other.room_.value()));
  }
  constexpr result(const result& other) noexcept(std::is_nothrow_copy_constructible_v<T>)
    requires std::copy_constructible<T>
      : status_(other.status_) {
    if (status_) std::construct_at(room_.place(), other.room_.value());
  }
  /// Destroys what is there, then constructs: a T need not be assignable. If T's copy throws, *this is as it was.
  constexpr result& operator=(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if (this != std::addressof(other)) replace(std::move(other));
    return *this;
  }
  constexpr result& operator=(const result& other) noexcept(std::is_nothrow_copy_constructible_v<T>)
    requires std::copy_constructible<T>
  {
    if (this != std::addressof(other)) replace(other);
    return *this;
  }
  constexpr ~result() {
    if (status_) end();
  }

  [[nodiscard]] constexpr bool has_value() const noexcept { return static_cast<bool>(status_); }
  constexpr explicit operator bool() const noexcept { return has_value(); }

  /// Why there is no value; ok if there is one.
  constexpr status error() const noexcept { return status_; }

  /// The value. Precondition: has_value().
  constexpr T& value(detail::call_site from = detail::call_site::here()) & noexcept { return checked(from); }
  constexpr const T& value(detail::call_site from = detail::call_site::here()) const& noexcept {
    return const_cast<result&>(*this).checked(from);
  }
  constexpr T&& value(detail::call_site from = detail::call_site::here()) && noexcept {
    return std::move(checked(from));
  }
  constexpr T& operator*() & noexcept { return checked(); }
  constexpr const T& operator*() const& noexcept { return const_cast<result&>(*this).checked(); }
  constexpr T&& operator*() && noexcept { return std::move(checked()); }
  constexpr T* operator->() noexcept { return std::addressof(checked()); }
  constexpr const T* operator->() const noexcept { return std::addressof(const_cast<result&>(*this).checked()); }

  template <class U = T>
    requires std::is_convertible_v<U, T>
  constexpr T value_or(U&& otherwise) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(otherwise));
  }
  template <class U = T>
    requires std::is_convertible_v<U, T>
  constexpr T value_or(U&& otherwise) && {
    return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(otherwise));
  }

  /// f(value), itself a result; or this failure.
  template <class F>
  constexpr auto and_then(F&& f) && {
    return chain(std::move(*this), std::forward<F>(f));
  }
  template <class F>
  constexpr auto and_then(F&& f) const& {
    return chain(*this, std::forward<F>(f));
  }
  /// A result of f(value); or this failure.
  template <class F>
  constexpr auto transform(F&& f) && {
    return map(std::move(*this), std::forward<F>(f));
  }
  template <class F>
  constexpr auto transform(F&& f) const& {
    return map(*this, std::forward<F>(f));
  }
  /// This value; or f(status), which makes up for it.
  template <class F>
  constexpr result or_else(F&& f) && {
    if (has_value()) return std::move(*this);
    return detail::invoke(std::forward<F>(f), status_);
  }
  template <class F>
  constexpr result or_else(F&& f) const& {
    if (has_value()) return *this;
    return detail::invoke(std::forward<F>(f), status_);
  }

  // Of the first argument it is asked first whether it is this very type. Of any other, which holds this one somewhere,
  // it would be asked whether T can be compared with it, and so on.

  /// Both have a value, and the same; or neither has, for the same reason.
  template <std::same_as<result> R, class U>
    requires detail::comparable<T, U>
  friend constexpr bool operator==(const R& a, const result<U>& b) {
    return a.has_value() && b.has_value() ? static_cast<bool>(*a == *b) : a.error() == b.error();
  }
  /// It has a value, this one.
  template <std::same_as<result> R, detail::comparable_value<T> U>
  friend constexpr bool operator==(const R& r, const U& value) {
    return r.has_value() && static_cast<bool>(*r == value);
  }
  /// It has none, for this reason; or it has one, and this is ok.
  friend constexpr bool operator==(const result& r, status how) noexcept
    requires(!carries_status)
  {
    return r.error() == how;
  }

  /// Prints the value, if there is one and it can be printed, else the status.
  template <class Traits>
  friend std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const result& r) {
    if constexpr (requires { out << *r; }) {
      if (r.has_value()) {
        out << *r;
        return out;
      }
    }
    return out << r.error();
  }

 private:
  friend detail::result_access;
  explicit constexpr result(detail::result_access, status why = status::abandoned) noexcept : status_(why) {}

  template <class Self, class F>
  static constexpr auto chain(Self&& self, F&& f) {
    using next = std::remove_cvref_t<std::invoke_result_t<F, decltype(*std::forward<Self>(self))>>;
    static_assert(detail::is_result<next>, "tandem: and_then() needs a function that returns a result.");
    if (!self.has_value()) return detail::result_access::failure<next>(self.status_);
    return next(detail::invoke(std::forward<F>(f), *std::forward<Self>(self)));
  }

  template <class Self, class F>
  static constexpr auto map(Self&& self, F&& f) {
    using next = result<std::remove_cv_t<std::invoke_result_t<F, decltype(*std::forward<Self>(self))>>>;
    if (!self.has_value()) return detail::result_access::failure<next>(self.status_);
    if constexpr (std::is_void_v<typename next::value_type>) {
      detail::invoke(std::forward<F>(f), *std::forward<Self>(self));
      return next();
    } else {
      return next(detail::invoke(std::forward<F>(f), *std::forward<Self>(self)));
    }
  }

  constexpr T& checked(detail::call_site from = {}) noexcept {
    detail::demand(has_value(), "a result was asked for its value, and has none; look at error() first", from);
    return room_.value();
  }
  constexpr void end() noexcept { std::destroy_at(std::addressof(room_.value())); }

  template <class Other>
  constexpr void replace(Other&& other) {
    // What comes out of the other one comes out first: it may be a part of what is destroyed here.
    if (other.status_) {
      T taken(value_of(std::forward<Other>(other)));
      if (status_) end();
      status_ = status::abandoned;
      std::construct_at(room_.place(), std::move(taken));
      status_ = status::ok;
    } else {
      const status why = other.status_;
      if (status_) end();
      status_ = why;
    }
  }
  static constexpr T&& value_of(result&& other) noexcept { return std::move(other.room_.value()); }
  static constexpr const T& value_of(const result& other) noexcept { return other.room_.value(); }

  detail::room<T> room_;
  status status_ = status::ok;
};

/// That it was done, or the status that says why not.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;
  using error_type = status;

  constexpr result() noexcept = default;
  // NOLINTBEGIN(google-explicit-constructor)
  /// Precondition: `failure` is not ok.
  constexpr result(status failure, detail::call_site from = detail::call_site::here()) noexcept : status_(failure) {
    detail::demand(!failure, "a result made from a status needs one that says what failed, not ok", from);
  }
  constexpr result(status::code failure, detail::call_site from = detail::call_site::here()) noexcept
      : result(status(failure), from) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] constexpr bool has_value() const noexcept { return static_cast<bool>(status_); }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  constexpr status error() const noexcept { return status_; }
  constexpr void value(detail::call_site from = detail::call_site::here()) const noexcept {
    detail::demand(has_value(), "a result was asked for its value, and has none; look at error() first", from);
  }
  constexpr void operator*() const noexcept { value({}); }

  template <class F>
  constexpr auto and_then(F&& f) const -> std::remove_cvref_t<std::invoke_result_t<F>> {
    using next = std::remove_cvref_t<std::invoke_result_t<F>>;
    static_assert(detail::is_result<next>, "tandem: and_then() needs a function that returns a result.");
    if (!has_value()) return detail::result_access::failure<next>(status_);
    return detail::invoke(std::forward<F>(f));
  }
  template <class F>
  constexpr auto transform(F&& f) const -> result<std::remove_cv_t<std::invoke_result_t<F>>> {
    using next = result<std::remove_cv_t<std::invoke_result_t<F>>>;
    if (!has_value()) return detail::result_access::failure<next>(status_);
    if constexpr (std::is_void_v<typename next::value_type>) {
      detail::invoke(std::forward<F>(f));
      return next();
    } else {
      return next(detail::invoke(std::forward<F>(f)));
    }
  }
  template <class F>
  constexpr result or_else(F&& f) const {
    if (has_value()) return *this;
    return detail::invoke(std::forward<F>(f), status_);
  }

  /// A template: what converts to a result is no result.
  template <std::same_as<result> R>
  friend constexpr bool operator==(const R& a, const R& b) noexcept {
    return a.error() == b.error();
  }
  friend constexpr bool operator==(const result& r, status how) noexcept { return r.error() == how; }

  template <class Traits>
  friend std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const result& r) {
    return out << r.error();
  }

 private:
  status status_ = status::ok;
};

}  // namespace tandem::inline TANDEM_ABI
