// The limit of a mailbox: the ring of one sender and one receiver, each of which keeps a copy of the other's index and
// looks again only when that copy says full (or empty). It has no closing, no timeout and no third party.
#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../support/scenario.hpp"
#include "raw_hand_off.hpp"

namespace bench {

struct ring_by_spinning {
  static constexpr std::string_view name = "ring_spin";
  static constexpr waiting how_it_waits = waiting::spins;
  static void pass_time() noexcept { relax_the_core(); }
};

struct ring_by_yielding {
  static constexpr std::string_view name = "ring_yield";
  static constexpr waiting how_it_waits = waiting::yields;
  static void pass_time() noexcept { ::sched_yield(); }
};

template <class T, class Wait>
class ring {
 public:
  static constexpr std::string_view name = Wait::name;
  static constexpr waiting how_it_waits = Wait::how_it_waits;
  static constexpr bool serves_many = false;

  explicit ring(std::size_t capacity) : slots_(capacity + 1) {}  // one slot stays empty: full is not empty

  bool send(const T& message) noexcept {
    const std::size_t here = written_.load(std::memory_order_relaxed);  // ours alone to write
    const std::size_t next = after(here);
    while (next == read_seen_) {
      read_seen_ = read_.load(std::memory_order_acquire);
      if (next == read_seen_) {
        Wait::pass_time();
      }
    }
    slots_[here] = message;
    written_.store(next, std::memory_order_release);
    return true;
  }
  bool receive(T& message) noexcept {
    const std::size_t here = read_.load(std::memory_order_relaxed);  // ours alone to write
    while (here == written_seen_) {
      written_seen_ = written_.load(std::memory_order_acquire);
      if (here == written_seen_) {
        Wait::pass_time();
      }
    }
    message = slots_[here];
    read_.store(after(here), std::memory_order_release);
    return true;
  }

 private:
  std::size_t after(std::size_t index) const noexcept { return index + 1 == slots_.size() ? 0 : index + 1; }

  std::vector<T> slots_;
  alignas(64) std::atomic<std::size_t> written_{0};
  alignas(64) std::size_t read_seen_ = 0;  // the sender's copy of read_
  alignas(64) std::atomic<std::size_t> read_{0};
  alignas(64) std::size_t written_seen_ = 0;  // the receiver's copy of written_
};

}  // namespace bench
