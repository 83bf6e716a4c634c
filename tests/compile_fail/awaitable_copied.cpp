// expect: deleted
#include <tandem/sync/rendezvous.hpp>

#include <utility>

void keep(tandem::rendezvous<int>& meeting) {
  auto one = meeting.co_receive();
#ifdef TANDEM_CONTROL
  auto& other = one;
#else
  auto other = std::move(one);
#endif
  static_cast<void>(other);
}
