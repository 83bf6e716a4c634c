// expect: return_value
#include <tandem/coro/task.hpp>

#include <string>

tandem::task<std::string> number() {
#ifdef TANDEM_CONTROL
  co_return "seven";
#else
  co_return 7;
#endif
}
