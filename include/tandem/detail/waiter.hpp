// tandem/detail/waiter.hpp: one blocked operation, whoever it is that waits, and its place in line.
//
// Contract   A waiter is made by an operation that has to wait. Others may end its wait, exactly once: the one whose
//            claim() returned true *must* call complete() with the outcome, and is the only one who may; the waiter
//            itself ends it by claim() when its own deadline has come. The partner writes the outcome; the waiter
//            infers nothing from anything else.
//            Lifetime: a waiter lives in the frame of its operation. complete()'s exchange is the last access to a
//            thread's waiter; what follows uses its address at most. (A scheduler gets the waiter itself, which cannot
//            go before it is run.)
//            Whoever has not claimed a waiter may touch it only under the lock of the list in which it found it, or in
//            a stop callback whose end the waiter waits for. Whoever has claimed it may touch it until it completes it.
//            A thread that fails to claim a waiter must not touch it again.
//            A place is what stands in a list (wait_list.hpp). Whoever waits in one line at most *is* its place. A
//            select is `several`, and has a place for each of its lists, a part. To claim or complete a part is to
//            claim or complete the select; a part that is taken out of its list and not claimed is handed to it.
// Algorithm  One word:
//
//                waiting --claim()--> claimed --complete(outcome)--> outcome
//
//            plus a bit, asleep, that the waiter sets as the last thing it does before it sleeps, so that a partner
//            wakes it only if it must, and only if it may. The step in between is there for the message to be moved:
//            whoever has claimed a waiter may take its time (a move constructor), outside every lock, and nobody can
//            cancel.
//            How it wakes is its own affair: a thread polls, and parks on the word; a coroutine names a scheduler, and
//            is posted to it. docs/decisions/0003 says how they fit together.
//
//            How firmly it waits decides what a claim costs.
//                revocable  it has a deadline, or somebody may stop it
//                steadfast  only whoever finds it in its list can end its wait. The list's lock lets one find it; so
//                           its claim is won already, and costs nothing
//                suspended  steadfast, and asleep before it is enlisted: completing it takes no read-modify-write
//                several    a select, with a place in several lists. While it enlists, or looks again, it is `away`:
//
//                             away ----step_up()----> waiting ---claim()--> claimed ---complete()--> outcome
//                              ^  |                                                                   |
//                              |  +-- failed claims are counted, and step_up() fails                  |
//                              +--------------------------- step_back() ------------------------------+
//
//                           A select is thus never claimed while it may claim somebody else itself, and nobody has to
//                           wait for it to make up its mind: who comes by meanwhile fails to claim it, drops its place,
//                           and takes a place of its own. Since failed claims are counted, the select cannot go to
//                           sleep, nor believe that nothing has changed, before it has looked at that list again. And
//                           it looks at no other: who has failed pushes the part onto the select's stack of dropped
//                           ones, before it lets go of the list's lock. The select takes all that are there, and waits
//                           for as many as have failed: that is no longer than it would wait for the lock. One that is
//                           over for good need not: it leaves each list, under that lock.
//                           Who takes no place of its own (a try_) leaves nothing to look at: it passes by one that
//                           `lines_up`, lest it keep it from ever stepping up.
//                several_here
//                           the same, of which only its own thread can know: all its places are in lists of channels
//                           of that thread alone (confinement.hpp), and no stop and no time ends it. No
//                           read-modify-write.
// Invariants 1. The word leaves `waiting` once. 2. Its outcome is written once, by whoever claimed it.
//            3. A waiter is posted only after it has fallen asleep: whatever ran before that, on the waiter's own
//               thread, is over.
//            4. Of two selects that look for each other, one at least finds the other waiting, or is told to look.
// Progress   claim() is wait-free, and so is complete() up to the wake-up, which takes a system call, or on the
//            portable platform a mutex. wait() blocks.
// Order      edge W: complete (release) -> wait (acquire): the outcome, the message, and all the partner did before.
//            edge P: push of that place (release) -> dropped() (acquire): which, and which before it. Of several who
//            push, each goes on with the release sequence of the one before.
//            edge S: step_up (release) -> claim of a select (acquire): whose it is, now; and that it is suspended. For
//            it may have stood in that list since an earlier wait.
//            Otherwise claim() hands nothing over: it decides who may act. What the claimer reads (the slot) came to it
//            through the list's lock, what it writes goes out by edge W.
// Cost       one read-modify-write to claim, unless steadfast, one to complete, unless suspended; of several_here
//            neither. A system call at each end if a thread slept.
// Source     [go-chan]; [pcml-2009], whose word has the states Waiting, Claimed and Synched: `away` is their Claimed,
//            kept from the first look to the last, so that nobody ever waits for it to be taken back
// Tests      tests/waiter.test.cpp, tests/model/waiter.model.cpp, tests/model/select.model.cpp
#pragma once

