// expect: tandem: a message is moved from hand to hand
#include <tandem/async/future.hpp>

int main() {
#ifdef TANDEM_CONTROL
  tandem::promise<int> channel;
#else
  tandem::promise<const int> channel;
#endif
}
