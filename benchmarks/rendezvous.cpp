// W1, a round trip over two rendezvous; W2, a stream over one.

#include "contestants/mutex_cv.hpp"
#include "contestants/raw_hand_off.hpp"
#include "contestants/semaphore.hpp"
#include "contestants/tandem.hpp"
#include "support/payload.hpp"
#include "support/scenario.hpp"
#include "workloads.hpp"
#if BENCH_HAS_BOOST_FIBER
#include "contestants/boost_fiber.hpp"
#endif

namespace bench {
namespace {

template <class T, contestant<T> C>
void add_contestant() {
  add_round_trips<T, C>("W1/rendezvous");
  add_streams<T, C>("W2/rendezvous", "");
}

template <class T>
void add_all() {
  add_contestant<T, tandem_rendezvous<T>>();
  add_contestant<T, raw_hand_off<T, by_spinning>>();
  add_contestant<T, raw_hand_off<T, by_yielding>>();
  add_contestant<T, raw_hand_off<T, by_futex>>();
  add_contestant<T, mutex_cv_rendezvous<T>>();
  add_contestant<T, semaphore_rendezvous<T>>();
#if BENCH_HAS_BOOST_FIBER
  add_contestant<T, boost_fiber_rendezvous<T>>();
#endif
}

}  // namespace

void add_rendezvous() {
  add_all<payload<8>>();
  add_all<payload<64>>();
}

}  // namespace bench