#include <cstdint>

#include <tandem/detail/backoff.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/scheduling.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// How an operation ended, or that it has not yet.
enum class outcome : std::uint8_t {
  pending,    // it has not
  ok,         // it met its partner, and the message has changed hands
  look,       // something has changed: try again
  refused,    // it would have to wait: full for a send, empty for a receive
  busy,       // somebody else is half-way through the step that decides: look again before long; no caller sees it
  closed,     // no message will pass any more
  timeout,    // its deadline came first
  stopped,    // a stop request came first
  abandoned,  // the other side has gone for good
};

/// How firmly somebody waits: see above.
enum class firmness : std::uint8_t { revocable, several, several_here, steadfast, suspended };

class waiter {
 public:
  /// A thread that will wait(), and can be claimed by anybody. A coroutine has a resumable, below.
  waiter() noexcept : where_(nullptr), firmness_(firmness::revocable) {}
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  /// Says who can end this wait. Before it is enlisted; one that is suspended will not be asked to fall_asleep().
  void waits(firmness how) noexcept { firmness_ = how; }
  bool is_several() const noexcept {
    const firmness how = firmness_;
    return how == firmness::several || how == firmness::several_here;
  }

  /// True for exactly one caller: the one who now decides how this wait ends. A steadfast waiter may be claimed only by
  /// whoever has just taken it out of its list, and waits without a deadline.
  bool claim() noexcept {
    const firmness how = firmness_;
    if (how >= firmness::steadfast) return true;
    // relaxed: it decides, and hands nothing over
    if (how == firmness::revocable) return (word_.fetch_or(claimed, order::relaxed) & claimed) == 0;
    return is_free(how == firmness::several_here ? or_alone(claimed) : word_.fetch_or(claimed, order::relaxed));
  }

  /// Ends the wait, at the place with that number. Only for the one whose claim() was true; the waiter may be gone when
  /// this returns.
  void complete(outcome how, std::uint16_t number = 0) noexcept;

  /// claim() and complete() in one, for whoever has nothing to hand over. True if it was this call that ended the wait.
  bool cancel(outcome how) noexcept {
    if (!claim()) return false;
    complete(how);
    return true;
  }

  /// Blocks until the outcome is there, or until the deadline, which is an outcome as well: the waiter is then claimed,
  /// by itself. Only a thread's waiter.
  outcome wait(deadline until) noexcept {
    std::uint32_t seen = 0;
    const auto ended = [&] {
      seen = word_.load(order::acquire /*W*/);
      return (seen & outcome_mask) != 0;
    };
    if (!backoff::await(ended, until, platform::per_thread<patience>())) return sleep(until);
    return unpack(seen);
  }

  /// The last thing that a waiter does before it sleeps. False: do not, the outcome is there. True: whoever completes
  /// this waiter will wake it; if it is not a thread's, nothing of it may be touched any more.
  bool fall_asleep() noexcept {
    // acq_rel: acquire is edge W; release lets whoever runs a coroutine go on with what this thread has done
    return (word_.fetch_or(asleep, order::acq_rel /*W*/) & outcome_mask) == 0;
  }

