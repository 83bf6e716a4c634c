// expect: nodiscard
#pragma GCC diagnostic error "-Wunused-result"
#include <tandem/async/mailbox.hpp>

void post(tandem::mailbox<int>& box) {
#ifdef TANDEM_CONTROL
  static_cast<void>(box.send(1));
#else
  box.send(1);
#endif
}
