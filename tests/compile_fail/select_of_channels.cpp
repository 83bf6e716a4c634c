// expect: tandem: a select is given: in_order, or not; arms (receive_from(channel) makes one; a channel is none
// lines: 20
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>

#include <cstddef>

std::size_t wait(tandem::mailbox<int>& one, tandem::mailbox<int>& other) {
#ifdef TANDEM_CONTROL
  return tandem::select(tandem::receive_from(one), tandem::receive_from(other));
#else
  return tandem::select(one, other);
#endif
}
