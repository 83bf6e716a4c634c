// expect: tandem: a select is given: in_order, or not; arms (receive_from(channel) makes one; a channel is none
// lines: 16
#include <tandem/blend/select.hpp>

#include <cstddef>

std::size_t wait() {
#ifdef TANDEM_CONTROL
  return tandem::select(tandem::otherwise());
#else
  return tandem::select();
#endif
}
