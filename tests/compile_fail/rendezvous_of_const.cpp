// expect: tandem: a message is moved from hand to hand
#include <tandem/sync/rendezvous.hpp>

int main() {
#ifdef TANDEM_CONTROL
  tandem::rendezvous<int> channel;
#else
  tandem::rendezvous<const int> channel;
#endif
}
