// Runs the benchmarks group by group, the contestants of a group interleaved, and prints a table of medians.
//
// All flags of Google Benchmark work; --benchmark_filter picks by name. With --benchmark_format or --benchmark_out, its
// own report comes instead of the table; the processor time is then the counter `cpu_ns` (the column CPU knows nothing
// of the process in which the threads run).

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "support/catalog.hpp"
#include "support/neighbours.hpp"
#include "support/placement.hpp"
#include "support/report.hpp"
#include "support/stopwatch.hpp"
#include "workloads.hpp"

namespace {

// Ours first, so that the user's win.
std::vector<std::string> with_defaults(int argc, char** argv) {
  std::vector<std::string> arguments{argv[0], "--benchmark_min_time=0.1", "--benchmark_repetitions=5",
                                     "--benchmark_enable_random_interleaving=true"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  return arguments;
}

bool given(const std::vector<std::string>& arguments, std::string_view flag) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [&](const std::string& argument) { return argument.starts_with(flag); });
}

// Benchmarks that are compared with one another.
struct group {
  std::string name;
  std::vector<std::string> members;
};

// What the filter leaves, in the order of the catalog.
std::vector<group> groups_matching(const std::string& filter) {
  const std::regex wanted(filter.empty() || filter == "all" ? "." : filter, std::regex::extended);
  std::vector<group> groups;
  for (const bench::entry& each : bench::catalog()) {
    if (!std::regex_search(each.name(), wanted)) {
      continue;
    }
    const auto same =
        std::find_if(groups.begin(), groups.end(), [&](const group& other) { return other.name == each.group(); });
    group& home = same != groups.end() ? *same : groups.emplace_back(group{each.group(), {}});
    home.members.push_back(each.name());
  }
  return groups;
}

// A filter of Google Benchmark for just these.
std::string exactly(const std::vector<std::string>& names) {
  std::string filter;
  for (const std::string& name : names) {
    filter += (filter.empty() ? "^(" : "|") + name;
  }
  return filter + ")/manual_time$";
}

void list(const std::vector<group>& groups) {
  for (const group& each : groups) {
    for (const std::string& name : each.members) {
      std::cout << name << '\n';
    }
  }
}

// Contestants of one group take turns; the groups come one after the other.
bool run_with_tables(const std::vector<group>& groups) {
  std::cout
      << "Nanoseconds of a message or a round trip: the median of all rounds, how far they lie apart, the best;\n"
         "medians too: what half of the single operations did not exceed (p50), and 99 of 100 (p99), of those\n"
         "that were timed; processor time of all threads, context switches, yields, futex calls (of those who\n"
         "make them themselves), calls of operator new, and the ratios to the limit and to mutex_cv. A dash: not\n"
         "known, or too short for the clock. Machine: "
      << bench::cores() << " cores;\na crowd is " << 2 * bench::crowd_size()
      << " threads, busy_2 is beside 2 strangers. Reading the clock takes " << std::lround(bench::clock_read_ns())
      << " ns.\n";
  bench::table report;
  for (const group& each : groups) {
    const bench::neighbours others;
    benchmark::RunSpecifiedBenchmarks(&report, exactly(each.members));
    report.print(std::cout, each.name, others.share());
  }
  report.print_summary(std::cout);
  return report.all_sound();
}

// Everything in one run, because only one run goes to one file.
void run_with_googles_report(const std::vector<group>& groups) {
  std::vector<std::string> names;
  for (const group& each : groups) {
    names.insert(names.end(), each.members.begin(), each.members.end());
  }
  benchmark::RunSpecifiedBenchmarks(exactly(names));
}

}  // namespace

int main(int argc, char** argv) {
  bench::add_rendezvous();
  bench::add_mailbox();
  bench::add_future();
  bench::add_select();
  bench::add_coroutine();
  bench::add_waiting();

  std::vector<std::string> arguments = with_defaults(argc, argv);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) {
    pointers.push_back(argument.data());
  }
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) {
    return EXIT_FAILURE;
  }

  const std::vector<group> groups = groups_matching(benchmark::GetBenchmarkFilter());
  if (groups.empty()) {
    std::cerr << "no benchmark matches; --benchmark_list_tests lists them all\n";
    return EXIT_FAILURE;
  }
  if (given(arguments, "--benchmark_list_tests")) {
    list(groups);
    return EXIT_SUCCESS;
  }
  if (given(arguments, "--benchmark_format") || given(arguments, "--benchmark_out")) {
    run_with_googles_report(groups);
    return EXIT_SUCCESS;
  }
  return run_with_tables(groups) ? EXIT_SUCCESS : EXIT_FAILURE;
}
