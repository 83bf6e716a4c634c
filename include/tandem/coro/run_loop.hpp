// tandem/coro/run_loop.hpp: one thread that runs what coroutines have to do next.
//
// Contract   A run_loop is a scheduler that keeps time. block_on(task) runs it until that task is done, and returns
//            what the task returned; run() runs it until stop() has been called. Items that the loop's own thread posts
//            are run in the order in which they were posted, and so are those that come from elsewhere. One thread at a
//            time runs a loop. Anybody may post(), from anywhere, and stop().
//              Lifetime    The loop outlives what is posted to it, and is destroyed when nothing is left to run. A post
//                          touches the loop last before the loop can have run the item; so when the item has been run,
//                          and nobody runs the loop any more, it may be destroyed, even if post() has yet to return.
//              Progress    post() from the loop's own thread is wait-free and uses no atomics; from elsewhere
//                          lock-free, with a system call if the loop sleeps. What comes from elsewhere, and timers, are
//                          looked at when the loop has nothing else to do, and after every 64 items. The loop itself
//                          blocks when it has nothing to do.
//              Allocation  none. Nothing throws but what a task lets out of block_on.
//              Misuse      starting a timer, or destroying a coroutine that waits, from another thread, and running a
//                          loop that another thread runs, abort with a sentence. (If both threads begin at the same
//                          instant, that is not found out.)
// Algorithm  Two queues. `mine_` belongs to the loop's thread. `inbox` is a stack linked by the items, on which others
//            push; the loop takes the whole stack and turns it round. When both are empty the loop waits for a short
//            time as every thread does (detail/backoff.hpp). Then it leaves a mark in the inbox, and parks on a word of
//            its own. Whoever pushes onto the mark has the duty to wake it: it stores the word, and unparks. A loop
//            that wakes for another reason (a timer is due) takes its mark back; if it has gone, the loop waits for the
//            word: then the one whose duty it was will touch the loop no more when the loop goes on.
// Invariants The mark is in the inbox only while the loop is about to park, or parked. It is taken away once.
// Order      edge I: push (release) -> taking the inbox (acquire): the item, and all the poster did before
//            edge U: woken = 1 (release) -> the loop's load (acquire): the poster is through with the loop
//            edge Q: the mark is left (release) -> taken away by a push (acquire): woken = 0 comes before woken = 1
//            edge T: run() is over (release) -> the next stop() (acquire): the item that says so can be posted again
// Cost       own thread: a few plain stores. From elsewhere: one compare-exchange, and one store and a system call if
//            the loop sleeps.
//            The inbox and the word have a line of their own, wherever the loop lies. Whose thread it is the loop says
//            itself: a thread_local there is once in each library.
// Source     [treiber-1986] the stack; taken as a whole, so it knows no ABA
// Tests      tests/run_loop.test.cpp, tests/model/run_loop.model.cpp, tests/stress/run_loop.stress.cpp
#pragma once

#include <cstdint>
#include <utility>

#include <tandem/coro/task.hpp>
#include <tandem/detail/backoff.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/pausing.hpp>
#include <tandem/detail/room.hpp>
#include <tandem/detail/scheduling.hpp>
#include <tandem/detail/timer_queue.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI {

class run_loop final : public scheduler {
 public:
  run_loop() noexcept = default;
  /// Precondition: nothing is posted that has not been run, and no timer is started.
  ~run_loop() {
    collect();
    mine_.remove(stop_);  // a stop() that came when nobody was to be stopped any more
    detail::demand(mine_.empty() && timers_.empty(), "a run_loop destroyed with something left to run");
  }

  /// Has `item` run by the loop's thread, soon.
  void post(run_item& item) noexcept override {
    if (is_mine()) {
      mine_.push(item);
    } else {
      push(item);
    }
  }

  /// Runs what is posted until stop() has been called, and what was posted before that has been run.
  void run() noexcept {
    run_until(stop_.done);
    stop_.done = false;
    stopping_.store(false, order::release /*T*/);  // a stop() from now on is for the next run()
  }

  /// Lets run() return. From any thread; calling it again before run() has returned changes nothing.
  void stop() noexcept {
    // even from the loop's own thread by way of the inbox: behind whatever is there already
    if (!stopping_.exchange(true, order::acquire /*T*/)) push(stop_);
  }

  /// Runs `work`, and what else is posted, until `work` is done; returns, or throws, what it does.
  template <class T>
  T block_on(task<T> work, detail::call_site from = detail::call_site::here()) {
    detail::demand(static_cast<bool>(work), "an empty task was run: it was moved from", from);
    end over;
    {
      const on_this_thread here(*this);
      if (!task<T>::start(work.coroutine_, *this, over)) over.done = true;
    }
    run_until(over.done);
    return work.coroutine_.promise().take();
  }

  void start(timer& t) noexcept override {
    detail::demand(is_mine(), "a timer of a run_loop was started by a thread that does not run the loop");
    timers_.insert(t);
  }
  void call_off(timer& t) noexcept override { timers_.remove(t); }

  /// For a coroutine that is destroyed while it waits; see scheduler.
  void take_back(run_item& item) noexcept override {
    detail::demand(is_mine(), "a coroutine that waits was destroyed by a thread that does not run its loop");
    detail::pausing until_it_comes;  // whoever has claimed it is about to post it
    while (!mine_.remove(item)) {
      if (!collect()) until_it_comes.pause();
    }
  }

