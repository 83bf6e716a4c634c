// expect: nothing is received before it is awaited
#pragma GCC diagnostic error "-Wunused-result"
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>

tandem::task<> take_one(tandem::rendezvous<int>& meeting) {
#ifdef TANDEM_CONTROL
  static_cast<void>(co_await meeting.co_receive());
#else
  meeting.co_receive();
#endif
  co_return;
}
