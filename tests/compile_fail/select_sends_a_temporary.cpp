// expect: deleted
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>

void post(tandem::mailbox<int>& box) {
#ifdef TANDEM_CONTROL
  int one = 1;
  tandem::select(tandem::send_to(box, one));
#else
  tandem::select(tandem::send_to(box, 1));
#endif
}
