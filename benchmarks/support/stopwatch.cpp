#include "stopwatch.hpp"

#include <cmath>
#include <cstdlib>

namespace bench {

double clock_read_ns() noexcept {
  static const double cost = [] {
    using clock = std::chrono::steady_clock;
    constexpr int reads = 1000;
    auto least = clock::duration::max();  // of several attempts: who is interrupted measures something else
    for (int attempt = 0; attempt < 20; ++attempt) {
      const auto begin = clock::now();
      auto end = begin;
      for (int i = 0; i < reads; ++i) {
        end = clock::now();
      }
      least = std::min(least, end - begin);
    }
    return std::chrono::duration<double, std::nano>(least).count() / reads;
  }();
  return cost;
}

std::size_t most_timed() noexcept {
  static const std::size_t most = [] {
    constexpr double run_ns = 1e8;  // --benchmark_min_time in main.cpp
    constexpr double budget_ns = run_ns * 0.005;
    constexpr double choosing_ns = 10;
    constexpr double enough = 5000;
    return std::getenv("BENCH_UNTIMED") != nullptr
               ? std::size_t{0}
               : static_cast<std::size_t>(std::min(enough, budget_ns / (2 * clock_read_ns() + choosing_ns)));
  }();
  return most;
}

void stopwatch::report(std::vector<double>& all) const {
  for (std::size_t i = 0; i < taken_; ++i) {
    const double measured = std::chrono::duration<double, std::nano>(times_[i]).count();
    all.push_back(std::max(0.0, measured - clock_read_ns()));
  }
}

double percentile_ns(std::vector<double>& times, double share) {
  constexpr double beyond = 5;     // so many have to lie above it, 25 above a median
  constexpr double too_short = 4;  // times a read of the clock
  const double count = static_cast<double>(times.size());
  const double rank = std::ceil(share * count);
  if (count < 50 || count - rank < beyond) {
    return 0;
  }
  const auto place = times.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
  std::nth_element(times.begin(), place, times.end());
  return *place >= too_short * clock_read_ns() ? *place : 0;
}

}  // namespace bench
