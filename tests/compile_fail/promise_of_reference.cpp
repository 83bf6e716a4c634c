// expect: tandem: a message is a value that somebody owns
#include <tandem/async/future.hpp>

#include <functional>

int main() {
#ifdef TANDEM_CONTROL
  tandem::promise<std::reference_wrapper<int>> channel;
#else
  tandem::promise<int&> channel;
#endif
}
