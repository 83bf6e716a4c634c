// tandem/coro/scope.hpp: tasks that run side by side, and are all over when their scope is.
//
// Contract   A scope starts tasks and owns them: spawn(task) has the task begun on the scope's scheduler, and returns
//            at once; co_await join() waits until all of them are done. So what they refer to has to outlive the scope,
//            and no more: no task is ever left to itself.
//              Errors      The first exception that leaves a task requests a stop of the others, and is thrown by
//                          join() when all of them are done. Later ones are dropped.
//              Stop        stop_token() is for the tasks: pass it to them, by value or by reference, and let them wait
//                          with it. request_stop() asks them all to end; so does the first error. The scope never ends
//                          a task by force.
//              Join        by one coroutine at a time; its own scheduler resumes it. When join() has returned, the
//                          scope may be used again; a stop that was requested remains so.
//              Spawn       from anywhere, by several at the same time: by a task of the scope at any time; by others
//                          before the join has found that all are done.
//              Lifetime    A scope is joined before it goes: destroying it with tasks that are not done, or with an
//                          error that no join() has thrown, aborts with a sentence; so does destroying a coroutine
//                          that waits in join(). No task touches the scope after the join.
//              Allocation  one by spawn, beside the task's own, and one in the constructor, for the stop token. Both
//                          throw std::bad_alloc; a spawn that throws has started nothing.
//              Progress    spawn() and the end of a task are lock-free, except for the heap and the scheduler's post().
// Algorithm  One word counts the tasks that are not done, and says whether somebody waits for the last. Whoever makes
//            it zero posts that one. A task's node in the heap is its item: posted once to begin, and by the task when
//            it is done. So the scheduler runs each end by itself, and none inside another.
// Invariants 1. The word counts a task from before it is posted until after it has been destroyed.
//            2. `joined` is set by the one who waits, and taken back by it when it goes on.
// Order      edge H: the word, decremented (release) -> found zero by join(), or decremented by the last (acquire): all
//                    that the tasks did, and the first error
//            edge J: `joined`, set (release) -> found by the last (acquire): who waits, and that it is suspended
// Cost       a task: two allocations (its frame, its node), two posts, two read-modify-writes of one word.
// Source     structured concurrency: [smith-2018]
// Tests      tests/scope.test.cpp, tests/model/scope.model.cpp, tests/stress/scope.stress.cpp
#pragma once

#include <coroutine>
#include <cstdint>
#include <utility>

#include <tandem/coro/task.hpp>
#include <tandem/detail/awaiting.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/scheduling.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI {

namespace detail {

/// How many are not done yet, and who waits until all are.
class head_count {
 public:
  head_count() noexcept = default;
  head_count(const head_count&) = delete;
  head_count& operator=(const head_count&) = delete;

  void one_more() noexcept {
    // relaxed: whoever begins something is before its end, and before the join, by other means. joined alone means that
    // all were done, and that the one who waited for that has not gone on yet
    demand(word_.fetch_add(1, order::relaxed) != joined,
           "a task was spawned into a scope whose tasks were all done, and whose join had not returned yet");
  }
  /// The last that whoever is done does: the count may be gone when this returns.
  void one_less() noexcept {
    if (word_.fetch_sub(1, order::acq_rel /*H, J*/) != (joined | 1)) return;
    scheduler* const where = where_;
    run_item* const who = who_;
    where->post(*who);
  }
  bool is_zero() const noexcept { return word_.load(order::acquire /*H*/) == 0; }

  /// To be awaited: goes on when all are done.
  class zero;

 private:
  using order = platform::order;
  static constexpr std::uint32_t joined = std::uint32_t{1} << 31U;

  platform::atomic<std::uint32_t> word_{0};
  platform::cell<scheduler*> where_;
  platform::cell<run_item*> who_;
};

class head_count::zero : private run_item {
 public:
  explicit zero(head_count& of) noexcept
      : run_item([](run_item& posted) noexcept { static_cast<zero&>(posted).go_on(); }), of_(of) {}
  ~zero() {
    demand(!suspended_, "a coroutine was destroyed while it waited for its tasks: request a stop, and let it end");
  }

