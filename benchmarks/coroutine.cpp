// Coroutines on one thread: W7, round trips and streams; W8, a select over four channels; W9, many that wait. And W7
// between two loops, each on a thread of its own.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tandem/sync/rendezvous.hpp>
#include <type_traits>

#include "contestants/bare_coroutine.hpp"
#include "contestants/mutex_cv.hpp"
#include "contestants/tandem_coroutine.hpp"
#include "contestants/tandem_select.hpp"
#include "contestants/tandem_task.hpp"
#include "support/coroutine_scenario.hpp"
#include "support/payload.hpp"
#include "support/scenario.hpp"
#include "workloads.hpp"
#if BENCH_HAS_BOOST_ASIO
#include "contestants/boost_asio.hpp"
#endif
#if BENCH_HAS_BOOST_FIBER
#include "contestants/boost_fiber.hpp"
#include "contestants/boost_fiber_fibers.hpp"
#endif

namespace bench {
namespace {

template <class T, coroutine_engine<T> E>
void add_engine() {
  add_coroutine_exchanges<T, E>();
  add_crowd<T, coroutine_crowd<T, E>>(E::name, 1'000, "1k");
  add_crowd<T, coroutine_crowd<T, E>>(E::name, 100'000, "100k");
}

template <class T, coroutine_engine<T> E, coroutine_engine<T> Tasks>
void add_tandem() {
  add_engine<T, E>();
  add_coroutine_exchanges<T, Tasks>();
  add_coroutine_select<T, E, tandem_select>();
  add_coroutine_select<T, E, tandem_selector>();
}

#if BENCH_HAS_BOOST_FIBER
template <class T>
void add_fibers() {
  using meeting = boost_fiber_rendezvous<T>;
  using box = boost_fiber_queue<T>;
  const auto add_one = [](const std::string& workload, auto make_cast) {
    add({workload, "boost_fiber", sizeof(T), placement::one_core,
         [=](std::uint64_t messages) { return in_fibers(make_cast(messages)); }});
  };
  add_one("W7/coroutine_round_trip", [](std::uint64_t n) { return round_trips<T, meeting>(n, 1); });
  add_one("W7/coroutine_stream_cap0", [](std::uint64_t n) { return stream<T, meeting>(n, {1, 1}); });
  add_one("W7/coroutine_stream_cap64", [](std::uint64_t n) { return stream<T, box>(n, {1, 1}, std::size_t{64}); });
  add_crowd<T, boost_fiber_crowd<T>>("boost_fiber", 1'000, "1k");
}
#endif

/// Beside them threads that block, with a mutex and a condition variable.
template <class T>
void add_loops() {
  const auto add_one = [](std::string_view contestant, auto make_cast) {
    for (const placement where : few_threads) {
      add({"W7/loops_round_trip", std::string(contestant), sizeof(T), where, make_cast});
    }
  };
  const auto add_engine = [&]<class E>(std::type_identity<E>) {
    add_one(E::name, [](std::uint64_t n) { return round_trips_between_loops<T, E, tandem::rendezvous<T>>(n); });
  };
  add_engine(std::type_identity<tandem_coroutines<T>>());
  add_engine(std::type_identity<tandem_tasks<T>>());
  add_one(mutex_cv_rendezvous<T>::name, [](std::uint64_t n) { return round_trips<T, mutex_cv_rendezvous<T>>(n, 1); });
}

template <class T>
void add_all() {
  add_loops<T>();
  add_tandem<T, tandem_coroutines<T>, tandem_tasks<T>>();
  add_tandem<T, tandem_coroutines<T, tandem::one_thread>, tandem_tasks<T, tandem::one_thread>>();
  add_engine<T, bare_coroutines<T>>();
#if BENCH_HAS_BOOST_ASIO
  add_engine<T, boost_asio_coroutines<T>>();
  add_coroutine_select<T, boost_asio_coroutines<T>, boost_asio_group>();
#endif
#if BENCH_HAS_BOOST_FIBER
  add_fibers<T>();
#endif
}

}  // namespace

void add_coroutine() {
  add_all<payload<8>>();
  add_all<payload<64>>();
}

}  // namespace bench
