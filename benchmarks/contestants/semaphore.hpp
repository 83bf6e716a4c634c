// The same hand-overs with the standard semaphores.
#pragma once

#include <cstddef>
#include <mutex>
#include <semaphore>
#include <string_view>
#include <vector>

#include "../support/scenario.hpp"

namespace bench {

/// Three binary semaphores: whose turn it is to send, that the slot is filled, that it was taken.
template <class T>
class semaphore_rendezvous {
 public:
  static constexpr std::string_view name = "semaphore";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = true;

  bool send(const T& message) {
    turn_.acquire();
    slot_ = message;
    filled_.release();
    taken_.acquire();
    turn_.release();
    return true;
  }
  bool receive(T& message) {
    filled_.acquire();
    message = slot_;
    taken_.release();
    return true;
  }

 private:
  std::binary_semaphore turn_{1}, filled_{0}, taken_{0};
  T slot_;
};

/// Counting semaphores for the free and the filled slots of a ring, and a mutex for the ring itself.
template <class T>
class semaphore_queue {
 public:
  static constexpr std::string_view name = "semaphore";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = true;

  explicit semaphore_queue(std::size_t capacity) : slots_(capacity), free_(static_cast<std::ptrdiff_t>(capacity)) {}

  bool send(const T& message) {
    free_.acquire();
    {
      const std::lock_guard lock(mutex_);
      slots_[written_] = message;
      written_ = (written_ + 1) % slots_.size();
    }
    filled_.release();
    return true;
  }
  bool receive(T& message) {
    filled_.acquire();
    {
      const std::lock_guard lock(mutex_);
      message = slots_[read_];
      read_ = (read_ + 1) % slots_.size();
    }
    free_.release();
    return true;
  }

 private:
  std::vector<T> slots_;
  std::counting_semaphore<> free_;
  std::counting_semaphore<> filled_{0};
  std::mutex mutex_;
  std::size_t written_ = 0;
  std::size_t read_ = 0;
};

}  // namespace bench
