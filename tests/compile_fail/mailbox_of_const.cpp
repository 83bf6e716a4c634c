// expect: tandem: a message is moved from hand to hand
#include <tandem/async/mailbox.hpp>

int main() {
#ifdef TANDEM_CONTROL
  tandem::mailbox<int> channel(1);
#else
  tandem::mailbox<const int> channel(1);
#endif
}
