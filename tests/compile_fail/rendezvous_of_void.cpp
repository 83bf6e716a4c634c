// expect: tandem: a message is a value that somebody owns
#include <tandem/sync/rendezvous.hpp>

#include <variant>

int main() {
#ifdef TANDEM_CONTROL
  tandem::rendezvous<std::monostate> channel;
#else
  tandem::rendezvous<void> channel;
#endif
}
