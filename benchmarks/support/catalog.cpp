#include "catalog.hpp"

#include <benchmark/benchmark.h>
#include <sched.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

namespace bench {
namespace {

// A hundred times what one run should take; see --benchmark_min_time in main.cpp.
constexpr std::chrono::seconds patience{20};

std::vector<entry>& entries() {
  static std::vector<entry> all;
  return all;
}

// At real-time priority (benchmarks/run --alone), Linux takes the cores away from whoever uses more than 95 % of a
// second. So rest in between, or the next run pays for it.
void rest_after(std::chrono::steady_clock::duration work) {
  if (::sched_getscheduler(0) != SCHED_OTHER) {
    std::this_thread::sleep_for(work / 4);
  }
}

// This run is worth nothing. It still counts its messages: Google Benchmark 1.7 aborts if one repetition of several has
// fewer iterations than the others.
void give_up(benchmark::State& state, const std::string& why) {
  while (state.KeepRunningBatch(state.max_iterations)) {
    state.SetIterationTime(1);
  }
  state.SkipWithError(why.c_str());
}

// All messages of a run are one batch. Google Benchmark asks for 1, 10, 100 ... of them until a run takes long enough,
// so a slow contestant gets few and a fast one many, and every figure it prints is per message.
void run(benchmark::State& state, const entry& which, std::string& given_up) {
  if (which.where == placement::two_cores && cores() < 2) {
    give_up(state, "skipped: this process may use one core only");
    return;
  }
  if (!given_up.empty()) {
    give_up(state, given_up);
    return;
  }
  const auto messages = state.max_iterations;
  const auto begin = std::chrono::steady_clock::now();
  const outcome result =
      play_apart(which.where, [&] { return which.make_cast(static_cast<std::uint64_t>(messages)); }, patience);
  rest_after(std::chrono::steady_clock::now() - begin);
  if (!result.failure.empty()) {
    given_up = result.failure;
    give_up(state, given_up);
    return;
  }
  while (state.KeepRunningBatch(messages)) {
    state.SetIterationTime(result.measured.wall_seconds);
  }
  const auto per_message = [&](double total) { return benchmark::Counter(total / static_cast<double>(messages)); };
  state.counters["cpu_ns"] = per_message(result.measured.cpu_seconds * 1e9);
  state.counters["switches"] = per_message(result.measured.context_switches);
  state.counters["yields"] = per_message(result.measured.yields);
  state.counters["futexes"] = per_message(result.measured.futexes);
  state.counters["allocations"] = per_message(result.measured.allocations);
  const auto add_if_known = [&](const char* name, double figure) {
    if (figure > 0) {
      state.counters[name] = benchmark::Counter(figure);
    }
  };
  add_if_known("p50_ns", result.measured.p50_ns);
  add_if_known("p99_ns", result.measured.p99_ns);
  add_if_known("samples", result.measured.timed);
  if (which.prepared != 0) {
    state.counters["bytes"] = benchmark::Counter(result.measured.prepared_bytes / static_cast<double>(which.prepared));
  }
}

}  // namespace

std::string entry::name() const {
  return workload + '/' + contestant + '/' + std::to_string(bytes) + "B/" + std::string(name_of(where));
}

std::string entry::group() const { return workload + ' ' + std::to_string(bytes) + "B " + std::string(name_of(where)); }

void add(entry which) {
  const auto given_up = std::make_shared<std::string>();
  benchmark::RegisterBenchmark(which.name().c_str(), [which, given_up](benchmark::State& state) {
    run(state, which, *given_up);
  })->UseManualTime();
  entries().push_back(std::move(which));
}

const std::vector<entry>& catalog() noexcept { return entries(); }

}  // namespace bench
