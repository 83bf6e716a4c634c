// expect: nothing is selected before it is awaited
#pragma GCC diagnostic error "-Wunused-result"
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>

void wait(tandem::mailbox<int>& box) {
#ifdef TANDEM_CONTROL
  static_cast<void>(tandem::co_select(tandem::receive_from(box)));
#else
  tandem::co_select(tandem::receive_from(box));
#endif
}
