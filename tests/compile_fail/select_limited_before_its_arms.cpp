// expect: tandem: a select is given: in_order, or not; arms (receive_from(channel) makes one; a channel is none
// lines: 20
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>

#include <chrono>

bool wait(tandem::mailbox<int>& inbox) {
#ifdef TANDEM_CONTROL
  return tandem::try_select_for(tandem::receive_from(inbox), std::chrono::milliseconds(1)).has_value();
#else
  return tandem::try_select_for(std::chrono::milliseconds(1), tandem::receive_from(inbox)).has_value();
#endif
}
