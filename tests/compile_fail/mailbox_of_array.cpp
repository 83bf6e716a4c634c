// expect: tandem: an array cannot be moved as one value
#include <tandem/async/mailbox.hpp>

#include <array>

int main() {
#ifdef TANDEM_CONTROL
  tandem::mailbox<std::array<int, 3>> channel(1);
#else
  tandem::mailbox<int[3]> channel(1);
#endif
}
