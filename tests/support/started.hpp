// started: a coroutine that begins at once, goes on where a scheduler runs it, and goes with its owner, wherever it is.
//
//   const auto body = [&](tandem::scheduler&) -> support::started { co_await ...; };
//   support::started waiting = body(loop);   // it has run up to its first wait
//
// The scheduler is the first argument. The closure stays where it is while the coroutine lives. `unplaced` is the same
// without a scheduler: whoever completes its operation runs it.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include <tandem/coro/scheduler.hpp>

namespace support {

template <class Promise>
class owned_coroutine {
 public:
  using promise_type = Promise;
  using handle = std::coroutine_handle<Promise>;

  explicit owned_coroutine(handle h) noexcept : handle_(h) {}
  owned_coroutine(owned_coroutine&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  owned_coroutine& operator=(owned_coroutine other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~owned_coroutine() {
    if (handle_) handle_.destroy();
  }
  bool done() const { return handle_.done(); }

 private:
  handle handle_;
};

struct unplaced_promise {
  owned_coroutine<unplaced_promise> get_return_object() noexcept {
    return owned_coroutine<unplaced_promise>(std::coroutine_handle<unplaced_promise>::from_promise(*this));
  }
  std::suspend_never initial_suspend() const noexcept { return {}; }
  std::suspend_always final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

class placed_promise {
 public:
  template <class... Arguments>
  explicit placed_promise(tandem::scheduler& where, Arguments&...) noexcept : where_(where) {}
  template <class Closure, class... Arguments>
  placed_promise(const Closure&, tandem::scheduler& where, Arguments&...) noexcept : where_(where) {}

  tandem::scheduler& scheduler() const noexcept { return where_; }
  owned_coroutine<placed_promise> get_return_object() noexcept {
    return owned_coroutine<placed_promise>(std::coroutine_handle<placed_promise>::from_promise(*this));
  }
  std::suspend_never initial_suspend() const noexcept { return {}; }
  std::suspend_always final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

 private:
  tandem::scheduler& where_;
};

using started = owned_coroutine<placed_promise>;
using unplaced = owned_coroutine<unplaced_promise>;

}  // namespace support
