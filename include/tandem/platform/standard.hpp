// tandem/platform/standard.hpp: the part of the ground that the standard library supplies, for every platform that
// runs on real threads, plain.hpp included. A platform header defines TANDEM_ABI, includes this, and adds park and
// unpark.
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>

#if !defined(TANDEM_ABI)
#error "tandem: include <tandem/platform/platform.hpp>, not a part of a platform"
#endif

#include <tandem/platform/plain.hpp>

namespace tandem::inline TANDEM_ABI::platform {

using order = std::memory_order;

/// std::atomic with no default order: whoever writes an access has to say what it carries.
template <class T>
class atomic {
 public:
  constexpr atomic() noexcept = default;
  constexpr explicit atomic(T initial) noexcept : value_(initial) {}

  T load(order o) const noexcept { return value_.load(o); }
  void store(T desired, order o) noexcept { value_.store(desired, o); }
  T exchange(T desired, order o) noexcept { return value_.exchange(desired, o); }
  bool compare_exchange_weak(T& expected, T desired, order success, order failure) noexcept {
    return value_.compare_exchange_weak(expected, desired, success, failure);
  }
  bool compare_exchange_strong(T& expected, T desired, order success, order failure) noexcept {
    return value_.compare_exchange_strong(expected, desired, success, failure);
  }
  T fetch_add(T operand, order o) noexcept { return value_.fetch_add(operand, o); }
  T fetch_sub(T operand, order o) noexcept { return value_.fetch_sub(operand, o); }
  T fetch_or(T operand, order o) noexcept { return value_.fetch_or(operand, o); }

  /// Where the value lies, for a call into the operating system that sleeps on it.
  const void* address() const noexcept { return &value_; }

 private:
  std::atomic<T> value_{};
};

/// Says that a cell has no value before it is assigned one.
struct unset_t {};
inline constexpr unset_t unset{};

/// Plain data that is protected by something else. Here it is a T and costs nothing.
template <class T>
class cell {
  static_assert(std::is_trivially_copyable_v<T>, "a cell holds plain data: it is read and written as a whole");

 public:
  constexpr cell() noexcept : value_() {}
  explicit cell(unset_t) noexcept {}
  constexpr explicit cell(T initial) noexcept : value_(initial) {}
  cell(const cell&) = delete;
  cell& operator=(const cell&) = delete;

  constexpr operator T() const noexcept { return value_; }
  constexpr T operator->() const noexcept
    requires std::is_pointer_v<T>
  {
    return value_;
  }
  constexpr void operator=(T desired) noexcept { value_ = desired; }
  constexpr T exchange(T desired) noexcept { return std::exchange(value_, desired); }

 private:
  T value_;
};

/// What somebody asks of others, and they may or may not heed.
class request {
 public:
  // relaxed, all: only time depends on it
  bool is_made() const noexcept { return made_.load(order::relaxed); }
  void make() noexcept { made_.store(true, order::relaxed); }
  void drop() noexcept { made_.store(false, order::relaxed); }

 private:
  atomic<bool> made_;
};

using clock = std::chrono::steady_clock;
inline constexpr clock::time_point no_deadline = (clock::time_point::max)();

inline void sleep_until(clock::time_point when) noexcept { std::this_thread::sleep_until(when); }

inline void yield() noexcept { std::this_thread::yield(); }

inline void doze(std::chrono::microseconds about) noexcept { std::this_thread::sleep_for(about); }

inline void spin_hint() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield" ::: "memory");
#endif
}

// docs/decisions/0004 and 0015 say why these; nanoseconds, except the last
constexpr unsigned longest_spin() noexcept { return 4'000; }
constexpr unsigned longest_spin_without_yields() noexcept { return 25'000; }
constexpr unsigned longest_yield() noexcept { return 50'000; }
constexpr unsigned dear_yield() noexcept { return 1'000'000; }
constexpr int short_poll() noexcept { return 32; }

inline void prefetch_to_write(const void* line) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(line, 1);
#else
  (void)line;
#endif
}

template <class T>
T& per_thread() noexcept {
  static_assert(std::is_trivially_destructible_v<T>, "what a thread has learned dies with it, silently");
  static thread_local constinit T learned{};
  return learned;
}

/// Not the address of a thread_local of ours: of that a library which hides its symbols has one of its own.
inline const void* this_thread() noexcept {
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
  return __builtin_thread_pointer();
#else
  return &errno;
#endif
}

/// Which thread has something, nobody at first.
class holder {
 public:
  // relaxed, all: what says that it is this thread, this thread has written
  bool is_here() const noexcept { return who_.load(order::relaxed) == this_thread(); }
  /// Hands it to a thread, or to nobody (nullptr); says who had it. Only on the thread that gets it, or gives it up.
  const void* change(const void* whom) noexcept {
    const void* const before = who_.load(order::relaxed);
    who_.store(whom, order::relaxed);
    return before;
  }

 private:
  std::atomic<const void*> who_{nullptr};
};

using thread = std::jthread;
inline thread::id this_threads_id() noexcept { return std::this_thread::get_id(); }
using stop_source = std::stop_source;
using stop_token = std::stop_token;
template <class Callback>
using stop_callback = std::stop_callback<Callback>;

/// 64 bytes on the machines we measure on. A constant, not std::hardware_destructive_interference_size: that one
/// changes with compiler flags, and with it would the layout of every channel.
inline constexpr std::size_t cache_line = 64;

}  // namespace tandem::inline TANDEM_ABI::platform
