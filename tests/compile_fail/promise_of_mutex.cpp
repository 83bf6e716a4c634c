// expect: tandem: this type cannot be moved at all
// lines: 20
#include <tandem/async/future.hpp>

#include <memory>
#include <mutex>

int main() {
#ifdef TANDEM_CONTROL
  tandem::promise<std::unique_ptr<std::mutex>> channel;
#else
  tandem::promise<std::mutex> channel;
#endif
}
