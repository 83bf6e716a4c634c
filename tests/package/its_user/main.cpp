#include <office.hpp>

int main() {
  tandem::mailbox<int> inbox(2);
  return inbox.send(1) && inbox.send(2) && oldest(inbox) == 1 ? 0 : 1;
}
