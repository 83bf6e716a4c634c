// tandem/lab/detail/stopwatch.hpp: how long an exploration takes, and how far it is.
//
// Contract   A stopwatch is started when it is made. is_up() says whether its time is over. tell() says, to whoever
//            sits before a terminal, how far it is: one line on standard error that is written anew every two seconds,
//            and is gone in the end. If standard error is no terminal, nothing is said. It is the only one here that
//            looks at the real time; nothing that an execution does depends on it.
// Tests      tests/lab.test.cpp
#pragma once

#include <tandem/lab/detail/abi.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <unistd.h>

namespace tandem::inline TANDEM_ABI::lab {

class stopwatch {
 public:
  using duration = std::chrono::nanoseconds;
  static constexpr duration unlimited = (duration::max)();

  explicit stopwatch(duration most) noexcept : most_(most) {}
  stopwatch(const stopwatch&) = delete;
  stopwatch& operator=(const stopwatch&) = delete;
  ~stopwatch() {
    if (lines_ != 0) std::fputs("\r\033[K", stderr);
  }

  bool is_up() const noexcept { return most_ != unlimited && passed() >= most_; }

  void tell(std::uint64_t executions, std::uint64_t states) noexcept {
    if (watchers_ == somebody::unknown)
      watchers_ = ::isatty(STDERR_FILENO) == 1 ? somebody::there : somebody::not_there;
    if (watchers_ == somebody::not_there) return;
    const duration now = passed();
    if (now < (lines_ + 1) * pause) return;
    lines_ = now / pause;
    std::fprintf(stderr, "\r\033[Ktandem: %llu executions, %llu states, %lld s",
                 static_cast<unsigned long long>(executions), static_cast<unsigned long long>(states),
                 static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(now).count()));
  }

 private:
  using clock = std::chrono::steady_clock;
  enum class somebody : std::uint8_t { unknown, there, not_there };
  static constexpr duration pause = std::chrono::seconds(2);

  duration passed() const noexcept { return clock::now() - begun_; }

  clock::time_point begun_ = clock::now();
  duration most_;
  somebody watchers_ = somebody::unknown;
  std::int64_t lines_ = 0;  // how often there was reason for one
};

}  // namespace tandem::inline TANDEM_ABI::lab
