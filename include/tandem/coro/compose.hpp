// tandem/coro/compose.hpp: several at the same time: all of them, any of them, and one after the other.
//
// Contract   when_all(what...) is a task that runs all of it side by side, and returns a tuple of what they return.
//            when_any(what...) is a task that returns {index, value} of the first to succeed; the others are stopped.
//            Both take, mixed as you like,
//              a function of a stop_token that returns a task: it is called, each in turn, before the first task
//                              begins; and can be stopped
//              a task          (when_all only) nobody can stop it
//              a future        its get is awaited, and can be stopped; it brings a result
//            or one std::vector of one of these, and then return a vector, or {index, value}. A void task brings a
//            std::monostate. The first argument may be a stop_token, a request of which is passed on to all.
//            then(future, scheduler, f) is a future of f(value), called on that scheduler.
//              Structure   When when_all or when_any is done, so is all that it runs: nothing goes on behind your
//                          back. What has lost was stopped, and awaited; if it brings something nevertheless, that
//                          is destroyed.
//              Errors      when_all: the first exception requests a stop of the others, and is thrown when all are
//                          done. when_any: to throw, or to return a result or a status that is not ok, is no success.
//                          If nobody succeeds, it comes to what ended first: its exception, or what it returned.
//              Where       What runs is posted to the scheduler of the coroutine that awaits it: on a pool, side by
//                          side on several threads.
//              then        If the given future is abandoned, so is the new one, and f is not called. f runs whether or
//                          not anybody still asks: the new future may go at any time. An exception that leaves f ends
//                          the program, as one that leaves a thread. The scheduler outlives all this: until the new
//                          future is ready, or, if that has gone, until f has been destroyed.
//              Lifetime    To destroy a coroutine that awaits when_all or when_any aborts with a sentence: request a
//                          stop, and let it end. The functions live as long as their tasks, and so does the token that
//                          they are called with: both may take it by reference.
//              Allocation  the frames of all tasks; a stop token, if anything can be stopped; for a vector, the
//                          branches. then: a frame and a promise. If std::bad_alloc is thrown, nothing has begun.
// Algorithm  A branch lies in the frame of the composed task: it owns its task and is its item, posted to begin, and by
//            the task at its end. The value stays in the task until all are done. One word says which branch was the
//            first to end, another which has decided: in when_all the first that threw, in when_any the first that
//            succeeded. Whoever decides requests the stop. scope.hpp's head_count wakes the one who waits.
// Order      edge H (scope.hpp): everything that the branches did
// Cost       a branch: two posts, three read-modify-writes.
// Tests      tests/compose.test.cpp, tests/model/compose.model.cpp, tests/stress/compose.stress.cpp
#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/coro/scope.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/detail/awaiting.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/invoke.hpp>
#include <tandem/detail/room.hpp>
#include <tandem/detail/scheduling.hpp>
#include <tandem/platform/platform.hpp>
#include <tandem/status.hpp>

namespace tandem::inline TANDEM_ABI {

/// Which of several it was, and what it brought: a T if all bring the same type, else a variant.
template <class T>
struct winner {
  std::size_t index;
  T value;
};

namespace detail {

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;
template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<future<T>> = true;

/// Something that begins a task when it is given a token.
template <class F>
concept begins_task = std::invocable<F&, const platform::stop_token&> &&
                      is_task<std::remove_cvref_t<std::invoke_result_t<F&, const platform::stop_token&>>>;
/// What may take part, and what may lose.
template <class W>
concept stoppable = is_future<W> || begins_task<W>;
template <class W>
concept composable = stoppable<W> || is_task<W>;

/// Everything as a function of a token.
template <class F>
F as_function(F f) {
  return f;
}
template <class T>
auto as_function(task<T> work) {
  return [work = std::move(work)](const platform::stop_token&) mutable { return std::move(work); };
}
template <class T>
task<result<T>> got_from(future<T>& from, platform::stop_token stop) {
  co_return co_await from.co_get(stop);
}
template <class T>
auto as_function(future<T> from) {
  return [from = std::move(from)](const platform::stop_token& stop) mutable { return detail::got_from(from, stop); };
}
template <class F>
using task_of = std::remove_cvref_t<std::invoke_result_t<F&, const platform::stop_token&>>;
/// What its task brings.
template <class F>
using brought_by = carried<typename task_of<F>::value_type>;

template <class T>
bool is_success(const T& value) noexcept {
  if constexpr (std::is_same_v<T, status> || is_result<T>) {
    return static_cast<bool>(value);
  } else {
    return true;
  }
}

/// The scheduler of whoever awaits this.
struct this_scheduler {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    where = &detail::scheduler_of(awaiting);
    return false;
  }
  scheduler& await_resume() const noexcept { return *where; }
  scheduler* where = nullptr;
};

/// Whom the branches can be stopped by: each other, and a token from outside.
class stopper {
 public:
  explicit stopper(const platform::stop_token& outer) : link_(outer, pass_on{source_}) {}
  platform::stop_token token() const noexcept { return source_.get_token(); }
  void request() noexcept { source_.request_stop(); }

