// tandem/detail/selection.hpp: one wait in several places: the core of every select.
//
// Contract   A selection has arms, each an operation on one channel, a time, or a stop request. run() for a thread, and
//            start() for a coroutine, end with exactly one of them fired: fired() says which, and its outcome is in it.
//            No other has done anything: what it would have sent is untouched, what it would have received is still
//            there, and no turn that it was given is lost.
//            An arm that is ready is taken at once; of several that are ready each has the same chance, or, in_order,
//            the first is taken. A stop that was requested before comes before all. An instant that has passed is taken
//            if no channel is ready (in_order: if nothing before it is; a tick has the same chance as a channel), and
//            `otherwise` if no other arm is; and then nothing has been waited for.
//            A selection that `stays` leaves its places in their lists when it has fired, and finds them there when it
//            is run again: what has changed meanwhile it is told (see waiter.hpp, several).
// Algorithm  One waiter, a place per arm.
//
//                  begin      try each arm, in random order, while nobody knows of us
//                    |
//                  line_up    stand in line at each arm; whoever finds us meanwhile drops our place and says so
//                    |   ^
//                  step_up ---> it fails: look again at the places that were dropped
//                    |
//                  wait       for a partner, a deadline, a stop
//                    |
//                  digest     done? or told to look at one arm: away again, try it, line_up
//                    |
//                  retreat    leave all lines, pass on what turns there were; or stay, away
//
//            While it is away a selection may claim a partner, as an operation does that stands in no line: nobody can
//            claim it. So no two selections ever have to agree on who claims whom, there is no order in which to lock
//            channels, and one lock at a time is held.
//            An arm that is half-way (`busy`) cannot say when to look again. A thread naps in line; a coroutine stays
//            away, gives up the core for a moment (pausing.hpp), and posts itself, since its scheduler need not keep
//            time.
//            Claims on the waiter are counted. So if nobody has claimed it since it last stood in all its lines, only
//            the arm that fired, or was told to look, has to be looked at (`only_`), however many there are.
// Invariants 1. Between begin and step_up, and between an outcome and the next step_up, the waiter is away.
//            2. When step_up succeeds each arm that is listed stands in its line, and each that was not dropped since
//               it last looked has nothing to offer.
//            3. After retreat no list holds a place of ours, unless we stay.
// Progress   As its arms. Two selections that look for each other at the same time may each drop the other's place and
//            have to look again: of two one at least succeeds as soon as it is quicker by one compare-exchange, and
//            after a few times each yields.
// Order      edges A, S and W of the waiter, L of the channels' locks.
// Cost       ready at once: the arms tried until then. Else a lock per arm to stand in line, one per arm to leave; if
//            it stays, one for each arm that fired or was dropped.
// Source     [pcml-2009]; trying all, then standing in line, then looking once more: [go-chan]
// Tests      tests/select.test.cpp, tests/model/select.model.cpp, tests/stress/select.stress.cpp
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <tandem/detail/awaiting.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/detail/pausing.hpp>
#include <tandem/detail/scheduling.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// One thing that a selection waits for. It may be moved while no selection has it.
class arm {
 public:
  /// An operation on a channel, or what looks like one; an instant; a stop request; what to do if nothing is ready.
  enum class kind : std::uint8_t { channel = 1, instant = 2, stop = 4, otherwise = 8 };

  arm& operator=(arm&&) = delete;

  // as in operation.hpp
  virtual outcome attempt() noexcept { return outcome::refused; }
  virtual outcome enlist(place&) noexcept { return outcome::pending; }
  virtual void withdraw(place&) noexcept {}
  virtual void leave() noexcept {}

  /// For an instant: when.
  virtual deadline due() const noexcept { return deadline::unlimited(); }
  /// For a stop: of whom.
  virtual stop_request stop() const noexcept { return nullptr; }
  /// For a stop: from now on it ends the wait of `who`, as what happened at the place of that number; no longer.
  virtual void listen(waiter& /*who*/, std::uint16_t /*number*/) noexcept {}
  virtual void fall_deaf() noexcept {}

  /// It has fired: takes note how. Nothing of the user's is run here.
  virtual void conclude(outcome how) noexcept = 0;
  /// It has fired, and the selection is over: what the user wants to be done.
  virtual void finish() {}
  /// It has fired before, and is to be used again.
  virtual void prepare() noexcept {}

  /// Off: it does not fire. Not while a selection has it.
  void switch_on(bool whether) noexcept { counts_for_ = whether ? traits_ : 0; }

