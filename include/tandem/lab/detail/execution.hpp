// tandem/lab/detail/execution.hpp: one run of a program, on one thread, in which nothing happens by chance.
//
// Contract   What the lab's platform asks for: atomics, plain data, parking, time and threads, each step of them under
//            the scheduler and by the rules of the memory model. Where the memory model leaves a choice, the chooser is
//            asked. Parking looks at the newest store, as a kernel does under its lock; waking hands nothing over.
// Algorithm  scheduler.hpp (who runs), memory.hpp (what a load may read).
// Tests      tests/lab.test.cpp, tests/lab/litmus.test.cpp
#pragma once

#include <tandem/lab/detail/scheduler.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tandem::inline TANDEM_ABI::lab {

/// An atomic's part in an execution; the atomic holds one of these.
struct atomic_handle {
  std::uint64_t execution = 0;
  std::uint32_t index = 0;
  bool owned_jointly = false;
  static constexpr std::uint64_t ended = ~std::uint64_t{0};
};

class execution : public scheduler {
 public:
  explicit execution(const bounds& limits) : scheduler(limits), memory_(limits.weak_memory, limits.rereads) {}

  /// The one that this code runs in, or nullptr.
  static execution*& current() noexcept {
    static constinit thread_local execution* running = nullptr;
    return running;
  }
  /// The same, or the end of the program, for what makes no sense elsewhere.
  static execution& required(const char* what) noexcept {
    if (current() == nullptr) {
      watch::foreign(0);
      std::fprintf(stderr,
                   "tandem: %s outside of an execution: nobody else can run there; use lab::explore or lab::run\n",
                   what);
      std::abort();
    }
    return *current();
  }

  /// On a thread that runs no execution: is that atomic, or that plain data, one's that runs on another? Then it is the
  /// end of the program.
  static void not_here(const atomic_handle& a) noexcept {
    if (a.execution != 0 && a.execution != atomic_handle::ended) watch::foreign(a.execution);
  }
  static void not_here(const shadow& s) noexcept {
    if (s.execution != 0) watch::foreign(s.execution);
  }

  /// Runs it to the end, or to the first trouble.
  void run(std::unique_ptr<callable> body, chooser& by) {
    static constinit std::atomic<std::uint64_t> executions{0};
    number_ = executions.fetch_add(1, std::memory_order_relaxed) + 1;
    memory_.reset();

    execution* const outer = std::exchange(current(), this);
    says_that_runs(number_);
    run_threads(std::move(body), by);
    says_that_runs(0);
    current() = outer;
    if (limits_.leaks && trouble_.what == problem::none && memory_.alive() != 0) {
      const std::size_t left = memory_.alive();
      trouble_ = {problem::lifetime,
                  (left == 1 ? "an atomic was never destroyed; it was made in "
                             : std::to_string(left) + " atomics were never destroyed; one was made in ") +
                      in_words(memory_.survivor().birthplace) + ": something leaks"};
    }
  }

  /// By any execution so far.
  refusals bounds_reached() const noexcept {
    refusals all = reached_;
    all.weak_memory = memory_.bounds_reached().weak_memory;
    all.rereads = memory_.bounds_reached().rereads;
    all.old_stores = memory_.bounds_reached().old_stores;
    return all;
  }

  /// Faults to be planted; where each memory order is written.
  void plant(const std::vector<fault>* planted) noexcept { faults_ = planted; }
  void collect(order_sites* into) noexcept {
    sites_ = into;
    collected_.clear();
  }

  // --- for the platform: atomics ------------------------------------------------------------------------------------

  void create(atomic_handle& a, std::uint64_t value, const site& where) {
    location& l = memory_.create(me(), value, true, where);
    enter(a, l);
    note_values();
  }

