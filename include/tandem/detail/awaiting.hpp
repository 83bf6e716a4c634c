// tandem/detail/awaiting.hpp: how an operation is run for a coroutine that waits: the counterpart of operation.hpp.
//
// Contract   An awaiting<Operation> lies in the frame of the coroutine that awaits it. start() does the operation if it
//            can be done without waiting for anybody, and says so; else it has enlisted, will be posted to the
//            coroutine's scheduler when there is something to do, and **nothing of it may be touched any more** by the
//            thread that called start(): another may already be running the coroutine.
//            The coroutine is resumed by its scheduler. If it names none, on_the_spot() resumes it, within complete();
//            any other does so elsewhere. Never under a lock of the library's. Which outcome, if several could be, is
//            as for a thread (verbs.hpp).
//            Destroying a coroutine that waits is destroying its awaiting: the line is left, and a turn that was given
//            is passed on. It has to be done where its scheduler runs things, between two of them.
// Algorithm  start:   (attempt ->) enlist -> listen for a stop and a deadline -> fall asleep
//            What is over says so in the waiter's word, whoever has brought it about.
//            posted:  what did the partner write?
//                       look                   try, and if that fails enlist again, in the old place
//                       timeout, stopped       nobody had claimed us: withdraw, nothing has happened
//                       ok, closed, abandoned  done; the partner has unlinked us
//            A partner that completes us before we have fallen asleep posts nothing, and we go on at once.
//            Where enlisting is the last thing that has to be done (nobody but a partner can end the wait, and what the
//            partner writes is final), the waiter is suspended before it enlists: `settled`.
//            A slot that is half-way (`busy`, a few instructions from decided) is not waited for in line: we leave it,
//            give up the core for a moment (pausing.hpp), and post ourselves, to look again when others have had their
//            turn.
// Invariants At any time one of these holds: a thread is inside start() or go_on(); we are asleep, enlisted or claimed;
//            we are posted.
// Order      edges L and W as for a thread. What the coroutine does next happens after the suspension: fall_asleep
//            (release) -> complete (acquire), or, if it was suspended before it enlisted, edge L; and after the
//            completion, by the scheduler's edge from post to run.
// Cost       beside the operation's own: a read-modify-write to fall asleep, unless settled; a post. Memory: 80 bytes
//            if nothing but a partner can end the wait: what is to be run (16), the place in line (48), the channel,
//            the coroutine. They lie in the coroutine's frame, so each word counts, and none is kept twice.
// Tests      tests/awaitable.test.cpp, tests/model/coroutine.model.cpp
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <tandem/detail/deadline.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/detail/pausing.hpp>
#include <tandem/detail/scheduling.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// clang miscompiles await_suspend before version 18: it may keep in the coroutine's frame what await_suspend still
/// needs when another thread already runs, or has ended, the coroutine.
template <class>
inline constexpr bool is_compiled_right =
#if defined(__clang__) && !defined(__apple_build_version__)
    __clang_major__ >= 18;
#else
    true;
#endif

/// The scheduler that a coroutine's promise names; if it names none, whoever completes its operation runs it.
template <class Promise>
scheduler& scheduler_of(std::coroutine_handle<Promise> waiting) noexcept {
  if constexpr (requires { static_cast<scheduler&>(waiting.promise().scheduler()); }) {
    return waiting.promise().scheduler();
  } else {
    return on_the_spot();
  }
}

/// What can end a wait beside the partner.
struct by_partner {
  static constexpr bool alone = true;
  static constexpr bool is_stopped() noexcept { return false; }
  static constexpr bool is_late() noexcept { return false; }
  static void listen(waiter&, scheduler&) noexcept {}
  static void fall_deaf(scheduler&) noexcept {}
};

/// A stop request.
class by_stop {
 public:
  static constexpr bool alone = false;
  explicit by_stop(platform::stop_token stop) : token_(std::move(stop)) {}
  bool is_stopped() const noexcept { return token_.stop_requested(); }
  static constexpr bool is_late() noexcept { return false; }
  void listen(waiter& who, scheduler&) { callback_.emplace(token_, cancel{&who}); }
  void fall_deaf(scheduler&) noexcept { callback_.reset(); }

 private:
  struct cancel {
    waiter* who;
    void operator()() const noexcept { who->cancel(outcome::stopped); }
  };
  platform::stop_token token_;
  std::optional<platform::stop_callback<cancel>> callback_;
};

/// A deadline.
class by_time : private timer {
 public:
  static constexpr bool alone = false;
  explicit by_time(deadline until) noexcept
      : timer([](timer& t) noexcept { static_cast<by_time&>(t).who_->cancel(outcome::timeout); }), until_(until) {}
  static constexpr bool is_stopped() noexcept { return false; }
  bool is_late() const noexcept { return until_.has_passed(); }
  void listen(waiter& who, scheduler& where) noexcept {
    if (until_.is_forever()) return;
    who_ = &who;
    due = until_.when();
    where.start(*this);
  }
  void fall_deaf(scheduler& where) noexcept {
    if (who_ != nullptr) where.call_off(*this);
    who_ = nullptr;
  }

 private:
  deadline until_;
  waiter* who_ = nullptr;
};

/// Whichever comes first.
class by_time_or_stop {
 public:
  static constexpr bool alone = false;
  by_time_or_stop(deadline until, const platform::stop_token& stop) : time_(until), stop_(stop) {}
  bool is_stopped() const noexcept { return stop_.is_stopped(); }
  bool is_late() const noexcept { return time_.is_late(); }
  void listen(waiter& who, scheduler& where) {
    stop_.listen(who, where);
    time_.listen(who, where);
  }
  void fall_deaf(scheduler& where) noexcept {
    stop_.fall_deaf(where);
    time_.fall_deaf(where);
  }

