// moodycamel's queues. They call malloc themselves, which the count of allocations does not see.
#pragma once

#include <blockingconcurrentqueue.h>
#include <readerwritercircularbuffer.h>

#include <cstddef>
#include <string_view>

#include "../support/scenario.hpp"

namespace bench {

/// BlockingConcurrentQueue is unbounded: its own semaphore, counting free slots, imitates the bound. So a message costs
/// two semaphore operations more than this queue needs by itself, and the comparison is a little unfair to it.
template <class T>
class moodycamel_queue {
 public:
  static constexpr std::string_view name = "moodycamel_mpmc";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = true;

  explicit moodycamel_queue(std::size_t capacity)
      : queue_(capacity), free_(static_cast<moodycamel::LightweightSemaphore::ssize_t>(capacity)) {}

  bool send(const T& message) { return free_.wait() && queue_.enqueue(message); }
  bool receive(T& message) {
    queue_.wait_dequeue(message);
    free_.signal();
    return true;
  }

 private:
  moodycamel::BlockingConcurrentQueue<T> queue_;
  moodycamel::LightweightSemaphore free_;
};

/// The bounded sibling of BlockingReaderWriterQueue, for one sender and one receiver.
template <class T>
class moodycamel_circular_buffer {
 public:
  static constexpr std::string_view name = "moodycamel_spsc";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = false;

  explicit moodycamel_circular_buffer(std::size_t capacity) : buffer_(capacity) {}

  bool send(const T& message) {
    buffer_.wait_enqueue(message);
    return true;
  }
  bool receive(T& message) {
    buffer_.wait_dequeue(message);
    return true;
  }

 private:
  moodycamel::BlockingReaderWriterCircularBuffer<T> buffer_;
};

}  // namespace bench