 private:
  struct pass_on {
    platform::stop_source to;
    void operator()() const noexcept {
      platform::stop_source kept = to;  // what runs meanwhile may be the end of all this
      kept.request_stop();
    }
  };
  platform::stop_source source_;
  platform::stop_callback<pass_on> link_;
};
/// Nobody: none of them would hear it.
struct no_stopper {
  explicit no_stopper(const platform::stop_token&) noexcept {}
  static platform::stop_token token() noexcept { return {}; }
  static void request() noexcept {}
};

/// What all branches have in common.
class gathering {
 public:
  enum class ends : unsigned char { all, any };
  static constexpr std::uint32_t nobody = (std::numeric_limits<std::uint32_t>::max)();
  explicit gathering(ends when) noexcept : when_(when) {}

  head_count count;

  void ended(std::uint32_t which, bool threw, bool succeeded) noexcept;
  /// Once all are done: the branch that it comes to, or nobody.
  std::uint32_t who() const noexcept {
    const std::uint32_t decided = decided_.load(order::relaxed);  // relaxed: after edge H
    return decided != nobody || when_ == ends::all ? decided : first_.load(order::relaxed);
  }

 protected:
  ~gathering() = default;

 private:
  using order = platform::order;
  virtual void request_stop() noexcept = 0;

  static bool is_first(platform::atomic<std::uint32_t>& word, std::uint32_t which) noexcept {
    std::uint32_t seen = nobody;
    // relaxed: it only tells who was the first; edge H carries the rest
    return word.compare_exchange_strong(seen, which, order::relaxed, order::relaxed);
  }

  const ends when_;
  platform::atomic<std::uint32_t> first_{nobody};
  platform::atomic<std::uint32_t> decided_{nobody};
};

inline void gathering::ended(std::uint32_t which, bool threw, bool succeeded) noexcept {
  is_first(first_, which);
  if ((when_ == ends::all ? threw : succeeded) && is_first(decided_, which)) request_stop();
  count.one_less();
}

template <class Stopper>
class gathering_of final : public gathering {
 public:
  gathering_of(ends when, const platform::stop_token& outer) : gathering(when), stop_(outer), token_(stop_.token()) {}
  /// It stays as long as this does: a function may take it by reference, and its task begins later.
  const platform::stop_token& token() const noexcept { return token_; }

 private:
  void request_stop() noexcept override { stop_.request(); }
  Stopper stop_;
  const platform::stop_token token_;
};

/// One of those that run.
template <class T>
class branch final : private run_item {
 public:
  explicit branch(task<T>&& work)
      : run_item([](run_item& posted) noexcept { static_cast<branch&>(posted).go(); }), work_(std::move(work)) {
    demand(static_cast<bool>(work_), "an empty task was composed: it was moved from");
  }

  void begin(scheduler& where, gathering& in, std::uint32_t number) noexcept {
    where_ = &where;
    in_ = &in;
    number_ = number;
    in.count.one_more();
    where.post(*this);
  }
  carried<T> take() {
    if constexpr (std::is_void_v<T>) {
      task_access::take(work_);
      return {};
    } else {
      return task_access::take(work_);
    }
  }

 private:
  /// Posted twice: to begin, and when the task is done.
  void go() noexcept {
    if (!begun_.exchange(true) && task_access::start(work_, *where_, *this)) return;
    const bool threw = static_cast<bool>(task_access::error(work_));
    bool succeeded = !threw;
    if constexpr (!std::is_void_v<T>) succeeded = succeeded && detail::is_success(*task_access::value(work_));
    in_->ended(number_, threw, succeeded);
  }

