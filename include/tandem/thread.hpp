// tandem/thread.hpp: the ground under a program's own code: threads, time, and what they share.
//
// Contract   A program that says tandem::thread, sleep_for, atomic and cell where it would say std::jthread,
//            std::this_thread::sleep_for, std::atomic and a plain variable runs on whatever ground the library itself
//            runs on (TANDEM_PLATFORM_HEADER): the same source, on real threads or on a platform that explores
//            schedules. On real threads these are the standard's own, at no cost.
//              thread                    joins when it goes, having requested a stop; passes a stop_token to a function
//                                        that takes one first
//              stop_source, stop_token,  who may ask for a stop, who is asked, and what runs then
//              stop_callback<F>
//              clock                     monotonic; of its time points and durations the library makes its deadlines
//              sleep_for(duration)       sleeps at least so long; a negative duration or a NaN is over at once, one too
//                                        long for the clock never
//              sleep_until(time_point)   the same, until an instant of that clock
//              yield()                   lets others go first: what a loop says that looks again and again, with
//                                        nothing to sleep on
//              atomic<T>                 load, store, exchange, compare_exchange_weak and _strong, fetch_add, _sub and
//                                        _or, each with a memory_order: there is no default
//              cell<T>                   a T that several threads use, kept apart by something else: a message that has
//                                        arrived, a thread that was joined, an atomic. A race on it is a bug as on any
//                                        variable, and a platform that explores schedules finds it. It reads as a T and
//                                        is assigned one, but is not copied; T is trivially copyable.
//            Nothing here throws but the constructors of thread (std::system_error, if there are too many) and of
//            stop_source (std::bad_alloc).
// Tests      tests/thread.test.cpp
#pragma once

#include <chrono>

#include <tandem/detail/deadline.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI {

/// A thread that is joined at the end of its scope: std::jthread, on real threads.
using thread = platform::thread;

/// Asks for a stop, of all who hold a token of it.
using stop_source = platform::stop_source;
/// Asks an operation to give up: std::stop_token, on every platform with real threads.
using stop_token = platform::stop_token;
/// Runs Callback when a stop is requested, as long as it lives.
template <class Callback>
using stop_callback = platform::stop_callback<Callback>;

/// The clock that every deadline is measured by: monotonic; std::chrono::steady_clock, on real threads.
using clock = platform::clock;

/// Lets other threads go first, that for which this one waits among them: std::this_thread::yield(), on real threads.
using platform::yield;

/// What an access to an atomic carries, as std::memory_order.
using memory_order = platform::order;
/// A value that threads may use at the same time. Each access says its order; zero unless initialised.
template <class T>
using atomic = platform::atomic<T>;
/// A value that threads use one after the other. Value-initialised unless told otherwise.
template <class T>
using cell = platform::cell<T>;

/// Lets time pass, at least until `when`.
template <class Duration>
void sleep_until(std::chrono::time_point<clock, Duration> when) noexcept {
  platform::sleep_until(detail::deadline::at_or_forever(when.time_since_epoch()).when());
}

/// Lets so much time pass, at least.
template <class Rep, class Period>
void sleep_for(std::chrono::duration<Rep, Period> patience) noexcept {
  platform::sleep_until(detail::deadline::after(patience).when());
}

}  // namespace tandem::inline TANDEM_ABI
