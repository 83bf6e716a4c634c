// expect: tandem: moving this type may throw
#include <tandem/sync/rendezvous.hpp>

#include <memory>

struct heavy {
  heavy() = default;
  heavy(heavy&&) noexcept(false) {}
};

int main() {
#ifdef TANDEM_CONTROL
  tandem::rendezvous<std::unique_ptr<heavy>> channel;
#else
  tandem::rendezvous<heavy> channel;
#endif
}