 private:
  using order = platform::order;
  static constexpr unsigned items_per_look = 64;

  /// While this thread runs the loop. Said by the loop, not by something of the thread's own: of that a library which
  /// hides its symbols has another.
  struct on_this_thread {
    explicit on_this_thread(run_loop& l) noexcept : loop(l), before(l.runner_.change(platform::this_thread())) {
      detail::demand(before == nullptr || before == platform::this_thread(),
                     "a run_loop was run by a thread while another thread runs it: one loop for each thread");
      ++platform::per_thread<detail::at_work>().schedulers;
    }
    ~on_this_thread() {
      loop.runner_.change(before);
      --platform::per_thread<detail::at_work>().schedulers;
    }
    on_this_thread(const on_this_thread&) = delete;
    on_this_thread& operator=(const on_this_thread&) = delete;
    run_loop& loop;
    const void* before;
  };
  bool is_mine() const noexcept { return runner_.is_here(); }

  /// That somebody is done, or wants to be.
  struct end final : run_item {
    end() noexcept : run_item([](run_item& item) noexcept { static_cast<end&>(item).done = true; }) {}
    bool done = false;
  };
  struct mark final : run_item {
    mark() noexcept : run_item([](run_item&) noexcept {}) {}
  };
  /// Where others come in: on a line of its own.
  struct alignas(platform::cache_line) entrance {
    platform::atomic<run_item*> inbox{nullptr};
    platform::atomic<std::uint32_t> woken{0};
  };

  void push(run_item& item) noexcept {
    // relaxed: what is below is its poster's affair; edge I of each reaches the loop through the release sequence
    run_item* top = entrance_->inbox.load(order::relaxed);
    do {
      item.next = top == &asleep_ ? nullptr : top;
    } while (!entrance_->inbox.compare_exchange_weak(top, &item, order::acq_rel /*I, Q*/, order::relaxed));
    if (top == nullptr) platform::leave_trace();  // it ends a wait, if the loop still polls
    if (top != &asleep_) return;
    const void* const address = entrance_->woken.address();  // before the store: after it there may be no loop
    entrance_->woken.store(1, order::release /*U*/);
    platform::unpark_one(address);
  }

  void run_until(const bool& done) noexcept {
    const on_this_thread here(*this);
    while (!done) {
      run_item* item = since_a_look_ < items_per_look ? mine_.pop() : nullptr;
      if (item != nullptr) {
        ++since_a_look_;
        item->run();
        continue;
      }
      since_a_look_ = 0;
      const bool collected = collect();
      const bool fired = fire();
      if (!collected && !fired && mine_.empty() && !comes_soon()) sleep();
    }
  }

  /// Moves what others have posted to the own queue, the oldest first. False if there was nothing.
  bool collect() noexcept {
    if (entrance_->inbox.load(order::relaxed) == nullptr) return false;  // relaxed: a hint; the exchange takes it
    run_item* newest = entrance_->inbox.exchange(nullptr, order::acquire /*I*/);
    run_item* oldest = nullptr;
    while (newest != nullptr) {
      run_item* const older = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = older;
    }
    while (oldest != nullptr) {
      run_item* const later = oldest->next;
      mine_.push(*oldest);
      oldest = later;
    }
    return true;
  }

  /// Whether a timer was due.
  bool fire() noexcept {
    if (timers_.empty()) return false;
    const auto now = platform::clock::now();
    bool fired = false;
    for (timer* t = timers_.pop(now); t != nullptr; t = timers_.pop(now)) {
      t->fire();
      fired = true;
    }
    return fired;
  }

  platform::clock::time_point first_due() const noexcept {
    return timers_.empty() ? platform::no_deadline : timers_.next_due();
  }

  /// Whether somebody posts before the patience of this thread is used up, or a timer is due.
  bool comes_soon() noexcept {
    const auto until = detail::deadline::at(first_due());
    const auto is_there = [this] {
      return entrance_->inbox.load(order::relaxed) != nullptr;
    };  // relaxed: collect() takes it
    return detail::backoff::await(is_there, until, platform::per_thread<detail::patience>());
  }

  void sleep() noexcept {
    entrance_->woken.store(0, order::relaxed);  // relaxed: whoever sets it has taken the mark away: edge Q
    run_item* seen = nullptr;
    // relaxed: if there is something, collect() takes it
    if (!entrance_->inbox.compare_exchange_strong(seen, &asleep_, order::release /*Q*/, order::relaxed)) return;
    const auto until = first_due();
    while (entrance_->woken.load(order::acquire /*U*/) == 0) {
      if (until != platform::no_deadline && platform::clock::now() >= until) {
        seen = &asleep_;
        // relaxed: nothing has been handed over. If the mark has gone, whoever took it is about to wake us
        if (entrance_->inbox.compare_exchange_strong(seen, nullptr, order::relaxed, order::relaxed)) return;
        while (entrance_->woken.load(order::acquire /*U*/) == 0)
          platform::park(entrance_->woken, 0, platform::no_deadline);
        return;
      }
      platform::park(entrance_->woken, 0, until);
    }
  }

  platform::holder runner_;  // the thread that runs the loop
  run_queue mine_;
  detail::timer_queue timers_;
  unsigned since_a_look_ = 0;  // items run since the inbox and the timers were looked at
  end stop_;
  platform::atomic<bool> stopping_{false};
  mark asleep_;
  detail::anywhere<entrance> entrance_;
};

}  // namespace tandem::inline TANDEM_ABI
