// expect: nothing is selected before it is awaited
#pragma GCC diagnostic error "-Wunused-result"
#include <tandem/blend/selector.hpp>

void wait(tandem::selector& all) {
#ifdef TANDEM_CONTROL
  static_cast<void>(all.co_select());
#else
  all.co_select();
#endif
}
