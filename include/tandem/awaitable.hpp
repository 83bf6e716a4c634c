// tandem/awaitable.hpp: waiting without a thread: what the verbs that begin with co_ return.
//
// Contract   co_send, co_receive, co_get and their variants return an awaitable: nothing happens before it is awaited,
//            which is done at once, in the expression that made it. co_await then gives what the plain verb returns,
//            with the same outcomes in the same cases (verbs.hpp). A thread and a coroutine may wait at the same
//            channel, and meet.
//              Communication  co_send on a rendezvous is as synchronous as send: the parties meet; no thread stands
//                             still meanwhile. That is why it is not called async_send.
//              In what        in any coroutine: a task (coro/task.hpp), or one of yours, with any promise.
//              Resumed where  If the promise has a function scheduler() that returns a tandem::scheduler&, the
//                             coroutine is posted to that scheduler, and resumed where it runs things. If it has none,
//                             it is resumed by the thread that completed its operation, when that thread's own
//                             operation is over but has not returned yet: it should not stay there long, nor block.
//                             That happens one coroutine after the other, not one inside the other, so the stack does
//                             not grow with their number. Never under a lock of the library's.
//              Deadlines      are kept by the scheduler: the co_try_ verbs that take one need a scheduler that keeps
//                             time, as run_loop and thread_pool do.
//              Lifetime       The argument of co_send(T&&) stays where it is until the coroutine goes on, and is then
//                             moved from iff the outcome is ok. co_send(const T&) keeps a copy in the awaitable.
//                             The channel, or a port of it, is there as long as the coroutine waits.
//                             A coroutine that waits may be destroyed, where its scheduler runs things, between two of
//                             them: its operation has then not happened; but if a partner was quicker, it has, and a
//                             message that was received is destroyed with the coroutine. Without a scheduler it may
//                             be destroyed only if nobody can be completing it just then.
//              Allocation     none, beside the coroutine's own frame.
//              Alignment      whatever T asks for, in any frame: also in one that is aligned for less.
//              Exceptions     what the plain verb throws, and std::bad_alloc nowhere. What a coroutine that is resumed
//                             lets out of resume() ends the program.
// Algorithm  detail/awaiting.hpp
// Tests      tests/awaitable.test.cpp, tests/model/coroutine.model.cpp, tests/stress/coroutine.stress.cpp
#pragma once

#include <coroutine>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include <tandem/detail/awaiting.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/detail/room.hpp>
#include <tandem/detail/transfer.hpp>
#include <tandem/status.hpp>

namespace tandem::inline TANDEM_ABI {

namespace detail {

/// The status for an outcome; `refused` is what this side calls it when it would have had to wait.
constexpr status to_status(outcome how, status::code refused) noexcept {
  if (how == outcome::ok) return status::ok;  // the usual case, without the table that a switch makes
  switch (how) {
    case outcome::closed: return status::closed;
    case outcome::timeout: return status::timeout;
    case outcome::stopped: return status::stopped;
    case outcome::abandoned: return status::abandoned;
    case outcome::pending:
    case outcome::ok:
    case outcome::look:
    case outcome::refused:
    case outcome::busy: break;
  }
  return refused;
}

/// What carries a T, or that there is something, if T is void.
template <class T>
using carried = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

}  // namespace detail

/// What co_send and its variants return; `co_await` gives a status.
template <class Operation, class Limit>
class [[nodiscard("nothing is sent before it is awaited")]] send_awaitable {
 public:
  /// make(): the operation.
  template <class Make, class... Limits>
  explicit send_awaitable(const Make& make, const Limits&... limit) : wait_(make(), limit...) {}

  bool await_ready() noexcept { return wait_.is_done_at_once(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    return wait_.start(waiting);
  }
  status await_resume() const noexcept { return detail::to_status(wait_.how(), status::full); }

 private:
  detail::awaiting<Operation, Limit> wait_;
};

/// The same, with a copy of the message.
template <class T, class Operation, class Limit>
class [[nodiscard("nothing is sent before it is awaited")]] copy_send_awaitable {
 public:
  template <class OperationOn, class... Limits>
  copy_send_awaitable(const OperationOn& operation_on, const T& value, const Limits&... limit)
      : copy_(value), send_([&] { return operation_on(*copy_); }, limit...) {}

  bool await_ready() noexcept { return send_.await_ready(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    return send_.await_suspend(waiting);
  }
  status await_resume() const noexcept { return send_.await_resume(); }

 private:
  detail::anywhere<T> copy_;
  send_awaitable<Operation, Limit> send_;
};

/// What co_receive, co_get and their variants return; `co_await` gives a result<T>.
template <class T, class Operation, class Limit>
class [[nodiscard("nothing is received before it is awaited")]] receive_awaitable {
 public:
  template <class OperationOn, class... Limits>
  explicit receive_awaitable(const OperationOn& operation_on, const Limits&... limit)
      : wait_(operation_on(new_place()), limit...) {}
  receive_awaitable(const receive_awaitable&) = delete;
  receive_awaitable& operator=(const receive_awaitable&) = delete;
  /// A message that has come, and that the coroutine did not live to see, goes as well.
  ~receive_awaitable() {
    if (wait_.abandon() == detail::outcome::ok) detail::end_message(message_.value());
  }

  bool await_ready() noexcept { return wait_.is_done_at_once(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    return wait_.start(waiting);
  }
  result<T> await_resume() noexcept {
    if constexpr (std::is_void_v<T>) {
      return take().transform([](std::monostate&&) {});
    } else {
      return take();
    }
  }

 private:
  detail::carried<T>* new_place() noexcept {
    platform::plain_new(message_.place());
    return message_.place();
  }
  result<detail::carried<T>> take() noexcept {
    const detail::outcome how = wait_.how();
    auto letter = detail::result_access::empty_handed<detail::carried<T>>();
    if (how == detail::outcome::ok) {
      detail::hand_over(message_.value(), detail::result_access::memory(letter));
      detail::end_message(message_.value());
    }
    detail::result_access::conclude(letter, detail::to_status(how, status::empty));
    return letter;
  }

  detail::room<detail::carried<T>> message_;
  detail::awaiting<Operation, Limit> wait_;
};

}  // namespace tandem::inline TANDEM_ABI
