// tandem/detail/waiter.hpp: one blocked operation, whoever it is that waits.
//
// Contract   A waiter is made by an operation that has to wait. Others may end its wait, exactly once: the one whose
//            claim() returned true *must* call complete() with the outcome, and is the only one who may; the waiter
//            itself ends it by claim() when its own deadline has come. The partner writes the outcome; the waiter
//            infers nothing from anything else.
//            Lifetime: a waiter lives in the frame of its operation. complete()'s exchange is the last access to a
//            thread's waiter; what follows uses its address at most. (A wake function gets the waiter itself, which
//            cannot go before it is woken.)
//            Whoever has not claimed a waiter may touch it only under the lock of the list in which it found it, or in
//            a stop callback whose end the waiter waits for. Whoever has claimed it may touch it until it completes it.
//            Whoever has tried in vain, never again.
// Algorithm  One word:
//
//                waiting --claim()--> claimed --complete(outcome)--> outcome
//
//            plus a bit, asleep, that the waiter sets as the last thing it does before it sleeps, so that a partner
//            wakes it only if it must, and only if it may. The step in between is there for the message to be moved:
//            whoever has claimed a waiter may take its time (a move constructor), outside every lock, and nobody can
//            cancel. A steadfast waiter, one with no deadline and nobody to stop it, can be ended only by whoever finds
//            it in its list. The list's lock lets one find it; so its claim is won already, and costs nothing.
//            How a waiter wakes is its own affair: a thread polls, and parks on the word; another kind passes a wake
//            function, which is called in place of the unpark (a coroutine: schedule me). docs/decisions/0003 says how
//            those, and the arms of a select, fit.
// Invariants 1. The word leaves `waiting` once. 2. Its outcome is written once, by whoever claimed it.
//            3. A wake function is called only for a waiter that has fallen asleep: whatever ran before that, on the
//               waiter's own thread, is over.
// Progress   claim() is wait-free, and so is complete() up to the wake-up, which takes a system call, or on the
//            portable platform a mutex. wait() blocks.
// Order      edge W: complete (release) -> wait (acquire): the outcome, the message, and all the partner did before.
//            claim() is relaxed: it decides who may act and hands nothing over. What the claimer reads (the slot) came
//            to it through the list's lock, what it writes goes out by edge W.
// Cost       one read-modify-write to claim, unless steadfast, one to complete; a system call at each end if the thread
//            slept.
// Source     [go-chan] [pcml-2009]
// Tests      tests/waiter.test.cpp
#pragma once

#include <cstdint>

#include <tandem/detail/backoff.hpp>
#include <tandem/detail/deadline.hpp>
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

class waiter {
 public:
  using wake_function = void (*)(waiter&) noexcept;

  /// A thread that will wait().
  waiter() noexcept = default;
  /// Another kind of waiter: `wake` is called, by whoever completes it, when the outcome is there.
  explicit waiter(wake_function wake) noexcept : wake_(wake) {}
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;

  /// Says whether a partner alone can end this wait: no deadline, no stop, one place. Before it is enlisted.
  void stand_fast(bool steadfast) noexcept { steadfast_ = steadfast; }

  /// True for exactly one caller: the one who now decides how this wait ends. A steadfast waiter may be claimed only by
  /// whoever has just taken it out of its list, and waits without a deadline.
  bool claim() noexcept { return steadfast_ || (word_.fetch_or(claimed, order::relaxed) & claimed) == 0; }

  /// Ends the wait. Only for the one whose claim() was true; the waiter may be gone when this returns.
  void complete(outcome how) noexcept {
    const wake_function wake = wake_;  // both before the exchange: after it there may be no waiter
    const void* const address = word_.address();
    // acq_rel: release is edge W; acquire is for the wake function, which goes on where fall_asleep() left off
    const std::uint32_t before = word_.exchange(claimed | pack(how), order::acq_rel /*W*/);
    if ((before & asleep) == 0) return;
    if (wake == nullptr) {
      platform::unpark_one(address);
    } else {
      wake(*this);
    }
  }

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
    // acq_rel: acquire is edge W; release lets a wake function go on with what this thread has done
    return (word_.fetch_or(asleep, order::acq_rel /*W*/) & outcome_mask) == 0;
  }

  /// wait() for one who has polled already: sleeps at once.
  outcome sleep(deadline until) noexcept {
    if (!fall_asleep()) return written();
    std::uint32_t seen = word_.load(order::acquire /*W*/);
    while ((seen & outcome_mask) == 0) {
      if (until.has_passed()) {
        if (claim()) return outcome::timeout;
        until = deadline::forever();  // somebody was quicker, and is about to say how it ended
      }
      platform::park(word_, seen, until.when());
      seen = word_.load(order::acquire /*W*/);
    }
    return unpack(seen);
  }

  /// The outcome, once it is there; for one who was woken by a wake function, edge W ends here.
  outcome written() const noexcept { return unpack(word_.load(order::acquire /*W*/)); }

  /// Ready to wait once more. Only when nobody else can know this waiter any longer: it is in no list, and whoever
  /// claimed it has completed it.
  void rearm() noexcept { word_.store(0, order::relaxed); }  // relaxed: published by the lock of the next list

 private:
  using order = platform::order;
  static constexpr std::uint32_t asleep = 1;
  static constexpr std::uint32_t claimed = 2;
  static constexpr std::uint32_t outcome_shift = 8;
  static constexpr std::uint32_t outcome_mask = 0xFFu << outcome_shift;

  static constexpr std::uint32_t pack(outcome o) noexcept { return static_cast<std::uint32_t>(o) << outcome_shift; }
  static constexpr outcome unpack(std::uint32_t word) noexcept {
    return static_cast<outcome>((word & outcome_mask) >> outcome_shift);
  }

  platform::atomic<std::uint32_t> word_{0};
  platform::cell<bool> steadfast_;
  platform::cell<wake_function> wake_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
