// expect: tandem: a message is a value that somebody owns
#include <tandem/sync/rendezvous.hpp>

#include <functional>

int main() {
#ifdef TANDEM_CONTROL
  tandem::rendezvous<std::reference_wrapper<int>> channel;
#else
  tandem::rendezvous<int&> channel;
#endif
}
