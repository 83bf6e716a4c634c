// tandem/lab/detail/rounds.hpp: whether a thread goes round in circles.
//
// Contract   again() is called before each step that may be one of a loop that waits for another thread: a load, a
//            store, a read-modify-write, a look at the clock. It says true when the thread has come to this place, for
//            this thing, more than `looks` times with everything as it is now: it will go on like that for as long as
//            nobody else does something. If what it does meanwhile changes something and changes it back (a lock is
//            taken and released), it has to come twice as often, for it may be getting somewhere: the lab sees atomics
//            only. Once true it stays true as often as the thread comes back, until something changes. forget() says
//            that the thread has got somewhere, or says itself that it waits.
// Algorithm  A small table of places (a line of the program, and an atomic), each with the situation and how often it
//            was there. Two places that fall on one entry drive each other out; then some other of the loop is counted,
//            unless the loop has more steps than the table. Which entry it is depends on no address: the next run of
//            the program has the same schedules.
// Cost       one entry per step.
// Tests      tests/lab.test.cpp
#pragma once

#include <tandem/lab/detail/memory.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace tandem::inline TANDEM_ABI::lab {

class rounds {
 public:
  /// `thing` is what the step is about, the same number in every run of the program.
  bool again(unsigned line, std::uint32_t thing, trace_hash situation, unsigned looks) noexcept {
    const trace_hash place = (line * 0xBF58476D1CE4E5B9u) ^ (thing * 0x94D049BB133111EBu);
    const trace_hash here = place + situation + past_;
    visit& v = lately_[static_cast<std::size_t>((place * 0x9E3779B97F4A7C15u) >> 59U)];
    goes_round_ = false;
    if (v.here != here) {
      v = {here, changes_, 0};
      return false;
    }
    constexpr unsigned quiet = 2;  // counts a round in which nothing was changed
    v.rounds += v.changes == changes_ ? quiet : 1;
    v.changes = changes_;
    goes_round_ = v.rounds >= quiet * std::uint64_t{looks};
    return goes_round_;
  }

  /// The thread has changed something.
  void note_change() noexcept { ++changes_; }
  void forget() noexcept {
    past_ += 0xD6E8FEB86659FD93u;
    goes_round_ = false;
  }
  /// What again() has said last.
  bool goes_round() const noexcept { return goes_round_; }

 private:
  struct visit {
    trace_hash here = 0;
    std::uint64_t changes = 0;
    std::uint64_t rounds = 0;
  };

  std::array<visit, 32> lately_{};
  std::uint64_t changes_ = 0;
  trace_hash past_ = 0;
  bool goes_round_ = false;
};

}  // namespace tandem::inline TANDEM_ABI::lab
