// tandem/lab/platform.hpp: a ground on which nothing happens by chance.
//
// Contract   What platform.hpp asks of a ground, given by the execution that this code runs in (lab::explore,
//            lab::run). Outside of one, atomics and cells are plain variables and whatever would have to wait ends the
//            program. Every operation takes one argument more than elsewhere, with a default: where it is written, for
//            the report.
//              atomic<T>   T of at most 8 bytes
//              cell<T>     a race on it is a failure, and so is reading one that has no value yet
//              thread      at most 16 in an execution
//              stop_*      as std:: has them; a request, a registration and a deregistration are one step each
//              clock       virtual; starts at 0 in each execution
// Algorithm  detail/execution.hpp, detail/memory.hpp
// Tests      tests/lab/platform.test.cpp, tests/lab/litmus.test.cpp, tests/lab/zoo.test.cpp, tests/lab.test.cpp
#pragma once

#include <tandem/lab/detail/abi.hpp>

#define TANDEM_LAB 1

#include <tandem/lab/detail/execution.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace tandem::inline TANDEM_ABI::platform {

using order = std::memory_order;
using site = lab::site;

struct clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<clock>;
  static constexpr bool is_steady = true;
  static time_point now(site where = site::current()) noexcept {
    return time_point(duration(lab::execution::current() != nullptr ? lab::execution::current()->now(where) : 0));
  }
};
inline constexpr clock::time_point no_deadline = (clock::time_point::max)();

template <class T>
class atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t),
                "the lab follows atomics of at most 8 bytes");

 public:
  constexpr atomic(site where = site::current()) noexcept { begin(where); }
  constexpr explicit atomic(T initial, site where = site::current()) noexcept : value_(initial) { begin(where); }
  /// Its end is not checked against its uses.
  struct owned_jointly {};
  constexpr atomic(T initial, owned_jointly, site where = site::current()) noexcept : value_(initial) {
    handle_.owned_jointly = true;
    begin(where);
  }
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;
  constexpr ~atomic() {
    if (!std::is_constant_evaluated() && is_here()) here()->destroy(handle_, site::current());
  }

  T load(order o, site where = site::current()) const noexcept {
    if (!is_here()) return value_;
    return unpacked(here()->load(handle_, packed(value_), o, where));
  }
  void store(T desired, order o, site where = site::current()) noexcept {
    if (is_here()) {
      here()->store_value(handle_, packed(value_), packed(desired), o, where);
    } else {
      value_ = desired;
    }
  }
  T exchange(T desired, order o, site where = site::current()) noexcept {
    return modify("exchange", o, where, [&](T) { return desired; });
  }
  bool compare_exchange_weak(T& expected, T desired, order success, order failure,
                             site where = site::current()) noexcept {
    return compare_exchange(expected, desired, true, success, failure, where);
  }
  bool compare_exchange_strong(T& expected, T desired, order success, order failure,
                               site where = site::current()) noexcept {
    return compare_exchange(expected, desired, false, success, failure, where);
  }
  T fetch_add(T operand, order o, site where = site::current()) noexcept {
    return modify("fetch_add", o, where, [&](T old) { return static_cast<T>(old + operand); });
  }
  T fetch_sub(T operand, order o, site where = site::current()) noexcept {
    return modify("fetch_sub", o, where, [&](T old) { return static_cast<T>(old - operand); });
  }
  T fetch_or(T operand, order o, site where = site::current()) noexcept {
    return modify("fetch_or", o, where, [&](T old) { return static_cast<T>(old | operand); });
  }

  const void* address() const noexcept { return this; }

 private:
  friend void park(const atomic<std::uint32_t>&, std::uint32_t, clock::time_point, site) noexcept;

  static lab::execution* here() noexcept { return lab::execution::current(); }
  /// Not: it is a plain variable.
  bool is_here() const noexcept {
    if (here() != nullptr) return true;
    lab::execution::not_here(handle_);
    return false;
  }

  constexpr void begin(const site& where) noexcept {
    if (!std::is_constant_evaluated() && here() != nullptr) here()->create(handle_, packed(value_), where);
  }

  static std::uint64_t packed(T value) noexcept {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
  }
  static T unpacked(std::uint64_t bits) noexcept {
    T value{};
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  template <class Change>
  T modify(const char* name, order o, const site& where, const Change& change) noexcept {
    if (!is_here()) return std::exchange(value_, change(value_));
    return unpacked(here()->modify(handle_, packed(value_), o, where, name,
                                   [&](std::uint64_t old) { return packed(change(unpacked(old))); }));
  }

  bool compare_exchange(T& expected, T desired, bool may_fail, order success, order failure,
                        const site& where) noexcept {
    if (!is_here()) {
      const bool same = packed(value_) == packed(expected);
      (same ? value_ : expected) = same ? desired : value_;
      return same;
    }
    std::uint64_t found = packed(expected);
    const bool done =
        here()->compare_exchange(handle_, packed(value_), found, packed(desired), may_fail, success, failure, where);
    if (!done) expected = unpacked(found);
    return done;
  }

  mutable lab::atomic_handle handle_;
  T value_{};  // before the execution, or where there is none
};

