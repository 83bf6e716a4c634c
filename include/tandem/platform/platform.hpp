// tandem/platform/platform.hpp: the one seam between tandem and the ground.
//
// Everything above this folder reaches threads, atomics and clocks only through `tandem::platform`. To put the
// library on another ground, define TANDEM_PLATFORM_HEADER as the header to include instead, for example
//     -DTANDEM_PLATFORM_HEADER="<tandem/platform/portable.hpp>"
// Such a header defines TANDEM_ABI (the name of the inline namespace: a function that takes or returns one of tandem's
// types does not link against one compiled for another ground, or otherwise: naming.hpp) and, in `namespace
// tandem::TANDEM_ABI::platform`:
//
//     order                     the memory orders, as std::memory_order names them
//     atomic<T>                 load, store, exchange, compare_exchange_weak and _strong, fetch_add, _sub and _or, each
//                               with its order, there is no default; zero unless initialised; address(), by which
//                               parking knows it
//     cell<T>                   plain data that several threads use, under the protection of something else (a lock, an
//                               edge): reads as a T, is assigned one (operator->, if T is a pointer), exchange(T);
//                               value-initialised unless told otherwise, never copied as a cell; cell<T>(unset) has
//                               no value before it is assigned one. On real threads it is a T; a platform that explores
//                               schedules sees a race, and a value that is read before there is one
//     park(word, seen, until)   sleep while `word` still holds `seen`; returns when unparked, at `until`, or for no
//                               reason at all: callers look again
//     unpark_one(address)       wake one, or more, of those parked on the word at that address; the word is not
//                               touched, so the object around it may already be gone
//     clock, no_deadline        a monotonic clock; the time point that never comes
//     sleep_until(when)         nothing but time ends it
//     yield(), spin_hint()      let another thread run; we are polling
//     doze(about)               the same for about so long, by one who polls something that should have come long ago
//     longest_spin(), longest_yield()
//                               how many nanoseconds to poll, with each of these, before it is time to park;
//     longest_spin_without_yields()
//                               the first of these for a thread that does not yield at present, since
//     dear_yield()              a yield has taken more nanoseconds than this (0: none is ever dear), and strangers had
//                               the core meanwhile:
//     core()                    a number of the core on which this thread runs now; the same for all if nobody can say
//     lent_core(all)            is made before a yield. After the yield went_to_strangers() says whether, for longer
//                               than that, nobody was on this core who has to do with messages, as far as can be
//                               seen; precondition: can_be_told()
//     leave_trace()             whoever begins or ends a thread's wait calls it: somebody who brings threads on is here
//     movers_leave_traces()     whether whoever moves a message should do so, too: somebody has a lent_core(true)
//     short_poll()              how many looks to take at what is a few instructions away. How long polling pays is a
//                               property of the ground: on one that explores schedules, never
//     prefetch_to_write(p)      a hint that the line at `p` is about to be written
//     plain_new(p)              told that memory begins a new life as a message's place, and
//     plain_write(p)            of each access to a message there, which is not atomic (to move from one changes it as
//                               well); nothing on real threads, race detection on a platform that explores schedules
//     per_thread<T>()           a T of this thread's own, for what it has learned; never for correctness: a library
//                               that hides its symbols has another
//     this_thread()             an address that tells the threads that are there apart, the same for a thread wherever
//                               it is asked, in a shared library for one
//     holder                    which thread has something: is_here(), and change(thread or nullptr), which says who
//                               had it. Any thread may ask at any time; it is no step of an execution
//     request                   a flag on which only time depends: is_made(), make(), drop(). On a platform that knows
//                               no time, nobody sees it
//     thread                    as std::jthread: it joins, and passes a stop token on; this_threads_id()
//     stop_source, stop_token, stop_callback<F>
//     die(sentence)             say `tandem: <sentence>` on standard error, and abort
//     cache_line                the distance that keeps two variables from sharing a line, in bytes
//
// What needs neither a clock nor a thread includes abi.hpp instead, which is a small part of this.
//
// Call these, and nothing more: what is constexpr here may not be so elsewhere, and a function may have further
// parameters there, with defaults. So nobody takes the address of one.
#pragma once

#if defined(TANDEM_PLATFORM_HEADER)
#include TANDEM_PLATFORM_HEADER
#else
#include <tandem/platform/native.hpp>
#endif

#if !defined(TANDEM_ABI)
#error "tandem: the platform header has to define TANDEM_ABI, the name of the inline namespace of everything in tandem"
#endif
