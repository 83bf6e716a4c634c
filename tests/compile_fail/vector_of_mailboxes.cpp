// expect anywhere: a channel does not move
// lines: 70
#include <tandem/async/mailbox.hpp>

#include <deque>
#include <vector>

int main() {
#ifdef TANDEM_CONTROL
  std::deque<tandem::mailbox<int>> inboxes;
#else
  std::vector<tandem::mailbox<int>> inboxes;
#endif
  inboxes.emplace_back(16);
}