[[noreturn]] inline void die(const char* sentence) noexcept;

struct unset_t {};
inline constexpr unset_t unset{};

template <class T>
class cell {
  static_assert(std::is_trivially_copyable_v<T>, "a cell holds plain data: it is read and written as a whole");

 public:
  constexpr cell() noexcept { begin(); }
  explicit cell(unset_t) noexcept : is_set_(false) { begin(); }
  constexpr explicit cell(T initial) noexcept : value_(initial) { begin(); }
  cell(const cell&) = delete;
  cell& operator=(const cell&) = delete;
  constexpr ~cell() { touch(true); }  // whoever uses it later, or meanwhile, races with its end

  constexpr operator T() const noexcept { return read(); }
  constexpr T operator->() const noexcept
    requires std::is_pointer_v<T>
  {
    return read();
  }
  constexpr void operator=(T desired) noexcept {
    touch(true);
    value_ = desired;
    is_set_ = true;
  }
  constexpr T exchange(T desired) noexcept {
    touch(true);
    require_set();
    return std::exchange(value_, desired);
  }

 private:
  constexpr void touch(bool write) const noexcept {
    if (std::is_constant_evaluated()) return;
    if (lab::execution::current() != nullptr) return lab::execution::current()->plain(shadow_, write);
    lab::execution::not_here(shadow_);
  }
  constexpr void begin() noexcept { touch(true); }
  constexpr T read() const noexcept {
    touch(false);
    require_set();
    return value_;
  }
  constexpr void require_set() const noexcept {
    if (!is_set_) die("a cell was read before it was given a value");
  }

  mutable lab::shadow shadow_;
  T value_{};
  bool is_set_ = true;
};

inline void park(const atomic<std::uint32_t>& word, std::uint32_t seen, clock::time_point until,
                 site where = site::current()) noexcept {
  using words = atomic<std::uint32_t>;
  lab::execution::required("a thread parks")
      .park(word.handle_, words::packed(word.value_), word.address(), words::packed(seen),
            until.time_since_epoch().count(), where);
}
inline void unpark_one(const void* address, site where = site::current()) noexcept {
  if (lab::execution::current() != nullptr) lab::execution::current()->unpark_one(address, where);
}

inline void sleep_until(clock::time_point when, site where = site::current()) noexcept {
  lab::execution::required("a thread sleeps").sleep_until(when.time_since_epoch().count(), where);
}

inline void yield(site where = site::current()) noexcept {
  if (lab::execution::current() != nullptr) lab::execution::current()->yield(where);
}
inline void spin_hint(site where = site::current()) noexcept { yield(where); }
inline void doze(std::chrono::microseconds, site where = site::current()) noexcept { yield(where); }

inline unsigned longest_spin() noexcept {
  return lab::execution::current() != nullptr ? lab::execution::current()->limits().longest_spin : 0;
}
inline unsigned longest_yield() noexcept {
  return lab::execution::current() != nullptr ? lab::execution::current()->limits().longest_yield : 0;
}
inline unsigned longest_spin_without_yields() noexcept { return longest_spin(); }
inline unsigned dear_yield() noexcept { return 0; }  // nobody is a stranger here
inline unsigned core() noexcept { return 0; }
inline void leave_trace() noexcept {}
inline bool movers_leave_traces() noexcept { return false; }
struct lent_core {
  explicit lent_core(bool) noexcept {}
  static constexpr bool can_be_told() noexcept { return false; }
  static constexpr bool went_to_strangers() noexcept { return false; }
};

inline int short_poll() noexcept {
  return lab::execution::current() != nullptr ? lab::execution::current()->limits().short_poll : 1;
}

inline void prefetch_to_write(const void*) noexcept {}

inline void plain_new(const void* p) noexcept {
  if (lab::execution::current() != nullptr) lab::execution::current()->plain_new(p);
}
inline void plain_write(const void* p, site where = site::current()) noexcept {
  if (lab::execution::current() != nullptr) lab::execution::current()->plain_write(p, where);
}

