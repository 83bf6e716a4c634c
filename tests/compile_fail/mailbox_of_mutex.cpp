// expect: tandem: this type cannot be moved at all
// lines: 20
#include <tandem/async/mailbox.hpp>

#include <memory>
#include <mutex>

int main() {
#ifdef TANDEM_CONTROL
  tandem::mailbox<std::unique_ptr<std::mutex>> channel(1);
#else
  tandem::mailbox<std::mutex> channel(1);
#endif
}
