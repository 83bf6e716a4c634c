// tandem/lab/detail/total_order.hpp: S, the single total order of the seq_cst operations of an execution, as far as
// anybody can tell what it is.
//
// Contract   add() says that a thread has done a seq_cst operation, and at which place of a modification order it has
//            written, or read. floor() says from which place on the next one may do so: any earlier, and no total order
//            of them all would be what C++20 asks for. memory.hpp sees to all that is not about S.
// Algorithm  C++20 [atomics.order]: A comes before B in S if A strongly happens before B, or is coherence-ordered
//            before it. S exists as long as these edges have no cycle. Nothing else is said of S: it need be neither
//            the order in which the lab runs the operations, nor one that agrees with happens-before.
//              strongly     The way from A to B begins and ends with the order of one thread's program. So what a
//                           thread knew before B counts, and B's own acquiring does not; and of another thread what
//                           came before the release by which it is known, which is what has a smaller tick on its
//                           clock. (A release and an acquire that are both seq_cst count as well: these have a
//                           coherence edge anyhow.)
//              coherence    Both are of one atomic; A's place is an earlier one, or A wrote what B reads.
//            Each operation knows how many of each thread's operations come before it: with one comes all that its
//            thread has done before, so numbers will do. A new one takes over what those know that come before it; and
//            if it goes before others in a modification order, they and all that come after them take over what it
//            knows.
// Invariants The edges have no cycle. What closes one is a new operation with a successor at its own atomic which comes
//            before it already: in a place beyond its own, which floor() excludes.
//            After `most` operations S is the order in which they are run, which never closes a cycle.
// Cost       an operation: those of the same atomic, and for each thread its numbers once; floor() the same; one that
//            goes before others: all operations.
// Source     [p0668] what C++20 changed about S, and why
// Tests      tests/lab/litmus.test.cpp
#pragma once

#include <tandem/lab/detail/abi.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tandem::inline TANDEM_ABI::lab {

inline constexpr unsigned max_threads = 16;

/// A point in one thread's past, or in one modification order.
using tick = std::uint32_t;
using clock_vector = std::array<tick, max_threads>;

class total_order {
 public:
  /// How many of each thread's operations.
  using numbers = std::array<std::uint16_t, max_threads>;
  /// The last operation at an atomic, which knows the one before it.
  using chain = std::uint32_t;
  static constexpr chain nobody = ~chain{0};

  void reset() noexcept {
    for (unsigned t = 0; t < threads_; ++t) own_[t].clear();
    operations_.clear();
    threads_ = 0;
  }
  bool is_full() const noexcept { return operations_.size() == most; }

  /// Those that come before whatever a thread with this clock does next.
  numbers before(const clock_vector& known) const noexcept {
    numbers all{};
    for (unsigned t = 0; t < threads_; ++t) {
      std::size_t n = own_[t].size();
      while (n > 0 && operations_[own_[t][n - 1]].at >= known[t]) --n;
      if (n > all[t]) take_over(all, own_[t][n - 1]);
    }
    return all;
  }

  /// The earliest place that the next operation at an atomic may read, or write behind, if these come before it.
  tick floor(const numbers& before, chain at) const noexcept {
    tick least = 0;
    for (chain i = at; i != nobody; i = operations_[i].previous) {
      const operation& o = operations_[i];
      if (o.number < before[o.thread]) least = (std::max)(least, o.place);
    }
    return least;
  }

  /// An operation of that thread, now; precondition: not is_full(). The chain of its atomic goes on.
  void add(unsigned thread, tick now, numbers before, tick place, bool writes, chain& at) {
    bool is_last = true;
    numbers earliest;  // of each thread's operations that come after this one
    earliest.fill(most);
    for (chain i = at; i != nobody; i = operations_[i].previous) {
      const operation& o = operations_[i];
      if (o.place < place || (o.place == place && o.writes)) {
        if (o.number >= before[o.thread]) take_over(before, i);
      } else if (o.place > place) {
        is_last = false;
        earliest[o.thread] = (std::min)(earliest[o.thread], o.number);
      }
    }
    threads_ = (std::max)(threads_, thread + 1);
    const auto number = static_cast<std::uint16_t>(own_[thread].size());
    const auto index = static_cast<chain>(operations_.size());
    operations_.push_back({before, now, place, at, number, static_cast<std::uint8_t>(thread), writes});
    own_[thread].push_back(index);
    at = index;
    if (!is_last) tell_those_after(index, earliest);
  }

 private:
  static constexpr std::uint16_t most = 1024;

  struct operation {
    numbers before;
    tick at;  // on its thread's clock
    tick place;
    chain previous;  // at the same atomic
    std::uint16_t number;
    std::uint8_t thread;
    bool writes;
  };

  /// That operation comes before, and all that come before it.
  void take_over(numbers& into, chain i) const noexcept {
    const operation& o = operations_[i];
    for (unsigned t = 0; t < threads_; ++t) into[t] = (std::max)(into[t], o.before[t]);
    into[o.thread] = (std::max)(into[o.thread], static_cast<std::uint16_t>(o.number + 1));
  }

  void tell_those_after(chain index, const numbers& earliest) noexcept {
    for (operation& o : operations_) {
      bool is_after = o.number >= earliest[o.thread];
      for (unsigned t = 0; t < threads_; ++t) is_after = is_after || o.before[t] > earliest[t];
      if (is_after) take_over(o.before, index);
    }
  }

  std::vector<operation> operations_;                // as they were run
  std::array<std::vector<chain>, max_threads> own_;  // each thread's
  unsigned threads_ = 0;                             // beyond all that have any
};

}  // namespace tandem::inline TANDEM_ABI::lab