  /// wait() for one who has polled already: sleeps at once.
  outcome sleep(deadline until) noexcept {
    if (!fall_asleep()) return written();
    std::uint32_t seen = word_.load(order::acquire /*W*/);
    while ((seen & outcome_mask) == 0) {
      if (until.has_passed()) {
        if (claim()) return outcome::timeout;
        until = deadline::unlimited();  // somebody was quicker, and is about to say how it ended
      }
      platform::park(word_, seen, until.when());
      seen = word_.load(order::acquire /*W*/);
    }
    return unpack(seen);
  }

  /// The outcome, once it is there; for one who was run by its scheduler, edge W ends here.
  outcome written() const noexcept { return unpack(word_.load(order::acquire /*W*/)); }

  /// Ready to wait once more. Only when nobody else can know this waiter any longer: it is in no list, and whoever
  /// claimed it has completed it.
  void rearm() noexcept { word_.store(0, order::relaxed); }  // relaxed: published by the lock of the next list

  /// The waiter itself says how it ended, as its last word. Only when nobody else can know it.
  void conclude(outcome how) noexcept {
    word_.store(pack(how), order::relaxed);
  }  // relaxed: who reads it has written it

  // --- a select, about itself ---

  /// Not to be claimed from now on; it lines up. Only when nobody else can know this waiter.
  void go_away() noexcept {
    word_.store(away | lines_up, order::relaxed);
  }  // relaxed: published by the lock of the first list
  /// Can be claimed from now on, and sleeps, if it says so: then whoever completes it will wake it, and nothing of it
  /// may be touched any more. False: somebody has tried before, and it is still away.
  bool step_up(bool sleeps = false) noexcept {
    // relaxed: what it finds besides claims, this thread has written
    std::uint32_t seen = word_.load(order::relaxed) & ~claims_mask;
    if (is_alone()) {
      if (was_disturbed()) return false;
      word_.store(sleeps ? asleep : 0, order::relaxed);
      return true;
    }
    // relaxed: step_back() follows
    return word_.compare_exchange_strong(seen, sleeps ? asleep : 0, order::release /*S*/, order::relaxed);
  }
  /// Away again, after a step_up() that failed (`again`: it lines up once more), or an outcome. How often it has been
  /// claimed through one of its places since step_up(), or since it went away. Each of these claims failed, except the
  /// one that ended the wait, if the wait has ended at a place.
  std::uint32_t step_back(bool again = false) noexcept {
    const std::uint32_t word = again ? away | lines_up : away;
    // relaxed: it is a number; what was dropped goes by edge P
    if (!is_alone()) return word_.exchange(word, order::relaxed) >> claims_shift;
    const std::uint32_t before = word_.load(order::relaxed);
    word_.store(word, order::relaxed);
    return before >> claims_shift;
  }
  /// For one who is away: whether somebody has tried. A hint: step_up() decides.
  bool was_disturbed() const noexcept { return word_.load(order::relaxed) >= one_claim; }
  /// For others, whether it is about to stand in line. A hint: claim() decides.
  bool is_lining_up() const noexcept { return (word_.load(order::relaxed) & lines_up) != 0; }

 protected:
  /// One that says what it waits for, and whom it belongs to, before it is enlisted.
  explicit waiter(platform::unset_t unset) noexcept : where_(unset), firmness_(unset) {}
  /// Nobody but the waiter's own thread can know it. So all accesses may be relaxed, and apart.
  bool is_alone() const noexcept { return firmness_ == firmness::several_here; }
  /// Whom to post it to: nullptr for a thread. Before it is enlisted.
  void belongs_to(scheduler& where) noexcept { where_ = &where; }
  void belongs_to_a_thread() noexcept { where_ = nullptr; }
  scheduler* home() const noexcept { return where_; }

