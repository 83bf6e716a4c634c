// tandem/detail/wait_list.hpp: those who wait at one side of a channel, first come first served.
//
// Contract   A place is one waiter's position in one list; it lives in the frame of the operation that waits. Every
//            function here is called under the channel's lock, and none runs user code, allocates or wakes anybody.
//            claim_first() and claim_all() remove what they pass: a place whose waiter somebody else has claimed (its
//            deadline has come, it was stopped, another arm of its select has won) is dropped and never touched again.
//            remove() may be called for a place that is no longer in the list.
//            The place of a select that is dropped says so (was_dropped), and where the select has several, each has a
//            number. A select that looks for a partner does not find itself.
// Algorithm  An intrusive list, linked both ways, so that a waiter who gives up leaves at once wherever it stands:
//            cancelled waiters do not pile up. Each place draws a ticket when it first joins, and joins again, if it
//            was woken in vain, where its ticket says: having been overtaken does not cost one's turn.
// Invariants Tickets grow from first to last.
// Order      edge A (waiter.hpp): was_dropped is set before the claim that fails, and read after it
// Cost       O(1), but for joining again in the middle: O(those who stand before that place). One claim per waiter
//            passed.
// Tests      tests/waiter.test.cpp, tests/model/waiter.model.cpp
#pragma once

#include <cstdint>

#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// The two sides of a one-way channel, as an index.
enum side : unsigned char { senders, receivers };

struct place {
  explicit place(waiter& w, std::uint16_t number_of_place = 0) noexcept : who(w), number(number_of_place) {}
  place(const place&) = delete;
  place& operator=(const place&) = delete;

  bool listed() const noexcept { return previous != this; }

  /// For whoever has just taken it out of its list.
  bool claim() noexcept {
    // relaxed: edge A. Set before the claim, which may fail; if it does not, nobody asks
    if (who.is_several()) dropped.store(true, platform::order::relaxed);
    return who.claim();
  }
  /// Says how the wait ends, and that it was here.
  void complete(outcome how) noexcept { who.complete(how, number); }

  /// For the select whose place this is: whether it has to join again. Then it is up to itself.
  bool was_dropped() noexcept {
    // relaxed: after edge A; nobody sets it while the place is in no list
    if (!dropped.load(platform::order::relaxed)) return false;
    dropped.store(false, platform::order::relaxed);
    return true;
  }

  waiter& who;
  platform::cell<void*> slot;             // the message: where to take it from, or where to construct it
  platform::cell<place*> previous{this};  // itself: in no list
  platform::cell<place*> next;            // in a list, or in a chain of those claimed
  platform::cell<std::uint64_t> ticket;   // 0: has never joined
  const std::uint16_t number;             // which of its waiter's places it is
  platform::atomic<bool> dropped{false};
};

class wait_list {
 public:
  bool empty() const noexcept { return first_ == nullptr; }

  /// Joins: at the end, or, for one who has been here before, where its ticket says.
  void insert(place& p) noexcept {
    if (p.ticket == 0) draw_ticket(p);
    place* after = last_;
    if (after != nullptr && after->ticket > p.ticket) {
      after = nullptr;
      for (place* q = first_; q->ticket < p.ticket; q = q->next) after = q;
    }
    link(p, after);
  }

  /// False if it was in the list no longer.
  bool remove(place& p) noexcept {
    const bool listed = p.listed();
    if (listed) unlink(p);
    return listed;
  }

  /// The first who can still be claimed, claimed; or nullptr. Places of `self` are passed by.
  place* claim_first(const waiter* self = nullptr) noexcept {
    for (place* p = first_; p != nullptr;) {
      platform::prefetch_to_write(p);  // we are about to read it, claim it, and complete it: one fetch for all
      place* const next = p->next;
      if (&p->who != self) {
        unlink(*p);
        if (p->claim()) return p;
      }
      p = next;
    }
    return nullptr;
  }

  /// All who can be claimed, claimed, as a chain by `next`.
  place* claim_all() noexcept {
    place* const chain = claim_first();
    for (place* last = chain; last != nullptr; last = last->next) last->next = claim_first();
    return chain;
  }

 private:
  void draw_ticket(place& p) noexcept {
    const std::uint64_t drawn = tickets_ + 1;
    tickets_ = drawn;
    p.ticket = drawn;
  }

  void link(place& p, place* previous) noexcept {
    platform::cell<place*>& before = previous != nullptr ? previous->next : first_;
    place* const next = before;
    p.previous = previous;
    p.next = next;
    before = &p;
    (next != nullptr ? next->previous : last_) = &p;
  }

  void unlink(place& p) noexcept {
    place* const previous = p.previous;
    place* const next = p.next;
    (previous != nullptr ? previous->next : first_) = next;
    (next != nullptr ? next->previous : last_) = previous;
    p.previous = &p;
    p.next = nullptr;
  }

  platform::cell<place*> first_;
  platform::cell<place*> last_;
  platform::cell<std::uint64_t> tickets_;
};

/// Completes a chain that claim_all() made; after the lock has been let go.
inline void complete_all(place* chain, outcome how) noexcept {
  while (chain != nullptr) {
    place* const next = chain->next;  // read first: the place is gone once its waiter is completed
    chain->complete(how);
    chain = next;
  }
}

}  // namespace tandem::inline TANDEM_ABI::detail
