// What the benchmarks rest on: that strangers run, where they should, and never outlive the one who started them; that
// a stopwatch changes nothing and says no more than it knows. Needs no test library, as the benchmarks need none.

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "measure.hpp"
#include "placement.hpp"
#include "stopwatch.hpp"
#include "strangers.hpp"

namespace {

using namespace std::chrono_literals;

int failures = 0;

void check(bool holds, const std::string& what) {
  std::cout << (holds ? "  ok      " : "  FAILED  ") << what << '\n';
  failures += holds ? 0 : 1;
}

/// Patient, because the machine may be busy; it returns as soon as it can.
template <class Condition>
bool comes_true(Condition condition) {
  for (const auto end = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < end;) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(5ms);
  }
  return condition();
}

struct process {
  char state = '?';
  pid_t parent = -1;
  double cpu_seconds = 0;
};

process look_at(pid_t id) {
  std::ifstream stat("/proc/" + std::to_string(id) + "/stat");
  std::string line;
  std::getline(stat, line);
  process found;
  // after the name in parentheses: the state, the parent, nine fields, user time, system time
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string skipped;
  double user = 0;
  double system = 0;
  fields >> found.state >> found.parent;
  for (int i = 0; i < 9; ++i) {
    fields >> skipped;
  }
  fields >> user >> system;
  found.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return found;
}

/// The only core on which it may run; -1 if there are more.
int core_of(pid_t id) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(id, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) != 1) {
    return -1;
  }
  int core = 0;
  while (!CPU_ISSET(core, &allowed)) {
    ++core;
  }
  return core;
}

bool exists(pid_t id) { return ::kill(id, 0) == 0 || errno != ESRCH; }

