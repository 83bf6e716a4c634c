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
    case placement::busy_1: return "busy_1";
    case placement::busy_2: return "busy_2";
    case placement::busy_4: return "busy_4";
    case placement::busy_8: return "busy_8";
    case placement::own_2: return "own_2";
  }
  return "nowhere";
}

std::size_t strangers_at(placement where) noexcept {
  switch (where) {
    case placement::busy_1: return 1;
    case placement::busy_2: return 2;
    case placement::busy_4: return 4;
    case placement::busy_8: return 8;
    default: return 0;
  }
}

std::size_t busy_threads_at(placement where) noexcept { return where == placement::own_2 ? 2 : 0; }

std::size_t cores() noexcept { return core_numbers().size(); }

bool pin_to_core(std::size_t turn) noexcept {
  const std::vector<std::size_t>& numbers = core_numbers();
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(numbers[turn % numbers.size()], &only);
  return ::sched_setaffinity(0, sizeof only, &only) == 0;
}

void pin_this_thread(placement where, std::size_t index) noexcept {
  if (where == placement::two_cores) {
    pin_to_core(index % 2);
  } else if (where == placement::one_core) {
    pin_to_core(0);
  }
}

}  // namespace bench
