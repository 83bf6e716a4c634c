// expect: tandem: moving this type may throw
#include <tandem/async/future.hpp>

#include <memory>

struct heavy {
  heavy() = default;
  heavy(heavy&&) noexcept(false) {}
};

int main() {
#ifdef TANDEM_CONTROL
  tandem::promise<std::unique_ptr<heavy>> channel;
#else
  tandem::promise<heavy> channel;
#endif
}
