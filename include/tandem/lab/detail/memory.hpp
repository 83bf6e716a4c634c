// tandem/lab/detail/memory.hpp: what a thread may see of what others have written: C++'s memory model, as far as it can
// be run.
//
// Contract   memory keeps, for every atomic, the stores that were made to it, in modification order, and for every
//            thread and every message what it knows of them: a view. A load chooses among the stores that the view
//            admits; who chooses is the caller's affair. It also finds data races: two accesses to plain data, one of
//            them a write, of which neither happens before the other; and the same for an atomic's beginning and end.
// Algorithm  A view is a vector clock (how much of each thread's past is known) and, for each atomic, the place in its
//            modification order before which nothing may be read any more.
//
//              load     may read any store from the thread's place on; the place moves there. acquire: the view that
//                       the store carries joins the thread's.
//              store    goes to the end of the modification order, or before stores that the thread does not know of,
//                       never between a store and the read-modify-write that read it. release: carries the view.
//              RMW      goes where a store could, and reads the store that it follows. Its message carries on what that
//                       store carried (a release sequence), and with release the thread's view as well.
//              CAS      if it fails it is a load, and may fail because of what it reads being old.
//              seq_cst  Such a load reads nothing older, and such a store goes nowhere before, what a seq_cst access to
//                       the same atomic has stored or read that comes before it in the single total order S
//                       (total_order.hpp). They are accesses and no fences: nothing is said about other atomics.
// Invariants Positions in a modification order grow from store to store; gaps are left, so that a store can go between.
//            A location that is used anew starts beyond all positions it had, so that old views know nothing of it.
// Hidden     What C++ allows and this cannot show:
//            - load buffering: a load that reads a store which is, in the order of the program or by reading, caused by
//              that load; it would have to read what has not been written;
//            - more than 14 stores that go, each behind the last one, before the same one;
//            - another S than the order of the steps, for what comes after a thousand seq_cst operations.
//            tests/lab/litmus.test.cpp compares random programs with C++20's axioms, less load buffering.
//            Of a long history only the last 64 stores are kept; of any, the last one, if memory is not weak.
// Cost       a load or a store: O(1) without release or acquire, else the size of a view: 64 bytes and 4 for each
//            atomic.
// Source     [views-2017] views and timestamps; [loom] [relacy] for the idea
// Tests      tests/lab/litmus.test.cpp, tests/lab/zoo.test.cpp
#pragma once

#include <tandem/lab/detail/total_order.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <source_location>
#include <utility>
#include <vector>

namespace tandem::inline TANDEM_ABI::lab {

using memory_order = std::memory_order;
using site = std::source_location;

/// Identities of events and states. 64 bits: among a hundred million states two are taken for one with a probability of
/// 3 in 10'000.
using trace_hash = std::uint64_t;

constexpr trace_hash mix(trace_hash a, trace_hash b) noexcept {
  trace_hash h = (a ^ (b + 0x9E3779B97F4A7C15u + (a << 6u) + (a >> 2u))) * 0xFF51AFD7ED558CCDu;
  h ^= h >> 32u;
  h *= 0xC4CEB9FE1A85EC53u;
  return h ^ (h >> 29u);
}

constexpr bool acquires(memory_order o) noexcept {
  return o == memory_order::acquire || o == memory_order::consume || o == memory_order::acq_rel ||
         o == memory_order::seq_cst;
}
constexpr bool releases(memory_order o) noexcept {
  return o == memory_order::release || o == memory_order::acq_rel || o == memory_order::seq_cst;
}

/// Memory that is given back all at once, when an execution ends.
class arena {
 public:
  void* take(std::size_t bytes) {
    bytes = (bytes + 15) & ~std::size_t{15};
    if (chunk_ == chunks_.size() || used_ + bytes > chunk_size) next_chunk(bytes);
    void* const got = chunks_[chunk_].get() + used_;
    used_ += bytes;
    return got;
  }
  void reset() noexcept { chunk_ = used_ = 0; }

