// expect: return_value
#include <tandem/coro/task.hpp>

#include <memory>
#include <vector>

#ifdef TANDEM_CONTROL
tandem::task<std::vector<int>> numbers() { co_return {5}; }
#else
tandem::task<std::vector<int>> numbers() { co_return 5; }
#endif
