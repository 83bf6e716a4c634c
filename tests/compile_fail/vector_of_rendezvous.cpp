// expect anywhere: a channel does not move
// lines: 70
#include <tandem/sync/rendezvous.hpp>

#include <deque>
#include <vector>

int main() {
#ifdef TANDEM_CONTROL
  std::deque<tandem::rendezvous<int>> counters;
#else
  std::vector<tandem::rendezvous<int>> counters;
#endif
  counters.emplace_back();
}
