// tandem/coro/scheduler.hpp: who runs a coroutine that has waited, and how to plug in an executor of yours.
//
// Contract   When the operation that a coroutine waits for is over, the coroutine is posted to its scheduler: the one
//            that its promise names by a function scheduler() (awaitable.hpp says what happens if it names none).
//              run_item    one thing to be run once: item.run(). It lies in the frame of what waits, so that posting
//                          allocates nothing and cannot fail. From post() until run() it belongs to the scheduler,
//                          which may use item.next; afterwards it may be gone, or be posted again.
//              scheduler   derive from it, and supply
//                            post(item)     have item.run() called, once, soon, on a thread of your choosing, and not
//                                           from within post(): the poster may be in the middle of something. Called
//                                           from any thread. What the poster did before has to be seen by the item, as
//                                           any queue between threads ensures. It must not throw.
//                          and, if you keep time, for the verbs with a deadline
//                            start(timer)   have timer.fire() called at timer.due, or soon after
//                            call_off(timer)  afterwards fire() does not run, and will not: if it runs, wait for it
//                          which are only called from where you run items. A timer belongs to you in between, with its
//                          three pointers. detail/timer_queue.hpp is a queue for them.
//                            take_back(item)  only if coroutines that wait are destroyed: afterwards the item, which is
//                                           posted or about to be, will not be run
//              run_queue   items in the order in which they came, for one thread.
//            tandem has two schedulers: run_loop, and thread_pool.
// Algorithm  detail/scheduling.hpp
// Tests      tests/scheduler.test.cpp
#pragma once

#include <tandem/detail/scheduling.hpp>
#include <tandem/detail/timer_queue.hpp>