 private:
  static constexpr std::size_t chunk_size = std::size_t{1} << 18U;  // a view of 64'000 atomics fits

  void next_chunk(std::size_t bytes) {
    if (bytes > chunk_size) throw_too_large();
    if (chunk_ < chunks_.size()) ++chunk_;
    if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk_size));
    used_ = 0;
  }
  [[noreturn]] static void throw_too_large() {
    std::fputs("tandem: the lab cannot follow that many atomics at once\n", stderr);
    std::abort();
  }

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

/// What a store hands to whoever acquires it. Stores share one, if a read-modify-write hands on what it found.
struct message {
  clock_vector clock;
  std::uint32_t size;
  std::uint32_t stores;  // that carry it
  message* next_free;
  tick* seen;
};

/// Which store of a location a thread has read last, and how often in a row.
struct reading {
  tick position = 0;
  unsigned times = 0;
};

/// What a thread knows.
struct view {
  clock_vector clock{};
  std::vector<tick> seen;         // by location; what lies beyond the end is 0
  std::vector<reading> readings;  // the same
  trace_hash trace = 0;           // of all that the thread has done, and of what it knew when it did it
  std::uint8_t id = 0;

  void begin(std::uint8_t thread, trace_hash identity) noexcept {
    clock = {};
    clock[thread] = 1;
    seen.clear();
    readings.clear();
    trace = identity;
    id = thread;
  }

  tick place(std::size_t location) const noexcept { return location < seen.size() ? seen[location] : 0; }
  void move_to(std::size_t location, tick position) {
    if (location >= seen.size()) seen.resize(location + 1);
    seen[location] = position;
  }
  void note_read(std::size_t location, tick position) {
    if (location >= readings.size()) readings.resize(location + 1);
    reading& last = readings[location];
    last = {position, last.position == position ? last.times + 1 : 1};
    move_to(location, position);
  }
  /// How often in a row the store at that position has been read.
  unsigned times_read(std::size_t location, tick position) const noexcept {
    return location < readings.size() && readings[location].position == position ? readings[location].times : 0;
  }

  void join(const clock_vector& other) noexcept {
    for (unsigned i = 0; i < max_threads; ++i) clock[i] = (std::max)(clock[i], other[i]);
  }
  void join(const tick* places, std::size_t count) {
    if (count > seen.size()) seen.resize(count);
    for (std::size_t i = 0; i < count; ++i) seen[i] = (std::max)(seen[i], places[i]);
  }
  void join(const message& m) {
    join(m.clock);
    join(m.seen, m.size);
  }
  void join(const view& other) {
    join(other.clock);
    join(other.seen.data(), other.seen.size());
  }
  void event(trace_hash what) noexcept {
    trace = mix(trace, what);
    ++clock[id];
  }
};

struct store {
  std::uint64_t value = 0;
  trace_hash trace = 0;
  message* carried = nullptr;
  tick position = 0;
  bool is_rmw = false;
};

struct location {
  std::size_t index = 0;
  trace_hash identity = 0;
  std::vector<store> history;  // in modification order
  tick next_free = 1;          // beyond every position that was ever used here
  tick sc_place = 0;           // the last one that a seq_cst access has written or read
  total_order::chain sc_last = total_order::nobody;
  trace_hash weight = 0;  // its newest value's, in memory::values()
  std::uint8_t creator = 0;
  bool alive = false;
  tick born = 0;  // on the creator's clock; 0: before this execution, by nobody
  site birthplace{};
  clock_vector last_use{};
  std::array<site, max_threads> last_user{};

  const store& newest() const noexcept { return history.back(); }
};

/// What was not tried because of a bound.
struct memory_bounds_reached {
  bool weak_memory = false;
  bool rereads = false;
  bool old_stores = false;
};

/// Who has touched some plain data, for the detection of races.
struct shadow {
  std::uint64_t execution = 0;
  tick written = 0;
  std::uint8_t writer = 0;
  site written_at{};
  clock_vector read{};
  std::array<site, max_threads> read_at{};

