// One measured run: a cast of threads, started together, timed until the last one is done, in a process of its own.
//
// The process of its own is what makes a run bounded: a contestant that deadlocks, collapses or aborts is killed and
// reported, and the next one starts from a clean state. Everything a run costs the machine is counted: wall time, the
// processor time of all threads, context switches, and calls of operator new (not malloc called directly). What a part
// prepares costs nothing of these; its memory is counted, malloc's own share included.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "placement.hpp"

namespace bench {

/// One thread's part.
struct role {
  template <std::invocable Part>
  role(Part part) : play(std::move(part)) {}  // NOLINT(google-explicit-constructor): most are just that

  std::function<bool()> play;           ///< what is measured; it returns whether everything it saw was right
  std::function<void()> prepare = {};   ///< if not empty: on the same thread before anybody's clock starts, and
  std::function<void()> clear_up = {};  ///< after it has stopped
};

struct measurement {
  double wall_seconds = 0;
  double cpu_seconds = 0;
  double context_switches = 0;
  double allocations = 0;
  double prepared_bytes = 0;  ///< of the heap, with what malloc itself needs: what all `prepare` have taken
  bool sound = false;
};

struct outcome {
  measurement measured;
  std::string failure;  ///< empty when `measured` counts
};

/// Plays the cast, one thread a role, in this process.
measurement play(placement where, const std::vector<role>& cast);

/// Plays what `make_cast` makes in a child process, which is killed when it takes longer than `limit`.
outcome play_apart(placement where, const std::function<std::vector<role>()>& make_cast, std::chrono::seconds limit);

}  // namespace bench
