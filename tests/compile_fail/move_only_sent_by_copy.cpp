// expect: send
#include <tandem/sync/rendezvous.hpp>

#include <utility>

struct sendable_by_move_only {
  sendable_by_move_only(sendable_by_move_only&&) noexcept = default;
};

tandem::status hand_over(tandem::rendezvous<sendable_by_move_only>& meeting, sendable_by_move_only& mine) {
#ifdef TANDEM_CONTROL
  return meeting.send(std::move(mine));
#else
  return meeting.send(mine);
#endif
}
