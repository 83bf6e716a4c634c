// expect: for ..._until, an instant (for co_..., of tandem::clock)
// lines: 20
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>

#include <chrono>

auto wait(tandem::mailbox<int>& inbox) {
#ifdef TANDEM_CONTROL
  return tandem::co_try_select_until(tandem::receive_from(inbox), tandem::clock::now());
#else
  return tandem::co_try_select_until(tandem::receive_from(inbox), std::chrono::system_clock::now());
#endif
}
