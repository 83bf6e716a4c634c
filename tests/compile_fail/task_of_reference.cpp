// expect: tandem: a task returns a value: instead of a reference, return a pointer or a reference_wrapper.
#include <tandem/coro/task.hpp>

#ifdef TANDEM_CONTROL
tandem::task<int*> first(int* numbers) { co_return numbers; }
#else
tandem::task<int&> first(int* numbers) { co_return *numbers; }
#endif
