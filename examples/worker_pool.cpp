// worker_pool: a bug that takes bad luck, found and replayed by the lab; and its repair, on every schedule in bounds.
#include <iostream>
#include <string>
#include <vector>

#include <tandem/lab/lab.hpp>
#include <tandem/thread.hpp>

#include "support/worker_pool.hpp"

namespace lab = tandem::lab;
using office::ending;

// [body]
// Clients submit jobs while the pool is closing. Each job is either refused or done.
template <ending How>
void closing_time(int workers, int clients, int jobs) {
  office::worker_pool<How> pool(workers, 4);
  lab::name(pool, "the pool");
  std::vector<tandem::thread> crowd;
  for (int i = 1; i <= clients; ++i) {
    crowd.push_back(lab::spawn("client " + std::to_string(i), [&pool, jobs] {
      for (int k = 0; k < jobs; ++k) {
        if (auto answer = pool.submit([k] { return 7 * k; })) {
          lab::check(answer->get().value_or(-1) == 7 * k, "a job that was taken is done");
        }
      }
    }));
  }
  pool.finish();
  for (tandem::thread& client : crowd) client.join();
}
// [/body]

// [sizes]
template <ending How>
void one_job() {
  closing_time<How>(1, 1, 1);
}
template <ending How>
void many_jobs() {
  closing_time<How>(2, 3, 4);
}
// [/sizes]

int main() {
  // [explore]
  lab::options few;
  few.preemptions = 1;  // interruptions of a thread that could go on
  few.spurious = 0;     // sleeps that end for no reason
  few.rereads = 0;      // old values that are read once more
  const lab::report found = lab::explore(few, one_job<ending::by_note>);
  std::cout << "by note, one job:    " << lab::name_of(found.what) << '\n';
  std::cerr << found.text << '\n';
  // [/explore]

  // [replay]
  const lab::report again = lab::replay(few, found.schedule, one_job<ending::by_note>);
  std::cout << "the same once more:  " << lab::name_of(again.what) << '\n';
  // [/replay]

  // [repaired]
  const lab::report mended = lab::explore(few, one_job<ending::by_close>);
  std::cout << "by close, one job:   " << lab::name_of(mended.what) << (mended.exhausted ? ", exhausted\n" : "\n");
  std::cerr << mended.summary() << '\n';
  // [/repaired]

  // [pct]
  lab::options at_random;
  at_random.how = lab::search::pct;
  at_random.executions = 1000;
  const lab::report sought = lab::explore(at_random, many_jobs<ending::by_note>);
  std::cout << "by note, many jobs:  " << lab::name_of(sought.what) << '\n';
  std::cerr << sought.text << '\n';
  const lab::report stood = lab::explore(at_random, many_jobs<ending::by_close>);
  std::cout << "by close, many jobs: " << lab::name_of(stood.what) << '\n';
  // [/pct]
}