 private:
  by_time time_;
  by_stop stop_;
};

// The channel of an operation, and where its message is: all that it consists of.
template <class Operation>
auto* channel_of(const Operation& op) noexcept {
  auto& [channel, message] = op;
  return std::addressof(channel);
}
template <class Operation>
auto* message_of(const Operation& op) noexcept {
  auto& [channel, message] = op;
  return message;
}

template <class Operation, class Limit>
class awaiting : private resumable<place> {
 public:
  template <class... Arguments>
  explicit awaiting(const Operation& op, const Arguments&... limit)
      : resumable(&go_on, platform::unset), channel_(detail::channel_of(op)), limit_(limit...) {
    slot = detail::message_of(op);
  }
  ~awaiting() { static_cast<void>(abandon()); }

  /// Does it, if it is worth trying before the coroutine is suspended.
  bool is_done_at_once() noexcept {
    if (limit_.is_stopped()) return is_over(outcome::stopped);
    return Operation::polls && is_over(op().attempt());
  }

  /// True: the coroutine is suspended. False: it is done.
  template <class Promise>
  bool start(std::coroutine_handle<Promise> coroutine) noexcept {
    static_assert(is_compiled_right<Promise>,
                  "tandem: this version of clang miscompiles coroutines: use clang 18 or later, or g++ 12 or later.");
    belongs_to(detail::scheduler_of(coroutine));
    if constexpr (Operation::settled && Limit::alone) {
      waits(firmness::suspended);
      suspended_ = coroutine;
      const outcome how = op().enlist(*this);
      if (how == outcome::pending) return true;
      suspended_ = nullptr;
      return !is_over(how);
    } else {
      waits(Limit::alone ? firmness::steadfast : firmness::revocable);
      return wait(coroutine);
    }
  }

  /// Once it is over.
  outcome how() const noexcept { return written(); }

  /// The coroutine is destroyed, perhaps while it waits. ok if the operation has been done, and nobody knows it yet.
  outcome abandon() noexcept { return suspended_ ? abandon_the_wait() : outcome::pending; }

 private:
  /// The message is where our place says: there is no need to keep that twice.
  Operation op() const noexcept {
    void* const message = slot;
    return {*channel_, static_cast<decltype(detail::message_of(std::declval<Operation>()))>(message)};
  }

  [[gnu::noinline]] outcome abandon_the_wait() noexcept {
    suspended_ = nullptr;
    limit_.fall_deaf(*home());
    // If it is in the line no more, whoever took it out has claimed it, and has posted it, or is about to. So has a
    // stop request, or a deadline, that found it in the line. And after `busy` it was posted without being in any line.
    const bool was_listed = op().withdraw(*this);
    if (!was_listed || written() != outcome::pending) home()->take_back(*this);
    op().leave();
    return written();
  }

  /// True if it sleeps, and is not ours to touch any more; false if it is over.
  [[gnu::noinline]] bool wait(std::coroutine_handle<> coroutine) noexcept {
    for (;;) {
      const outcome at_first = op().enlist(*this);
      if (is_over(at_first)) return false;
      if (at_first == outcome::pending) {
        limit_.listen(*this, *home());
        if (sleeps(coroutine)) return true;
      } else if (!op().withdraw(*this)) {
        // whoever took us out of the line has claimed us, and is about to complete us
        if (sleeps(coroutine)) return true;
      } else if (at_first == outcome::busy) {
        pausing moment(number);  // which nobody else needs: it is no part of several
        moment.pause();
        number = static_cast<std::uint16_t>(moment.rounds());
        suspended_ = coroutine;
        home()->post(*this);
        return true;
      }
      if (is_over()) return false;
    }
  }

  bool sleeps(std::coroutine_handle<> coroutine) noexcept {
    suspended_ = coroutine;
    if (fall_asleep()) return true;
    suspended_ = nullptr;
    return false;
  }

  /// Awake: whether what has been written ends it. If not, it has tried again, failed, and is ready to enlist.
  bool is_over() noexcept {
    limit_.fall_deaf(*home());
    const outcome said = written();
    if (said == outcome::timeout || said == outcome::stopped) op().withdraw(*this);
    if (said != outcome::look && said != outcome::pending) return end(said);
    rearm();
    if (is_over(op().attempt())) return true;
    if (limit_.is_stopped()) return end(outcome::stopped);
    return limit_.is_late() && end(outcome::timeout);
  }

  bool is_over(outcome how) noexcept { return (is_final(how) || how == outcome::stopped) && end(how); }

  bool end(outcome how) noexcept {
    if (ticket != 0) op().leave();  // it has stood in line
    conclude(how);
    return true;
  }

  static void go_on(run_item& posted) noexcept {
    auto& self = static_cast<awaiting&>(posted);
    const std::coroutine_handle<> coroutine = std::exchange(self.suspended_, nullptr);
    if constexpr (!(Operation::settled && Limit::alone)) {
      if (!self.is_over() && self.wait(coroutine)) return;
    }
    coroutine.resume();
  }

  decltype(detail::channel_of(std::declval<Operation>())) channel_;
  std::coroutine_handle<> suspended_;  // nobody, unless it is suspended
  [[no_unique_address]] Limit limit_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
