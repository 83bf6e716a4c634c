// dice: chance that can be repeated, and how much of it a test may take.
//
// The seed of a run is printed by whoever fails or stresses; `TANDEM_SEED=<number>` runs the same choices again (the
// schedule is the machine's own). `TANDEM_EFFORT=<percent>` makes stress longer or shorter; a sanitizer makes it
// shorter by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sanitizer.hpp"

namespace support {

class dice {
 public:
  explicit dice(std::uint64_t seed) : state_(seed) {}
  // A number from 0 to below - 1.
  std::uint32_t roll(std::uint32_t below) { return static_cast<std::uint32_t>((next() >> 33) % below); }
  bool one_in(std::uint32_t chances) { return roll(chances) == 0; }
  dice another() { return dice(next()); }

 private:
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }
  std::uint64_t state_;
};

// The seed of this run: the one in TANDEM_SEED, or the time of day.
inline std::uint64_t seed_of_this_run() {
  static const std::uint64_t seed = [] {
    if (const char* given = std::getenv("TANDEM_SEED")) return std::uint64_t{std::strtoull(given, nullptr, 0)};
    return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  }();
  return seed;
}

// `rounds`, more or fewer: at least one.
inline int effort(int rounds) {
  static const int percent = [] {
    const char* given = std::getenv("TANDEM_EFFORT");
    return given != nullptr ? std::atoi(given) : (thread_sanitized ? 8 : sanitized ? 15 : 100);
  }();
  const auto scaled = static_cast<std::int64_t>(rounds) * percent / 100;
  return scaled < 1 ? 1 : static_cast<int>(scaled);
}

}  // namespace support
