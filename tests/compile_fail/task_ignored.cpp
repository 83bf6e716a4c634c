// expect: nodiscard
#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"
#include <tandem/coro/task.hpp>

tandem::task<> work() { co_return; }

void begin() {
#ifdef TANDEM_CONTROL
  const auto kept = work();
#else
  work();
#endif
}
