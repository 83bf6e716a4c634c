// tandem/port.hpp: the two halves of a channel, each of which keeps the channel alive.
//
// Contract   open<Channel>(arguments...) makes a channel and returns its two halves: `out`, a send_port, and `in`, a
//            receive_port. Ports are copied to have more senders or receivers, and moved to hand one on. A port has the
//            verbs of its half (verbs.hpp), close() and is_closed().
//            When the last send_port goes, the channel closes: what was accepted is still delivered, then receivers get
//            `closed`. When the last receive_port goes, it closes too, senders get `closed`, and what nobody received
//            is destroyed: by the one that goes, outside all locks; or by its sender, if that was half-way, before the
//            send returns. (So whoever asked for an answer, and put a promise into the message, hears `abandoned`.)
//            A message that holds a receive_port of the very channel that it lies in keeps that channel open: if nobody
//            receives it, it is never destroyed, nor is the channel. A send_port does no harm.
//            Ports may be used from several threads at once as far as the channel may; one port *object* is not to be
//            assigned, moved from or reset while another thread uses it: give each thread its own copy. All verbs are
//            const: they leave the port as it was.
//            Of a channel of one thread (confinement.hpp): the last port of the side that goes first closes it, and so
//            goes on that thread. Others may go elsewhere.
//            Misuse: using an empty port (moved from, or reset) aborts with a sentence.
// Algorithm  One allocation holds the channel and two counts. A count that falls to zero closes the channel, and, if it
//            is that of the receivers, has it discard what is inside; the side that goes second deletes it.
// Invariants The channel is alive while either count is not zero, and the side whose count falls to zero still holds
//            its share of `sides` until it has closed the channel, and had it discard.
// Order      edge K: leave (acq_rel on its side's count) -> the last leave of that side, which closes
//            edge P: leave (acq_rel on `sides`) -> deletion: all that any port did comes before the end
//            Counting up is relaxed: whoever copies a port has one.
// Cost       one allocation per channel; one read-modify-write per copy and per port that goes. Nothing per message.
// Tests      tests/port.test.cpp, tests/model/port.model.cpp, tests/stress/port.stress.cpp
#pragma once

#include <concepts>
#include <cstdint>
#include <iterator>
#include <utility>

#include <tandem/confinement.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/mode.hpp>
#include <tandem/platform/platform.hpp>
#include <tandem/verbs.hpp>

namespace tandem::inline TANDEM_ABI {

namespace detail {

enum class half : unsigned char { sending, receiving };

/// A channel and the ports that own it.
template <class C>
class shared_channel {
 public:
  template <class... Arguments>
  explicit shared_channel(Arguments&&... arguments) : channel(std::forward<Arguments>(arguments)...) {}

  // relaxed: whoever copies a port holds one, which keeps the count above zero
  void join(half side) noexcept { ports(side).fetch_add(1, order::relaxed); }

  void leave(half side) noexcept {
    if (ports(side).fetch_sub(1, order::acq_rel /*K*/) != 1) return;
    // If the other side has gone, it has closed the channel, and what is inside goes with it now. So the last of all
    // may go where the channel may be destroyed: if it is of one thread, on any. relaxed: the next line reads it again
    if (sides_.load(order::relaxed) != 1) end(side);
    if (sides_.fetch_sub(1, order::acq_rel /*P*/) == 1) delete this;
  }

  C channel;

 private:
  using order = platform::order;
  void end(half side) noexcept {
    if (side == half::sending) {
      channel.close();
    } else {
      core_access::discard(channel);
    }
  }
  platform::atomic<std::uint32_t>& ports(half side) noexcept { return side == half::sending ? senders_ : receivers_; }

  platform::atomic<std::uint32_t> senders_{1};
  platform::atomic<std::uint32_t> receivers_{1};
  platform::atomic<std::uint32_t> sides_{2};
};

/// One owner of one half: all that the two kinds of port have in common.
template <class C, half Side>
class port {
 public:
  using value_type = typename C::value_type;
  using users = users_of<C>;
  static constexpr mode channel_mode = mode_of<C>;
  static constexpr receipt channel_receipt = receipt_of<C>;

  /// An empty port: attached to nothing.
  port() noexcept = default;
  explicit port(shared_channel<C>* adopted) noexcept : shared_(adopted) {}
  port(const port& other) noexcept : shared_(other.shared_) {
    if (shared_ != nullptr) shared_->join(Side);
  }
  port(port&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  port& operator=(port other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~port() { reset(); }

  /// False for an empty port.
  explicit operator bool() const noexcept { return shared_ != nullptr; }
  /// Lets go of the channel; closes it if this was the last port of its side.
  void reset() noexcept {
    if (shared_ != nullptr) std::exchange(shared_, nullptr)->leave(Side);
  }
  /// Closes the channel for everybody.
  void close() const noexcept { channel().close(); }
  [[nodiscard]] bool is_closed() const noexcept { return channel().is_closed(); }

 protected:
  C& channel() const noexcept {
    demand(shared_ != nullptr, "an empty port was used: it was moved from, reset, or never opened");
    return shared_->channel;
  }

 private:
  shared_channel<C>* shared_ = nullptr;
};

}  // namespace detail

/// The sending half of a channel, and one of its owners. Its verbs are those of the channel, with the same arguments.
/// They are const: what they change is the channel.
template <class C>
class send_port : public detail::port<C, detail::half::sending> {
  using base = detail::port<C, detail::half::sending>;