 protected:
  /// tries_first: trying is cheaper than standing in line; of an instant: it is one of many. confined: only one thread
  /// can do anything at its channel.
  explicit arm(kind what, bool tries_first = false, bool confined = false) noexcept
      : traits_(static_cast<std::uint8_t>(static_cast<unsigned>(what) | (tries_first ? one_tries_first : 0U) |
                                          (confined ? one_is_confined : one_is_shared))) {}
  arm(arm&& other) noexcept : traits_(other.traits_), counts_for_(other.counts_for_), fired_(other.fired_) {}
  virtual ~arm() = default;  // for -Wnon-virtual-dtor alone: whoever has an arm knows its type

 private:
  friend class selection;
  bool is(kind what) const noexcept { return (counts_for_ & static_cast<unsigned>(what)) != 0; }
  bool one_of_many() const noexcept { return (counts_for_ & one_tries_first) != 0; }
  /// Precondition: it has stood in line.
  part& here() noexcept { return *here_; }  // NOLINT(bugprone-unchecked-optional-access)

  // what an arm is, beside its kind; and, of several, what one of them is at least
  static constexpr std::uint8_t one_tries_first = 16;
  static constexpr std::uint8_t one_is_confined = 32;
  static constexpr std::uint8_t one_is_shared = 64;

  std::uint8_t traits_;
  std::uint8_t counts_for_ = traits_;  // nothing, if it is off
  bool fired_ = false;
  bool listed_ = false;    // its place may be in a list
  bool stood_ = false;     // it has stood in line, and has not left
  bool half_way_ = false;  // somebody is half-way through what decides
  std::uint16_t number_ = 0;
  std::optional<part> here_;
};

/// What all arms have for those who use them.
template <class Self>
class arm_of : public arm {
 public:
  /// Leaves the arm out, or not.
  Self&& only_if(bool whether) && noexcept {
    switch_on(whether);
    return static_cast<Self&&>(*this);
  }
  Self& only_if(bool whether) & noexcept {
    switch_on(whether);
    return static_cast<Self&>(*this);
  }

 protected:
  using arm::arm;
  arm_of(arm_of&&) noexcept = default;
  ~arm_of() override = default;
};

/// What an arm does that was given no function.
struct nothing_more {
  template <class... T>
  constexpr void operator()(T&&...) const noexcept {}
};

/// Random numbers: uniform, not unpredictable.
class dice {
 public:
  std::uint32_t roll() noexcept {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::uint32_t>(state_ >> 32U);
  }

 private:
  std::uint64_t state_ = 0x2545F4914F6CDD1D;
};

enum class choice : bool { random, in_order };

class selection : private resumable<several> {
 public:
  static constexpr std::size_t most_arms = 65'535;

  /// The arms stay where they are until the selection goes; it changes the order of the pointers.
  selection(std::span<arm*> arms, choice how) noexcept : resumable<several>(&go_on), arms_(arms), choice_(how) {
    demand(arms.size() <= most_arms, "a select has 65,535 arms at most");
    go_away();
    std::uint16_t number = 0;
    for (arm* const a : arms_) {
      a->number_ = number++;
      a->here_.reset();
      if (std::exchange(a->fired_, false)) a->prepare();
    }
  }
  ~selection() {
    abandon();
    retreat();
  }

  /// Leaves its places in the lists when it has fired.
  void stays() noexcept { stays_ = true; }

  /// Blocks; the number of the arm that fired.
  std::size_t run() {
    belongs_to_a_thread();
    if (!begin()) {
      demand(!has(arm::one_is_confined),
             "a thread that blocks at a channel of its own (one_thread) waits for itself: use co_select");
      for (;;) {
        if (line_up(false) == standing::fired) break;
        listen_for_stops();
        if (until_.is_forever()) about_to_block();
        const outcome how = wait(naps_ ? nap(until_) : until_);
        fall_deaf_to_stops();
        if (digest(how)) break;
      }
    }
    return fired_->number_;
  }

  /// The same, if an arm is ready: then it has fired. False: none is.
  bool try_run() { return is_fired_at_first() || is_fired_now(); }

  /// An arm is left out from now on, or taken in again. Not while it waits.
  void switch_on(arm& one, bool whether) noexcept {
    if (!whether) leave(one);
    one.switch_on(whether);
    only_ = nullptr;
  }

