// tandem/detail/transfer.hpp: moving one message from where it is to where it goes.
//
// Contract   hand_over(from, to) constructs a T in the raw memory at `to` from the T at `from`, which stays alive and
//            moved-from. Nothing can fail: a message is nothrow-move-constructible. Both ends are reported to the
//            platform as plain accesses, and a raw<T> as the beginning of a message's place, so that a platform which
//            explores schedules can see a race on a message.
// Tests      tests/no_loss.test.cpp
#pragma once

#include <memory>
#include <utility>

#include <tandem/platform/abi.hpp>

namespace tandem::inline TANDEM_ABI::detail {

template <class T>
void hand_over(T& from, T* to) noexcept {
  platform::plain_write(std::addressof(from));  // which is moved from
  platform::plain_write(to);
  std::construct_at(to, std::move(from));
}

/// Ends a message that nobody got, or that has been moved from.
template <class T>
void end_message(T& message) noexcept {
  platform::plain_write(std::addressof(message));
  std::destroy_at(std::addressof(message));
}

/// Memory for one T, which somebody else constructs and destroys.
template <class T>
union raw {
  raw() noexcept { platform::plain_new(this); }
  ~raw() {}
  T value;
};

}  // namespace tandem::inline TANDEM_ABI::detail
