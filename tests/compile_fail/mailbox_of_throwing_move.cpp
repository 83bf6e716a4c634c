// expect: tandem: moving this type may throw
#include <tandem/async/mailbox.hpp>

#include <memory>

struct heavy {
  heavy() = default;
  heavy(heavy&&) noexcept(false) {}
};

int main() {
#ifdef TANDEM_CONTROL
  tandem::mailbox<std::unique_ptr<heavy>> channel(1);
#else
  tandem::mailbox<heavy> channel(1);
#endif
}