  task<T> work_;
  scheduler* where_ = nullptr;
  gathering* in_ = nullptr;
  std::uint32_t number_ = 0;
  platform::cell<bool> begun_;
};

/// Several branches of different types.
template <class... T>
class branches {
 public:
  using values = std::tuple<carried<T>...>;
  static constexpr bool alike = (std::is_same_v<carried<T>, std::tuple_element_t<0, values>> && ...);
  using winner_type = winner<typename std::conditional_t<alike, std::tuple_element<0, values>,
                                                         std::type_identity<std::variant<carried<T>...>>>::type>;

  template <class... F>
  explicit branches(const platform::stop_token& stop, F&... functions) : all_{functions(stop)...} {}

  static void get_room() noexcept {}  // which take_all() needs: it has it
  void begin(scheduler& where, gathering& in) noexcept {
    std::apply([&, number = std::uint32_t{0}](auto&... each) mutable { (each.begin(where, in, number++), ...); }, all_);
  }
  values take_all() {
    return std::apply([](auto&... each) { return values{each.take()...}; }, all_);
  }
  void rethrow(std::uint32_t who) { static_cast<void>(take(who)); }
  template <std::size_t Index = 0>
  winner_type take(std::uint32_t who) {
    if constexpr (Index + 1 < sizeof...(T)) {
      if (who != Index) return take<Index + 1>(who);
    }
    if constexpr (alike) {
      return {Index, std::get<Index>(all_).take()};
    } else {
      using either = decltype(winner_type::value);
      return {Index, either(std::in_place_index<Index>, std::get<Index>(all_).take())};
    }
  }

 private:
  std::tuple<branch<T>...> all_;
};

/// Several of one type.
template <class T>
class many_branches {
 public:
  using values = std::vector<carried<T>>;
  using winner_type = winner<carried<T>>;

  template <class F>
  many_branches(const platform::stop_token& stop, std::vector<F>& functions) {
    for (F& f : functions) all_.emplace_back(f(stop));
  }

  /// For take_all(): so that there is nothing left that may fail when all have begun.
  void get_room() { taken_.reserve(all_.size()); }
  void begin(scheduler& where, gathering& in) noexcept {
    std::uint32_t number = 0;
    for (auto& each : all_) each.begin(where, in, number++);
  }
  values take_all() {
    for (auto& each : all_) taken_.push_back(each.take());
    return std::move(taken_);
  }
  void rethrow(std::uint32_t who) { static_cast<void>(take(who)); }
  winner_type take(std::uint32_t who) { return {who, all_[who].take()}; }

 private:
  std::deque<branch<T>> all_;
  values taken_;
};

template <class Stopper, class Branches, class... F>
task<typename Branches::values> all_of(platform::stop_token outer, F... functions) {
  gathering_of<Stopper> together(gathering::ends::all, outer);
  Branches all(together.token(), functions...);
  all.get_room();
  scheduler& where = co_await this_scheduler();
  all.begin(where, together);
  co_await head_count::zero(together.count);
  if (together.who() != gathering::nobody) all.rethrow(together.who());
  co_return all.take_all();
}

template <class Branches, class... F>
task<typename Branches::winner_type> any_of(platform::stop_token outer, F... functions) {
  gathering_of<stopper> together(gathering::ends::any, outer);
  Branches all(together.token(), functions...);
  scheduler& where = co_await this_scheduler();
  all.begin(where, together);
  co_await head_count::zero(together.count);
  co_return all.take(together.who());
}

/// A vector of functions.
template <class W>
auto as_functions(std::vector<W> what) {
  std::vector<decltype(detail::as_function(std::declval<W>()))> functions;
  functions.reserve(what.size());
  for (W& each : what) functions.push_back(detail::as_function(std::move(each)));
  return functions;
}
template <class W>
using function_of = decltype(detail::as_function(std::declval<W>()));

/// A coroutine that nobody awaits: it is posted to its scheduler, and is gone at its end.
struct follow_up {
  struct promise_type : aligned_frame {
    template <class From, class... Rest>
    promise_type(From&, tandem::scheduler& where, Rest&...) noexcept : where_(where) {}
    follow_up get_return_object() const noexcept { return {}; }
    auto initial_suspend() noexcept { return begin(where_); }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
    tandem::scheduler& scheduler() const noexcept { return where_; }

