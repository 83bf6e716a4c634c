#pragma once

// Litmus tests: a few accesses by a few threads, and every outcome that the lab finds for them.

#include <array>
#include <cstdio>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

#include <tandem/lab/lab.hpp>

namespace support {

/// What one execution came to, one digit for each value asked for; and what several did.
using outcome = std::string;
using outcomes = std::set<std::string>;

template <class... Values>
outcome told(Values... values) {
  return (std::to_string(static_cast<int>(values)) + ...);
}

/// Everything in the first and not in the second.
inline outcomes without(outcomes all, const outcomes& some) {
  for (const outcome& one : some) all.erase(one);
  return all;
}

/// All that so many bits can say: "00", "01", "10", "11".
inline outcomes all_bits(unsigned bits) {
  outcomes all{""};
  for (unsigned i = 0; i < bits; ++i) {
    outcomes longer;
    for (const outcome& one : all) longer.insert({one + "0", one + "1"});
    all = longer;
  }
  return all;
}

/// Runs each function on a thread of its own, and returns when all have ended.
template <class... Functions>
void together(Functions&&... functions) {
  unsigned number = 0;
  std::array threads{tandem::lab::spawn("T" + std::to_string(++number), std::forward<Functions>(functions))...};
  for (auto& thread : threads) thread.join();
}

struct found {
  outcomes all;
  tandem::lab::report report;
};

/// Every interleaving and every store that may be read; nothing that happens for no reason.
inline tandem::lab::options everything() {
  tandem::lab::options all;
  all.preemptions = tandem::lab::unbounded;
  all.spurious = all.early_timeouts = 0;
  all.rereads = 100;
  return all;
}

/// What comes of `body`, which returns an outcome.
template <class Body>
found explored(const tandem::lab::options& chosen, const Body& body) {
  found f;
  f.report = tandem::lab::explore(chosen, [&] { f.all.insert(body()); });
  return f;
}

}  // namespace support
