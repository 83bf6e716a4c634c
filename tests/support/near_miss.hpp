// near_miss: brings two threads within nanoseconds of each other, again and again, at distances that differ.
//
// A window of some ten nanoseconds (between looking and lying down to wait, say) is hardly ever hit by threads that are
// started by a condition variable, which wakes them microseconds apart. Here both poll one counter, then count on for
// a number of rounds that each has rolled for itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "dice.hpp"

namespace support {

class near_miss {
 public:
  explicit near_miss(int parties) : parties_(parties) {}

  // Returns at about the same instant in all parties, up to `jitter` idle turns apart.
  void meet(dice& chance, std::uint32_t jitter) {
    const int round = arrived_.fetch_add(1) / parties_;
    for (int turns = 0; arrived_.load() < (round + 1) * parties_; ++turns) {
      if (turns > 200) std::this_thread::yield();
    }
    idle(chance.roll(jitter + 1));
  }
  static void idle(std::uint32_t turns) {
    for (; turns > 0; --turns) std::atomic_signal_fence(std::memory_order_seq_cst);
  }

 private:
  const int parties_;
  std::atomic<int> arrived_{0};
};

}  // namespace support
