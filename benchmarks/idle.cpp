// What waiting costs while nothing happens: a hundred waiters, ten seconds.
//
// Two figures of processor time, of the whole process: what the waiters used until they slept, for each of them (the
// spins and yields before it, and the start of a thread), and what all of them used in the ten seconds after that. A
// waiter that polls, however rarely, shows in the second; so do its context switches. Each row is a process of its own.
//
// usage: tandem_idle [waiters [seconds]]; `benchmarks/run --idle` builds and runs it.

#include <sys/resource.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <tandem/tandem.hpp>

#include "support/apart.hpp"

namespace {

using seconds = std::chrono::duration<double>;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double context_switches() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_nvcsw + used.ru_nivcsw);
}

/// What one row has found.
struct cost {
  double until_asleep = 0;  // seconds of processor time, of all waiters
  double asleep = 0;        // the same, in `duration`
  double switches = 0;      // in `duration`
};

// Nothing starts or ends while it is measured: the waiters have had a quarter of a second to fall asleep.
cost measure(seconds duration, double before) {
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  const double fell_asleep = cpu_seconds();
  const double switched = context_switches();
  std::this_thread::sleep_for(duration);
  return {fell_asleep - before, cpu_seconds() - fell_asleep, context_switches() - switched};
}

/// `wait` on a thread for each waiter.
cost of_threads(int waiters, seconds duration, const std::function<void()>& wait) {
  std::vector<std::thread> threads;
  const double before = cpu_seconds();
  for (int i = 0; i < waiters; ++i) threads.emplace_back(wait);
  const cost found = measure(duration, before);
  for (std::thread& each : threads) each.detach();  // the process ends, and they with it
  return found;
}

struct row {
  const char* name;
  std::function<cost(int waiters, seconds duration)> run;
};

// What they wait for lives until the process ends, and nothing ever comes.
tandem::rendezvous<int> phone;
tandem::mailbox<int> inbox(1);

tandem::task<> wait_for_the_phone() { static_cast<void>(co_await phone.co_receive()); }
tandem::task<> wait_with_a_limit() { static_cast<void>(co_await phone.co_try_receive_for(std::chrono::hours(1))); }

const row rows[] = {
    {"sleeping threads",
     [](int waiters, seconds duration) {
       return of_threads(waiters, duration, [] { std::this_thread::sleep_for(std::chrono::hours(1)); });
     }},
    {"std::condition_variable",
     [](int waiters, seconds duration) {
       static std::mutex mutex;
       static std::condition_variable nothing;
       return of_threads(waiters, duration, [] {
         std::unique_lock lock(mutex);
         nothing.wait(lock, [] { return false; });
       });
     }},
    {"rendezvous receive",
     [](int waiters, seconds duration) {
       return of_threads(waiters, duration, [] { static_cast<void>(phone.receive()); });
     }},
    {"rendezvous try_receive_for(1 h)",
     [](int waiters, seconds duration) {
       return of_threads(waiters, duration, [] { static_cast<void>(phone.try_receive_for(std::chrono::hours(1))); });
     }},
    {"mailbox receive",
     [](int waiters, seconds duration) {
       return of_threads(waiters, duration, [] { static_cast<void>(inbox.receive()); });
     }},
    {"mailbox send, full",
     [](int waiters, seconds duration) {
       static_cast<void>(inbox.send(0));
       return of_threads(waiters, duration, [] { static_cast<void>(inbox.send(1)); });
     }},
    {"future get",
     [](int waiters, seconds duration) {
       static std::deque<tandem::promise<int>> promises;
       static std::mutex mutex;
       return of_threads(waiters, duration, [] {
         tandem::future<int> mine;
         {
           const std::lock_guard hold(mutex);
           mine = promises.emplace_back().get_future();
         }
         static_cast<void>(mine.get());
       });
     }},
    {"select of two",
     [](int waiters, seconds duration) {
       return of_threads(waiters, duration, [] {
         tandem::select(tandem::receive_from(phone, [](auto&&) {}), tandem::receive_from(inbox, [](auto&&) {}));
       });
     }},
    {"coroutines on a run_loop",
     [](int waiters, seconds duration) {
       const double before = cpu_seconds();
       std::thread([waiters] {
         tandem::run_loop loop;
         std::vector<tandem::task<>> all;
         for (int i = 0; i < waiters; ++i) all.push_back(i % 2 == 0 ? wait_for_the_phone() : wait_with_a_limit());
         loop.block_on(tandem::when_all(std::move(all)));
       }).detach();
       return measure(duration, before);
     }},
    {"an idle thread_pool, a thread each",
     [](int waiters, seconds duration) {
       const double before = cpu_seconds();
       new tandem::thread_pool(static_cast<unsigned>(waiters));
       return measure(duration, before);
     }},
};

bool show(const row& which, int waiters, seconds duration) {
  const auto limit = static_cast<unsigned>(duration.count()) + 60;
  const std::optional<cost> found = bench::apart(limit, [&] { return which.run(waiters, duration); });
  if (!found) {
    std::printf("  %-36s has died\n", which.name);
    return false;
  }
  std::printf("  %-36s %14.1f %14.1f %10.0f\n", which.name, found->until_asleep / waiters * 1e6, found->asleep * 1e6,
              found->switches);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number_at = [&](int index, double otherwise) {
    const double given = argc > index ? std::atof(argv[index]) : 0;
    return given > 0 ? given : otherwise;
  };
  const int waiters = static_cast<int>(number_at(1, 100));
  const seconds duration(number_at(2, 10));
  std::printf(
      "Microseconds of processor time of %d waiters: until they slept, each; and in %g s after that, all.\n\n"
      "  %-36s %14s %14s %10s\n",
      waiters, duration.count(), "who waits", "each until then", "all after that", "switches");
  bool sound = true;
  for (const row& each : rows) {
    std::fflush(stdout);
    sound = show(each, waiters, duration) && sound;
  }
  return sound ? EXIT_SUCCESS : EXIT_FAILURE;
}
