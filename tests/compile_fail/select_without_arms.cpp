// expect: tandem: a select is given arms, not channels: receive_from(channel) makes one
// lines: 12
#include <tandem/blend/select.hpp>

#include <cstddef>

std::size_t wait() {
#ifdef TANDEM_CONTROL
  return tandem::select(tandem::otherwise());
#else
  return tandem::select();
#endif
}
