// expect: tandem: a task cannot return an array: return a std::array or a std::vector.
#include <tandem/coro/task.hpp>

#ifdef TANDEM_CONTROL
#include <array>
using numbers = std::array<int, 2>;
#else
using numbers = int[2];
#endif

tandem::task<numbers>* none = nullptr;
void use() { static_cast<void>(sizeof(*none)); }
