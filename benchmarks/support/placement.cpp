#include "placement.hpp"

#include <sched.h>

#include <vector>

namespace bench {
namespace {

const std::vector<std::size_t>& core_numbers() {
  static const std::vector<std::size_t> numbers = [] {
    std::vector<std::size_t> found;
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
      for (std::size_t core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &allowed)) {
          found.push_back(core);
        }
      }
    }
    if (found.empty()) {
      found.push_back(0);
    }
    return found;
  }();
  return numbers;
}

}  // namespace

std::string_view name_of(placement where) noexcept {
  switch (where) {
    case placement::two_cores: return "two_cores";
    case placement::one_core: return "one_core";
    case placement::free: return "free";
    case placement::crowd: return "crowd";
  }
  return "nowhere";
}

std::size_t cores() noexcept { return core_numbers().size(); }

void pin_this_thread(placement where, std::size_t index) noexcept {
  if (where != placement::two_cores && where != placement::one_core) {
    return;
  }
  const std::size_t choice = where == placement::two_cores ? index % 2 : 0;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(core_numbers().at(choice), &only);
  ::sched_setaffinity(0, sizeof only, &only);
}

}  // namespace bench
