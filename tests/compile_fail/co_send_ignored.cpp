// expect: nothing is sent before it is awaited
#pragma GCC diagnostic error "-Wunused-result"
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>

tandem::task<> give_one(tandem::rendezvous<int>& meeting) {
#ifdef TANDEM_CONTROL
  static_cast<void>(co_await meeting.co_send(1));
#else
  meeting.co_send(1);
#endif
  co_return;
}
