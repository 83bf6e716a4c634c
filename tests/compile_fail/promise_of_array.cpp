// expect: tandem: an array cannot be moved as one value
#include <tandem/async/future.hpp>

#include <array>

int main() {
#ifdef TANDEM_CONTROL
  tandem::promise<std::array<int, 3>> channel;
#else
  tandem::promise<int[3]> channel;
#endif
}
