// coroutines: promises that tandem has never heard of, and a scheduler that does nothing before the test says so.
//
//   support::by_hand where;
//   auto receiver = support::party_of(where, [&] { return channel.co_receive(); });
//   receiver.start();                  // it waits
//   ...                                // somebody sends
//   CHECK(where.run() == 1);           // only now does it go on
//   CHECK(receiver.outcome()->number() == 1);
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

#include <tandem/coro/scheduler.hpp>

namespace support {

/// Keeps what is posted, from any thread, until run(); keeps time only in that fire() makes every deadline come.
class by_hand final : public tandem::scheduler {
 public:
  void post(tandem::run_item& item) noexcept override {
    const std::lock_guard hold(mutex_);
    items_.push(item);
    ++posted_;
  }
  void start(tandem::timer& t) noexcept override { timers_.insert(t); }
  void call_off(tandem::timer& t) noexcept override { timers_.remove(t); }
  void take_back(tandem::run_item& item) noexcept override {
    while (!removed(item)) std::this_thread::yield();  // whoever has claimed it is about to post it
  }

  /// Runs what is posted, and what that posts; returns how many there were.
  std::size_t run() {
    std::size_t count = 0;
    for (; tandem::run_item* const item = next(); ++count) item->run();
    return count;
  }
  /// Runs what was posted first; false if there is nothing.
  bool run_one() {
    tandem::run_item* const item = next();
    if (item != nullptr) item->run();
    return item != nullptr;
  }
  /// Makes all deadlines come.
  void fire() {
    while (tandem::timer* const t = timers_.pop(tandem::platform::clock::time_point::max())) t->fire();
  }
  bool keeps_timers() const { return !timers_.empty(); }
  /// How many have ever been posted.
  std::size_t posted() {
    const std::lock_guard hold(mutex_);
    return posted_;
  }

 private:
  tandem::run_item* next() {
    const std::lock_guard hold(mutex_);
    return items_.pop();
  }
  bool removed(tandem::run_item& item) {
    const std::lock_guard hold(mutex_);
    return items_.remove(item);
  }

  std::mutex mutex_;
  tandem::run_queue items_;
  std::size_t posted_ = 0;
  tandem::detail::timer_queue timers_;
};

/// Lets the others of a loop have their turn.
struct turn final : tandem::run_item {
  explicit turn(tandem::scheduler& loop) noexcept
      : run_item([](run_item& item) noexcept { static_cast<turn&>(item).coroutine.resume(); }), where(loop) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) noexcept {
    coroutine = h;
    where.post(*this);
  }
  void await_resume() const noexcept {}

  tandem::scheduler& where;
  std::coroutine_handle<> coroutine;
};

/// Begins at once, belongs to nobody, and is gone at its end. Its promise has no more than the language asks for.
struct detached {
  struct promise_type {
    detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

/// Begins when it is started, and stays at its end. It may be destroyed wherever it stands.
template <class Promise>
class held {
 public:
  struct promise_type : Promise {
    using Promise::Promise;
    held get_return_object() noexcept { return held(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };

  held(held&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  held& operator=(held other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~held() { destroy(); }

  std::coroutine_handle<promise_type> handle() const noexcept { return coroutine_; }
  void start() { coroutine_.resume(); }
  void destroy() {
    if (coroutine_) std::exchange(coroutine_, nullptr).destroy();
  }

 private:
  explicit held(std::coroutine_handle<promise_type> c) noexcept : coroutine_(c) {}
  std::coroutine_handle<promise_type> coroutine_;
};

/// Names a scheduler: the one that is the coroutine's first argument, or a lambda's.
class tied_promise {
 public:
  template <class... Others>
  explicit tied_promise(tandem::scheduler& where, Others&&...) noexcept : where_(&where) {}
  template <class Closure, class... Others>
  explicit tied_promise(Closure&, tandem::scheduler& where, Others&&...) noexcept : where_(&where) {}
  tandem::scheduler& scheduler() const noexcept { return *where_; }

 private:
  tandem::scheduler* where_;
};
/// Names none.
struct loose_promise {};

using tied = held<tied_promise>;
using loose = held<loose_promise>;

template <class Make, class Outcome>
tied await_into(tandem::scheduler&, Make make, std::optional<Outcome>& to) {
  to.emplace(co_await make());
}
template <class Make, class Outcome>
loose await_into(Make make, std::optional<Outcome>& to) {
  to.emplace(co_await make());
}

/// What `co_await` gives.
template <class Awaitable>
using awaited = decltype(std::declval<Awaitable&>().await_resume());

/// A coroutine that awaits one thing, and what came of it.
template <class Coroutine, class Outcome>
class party {
 public:
  template <class... Arguments>
  explicit party(Arguments&&... arguments) : coroutine_(await_into(std::forward<Arguments>(arguments)..., outcome_)) {}
  party(const party&) = delete;
  party& operator=(const party&) = delete;

  party& start() {
    coroutine_.start();
    return *this;
  }
  bool is_over() const { return outcome_.has_value(); }
  /// Precondition: it is over.
  Outcome& outcome() { return outcome_.value(); }
  void destroy() { coroutine_.destroy(); }

 private:
  std::optional<Outcome> outcome_;
  Coroutine coroutine_;
};

template <class Make>
auto party_of(tandem::scheduler& where, Make make) {
  return party<tied, awaited<std::invoke_result_t<Make&>>>(where, std::move(make));
}
template <class Make>
auto party_of(Make make) {
  return party<loose, awaited<std::invoke_result_t<Make&>>>(std::move(make));
}

}  // namespace support
