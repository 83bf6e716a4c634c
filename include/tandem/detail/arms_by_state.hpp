// tandem/detail/arms_by_state.hpp: the arms of a selection, found by number, and by what is to be done with each.
//
// Contract   Each arm has a number, from 1 on, which stays, and a state, which put() changes. Those in states that are
//            dealt with together lie together: those(segment).
// Algorithm  One row, in four segments:
//
//                | to_look_at               | lined_up | aside | left_out |
//                  fresh, told, half_way      in_line    aside   off
//
//            An arm goes from one segment to another by changing places with the one at each border on the way. Which
//            places arms have within a segment means nothing: a selection shuffles those that it looks at, and sorts
//            them if it is in_order.
// Invariants 1. at(i).at_ == i, and every arm is at one place.
//            2. Each segment has the arms whose state_ says so, and no others.
// Cost       put: a swap for each border; an arm is found by its number at once.
// Tests      tests/select.test.cpp, tests/selector.test.cpp
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <tandem/detail/arm.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// Random numbers: uniform, not unpredictable. The upper halves of xorshift64 with the shifts 13, 7 and 17.
class dice {
 public:
  std::uint32_t roll() noexcept {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::uint32_t>(state_ >> 32U);
  }
  /// Uniform, up to `last`. `left` is what is left of a roll: it does for four numbers.
  static std::size_t number_up_to(std::size_t last, std::uint32_t& left) noexcept {
    if (last == 0) return 0;
    if (last % 4 == 3 || left == 0) left = platform::per_thread<dice>().roll();
    // the upper half of the product is the number; the lower half is as good as a roll
    const std::uint64_t product = std::uint64_t{left} * (last + 1);
    left = static_cast<std::uint32_t>(product);
    return static_cast<std::uint32_t>(product >> 32U);
  }

 private:
  std::uint64_t state_ = 0x2545F4914F6CDD1D;
};

/// Of several arms that are ready: any, or the first.
enum class choice : bool { random, in_order };

/// Two arrays in one: the arms by their numbers, and in the order in which a selection has them.
struct numbered_arm {
  // NOLINTNEXTLINE(google-explicit-constructor): a row of arms is a row of these
  numbered_arm(arm* a = nullptr) noexcept : of_number(a) {}
  arm* of_number;
  arm* at_place = nullptr;
};

class arms_by_state {
 public:
  using state = arm::state;
  enum segment : std::uint8_t { to_look_at, lined_up, aside, left_out };

  /// begin(arm&) is called for each, before it is asked in which state it begins.
  template <class Begin>
  arms_by_state(std::span<numbered_arm> arms, choice how, const Begin& begin) noexcept : arms_(arms), choice_(how) {
    std::size_t end = 0;
    for (std::size_t number = size(); number > 0; --number) {
      arm& a = numbered(number);
      begin(a);
      a.number_ = static_cast<std::uint16_t>(number);
      a.state_ = first_state(a);
      if (a.state_ == state::fresh) take_place(a, end++);
    }
    ends_[to_look_at] = ends_[lined_up] = ends_[aside] = static_cast<std::uint16_t>(end);
    if (end == size()) return;
    for (const state s : {state::aside, state::off}) {
      for (const numbered_arm& n : arms_) {
        if (n.of_number->state_ == s) take_place(*n.of_number, end++);
      }
      if (s == state::aside) ends_[aside] = static_cast<std::uint16_t>(end);
    }
  }

  std::size_t size() const noexcept { return arms_.size(); }
  std::size_t end_of(segment s) const noexcept { return s == left_out ? size() : ends_[s]; }
  std::span<numbered_arm> those(segment s) const noexcept {
    return arms_.subspan(begin_of(s), end_of(s) - begin_of(s));
  }
  arm& numbered(std::size_t number) const noexcept { return *arms_[number - 1].of_number; }
  arm& at(std::size_t i) const noexcept { return *arms_[i].at_place; }
  bool are_in_order() const noexcept { return choice_ == choice::in_order; }

  /// Where an arm begins, and comes to when it has left its line.
  state first_state(const arm& a) const noexcept {
    if (a.is_left_out()) return state::off;
    return a.is_channel() || (a.kind_ == arm::kind::tick && !are_in_order()) ? state::fresh : state::aside;
  }
  void put(arm& a, state next) noexcept {
    const segment to = segment_of(next);
    for (segment from = segment_of(std::exchange(a.state_, next)); from != to;) {
      if (from < to) {
        swap(a.at_, --ends_[from]);
        from = static_cast<segment>(from + 1);
      } else {
        from = static_cast<segment>(from - 1);
        swap(a.at_, ends_[from]++);
      }
    }
  }

  /// In order: those that are to be looked at, from the last to the first. They nearly are.
  void sort() noexcept {
    for (std::size_t i = 1; are_in_order() && i < end_of(to_look_at); ++i) {
      for (std::size_t j = i; j > 0 && at(j - 1).number_ < at(j).number_; --j) swap(j - 1, j);
    }
  }
  /// Which of the first i + 1 is next, of those that are to be looked at; it goes to place i.
  arm& next(std::size_t i, std::uint32_t& random) noexcept {
    if (!are_in_order()) swap(i, dice::number_up_to(i, random));
    return at(i);
  }

 private:
  std::size_t begin_of(segment s) const noexcept { return s == to_look_at ? 0 : end_of(static_cast<segment>(s - 1)); }
  /// The states are listed in the order of the segments.
  static segment segment_of(state s) noexcept {
    if (s < state::in_line) return to_look_at;
    return s == state::in_line ? lined_up : s == state::aside ? aside : left_out;
  }
  void take_place(arm& a, std::size_t i) noexcept {
    arms_[i].at_place = &a;
    a.at_ = static_cast<std::uint16_t>(i);
  }
  /// Also of a place with itself: a test would be guessed wrong too often.
  void swap(std::size_t i, std::size_t j) noexcept {
    arm& before = at(i);
    take_place(at(j), i);
    take_place(before, j);
  }

  std::span<numbered_arm> arms_;
  std::uint16_t ends_[left_out] = {};
  choice choice_;
};

}  // namespace tandem::inline TANDEM_ABI::detail