  void forget(std::uint64_t this_execution) noexcept {
    execution = this_execution;
    written = 0;
    read = {};
  }
};

class memory {
 public:
  /// If memory is not weak, every load reads the newest store. So often in a row may one thread read one store, if
  /// there is a newer one.
  memory(bool weak, unsigned most_rereads) noexcept : weak_(weak), most_rereads_(most_rereads) {}

  void reset() noexcept {
    messages_.reset();
    order_.reset();
    spare_.fill(nullptr);
    used_ = 0;
    free_.clear();
    alive_ = 0;
    values_ = 0;
  }

  /// Changes with every newest value, and is what it was when they all are again.
  trace_hash values() const noexcept { return values_; }

  location& create(view& me, std::uint64_t initial, bool in_this_execution, site where) {
    location& l = fresh();
    l.identity = in_this_execution ? mix(me.trace, 0xA7) : mix(l.index, 0xA8);
    l.creator = me.id;
    l.born = in_this_execution ? me.clock[me.id] : 0;
    l.birthplace = where;
    l.last_use = {};
    l.sc_place = 0;
    l.sc_last = total_order::nobody;
    l.alive = true;
    l.history.clear();
    store first;
    first.value = initial;
    first.trace = l.identity;
    first.position = advance(l);
    l.history.push_back(first);
    l.weight = 0;
    weigh(l, initial);
    if (in_this_execution) {
      me.move_to(l.index, first.position);
      me.event(0xA9);
      ++alive_;
    }
    return l;
  }

  void destroy(view& me, location& l) {
    me.event(mix(0xDE, l.identity));
    for (const store& s : l.history) release(s.carried);
    l.history.clear();
    values_ -= l.weight;
    l.alive = false;
    if (l.born != 0) --alive_;
    free_.push_back(l.index);
  }

  location& at(std::size_t index) noexcept { return locations_[index]; }
  std::size_t alive() const noexcept { return alive_; }
  /// In any execution so far.
  const memory_bounds_reached& bounds_reached() const noexcept { return reached_; }
  /// An atomic that was made in this execution and not destroyed; precondition: alive() != 0.
  const location& survivor() const noexcept {
    return *std::find_if(locations_.begin(), locations_.end(),
                         [](const location& l) { return l.alive && l.born != 0; });
  }

  /// Whether the atomic's beginning happens before this.
  static bool knows_birth(const view& me, const location& l) noexcept {
    return l.born == 0 || l.creator == me.id || me.clock[l.creator] >= l.born;
  }
  /// A thread whose last access to the atomic does not happen before its end; -1 if all is well.
  static int unseen_use(const view& me, const location& l) noexcept {
    for (unsigned t = 0; t < max_threads; ++t) {
      if (t != me.id && l.last_use[t] > me.clock[t]) return static_cast<int>(t);
    }
    return -1;
  }

  // --- which stores are open to a thread: indices into the history, from the oldest one on ---

  /// What comes before it is overwritten, by what the thread knows: it reads none of that, and puts nothing in there.
  std::size_t oldest_open(const view& me, const location& l, memory_order o) noexcept {
    const std::size_t last = l.history.size() - 1;
    std::size_t i = last;
    if (!weak_) {
      const bool overwritten = l.newest().trace != l.identity && me.place(l.index) < l.newest().position;
      reached_.weak_memory = reached_.weak_memory || overwritten;
      return i;
    }
    const tick floor = me.place(l.index);
    while (i > 0 && l.history[i - 1].position >= floor) --i;
    if (o != memory_order::seq_cst || l.history[i].position >= l.sc_place) return i;
    reached_.old_stores = reached_.old_stores || order_.is_full();
    const tick sc_floor = order_.is_full() ? l.sc_place : order_.floor(order_.before(me.clock), l.sc_last);
    while (i < last && l.history[i].position < sc_floor) ++i;
    return i;
  }
  /// For a load, which does not read an old store for ever.
  std::size_t oldest_to_read(const view& me, const location& l, memory_order o) noexcept {
    const std::size_t i = oldest_open(me, l, o);
    const bool tired = i + 1 < l.history.size() && me.times_read(l.index, l.history[i].position) > most_rereads_;
    reached_.rereads = reached_.rereads || tired;
    return tired ? i + 1 : i;
  }
  /// Whether there is room for a store behind that one.
  bool may_follow(const location& l, std::size_t i) noexcept {
    if (i + 1 == l.history.size()) return true;
    if (l.history[i + 1].is_rmw) return false;
    const bool is_room = l.history[i + 1].position - l.history[i].position > 1;
    reached_.old_stores = reached_.old_stores || !is_room;
    return is_room;
  }

