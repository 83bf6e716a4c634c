// expect: tandem: an array cannot be moved as one value
#include <tandem/sync/rendezvous.hpp>

#include <array>

int main() {
#ifdef TANDEM_CONTROL
  tandem::rendezvous<std::array<int, 3>> channel;
#else
  tandem::rendezvous<int[3]> channel;
#endif
}
