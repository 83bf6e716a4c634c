#pragma once

// C++20's memory model as it is written, by brute force: for a program of a few accesses, every way for loads to read
// and for stores to be ordered is tried, and those are kept that the axioms allow. Nothing in here runs anything.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tandem/lab/detail/memory.hpp>

#include "litmus.hpp"

namespace support {

/// One access. What is written is from 1 to 9; atomics begin as 0.
struct litmus_access {
  enum class kind : std::uint8_t { load, store, exchange, strong, weak };  // the last two: compare-exchanges
  kind what;
  unsigned at;                      // which atomic
  tandem::lab::memory_order order;  // of a compare-exchange that succeeds
  int value;
  int expected = 0;                                                        // by a compare-exchange
  tandem::lab::memory_order failure = tandem::lab::memory_order::relaxed;  // of one that fails

  bool compares() const noexcept { return what == kind::strong || what == kind::weak; }
  bool reads() const noexcept { return what != kind::store; }
};
using litmus_thread = std::vector<litmus_access>;
using litmus_program = std::vector<litmus_thread>;

/// Which executions are wanted.
enum class model : std::uint8_t {
  cpp20,       // all
  runnable,    // those that can be run step by step: no access before what it reads
  sequential,  // those of one access after the other
};

/// The outcomes that the axioms allow: what each load, exchange and compare-exchange reads, of the last whether it
/// succeeds before that, then what each of the atomics is in the end.
class axioms {
 public:
  axioms(const litmus_program& program, unsigned atomics) : atomics_(atomics) {
    for (std::size_t t = 0; t < program.size(); ++t) {
      for (const litmus_access& a : program[t]) events_.push_back({a, t});
    }
    sb_ = relation(events_.size());
    for (std::size_t i = 0; i < events_.size(); ++i) {
      for (std::size_t k = i + 1; k < events_.size(); ++k) sb_.set(i, k, events_[i].thread == events_[k].thread);
    }
  }

  outcomes allowed(model m) {
    allowed_.clear();
    model_ = m;
    decide(0);
    return allowed_;
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  struct event {
    litmus_access access;
    std::size_t thread;
    std::size_t from = none;  // the write it reads; none: the atomic's first value
    std::size_t place = 0;    // in the modification order: of what it writes, or else of what it reads; first value: 0
    bool succeeds = true;     // of a compare-exchange; one that fails is a load
    bool writes() const noexcept { return access.what != litmus_access::kind::load && succeeds; }
    bool is_rmw() const noexcept { return access.reads() && writes(); }
    tandem::lab::memory_order order() const noexcept { return succeeds ? access.order : access.failure; }
    bool is_sc() const noexcept { return order() == tandem::lab::memory_order::seq_cst; }
  };

  class relation {
   public:
    explicit relation(std::size_t size = 0) : size_(size), holds_(size * size) {}
    bool operator()(std::size_t a, std::size_t b) const { return holds_[a * size_ + b]; }
    void set(std::size_t a, std::size_t b, bool holds = true) {
      if (holds) holds_[a * size_ + b] = true;
    }
    /// What follows from it, step by step.
    relation closed() const {
      relation r = *this;
      for (std::size_t via = 0; via < size_; ++via) {
        for (std::size_t a = 0; a < size_; ++a) {
          for (std::size_t b = 0; b < size_; ++b) r.set(a, b, r(a, via) && r(via, b));
        }
      }
      return r;
    }
    bool is_acyclic() const {
      const relation r = closed();
      for (std::size_t a = 0; a < size_; ++a) {
        if (r(a, a)) return false;
      }
      return true;
    }

   private:
    std::size_t size_;
    std::vector<bool> holds_;
  };

  /// Both ends of this compare-exchange and those behind it.
  void decide(std::size_t i) {
    if (i == events_.size()) return order_writes(0);
    decide(i + 1);
    if (!events_[i].access.compares()) return;
    events_[i].succeeds = false;
    decide(i + 1);
    events_[i].succeeds = true;
  }

  int value_read(const event& e) const noexcept { return e.from == none ? 0 : events_[e.from].access.value; }
  /// Whether it may end like that, with what it reads.
  bool ends_rightly(const event& e) const noexcept {
    if (!e.access.compares() || (!e.succeeds && e.access.what == litmus_access::kind::weak)) return true;
    return (value_read(e) == e.access.expected) == e.succeeds;
  }

  /// Every modification order of this atomic and those behind it.
  void order_writes(unsigned at) {
    if (at == atomics_) return choose_reads(0);
    std::vector<std::size_t> writes;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (events_[i].writes() && events_[i].access.at == at) writes.push_back(i);
    }
    do {
      std::size_t before = none;
      std::size_t place = 0;
      for (const std::size_t w : writes) {
        events_[w].place = ++place;
        events_[w].from = before;  // a read-modify-write reads what is immediately before it
        before = w;
      }
      last_[at] = before;
      order_writes(at + 1);
    } while (std::ranges::next_permutation(writes).found);
  }