  // --- accesses, each to the store of that index, or behind it ---

  std::uint64_t load(view& me, location& l, memory_order o, std::size_t i, site where) {
    const store& s = l.history[i];
    use(me, l, where);
    me.note_read(l.index, s.position);
    if (o == memory_order::seq_cst) enter_order(me, l, order_.before(me.clock), s.position, false);
    if (acquires(o) && s.carried != nullptr) me.join(*s.carried);
    me.event(mix(mix(0x10, l.identity), s.trace));
    return s.value;
  }

  void put(view& me, location& l, std::uint64_t value, memory_order o, std::size_t behind, site where) {
    use(me, l, where);
    write(me, l, value, o, behind, false, before_in_order(me, o));
  }

  /// A read-modify-write of the store of that index, which it follows at once.
  void replace(view& me, location& l, std::uint64_t value, memory_order o, std::size_t behind, site where) {
    use(me, l, where);
    const store& before = l.history[behind];
    const auto before_it = before_in_order(me, o);  // what it acquires does not count
    if (acquires(o) && before.carried != nullptr) me.join(*before.carried);
    write(me, l, value, o, behind, true, before_it);
  }

  /// It was looked at, by whoever is about to sleep on it.
  static void touch(const view& me, location& l, site where) noexcept { use(me, l, where); }

  // --- plain data ---

  /// A conflicting access that neither happens before this one nor is prevented from running beside it.
  static const site* conflict(const view& me, shadow& s, std::uint64_t execution, bool write, site where,
                              std::uint8_t& with) noexcept {
    if (s.execution != execution) s.forget(execution);
    if (s.written > me.clock[s.writer] && s.writer != me.id) {
      with = s.writer;
      return &s.written_at;
    }
    if (write) {
      for (unsigned t = 0; t < max_threads; ++t) {
        if (t != me.id && s.read[t] > me.clock[t]) {
          with = static_cast<std::uint8_t>(t);
          return &s.read_at[t];
        }
      }
      s.read = {};
      s.written = me.clock[me.id];
      s.writer = me.id;
      s.written_at = where;
    } else {
      s.read[me.id] = me.clock[me.id];
      s.read_at[me.id] = where;
    }
    return nullptr;
  }

 private:
  static constexpr tick gap = 1U << 14U;  // room for 14; positions last for 260'000 stores to one atomic
  static constexpr std::size_t longest_history = 64;

  static tick advance(location& l) noexcept {
    const tick position = l.next_free;
    l.next_free += gap;
    return position;
  }

  static void use(const view& me, location& l, site where) noexcept {
    l.last_use[me.id] = me.clock[me.id];
    l.last_user[me.id] = where;
  }

  void weigh(location& l, std::uint64_t newest) noexcept {
    const trace_hash weight = mix(l.index + 1, newest);
    values_ += weight - std::exchange(l.weight, weight);
  }

  /// Of the seq_cst operations, for one that is about to be done.
  total_order::numbers before_in_order(const view& me, memory_order o) const noexcept {
    return o == memory_order::seq_cst ? order_.before(me.clock) : total_order::numbers{};
  }
  void enter_order(const view& me, location& l, const total_order::numbers& before, tick place, bool writes) {
    l.sc_place = (std::max)(l.sc_place, place);
    if (!weak_ || order_.is_full()) return;
    order_.add(me.id, me.clock[me.id], before, place, writes, l.sc_last);
  }

