// expect: co_try_receive_until
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

#include <chrono>

tandem::task<> wait_until_noon(tandem::rendezvous<int>& meeting) {
#ifdef TANDEM_CONTROL
  static_cast<void>(co_await meeting.co_try_receive_until(tandem::clock::now()));
#else
  static_cast<void>(co_await meeting.co_try_receive_until(std::chrono::system_clock::now()));
#endif
}