  /// Every write for this load and those behind it.
  void choose_reads(std::size_t i) {
    if (i == events_.size()) return judge();
    event& e = events_[i];
    if (e.writes()) {
      if (ends_rightly(e)) choose_reads(i + 1);
      return;
    }
    e.from = none;
    e.place = 0;
    if (ends_rightly(e)) choose_reads(i + 1);
    for (std::size_t w = 0; w < events_.size(); ++w) {
      if (!events_[w].writes() || events_[w].access.at != e.access.at) continue;
      e.from = w;
      e.place = events_[w].place;
      if (ends_rightly(e)) choose_reads(i + 1);
    }
  }

  void judge() {
    if (!is_allowed()) return;
    outcome o;
    for (const event& e : events_) {
      if (e.access.compares()) o += told(e.succeeds);
      if (e.access.reads()) o += told(value_read(e));
    }
    for (unsigned at = 0; at < atomics_; ++at) o += told(last_[at] == none ? 0 : events_[last_[at]].access.value);
    allowed_.insert(o);
  }

  bool is_allowed() const {
    const std::size_t n = events_.size();
    const relation cob = coherence();
    if (model_ == model::sequential) return united(sb_, cob).is_acyclic();

    const relation sw = synchronizes();
    const relation hb = united(sb_, sw).closed();
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = 0; b < n; ++b) {
        if (!hb(a, b)) continue;
        if (a == b || (events_[a].access.at == events_[b].access.at && goes_back(events_[a], events_[b]))) return false;
      }
    }
    relation strongly = sb_;  // happens before
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = 0; b < n; ++b) {
        strongly.set(a, b, sw(a, b) && events_[a].is_sc() && events_[b].is_sc());
        for (std::size_t c = 0; c < n; ++c) {
          for (std::size_t d = 0; d < n; ++d) strongly.set(a, b, sb_(a, c) && hb(c, d) && sb_(d, b));
        }
      }
    }
    if (!of_sc(united(strongly.closed(), cob)).is_acyclic()) return false;
    if (model_ == model::cpp20) return true;
    relation steps = sb_;
    for (std::size_t b = 0; b < n; ++b) {
      if (events_[b].access.reads() && events_[b].from != none) steps.set(events_[b].from, b);
    }
    return steps.is_acyclic();
  }

  static bool goes_back(const event& before, const event& after) noexcept {
    return after.writes() ? after.place <= before.place : after.place < before.place;
  }

  /// a is coherence-ordered before b.
  relation coherence() const {
    relation r(events_.size());
    for (std::size_t a = 0; a < events_.size(); ++a) {
      for (std::size_t b = 0; b < events_.size(); ++b) {
        const event& x = events_[a];
        const event& y = events_[b];
        if (a == b || x.access.at != y.access.at) continue;
        r.set(a, b, x.place < y.place || (x.place == y.place && x.writes()));
      }
    }
    return r;
  }

  /// b acquires from a release sequence that a heads.
  relation synchronizes() const {
    relation r(events_.size());
    for (std::size_t b = 0; b < events_.size(); ++b) {
      if (!events_[b].access.reads() || !tandem::lab::acquires(events_[b].order())) continue;
      for (std::size_t a = events_[b].from; a != none; a = events_[a].is_rmw() ? events_[a].from : none) {
        r.set(a, b, tandem::lab::releases(events_[a].order()));
      }
    }
    return r;
  }

  relation united(const relation& x, const relation& y) const {
    relation r = x;
    for (std::size_t a = 0; a < events_.size(); ++a) {
      for (std::size_t b = 0; b < events_.size(); ++b) r.set(a, b, y(a, b));
    }
    return r;
  }
  relation of_sc(const relation& x) const {
    relation r(events_.size());
    for (std::size_t a = 0; a < events_.size(); ++a) {
      for (std::size_t b = 0; b < events_.size(); ++b) {
        r.set(a, b, x(a, b) && events_[a].is_sc() && events_[b].is_sc());
      }
    }
    return r;
  }

  unsigned atomics_;
  std::vector<event> events_;
  relation sb_;
  std::array<std::size_t, 8> last_{};
  model model_ = model::cpp20;
  outcomes allowed_;
};

}  // namespace support
