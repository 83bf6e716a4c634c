// expect: select
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>

#include <cstddef>
#include <deque>
#include <ranges>
#include <vector>

std::size_t wait(std::deque<tandem::mailbox<int>>& boxes) {
  const auto arm_of = [](tandem::mailbox<int>& box) { return tandem::receive_from(box); };
#ifdef TANDEM_CONTROL
  std::vector<decltype(arm_of(boxes[0]))> arms;
  for (auto& box : boxes) arms.push_back(arm_of(box));
  return tandem::select(arms);
#else
  return tandem::select(boxes | std::views::transform(arm_of));
#endif
}
