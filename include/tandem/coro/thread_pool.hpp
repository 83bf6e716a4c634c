// tandem/coro/thread_pool.hpp: several threads that run what coroutines have to do next.
//
// Contract   A thread_pool is a scheduler that keeps time. Its threads run the items that anybody post()s, in the order
//            in which they were posted, several of them at the same time; a coroutine may go on after each wait on
//            another thread. block_on(task) runs a task on the pool, blocks the calling thread until it is done, and
//            returns what the task returned.
//              Lifetime    The pool outlives what is posted to it, and is destroyed when nothing is left to run: its
//                          destructor joins the threads, and so waits for what they are running. A post touches the
//                          pool last before the item can have run; so whoever learns from the item that it has run may
//                          destroy the pool.
//              Timers      start() and call_off() may be called from anywhere but from within a fire() of this pool. A
//                          fire() is short: no two run at the same time, and a call_off() may have to wait for one.
//              Progress    post(), start() and call_off() block, for a few dozen instructions: there is one lock.
//                          Timers that are due are looked at by a thread that has nothing else to do, and by each
//                          after every 64 items.
//              Allocation  in the constructor, for the threads. It throws std::bad_alloc, or std::system_error if there
//                          are too many threads. Nothing else throws but what a task lets out of block_on.
//              Misuse      no threads, destroying a pool with something left to run, or on one of its own threads, and
//                          block_on there, abort with a sentence; so does destroying a coroutine that waits, if its
//                          wait is over just then: request a stop, and let it end.
// Algorithm  One lock guards a queue of items, a queue of timers, and who of the workers is idle. A worker that finds
//            nothing to do stands in line with the waiter of detail/waiter.hpp, and sleeps until it is claimed. The
//            first one to do so while there are timers keeps the time: it sleeps until the earliest is due, and stands
//            in the line `keeper_` rather than in `idle_`.
//
//                       nothing to do
//                busy ----------------> idle, or keeper ---claimed, or the deadline has come---> busy
//
//            Whoever posts claims one idle worker, the keeper last, and completes it after unlocking. While one who was
//            claimed is on its way, no other is: when it has come it claims the next, if there is still something to
//            do. So a burst of posts does not wake workers who find that a busy one was quicker.
//            A timer fires under a lock of its own, `firing_`, which is taken before a timer leaves the queue. If
//            call_off() does not find its timer in the queue, it has fired or is firing: taking that lock once waits
//            for the end. Not the main lock: fire() posts.
// Invariants 1. If a worker is idle, and none is on its way or firing timers, there are no items, and no timer is due
//               before the time to which the keeper sleeps.
//            2. A timer leaves the queue only by call_off(), or for somebody who holds `firing_` until it has fired.
//            3. firing_ is taken before mutex_, never while that is held.
// Order      edge L (detail/mutex.hpp): post -> run, all the poster did before; start -> fire; fire -> call_off
//            edge W (detail/waiter.hpp): wakes a worker, and block_on; for the result of the latter it is the only one
// Cost       an item: the lock twice. A worker that sleeps: a system call at both ends. A timer: the lock twice, and
//            `firing_` if it has fired.
// Source     one worker on its way at a time: [go-proc]
// Tests      tests/thread_pool.test.cpp, tests/model/thread_pool.model.cpp, tests/stress/thread_pool.stress.cpp
#pragma once

#include <utility>
#include <vector>

#include <tandem/coro/task.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/mutex.hpp>
#include <tandem/detail/scheduling.hpp>
#include <tandem/detail/timer_queue.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI {

class thread_pool final : public scheduler {
 public:
  /// As many threads as the machine runs at the same time.
  thread_pool() : thread_pool(of_the_machine()) {}
  /// Precondition: at least one thread.
  explicit thread_pool(unsigned threads, detail::call_site from = detail::call_site::here()) : crew_(*this) {
    detail::demand(threads != 0, "a thread_pool needs a thread: nothing would ever run", from);
    crew_.threads.reserve(threads);
    while (threads-- != 0) {
      crew_.threads.emplace_back([this] { work(); });
    }
  }
  /// Precondition: nothing is posted that is not being run, and no timer is started.
  ~thread_pool() { require_nothing_left(); }

  /// Has `item` run by one of the threads, soon.
  void post(run_item& item) noexcept override {
    detail::place* helper = nullptr;
    {
      const detail::scoped_lock hold(mutex_);
      items_.push(item);
      helper = claim_helper();
    }
    call(helper);
  }

  void start(timer& t) noexcept override {
    detail::place* helper = nullptr;
    {
      const detail::scoped_lock hold(mutex_);
      timers_.insert(t);
      helper = claim_helper();
    }
    call(helper);
  }
  void call_off(timer& t) noexcept override {
    {
      const detail::scoped_lock hold(mutex_);
      if (timers_.remove(t)) return;
    }
    const detail::scoped_lock until_it_has_fired(firing_);
  }

  /// Runs `work` on the pool; returns, or throws, what it does. Precondition: not called by one of the pool's threads.
  template <class T>
  T block_on(task<T> work, detail::call_site from = detail::call_site::here()) {
    detail::demand(static_cast<bool>(work), "an empty task was run: it was moved from", from);
    detail::demand(!is_mine(),
                   "block_on was called by a thread of that pool, which would wait for itself: await the task", from);
    errand<T> all(*this, work);
    detail::about_to_block();
    post(all);
    static_cast<void>(all.over.done.wait(detail::deadline::unlimited()));
    return detail::task_access::take(work);
  }

 private:
  static constexpr unsigned items_per_look = 64;

  static unsigned of_the_machine() noexcept {
    const unsigned threads = platform::thread::hardware_concurrency();
    return threads != 0 ? threads : 1;
  }