  void destroy(atomic_handle& a, const site& where) {
    if (a.execution != number_) return;
    location& l = memory_.at(a.index);
    check_birth(l, where, "destroyed");
    if (const int other = a.owned_jointly ? -1 : memory::unseen_use(me(), l); other >= 0) {
      const auto t = static_cast<unsigned>(other);
      fail(problem::lifetime, describe(a) + " is destroyed by " + running_->name + ", but its last use by " +
                                  threads_[t]->name + " in " + in_words(l.last_user[t]) +
                                  " does not happen before that");
    }
    memory_.destroy(me(), l);
    note_values();
    a.execution = atomic_handle::ended;
  }

  std::uint64_t load(atomic_handle& a, std::uint64_t outside, memory_order o, const site& where) {
    look(where, number_of(a));
    point(where, "load", false);
    location& l = reach(a, outside, where);
    o = ordered(o, where, "load", false);
    const std::size_t last = l.history.size() - 1;
    const auto choices = static_cast<unsigned>(last - memory_.oldest_to_read(me(), l, o)) + 1;
    const std::size_t i = last - ask(choice::store, choices);
    const std::uint64_t value = memory_.load(me(), l, o, i, where);
    if (told_.telling) tell_access(where, "load", a, o, "= " + number_text(value) + age(last - i));
    return value;
  }

  void store_value(atomic_handle& a, std::uint64_t outside, std::uint64_t value, memory_order o, const site& where) {
    look(where, number_of(a));
    point(where, "store", polling_ == 0 || newest(a, outside) != value);
    location& l = reach(a, outside, where);
    o = ordered(o, where, "store", false);
    const std::size_t last = l.history.size() - 1;
    const std::size_t behind = choose_gap(l, o);
    memory_.put(me(), l, value, o, behind, where);
    note_values();
    if (told_.telling) tell_access(where, "store", a, o, "<- " + number_text(value) + overtaken(behind < last));
  }

  /// `change(old)` is the new value.
  template <class Change>
  std::uint64_t modify(atomic_handle& a, std::uint64_t outside, memory_order o, const site& where, const char* name,
                       const Change& change) {
    look(where, number_of(a));
    point(where, name, polling_ == 0 || change(newest(a, outside)) != newest(a, outside));
    location& l = reach(a, outside, where);
    o = ordered(o, where, name, false);
    const std::size_t last = l.history.size() - 1;
    const std::size_t behind = choose_gap(l, o);
    const std::uint64_t before = l.history[behind].value;
    const std::uint64_t after = change(before);
    memory_.replace(me(), l, after, o, behind, where);
    note_values();
    if (told_.telling) {
      tell_access(where, name, a, o, number_text(before) + " -> " + number_text(after) + overtaken(behind < last));
    }
    return before;
  }

  bool compare_exchange(atomic_handle& a, std::uint64_t outside, std::uint64_t& expected, std::uint64_t desired,
                        bool may_fail, memory_order success, memory_order failure, const site& where) {
    look(where, number_of(a));
    point(where, "cas", polling_ == 0 || newest(a, outside) == expected);
    location& l = reach(a, outside, where);
    success = ordered(success, where, "cas", false);
    failure = ordered(failure, where, "cas", true);
    const std::size_t last = l.history.size() - 1;
    const auto [i, for_no_reason] = choose_found(l, expected, may_fail, success, failure);
    const std::uint64_t found = l.history[i].value;
    if (found == expected && !for_no_reason) {
      memory_.replace(me(), l, desired, success, i, where);
      note_values();
      if (told_.telling) {
        const std::string change = number_text(found) + " -> " + number_text(desired);
        tell_access(where, "cas", a, success, change + overtaken(i < last));
      }
      return true;
    }
    memory_.load(me(), l, failure, i, where);
    if (told_.telling) {
      tell_access(where, "cas", a, failure,
                  "finds " + number_text(found) + age(last - i) + (for_no_reason ? ", fails for no reason" : ""));
    }
    expected = found;
    return false;
  }

  // --- plain data ---------------------------------------------------------------------------------------------------

