// tandem/lab/detail/bounds.hpp: the words in which one says what to explore, and what was found.
//
// Contract   Plain data: problem, bounds, refusals, fault, order_sites.
// Tests      tests/lab.test.cpp
#pragma once

#include <tandem/lab/detail/memory.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>

namespace tandem::inline TANDEM_ABI::lab {

/// What was wrong with an execution.
enum class problem : std::uint8_t {
  none,
  check,      // lab::check did not hold
  exception,  // one left a thread's function
  deadlock,   // everybody waits, and nothing will come
  race,       // two accesses to plain data, neither of which happens before the other
  lifetime,   // an atomic used before its beginning or after its end could be seen, or never destroyed
  misuse,     // a precondition of tandem's was broken
  endless,    // more steps than allowed
  changing,   // the program is not a function of the lab's choices
};

constexpr std::string_view name_of(problem p) noexcept {
  constexpr std::array<std::string_view, 9> names{"nothing wrong", "a check failed", "an exception",
                                                  "a deadlock",    "a data race",    "a lifetime error",
                                                  "misuse",        "no end",         "a program that changes"};
  return names[static_cast<std::size_t>(p)];
}

/// Nanoseconds of virtual time.
using instant_ns = std::int64_t;
inline constexpr instant_ns never = (std::numeric_limits<instant_ns>::max)();

/// What is explored.
struct bounds {
  // switches away from a thread that could go on; lab::unbounded: any number; no bound for the random searches
  unsigned preemptions = 2;
  unsigned spurious = 1;        // parks that return, and weak compare-exchanges that fail, for no reason
  unsigned early_timeouts = 1;  // times that the clock moves on though somebody could run
  bool weak_memory = true;      // false: every load reads the newest store
  // so often a thread may read a store again, in a row, when there is a newer one; no bound for the random searches
  unsigned rereads = 1;
  // so often in a row a thread may look at what has not changed since: then it polls, and others go first
  unsigned looks = 4;
  std::size_t steps = 20'000;      // of one execution; more are a failure
  bool leaks = true;               // whether an atomic that was never destroyed is a failure
  std::size_t stack = 256 * 1024;  // bytes, of each thread
  // how long tandem's adaptive waiting polls before it parks; it looks at the virtual clock
  unsigned longest_spin = 0;   // nanoseconds
  unsigned longest_yield = 0;  // nanoseconds
  int short_poll = 1;          // rounds
};

/// The bounds that were reached: each has kept the lab from something that it would have tried otherwise.
struct refusals {
  bool preemptions = false;
  bool spurious = false;
  bool early_timeouts = false;
  bool weak_memory = false;  // it is switched off, and an older store could have been read
  bool rereads = false;
  bool looks = false;
  bool old_stores = false;    // of the history of an atomic more were there than are kept
  bool executions = false;    // options.executions
  bool max_duration = false;  // options.max_duration

  /// "preemptions, rereads"; nothing if there is none.
  [[nodiscard]] std::string in_words() const {
    std::string words;
    const auto add = [&words](bool reached, const char* name) {
      if (reached) words += (words.empty() ? "" : ", ") + std::string(name);
    };
    add(preemptions, "preemptions");
    add(spurious, "spurious");
    add(early_timeouts, "early_timeouts");
    add(weak_memory, "weak_memory");
    add(rereads, "rereads");
    add(looks, "looks");
    add(old_stores, "old stores");
    add(executions, "executions");
    add(max_duration, "max_duration");
    return words;
  }
};

/// A deliberate fault, at one place of the program under test.
struct fault {
  enum class kind : std::uint8_t { weaken, omit };
  kind what = kind::weaken;
  std::string file;  // as in the site, or its end
  unsigned line = 0;
  unsigned column = 0;
  bool on_failure = false;                  // weaken: the order of a compare-exchange that fails
  memory_order to = memory_order::relaxed;  // weaken
};

/// Where a memory order is written in the program, or somebody is woken.
struct order_site {
  std::string file;
  unsigned line;
  unsigned column;
  bool on_failure;
  auto operator<=>(const order_site&) const = default;
};
struct order_use {
  std::string function;
  const char* operation;
  memory_order order;
};
using order_sites = std::map<order_site, order_use>;

constexpr std::string_view name_of(memory_order o) noexcept {
  switch (o) {
    case memory_order::relaxed: return "relaxed";
    case memory_order::consume: return "consume";
    case memory_order::acquire: return "acquire";
    case memory_order::release: return "release";
    case memory_order::acq_rel: return "acq_rel";
    default: return "seq_cst";
  }
}

}  // namespace tandem::inline TANDEM_ABI::lab
