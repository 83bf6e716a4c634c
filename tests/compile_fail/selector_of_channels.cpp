// expect: tandem: a selector is given arms: receive_from(channel) makes one; a channel is none
// lines: 20
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/selector.hpp>

std::size_t add(tandem::selector& all, tandem::mailbox<int>& inbox) {
#ifdef TANDEM_CONTROL
  return all.add(tandem::receive_from(inbox));
#else
  return all.add(inbox);
#endif
}
