// Boost.Fiber as it is meant to be used: many fibers on one thread, each with a stack of its own.
#pragma once

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/fixedsize_stack.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/unbuffered_channel.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "../support/measure.hpp"
#include "../support/payload.hpp"

namespace bench {

/// The cast played by fibers of one thread instead of threads.
inline std::vector<role> in_fibers(std::vector<role> cast) {
  return {[cast = std::move(cast)] {
    bool sound = true;
    std::vector<boost::fibers::fiber> fibers;
    for (const role& each : cast) {
      fibers.emplace_back([&sound, &each] { sound = each.play() && sound; });
    }
    for (boost::fibers::fiber& each : fibers) {
      each.join();
    }
    return sound;
  }};
}

/// The same as coroutine_crowd. The stacks, of 128 KiB unless told otherwise, are as small as is safe: 8 KiB overflow.
template <class T>
class boost_fiber_crowd {
 public:
  static constexpr std::string_view name = "boost_fiber";
  static constexpr std::size_t stack_bytes = std::size_t{16} * 1024;

  void gather(std::size_t size) {
    fibers_.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      fibers_.emplace_back(boost::fibers::launch::dispatch, std::allocator_arg,
                           boost::fibers::fixedsize_stack(stack_bytes), [this] { wait(); });
    }
    wake(size);
  }
  bool wake(std::uint64_t messages) {
    left_ = messages;
    sum_ = 0;
    for (std::uint64_t sequence = 1; sequence <= messages; ++sequence) {
      sound_ = meeting_.push(stamped<T>(0, sequence)) == status::success && sound_;
    }
    while (left_ != 0) {
      boost::this_fiber::yield();
    }
    return sound_ && sum_ == sum_of(0, messages);
  }
  void disperse() {
    meeting_.close();
    for (boost::fibers::fiber& each : fibers_) {
      each.join();
    }
    fibers_.clear();
  }

 private:
  using status = boost::fibers::channel_op_status;

  void wait() {
    T message;
    while (meeting_.pop(message) == status::success) {
      sound_ = sound_ && message.words.front() == message.words.back();
      sum_ += message.words.front();
      --left_;
    }
  }

  boost::fibers::unbuffered_channel<T> meeting_;
  std::vector<boost::fibers::fiber> fibers_;
  std::uint64_t left_ = 0;
  std::uint64_t sum_ = 0;
  bool sound_ = true;
};

}  // namespace bench
