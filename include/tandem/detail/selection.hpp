// tandem/detail/selection.hpp: one wait in several places: the core of every select.
//
// Contract   A selection has arms, each an operation on one channel, a time, or a stop request. run() for a thread, and
//            start() for a coroutine, end with exactly one of them fired: fired() says which, and its outcome is in it.
//            No other has done anything: what it would have sent is untouched, what it would have received is still
//            there, and no turn that it was given is lost.
//            An arm that is ready is taken at once; of several that are ready each has the same chance, or, in_order,
//            the first is taken. A stop that was requested before comes before all. An instant that has come is taken
//            only if at one instant no channel was ready (in_order: none of those before it), `otherwise` only if
//            besides no instant had come, and a limit only if there is no `otherwise`. But a tick has the same chance
//            as a channel, unless in_order; and no time, a limit included, waits for somebody who is half-way, nor
//            until others come to rest, as `otherwise` does.
//            A selection that `stays` leaves its places in their lists when it has fired, and finds them there when it
//            is run again: what has changed meanwhile it is told (see waiter.hpp, several).
// Algorithm  One waiter, a place per arm.
//
//                  begin      try each arm that is to be looked at, in random order
//                    |
//                  line_up    stand in line at each of them; whoever finds us meanwhile drops our place
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
//
//            Each arm is in one state:
//
//                to be looked at        fresh  --------enlist------->  in_line    stands in line, and nothing has
//                                         ^                              |  ^     happened there
//                                       leave                      dropped  enlist
//                                         |                              v  |
//                to be looked at          +---------------------------  told      stands in no line any more, and may
//                                                                        |  ^     have been given a turn
//                                                            enlist: busy,  withdraw
//                                                            or: look    v  |
//                to be looked at                                       half_way   stands in line, but must look again
//
//                aside                  a time, a stop, otherwise: has no line
//                off                    left out
//
//            So what is looked at, and what stands in line anew, is what has changed since; arms are found by the
//            numbers of their places; and stops and times are looked for among those aside (arms_by_state.hpp). (A
//            tick that has its turn is `fresh` for ever: it is looked at whenever the channels are.)
//            An arm that is half-way (`busy`) cannot say when to look again. A thread naps in line; a coroutine stays
//            away, gives up the core for a moment (pausing.hpp), and posts itself, since its scheduler need not keep
//            time.
//
//            That nothing is ready (settle) cannot be said by looking at one channel after the other: the first may
//            get a message just before the last is emptied. Nor by standing in all lines: a sender's message is there
//            for all to see before the sender comes to look who waits. So each arm says a version of its channel, which
//            changes whenever it may have become ready: it is read, the arm is tried, and refused; and then a whole
//            round finds all versions as they were. At the beginning of that round no arm was ready. For each had been
//            refused before it, and became ready neither between its first version and that, nor after. (A channel at
//            which a select lines up has no version: it may be there, or not yet. Then nobody can say, and looks again;
//            after a while we stand in line there, which drops it.) A stop that came meanwhile goes first.
// Invariants 1. Between begin and step_up, and between an outcome and the next step_up, the waiter is away. (One that
//               is over, and does not stay, keeps its outcome: nobody can claim that, either.)
//            2. When step_up succeeds each channel's arm stands in its line; whoever makes it ready drops its place.
//            3. After retreat no list holds a place of ours, unless we stay.
//            4. A place that was dropped stands in line again only when take_told() has found it in the stack.
// Progress   As its arms. Two selections that look for each other at the same time may each drop the other's place and
//            have to look again: of two one at least succeeds as soon as it is quicker by one compare-exchange, and
//            after a few times each yields. settle goes on for as long as others change what it looks at, unless a time
//            has come; two that settle may change it for each other, so it is obstruction-free only.
// Order      edges P, S and W of the waiter, L of the channels' locks. What makes a channel ready, or no longer so, is
//            written with release, and attempt() reads it with acquire; so who was refused since somebody took what was
//            there sees all that this one has seen, for instance a change of another channel's version.
// Cost       ready at once: the arms tried until then. Else a lock per arm to stand in line, one per arm to leave; if
//            it stays, one for each arm that fired or was dropped. That nothing is ready: three looks at each arm.
// Source     [pcml-2009]; trying all, then standing in line, then looking once more: [go-chan]
// Tests      tests/select.test.cpp, tests/selector.test.cpp, tests/model/select.model.cpp,
//            tests/stress/select.stress.cpp
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <tandem/detail/arm.hpp>
#include <tandem/detail/arms_by_state.hpp>
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