  /// For a coroutine. True: it is suspended, and will be posted; false: it is done.
  template <class Promise>
  bool start(std::coroutine_handle<Promise> coroutine) {
    static_assert(is_compiled_right<Promise>,
                  "tandem: this version of clang miscompiles coroutines: use clang 18 or later, or g++ 12 or later.");
    coroutine_ = coroutine;
    belongs_to(detail::scheduler_of(coroutine));
    return !begin() && sleep();
  }

  /// The coroutine is destroyed, perhaps while it waits.
  void abandon() noexcept {
    if (!std::exchange(suspended_, false)) return;
    fall_deaf();
    if (!claim()) {
      home()->take_back(
          *this);  // whoever has claimed it has posted it, or is about to; or it has itself, to look again
      const outcome how = written();
      if (is_final(how) || how == outcome::look) {
        arm& told = with_number(number_of_place());
        told.listed_ = false;
        if (how != outcome::look) {  // what came goes with the arm, or when the arm is used again
          fired_ = &told;
          told.fired_ = true;
          told.conclude(how);
        }
        if (std::exchange(told.stood_, false)) told.leave();  // a turn that it was given is passed on
      }
    }
    static_cast<void>(step_back());
  }

  std::size_t fired() const noexcept { return fired_->number_; }
  void finish() { fired_->finish(); }

 private:
  /// True: an arm has fired.
  bool begin() {
    if (is_fired_at_first()) return true;
    if (otherwise_ != nullptr || (has(arm::kind::instant) && first_due() != nullptr)) return is_fired_now();
    if (has(arm::one_tries_first)) static_cast<void>(try_all());
    if (fired_ != nullptr) return true;
    demand(has(arm::kind::channel) || may_fire(), "a select in which no arm can ever fire would wait for ever");
    return false;
  }

  /// Gets ready. True: a stop was requested before.
  bool is_fired_at_first() noexcept {
    if (fired_ != nullptr) fired_->prepare();
    fired_ = nullptr;
    rounds_ = 0;
    until_ = deadline::unlimited();
    if (only_ == nullptr) look_over();
    arm* const stopped = first_stopped();
    return stopped != nullptr && end(*stopped, outcome::ok);
  }

  /// True: an arm was ready; or else an instant had passed; or an arm was there for the case that none is.
  bool is_fired_now() noexcept {
    detail::until_decided([this] { return try_all(); });
    if (fired_ != nullptr) return true;
    arm* const due = has(arm::kind::instant) ? first_due() : nullptr;
    arm* const last = due != nullptr ? due : otherwise_;
    return last != nullptr && end(*last, outcome::ok);
  }

  /// What kinds of arm there are.
  void look_over() noexcept {
    traits_ = 0;
    for (const arm* const a : arms_) traits_ |= a->counts_for_;
    otherwise_ = nullptr;
    if (has(arm::kind::otherwise)) {
      for (arm* const a : arms_) {
        if (a->is(arm::kind::otherwise)) otherwise_ = a;
      }
    }
    // It changes only when no list that others know has a place of ours: before the first arm of theirs, or after all
    // of those have left. Else it is not even written, since others may be reading it.
    const bool alone = !has(arm::one_is_shared);
    if (alone != is_alone()) waits(alone ? firmness::several_here : firmness::several);
  }
  bool has(arm::kind what) const noexcept { return has(static_cast<std::uint8_t>(what)); }
  bool has(std::uint8_t trait) const noexcept { return (traits_ & trait) != 0; }

  /// Without channels: whether anything could ever end the wait.
  bool may_fire() const noexcept {
    for (const arm* const a : arms_) {
      if (a->is(arm::kind::instant) && !a->due().is_forever()) return true;
      if (a->is(arm::kind::stop) && a->stop()->stop_possible()) return true;
    }
    return false;
  }

  /// The arms from the i-th on in the order in which they are looked at: brings the next one to that place.
  arm& next(std::size_t i, std::uint32_t& random) noexcept {
    const std::size_t left = arms_.size() - i;
    if (choice_ == choice::random && left > 1) {
      // the upper half of the product is a number below `left`, the lower half is as good as a new random number, for
      // a few times
      if (i % 4 == 0) random = platform::per_thread<dice>().roll();
      const std::uint64_t product = std::uint64_t{random} * left;
      random = static_cast<std::uint32_t>(product);
      std::swap(arms_[i], arms_[i + static_cast<std::uint32_t>(product >> 32U)]);
    }
    return *arms_[i];
  }

