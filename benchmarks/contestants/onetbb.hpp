// oneTBB's bounded queue.
#pragma once

#include <oneapi/tbb/concurrent_queue.h>

#include <cstddef>
#include <string_view>

#include "../support/scenario.hpp"

namespace bench {

template <class T>
class onetbb_queue {
 public:
  static constexpr std::string_view name = "onetbb";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = true;

  explicit onetbb_queue(std::size_t capacity) { queue_.set_capacity(static_cast<std::ptrdiff_t>(capacity)); }

  bool send(const T& message) {
    queue_.push(message);
    return true;
  }
  bool receive(T& message) {
    queue_.pop(message);
    return true;
  }

 private:
  oneapi::tbb::concurrent_bounded_queue<T> queue_;
};

}  // namespace bench
