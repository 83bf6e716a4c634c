// expect anywhere: a channel does not move
// lines: 12
#include <tandem/sync/rendezvous.hpp>

int main() {
  tandem::rendezvous<int> meeting;
#ifdef TANDEM_CONTROL
  auto& other = meeting;
#else
  auto other = meeting;
#endif
  other.close();
}
