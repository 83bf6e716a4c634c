// expect: send
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>

#include <utility>

struct sendable_by_move_only {
  sendable_by_move_only(sendable_by_move_only&&) noexcept = default;
};
using meeting_place = tandem::rendezvous<sendable_by_move_only>;

tandem::task<tandem::status> hand_over(meeting_place& meeting, sendable_by_move_only& mine) {
#ifdef TANDEM_CONTROL
  co_return co_await meeting.co_send(std::move(mine));
#else
  co_return co_await meeting.co_send(mine);
#endif
}
