// What a careful programmer writes with a mutex and condition variables, for any number of threads at either end.
#pragma once

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
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

/// Four queues under one mutex, so that one condition variable can wait for all of them. A queue of capacity 0 holds a
/// message, and its sender waits until that message is taken.
template <class T>
class mutex_cv_selection {
 public:
  static constexpr std::string_view name = "mutex_cv";
  static constexpr waiting how_it_waits = waiting::parks;

  explicit mutex_cv_selection(std::size_t capacity) : capacity_(capacity) {}

  bool send(std::size_t way, const T& message) {
    queue& mine = queues_[way];
    std::unique_lock lock(mutex_);
    mine.taken.wait(lock, [&] { return mine.messages.size() < std::max<std::size_t>(capacity_, 1); });
    mine.messages.push_back(message);
    filled_.notify_one();
    if (capacity_ == 0) {
      mine.taken.wait(lock, [&] { return mine.messages.empty(); });  // one sender a queue: it was ours
    }
    return true;
  }
  bool receive_any(T& message) {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return find(); });
    queue& from = queues_[turn_];
    message = from.messages.front();
    from.messages.pop_front();
    turn_ = (turn_ + 1) % ways;  // so that none is passed over
    lock.unlock();
    from.taken.notify_one();
    return true;
  }

 private:
  struct queue {
    std::deque<T> messages;
    std::condition_variable taken;
  };

  // Moves the turn to the first queue that holds something.
  bool find() {
    for (std::size_t looked = 0; looked < ways; ++looked) {
      if (!queues_[turn_].messages.empty()) {
        return true;
      }
      turn_ = (turn_ + 1) % ways;
    }
    return false;
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::array<queue, ways> queues_;
  std::size_t turn_ = 0;
};

}  // namespace bench
