// tandem/coro/task.hpp: a function that can wait without a thread.
//
// Contract   task<T> is a coroutine that returns a T, or nothing. It is lazy: it begins when it is awaited, or given to
//            a run_loop's block_on, and is run by the scheduler of whoever awaits it. It is awaited once, by moving it
//            in, and is empty afterwards. An exception that leaves it is thrown where it is awaited.
//              Where       It goes on where its scheduler runs things. It begins on the stack of whoever awaits it; if
//                          it is done before it waits for anything, the awaiting coroutine just goes on. Otherwise that
//                          one is posted to the scheduler when the task is done. So a loop may await any number of
//                          tasks, and a task that has waited ends on a fresh stack however many await one another. But
//                          each that begins in another takes its place on the stack: how deep they may be nested
//                          depends on how much of it there is.
//              Lifetime    The task owns the coroutine, and whoever awaits the task owns it from then on. To destroy
//                          one that waits, for an operation or for another task, is allowed where its scheduler runs
//                          things, between two of them; its operation has then not happened.
//              Misuse      an empty task that is awaited or run: it was moved from. Aborts with a sentence.
//              Allocation  one, for the coroutine's frame, unless the compiler elides it. The frame begins on a cache
//                          line: no compiler passes on that a variable of yours asks for more than operator new gives.
//              Conversions as in a function: co_return converts implicitly, or does not compile.
// Algorithm  The task and the one that awaits it meet at a flag: whoever comes second acts. If that is the awaiting
//            one, back from starting the task, it does not suspend; if it is the task, at its end, it posts the other.
// Order      edge E: the flag, exchanged by both (acq_rel): the result, or that the awaiting one is suspended
// Tests      tests/task.test.cpp, tests/model/run_loop.model.cpp
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include <tandem/detail/awaiting.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/room.hpp>
#include <tandem/detail/scheduling.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI {

template <class T = void>
class task;

namespace detail {

/// For those who run a task without awaiting it.
struct task_access;

/// What all tasks have, whatever they return.
class task_state : public aligned_frame {
 public:
  /// Where the task goes on after it has waited.
  tandem::scheduler& scheduler() const noexcept { return *where_; }

  void belongs_to(tandem::scheduler& where, run_item& next) noexcept {
    where_ = &where;
    next_ = &next;
  }
  /// True for the second of the two who meet at the end of the task.
  bool meet() noexcept { return met_.exchange(true, platform::order::acq_rel /*E*/); }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  struct end {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> done) const noexcept {
      static_assert(is_compiled_right<Promise>,
                    "tandem: this version of clang miscompiles coroutines: use clang 18 or later, or g++ 12 or later.");
      task_state& state = done.promise();
      tandem::scheduler* const where = state.where_;  // both before the meeting: after it there may be no task
      run_item* const next = state.next_;
      if (state.meet()) where->post(*next);
    }
    void await_resume() const noexcept {}
  };
  end final_suspend() const noexcept { return {}; }

 private:
  tandem::scheduler* where_ = nullptr;
  run_item* next_ = nullptr;
  platform::atomic<bool> met_{false};
};

#if defined(__cpp_exceptions)
using failure = std::exception_ptr;
inline failure current_failure() noexcept { return std::current_exception(); }
inline void rethrow(const failure& what) {
  if (what) std::rethrow_exception(what);
}
#else
struct failure {
  explicit operator bool() const noexcept { return false; }
};
[[noreturn]] inline failure current_failure() noexcept { std::terminate(); }
inline void rethrow(failure) noexcept {}
#endif

/// And the result.
template <class T>
class task_promise : public task_state {
 public:
  task<T> get_return_object() noexcept;

  template <class V = T>
    requires std::is_convertible_v<V, T>
  void return_value(V&& v) noexcept(std::is_nothrow_convertible_v<V, T>) {
    outcome_.template emplace<1>(converted, std::forward<V>(v));
  }
  void unhandled_exception() noexcept { outcome_.template emplace<2>(current_failure()); }

  T take() {
    if (failure* const what = std::get_if<2>(std::addressof(outcome_))) rethrow(*what);
    anywhere<T>* const returned = std::get_if<1>(std::addressof(outcome_));
    demand(returned != nullptr, "a task was asked for what it returns, and is not done");
    return std::move(**returned);
  }
  /// Once it is done: what left it, if anything did.
  failure error() const noexcept {
    const failure* const what = std::get_if<2>(std::addressof(outcome_));
    return what != nullptr ? *what : failure();
  }
  /// Once it is done: what it returned; nullptr if something left it.
  const T* value() const noexcept {
    const anywhere<T>* const returned = std::get_if<1>(std::addressof(outcome_));
    return returned != nullptr ? std::addressof(**returned) : nullptr;
  }

