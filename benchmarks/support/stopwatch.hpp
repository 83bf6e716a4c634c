// Times single operations of a thread, so few of them that the run does not notice.
//
// A run is cut into equal stretches, and one operation of each stretch, at a random place in it, is timed: so the timed
// ones are spread evenly, and do not beat with the capacity of a ring. How many are timed is bounded by what reading
// the clock costs: all of them together take less than half a percent of a run of a tenth of a second. What is written
// down goes into memory that was written to before the run.
//
// An operation that is not timed costs nothing extra: between two timed ones the loop is what it would be without a
// stopwatch. What two reads of the clock take when nothing lies between them is taken off each time.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// The nanoseconds that one read of the clock takes, and so also what is measured when there is nothing to measure.
double clock_read_ns() noexcept;

/// How many operations of one run may be timed, by all threads together; 0 if the environment says BENCH_UNTIMED.
std::size_t most_timed() noexcept;

class stopwatch {
 public:
  /// For a thread that is about to do `operations` of them, one of `watches` threads that share what may be timed.
  stopwatch(std::uint64_t operations, std::size_t watches)
      : operations_(operations),
        times_(static_cast<std::size_t>(std::min<std::uint64_t>(operations, most_timed() / watches))) {}

  /// Calls operation(1), operation(2), ... up to their number. Stops at the first that returns false, and returns
  /// whether there was none.
  template <std::predicate<std::uint64_t> Operation>
  bool time(Operation operation) {
    std::uint64_t next = 1;
    // Stretches without the clock and single operations with it take turns in one loop: were the operation written
    // down twice, a compiler would inline it otherwise than in a loop without a stopwatch.
    for (bool timed = false; next <= operations_; timed = !timed) {
      const std::uint64_t stop = timed ? next + 1 : choose();
      const clock::time_point begin = timed ? clock::now() : clock::time_point();
      for (; next < stop; ++next) {
        if (!operation(next)) {
          return false;
        }
      }
      if (timed) {
        times_[taken_++] = clock::now() - begin;
      }
    }
    return true;
  }

  /// Adds the nanoseconds of each timed operation to `all`.
  void report(std::vector<double>& all) const;

 private:
  using clock = std::chrono::steady_clock;

  // Which operation is timed next; the number after the last one when no more is.
  std::uint64_t choose() noexcept {
    if (taken_ == times_.size()) {
      return operations_ + 1;
    }
    const std::uint64_t begin = operations_ * taken_ / times_.size();
    const std::uint64_t end = operations_ * (taken_ + 1) / times_.size();
    random_ = random_ * 6364136223846793005U + 1442695040888963407U;
    return begin + 1 + ((random_ >> 32) * (end - begin) >> 32);
  }

  std::uint64_t operations_;
  std::vector<clock::duration> times_;
  std::size_t taken_ = 0;
  std::uint64_t random_ = 1;
};

/// The time that `share` of all operations did not exceed, in nanoseconds; 0 if it is not known: too few were timed, or
/// it is so short that the clock itself would be a good part of it.
double percentile_ns(std::vector<double>& times, double share);

}  // namespace bench
