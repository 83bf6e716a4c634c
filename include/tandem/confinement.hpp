// tandem/confinement.hpp: who may use a channel: anybody, or one thread alone.
//
// Contract   The second parameter of rendezvous<T, Users> and mailbox<T, Users> says who will use the channel.
//              any_thread   any number of threads, and of coroutines on them. What you get if you say nothing.
//              one_thread   the coroutines of one thread, on its run_loop for instance. The channel then has no lock
//                           and no atomic operation, and is otherwise the same: same verbs, same order, same outcomes.
//            Of a channel of one thread:
//              Verbs      the try_ ones, and those that are awaited (co_send, co_receive, their variants, co_select).
//                         Those that would block the thread do not compile: a thread that waited for a channel of its
//                         own would wait for itself. For the same reason it is no `sendable` and no `receivable`, but
//                         `awaited_sendable` and `awaited_receivable` (mode.hpp).
//              Whose      It belongs to the thread that first uses it, for good. It may be made, and destroyed,
//                         elsewhere, if that is ordered before, or after, every use.
//              Stopping   A stop may be requested by any thread: that does not touch the channel.
//              Misuse     Another thread that uses it ends the program with a sentence; so does a select that blocks
//                         at it. (A thread_pool of several threads resumes a coroutine on any of them.) It is not
//                         found out if two race for the first use, or if the first has ended before the other began.
// Algorithm  The channels' own, each written once: over atomics and a lock, or over what stands in for them in
//            detail/unshared.hpp. docs/decisions/0011 says what that brings.
// Order      All on one thread, so there is none to make. Who stops a waiter from elsewhere meets it at its own word,
//            which stays atomic (detail/waiter.hpp).
// Cost       per operation one load and one comparison, to see that it is the same thread. A wait: no read-modify-write
//            at a rendezvous, nor of a select that waits at such channels alone; at a mailbox two, of the waiter's own
//            word, to fall asleep and to be woken; with a stop or a time one more at least, to be claimed.
// Tests      tests/confinement.test.cpp, tests/model/confinement.model.cpp
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tandem/detail/mutex.hpp>
#include <tandem/detail/unshared.hpp>
#include <tandem/platform/platform.hpp>

namespace tandem::inline TANDEM_ABI {

/// Users of a channel: any threads, and the coroutines on them.
struct any_thread {};

/// Users of a channel: the coroutines of one thread.
struct one_thread {};

/// A channel, or a port of one, that only one thread may use.
template <class C>
concept confined_to_one_thread = std::same_as<typename C::users, one_thread>;

namespace detail {

/// Those of a channel that does not say: any threads.
template <class C>
struct users_said {
  using type = any_thread;
};
template <class C>
  requires requires { typename C::users; }
struct users_said<C> {
  using type = typename C::users;
};
template <class C>
using users_of = typename users_said<C>::type;

template <class Users>
concept users_of_a_channel = std::same_as<Users, any_thread> || std::same_as<Users, one_thread>;

template <users_of_a_channel Users>
using mutex_for = std::conditional_t<std::same_as<Users, one_thread>, one_threads_mutex, mutex>;
template <users_of_a_channel Users, class T>
using atomic_for = std::conditional_t<std::same_as<Users, one_thread>, unshared<T>, platform::atomic<T>>;

/// How what different parties use is aligned, lest they share a line: on one thread there is nobody to share it with.
template <users_of_a_channel Users>
inline constexpr std::size_t line_for = std::same_as<Users, one_thread> ? alignof(std::uint64_t) : platform::cache_line;

}  // namespace detail

}  // namespace tandem::inline TANDEM_ABI
