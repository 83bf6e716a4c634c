// tandem/lab/lab.hpp: run threads and channels with nothing left to chance: every interleaving, or one, again.
//
// Contract   explore(bounds, body) runs `body` again and again, each time with other choices, until every execution
//            within the bounds has been seen (or `options.executions` of them), or one is wrong. body() is the program
//            under test: it makes its channels, starts threads (tandem::thread, lab::spawn), and returns when they are
//            done. Whatever it shares with them lives inside it. It must do the same thing each time, except what the
//            lab chooses: no random numbers, no real clock, no input; use lab::choose instead.
//            If it dies (an assert, std::terminate, a signal), calls std::exit, or hangs in what the lab does not see,
//            it says where each thread stands and how to have that execution again, before it dies: watch.hpp.
//            What is wrong: check() that does not hold; an exception that leaves a thread; a deadlock; a
//            data race on a message, a cell or an atomic's lifetime; misuse of tandem; an atomic never destroyed; no
//            end. The report of a failure says what happened step by step, and how to have that one execution again:
//            replay(options, schedule, body), or the same program with TANDEM_LAB_REPLAY=schedule in its environment.
//            run(body) runs it once, the plain way: a thread goes on until it waits, time jumps when all wait. So an
//            hour takes a moment, and the output is always the same. Code for the lab is compiled for it: link
//            tandem::lab, not tandem::tandem. Ordinary std::mutex, std::thread or a real sleep in there would stop the
//            lab, not the thread: use tandem's (thread.hpp). std::atomic is allowed, but the lab does not see it.
// Algorithm  in detail/: scheduler.hpp (whose turn it is), execution.hpp (what a step does), memory.hpp (what a load
//            may read), states.hpp (what need not be run twice), choices.hpp (who decides).
// Cost       docs/explanation/the-lab.md has the figures. Memory: 48 to 96 bytes a state.
// Tests      tests/lab.test.cpp, tests/lab/*
#pragma once

#include <tandem/platform/platform.hpp>

#if !defined(TANDEM_LAB)
#error "tandem: code for the lab is compiled for it as a whole: link tandem::lab instead of tandem::tandem"
#endif

#include <tandem/lab/detail/execution.hpp>
#include <tandem/lab/detail/stopwatch.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::inline TANDEM_ABI::lab {

/// A bound that is none: any number of preemptions.
inline constexpr unsigned unbounded = seen_states::unbounded;

/// How to look for executions.
enum class search : std::uint8_t {
  exhaustive,  // every execution within the bounds
  pct,         // at random, with priorities: finds a bug of small depth with a known probability
  random,      // at random
};

struct options : bounds {
  search how = search::exhaustive;
  /// No more than so many. For the random searches: so many, after the plain one.
  std::uint64_t executions = 10'000'000;
  /// No new one after so long, of real time.
  std::chrono::nanoseconds max_duration = stopwatch::unlimited;
  /// Random searches: the first execution's, from 1 on; the next one's is one more.
  std::uint64_t seed = 1;
  /// PCT: how many ordering constraints the bug is expected to need.
  unsigned depth = 3;
  /// After so long without a step, of real time, the program is taken to hang: it says where, and aborts. 0: never.
  std::chrono::seconds patience{10};
  /// Exhaustive: whether states that were seen are not gone on from. Without it, every schedule is run to its end.
  bool reduce = true;
  /// Faults to be planted, for finding out whether the program's checks would notice.
  std::vector<fault> faults;
};

struct report {
  std::uint64_t executions = 0;  // that were run, to their end or until all that could follow was known
  std::uint64_t complete = 0;    // of these, to an end that no other had reached
  std::uint64_t states = 0;      // different ones, before a choice or at an end
  std::uint64_t steps = 0;       // of all executions
  bool exhausted = false;        // there is no other execution within the bounds
  refusals bounds_reached;       // which bounds are the reason that there is no other, or that it was not run
  std::uint64_t real_waits = 0;  // of explore(): how often the lab's thread has waited in the kernel
  problem what = problem::none;
  std::string text;        // of a failure: what, step by step, and how to have it again
  std::string schedule;    // of the failure, or of the last execution, for replay()
  std::uint64_t seed = 0;  // of the failure, if the search was a random one

