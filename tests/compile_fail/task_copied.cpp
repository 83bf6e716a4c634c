// expect: deleted
#include <tandem/coro/task.hpp>

#include <utility>

tandem::task<> work() { co_return; }

int main() {
  tandem::task<> first = work();
#ifdef TANDEM_CONTROL
  tandem::task<> second = std::move(first);
#else
  tandem::task<> second = first;
#endif
  return second ? 0 : 1;
}
