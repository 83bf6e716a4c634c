// expect: deleted
#include <tandem/async/future.hpp>

#include <utility>

int main() {
  tandem::promise<int> word;
  auto kept = word.get_future();
#ifdef TANDEM_CONTROL
  auto other = std::move(kept);
#else
  auto other = kept;
#endif
  return other.was_ready() ? 0 : 1;
}
