// What a careful programmer writes with a mutex and condition variables, for any number of threads at either end.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "../support/scenario.hpp"

namespace bench {

/// One slot: a sender waits for its turn, fills the slot, and waits until that very message is taken.
template <class T>
class mutex_cv_rendezvous {
 public:
  static constexpr std::string_view name = "mutex_cv";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = true;

  bool send(const T& message) {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !occupied_; });
    slot_ = message;
    occupied_ = true;
    const std::uint64_t ticket = ++sent_;
    filled_.notify_one();
    taken_.wait(lock, [&] { return received_ >= ticket; });
    return true;
  }
  bool receive(T& message) {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return occupied_; });
    message = slot_;
    occupied_ = false;
    ++received_;
    lock.unlock();
    taken_.notify_all();  // several may wait here, and only one of them is meant
    free_.notify_one();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_, filled_, taken_;
  bool occupied_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  T slot_;
};

/// A ring of slots, a condition variable a side.
template <class T>
class mutex_cv_queue {
 public:
  static constexpr std::string_view name = "mutex_cv";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = true;

  explicit mutex_cv_queue(std::size_t capacity) : slots_(capacity) {}

  bool send(const T& message) {
    {
      std::unique_lock lock(mutex_);
      not_full_.wait(lock, [this] { return count_ < slots_.size(); });
      slots_[(first_ + count_) % slots_.size()] = message;
      ++count_;
    }
    not_empty_.notify_one();
    return true;
  }
  bool receive(T& message) {
    {
      std::unique_lock lock(mutex_);
      not_empty_.wait(lock, [this] { return count_ > 0; });
      message = slots_[first_];
      first_ = (first_ + 1) % slots_.size();
      --count_;
    }
    not_full_.notify_one();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_full_, not_empty_;
  std::vector<T> slots_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

/// A value that comes later.
template <class T>
class mutex_cv_future {
  struct shared {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<T> value;
  };

 public:
  static constexpr std::string_view name = "mutex_cv";
  using promise = std::shared_ptr<shared>;
  using future = std::shared_ptr<shared>;

  static std::pair<promise, future> make() {
    auto state = std::make_shared<shared>();
    return {state, state};
  }
  static bool keep(promise& giver, const T& message) {
    {
      const std::lock_guard lock(giver->mutex);
      giver->value = message;
    }
    giver->arrived.notify_one();
    return true;
  }
  static bool collect(future& taker, T& message) {
    std::unique_lock lock(taker->mutex);
    taker->arrived.wait(lock, [&] { return taker->value.has_value(); });
    message = *taker->value;
    return true;
  }
};

}  // namespace bench
