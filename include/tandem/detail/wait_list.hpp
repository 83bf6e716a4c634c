// tandem/detail/wait_list.hpp: those who wait at one side of a channel, first come first served.
//
// Contract   A list of places (waiter.hpp), each of which lives in the frame of the operation that waits. Every
//            function here is called under the channel's lock, and none runs user code, allocates or wakes anybody.
//            claim_first() and claim_all() remove what they pass: a place whose waiter somebody else has claimed (its
//            deadline has come, it was stopped, another arm of its select has won) is dropped and never touched again.
//            remove() may be called for a place that is no longer in the list.
//            A select that looks for a partner does not find itself.
//            claim_first_there() is for one who leaves nothing behind, such as a try_ that finds nobody. It passes by a
//            select that lines up, and does not remove it: that one would look again, and find nothing. Else whoever
//            tries without end at two channels could keep a select from ever standing in line at both. But only so
//            often: a select that stays away for long would make whoever comes take the lock for nothing.
// Algorithm  An intrusive list, linked both ways, so that a waiter who gives up leaves at once wherever it stands:
//            cancelled waiters do not pile up. Each place gets a ticket when it first joins, the number of those who
//            have come so far, itself included, and joins again, if it was woken for nothing, where its ticket says:
//            having been overtaken does not cost one's turn.
// Invariants Tickets grow from first to last.
// Order      edge P (waiter.hpp): a place that is dropped is handed to its waiter by the claim
// Cost       O(1), except joining again in the middle: O(those who stand before that place). One claim per waiter
//            passed.
// Tests      tests/waiter.test.cpp, tests/model/waiter.model.cpp
#pragma once

#include <cstdint>

#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// The two sides of a one-way channel, as an index.
enum side : unsigned char { senders, receivers };

class wait_list {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  /// How often somebody has joined.
  std::uint64_t arrivals() const noexcept { return arrivals_; }
  /// Whether anybody is there who is not a place of `self`.
  bool has_others_than(const waiter& self) const noexcept {
    for (const place* p = first_; p != nullptr; p = p->next) {
      if (p->whole() != &self) return true;
    }
    return false;
  }

  /// Joins: at the end, or, for one who has been here before, where its ticket says.
  void insert(place& p) noexcept {
    const std::uint64_t arrival = arrivals_ + 1;
    arrivals_ = arrival;
    if (p.ticket == 0) p.ticket = arrival;
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

  /// The first who can still be claimed, claimed; or nullptr. A select at whose place `self` we are is passed by.
  place* claim_first(const place* self = nullptr) noexcept {
    const waiter* const select = self != nullptr ? self->whole() : nullptr;
    return claim_first_but([select](const place& p) { return select != nullptr && p.whole() == select; });
  }

  /// The same, for one who leaves nothing behind: a select that lines up stays where it is.
  place* claim_first_there() noexcept {
    return claim_first_but([](place& p) { return p.is_several() && static_cast<part&>(p).is_passed_by(); });
  }

  /// All who can be claimed, claimed, as a chain by `next`.
  place* claim_all() noexcept {
    place* const chain = claim_first();
    for (place* last = chain; last != nullptr; last = last->next) last->next = claim_first();
    return chain;
  }

 private:
  /// The first who can still be claimed, of those who are not `passed_by`, claimed; or nullptr.
  template <class PassedBy>
  place* claim_first_but(const PassedBy& passed_by) noexcept {
    for (place* p = first_; p != nullptr;) {
      platform::prefetch_to_write(p);  // we are about to read it, claim it, and complete it: one fetch for all
      place* const next = p->next;
      if (!passed_by(*p)) {
        unlink(*p);
        if (p->claim()) return p;
      }
      p = next;
    }
    return nullptr;
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
  }

  platform::cell<place*> first_;
  platform::cell<place*> last_;
  platform::cell<std::uint64_t> arrivals_;
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
