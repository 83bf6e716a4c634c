// expect: tandem: a message is a value that somebody owns
#include <tandem/async/mailbox.hpp>

#include <functional>

int main() {
#ifdef TANDEM_CONTROL
  tandem::mailbox<std::reference_wrapper<int>> channel(1);
#else
  tandem::mailbox<int&> channel(1);
#endif
}
