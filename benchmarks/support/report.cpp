#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>

#include "catalog.hpp"

namespace bench {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double best(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

double spread(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return (*most - *least) / median(values);
}

// Nothing can be faster: what the others are measured by.
bool is_limit(std::string_view contestant) {
  return contestant == "raw_spin" || contestant == "ring_spin" || contestant == "heap_slot" ||
         contestant == "bare_coroutine" || contestant == "known";
}

// The same, where nothing may spin. Only a yardstick: who hands over several messages a context switch beats it.
bool is_polite_limit(std::string_view contestant) { return contestant == "raw_yield" || contestant == "ring_yield"; }

template <class... A>
std::string text(const char* format, A... values) {
  char line[256];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

}  // namespace

std::string table::column(const samples& measured, const samples* standard) {
  return standard == nullptr ? text("%9s", "-") : text("%9.3g", median(measured.wall) / median(standard->wall));
}

// A median of fewer than all rounds would be one of the longer ones: what is too short to be measured is missing.
std::string table::column(const std::vector<double>& known, std::size_t rounds) {
  return known.size() < rounds ? text("%9s", "-") : text("%9.0f", median(known));
}

std::string table::in_words(const samples& measured, const samples* standard, const std::string& name) {
  return standard == nullptr ? ""
                             : text(", %.3g x %s (best rounds %.3g x)", median(measured.wall) / median(standard->wall),
                                    name.c_str(), best(measured.wall) / best(standard->wall));
}

void table::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.run_type == Run::RT_Aggregate) {
      continue;
    }
    samples& collected = rounds_[run.run_name.function_name];
    if (run.error_occurred) {
      collected.failure = run.error_message;
      continue;
    }
    collected.wall.push_back(run.GetAdjustedRealTime());
    collected.cpu.push_back(run.counters.at("cpu_ns"));
    collected.switches.push_back(run.counters.at("switches"));
    collected.yields.push_back(run.counters.at("yields"));
    collected.futexes.push_back(run.counters.at("futexes"));
    collected.allocations.push_back(run.counters.at("allocations"));
    const auto collect_if_known = [&run](std::vector<double>& into, const char* name) {
      if (const auto found = run.counters.find(name); found != run.counters.end()) {
        into.push_back(found->second);
      }
    };
    collect_if_known(collected.bytes, "bytes");
    collect_if_known(collected.p50, "p50_ns");
    collect_if_known(collected.p99, "p99_ns");
  }
}

void table::print(std::ostream& to, const std::string& group, std::optional<double> others) {
  std::vector<std::pair<std::string, samples>> rows;  // in the order of the catalog
  for (const entry& which : catalog()) {
    if (const auto found = rounds_.find(which.name()); found != rounds_.end() && which.group() == group) {
      rows.emplace_back(which.contestant, std::move(found->second));
    }
  }
  rounds_.clear();

  const samples* limit = nullptr;
  const samples* mutex_cv = nullptr;
  std::string limit_name;
  for (const auto& [contestant, measured] : rows) {
    if (measured.wall.empty()) {
      continue;
    }
    if (is_limit(contestant) || (is_polite_limit(contestant) && limit == nullptr)) {
      limit = &measured;
      limit_name = contestant;
    } else if (contestant == "mutex_cv") {
      mutex_cv = &measured;
    }
  }

  to << '\n'
     << group << (others ? text("  (others used %.0f %% of the machine)", *others * 100) : "") << '\n'
     << text("  %-27s %10s %7s %10s %9s %9s %10s %9s %8s %8s %7s %9s %9s\n", "contestant", "median ns", "spread",
             "best ns", "p50 ns", "p99 ns", "cpu ns", "switches", "yields", "futexes", "allocs", "x limit", "x mutex");
  for (const auto& [contestant, measured] : rows) {
    const std::string& why = measured.failure;
    // a rival may get stuck: std::counting_semaphore of libstdc++ 12 does, now and then
    const bool rival_got_stuck = !contestant.starts_with("tandem") && why.starts_with("no end in sight");
    all_sound_ = all_sound_ && (why.empty() || why.starts_with("skipped") || rival_got_stuck);
    to << text("  %-27s ", contestant.c_str());
    if (measured.wall.empty()) {
      to << measured.failure << '\n';
      continue;
    }
    const std::size_t rounds = measured.wall.size();
    to << text("%10.1f %6.0f%% %10.1f ", median(measured.wall), spread(measured.wall) * 100, best(measured.wall))
       << column(measured.p50, rounds) << ' ' << column(measured.p99, rounds)
       << text(" %10.1f %9.3f %8.3f %8.3f %7.2f ", median(measured.cpu), median(measured.switches),
               median(measured.yields), median(measured.futexes), median(measured.allocations))
       << column(measured, limit) << ' ' << column(measured, mutex_cv)
       << (measured.bytes.empty() ? "" : text("  %.0f bytes each", median(measured.bytes)))
       << (measured.failure.empty() ? "" : "  then: " + measured.failure) << '\n';
    if (contestant == "tandem") {
      summary_.push_back(group + text(": tandem %.1f ns", median(measured.wall)) +
                         in_words(measured, limit, limit_name) + in_words(measured, mutex_cv, "mutex_cv") +
                         (measured.bytes.empty() ? "" : text(", %.0f bytes each", median(measured.bytes))));
    }
  }
  to << std::flush;
}

void table::print_summary(std::ostream& to) const {
  if (!summary_.empty()) {
    to << "\nIn short:\n";
  }
  for (const std::string& line : summary_) {
    to << "  " << line << '\n';
  }
}

}  // namespace bench
