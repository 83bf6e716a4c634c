// expect: waits for itself
#include <tandem/async/mailbox.hpp>

void write(tandem::mailbox<int, tandem::one_thread>& box) {
#ifdef TANDEM_CONTROL
  static_cast<void>(box.try_send(1));
#else
  if (!box.send(1)) return;
#endif
}