  [[nodiscard]] bool passed() const noexcept { return what == problem::none; }
  explicit operator bool() const noexcept { return passed(); }
  /// "1234 executions (88 complete), 567 states, exhausted; bounds reached: preemptions", or the text of the failure.
  [[nodiscard]] std::string summary() const {
    if (!passed()) return text;
    return std::to_string(executions) + " executions (" + std::to_string(complete) + " complete), " +
           std::to_string(states) + " states, " + (exhausted ? "exhausted" : "not exhausted") + "; " + reached() +
           waited();
  }

 private:
  std::string reached() const {
    const std::string names = bounds_reached.in_words();
    return names.empty() ? "no bound reached" : "bounds reached: " + names;
  }
  /// Each execution has: it is the program that does.
  std::string waited() const {
    if (executions == 0 || real_waits < executions) return "";
    return "; it really waited " + std::to_string(real_waits) + " times, for what the lab does not see";
  }
};

namespace exploring {

/// A program, whatever its type: then the explorer need not be compiled for each.
template <class Body>
struct body final : callable {
  explicit body(Body& b) : function(b) {}
  void operator()() override { function(); }
  Body& function;
};

/// One execution of it, which an execution can own.
struct one_execution final : callable {
  explicit one_execution(callable& p) : program(p) {}
  void operator()() override { program(); }
  callable& program;
};

/// Looks for executions of a program, and explains the one that is wrong.
class explorer {
 public:
  explorer(const options& chosen, callable& program)
      : options_(chosen),
        program_(program),
        execution_(bounds_of(chosen)),
        time_(chosen.max_duration),
        watch_(execution_, chosen.patience) {
    if (!chosen.faults.empty()) execution_.plant(&options_.faults);
  }

  report explore(order_sites* sites) {
    execution_.collect(sites);
    if (const char* const schedule = std::getenv("TANDEM_LAB_REPLAY"); schedule != nullptr && *schedule != '\0') {
      return replay(schedule);
    }
    const std::uint64_t waits = watch::real_waits();
    if (options_.how == search::exhaustive) {
      search_everything();
    } else {
      search_at_random();
    }
    report_.real_waits = watch::real_waits() - waits;
    return finished();
  }

  report replay(std::string_view schedule) {
    const auto given = read_answers(schedule);
    if (!given) {
      report_.what = problem::changing;
      report_.text = "'" + std::string(schedule) + "' is no schedule of the lab's";
      return std::move(report_);
    }
    as_recorded chooser(*given);
    execution_.tell_steps(true);
    one(chooser);
    report_.schedule = written(execution_.given());
    if (!execution_ok()) explain();
    return finished();
  }

  report steer(chooser& by) {
    one(by);
    conclude();
    return finished();
  }

 private:
  static bounds bounds_of(const options& chosen) {
    bounds b = chosen;
    if (chosen.how != search::exhaustive) {
      b.preemptions = unbounded;
      b.rereads = (std::numeric_limits<unsigned>::max)();
    }
    return b;
  }

  report finished() {
    const refusals by_search = report_.bounds_reached;
    report_.bounds_reached = execution_.bounds_reached();
    report_.bounds_reached.executions = by_search.executions;
    report_.bounds_reached.max_duration = by_search.max_duration;
    return std::move(report_);
  }

  bool execution_ok() const noexcept { return execution_.trouble().what == problem::none; }

  void one(chooser& by) {
    execution_.run(std::make_unique<one_execution>(program_), by);
    ++report_.executions;
    report_.steps += execution_.steps();
    if (!execution_.was_cut()) ++report_.complete;
  }

  void search_everything() {
    seen_states states;
    if (options_.reduce) execution_.skip(&states);
    every_choice path;
    do {
      path.begin();
      one(path);
      report_.states = states.size();
      if (!path.consistent()) return change();
      if (!execution_ok()) return conclude();
      report_.exhausted = !path.next();
    } while (!report_.exhausted && may_go_on(report_.executions));
  }

