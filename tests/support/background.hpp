// background: what coroutines need in tests: one that runs by itself, a turn that is given up, the depth of the stack.
#pragma once

#include <tandem/coro/scheduler.hpp>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

namespace support {

/// A coroutine that begins at once, on the stack of its caller, and belongs to nobody: its frame goes when it ends, or
/// when a test destroys it while it waits. Its first parameter is its scheduler; that of a lambda too.
struct background {
  struct promise_type {
    template <class... Rest>
    explicit promise_type(tandem::scheduler& where, Rest&&...) noexcept : where_(where) {}
    template <class Lambda, class... Rest>
    promise_type(const Lambda&, tandem::scheduler& where, Rest&&...) noexcept : where_(where) {}

    tandem::scheduler& scheduler() const noexcept { return where_; }
    background get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }

   private:
    tandem::scheduler& where_;
  };

  std::coroutine_handle<> coroutine;
};

/// `co_await next_turn()`: lets the scheduler run whatever else is posted, and then goes on.
class next_turn final : public tandem::run_item {
 public:
  next_turn() noexcept : run_item([](run_item& me) noexcept { static_cast<next_turn&>(me).waiting_.resume(); }) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    waiting_ = waiting;
    waiting.promise().scheduler().post(*this);
  }
  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<> waiting_;
};

/// An item that calls a function, once for each time that it is posted.
template <class Function>
class calls final : public tandem::run_item {
 public:
  explicit calls(Function f)
      : run_item([](run_item& me) noexcept { static_cast<calls&>(me).function_(); }), function_(std::move(f)) {}

 private:
  Function function_;
};

/// How far apart the stack was at any two of the marks.
class stack_range {
 public:
  [[gnu::noinline]] void mark() noexcept {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    lowest_ = here < lowest_ ? here : lowest_;
    highest_ = here > highest_ ? here : highest_;
  }
  std::uintptr_t bytes() const noexcept { return highest_ - lowest_; }

 private:
  std::uintptr_t lowest_ = UINTPTR_MAX;
  std::uintptr_t highest_ = 0;
};

}  // namespace support
