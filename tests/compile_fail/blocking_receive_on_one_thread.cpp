// expect: waits for itself
#include <tandem/sync/rendezvous.hpp>

void read(tandem::rendezvous<int, tandem::one_thread>& meeting) {
#ifdef TANDEM_CONTROL
  static_cast<void>(meeting.try_receive());
#else
  while (auto message = meeting.receive()) static_cast<void>(*message);
#endif
}