  /// Whether there may be one more, after so many.
  bool may_go_on(std::uint64_t executions) {
    report_.bounds_reached.executions = executions >= options_.executions;
    report_.bounds_reached.max_duration = time_.is_up();
    time_.tell(report_.executions, report_.states);
    return !report_.bounds_reached.executions && !report_.bounds_reached.max_duration;
  }

  void search_at_random() {
    // the plain execution first: it says how many steps there are, so that a seed means the same whenever it is used
    const answers nothing;
    as_recorded plain(nothing);
    one(plain);
    const std::size_t steps = execution_.steps();
    for (std::uint64_t i = 0; execution_ok() && may_go_on(i); ++i) {
      const std::uint64_t seed = options_.seed + i;
      execution_.is_of_seed(seed);
      if (options_.how == search::pct) {
        priorities by(seed, options_.depth, steps);
        one(by);
      } else {
        chance by(seed);
        one(by);
      }
      if (!execution_ok()) report_.seed = seed;
    }
    conclude();
  }

  void change() {
    report_.what = problem::changing;
    report_.text =
        "the program is not a function of the lab's choices: the same answers led to other questions. Is "
        "there a random number in it, a real clock, or something that lives on from one execution to the next?";
  }

  /// If the execution failed: the same again, told step by step; shorter first, if that can be had.
  void conclude() {
    if (execution_ok()) {
      report_.schedule = written(execution_.given());
      return;
    }
    const problem what = execution_.trouble().what;
    execution_.skip(nullptr);
    const answers shortest = shrink(execution_.given(), what);
    as_recorded again(shortest);
    execution_.tell_steps(true);
    execution_.run(std::make_unique<one_execution>(program_), again);
    report_.schedule = written(shortest);
    if (execution_ok()) return change();
    explain();
  }

  /// Plain answers wherever the failure does not need others.
  answers shrink(answers given, problem what) {
    for (unsigned tries = 0, progress = 1; progress != 0 && tries < 4; ++tries) {
      progress = 0;
      for (std::size_t i = given.size(); i-- > 0;) {
        if (i >= given.size() || given[i] == 0) continue;  // it may have become shorter
        answers simpler = given;
        simpler[i] = 0;
        as_recorded by(simpler);
        execution_.run(std::make_unique<one_execution>(program_), by);
        if (execution_.trouble().what != what) continue;
        given = execution_.given();
        progress = 1;
      }
    }
    while (!given.empty() && given.back() == 0) given.pop_back();
    return given;
  }

  void explain() {
    report_.what = execution_.trouble().what;
    report_.text = std::string(name_of(report_.what)) + ": " + execution_.trouble().text;
    if (report_.seed != 0) report_.text += "\n  seed " + std::to_string(report_.seed);
    report_.text += "\n  after " + std::to_string(report_.executions) + " executions; this one:\n";
    const std::vector<std::string>& told = execution_.told();
    for (std::size_t i = 0; i < told.size(); ++i) {
      if (i == most_told && told.size() > 2 * most_told) {
        i = told.size() - most_told;
        report_.text += "      ... " + std::to_string(i - most_told) + " more ...\n";
      }
      report_.text += told[i] + "\n";
    }
    report_.text += "  to have it again: lab::replay(options, \"" + report_.schedule +
                    "\", body), or run this program with TANDEM_LAB_REPLAY=" + report_.schedule;
  }

  static constexpr std::size_t most_told = 200;  // lines from the beginning, and from the end

  options options_;
  callable& program_;
  execution execution_;
  report report_;
  stopwatch time_;
  watch watch_;
};

}  // namespace exploring

/// Runs `body` with one set of choices after the other. A failure ends it.
template <class Body>
[[nodiscard]] report explore(const options& chosen, Body&& body) {
  exploring::body program(body);
  return exploring::explorer(chosen, program).explore(nullptr);
}
template <class Body>
[[nodiscard]] report explore(Body&& body) {
  return lab::explore(options{}, body);
}