  void plain(shadow& s, bool write, const site& where) {
    std::uint8_t with = 0;
    const site* const other = memory::conflict(me(), s, number_, write, where, with);
    if (other == nullptr) return;
    fail(problem::race, std::string(write ? "a write" : "a read") + " of plain data by " + running_->name + " in " +
                            in_words(where) + " and an access by " + threads_[with]->name + " in " + in_words(*other) +
                            ", neither of which happens before the other");
  }
  /// Where that is written is not known: after the thread's last step.
  void plain(shadow& s, bool write) { plain(s, write, running_->at); }
  void plain_write(const void* address, const site& where) { plain(shadows_[address], true, where); }
  void plain_new(const void* address) { shadows_[address].forget(number_); }

  // --- parking, time ------------------------------------------------------------------------------------------------

  instant_ns now(const site& where) {
    look(where, the_time);
    count_step(where, "now");
    offer_clock();
    me().trace = mix(me().trace, static_cast<trace_hash>(now_));
    return now_;
  }

  /// Sleeps while the newest value of the atomic is `seen`.
  void park(atomic_handle& a, std::uint64_t outside, const void* address, std::uint64_t seen, instant_ns until,
            const site& where) {
    running_->lately.forget();
    point(where, "park", false);
    location& l = reach(a, outside, where);
    const bool changed = l.newest().value != seen;
    memory_.touch(me(), l, where);
    me().event(mix(0x70, l.newest().trace));
    if (changed || until <= now_ || surprise()) {
      if (told_.telling) {
        tell_access(where, "park", a, {},
                    changed         ? "not: it has changed"
                    : until <= now_ ? "not: it is too late"
                                    : "returns for no reason");
      }
      return;
    }
    if (told_.telling)
      tell_access(where, "park", a, {}, until == never ? "sleeps" : "sleeps until " + time_text(until));
    running_->waits_for = address;
    wait(state::parked, until);
    if (told_.telling) tell_access(where, "park", a, {}, running_->timed_out ? "its time has come" : "was woken");
  }

  void unpark_one(const void* address, const site& where) {
    running_->lately.forget();
    point(where, "unpark");
    if (is_omitted(where, "unpark")) return;
    std::array<std::uint8_t, max_threads> parked{};
    unsigned count = 0;
    for (unsigned i = 0; i < count_; ++i) {
      if (threads_[i]->doing == state::parked && threads_[i]->waits_for == address) {
        parked[count++] = static_cast<std::uint8_t>(i);
      }
    }
    if (count == 0) {
      me().event(0x71);
      tell("unpark: nobody sleeps there", where);
      return;
    }
    thread& woken = *threads_[parked[ask(choice::wake, count)]];
    me().event(mix(0x72, woken.known.id));
    wake(woken);
    ++moves_;
    if (told_.telling) tell("unpark wakes " + woken.name, where);
  }

  void sleep_until(instant_ns until, const site& where) {
    running_->lately.forget();
    point(where, "sleep");
    if (told_.telling) tell("sleep until " + time_text(until), where);
    if (until > now_) wait(state::sleeping, until);
    me().event(mix(0x73, static_cast<trace_hash>(now_)));
  }

  // --- threads ------------------------------------------------------------------------------------------------------

  unsigned spawn(std::unique_ptr<callable> body, std::string name, const site& where) {
    running_->lately.forget();
    point(where, "spawn");
    if (count_ == max_threads) fail(problem::misuse, "the lab runs at most 16 threads in one execution");
    if (name.empty()) name = "thread " + std::to_string(count_);
    thread& child = start_thread(std::move(body), std::move(name), where);
    const unsigned id = child.known.id;
    child.known.begin(static_cast<std::uint8_t>(id), mix(me().trace, 0x80 + id));
    child.known.join(me());
    child.known.clock[id] = 1;
    me().event(mix(0x81, id));
    if (told_.telling) tell("spawn " + child.name, where);
    return id;
  }

