// Boost.Fiber's channels and futures, used across threads (each thread has only its main fiber, so waiting for a
// partner means sleeping on the scheduler's condition variable).
#pragma once

#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/future.hpp>
#include <boost/fiber/unbuffered_channel.hpp>
#include <cstddef>
#include <string_view>
#include <utility>

#include "../support/scenario.hpp"

namespace bench {

template <class T, class Channel>
class boost_fiber_channel {
 public:
  static constexpr std::string_view name = "boost_fiber";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = true;

  boost_fiber_channel() = default;
  explicit boost_fiber_channel(std::size_t capacity) : channel_(capacity) {}

  bool send(const T& message) { return channel_.push(message) == boost::fibers::channel_op_status::success; }
  bool receive(T& message) { return channel_.pop(message) == boost::fibers::channel_op_status::success; }

 private:
  Channel channel_;
};

template <class T>
using boost_fiber_rendezvous = boost_fiber_channel<T, boost::fibers::unbuffered_channel<T>>;

/// It wants a power of two, and holds one message less: 1 is exact, 64 means 63, 1024 means 1023.
template <class T>
class boost_fiber_queue : public boost_fiber_channel<T, boost::fibers::buffered_channel<T>> {
 public:
  explicit boost_fiber_queue(std::size_t capacity)
      : boost_fiber_channel<T, boost::fibers::buffered_channel<T>>(capacity == 1 ? 2 : capacity) {}
};

template <class T>
struct boost_fiber_future {
  static constexpr std::string_view name = "boost_fiber";
  using promise = boost::fibers::promise<T>;
  using future = boost::fibers::future<T>;

  static std::pair<promise, future> make() {
    promise giver;
    future taker = giver.get_future();
    return {std::move(giver), std::move(taker)};
  }
  static bool keep(promise& giver, const T& message) {
    giver.set_value(message);
    return true;
  }
  static bool collect(future& taker, T& message) {
    message = taker.get();
    return true;
  }
};

}  // namespace bench