class selection : private resumable<several> {
  using state = arm::state;
  using kind = arm::kind;
  // no using enum: g++ 12 takes ill to it in a template
  static constexpr auto to_look_at = arms_by_state::to_look_at;
  static constexpr auto lined_up = arms_by_state::lined_up;
  static constexpr auto aside = arms_by_state::aside;

 public:
  static constexpr std::size_t most_arms = 65'533;  // besides the limits
  static constexpr std::size_t few = 8;             // more than these are not looked at for nothing

  /// The arms stay where they are until the selection goes.
  selection(std::span<numbered_arm> arms, choice how) noexcept
      : resumable<several>(&go_on), arms_(arms, how, [this](arm& a) noexcept {
          a.here_.reset();
          if (a.has_fired_) prepare(a);
          traits_ |= a.traits_;
        }) {
    demand(arms.size() <= most_arms + 2, "a select has 65,533 arms at most");
    go_away();
    if (!has(arm::one_is_shared)) waits(firmness::several_here);
  }
  ~selection() {
    abandon();
    if (stays_ || fired_ == nullptr) retreat();
  }

  /// Leaves its places in the lists when it has fired.
  void stays() noexcept { stays_ = true; }

  /// Blocks; the number of the arm that fired.
  std::size_t run() {
    belongs_to_a_thread();
    if (!begin()) {
      demand(!has(arm::one_is_confined) || !is_confined(),
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
    return fired();
  }

  /// The same, if an arm is ready: then it has fired. False: none is.
  bool try_run() { return is_fired_at_first() || settle(); }

  /// An arm is left out from now on, or taken in again. Not while it waits.
  void switch_on(arm& one, bool whether) noexcept {
    if (one.is_left_out() != whether) return;
    if (!whether) leave(one);
    one.switch_on(whether);
    arms_.put(one, arms_.first_state(one));
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
    if (suspended_) give_up();
  }

  /// Whether one of those that are not left out is at a channel.
  bool has_a_channel() const noexcept {
    for (std::size_t i = 0; i < arms_.end_of(lined_up); ++i) {
      if (arms_.at(i).is_channel()) return true;
    }
    return false;
  }

  std::size_t fired() const noexcept { return fired_->number_ - 1U; }
  void finish() { fired_->finish(); }

 private:
  /// What is true of one of the arms, at least, that it has.
  bool has(std::uint8_t trait) const noexcept { return (traits_ & trait) != 0; }

  // --- what fires ---

  /// True: an arm has fired.
  bool begin() {
    if (is_fired_at_first()) return true;
    if (has(arm::one_is_last_resort) && last_resort() != nullptr) return settle();
    if (has(arm::one_tries_first) && try_all()) return true;
    demand(may_fire(), "a select in which no arm can ever fire would wait for ever");
    return false;
  }

  /// Gets ready. True: a stop was requested before.
  bool is_fired_at_first() noexcept {
    if (fired_ != nullptr) prepare(*std::exchange(fired_, nullptr));
    rounds_ = 0;
    until_ = deadline::unlimited();
    if (was_disturbed()) take_told();
    return is_stopped();
  }
  bool is_stopped() noexcept {
    arm* const stopped = has(arm::one_is_stop) ? first_aside(kind::stop) : nullptr;
    return stopped != nullptr && end(*stopped, outcome::ok);
  }

  /// True: an arm was ready; or else there was a last resort.
  [[gnu::noinline]] bool settle() {
    for (std::size_t i = 0; i < arms_.end_of(lined_up); ++i) arms_.at(i).seen_ = undecided;
    bool insists = false;
    const auto is_known = [&] { return is_stopped() || finds_all_as_it_was(insists); };
    bool known = is_known() || is_known();  // which is all, unless somebody comes in between
    for (int looks = 2 + platform::short_poll(); !known && looks > 0; --looks) {
      platform::spin_hint();
      known = is_known();
    }
    // a time is no time if it waits for one who is half-way, or for others to come to rest
    if (!known && first_due() == nullptr) known = wait_until(is_known, insists);
    if (fired_ != nullptr || is_stopped()) return true;
    arm* const last = known ? last_resort() : first_due();
    return last != nullptr && end(*last, outcome::ok);
  }
  /// False: a time has come first.
  template <class Known>
  bool wait_until(const Known& is_known, bool& insists) {
    const auto one_look_finds_it = [&] { return is_known() || is_known() || is_known(); };
    pausing between_tries;
    auto& learned = platform::per_thread<patience>();
    bool known = false;
    while (!(known = backoff::await(one_look_finds_it, deadline::unlimited(), learned)) && first_due() == nullptr) {
      between_tries.pause();
      insists = true;
    }
    if (fired_ == nullptr) take_told();  // it lines up no longer, whether it did before or not
    return known;
  }

  /// One look at all. True: an arm has fired; or when it began, none was ready.
  bool finds_all_as_it_was(bool insists) noexcept {
    bool as_it_was = true;
    if (arms_.are_in_order()) {
      for (std::size_t number = 1; number <= arms_.size(); ++number) {
        arm& a = arms_.numbered(number);
        if (a.is_left_out()) continue;
        if (a.is_time() && a.kind_ != kind::limit && a.due().has_passed()) return as_it_was && end(a, outcome::ok);
        if (a.is_channel() && !look_again(a, insists, as_it_was)) return true;
      }
      return as_it_was;
    }
    std::uint32_t random = 0;
    for (std::size_t i = arms_.end_of(to_look_at); i-- > 0;) {
      if (!look_again(arms_.next(i, random), insists, as_it_was)) return true;
    }
    for (std::size_t i = arms_.end_of(to_look_at); i < arms_.end_of(lined_up); ++i) {
      if (!look_again(arms_.at(i), insists, as_it_was)) return true;
    }
    return as_it_was;
  }
  /// False: an arm has fired.
  bool look_again(arm& a, bool insists, bool& as_it_was) noexcept {
    if (!a.is_channel()) return !is_fired_now(a);
    const std::uint64_t version = a.version(*this);
    if (version != undecided && version == a.seen_) return true;
    as_it_was = false;
    a.seen_ = version;
    const outcome how = a.attempt();
    if (is_final(how)) return !end(a, how);
    if (how == outcome::busy) a.seen_ = undecided;
    return !insists || a.seen_ != undecided || !line_up(a);
  }

  bool is_fired_now(arm& a) noexcept {
    const outcome how = a.attempt();
    return is_final(how) && end(a, how);
  }

  /// Whether an arm that is not off is at a channel of one thread.
  bool is_confined() const noexcept {
    for (std::size_t i = 0; i < arms_.end_of(lined_up); ++i) {
      if ((arms_.at(i).traits_ & arm::one_is_confined) != 0) return true;
    }
    return false;
  }
  /// Without channels: whether anything could ever end the wait.
  bool may_fire() const noexcept {
    for (std::size_t i = 0; i < arms_.end_of(aside); ++i) {
      const arm& a = arms_.at(i);
      if (a.is_channel() || (a.is_time() && !a.due().is_forever())) return true;
      if (a.kind_ == kind::stop && a.stop()->stop_possible()) return true;
    }
    return false;
  }

  /// True: an arm has fired. One that stays does not look at many for nothing each time: at those it stands in line.
  bool try_all() noexcept {
    arms_.sort();
    std::uint32_t random = 0;
    const std::size_t end = arms_.end_of(to_look_at);
    for (std::size_t i = end; i-- > 0;) {
      arm& a = arms_.next(i, random);
      step_out(a);
      if (is_fired_now(a)) return true;
      if (stays_ && end - i > few && a.is_channel() && line_up(a)) return true;
    }
    return false;
  }

  /// Where a selection is that has lined up: an arm has fired instead; it waits; it sleeps, and is not ours to touch;
  /// or it has to look again, and is away.
  enum class standing : std::uint8_t { fired, waits, sleeps, away };

  /// Stands in every line, so that everybody can see it; may fall asleep, if that is all there is to do. A coroutine
  /// that would have to nap stays away.
  standing line_up(bool may_sleep) {
    std::uint32_t random = 0;
    pausing between_tries;
    for (unsigned tries = 0;; ++tries) {
      find_first_instant();
      arms_.sort();
      for (std::size_t i = arms_.end_of(to_look_at); i-- > 0;) {
        arm& a = tries == 0 && !has(arm::one_tries_first) ? arms_.next(i, random) : arms_.at(i);
        if (a.is_channel() && line_up(a)) return standing::fired;
      }
      if (const standing here = stand(may_sleep); here != standing::away) return here;
      if (is_stopped()) return standing::fired;
      if (tries >= 3) {
        between_tries.pause();
        take_told(true);  // what was dropped meanwhile is looked at now: it must not count once more
      }
    }
  }

  /// Tries to step up. A coroutine that only a partner can wake falls asleep in the same step.
  standing stand(bool may_sleep) noexcept {
    naps_ = false;
    for (const numbered_arm& n : arms_.those(to_look_at)) {
      const arm& a = *n.at_place;
      if (a.is_channel() && a.state_ != state::half_way) return standing::away;
      naps_ = naps_ || a.is_channel();
    }
    if (naps_ && home() != nullptr) return standing::waits;
    const bool sleeps = may_sleep && until_.is_forever() && !has_stops();
    suspended_ = sleeps;
    if (step_up(sleeps)) return sleeps ? standing::sleeps : standing::waits;
    suspended_ = false;
    take_told(true);
    return standing::away;
  }

  /// True: it has fired.
  bool line_up(arm& a) noexcept {
    for (;;) {
      step_out(a);
      if (!a.here_) a.here_.emplace(static_cast<several&>(*this), a.number_);
      const outcome how = a.enlist(a.here());
      if (is_final(how)) return end(a, how);
      arms_.put(a, how == outcome::pending ? state::in_line : state::half_way);
      if (how != outcome::look) return false;
      step_out(a);
      if (is_fired_now(a)) return true;
    }
  }

  /// Out of its line, if it stands in one.
  void step_out(arm& a) noexcept {
    if (!a.stands_in_line()) return;
    if (!a.withdraw(a.here())) take_told(true);  // it was dropped: invariant 4
    arms_.put(a, state::told);
  }

  /// True: an arm has fired. Else it is away again, and has to line up.
  bool digest(outcome how) {
    arm* const told = goes_away(how);
    if (told == nullptr) {
      if (is_stopped()) return true;
      return first_due() != nullptr && settle();  // none is due: it was a nap
    }
    return how == outcome::look ? is_fired_now(*told) : end(*told, how);
  }

  /// After an outcome. The arm at whose place the wait has ended, if it has ended at one. A selection that is over, and
  /// does not stay, need not know what was dropped: it leaves each line, under the lock of whoever drops it there.
  arm* goes_away(outcome how) noexcept {
    const bool at_a_place = how == outcome::look || is_final(how);
    if (stays_ || !is_final(how)) take_told(false, at_a_place ? 1 : 0);
    if (!at_a_place) return nullptr;
    arm& told = arms_.numbered(number_of_place());
    arms_.put(told, state::told);
    return &told;
  }

  /// Away again: those whose places were dropped are to be looked at. Of the claims, so many did not fail.
  void take_told(bool again = false, std::uint32_t claims = 0) noexcept {
    to_come_ += static_cast<std::int32_t>(step_back(again) - claims);
    if (to_come_ <= 0) return;
    // who has failed to claim it may have yet to say through which place
    const auto all_have_come = [this] {
      for (std::uint16_t number = dropped(); number != 0; number = arms_.numbered(number).here().dropped_before) {
        --to_come_;
        if (arm& a = arms_.numbered(number); a.stands_in_line()) arms_.put(a, state::told);
      }
      return to_come_ <= 0;
    };
    if (!all_have_come()) detail::until_decided(all_have_come);
  }

  bool end(arm& winner, outcome how) noexcept {
    winner.is_over_ = winner.is_its_end(how);
    let_go(winner);
    conclude(winner, how);
    return true;
  }
  /// Leaves every line; or, if it stays, that of the one with which it is over.
  void let_go(arm& winner) noexcept {
    if (!stays_) return retreat();
    leave(winner);
    if (const state begins = arms_.first_state(winner); winner.state_ != begins) arms_.put(winner, begins);
  }
  static void prepare(arm& a) noexcept {
    a.has_fired_ = false;
    a.prepare();
  }
  void conclude(arm& winner, outcome how) noexcept {
    fired_ = &winner;
    winner.has_fired_ = true;
    winner.conclude(how);
  }

  /// Leaves every line, for good.
  void retreat() noexcept {
    for (std::size_t i = 0; i < arms_.end_of(lined_up); ++i) leave(arms_.at(i));
  }
  /// Its place may be among those dropped, of which we have not been told: then it will be found not to stand in line.
  static void leave(arm& a) noexcept {
    if (a.stands_in_line()) {
      a.withdraw(a.here());
    } else if (a.state_ != state::told) {
      return;
    }
    a.leave();
  }

  // --- those aside ---

  /// Of stops: one that was requested.
  arm* first_aside(kind what) const noexcept {
    for (const numbered_arm& n : arms_.those(aside)) {
      arm* const a = n.at_place;
      if (a->kind_ == what && (what != kind::stop || a->stop()->stop_requested())) return a;
    }
    return nullptr;
  }
  template <class F>
  void for_each_time(const F& f) const noexcept {
    if (!has(arm::one_is_time)) return;
    const auto look_at = [&f](std::span<numbered_arm> arms) {
      for (const numbered_arm& n : arms) {
        if (n.at_place->is_time()) f(*n.at_place);
      }
    };
    look_at(arms_.those(to_look_at));
    look_at(arms_.those(aside));
  }
  void find_first_instant() noexcept {
    for_each_time([this](const arm& a) {
      if (a.due().when() < until_.when()) until_ = a.due();
    });
  }
  /// Of the times that have come: the earliest, or, in_order, the first; the limit only if there is no other.
  arm* first_due() const noexcept {
    arm* first = nullptr;
    for_each_time([this, &first](arm& a) {
      if (!a.due().has_passed()) return;
      if (first == nullptr || (arms_.are_in_order() ? a.number_ < first->number_ : a.comes_before(*first))) first = &a;
    });
    return first;
  }
  /// What to take if no channel is ready, if there is something.
  arm* last_resort() const noexcept {
    arm* const due = first_due();
    if (due != nullptr && due->kind_ != kind::limit) return due;
    arm* const otherwise = first_aside(kind::otherwise);
    return otherwise != nullptr ? otherwise : due;
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

  [[gnu::noinline]] void give_up() noexcept {
    suspended_ = false;
    fall_deaf();
    outcome how = outcome::stopped;
    if (!claim()) {
      // whoever has claimed it has posted it, or is about to; or it has itself, to look again
      home()->take_back(*this);
      how = written();
    }
    arm* const told = goes_away(how);
    if (told == nullptr) return;
    // a turn that it was given is passed on: now, or when we are destroyed
    if (stays_ || how != outcome::look) let_go(*told);
    // what came goes with the arm, or when the arm is used again; what nobody was told, a closed channel says again
    if (how != outcome::look) conclude(*told, how);
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
    for_each_stop([this](arm& a) { a.listen(*this); });
  }
  /// Waits for those that are just being told.
  void fall_deaf_to_stops() noexcept {
    for_each_stop([](arm& a) { a.fall_deaf(); });
  }
  bool has_stops() const noexcept {
    bool any = false;
    for_each_stop([&any](const arm&) { any = true; });
    return any;
  }
  template <class F>
  void for_each_stop(const F& f) const noexcept {
    for (const numbered_arm& n : arms_.those(aside)) {
      if (n.at_place->kind_ == kind::stop) f(*n.at_place);
    }
  }

  std::uint8_t traits_ = 0;  // of all arms, also of those that are off
  arms_by_state arms_;
  arm* fired_ = nullptr;
  deadline until_ = deadline::unlimited();
  std::coroutine_handle<> coroutine_;
  std::optional<by_time> by_time_;
  std::int32_t to_come_ = 0;  // so many more have failed to claim it than places have been found dropped
  bool stays_ = false;
  bool naps_ = false;
  bool suspended_ = false;
  std::uint8_t rounds_ = 0;  // how often a coroutine has paused
};

}  // namespace tandem::inline TANDEM_ABI::detail