  void join(unsigned id, const site& where) {
    running_->lately.forget();
    point(where, "join");
    if (told_.telling) tell("join " + threads_[id]->name, where);
    while (threads_[id]->doing != state::done) block_on(threads_[id].get());
    me().join(threads_[id]->known);
    me().event(mix(0x82, threads_[id]->known.trace));
  }

  /// What a thread has learned: one object for each type, made when it is first asked for.
  template <class T>
  T& learned() {
    static const char key = 0;
    for (auto& [k, object] : running_->learned) {
      if (k == &key) return *static_cast<T*>(object.get());
    }
    running_->learned.emplace_back(&key, std::shared_ptr<void>(std::make_shared<T>()));
    return *static_cast<T*>(running_->learned.back().second.get());
  }

  // --- for the program under test -----------------------------------------------------------------------------------

  unsigned user_choice(unsigned alternatives, const site& where) {
    running_->lately.forget();
    const unsigned chosen = ask(choice::user, alternatives);
    me().event(mix(0x90, chosen));
    if (told_.telling) tell("choose " + std::to_string(chosen) + " of " + std::to_string(alternatives), where);
    return chosen;
  }

  void note(std::string_view text, const site& where) {
    if (told_.telling) tell("note: " + std::string(text), where);
  }

  /// What the report calls the atomics that lie in [begin, begin + size).
  void name(const void* begin, std::size_t size, std::string_view text) { told_.name(begin, size, text); }

  /// The thread's clock, and a new tick: what others learn from now on includes what came before.
  std::pair<unsigned, clock_vector> moment() {
    const clock_vector known = me().clock;
    me().event(0x91);
    return {me().id, known};
  }

 private:
  // --- the memory model's choices ------------------------------------------------------------------------------------

  /// Behind which store something new goes.
  std::size_t choose_gap(const location& l, memory_order o) {
    const std::size_t first = memory_.oldest_open(me(), l, o);
    if (first + 1 == l.history.size()) return first;
    std::array<std::size_t, 65> gaps{};
    unsigned count = 0;
    for (std::size_t i = l.history.size(); i-- > first;) {
      if (memory_.may_follow(l, i)) gaps[count++] = i;
    }
    return gaps[ask(choice::place, count)];
  }

  struct finding {
    std::size_t store;
    bool for_no_reason;  // it is what was expected, and yet the compare-exchange fails
  };
  /// What a compare-exchange finds: the newest store, or an older one. If that makes it succeed, it goes right behind
  /// it, with the one order; if it fails it is a load, with the other, whether what it finds is the reason or not.
  finding choose_found(const location& l, std::uint64_t expected, bool may_fail, memory_order success,
                       memory_order failure) {
    const std::size_t last = l.history.size() - 1;
    const std::size_t to_fail = memory_.oldest_to_read(me(), l, failure);
    const std::size_t to_succeed = memory_.oldest_open(me(), l, success);
    if (to_fail == last && to_succeed == last) {
      return {last, may_fail && l.history[last].value == expected && surprise()};
    }
    std::array<std::uint8_t, 65> found{};
    std::array<std::uint8_t, 65> equal{};  // which a load may read
    unsigned all_found = 0;
    unsigned all_equal = 0;
    for (std::size_t i = last + 1; i-- > (std::min)(to_fail, to_succeed);) {
      const bool same = l.history[i].value == expected;
      if (same && i >= to_fail) equal[all_equal++] = static_cast<std::uint8_t>(i);
      if (same ? i >= to_succeed && memory_.may_follow(l, i) : i >= to_fail) {
        found[all_found++] = static_cast<std::uint8_t>(i);
      }
    }
    if (may_fail && all_equal != 0 && surprise()) return {equal[ask(choice::store, all_equal)], true};
    return {found[ask(choice::store, all_found)], false};
  }

  // --- atomics ------------------------------------------------------------------------------------------------------

