// expect: deleted
#include <tandem/coro/task.hpp>

#include <utility>

tandem::task<> work() { co_return; }

tandem::task<> waits() {
  tandem::task<> kept = work();
#ifdef TANDEM_CONTROL
  co_await std::move(kept);
#else
  co_await kept;
#endif
}
