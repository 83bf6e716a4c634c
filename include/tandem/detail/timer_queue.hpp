// tandem/detail/timer_queue.hpp: timers in the order in which they are due.
//
// Contract   For a scheduler that keeps time. No thread but one uses it at a time; it allocates nothing, and a timer
//            may be taken out wherever it stands. Its links are cells: the lab notices a lock that is not taken.
// Algorithm  A pairing heap linked by the timers: each has a list of children, none of them due before it. `link` is
//            the pointer that points at it, so that it can be cut out.
// Cost       insert: O(1). pop and remove: O(log n) amortized.
// Source     [fredman-1986]
// Tests      tests/scheduler.test.cpp, tests/model/thread_pool.model.cpp
#pragma once

#include <utility>

#include <tandem/detail/scheduling.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

class timer_queue {
 public:
  bool empty() const noexcept { return root_ == nullptr; }
  /// Precondition: not empty.
  platform::clock::time_point next_due() const noexcept { return root_->due; }

  void insert(timer& t) noexcept { set_root(meld(root_, &t)); }

  /// The one that is due first, if it is due by `now`; taken out.
  timer* pop(platform::clock::time_point now) noexcept {
    timer* const first = root_;
    if (first == nullptr || first->due > now) return nullptr;
    set_root(meld_all(first->child.exchange(nullptr)));
    first->link = nullptr;
    return first;
  }

  /// False if it is not in here.
  bool remove(timer& t) noexcept {
    if (t.link == nullptr) return false;
    put(t.link, t.sibling.exchange(nullptr));
    t.link = nullptr;
    if (timer* const rest = meld_all(t.child.exchange(nullptr))) set_root(meld(root_, rest));
    return true;
  }

 private:
  static void put(platform::cell<timer*>* where, timer* t) noexcept {
    *where = t;
    if (t != nullptr) t->link = where;
  }
  void set_root(timer* t) noexcept { put(&root_, t); }

  /// One heap of two, neither of which has a sibling.
  static timer* meld(timer* a, timer* b) noexcept {
    if (a == nullptr || b == nullptr) return a != nullptr ? a : b;
    if (b->due < a->due) std::swap(a, b);
    put(&b->sibling, a->child);
    put(&a->child, b);
    return a;
  }

  /// One heap of a list: in pairs from the left, then all from the right.
  static timer* meld_all(timer* list) noexcept {
    timer* pairs = nullptr;
    while (list != nullptr) {
      timer* const one = list;
      timer* const other = one->sibling.exchange(nullptr);
      list = other != nullptr ? other->sibling.exchange(nullptr) : nullptr;
      timer* const pair = meld(one, other);
      pair->sibling = std::exchange(pairs, pair);
    }
    timer* whole = nullptr;
    while (pairs != nullptr) {
      timer* const next = pairs->sibling.exchange(nullptr);
      whole = meld(whole, pairs);
      pairs = next;
    }
    return whole;
  }

  platform::cell<timer*> root_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