/// The one execution that a report's schedule names; the bounds have to be those with which it was found.
template <class Body>
[[nodiscard]] report replay(const options& chosen, std::string_view schedule, Body&& body) {
  exploring::body program(body);
  return exploring::explorer(chosen, program).replay(schedule);
}
template <class Body>
[[nodiscard]] report replay(std::string_view schedule, Body&& body) {
  return lab::replay(options{}, schedule, body);
}

/// One execution whose choices are made by `bytes`, for a fuzzer; when they are used up, the plain ones are taken.
template <class Body>
[[nodiscard]] report steer(const options& chosen, std::span<const std::uint8_t> bytes, Body&& body) {
  from_bytes by(bytes);
  exploring::body program(body);
  return exploring::explorer(chosen, program).steer(by);
}
template <class Body>
[[nodiscard]] report steer(std::span<const std::uint8_t> bytes, Body&& body) {
  return lab::steer(options{}, bytes, body);
}

/// Once, the plain way: every thread goes on until it waits, and time jumps when all wait.
template <class Body>
[[nodiscard]] report run(Body&& body) {
  options plain;
  plain.weak_memory = false;
  plain.steps = 100'000'000;
  plain.stack = std::size_t{1} << 20U;
  plain.leaks = false;
  const answers nothing;
  as_recorded by(nothing);
  plain.preemptions = plain.spurious = plain.early_timeouts = 0;
  exploring::body program(body);
  return exploring::explorer(plain, program).steer(by);
}

/// What explore() reports, and where each memory order is written and where somebody is woken: what faults can be
/// planted at.
struct survey {
  report found;
  order_sites sites;
};

/// Explores like explore(), and collects those places.
template <class Body>
[[nodiscard]] survey sites_of(const options& chosen, Body&& body) {
  survey whole;
  exploring::body program(body);
  whole.found = exploring::explorer(chosen, program).explore(&whole.sites);
  return whole;
}

// --- for the program under test --------------------------------------------------------------------------------------

/// Ends the execution, and the exploration, if it does not hold; the report says `sentence`.
inline void(check)(bool holds, std::string_view sentence, site where = site::current()) {
  if (holds) [[likely]]
    return;
  execution::required("lab::check").fail(problem::check, std::string(sentence) + " (" + place_of(where) + ")");
}

/// 0 .. alternatives - 1: all of them are explored. For what the program cannot know: whether an allocation fails, say.
[[nodiscard]] inline unsigned choose(unsigned alternatives, site where = site::current()) {
  return execution::required("lab::choose").user_choice(alternatives, where);
}

/// A line in the report of a failure.
inline void note(std::string_view text, site where = site::current()) {
  if (execution::current() != nullptr) execution::current()->note(text, where);
}

/// What the report calls a channel, or anything that holds atomics. Not what it allocates.
template <class Thing>
void name(const Thing& thing, std::string_view text) {
  if (execution::current() != nullptr) execution::current()->name(std::addressof(thing), sizeof thing, text);
}

/// A thread with a name, for the report.
template <class Function>
[[nodiscard]] platform::thread spawn(std::string name, Function&& function, site where = site::current()) {
  return platform::thread::named(std::move(name), where, std::forward<Function>(function));
}

/// A point in a thread's life, to ask what happens before what. Not by the clock: by what synchronizes.
class moment {
 public:
  /// Here and now.
  moment() {
    const auto [thread, known] = execution::required("lab::moment").moment();
    thread_ = thread;
    known_ = known;
  }
  /// Whether whoever stood at `later` knew of all that came before `earlier`.
  friend bool happens_before(const moment& earlier, const moment& later) noexcept {
    if (earlier.thread_ == later.thread_) return earlier.known_[earlier.thread_] < later.known_[later.thread_];
    return later.known_[earlier.thread_] > earlier.known_[earlier.thread_];
  }

 private:
  unsigned thread_ = 0;
  clock_vector known_{};
};

}  // namespace tandem::inline TANDEM_ABI::lab
