// Who did what, from when to when: a clock that runs fast, and a diary per person.
//
// A person who is inside a send or a receive, or at work on an answer, is *engaged* in the conversation. Time of one's
// own (cooking, the garden) is not.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>
#include <vector>

#include <tandem/thread.hpp>

namespace story {

/// Counts story minutes from the moment it is made. A story minute is a few real milliseconds.
class story_clock {
 public:
  using real_time = std::chrono::duration<double>;

  explicit story_clock(real_time minute) : minute_(minute) {}

  /// How many minutes of the story have passed.
  double elapsed() const { return (tandem::clock::now() - start_) / minute_; }
  int now() const { return static_cast<int>(std::lround(elapsed())); }
  void sleep_until(int minute) const {
    const auto since_start = std::chrono::duration_cast<tandem::clock::duration>(minute_ * minute);
    tandem::sleep_until(start_ + since_start);
  }

 private:
  real_time minute_;
  tandem::clock::time_point start_ = tandem::clock::now();
};

enum class activity { own, sending, receiving, working };

struct entry {
  activity what;
  int from;
  int to;
  std::string_view name;
};

/// Written by one person's own thread; read when that thread is done.
class diary {
 public:
  explicit diary(story_clock clock) : clock_(clock) {}

  int now() const { return clock_.now(); }
  const std::vector<entry>& entries() const { return entries_; }

  /// Minutes of one's own.
  void live(std::string_view name, int minutes) { pass(activity::own, name, minutes); }
  /// Minutes spent on the other's question.
  void work(int minutes) { pass(activity::working, "", minutes); }

  /// Runs a send and returns its status; the diary says when it was entered and when it was left.
  template <class Operation>
  auto sending(Operation send) {
    return during(activity::sending, send);
  }
  template <class Operation>
  auto receiving(Operation receive) {
    return during(activity::receiving, receive);
  }

 private:
  int end_of_last() const { return entries_.empty() ? 0 : entries_.back().to; }

  /// An entry begins where the last one ended: nobody's day has holes.
  void write(activity what, int to, std::string_view name = "") {
    entries_.push_back({what, end_of_last(), std::max(end_of_last(), to), name});
  }

  void pass(activity what, std::string_view name, int minutes) {
    clock_.sleep_until(end_of_last() + minutes);
    write(what, now(), name);
  }

  template <class Operation>
  auto during(activity what, Operation operation) {
    const double entered = clock_.elapsed();
    auto outcome = operation();
    const bool at_once = clock_.elapsed() - entered < 0.5;
    if (!at_once) {
      write(what, now());
    } else if (outcome) {  // a glance that found nothing is not worth a line
      write(what, end_of_last());
    }
    return outcome;
  }

  story_clock clock_;
  std::vector<entry> entries_;
};

}  // namespace story
