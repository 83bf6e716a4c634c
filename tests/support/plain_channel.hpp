// plain_channel: a channel of somebody's own, made of a mailbox, that was written without a thought of who uses it, or
// of what becomes of messages that nobody can receive.
#pragma once

#include <tandem/async/mailbox.hpp>
#include <tandem/mode.hpp>
#include <tandem/verbs.hpp>

namespace support {

template <class T, int Capacity>
class plain_channel : public tandem::send_verbs<plain_channel<T, Capacity>, T>,
                      public tandem::receive_verbs<plain_channel<T, Capacity>, T> {
 public:
  using value_type = T;
  static constexpr auto channel_mode = tandem::mode::asynchronous;
  static constexpr auto channel_receipt = tandem::receipt::stored;
  void close() noexcept { kept_.close(); }
  [[nodiscard]] bool is_closed() const noexcept { return kept_.is_closed(); }

 private:
  using access = tandem::detail::core_access;
  using deadline = tandem::detail::deadline;
  using stop_request = tandem::detail::stop_request;
  friend access;
  auto send_operation(T& value) noexcept { return access::send_operation(kept_, value); }
  auto receive_operation(T* to) noexcept { return access::receive_operation(kept_, to); }
  auto send_core(T& value, deadline until, stop_request stop) { return access::send(kept_, value, until, stop); }
  auto receive_core(T* to, deadline until, stop_request stop) { return access::receive(kept_, to, until, stop); }

  tandem::mailbox<T> kept_{Capacity};
};

}  // namespace support
