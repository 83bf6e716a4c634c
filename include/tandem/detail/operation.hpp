// tandem/detail/operation.hpp: how an operation that may have to wait is run: the one core under every plain, timed and
// cancellable variant of every primitive.
//
// Contract   run(op, until, stop) brings `op` to one of its outcomes. A stop requested before the call ends it before
//            it has tried anything; otherwise what can be done at once is done, whatever the deadline says.
//            `op` is one operation on one channel: an aggregate of a reference to the channel and a pointer to where
//            the message is, or shall be. It supplies what is particular to it:
//
//                outcome attempt()          do it if nobody has to be waited for; else refused; or busy: nobody can say
//                                           yet, since somebody is half-way through the step that decides
//                outcome enlist(place&)     do it now, or else stand in line, so that no partner comes between the last
//                                           look and the enlisting. pending: enlisted; look: enlisted, but something
//                                           has changed meanwhile, so leave and try again; busy: enlisted, but look
//                                           again before long, even if nobody says so; otherwise it is done
//                bool withdraw(place&)      leave the line; false if it was no longer in it
//                void leave()               called last by an operation that has stood in line, after it succeeded or
//                                           gave up: a turn that it was given and did not use is passed on here
//                version(self)              only for arms of a select: what changes whenever the operation may have
//                                           become possible; or undecided. If attempt() is refused between two calls
//                                           that say the same, it would have been at any time between the two. self:
//                                           the waiter who asks, whose own places do not count
//                outcome poll(deadline, b)  only if `polls`: try, and try again for as long as polling pays; for
//                                           channels where a thread can be served without standing in line. b: it
//                                           has been told to look
//                settled                    enlist() touches nothing of the operation, or the place, when it has let go
//                                           of the lock, and whoever completes it has done all there was to do
//
//            An awaited operation (awaiting.hpp) and an arm of a select (blend/select.hpp) are run by other loops than
//            this one, from the first four.
// Algorithm  (poll ->) enlist -> wait -> what did the partner write?
//                look                  somebody says that trying is worth it: once more from the start
//                timeout of a nap      a wait after busy is a nap: once more from the start
//                timeout, stopped      nobody had claimed us: withdraw, nothing has happened
//                ok, closed, abandoned done; the partner has unlinked us
// Order      none of its own.
// Tests      tests/waiter.test.cpp, tests/verbs.test.cpp, tests/model/waiter.model.cpp
#pragma once

#include <chrono>
#include <cstdint>

#include <tandem/detail/backoff.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/pausing.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// No version: see above.
inline constexpr std::uint64_t undecided = 0;

/// What a cancellable wait has to be told: nullptr, or a token that may ask it to stop.
using stop_request = const platform::stop_token*;

/// Waits for `me` to be completed; a stop request completes it too.
template <bool Polled>
outcome wait_or_stop(waiter& me, deadline until, stop_request stop) {
  const auto wait = [&] { return Polled ? me.sleep(until) : me.wait(until); };
  if (stop == nullptr) return wait();
  // The callback may run in this very constructor, and its destructor waits for one that is running: it takes no lock
  // and we hold none.
  const auto cancel = [&me]() noexcept { me.cancel(outcome::stopped); };
  const platform::stop_callback<decltype(cancel)> on_stop(*stop, cancel);
  return wait();
}

/// Makes sure that nobody knows `here` any longer, after enlist() said that there is something to look at.
template <class Operation>
void step_out(Operation& op, place& here) {
  // whoever took us out of the line has claimed us, for nobody else could, and is about to complete us
  if (!op.withdraw(here)) static_cast<void>(here.wait(deadline::unlimited()));
}

constexpr bool is_final(outcome how) noexcept {
  return how == outcome::ok || how == outcome::closed || how == outcome::abandoned;
}

/// The end of a nap, no later than `until`. Naps are rare (a thread was preempted within a few instructions), and
/// somebody usually ends them early.
inline deadline nap(deadline until) noexcept {
  const deadline end = deadline::after(std::chrono::milliseconds(1));
  return end.when() < until.when() ? end : until;
}

/// What runs while an operation waits, on one cache line: a partner fetches it once.
struct alignas(platform::cache_line) blocked : place {};

/// pending: it has to stand in line. One who was woken for nothing gives up here, if it is time.
template <class Operation>
outcome poll(Operation& op, deadline until, stop_request stop, bool again) {
  const outcome how = op.poll(until, again);
  if (is_final(how)) return how;
  if (again && stop != nullptr && stop->stop_requested()) return outcome::stopped;
  if (again && until.has_passed()) return outcome::timeout;
  return outcome::pending;
}

template <class Operation>
[[gnu::noinline]] outcome run_waiting(Operation& op, deadline until, stop_request stop) {
  blocked here;
  // only a polling operation naps, which is a deadline of its own
  const bool steadfast = !Operation::polls && until.is_forever() && stop == nullptr;
  here.waits(steadfast ? firmness::steadfast : firmness::revocable);
  for (bool stood_in_line = false;; stood_in_line = true) {
    if constexpr (Operation::polls) {
      const outcome polled = detail::poll(op, until, stop, stood_in_line);
      if (polled != outcome::pending) {
        if (stood_in_line) op.leave();
        return polled;
      }
    }
    outcome how = op.enlist(here);
    if (how == outcome::look) {
      detail::step_out(op, here);
    } else {
      if (how == outcome::pending || how == outcome::busy) {
        if (until.is_forever()) about_to_block();
        const deadline end = how == outcome::busy ? nap(until) : until;
        how = detail::wait_or_stop<Operation::polls>(here, end, stop);
        if (how == outcome::timeout || how == outcome::stopped) op.withdraw(here);
        if (how == outcome::timeout && !until.has_passed()) how = outcome::look;
        stood_in_line = true;
      }
      if (how != outcome::look) {
        if (stood_in_line) op.leave();
        return how;
      }
    }
    here.rearm();
  }
}

/// Until `decided` is true, which somebody who is half-way through a step keeps it from: that is a matter of
/// nanoseconds, unless such a thread was preempted; then we nap.
template <class Decided>
void until_decided(const Decided& decided) {
  auto& learned = platform::per_thread<patience>();
  pausing nap = pausing::without_yields();
  while (!backoff::await(decided, deadline::unlimited(), learned)) nap.pause();
}

template <class Operation>
outcome try_now(Operation& op) {
  if constexpr (!Operation::polls) {
    return op.attempt();
  } else {
    outcome how = outcome::busy;
    detail::until_decided([&] {
      how = op.attempt();
      return how != outcome::busy;
    });
    return how;
  }
}

template <class Operation>
outcome run(Operation op, deadline until, stop_request stop) {
  if (stop != nullptr && stop->stop_requested()) return outcome::stopped;
  if (until.is_at_once()) return detail::try_now(op);
  return detail::run_waiting(op, until, stop);
}

}  // namespace tandem::inline TANDEM_ABI::detail
