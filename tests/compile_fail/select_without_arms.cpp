// expect: no matching function
#include <tandem/blend/select.hpp>

#include <cstddef>

std::size_t wait() {
#ifdef TANDEM_CONTROL
  return tandem::select(tandem::otherwise());
#else
  return tandem::select();
#endif
}
