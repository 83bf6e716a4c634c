// expect: tandem: a task returns a value that can be moved: drop const.
#include <tandem/coro/task.hpp>

#ifdef TANDEM_CONTROL
tandem::task<int> number() { co_return 7; }
#else
tandem::task<const int> number() { co_return 7; }
#endif