  void write(view& me, location& l, std::uint64_t value, memory_order o, std::size_t behind, bool is_rmw,
             const total_order::numbers& before_it) {
    const store& before = l.history[behind];
    const store* const after = behind + 1 < l.history.size() ? &l.history[behind + 1] : nullptr;
    message* const inherited = is_rmw ? before.carried : nullptr;
    store s;
    s.value = value;
    s.is_rmw = is_rmw;
    s.position = after == nullptr ? advance(l) : before.position + (after->position - before.position) / 2;
    s.trace = mix(mix(mix(me.trace, is_rmw ? 0x30 : 0x20), l.identity),
                  mix(before.trace, after == nullptr ? 0 : after->trace));
    me.move_to(l.index, s.position);
    if (o == memory_order::seq_cst) enter_order(me, l, before_it, s.position, true);
    s.carried = releases(o) ? carry(me, inherited) : inherited;
    if (s.carried != nullptr) ++s.carried->stores;
    me.event(s.trace);
    if (after == nullptr) {
      weigh(l, value);
    } else {
      values_ += mix(l.index + 1, value);  // some thread may read it for the first time
    }
    std::size_t index = behind + 1;
    if (l.history.size() == (weak_ ? longest_history : 1)) {
      reached_.old_stores = reached_.old_stores || weak_;
      release(l.history.front().carried);
      l.history.erase(l.history.begin());
      --index;
    }
    l.history.insert(l.history.begin() + static_cast<std::ptrdiff_t>(index), s);
  }

  /// The thread's view, and what the store before it carried.
  message* carry(const view& me, const message* inherited) {
    const std::size_t size = (std::max)(me.seen.size(), inherited != nullptr ? std::size_t{inherited->size} : 0);
    message* const m = blank(size);
    m->clock = me.clock;
    std::copy(me.seen.begin(), me.seen.end(), m->seen);
    std::fill(m->seen + me.seen.size(), m->seen + size, tick{0});
    if (inherited != nullptr) {
      for (unsigned i = 0; i < max_threads; ++i) m->clock[i] = (std::max)(m->clock[i], inherited->clock[i]);
      for (std::size_t i = 0; i < inherited->size; ++i) m->seen[i] = (std::max)(m->seen[i], inherited->seen[i]);
    }
    return m;
  }

  /// One with room for so many places, and for twice that at most.
  message* blank(std::size_t size) {
    const auto fits = static_cast<std::size_t>(std::bit_width(size));
    message* m = spare_[fits];
    if (m != nullptr) {
      spare_[fits] = m->next_free;
    } else {
      m = static_cast<message*>(messages_.take(sizeof(message)));
      m->seen = static_cast<tick*>(messages_.take((std::size_t{1} << fits) * sizeof(tick)));
    }
    m->size = static_cast<std::uint32_t>(size);
    m->stores = 0;
    return m;
  }
  void release(message* m) noexcept {
    if (m == nullptr || --m->stores != 0) return;
    message*& spare = spare_[static_cast<std::size_t>(std::bit_width(m->size))];
    m->next_free = std::exchange(spare, m);
  }

  location& fresh() {
    if (!free_.empty()) {
      const std::size_t index = free_.back();
      free_.pop_back();
      return locations_[index];
    }
    if (used_ == locations_.size()) locations_.emplace_back().index = used_;
    location& l = locations_[used_++];
    l.next_free = 1;
    return l;
  }

  bool weak_;
  unsigned most_rereads_;
  arena messages_;
  total_order order_;
  std::array<message*, 33> spare_{};  // by the bits of their size
  std::deque<location> locations_;
  std::vector<std::size_t> free_;
  std::size_t used_ = 0;
  std::size_t alive_ = 0;
  trace_hash values_ = 0;
  memory_bounds_reached reached_;
};

}  // namespace tandem::inline TANDEM_ABI::lab