 public:
  using base::base;
  using typename base::value_type;

  template <class V = value_type, class... Limits>
  auto send(V&& value, const Limits&... limits) const
      -> decltype(std::declval<C&>().send(std::forward<V>(value), limits...)) {
    return this->channel().send(std::forward<V>(value), limits...);
  }
  template <class V = value_type>
  auto try_send(V&& value) const -> decltype(std::declval<C&>().try_send(std::forward<V>(value))) {
    return this->channel().try_send(std::forward<V>(value));
  }
  template <class V = value_type, class... Limits>
  auto try_send_for(V&& value, const Limits&... limits) const
      -> decltype(std::declval<C&>().try_send_for(std::forward<V>(value), limits...)) {
    return this->channel().try_send_for(std::forward<V>(value), limits...);
  }
  template <class V = value_type, class... Limits>
  auto try_send_until(V&& value, const Limits&... limits) const
      -> decltype(std::declval<C&>().try_send_until(std::forward<V>(value), limits...)) {
    return this->channel().try_send_until(std::forward<V>(value), limits...);
  }

  template <class V = value_type, class... Limits>
  auto co_send(V&& value, const Limits&... limits) const
      -> decltype(std::declval<C&>().co_send(std::forward<V>(value), limits...)) {
    return this->channel().co_send(std::forward<V>(value), limits...);
  }
  template <class V = value_type, class... Limits>
  auto co_try_send_for(V&& value, const Limits&... limits) const
      -> decltype(std::declval<C&>().co_try_send_for(std::forward<V>(value), limits...)) {
    return this->channel().co_try_send_for(std::forward<V>(value), limits...);
  }
  template <class V = value_type, class... Limits>
  auto co_try_send_until(V&& value, const Limits&... limits) const
      -> decltype(std::declval<C&>().co_try_send_until(std::forward<V>(value), limits...)) {
    return this->channel().co_try_send_until(std::forward<V>(value), limits...);
  }

 private:
  friend detail::core_access;
  auto send_operation(value_type& value) const noexcept {
    return detail::core_access::send_operation(this->channel(), value);
  }
};

/// The receiving half of a channel, and one of its owners. Its verbs are those of the channel, and const as well.
template <class C>
class receive_port : public detail::port<C, detail::half::receiving> {
  using base = detail::port<C, detail::half::receiving>;

 public:
  using base::base;
  using typename base::value_type;

  template <class... Limits>
  auto receive(const Limits&... limits) const -> decltype(std::declval<C&>().receive(limits...)) {
    return this->channel().receive(limits...);
  }
  auto try_receive() const { return this->channel().try_receive(); }
  template <class... Limits>
  auto try_receive_for(const Limits&... limits) const -> decltype(std::declval<C&>().try_receive_for(limits...)) {
    return this->channel().try_receive_for(limits...);
  }
  template <class... Limits>
  auto try_receive_until(const Limits&... limits) const -> decltype(std::declval<C&>().try_receive_until(limits...)) {
    return this->channel().try_receive_until(limits...);
  }

  template <class... Limits>
  auto co_receive(const Limits&... limits) const -> decltype(std::declval<C&>().co_receive(limits...)) {
    return this->channel().co_receive(limits...);
  }
  template <class... Limits>
  auto co_try_receive_for(const Limits&... limits) const -> decltype(std::declval<C&>().co_try_receive_for(limits...)) {
    return this->channel().co_try_receive_for(limits...);
  }
  template <class... Limits>
  auto co_try_receive_until(const Limits&... limits) const
      -> decltype(std::declval<C&>().co_try_receive_until(limits...)) {
    return this->channel().co_try_receive_until(limits...);
  }

  /// As of the channel. The port stays where it is meanwhile.
  auto begin() const
    requires(!confined_to_one_thread<C>)
  {
    static_cast<void>(this->channel());  // an empty port says so here
    return detail::receive_iterator<const receive_port>(*this);
  }
  std::default_sentinel_t end() const noexcept { return std::default_sentinel; }

 private:
  friend detail::core_access;
  auto receive_operation(value_type* to) const noexcept {
    return detail::core_access::receive_operation(this->channel(), to);
  }
};

/// Both halves of one channel.
template <class C>
struct ports {
  send_port<C> out;
  receive_port<C> in;
};

/// Makes a channel and its two halves:  auto [out, in] = tandem::open<tandem::mailbox<int>>(64);
/// Throws what the channel's constructor throws, and std::bad_alloc.
template <class C, class... Arguments>
  requires awaited_sendable<C> && awaited_receivable<C> && std::constructible_from<C, Arguments...>
ports<C> open(Arguments&&... arguments) {
  auto* const shared = new detail::shared_channel<C>(std::forward<Arguments>(arguments)...);
  return {send_port<C>(shared), receive_port<C>(shared)};
}

}  // namespace tandem::inline TANDEM_ABI