  static constexpr std::uint32_t not_seen_yet = the_time - 1;
  std::uint32_t number_of(const atomic_handle& a) const noexcept {
    return a.execution == number_ ? a.index : not_seen_yet;
  }
  void note_values() noexcept {
    if (memory_.values() == values_) return;
    values_ = memory_.values();
    running_->lately.note_change();
  }
  std::uint64_t newest(const atomic_handle& a, std::uint64_t outside) noexcept {
    return a.execution == number_ ? memory_.at(a.index).newest().value : outside;
  }

  void enter(atomic_handle& a, const location& l) noexcept {
    a.execution = number_;
    a.index = static_cast<std::uint32_t>(l.index);
  }

  location& reach(atomic_handle& a, std::uint64_t outside, const site& where) {
    if (a.execution != number_) {
      if (a.execution == atomic_handle::ended) {
        fail(problem::lifetime, "an atomic is used after its end, by " + running_->name + " in " + in_words(where));
      }
      enter(a, memory_.create(me(), outside, false, where));
      note_values();
    }
    location& l = memory_.at(a.index);
    check_birth(l, where, "used");
    return l;
  }

  void check_birth(const location& l, const site& where, const char* what) {
    if (memory::knows_birth(me(), l)) return;
    fail(problem::lifetime, "an atomic is " + std::string(what) + " by " + running_->name + " in " + in_words(where) +
                                ", but its construction by " + threads_[l.creator]->name +
                                " does not happen before that");
  }

  // --- deliberate faults --------------------------------------------------------------------------------------------

  memory_order ordered(memory_order o, const site& where, const char* name, bool on_failure) {
    const fault* const weakened = planted(fault::kind::weaken, where, name, o, on_failure);
    return weakened != nullptr ? weakened->to : o;
  }
  bool is_omitted(const site& where, const char* name) {
    return planted(fault::kind::omit, where, name, memory_order::relaxed, false) != nullptr;
  }

  /// The fault of that kind that is planted here, if any. If sites are collected, this one is.
  const fault* planted(fault::kind what, const site& where, const char* name, memory_order o, bool on_failure) {
    // the set is there to be quick: of the same place, the pointer is nearly always the same
    if (sites_ != nullptr && collected_.emplace(where.file_name(), where.line(), where.column(), on_failure).second) {
      sites_->try_emplace({where.file_name(), where.line(), where.column(), on_failure},
                          order_use{short_name(where.function_name()), name, o});
    }
    if (faults_ == nullptr) return nullptr;
    for (const fault& f : *faults_) {
      if (f.what == what && f.on_failure == on_failure && is_at(f, where)) return &f;
    }
    return nullptr;
  }
  static bool is_at(const fault& f, const site& where) noexcept {
    return f.line == where.line() && f.column == where.column() &&
           std::string_view(where.file_name()).ends_with(f.file);
  }

  // --- what is told -------------------------------------------------------------------------------------------------

  std::string describe(const atomic_handle& a) const {
    const std::string number = "atomic " + std::to_string(a.index);
    const std::string* const owner = told_.owner_of(&a);
    return owner != nullptr ? number + " of " + *owner : number;
  }

  void tell_access(const site& where, const char* name, const atomic_handle& a, std::optional<memory_order> o,
                   const std::string& text) {
    if (const std::string* const owner = told_.owner_of(&a)) {
      running_->last_touched = *owner;
    } else if (!is_about_waiting(where)) {
      running_->last_touched.clear();
    }
    std::string step = std::string(name) + " " + describe(a) + " " + text;
    if (o) step += " (" + std::string(name_of(*o)) + ")";
    tell(step, where);
  }

  memory memory_;
  std::unordered_map<const void*, shadow> shadows_;
  const std::vector<fault>* faults_ = nullptr;
  order_sites* sites_ = nullptr;
  std::set<std::tuple<const void*, unsigned, unsigned, bool>> collected_;
  std::uint64_t number_ = 0;
};

}  // namespace tandem::inline TANDEM_ABI::lab
