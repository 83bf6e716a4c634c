// tandem/detail/scheduling.hpp: something to be run soon, and whoever runs it.
//
// Contract   coro/scheduler.hpp has it, for those who write a scheduler. Here are the parts that a waiter needs, so
//            that whoever completes it can post it: run_item, run_queue, timer, scheduler.
//            on_the_spot() is the scheduler of coroutines that name none: an item is run by the thread that posts it,
//            before the operation that posted it returns, after those that were posted before it; what an item posts
//            waits until that item is over. So the stack does not grow with the number of items.
// Algorithm  on_the_spot: each thread has a queue of its own, drained by its outermost post(). (A library that hides
//            its symbols has another: what is posted there is run at once, within what is being run here. So the stack
//            grows with the number of such libraries, and no further.)
// Tests      tests/scheduler.test.cpp
#pragma once

#include <cstddef>
#include <utility>

#include <tandem/detail/contract.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI {

/// Something to be run once: whoever has more to say about it derives from this. It lies in the frame of what waits, so
/// posting allocates nothing.
class run_item {
 public:
  using function = void (*)(run_item&) noexcept;
  explicit run_item(function what) noexcept : run_(what) {}
  run_item(const run_item&) = delete;
  run_item& operator=(const run_item&) = delete;

  /// For schedulers: runs it. It may be gone afterwards.
  void run() noexcept { run_(*this); }

  /// The scheduler's, while it has the item.
  platform::cell<run_item*> next{platform::unset};

 protected:
  ~run_item() = default;

 private:
  function run_;
};

/// Items in the order in which they came. No thread but one uses it at a time.
class run_queue {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  void push(run_item& item) noexcept {
    item.next = nullptr;
    (first_ != nullptr ? last_->next : first_) = &item;
    last_ = &item;
  }
  /// The first, or nullptr.
  run_item* pop() noexcept {
    run_item* const item = first_;
    if (item == nullptr) return nullptr;
    run_item* const next = item->next;
    first_ = next;
    return item;
  }
  /// False if it is not in here.
  bool remove(run_item& item) noexcept {
    run_item* before = nullptr;
    for (run_item* at = first_; at != nullptr; before = at, at = at->next) {
      if (at != &item) continue;
      run_item* const next = item.next;
      (before != nullptr ? before->next : first_) = next;
      if (last_ == at) last_ = before;
      return true;
    }
    return false;
  }

 private:
  platform::cell<run_item*> first_;
  platform::cell<run_item*> last_;
};

/// Something to be done at an instant, unless it is called off before.
class timer {
 public:
  using function = void (*)(timer&) noexcept;
  explicit timer(function what) noexcept : fire_(what) {}
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  /// For schedulers: does it. It may be gone afterwards.
  void fire() noexcept { fire_(*this); }

  /// When; set before it is started.
  platform::clock::time_point due{};
  /// The scheduler's, while it has the timer; nullptr otherwise.
  platform::cell<timer*> child;
  platform::cell<timer*> sibling;
  platform::cell<platform::cell<timer*>*> link;

 protected:
  ~timer() = default;

 private:
  function fire_;
};

/// Whatever runs items: a run_loop, a thread_pool, or an executor of yours.
class scheduler {
 public:
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  /// Has item.run() called once, soon, and not from within post().
  virtual void post(run_item& item) noexcept = 0;

  /// Has t.fire() called at t.due, or soon after it. Both are called from where items are run.
  virtual void start(timer&) noexcept {
    detail::demand(false, "this scheduler keeps no time: a coroutine that it runs cannot wait with a deadline");
  }
  /// Afterwards t.fire() does not run, and will not. Nothing if it has.
  virtual void call_off(timer&) noexcept {}

  /// For a coroutine that is destroyed while its item is posted, or about to be: afterwards the item will not be run.
  /// Called from where items are run, between two of them.
  virtual void take_back(run_item&) noexcept {
    detail::demand(false,
                   "a coroutine was destroyed just when its wait was over, and its scheduler cannot take it back: "
                   "request a stop instead, and let it end");
  }

 protected:
  constexpr scheduler() noexcept = default;
  ~scheduler() = default;
};

namespace detail {

/// How many schedulers this thread runs items of just now, one within another. For a check alone: a library that hides
/// its symbols has a count of its own.
struct at_work {
  unsigned schedulers = 0;
};

/// Before a thread waits for as long as it takes. While it runs a run_loop, or for a thread_pool, it would keep all
/// other coroutines waiting, and perhaps the one it waits for.
inline void about_to_block() noexcept {
#if !defined(NDEBUG)
  demand(platform::per_thread<at_work>().schedulers == 0,
         "a thread that runs a run_loop, or works for a thread_pool, was about to block in a verb, and with it the "
         "coroutines that it runs: co_await the same verb with co_ before its name");
#endif
}

/// What a thread has to run before the operation that it is in returns.
struct own_queue {
  run_queue items;
  platform::cell<bool> draining;
};

class spot final : public scheduler {
 public:
  constexpr spot() noexcept = default;
  void post(run_item& item) noexcept override {
    auto& mine = platform::per_thread<own_queue>();
    mine.items.push(item);
    if (mine.draining.exchange(true)) return;
    while (run_item* const next = mine.items.pop()) next->run();
    mine.draining = false;
  }
};

inline scheduler& on_the_spot() noexcept {
  static constinit spot here;
  return here;
}

}  // namespace detail

}  // namespace tandem::inline TANDEM_ABI