template <class T>
T& per_thread() {
  if (lab::execution::current() != nullptr) return lab::execution::current()->learned<T>();
  static thread_local T learned{};
  return learned;
}

inline const void* this_thread() {
  struct identity {
    char its_address;
  };
  return &per_thread<identity>();
}

/// Nobody sees it: there is no time that it could save.
struct request {
  static constexpr bool is_made() noexcept { return false; }
  static constexpr void make() noexcept {}
  static constexpr void drop() noexcept {}
};

/// No step, and no race: where an execution runs, one thread runs it.
class holder {
 public:
  bool is_here() const { return who_ == this_thread(); }
  const void* change(const void* whom) noexcept { return std::exchange(who_, whom); }

 private:
  const void* who_ = nullptr;
};

[[noreturn]] inline void die(const char* sentence) noexcept {
  if (lab::execution::current() != nullptr) lab::execution::current()->fail(lab::problem::misuse, sentence);
  std::fprintf(stderr, "tandem: %s\n", sentence);
  std::abort();
}

inline constexpr std::size_t cache_line = 64;

// --- stop tokens ----------------------------------------------------------------------------------------------------

namespace stopping {

struct registered {
  registered* previous = nullptr;
  registered* next = nullptr;
  bool listed = false;
  virtual void run() noexcept = 0;

 protected:
  ~registered() = default;
};

/// What a source and its tokens share. Each step() is one step of the execution; what follows it, up to the next step
/// of the same thread, nobody interrupts.
class state {
 public:
  bool requested(const site& where) const noexcept { return (word_.load(order::acquire, where) & 1U) != 0; }

  bool request(const site& where) noexcept {
    if ((word_.fetch_or(1, order::acq_rel, where) & 1U) != 0) return false;
    requester_ = self();
    while (first_ != nullptr) {
      registered* const r = first_;
      unlink(*r);
      running_ = r;
      bool gone = false;
      gone_ = &gone;
      step(where);
      r->run();
      step(where);
      if (gone) continue;
      running_ = nullptr;
      if (lab::execution::current() != nullptr) lab::execution::current()->unblock(r);
    }
    return true;
  }

  /// True: not registered, a stop has been requested already.
  bool enter(registered& r, const site& where) noexcept {
    if ((step(where) & 1U) != 0) return true;
    r.next = first_;
    r.previous = nullptr;
    if (first_ != nullptr) first_->previous = &r;
    first_ = &r;
    r.listed = true;
    return false;
  }

  /// Afterwards the callback does not run, and will not; unless it is this very thread that runs it.
  void quit(registered& r, const site& where) noexcept {
    step(where);
    if (r.listed) return unlink(r);
    if (running_ != &r) return;
    if (requester_ == self()) {
      *gone_ = true;
      running_ = nullptr;
      return;
    }
    while (running_ == &r) lab::execution::required("a stop_callback waits").block_on(&r);
    step(where);
  }

 private:
  static unsigned self() noexcept {
    return lab::execution::current() != nullptr ? lab::execution::current()->current_thread() : 0;
  }
  std::uint32_t step(const site& where) noexcept { return word_.fetch_or(0, order::acq_rel, where); }

  void unlink(registered& r) noexcept {
    (r.previous != nullptr ? r.previous->next : first_) = r.next;
    if (r.next != nullptr) r.next->previous = r.previous;
    r.listed = false;
  }

  // whoever lets go last destroys it: the count of owners, which the lab does not see, orders that after every use
  atomic<std::uint32_t> word_{0, atomic<std::uint32_t>::owned_jointly{}};
  registered* first_ = nullptr;
  registered* running_ = nullptr;
  bool* gone_ = nullptr;
  unsigned requester_ = 0;
};

}  // namespace stopping

class stop_token {
 public:
  stop_token() noexcept = default;
  [[nodiscard]] bool stop_requested(site where = site::current()) const noexcept {
    return state_ != nullptr && state_->requested(where);
  }
  [[nodiscard]] bool stop_possible() const noexcept { return state_ != nullptr; }
  friend bool operator==(const stop_token&, const stop_token&) noexcept = default;

 private:
  friend class stop_source;
  template <class>
  friend class stop_callback;
  explicit stop_token(std::shared_ptr<stopping::state> s) noexcept : state_(std::move(s)) {}
  std::shared_ptr<stopping::state> state_;
};

