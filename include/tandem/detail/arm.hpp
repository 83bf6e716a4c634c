// tandem/detail/arm.hpp: one thing that a select waits for.
//
// Contract   An arm is an operation on a channel, an instant, a stop, or what to do if nothing is ready. It says how it
//            is tried, stood in line for and left, as an operation does (operation.hpp has the exact words: attempt,
//            enlist, withdraw, leave, version), and what is done when it has fired. It knows nothing of the others.
//            A selection (selection.hpp) gives it a number and a state while it has it; an arm is moved only while none
//            does.
//              only_if(false)   it is left out, and does not fire
//              until_closed()   when it has fired and can bring nothing more (its channel is closed; its future has
//                               been got, or abandoned), it leaves itself out from then on
// Algorithm  none: what a selection keeps of each arm lies in the arm.
// Tests      tests/select.test.cpp, tests/selector.test.cpp
#pragma once

#include <cstdint>
#include <optional>

#include <tandem/detail/deadline.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// One thing that a selection waits for. It may be moved while no selection has it.
class arm {
 public:
  /// An operation on a channel, or what looks like one; an instant; an instant of a row, which has its turn; an instant
  /// that limits all others; a stop; what to do if nothing is ready.
  enum class kind : std::uint8_t { channel, instant, tick, limit, stop, otherwise };

  arm& operator=(arm&&) = delete;

  // as in operation.hpp
  virtual outcome attempt() noexcept { return outcome::refused; }
  virtual outcome enlist(place&) noexcept { return outcome::pending; }
  virtual bool withdraw(place&) noexcept { return true; }
  virtual void leave() noexcept {}
  virtual std::uint64_t version(const waiter& /*self*/) noexcept { return undecided; }

  /// For an instant: when.
  virtual deadline due() const noexcept { return deadline::unlimited(); }
  /// For a stop: of whom.
  virtual stop_request stop() const noexcept { return nullptr; }
  /// For a stop: from now on it ends the wait of `who`; no longer.
  virtual void listen(waiter& /*who*/) noexcept {}
  virtual void fall_deaf() noexcept {}

  /// It has fired: takes note how. Nothing of the user's is run here.
  virtual void conclude(outcome how) noexcept = 0;
  /// It has fired, and the selection is over: what the user wants to be done.
  virtual void finish() {}
  /// It has fired before, and is to be used again.
  virtual void prepare() noexcept {}

  /// Off: it does not fire. Not while a selection has it, which has a switch_on of its own.
  void leave_out_unless(bool condition) noexcept { is_on_ = condition; }
  /// The same; and one that has left itself out is taken in again.
  void switch_on(bool whether) noexcept {
    is_on_ = whether;
    is_over_ = is_over_ && !whether;
  }

 protected:
  /// At a channel. tries_first: trying is cheaper than standing in line. confined: only one thread can do anything
  /// there.
  arm(bool tries_first, bool confined) noexcept
      : kind_(kind::channel),
        traits_(static_cast<std::uint8_t>((tries_first ? one_tries_first : 0U) |
                                          (confined ? one_is_confined : one_is_shared))) {}
  /// Anything else.
  explicit arm(kind what) noexcept
      : kind_(what),
        traits_(what == kind::otherwise ? one_is_last_resort
                : what == kind::stop    ? one_is_shared | one_is_stop
                                        : one_is_shared | one_is_time | one_is_last_resort) {}
  arm(arm&& other) noexcept
      : kind_(other.kind_),
        traits_(other.traits_),
        is_on_(other.is_on_),
        is_over_(other.is_over_),
        end_(other.end_),
        has_fired_(other.has_fired_) {}
  virtual ~arm() = default;  // for -Wnon-virtual-dtor alone: whoever has an arm knows its type

  /// When it leaves itself out: never; when it has fired with anything but ok; when it has fired.
  enum class end : std::uint8_t { never, unless_ok, always };
  void ends_with(end what) noexcept { end_ = what; }

 private:
  friend class arms_by_state;
  friend class selection;
  enum class state : std::uint8_t { fresh, told, half_way, in_line, aside, off };

  bool is_channel() const noexcept { return kind_ == kind::channel; }
  bool is_time() const noexcept { return kind_ == kind::instant || kind_ == kind::tick || kind_ == kind::limit; }
  /// Of two times that have come.
  bool comes_before(const arm& other) const noexcept {
    if ((kind_ == kind::limit) != (other.kind_ == kind::limit)) return other.kind_ == kind::limit;
    return due().when() < other.due().when();
  }
  bool is_left_out() const noexcept { return !is_on_ || is_over_; }
  bool is_its_end(outcome how) const noexcept {
    return end_ == end::always || (end_ == end::unless_ok && how != outcome::ok);
  }
  bool stands_in_line() const noexcept { return state_ == state::half_way || state_ == state::in_line; }
  /// Precondition: it has stood in line.
  part& here() noexcept { return *here_; }  // NOLINT(bugprone-unchecked-optional-access)

  // of several, what is true of one of them at least
  static constexpr std::uint8_t one_tries_first = 1;
  static constexpr std::uint8_t one_is_time = 2;
  static constexpr std::uint8_t one_is_confined = 4;
  static constexpr std::uint8_t one_is_shared = 8;
  static constexpr std::uint8_t one_is_stop = 16;
  static constexpr std::uint8_t one_is_last_resort = 32;

  kind kind_;
  std::uint8_t traits_;
  bool is_on_ : 1 = true;
  bool is_over_ : 1 = false;  // it has left itself out
  end end_ : 2 = end::never;
  bool has_fired_ : 1 = false;  // and keeps what came
  state state_ = state::fresh;
  std::uint16_t number_ = 0;  // from 1 on
  std::uint16_t at_ = 0;      // where it is in the order of its selection
  std::uint64_t seen_ = 0;    // the version that was not ready
  std::optional<part> here_;
};

/// What all arms have for those who use them.
template <class Self, class Base = arm>
class arm_of : public Base {
 public:
  /// Leaves the arm out, or not.
  Self&& only_if(bool whether) && noexcept {
    this->leave_out_unless(whether);
    return static_cast<Self&&>(*this);
  }
  Self& only_if(bool whether) & noexcept {
    this->leave_out_unless(whether);
    return static_cast<Self&>(*this);
  }

 protected:
  using Base::Base;
  arm_of(arm_of&&) noexcept = default;
  ~arm_of() override = default;
};

/// What all arms at channels have. One that `gives_once` is over as soon as it has fired.
template <class Self, bool gives_once = false>
class channel_arm_of : public arm_of<Self> {
  static constexpr arm::end its_end = gives_once ? arm::end::always : arm::end::unless_ok;

 public:
  /// Leaves itself out when it has fired and can bring nothing more.
  Self&& until_closed() && noexcept {
    this->ends_with(its_end);
    return static_cast<Self&&>(*this);
  }
  Self& until_closed() & noexcept {
    this->ends_with(its_end);
    return static_cast<Self&>(*this);
  }

 protected:
  channel_arm_of(bool tries_first, bool confined) noexcept : arm_of<Self>(tries_first, confined) {}
  channel_arm_of(channel_arm_of&&) noexcept = default;
  ~channel_arm_of() override = default;
};

/// What an arm does that was given no function.
struct nothing_more {
  template <class... T>
  constexpr void operator()(T&&...) const noexcept {}
};

}  // namespace tandem::inline TANDEM_ABI::detail
