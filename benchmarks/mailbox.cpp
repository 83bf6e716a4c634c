// W3, a stream over one bounded mailbox; W5, a round trip over two.

#include <cstddef>
#include <string>

#include "contestants/mutex_cv.hpp"
#include "contestants/ring.hpp"
#include "contestants/semaphore.hpp"
#include "contestants/tandem.hpp"
#include "support/payload.hpp"
#include "support/scenario.hpp"
#include "workloads.hpp"
#if BENCH_HAS_BOOST_FIBER
#include "contestants/boost_fiber.hpp"
#endif
#if BENCH_HAS_ONETBB
#include "contestants/onetbb.hpp"
#endif
#if BENCH_HAS_MOODYCAMEL
#include "contestants/moodycamel.hpp"
#endif

namespace bench {
namespace {

template <class T, contestant<T> C>
void add_contestant() {
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{64}, std::size_t{1024}}) {
    add_streams<T, C>("W3/mailbox", "_cap" + std::to_string(capacity), capacity);
  }
  add_round_trips<T, C>("W5/mailbox", std::size_t{64});
}

template <class T>
void add_all() {
  add_contestant<T, tandem_mailbox<T>>();
  add_contestant<T, ring<T, ring_by_spinning>>();
  add_contestant<T, ring<T, ring_by_yielding>>();
  add_contestant<T, mutex_cv_queue<T>>();
  add_contestant<T, semaphore_queue<T>>();
#if BENCH_HAS_BOOST_FIBER
  add_contestant<T, boost_fiber_queue<T>>();
#endif
#if BENCH_HAS_ONETBB
  add_contestant<T, onetbb_queue<T>>();
#endif
#if BENCH_HAS_MOODYCAMEL
  add_contestant<T, moodycamel_queue<T>>();
  add_contestant<T, moodycamel_circular_buffer<T>>();
#endif
}

}  // namespace

void add_mailbox() {
  add_all<payload<8>>();
  add_all<payload<64>>();
  add_working_streams<payload<8>, tandem_mailbox<payload<8>>>("W3/mailbox_working", std::size_t{64});
  add_working_streams<payload<8>, mutex_cv_queue<payload<8>>>("W3/mailbox_working", std::size_t{64});
}

}  // namespace bench