bool has_a_child() { return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

double cpu_seconds_of_children() {
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

void strangers_run_and_end() {
  std::cout << "strangers\n";
  constexpr std::size_t count = 5;
  const double before = cpu_seconds_of_children();
  double used = 0;
  std::vector<pid_t> ids;
  auto told_to_end = std::chrono::steady_clock::now();
  {
    const bench::strangers five(count, 60s);
    ids = five.ids();
    check(ids.size() == count && std::set<pid_t>(ids.begin(), ids.end()).size() == count, "are as many as asked for");
    check(std::all_of(ids.begin(), ids.end(),
                      [](pid_t id) {
                        const std::filesystem::path files = "/proc/" + std::to_string(id) + "/fd";
                        return comes_true([&] { return std::filesystem::is_empty(files); });
                      }),
          "hold no file");
    bool pinned = true;
    std::set<int> cores;
    for (std::size_t i = 0; i < count; ++i) {
      const int core = core_of(ids[i]);
      pinned = pinned && core >= 0 && core == core_of(ids[i % bench::cores()]);
      cores.insert(core);
    }
    check(pinned && cores.size() == std::min(count, bench::cores()), "are pinned in turn");
    check(std::all_of(ids.begin(), ids.end(), [](pid_t id) { return ::sched_getscheduler(id) == SCHED_OTHER; }),
          "are of the usual scheduling policy");
    check(std::all_of(ids.begin(), ids.end(),
                      [](pid_t id) { return comes_true([&] { return look_at(id).cpu_seconds >= 0.05; }); }),
          "use processor time");
    check(std::all_of(ids.begin(), ids.end(), [](pid_t id) { return look_at(id).state == 'R'; }), "never sleep");
    for (const pid_t id : ids) {
      used += look_at(id).cpu_seconds;
    }
    told_to_end = std::chrono::steady_clock::now();
  }
  check(std::chrono::steady_clock::now() - told_to_end < 30s, "end when they are told to, before the alarm");
  check(std::none_of(ids.begin(), ids.end(), exists) && !has_a_child(), "have ended with their owner");
  check(cpu_seconds_of_children() - before > used * 0.9, "are counted among what this process used");
}

void busy_threads_run_and_end() {
  std::cout << "busy threads\n";
  const std::clock_t before = std::clock();
  double used = 0;
  {
    bench::busy_threads two(2);
    check(comes_true([&] { return two.cpu_seconds() >= 0.05; }), "use processor time, and say how much");
    used = two.cpu_seconds();
  }
  const double all = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  check(used <= all, "which is this program's");
  const std::clock_t after = std::clock();
  std::this_thread::sleep_for(50ms);
  check(static_cast<double>(std::clock() - after) / CLOCKS_PER_SEC < 0.04, "and have ended when they are destroyed");
}

void strangers_of_another_policy() {
  const sched_param none{};
  if (::sched_setscheduler(0, SCHED_BATCH, &none) != 0) {
    std::cout << "  skipped another policy: not permitted\n";
    return;
  }
  {
    const bench::strangers one(1, 60s);
    check(::sched_getscheduler(one.ids().front()) == SCHED_OTHER, "do not inherit the policy of their owner");
  }
  ::sched_setscheduler(0, SCHED_OTHER, &none);
}

/// Starts strangers in a child that then ends as `end` says, and returns how each of them ended; -1: not at all.
std::vector<int> ends_when_the_owner(void (*end)(pid_t owner)) {
  constexpr std::size_t count = 3;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans become ours, so that we see how they end
  int report[2];
  if (::pipe(report) != 0) {
    return {};
  }
  const pid_t owner = ::fork();
  if (owner == 0) {
    const bench::strangers three(count, 60s);
    const bool told = ::write(report[1], three.ids().data(), count * sizeof(pid_t)) > 0;
    while (told) {
      ::pause();
    }
    ::_exit(EXIT_FAILURE);
  }
  ::close(report[1]);
  std::vector<pid_t> ids(count);
  const bool told = ::read(report[0], ids.data(), count * sizeof(pid_t)) == static_cast<ssize_t>(count * sizeof(pid_t));
  ::close(report[0]);
  end(owner);
  ::waitpid(owner, nullptr, 0);
  std::vector<int> ends;
  for (const pid_t id : ids) {
    int status = -1;
    if (told && !comes_true([&] { return ::waitpid(id, &status, WNOHANG) == id; })) {
      ::kill(id, SIGKILL);
      ::waitpid(id, nullptr, 0);
      status = -1;
    }
    ends.push_back(status);
  }
  return ends;
}

void strangers_without_an_owner() {
  const std::vector<int> ends = ends_when_the_owner([](pid_t owner) { ::kill(owner, SIGKILL); });
  check(!ends.empty() && std::all_of(ends.begin(), ends.end(),
                                     [](int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }),
        "end when their owner is killed");

  const bench::strangers two(2, 1s);
  check(std::all_of(two.ids().begin(), two.ids().end(),
                    [](pid_t id) {
                      return comes_true([&] {
                        siginfo_t how{};
                        return ::waitid(P_PID, static_cast<id_t>(id), &how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                               how.si_pid == id && how.si_code == CLD_KILLED && how.si_status == SIGALRM;
                      });
                    }),
        "end when their owner holds them for too long");
}

void strangers_that_cannot_start() {
  const pid_t child = ::fork();
  if (child == 0) {
    bool refused = false;
    const rlimit no_more_files{3, 3};
    ::setrlimit(RLIMIT_NOFILE, &no_more_files);
    try {
      const bench::strangers two(2, 60s);
    } catch (const std::runtime_error&) {
      refused = true;
    }
    const bench::outcome result =
        bench::play_apart(bench::placement::busy_2, [] { return std::vector<bench::role>(); }, 5s);
    ::_exit(refused && !result.failure.empty() && !has_a_child() ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  check(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS, "say so when they cannot be started");
}

void runs_among_strangers() {
  std::cout << "a run\n";
  const auto has_strangers = [](std::size_t count) {
    return [count] {
      std::size_t found = 0;  // children of our parent, beside this process
      for (const auto& each : std::filesystem::directory_iterator("/proc")) {
        const std::string name = each.path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos) {
          const auto id = static_cast<pid_t>(std::stol(name));
          found += id != ::getpid() && look_at(id).parent == ::getppid() ? 1 : 0;
        }
      }
      return found == count;
    };
  };
  for (const bench::placement where : bench::every_placement) {
    const std::size_t count = bench::strangers_at(where);
    const bench::outcome result =
        bench::play_apart(where, [&] { return std::vector<bench::role>{bench::role(has_strangers(count))}; }, 20s);
    check(result.failure.empty() && !has_a_child(),
          std::string(bench::name_of(where)) + " has " + std::to_string(count) + " strangers beside it, none after it");
  }
}

void stopwatches() {
  std::cout << "a stopwatch\n";
  const auto plays = [](std::uint64_t operations, std::size_t timed) {
    bench::stopwatch watch(operations, 1);
    std::uint64_t last = 0;
    bool in_order = true;
    const bool whole = watch.time([&](std::uint64_t number) {
      in_order = in_order && number == last + 1;
      last = number;
      return true;
    });
    std::vector<double> times;
    watch.report(times);
    return whole && in_order && last == operations && times.size() == timed;
  };
  const std::size_t most = bench::most_timed();
  check(most >= 50, "may time some operations");
  check(plays(0, 0) && plays(1, 1) && plays(7, 7) && plays(most, most), "plays each operation once, times all of few");
  check(plays(most + 1, most) && plays(1'000'003, most), "plays each operation once, times some of many");

  bench::stopwatch stopped(10, 1);
  std::uint64_t calls = 0;
  check(!stopped.time([&](std::uint64_t number) { return ++calls, number < 4; }) && calls == 4, "stops at a failure");

  bench::stopwatch slow(200, 1);
  slow.time([](std::uint64_t number) {
    const auto end = std::chrono::steady_clock::now() + (number % 4 == 0 ? 400us : 100us);
    while (std::chrono::steady_clock::now() < end) {
    }
    return true;
  });
  std::vector<double> times;
  slow.report(times);
  const double half = bench::percentile_ns(times, 0.50);
  const double most_of_them = bench::percentile_ns(times, 0.90);
  check(half > 95'000 && half < 395'000 && most_of_them > 395'000, "tells the short operations from the long ones");

  std::vector<double> few(499, 1e6);
  check(bench::percentile_ns(few, 0.99) == 0 && bench::percentile_ns(few, 0.50) == 1e6, "needs 500 for the p99");
  few.resize(49);
  check(bench::percentile_ns(few, 0.50) == 0, "needs 50 for the p50");
  std::vector<double> thousand;
  for (int i = 1; i <= 1000; ++i) {
    thousand.push_back(1e6 * i);
  }
  check(bench::percentile_ns(thousand, 0.50) == 500e6 && bench::percentile_ns(thousand, 0.99) == 990e6,
        "takes the nearest rank");
  std::vector<double> short_ones(1000, bench::clock_read_ns());
  check(bench::percentile_ns(short_ones, 0.50) == 0, "says nothing of what is too short for the clock");
}

}  // namespace

int main() {
  stopwatches();
  strangers_run_and_end();
  busy_threads_run_and_end();
  strangers_of_another_policy();
  strangers_without_an_owner();
  strangers_that_cannot_start();
  runs_among_strangers();
  std::cout << failures << " failed\n";
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
