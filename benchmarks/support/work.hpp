// work: something to do between two messages, for so many nanoseconds of a processor, whoever else has it meanwhile.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace bench {

/// So many steps, each of which waits for the one before.
inline std::uint64_t steps(std::uint64_t count, std::uint64_t state = 0x9E3779B97F4A7C15) noexcept {
  for (; count > 0; --count) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
  }
  return state;
}

/// How many steps take a microsecond: the most of some attempts, which nobody has interrupted.
inline double steps_a_microsecond() {
  static const double counted = [] {
    constexpr std::uint64_t many = 100'000;
    std::chrono::duration<double, std::micro> least{1e9};
    for (int attempt = 0; attempt < 20; ++attempt) {
      const auto begin = std::chrono::steady_clock::now();
      volatile std::uint64_t sink = steps(many);
      static_cast<void>(sink);
      least = std::min<std::chrono::duration<double, std::micro>>(least, std::chrono::steady_clock::now() - begin);
    }
    return static_cast<double>(many) / least.count();
  }();
  return counted;
}

/// What one thread does for each message.
class work {
 public:
  work() noexcept = default;
  explicit work(std::chrono::nanoseconds lasts)
      : steps_(static_cast<std::uint64_t>(static_cast<double>(lasts.count()) / 1000 * steps_a_microsecond())) {}
  void operator()() const noexcept {
    if (steps_ == 0) return;
    volatile std::uint64_t sink = steps(steps_);
    static_cast<void>(sink);
  }

 private:
  std::uint64_t steps_ = 0;
};

}  // namespace bench
