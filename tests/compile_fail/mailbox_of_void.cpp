// expect: tandem: a message is a value that somebody owns
#include <tandem/async/mailbox.hpp>

#include <variant>

int main() {
#ifdef TANDEM_CONTROL
  tandem::mailbox<std::monostate> channel(1);
#else
  tandem::mailbox<void> channel(1);
#endif
}
