// tandem/mode.hpp: the vocabulary: what kind of communication this is, and what generic code may ask of a channel.
//
// Contract   Each party to an exchange is engaged from entering its operation to leaving it.
//              mode::synchronous   in no execution does the sender leave before the receiver has entered
//              mode::asynchronous  in some execution it does
//            The test is the absent receiver: keep the receiver away; if a send can complete, the mode is asynchronous.
//            A receipt says what a successful send has told the sender:
//              stored < received < answered
//            These are properties of a channel's type, so that generic code can require them:
//              template <tandem::confirms<tandem::receipt::received> Channel> void pay(Channel&);
// Source     [hoare-1978] for the modes, docs/explanation/modes.md for the definitions
// Tests      tests/mode.test.cpp; every channel is put to the probe in tests/probe.test.cpp
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <tandem/platform/platform.hpp>
#include <tandem/status.hpp>

namespace tandem::inline TANDEM_ABI {

/// Whether the two parties have to be present together.
enum class mode : unsigned char {
  synchronous,   ///< the sender cannot leave before the receiver has come
  asynchronous,  ///< the medium remembers: the sender can leave first
};

/// What a send that succeeded tells the sender.
enum class receipt : unsigned char {
  stored,    ///< the medium has the message
  received,  ///< a receiver has it
  answered,  ///< the receiver's reply is here
};

/// A type that can be sent: a value that moves, and dies, without throwing, so that it is never lost half-way.
template <class T>
concept message = std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T> &&
                  std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>;

/// What every channel says of itself.
template <class C>
concept channel = requires {
  typename C::value_type;
  { C::channel_mode } -> std::convertible_to<mode>;
  { C::channel_receipt } -> std::convertible_to<receipt>;
};

template <channel C>
inline constexpr mode mode_of = C::channel_mode;
template <channel C>
inline constexpr receipt receipt_of = C::channel_receipt;

/// Something that can be closed, once and for all.
template <class C>
concept closable = requires(C& c, const C& k) {
  c.close();
  { k.is_closed() } -> std::same_as<bool>;
};

/// The sending half, or a whole channel: send and its variants.
template <class C>
concept sendable = channel<C> && closable<C> && requires(C& c, typename C::value_type&& v, platform::stop_token stop) {
  { c.send(std::move(v)) } -> std::same_as<status>;
  { c.send(std::move(v), stop) } -> std::same_as<status>;
  { c.try_send(std::move(v)) } -> std::same_as<status>;
  { c.try_send_for(std::move(v), platform::clock::duration(1)) } -> std::same_as<status>;
  { c.try_send_for(std::move(v), platform::clock::duration(1), stop) } -> std::same_as<status>;
  { c.try_send_until(std::move(v), platform::clock::time_point()) } -> std::same_as<status>;
  { c.try_send_until(std::move(v), platform::clock::time_point(), stop) } -> std::same_as<status>;
};

/// The receiving half, or a whole channel: receive and its variants, and iteration.
template <class C>
concept receivable = channel<C> && closable<C> && requires(C& c, platform::stop_token stop) {
  { c.receive() } -> std::same_as<result<typename C::value_type>>;
  { c.receive(stop) } -> std::same_as<result<typename C::value_type>>;
  { c.try_receive() } -> std::same_as<result<typename C::value_type>>;
  { c.try_receive_for(platform::clock::duration(1)) } -> std::same_as<result<typename C::value_type>>;
  { c.try_receive_for(platform::clock::duration(1), stop) } -> std::same_as<result<typename C::value_type>>;
  { c.try_receive_until(platform::clock::time_point()) } -> std::same_as<result<typename C::value_type>>;
  { c.try_receive_until(platform::clock::time_point(), stop) } -> std::same_as<result<typename C::value_type>>;
  c.begin() != c.end();
};

/// The sending half, or a whole channel, for coroutines: co_send and its variants, and try_send.
template <class C>
concept awaited_sendable =
    channel<C> && closable<C> && requires(C& c, typename C::value_type&& v, platform::stop_token stop) {
      { c.try_send(std::move(v)) } -> std::same_as<status>;
      c.co_send(std::move(v));
      c.co_send(std::move(v), stop);
      c.co_try_send_for(std::move(v), platform::clock::duration(1));
      c.co_try_send_for(std::move(v), platform::clock::duration(1), stop);
      c.co_try_send_until(std::move(v), platform::clock::time_point());
      c.co_try_send_until(std::move(v), platform::clock::time_point(), stop);
    };

/// The receiving half, or a whole channel, for coroutines: co_receive and its variants, and try_receive.
template <class C>
concept awaited_receivable = channel<C> && closable<C> && requires(C& c, platform::stop_token stop) {
  { c.try_receive() } -> std::same_as<result<typename C::value_type>>;
  c.co_receive();
  c.co_receive(stop);
  c.co_try_receive_for(platform::clock::duration(1));
  c.co_try_receive_for(platform::clock::duration(1), stop);
  c.co_try_receive_until(platform::clock::time_point());
  c.co_try_receive_until(platform::clock::time_point(), stop);
};

/// A channel whose parties have to be present together.
template <class C>
concept synchronous_channel = channel<C> && mode_of<C> == mode::synchronous;

/// A channel that remembers.
template <class C>
concept asynchronous_channel = channel<C> && mode_of<C> == mode::asynchronous;

/// A channel whose successful send tells at least this much.
template <class C, receipt Least>
concept confirms = channel<C> && receipt_of<C> >= Least;

namespace detail {

/// The same as the concept `message`, said in sentences: every channel derives from this first. Of a type that is not
/// complete yet all of this can be said: a message may hold a port of a channel of such messages.
template <class T>
struct require_message {
  static constexpr bool is_value = std::is_object_v<T>;
  static constexpr bool is_whole = !std::is_array_v<T>;
  static constexpr bool is_mutable = !std::is_const_v<T> && !std::is_volatile_v<T>;
  static_assert(is_value,
                "tandem: a message is a value that somebody owns: in place of a reference send a pointer or a "
                "std::reference_wrapper, in place of void a std::monostate.");
  static_assert(!is_value || is_whole,
                "tandem: an array cannot be moved as one value: send a std::array or a std::vector.");
  static_assert(!is_value || !is_whole || is_mutable,
                "tandem: a message is moved from hand to hand, so its type cannot be const or volatile: send the plain "
                "type.");
};

/// The rest of it, which takes a complete type: every channel says this where it is made.
template <class T>
constexpr void require_whole_message() noexcept {
  constexpr bool is_movable = std::is_move_constructible_v<T> && std::is_destructible_v<T>;
  static_assert(is_movable,
                "tandem: this type cannot be moved at all, and a message is moved from hand to hand: send a "
                "std::unique_ptr to it.");
  static_assert(
      !is_movable || (std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>),
      "tandem: moving this type may throw, so a message could be lost half-way: send a std::unique_ptr to "
      "it, or make its move constructor and its destructor noexcept. (In libstdc++ a std::deque is such, so "
      "a std::queue and a std::stack are: send a std::vector or a std::list. So are streams: send the text.)");
}

// What a deleted constructor has for an argument, for the compiler to name: nobody passes one.
struct a_mailbox_needs_a_capacity {};
/// It stays where others know it to be. A std::deque or a std::list makes it in place, as std::make_unique does. The
/// ports of a channel (port.hpp) are copied and moved.
struct a_channel_does_not_move {};

}  // namespace detail

}  // namespace tandem::inline TANDEM_ABI
