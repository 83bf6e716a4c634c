// tandem/lab/detail/states.hpp: which states of a program have been explored, so that no two schedules that lead to the
// same one are gone on with.
//
// Contract   reached(state, running, left) is false if all that can follow has been explored already, or is about to
//            be: the same state was reached with at least as many switches left.
// Algorithm  This is the partial-order reduction of the lab. A state is what its threads have done and which store each
//            load has read: the execution graph of the memory model, hashed as it grows (memory.hpp), not the order in
//            which the lab happened to run it. Two schedules that differ in the order of independent steps, or of a
//            load and a store that it does not read, reach the same graph, and the second is cut off at its next
//            choice. Sleep sets recognise the first kind only, and lose executions when switches are bounded, since the
//            schedule that they kept may need a switch more than the one they dropped; here the switches that are left
//            are compared.
//              running   whoever may go on without costing a switch (max_threads: nobody, the next choice is free)
//            One who was there with thread t running and n left could have done all that thread u with n - 1 can do,
//            for to switch to u costs one. While the sixteenth thread runs nothing is recognised: its place in an entry
//            is nobody's.
// Cost       one probe of a hash table with linear probing, 16 bytes an entry, half of them free. The table lies in
//            large pages, where the system has them: hardly any probe is of a page that was used a short time ago.
// Source     [musuvathi-2007] caching of happens-before graphs, and its fitness for a bound on preemptions
// Tests      tests/lab.test.cpp, tests/lab/litmus.test.cpp: with and without it the same outcomes are found
#pragma once

#include <tandem/lab/detail/memory.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <sys/mman.h>
#include <vector>

namespace tandem::inline TANDEM_ABI::lab {

/// An allocator of large arrays.
template <class T>
struct in_large_pages {
  using value_type = T;
  in_large_pages() noexcept = default;
  template <class U>
  explicit(false) in_large_pages(const in_large_pages<U>&) noexcept {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes < page) return static_cast<T*>(::operator new(bytes));
    void* const got = ::operator new(bytes, std::align_val_t(page));
#if defined(MADV_HUGEPAGE)
    static_cast<void>(::madvise(got, bytes, MADV_HUGEPAGE));  // a system that has none refuses
#endif
    return static_cast<T*>(got);
  }
  void deallocate(T* array, std::size_t count) noexcept {
    if (count * sizeof(T) < page) {
      ::operator delete(array);
    } else {
      ::operator delete(array, std::align_val_t(page));
    }
  }
  bool operator==(const in_large_pages&) const noexcept = default;

 private:
  static constexpr std::size_t page = std::size_t{1} << 21U;
};

class seen_states {
 public:
  /// More than any bound on preemptions that is worth its time.
  static constexpr unsigned unbounded = 14;

  bool reached(trace_hash state, unsigned running, unsigned left) {
    if (running == nobody) return true;  // its slot is taken: no two executions are found to be the same there
    if (running == max_threads) running = nobody;
    if (2 * (size_ + 1) > table_.size()) grow();
    entry& e = find(table_, state);
    if (e.state == 0) {
      e.state = nonzero(state);
      ++size_;
    } else if (covered(e, running, left)) {
      return false;
    }
    set(e, running, left + 1);
    return true;
  }

  std::size_t size() const noexcept { return size_; }

 private:
  struct entry {
    trace_hash state = 0;    // 0: none
    std::uint64_t left = 0;  // by thread that was running, 4 bits each: 1 + the most switches that were left; 0: never
  };
  /// In the place of the last thread, which hardly any program has.
  static constexpr unsigned nobody = max_threads - 1;

  static trace_hash nonzero(trace_hash state) noexcept { return state == 0 ? 1 : state; }

  static unsigned get(const entry& e, unsigned running) noexcept {
    return static_cast<unsigned>(e.left >> (4 * running)) & 15U;
  }
  static void set(entry& e, unsigned running, unsigned value) noexcept {
    if (get(e, running) >= value) return;
    e.left = (e.left & ~(std::uint64_t{15} << (4 * running))) | (std::uint64_t{value} << (4 * running));
  }
  static bool covered(const entry& e, unsigned running, unsigned left) noexcept {
    std::uint64_t rest = e.left;
    for (unsigned who = 0; rest != 0; ++who, rest >>= 4U) {
      const auto then = static_cast<unsigned>(rest & 15U);
      if (then == 0) continue;
      const bool costs_nothing = who == running || who == nobody || left >= unbounded;
      if (then - 1 >= left + (costs_nothing ? 0U : 1U)) return true;
    }
    return false;
  }

  using entries = std::vector<entry, in_large_pages<entry>>;

  static entry& find(entries& table, trace_hash state) noexcept {
    const trace_hash wanted = nonzero(state);
    std::size_t i = static_cast<std::size_t>(wanted) & (table.size() - 1);
    while (table[i].state != 0 && table[i].state != wanted) i = (i + 1) & (table.size() - 1);
    return table[i];
  }
  void grow() {
    entries larger(table_.empty() ? 1024 : table_.size() * 2);
    for (const entry& e : table_) {
      if (e.state != 0) find(larger, e.state) = e;
    }
    table_.swap(larger);
  }

  entries table_;
  std::size_t size_ = 0;
};

}  // namespace tandem::inline TANDEM_ABI::lab
