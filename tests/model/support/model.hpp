// model: what the models of the primitives have in common: how far they look, and how they write down what happens.
#pragma once

#include <tandem/lab/lab.hpp>
#include <tandem/status.hpp>
#include <tandem/thread.hpp>

#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/linearize.hpp"
#include "support/messages.hpp"
#include "support/sanitizer.hpp"

namespace model {

namespace lab = tandem::lab;
using support::act;
using support::letter;
using support::owners;
using tandem::status;
using record = support::operation<lab::moment>;
using history = std::vector<record>;

/// How far to look: two preemptions at least; the rest is what a model can afford.
struct reach {
  unsigned preemptions = 2;
  unsigned spurious = 0;
  unsigned early_timeouts = 0;
  unsigned rereads = 1;
  bool weak_memory = true;
  unsigned longest_spin = 0;
  unsigned longest_yield = 0;
  int short_poll = 1;
};

#if defined(TANDEM_WITHOUT_FLOORS)  // for tests/mutation/source.py: a mutant that is slower is no wrong one
inline constexpr bool has_floors = false;
#else
inline constexpr bool has_floors = true;
#endif

/// Explores all of it: nothing may be wrong, and no fewer executions may be found than when this was written. Where not
/// all cases are run, the first executions of many are enough.
template <class Body>
void holds(std::string_view name, std::uint64_t floor, const reach& far, Body&& body) {
  lab::options options;
  options.preemptions = far.preemptions;
  options.spurious = far.spurious;
  options.early_timeouts = far.early_timeouts;
  options.rereads = far.rereads;
  options.weak_memory = far.weak_memory;
  options.longest_spin = far.longest_spin;
  options.longest_yield = far.longest_yield;
  options.short_poll = far.short_poll;
  options.executions = support::cases<std::uint64_t>(options.executions, 20'000);
  const auto report = lab::explore(options, body);
  std::cout << name << ": " << report.summary() << std::endl;
  INFO(report.summary());
  REQUIRE(report.passed());
  const bool is_part = !support::runs_all_cases && report.executions == options.executions;
  REQUIRE((report.exhausted || is_part));
  CHECK((report.executions >= floor || is_part || !has_floors));
}

/// For what has more threads than can be explored: some of its executions, at random, with any number of preemptions.
/// Time passes only when nobody can do anything else.
template <class Body>
void survives(std::string_view name, Body&& body) {
  lab::options options;
  options.how = lab::search::pct;
  options.executions = 5'000;
  options.spurious = 2;
  options.early_timeouts = 0;
  const auto report = lab::explore(options, body);
  std::cout << name << ", at random: " << report.executions << " executions" << std::endl;
  INFO(report.summary());
  REQUIRE(report.passed());
}

/// What one thread did and saw. Each has its own: the order in which threads write is not theirs to see. A verb's
/// outcome is returned as the bare enumerator, which may be ignored.
class witness {
 public:
  /// verb(letter&&) sends it; checks that it is gone if that says ok, and untouched if not.
  template <class Verb>
  status::code sends(int number, const Verb& verb) {
    letter l(number);
    const lab::moment begin;
    const status how = verb(std::move(l));
    seen_.push_back({act::send, number, how, begin, lab::moment()});
    lab::check(l.number() == (how ? -1 : number),
               "a send takes its argument if it is ok, and else leaves it as it was");
    return how.value();
  }
  /// verb() receives a letter.
  template <class Verb>
  status::code receives(const Verb& verb) {
    const lab::moment begin;
    auto got = verb();
    const lab::moment end;
    const int number = got ? got->number() : 0;
    lab::check(number >= 0, "a letter that was received has not been moved on");
    seen_.push_back({act::receive, number, got.error(), begin, end});
    return got.error().value();
  }
  /// verb() always succeeds.
  template <class Verb>
  void does(act what, const Verb& verb) {
    const lab::moment begin;
    verb();
    seen_.push_back({what, 0, status::ok, begin, lab::moment()});
  }

  template <class Channel>
  status::code send(Channel& to, int number) {
    return sends(number, [&](letter&& l) { return to.send(std::move(l)); });
  }
  template <class Channel>
  status::code try_send(Channel& to, int number) {
    return sends(number, [&](letter&& l) { return to.try_send(std::move(l)); });
  }
  template <class Channel>
  status::code receive(Channel& from) {
    return receives([&] { return from.receive(); });
  }
  template <class Channel>
  status::code try_receive(Channel& from) {
    return receives([&] { return from.try_receive(); });
  }
  template <class Channel, class Duration>
  status::code try_send_for(Channel& to, int number, Duration patience) {
    return sends(number, [&](letter&& l) { return to.try_send_for(std::move(l), patience); });
  }
  template <class Channel, class Duration>
  status::code try_receive_for(Channel& from, Duration patience) {
    return receives([&] { return from.try_receive_for(patience); });
  }
  template <class Channel>
  status::code send(Channel& to, int number, const tandem::stop_token& stop) {
    return sends(number, [&](letter&& l) { return to.send(std::move(l), stop); });
  }
  template <class Channel>
  status::code receive(Channel& from, const tandem::stop_token& stop) {
    return receives([&] { return from.receive(stop); });
  }
  void request(tandem::stop_source& stop) {
    does(act::request_stop, [&] { stop.request_stop(); });
  }
  template <class Channel>
  void close(Channel& channel) {
    does(act::close, [&] { channel.close(); });
  }
  /// Lets go of a port, a promise or a future.
  template <class Owner>
  void let_go(act what, Owner& owner) {
    does(what, [&] { const Owner gone = std::move(owner); });
  }
  /// Receives all that lies there.
  template <class Channel>
  void drain(Channel& from) {
    while (try_receive(from) == status::ok) {
    }
  }

  const history& seen() const noexcept { return seen_; }

 private:
  history seen_;
};

/// What all of them saw can be explained, by one order of all operations.
template <class Specification, class... Witnesses>
void check_explained(const Specification& by, const Witnesses&... witnesses) {
  history all;
  (all.insert(all.end(), witnesses.seen().begin(), witnesses.seen().end()), ...);
  if (!linearizable(all, by)) lab::check(false, "no order explains this: " + told(all));
}

/// A message whose copy breaks whenever the lab likes; moving it never does.
class fragile {
 public:
  explicit fragile(int number) : number_(number) {}
  fragile(const fragile& other) : number_(other.number_) {
    if (lab::choose(2) == 1) throw std::runtime_error("the copy broke");
  }
  fragile(fragile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  fragile& operator=(const fragile&) = delete;
  ~fragile() = default;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

/// f() threw.
template <class Function>
bool broke(const Function& f) {
  try {
    f();
    return false;
  } catch (const std::runtime_error&) {
    return true;
  }
}

/// Whether every letter of this scope is gone at its end.
class no_letter_left {
 public:
  no_letter_left() = default;
  no_letter_left(const no_letter_left&) = delete;
  no_letter_left& operator=(const no_letter_left&) = delete;
  ~no_letter_left() {
    lab::check(letter::counts().live == before_, "no letter is left over, and none destroyed twice");
  }

 private:
  long before_ = letter::counts().live;
};

}  // namespace model
