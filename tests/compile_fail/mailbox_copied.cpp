// expect anywhere: a channel does not move
// lines: 12
#include <tandem/async/mailbox.hpp>

int main() {
  tandem::mailbox<int> inbox(16);
#ifdef TANDEM_CONTROL
  auto& other = inbox;
#else
  auto other = inbox;
#endif
  other.close();
}
