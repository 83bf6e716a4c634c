#include "neighbours.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

double seconds_of(int whom) noexcept {
  rusage used{};
  ::getrusage(whom, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

}  // namespace

neighbours::neighbours() noexcept : begin_(read()) {}

std::optional<double> neighbours::share() const {
  const reading now = read();
  const double all = now.all - begin_.all;
  if (all <= 0) {
    return std::nullopt;
  }
  return std::clamp((now.busy - begin_.busy - (now.ours - begin_.ours)) / all, 0.0, 1.0);
}

neighbours::reading neighbours::read() noexcept {
  reading now;
  now.ours = seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN);
  if (std::FILE* const stat = std::fopen("/proc/stat", "r")) {
    // user, nice, system, idle, waiting for a disk, two kinds of interrupts, stolen by the host; in clock ticks
    double ticks[8] = {};
    if (std::fscanf(stat, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4],
                    &ticks[5], &ticks[6], &ticks[7]) == 8) {
      const double second = static_cast<double>(::sysconf(_SC_CLK_TCK));
      for (const double each : ticks) {
        now.all += each / second;
      }
      now.busy = now.all - (ticks[3] + ticks[4]) / second;
    }
    std::fclose(stat);
  }
  return now;
}

}  // namespace bench
