// The table: one block for each group of benchmarks that are compared with one another.
#pragma once

#include <benchmark/benchmark.h>

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// Collects the rounds of each benchmark that Google Benchmark reports, to be printed as medians.
class table final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override;

  /// Prints the group named `group`, and how busy others kept the machine meanwhile; forgets its rounds.
  void print(std::ostream& to, const std::string& group, std::optional<double> others);

  /// Repeats, in one line each, how tandem did in every group printed so far.
  void print_summary(std::ostream& to) const;

  /// Whether every benchmark delivered what it should.
  bool all_sound() const noexcept { return all_sound_; }

 private:
  struct samples {
    std::vector<double> wall, cpu, switches, yields, futexes, allocations;
    std::vector<double> bytes;     // only of those who prepare something
    std::vector<double> p50, p99;  // only of the rounds in which they are known
    std::string failure;
  };
  static std::string column(const samples& measured, const samples* standard);
  static std::string column(const std::vector<double>& known, std::size_t rounds);
  static std::string in_words(const samples& measured, const samples* standard, const std::string& name);

  std::map<std::string, samples> rounds_;  // by the name of the benchmark
  std::vector<std::string> summary_;
  bool all_sound_ = true;
};

}  // namespace bench