 private:
  using order = platform::order;
  // The word: flags, the outcome, and how often a waiter with several places has been claimed through one of them.
  static constexpr std::uint32_t asleep = 1;
  static constexpr std::uint32_t claimed = 2;
  static constexpr std::uint32_t away = 4;
  static constexpr std::uint32_t lines_up = 8;
  static constexpr std::uint32_t outcome_shift = 4;
  static constexpr std::uint32_t outcome_mask = 0xFu << outcome_shift;
  static constexpr std::uint32_t claims_shift = 8;
  static constexpr std::uint32_t one_claim = 1u << claims_shift;
  static constexpr std::uint32_t claims_mask = ~(one_claim - 1);

  static constexpr std::uint32_t pack(outcome how) noexcept { return static_cast<std::uint32_t>(how) << outcome_shift; }
  static constexpr outcome unpack(std::uint32_t word) noexcept {
    return static_cast<outcome>((word & outcome_mask) >> outcome_shift);
  }

  /// Of a select: whether a claim succeeds that has found this word.
  static constexpr bool is_free(std::uint32_t word) noexcept { return (word & (away | claimed | claims_mask)) == 0; }
  /// claim(), through one of the places of a select: it is counted.
  bool claim_through_a_place() noexcept {
    return is_free(is_alone() ? add_alone(one_claim) : word_.fetch_add(one_claim, order::acquire /*S*/));
  }
  // fetch_add and fetch_or, for one that is_alone()
  std::uint32_t add_alone(std::uint32_t operand) noexcept {
    const std::uint32_t before = word_.load(order::relaxed);
    word_.store(before + operand, order::relaxed);
    return before;
  }
  std::uint32_t or_alone(std::uint32_t operand) noexcept {
    const std::uint32_t before = word_.load(order::relaxed);
    word_.store(before | operand, order::relaxed);
    return before;
  }

  run_item& item() noexcept;

  friend struct place;  // which claims through itself
  platform::cell<scheduler*> where_;
  platform::atomic<std::uint32_t> word_{0};
  platform::cell<firmness> firmness_;
};

/// A waiter that stands in one line at most, and its place there; or a part, of one that stands in several.
struct place : waiter {
  /// A thread's.
  place() noexcept = default;
  /// Of one that will say what it waits for.
  explicit place(platform::unset_t unset) noexcept : waiter(unset) {}
  place(const place&) = delete;
  place& operator=(const place&) = delete;

  bool listed() const noexcept { return previous != this; }

  /// For whoever has just taken it out of its list.
  bool claim() noexcept;
  /// Says how the wait ends, and that it was here.
  void complete(outcome how) noexcept;
  /// The waiter of which this is one place of several; or nullptr.
  const waiter* whole() const noexcept;

  std::uint16_t number = 0;  // a part's: which of its waiter's places it is, from 1 on

  platform::cell<void*> slot{platform::unset};   // the message: where to take it from, or where to construct it
  platform::cell<place*> previous{this};         // itself: in no list
  platform::cell<place*> next{platform::unset};  // in a list, or in a chain of those claimed
  platform::cell<std::uint64_t> ticket;          // 0: has never joined
};

struct part;

/// A waiter with a place in each of several lists: a select. It is told in which of them its wait has ended, and which
/// places were dropped.
class several : public waiter {
 public:
  several() noexcept { waits(firmness::several); }
  /// What complete() has said of the place.
  std::uint16_t number_of_place() const noexcept { return number_; }

  /// For whoever failed to claim it, under the lock of the list from which it has taken the place.
  void drop(part& here) noexcept;
  /// For itself: the number of the place that was dropped last, since it was last asked; 0: none was.
  std::uint16_t dropped() noexcept {
    const std::uint32_t top = dropped_.load(order::relaxed);  // relaxed: a hint that it is worth asking
    if (top == 0) return 0;
    if (!is_alone()) return static_cast<std::uint16_t>(dropped_.exchange(0, order::acquire /*P*/));
    dropped_.store(0, order::relaxed);
    return static_cast<std::uint16_t>(top);
  }