 private:
  std::variant<std::monostate, anywhere<T>, failure> outcome_;
};

template <>
class task_promise<void> : public task_state {
 public:
  task<void> get_return_object() noexcept;

  void return_void() const noexcept {}
  void unhandled_exception() noexcept { failure_ = current_failure(); }

  void take() const { rethrow(failure_); }
  failure error() const noexcept { return failure_; }

 private:
  [[no_unique_address]] failure failure_{};
};

}  // namespace detail

template <class T>
class [[nodiscard("a task does nothing before it is awaited")]] task {
  static_assert(!std::is_reference_v<T>,
                "tandem: a task returns a value: instead of a reference, return a pointer or a reference_wrapper.");
  static_assert(!std::is_array_v<T>, "tandem: a task cannot return an array: return a std::array or a std::vector.");
  static_assert(std::is_same_v<T, std::remove_cv_t<T>>,
                "tandem: a task returns a value that can be moved: drop const.");

 public:
  using value_type = T;
  struct promise_type : detail::task_promise<T> {};

  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  task& operator=(task other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  /// False once moved from.
  explicit operator bool() const noexcept { return coroutine_ != nullptr; }

  /// Runs it; returns, or throws, what it does. Precondition: it is not empty, and has not been awaited.
  auto operator co_await() && noexcept {
    detail::demand(coroutine_ != nullptr, "an empty task was awaited: it was moved from");
    return running(std::exchange(coroutine_, nullptr));
  }
  /// It is moved in: co_await std::move(work).
  void operator co_await() & = delete;

 private:
  friend class run_loop;
  friend detail::task_promise<T>;
  friend detail::task_access;
  using handle = std::coroutine_handle<promise_type>;
  explicit task(handle coroutine) noexcept : coroutine_(coroutine) {}

  struct running final : run_item {
    explicit running(handle c) noexcept : run_item(&go_on), child(c) {}
    ~running() {
      // The one who waits is destroyed. If the child has come to its end it has posted us.
      if (waits && child.done()) child.promise().scheduler().take_back(*this);
      child.destroy();
    }
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
      parent = awaiting;
      waits = true;  // before it starts: after that we may not be there any more
      if (start(child, detail::scheduler_of(awaiting), *this)) return true;
      waits = false;
      return false;
    }
    T await_resume() const { return child.promise().take(); }

    static void go_on(run_item& posted) noexcept {
      auto& self = static_cast<running&>(posted);
      self.waits = false;
      self.parent.resume();
    }

    handle child;
    std::coroutine_handle<> parent;
    bool waits = false;
  };

  /// True if it has to be waited for: then `next` will be posted to `where`, or has been run there already.
  static bool start(handle child, scheduler& where, run_item& next) noexcept {
    child.promise().belongs_to(where, next);
    child.resume();
    return !child.promise().meet();
  }

  handle coroutine_;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
  using promise = typename task<T>::promise_type;
  return task<T>(std::coroutine_handle<promise>::from_promise(static_cast<promise&>(*this)));
}
inline task<void> detail::task_promise<void>::get_return_object() noexcept {
  using promise = task<void>::promise_type;
  return task<void>(std::coroutine_handle<promise>::from_promise(static_cast<promise&>(*this)));
}

struct detail::task_access {
  /// Runs it on `where`. True: `next` is posted there once it is done, or has been run there already, so that neither
  /// the task nor `next` may be touched any more; false: it is done, and nobody posts `next`.
  template <class T>
  static bool start(task<T>& work, scheduler& where, run_item& next) noexcept {
    return task<T>::start(work.coroutine_, where, next);
  }
  /// Once it is done: what it has returned; throws what has left it.
  template <class T>
  static T take(task<T>& work) {
    return work.coroutine_.promise().take();
  }
  /// Once it is done: what has left it, if anything has.
  template <class T>
  static failure error(const task<T>& work) noexcept {
    return work.coroutine_.promise().error();
  }
  /// Once it is done: what it has returned, which stays there; nullptr if something has left it. Not for task<void>.
  template <class T>
  static const T* value(const task<T>& work) noexcept {
    return work.coroutine_.promise().value();
  }
};

}  // namespace tandem::inline TANDEM_ABI
