// expect: nodiscard
#pragma GCC diagnostic error "-Wunused-result"
#include <tandem/async/mailbox.hpp>

void read(tandem::mailbox<int>& box) {
#ifdef TANDEM_CONTROL
  static_cast<void>(box.receive());
#else
  box.receive();
#endif
}