  /// The threads; joined when they go, also if the constructor could not start them all.
  struct crew {
    explicit crew(thread_pool& p) noexcept : pool(p) {}
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;
    ~crew() {
      detail::demand(!pool.is_mine(),
                     "a thread_pool was destroyed by one of its own threads, which would wait for itself");
      pool.dismiss();
      threads.clear();
      pool.require_nothing_left();  // by what was still running
    }
    thread_pool& pool;
    std::vector<platform::thread> threads;
  };

  /// Whether it is one of the pool's threads that asks. Not by something of the thread's own: of that a library which
  /// hides its symbols has another.
  bool is_mine() const noexcept {
    for (const platform::thread& one : crew_.threads) {
      if (one.get_id() == platform::this_threads_id()) return true;
    }
    return false;
  }

  /// That a task is done.
  struct end final : run_item {
    end() noexcept
        : run_item([](run_item& posted) noexcept {
            // steadfast: nobody else claims it
            static_cast<end&>(posted).done.complete(detail::outcome::ok);
          }) {
      done.waits(detail::firmness::steadfast);
    }
    detail::waiter done;
  };
  /// That it is to begin.
  template <class T>
  struct errand final : run_item {
    errand(thread_pool& p, task<T>& t) noexcept
        : run_item([](run_item& posted) noexcept {
            auto& self = static_cast<errand&>(posted);
            if (!detail::task_access::start(self.work, self.pool, self.over)) self.over.run();
          }),
          pool(p),
          work(t) {}
    thread_pool& pool;
    task<T>& work;
    end over;
  };

  void work() noexcept {
    platform::per_thread<detail::at_work>().schedulers = 1;
    unsigned since_a_look = 0;
    mutex_.lock();
    for (;;) {
      run_item* const item = since_a_look < items_per_look ? items_.pop() : nullptr;
      if (item != nullptr) {
        ++since_a_look;
        unlock_and_call(claim_helper());
        item->run();
        mutex_.lock();
        continue;
      }
      since_a_look = 0;
      if (is_a_timer_due()) {
        mutex_.unlock();
        fire();
        mutex_.lock();
      } else if (items_.empty()) {
        if (dismissed_) break;
        sleep();
      }
    }
    mutex_.unlock();
  }

  /// Under the lock, on entry and at the end.
  void sleep() noexcept {
    detail::place self;  // it sleeps
    auto until = detail::deadline::unlimited();
    if (timers_.empty() || keeper_ != nullptr) {
      self.waits(detail::firmness::steadfast);
      idle_.insert(self);
    } else {
      const auto due = timers_.next_due();
      until = detail::deadline::at(due);
      self.waits(detail::firmness::revocable);
      keeper_ = &self;
      keeps_until_ = due;
    }
    unlock_and_call(claim_helper());
    const detail::outcome how = self.wait(until);
    mutex_.lock();
    if (how == detail::outcome::timeout) {
      if (keeper_ == &self) keeper_ = nullptr;
    } else {
      on_its_way_ = false;
    }
  }

  /// Under the lock: one of the idle, claimed, if there is something for it to do, and nobody else is on the way.
  detail::place* claim_helper() noexcept {
    if (on_its_way_) return nullptr;
    detail::place* helper = nullptr;
    if (!items_.empty()) {
      helper = idle_.claim_first();
      if (helper == nullptr) helper = claim_keeper();
    } else if (!timers_.empty()) {
      const platform::clock::time_point kept = keeps_until_;
      if (keeper_ == nullptr) {
        helper = idle_.claim_first();
      } else if (timers_.next_due() < kept) {
        helper = claim_keeper();
      }
    }
    if (helper != nullptr) on_its_way_ = true;
    return helper;
  }

  /// Under the lock. If the keeper's deadline has come, it is awake, and comes by itself.
  detail::place* claim_keeper() noexcept {
    detail::place* const keeper = keeper_.exchange(nullptr);
    return keeper != nullptr && keeper->claim() ? keeper : nullptr;
  }

  static void call(detail::place* helper) noexcept {
    if (helper != nullptr) helper->complete(detail::outcome::look);
  }
  void unlock_and_call(detail::place* helper) noexcept {
    mutex_.unlock();
    call(helper);
  }

  bool is_a_timer_due() const noexcept { return !timers_.empty() && timers_.next_due() <= platform::clock::now(); }

  void fire() noexcept {
    const detail::scoped_lock one_at_a_time(firing_);
    const auto now = platform::clock::now();
    while (timer* const t = take_due(now)) t->fire();
  }
  timer* take_due(platform::clock::time_point now) noexcept {
    const detail::scoped_lock hold(mutex_);
    return timers_.pop(now);
  }

  void dismiss() noexcept {
    detail::place* idle = nullptr;
    detail::place* keeper = nullptr;
    {
      const detail::scoped_lock hold(mutex_);
      dismissed_ = true;
      idle = idle_.claim_all();
      keeper = claim_keeper();
    }
    detail::complete_all(idle, detail::outcome::look);
    call(keeper);
  }

  void require_nothing_left() noexcept {
    const detail::scoped_lock hold(mutex_);
    detail::demand(items_.empty() && timers_.empty(), "a thread_pool destroyed with something left to run");
  }

  detail::mutex firing_;  // before mutex_
  detail::mutex mutex_;
  // under mutex_:
  run_queue items_;
  detail::timer_queue timers_;
  detail::wait_list idle_;                 // who have nothing to do
  platform::cell<detail::place*> keeper_;  // the one of them who keeps the time
  platform::cell<platform::clock::time_point> keeps_until_;
  platform::cell<bool> on_its_way_;  // somebody who was claimed has not come yet
  platform::cell<bool> dismissed_;
  crew crew_;
};

}  // namespace tandem::inline TANDEM_ABI