  /// What is ready comes before an instant that has passed, unless their order says otherwise. But one of many has its
  /// turn: a channel that is never short of messages would keep a ticker out.
  bool has_its_turn(const arm& a) const noexcept {
    return a.is(arm::kind::instant) && (choice_ == choice::in_order || a.one_of_many());
  }

  /// True: an arm has fired, or none is ready. False: nobody can say yet.
  bool try_all() noexcept {
    if (only_ != nullptr && !was_disturbed()) {
      const outcome how = only_->attempt();
      return is_final(how) ? end(*only_, how) : how != outcome::busy;
    }
    bool decided = true;
    std::uint32_t random = 0;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
      arm& a = next(i, random);
      if (a.listed_) {
        if (!a.half_way_ && !a.here().was_dropped()) continue;  // it has stayed, and nothing has happened there
        a.withdraw(a.here());
        a.listed_ = false;
      }
      if (!a.is(arm::kind::channel) && !has_its_turn(a)) continue;
      const outcome how = a.attempt();
      if (is_final(how)) return end(a, how);
      decided = decided && how != outcome::busy;
    }
    return decided;
  }

  /// Where a selection is that has lined up: an arm has fired instead; it waits; it sleeps, and is not ours to touch;
  /// or it has been disturbed, and is away.
  enum class standing : unsigned char { fired, waits, sleeps, away };

  /// Stands in every line, so that everybody can see it; may fall asleep, if that is all there is to do. A coroutine
  /// that would have to nap stays away.
  standing line_up(bool may_sleep) {
    naps_ = false;
    arm* const only = std::exchange(only_, nullptr);
    if (only != nullptr && !was_disturbed()) {
      if (line_up(*only)) {
        only_ = only;
        return standing::fired;
      }
      naps_ = only->half_way_;
      if (const standing here = stand(may_sleep); here != standing::away) return here;
    }
    std::uint32_t random = 0;
    pausing between_tries;
    for (unsigned tries = 0;; ++tries) {
      if (has(arm::kind::instant)) find_first_instant();
      for (std::size_t i = 0; i < arms_.size(); ++i) {
        arm& a = tries == 0 && !has(arm::one_tries_first) ? next(i, random) : *arms_[i];
        if (!a.is(arm::kind::channel)) continue;
        if (a.listed_ && !a.half_way_ && !a.here().was_dropped()) continue;
        if (line_up(a)) return standing::fired;
        naps_ = naps_ || a.half_way_;
      }
      if (const standing here = stand(may_sleep); here != standing::away) return here;
      if (arm* const stopped = first_stopped(); stopped != nullptr && end(*stopped, outcome::ok))
        return standing::fired;
      if (tries >= 3) {
        between_tries.pause();
        static_cast<void>(step_back(true));  // what was dropped meanwhile is looked at now: it must not count once more
      }
    }
  }

  /// Tries to step up. A coroutine that only a partner can wake falls asleep in the same step.
  standing stand(bool may_sleep) noexcept {
    if (naps_ && home() != nullptr) return standing::waits;
    const bool sleeps = may_sleep && !has(arm::kind::stop) && until_.is_forever();
    suspended_ = sleeps;
    if (step_up(sleeps)) return sleeps ? standing::sleeps : standing::waits;
    suspended_ = false;
    static_cast<void>(step_back(true));
    return standing::away;
  }

  void find_first_instant() noexcept {
    for (arm* const a : arms_) {
      if (!a->is(arm::kind::instant)) continue;
      const deadline due = a->due();
      if (due.when() < until_.when()) until_ = due;
    }
  }

  bool line_up(arm& a) noexcept {
    if (!a.here_) a.here_.emplace(static_cast<several&>(*this), a.number_);
    if (a.listed_) a.withdraw(a.here());
    for (;;) {
      static_cast<void>(a.here().was_dropped());
      const outcome at_first = a.enlist(a.here());
      a.listed_ = !is_final(at_first);
      if (!a.listed_) return end(a, at_first);
      a.stood_ = true;
      a.half_way_ = at_first == outcome::busy;
      if (at_first != outcome::look) return false;
      a.withdraw(a.here());
      a.listed_ = false;
      const outcome how = a.attempt();
      if (is_final(how)) return end(a, how);
    }
  }

  /// True: an arm has fired. Else it is away again, and has to line up.
  bool digest(outcome how) noexcept {
    if (how == outcome::timeout || how == outcome::pending) {
      goes_away();
      if (arm* const due = first_due()) return end(*due, outcome::ok);
      arm* const stopped = first_stopped();  // none: it was a nap
      return stopped != nullptr && end(*stopped, outcome::ok);
    }
    arm& a = with_number(number_of_place());
    if (how == outcome::stopped) {
      goes_away();
      return end(a, outcome::ok);
    }
    a.listed_ = false;
    if (how != outcome::look && !stays_) return end(a, how);
    // all others stand in line, and none of them has to be looked at again before long
    if (!goes_away() && !has(arm::kind::instant) && !naps_) only_ = &a;
    if (how != outcome::look) return end(a, how);
    const outcome now = a.attempt();
    return is_final(now) && end(a, now);
  }

  /// After an outcome, which one claim has brought about. True if there were more.
  bool goes_away() noexcept { return step_back() > 1; }

  /// Not inlined: a select without an instant would pay for it where it takes what is ready.
  [[gnu::noinline]] arm* first_due() const noexcept {
    arm* first = nullptr;
    for (arm* const a : arms_) {
      if (!a->is(arm::kind::instant) || !a->due().has_passed()) continue;
      if (first == nullptr || a->due().when() < first->due().when()) first = a;
    }
    return first;
  }

  arm& with_number(std::size_t number) const noexcept {
    for (arm* const a : arms_) {
      if (a->number_ == number) return *a;
    }
    return *arms_.front();
  }

  arm* first_stopped() const noexcept {
    if (!has(arm::kind::stop)) return nullptr;
    for (arm* const a : arms_) {
      if (a->is(arm::kind::stop) && a->stop()->stop_requested()) return a;
    }
    return nullptr;
  }

  bool end(arm& winner, outcome how) noexcept {
    fired_ = &winner;
    winner.fired_ = true;
    if (stays_) {
      if (std::exchange(winner.stood_, false)) winner.leave();
    } else {
      retreat();
    }
    winner.conclude(how);
    return true;
  }

  /// Leaves every line.
  void retreat() noexcept {
    for (arm* const a : arms_) leave(*a);
  }
  void leave(arm& a) noexcept {
    if (std::exchange(a.listed_, false)) a.withdraw(a.here());
    if (std::exchange(a.stood_, false)) a.leave();
  }

  // --- for a coroutine ---

  /// True if it sleeps, and is not ours to touch any more; false if it is over.
  bool sleep() {
    for (;;) {
      const standing here = line_up(true);
      if (here != standing::waits) return here == standing::sleeps;
      if (naps_) {  // others have their turn, and then we look again: a scheduler need not keep time
        pausing moment(rounds_);
        moment.pause();
        rounds_ = static_cast<std::uint8_t>(moment.rounds());
        suspended_ = true;
        home()->post(*this);
        return true;
      }
      listen();
      suspended_ = true;
      if (fall_asleep()) return true;
      suspended_ = false;
      fall_deaf();
      if (digest(written())) return false;
    }
  }

  static void go_on(run_item& posted) noexcept {
    auto& self = static_cast<selection&>(posted);
    self.suspended_ = false;
    self.fall_deaf();
    if (!self.digest(self.written()) && self.sleep()) return;
    self.coroutine_.resume();
  }

  void listen() {
    listen_for_stops();
    if (!until_.is_forever()) {
      by_time_.emplace(until_);
      by_time_->listen(*this, *home());
    }
  }
  void fall_deaf() noexcept {
    fall_deaf_to_stops();
    if (by_time_) by_time_->fall_deaf(*home());
  }

  // --- for both ---

  void listen_for_stops() noexcept {
    if (!has(arm::kind::stop)) return;
    for (arm* const a : arms_) {
      if (a->is(arm::kind::stop)) a->listen(*this, a->number_);
    }
  }
  /// Waits for those that are just being told.
  void fall_deaf_to_stops() noexcept {
    if (!has(arm::kind::stop)) return;
    for (arm* const a : arms_) {
      if (a->is(arm::kind::stop)) a->fall_deaf();
    }
  }

  std::span<arm*> arms_;
  arm* fired_ = nullptr;
  arm* only_ = nullptr;  // the only one that does not stand in its line, unless was_disturbed(); nullptr: nobody knows
  arm* otherwise_ = nullptr;
  deadline until_ = deadline::unlimited();
  std::coroutine_handle<> coroutine_;
  std::optional<by_time> by_time_;
  choice choice_;
  std::uint8_t traits_ = 0;  // of all arms
  std::uint8_t rounds_ = 0;  // how often a coroutine has paused
  bool naps_ = false;
  bool stays_ = false;
  bool suspended_ = false;
};

}  // namespace tandem::inline TANDEM_ABI::detail