   private:
    tandem::scheduler& where_;
  };
  struct begin final : run_item {
    explicit begin(scheduler& s) noexcept
        : run_item([](run_item& posted) noexcept { static_cast<begin&>(posted).coroutine.resume(); }), where(s) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> begun) noexcept {
      coroutine = begun;
      where.post(*this);
    }
    void await_resume() const noexcept {}
    scheduler& where;
    std::coroutine_handle<> coroutine;
  };
};

template <class T, class F>
struct called_with : std::invoke_result<F&, T&&> {};
template <class F>
struct called_with<void, F> : std::invoke_result<F&> {};

template <class T, class F, class U>
follow_up follow(future<T> from, scheduler&, F f, promise<U> to) {
  result<T> got = co_await from.co_get();
  if (!got) co_return;
  if constexpr (std::is_void_v<T> && std::is_void_v<U>) {
    f();
    static_cast<void>(to.set_value());
  } else if constexpr (std::is_void_v<T>) {
    static_cast<void>(to.set_value(f()));
  } else if constexpr (std::is_void_v<U>) {
    detail::invoke(f, *std::move(got));
    static_cast<void>(to.set_value());
  } else {
    static_cast<void>(to.set_value(detail::invoke(f, *std::move(got))));
  }
}

}  // namespace detail

/// All of them: a task that returns a tuple of what they bring.
template <detail::composable... What>
  requires(sizeof...(What) != 0)
auto when_all(platform::stop_token outer, What... what) {
  using stopper = std::conditional_t<(detail::stoppable<What> || ...), detail::stopper, detail::no_stopper>;
  using all = detail::branches<typename detail::task_of<detail::function_of<What>>::value_type...>;
  return detail::all_of<stopper, all>(std::move(outer), detail::as_function(std::move(what))...);
}
template <detail::composable... What>
  requires(sizeof...(What) != 0)
auto when_all(What... what) {
  return tandem::when_all(platform::stop_token(), std::move(what)...);
}
/// The same for as many as there are: a vector of what they bring.
template <detail::composable What>
auto when_all(platform::stop_token outer, std::vector<What> what) {
  using stopper = std::conditional_t<detail::stoppable<What>, detail::stopper, detail::no_stopper>;
  using all = detail::many_branches<typename detail::task_of<detail::function_of<What>>::value_type>;
  return detail::all_of<stopper, all>(std::move(outer), detail::as_functions(std::move(what)));
}
template <detail::composable What>
auto when_all(std::vector<What> what) {
  return tandem::when_all(platform::stop_token(), std::move(what));
}

/// The first to succeed: a task that returns its index and what it brings.
template <detail::stoppable... What>
  requires(sizeof...(What) != 0)
auto when_any(platform::stop_token outer, What... what) {
  using all = detail::branches<typename detail::task_of<detail::function_of<What>>::value_type...>;
  return detail::any_of<all>(std::move(outer), detail::as_function(std::move(what))...);
}
template <detail::stoppable... What>
  requires(sizeof...(What) != 0)
auto when_any(What... what) {
  return tandem::when_any(platform::stop_token(), std::move(what)...);
}
/// The same for as many as there are. Precondition: there is one.
template <detail::stoppable What>
auto when_any(platform::stop_token outer, std::vector<What> what, detail::call_site from = detail::call_site::here()) {
  using all = detail::many_branches<typename detail::task_of<detail::function_of<What>>::value_type>;
  detail::demand(!what.empty(), "when_any was given nothing: there is none that could be the first", from);
  return detail::any_of<all>(std::move(outer), detail::as_functions(std::move(what)));
}
template <detail::stoppable What>
auto when_any(std::vector<What> what, detail::call_site from = detail::call_site::here()) {
  return tandem::when_any(platform::stop_token(), std::move(what), from);
}

/// What f makes of the value, on `where`, once it is there.
template <class T, class F>
auto then(future<T> from, scheduler& where, F f, detail::call_site called_from = detail::call_site::here()) {
  using made = std::remove_cvref_t<typename detail::called_with<T, F>::type>;
  detail::demand(from.valid(), "an empty future was to be followed: it was moved from, or never came from a promise",
                 called_from);
  promise<made> to;
  future<made> then_there = to.get_future();
  detail::follow(std::move(from), where, std::move(f), std::move(to));
  return then_there;
}

}  // namespace tandem::inline TANDEM_ABI