 private:
  friend waiter;
  using order = platform::order;
  platform::cell<std::uint16_t> number_{platform::unset};
  platform::atomic<std::uint32_t> dropped_{0};
};

/// One of the places of a waiter that has several. As a waiter, it lies idle.
struct part : place {
  part(several& w, std::uint16_t number_of_place) noexcept : who(w) {
    waits(firmness::several);
    number = number_of_place;
  }

  /// For whoever comes by and would leave nothing behind, under the lock of the list: true if it lines up, and has not
  /// been passed by too often since one of them last took it out.
  bool is_passed_by() noexcept {
    const bool passed = passed_by_ < most_passed_by && who.is_lining_up();
    passed_by_ = passed ? static_cast<std::uint16_t>(passed_by_ + 1) : std::uint16_t{0};
    return passed;
  }
  static constexpr std::uint16_t most_passed_by = 1'024;  // longer than it takes to stand in a hundred lines

  several& who;
  platform::cell<std::uint16_t> dropped_before{platform::unset};  // while it is in the stack: the next; 0: none

 private:
  platform::cell<std::uint16_t> passed_by_;
};

inline void several::drop(part& here) noexcept {
  std::uint32_t top = dropped_.load(order::relaxed);  // relaxed: the exchange decides
  do {
    here.dropped_before = static_cast<std::uint16_t>(top);
    if (is_alone()) return dropped_.store(here.number, order::relaxed);
  } while (!dropped_.compare_exchange_weak(top, here.number, order::release /*P*/, order::relaxed));
}

inline bool place::claim() noexcept {
  if (!is_several()) return waiter::claim();
  auto& here = static_cast<part&>(*this);
  if (here.who.claim_through_a_place()) return true;
  here.who.drop(here);
  return false;
}

inline void place::complete(outcome how) noexcept {
  if (is_several()) {
    static_cast<part&>(*this).who.complete(how, number);
  } else {
    waiter::complete(how);
  }
}

inline const waiter* place::whole() const noexcept {
  return is_several() ? &static_cast<const part&>(*this).who : nullptr;
}

/// A waiter that is no thread: its scheduler runs it, as an item, once the outcome is there. Waiter: place, or several.
template <class Waiter>
class resumable : public run_item, public Waiter {
 protected:
  template <class... Arguments>
  explicit resumable(run_item::function go_on, Arguments... arguments) noexcept
      : run_item(go_on), Waiter(arguments...) {}
  ~resumable() = default;
};

inline run_item& waiter::item() noexcept {
  if (is_several()) return static_cast<resumable<several>&>(static_cast<several&>(*this));
  return static_cast<resumable<place>&>(static_cast<place&>(*this));
}

inline void waiter::complete(outcome how, std::uint16_t number) noexcept {
  const void* const address = word_.address();  // both before the word: after it there may be no waiter
  scheduler* const home = where_;
  // who ends a coroutine's wait brings no thread on, except the one that is to run it: its scheduler sees to that
  if (home == nullptr) platform::leave_trace();
  if (firmness_ == firmness::suspended) {
    word_.store(claimed | pack(how), order::relaxed);  // relaxed: edge W is the scheduler's, from post to run
  } else {
    // acq_rel: release is edge W; acquire is for a coroutine, which goes on where fall_asleep() left off
    std::uint32_t before = 0;
    if (is_several()) {
      static_cast<several&>(*this).number_ = number;
      // the claims stay counted
      before = is_alone() ? add_alone(pack(how)) : word_.fetch_add(pack(how), order::acq_rel /*W*/);
    } else {
      before = word_.exchange(claimed | pack(how), order::acq_rel /*W*/);
    }
    if ((before & asleep) == 0) return;
  }
  if (home == nullptr) {
    platform::unpark_one(address);
  } else {
    home->post(item());  // which stays until it is run
  }
}

}  // namespace tandem::inline TANDEM_ABI::detail