class stop_source {
 public:
  stop_source() : state_(std::make_shared<stopping::state>()) {}
  [[nodiscard]] stop_token get_token() const noexcept { return stop_token(state_); }
  bool request_stop(site where = site::current()) const noexcept { return state_ != nullptr && state_->request(where); }
  [[nodiscard]] bool stop_requested(site where = site::current()) const noexcept {
    return state_ != nullptr && state_->requested(where);
  }
  [[nodiscard]] bool stop_possible() const noexcept { return state_ != nullptr; }

 private:
  std::shared_ptr<stopping::state> state_;
};

template <class Callback>
class stop_callback final : private stopping::registered {
 public:
  using callback_type = Callback;
  template <class C>
    requires std::constructible_from<Callback, C>
  explicit stop_callback(stop_token token, C&& callback, site where = site::current())
      : state_(std::move(token.state_)), callback_(std::forward<C>(callback)), where_(where) {
    if (state_ != nullptr && state_->enter(*this, where_)) run();
  }
  stop_callback(const stop_callback&) = delete;
  stop_callback& operator=(const stop_callback&) = delete;
  ~stop_callback() {
    if (state_ != nullptr) state_->quit(*this, where_);
  }

 private:
  void run() noexcept override { std::forward<Callback>(callback_)(); }

  std::shared_ptr<stopping::state> state_;
  Callback callback_;
  site where_;
};
template <class Callback>
stop_callback(stop_token, Callback) -> stop_callback<Callback>;

// --- threads --------------------------------------------------------------------------------------------------------

inline unsigned this_threads_id() noexcept {
  return lab::execution::current() != nullptr ? lab::execution::current()->current_thread() : 0;
}

/// As std::jthread.
class thread {
 public:
  using id = unsigned;

  thread() noexcept = default;
  template <class Function, class... Arguments>
    requires(!std::same_as<std::remove_cvref_t<Function>, thread>)
  explicit thread(Function&& function, Arguments&&... arguments) {
    start(std::string(), site::current(), std::forward<Function>(function), std::forward<Arguments>(arguments)...);
  }
  thread(thread&& other) noexcept
      : id_(std::exchange(other.id_, none)), source_(std::exchange(other.source_, nothing())) {}
  thread& operator=(thread&& other) noexcept {
    if (this != &other) {
      end();
      id_ = std::exchange(other.id_, none);
      source_ = std::exchange(other.source_, nothing());
    }
    return *this;
  }
  ~thread() { end(); }

  /// A thread that the report of a failure calls by name.
  template <class Function>
  static thread named(std::string name, const site& where, Function&& function) {
    thread made;
    made.start(std::move(name), where, std::forward<Function>(function));
    return made;
  }

  [[nodiscard]] bool joinable() const noexcept { return id_ != none; }
  void join(site where = site::current()) {
    lab::execution::required("a thread is joined").join(id_, where);
    id_ = none;
  }
  [[nodiscard]] id get_id() const noexcept { return id_; }
  [[nodiscard]] stop_source get_stop_source() const noexcept { return source_; }
  [[nodiscard]] stop_token get_stop_token() const noexcept { return source_.get_token(); }
  bool request_stop(site where = site::current()) noexcept { return source_.request_stop(where); }
  void swap(thread& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(source_, other.source_);
  }
  [[nodiscard]] static unsigned hardware_concurrency() noexcept { return 2; }

 private:
  static constexpr id none = ~id{0};

  template <class Function>
  struct body final : lab::callable {
    explicit body(Function&& f) : function(std::move(f)) {}
    void operator()() override { function(); }
    Function function;
  };

  template <class Function, class... Arguments>
  void start(std::string name, const site& where, Function&& function, Arguments&&... arguments) {
    auto run = [f = std::decay_t<Function>(std::forward<Function>(function)), token = source_.get_token(),
                ... a = std::decay_t<Arguments>(std::forward<Arguments>(arguments))]() mutable {
      if constexpr (std::is_invocable_v<std::decay_t<Function>, stop_token, std::decay_t<Arguments>...>) {
        std::invoke(std::move(f), std::move(token), std::move(a)...);
      } else {
        std::invoke(std::move(f), std::move(a)...);
      }
    };
    id_ = lab::execution::required("a thread starts")
              .spawn(std::make_unique<body<decltype(run)>>(std::move(run)), std::move(name), where);
  }

  static stop_source nothing() noexcept { return stop_source(); }

  void end() {
    if (!joinable()) return;
    request_stop();
    join();
  }

  id id_ = none;
  stop_source source_;
};

}  // namespace tandem::inline TANDEM_ABI::platform
