// expect: return_value
#include <tandem/coro/task.hpp>

#include <memory>

#ifdef TANDEM_CONTROL
tandem::task<std::unique_ptr<int>> number() { co_return nullptr; }
#else
tandem::task<std::unique_ptr<int>> number() { co_return new int(5); }
#endif
