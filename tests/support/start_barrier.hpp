// start_barrier: everybody waits until everybody is there.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace support {

class start_barrier {
 public:
  explicit start_barrier(std::size_t parties) : parties_(parties) {}

  // Blocks until as many threads as were announced have arrived; can be used again and again.
  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    const std::size_t round = round_;
    if (++arrived_ == parties_) {
      arrived_ = 0;
      ++round_;
      all_there_.notify_all();
      return;
    }
    all_there_.wait(lock, [this, round] { return round_ != round; });
  }

 private:
  const std::size_t parties_;
  std::mutex mutex_;
  std::condition_variable all_there_;
  std::size_t arrived_ = 0;
  std::size_t round_ = 0;
};

}  // namespace support
