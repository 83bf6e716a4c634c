// One measured run: a cast of threads, started together, timed until the last one is done, in a process of its own.
//
// The process of its own is what makes a run bounded: a contestant that deadlocks, collapses or aborts is killed and
// reported, and the next one starts from a clean state. Everything a run costs the machine is counted: wall time, the
// processor time of all threads, context switches, yields, futex calls (except those that libc makes inside of itself),
// and calls of operator new (not malloc called directly). What a part prepares costs nothing of these; its memory is
// counted, malloc's own share included. Where a part has a stopwatch, there are also percentiles of its operations.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "placement.hpp"
#include "stopwatch.hpp"

namespace bench {

/// One thread's part.
struct role {
  template <std::invocable Part>
  role(Part part) : play(std::move(part)) {}  // NOLINT(google-explicit-constructor): most are just that

  /// One that times its operations with `timer`.
  template <std::invocable Part>
  role(std::shared_ptr<const stopwatch> timer, Part part) : play(std::move(part)), watch(std::move(timer)) {}

  std::function<bool()> play;                   ///< what is measured; it returns whether everything it saw was right
  std::function<void()> prepare = {};           ///< if not empty: on the same thread before anybody's clock starts, and
  std::function<void()> clear_up = {};          ///< after it has stopped
  std::shared_ptr<const stopwatch> watch = {};  ///< if not empty: what `play` times its operations with
};

struct measurement {
  double wall_seconds = 0;
  double cpu_seconds = 0;
  double context_switches = 0;
  double allocations = 0;
  double yields = 0;          ///< calls of sched_yield
  double futexes = 0;         ///< futex calls, of those who make them themselves: libc's own are not seen
  double prepared_bytes = 0;  ///< of the heap, with what malloc itself needs: what all `prepare` have taken
  double p50_ns = 0;          ///< of single operations; 0: not known
  double p99_ns = 0;
  double timed = 0;  ///< how many operations these two are taken from
  bool sound = false;
};

struct outcome {
  measurement measured;
  std::string failure;  ///< empty when `measured` counts
};

/// Plays the cast, one thread a role, in this process.
measurement play(placement where, const std::vector<role>& cast);

/// Plays what `make_cast` makes in a child process, which is killed when it takes longer than `limit`; with the
/// strangers beside it that `where` asks for.
outcome play_apart(placement where, const std::function<std::vector<role>()>& make_cast, std::chrono::seconds limit);

}  // namespace bench
