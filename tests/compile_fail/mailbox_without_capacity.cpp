// expect anywhere: a mailbox needs a capacity
// lines: 12
#include <tandem/async/mailbox.hpp>

int main() {
#ifdef TANDEM_CONTROL
  tandem::mailbox<int> inbox(16);
#else
  tandem::mailbox<int> inbox;
#endif
  inbox.close();
}