  bool await_ready() const noexcept { return of_.is_zero(); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiting) noexcept {
    static_assert(is_compiled_right<Promise>,
                  "tandem: this version of clang miscompiles coroutines: use clang 18 or later, or g++ 12 or later.");
    // relaxed: whoever joins joins after the other, or breaks the contract
    demand((of_.word_.load(order::relaxed) & joined) == 0, "a scope is joined by two at the same time");
    waiting_ = waiting;
    of_.where_ = &detail::scheduler_of(waiting);
    of_.who_ = this;
    suspended_ = true;
    if (of_.word_.fetch_or(joined, order::acq_rel /*H, J*/) != 0) return true;  // not ours to touch any more
    suspended_ = false;
    take_back();
    return false;
  }
  void await_resume() const noexcept {}

 private:
  void go_on() noexcept {
    suspended_ = false;
    take_back();
    waiting_.resume();
  }
  // relaxed: nobody is left but those whom this coroutine spawns next
  void take_back() noexcept { of_.word_.fetch_sub(joined, order::relaxed); }

  head_count& of_;
  bool suspended_ = false;
  std::coroutine_handle<> waiting_;
};

}  // namespace detail

class scope {
 public:
  /// Its tasks run on `where`, which outlives it.
  // Out of line: once it is inlined, g++ 12 takes the library's stop_source for one that is used before it is made.
  [[gnu::noinline]] explicit scope(scheduler& where) : where_(where), token_(stop_.get_token()) {}
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
  ~scope() {
    detail::demand(tasks_.is_zero(), "a scope was destroyed with tasks that are not done: co_await its join() first");
    detail::demand(!failed_.load(order::relaxed),  // relaxed: after edge H
                   "a scope was destroyed with an error that nobody has been told of: co_await its join() first");
  }

  /// Starts `work`, soon. Precondition: it is not empty, and has not been awaited.
  void spawn(task<void> work, detail::call_site from = detail::call_site::here()) {
    detail::demand(static_cast<bool>(work), "an empty task was spawned: it was moved from", from);
    auto* const made = new child(*this, std::move(work));
    tasks_.one_more();
    where_.post(*made);
  }

  /// Tells the tasks to end. It stays as long as the scope does: a task may take it by reference.
  const platform::stop_token& stop_token() const noexcept { return token_; }
  bool request_stop() noexcept { return stop_.request_stop(); }

  /// To be awaited: goes on when all tasks are done; throws the first error.
  auto join() noexcept { return joining(*this); }

 private:
  using order = platform::order;

  class [[nodiscard("nothing is joined before it is awaited")]] joining : public detail::head_count::zero {
   public:
    explicit joining(scope& of) noexcept : zero(of.tasks_), scope_(of) {}
    void await_resume() const { scope_.tell(); }

   private:
    scope& scope_;
  };

  /// A task that runs, or is about to.
  struct child final : run_item {
    child(scope& s, task<void>&& t) noexcept
        : run_item([](run_item& posted) noexcept { static_cast<child&>(posted).go(); }), of(s), work(std::move(t)) {}

    /// Posted twice: to begin, and when the task is done.
    void go() noexcept {
      if (!begun.exchange(true) && detail::task_access::start(work, of.where_, *this)) return;
      scope& parent = of;
      parent.note(detail::task_access::error(work));
      delete this;
      parent.tasks_.one_less();
    }

    scope& of;
    task<void> work;
    platform::cell<bool> begun;
  };

  void note(detail::failure what) noexcept {
    // relaxed: it only tells who is the first; edge H carries the error
    if (!what || failed_.exchange(true, order::relaxed)) return;
    error_ = std::move(what);
    stop_.request_stop();
  }
  void tell() {
    // relaxed: after edge H
    if (!failed_.load(order::relaxed)) return;
    failed_.store(false, order::relaxed);
    detail::rethrow(std::exchange(error_, {}));
  }

  scheduler& where_;
  platform::stop_source stop_;
  const platform::stop_token token_;
  platform::atomic<bool> failed_{false};
  [[no_unique_address]] detail::failure error_{};  // of the one who set failed_
  detail::head_count tasks_;
};

}  // namespace tandem::inline TANDEM_ABI
