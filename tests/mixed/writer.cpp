#include <tandem/async/mailbox.hpp>

int read(tandem::mailbox<int>& inbox);

int main() {
  tandem::mailbox<int> inbox(1);
  return inbox.send(1) ? read(inbox) : 0;
}
