// tandem/platform/plain.hpp: the part of the ground that needs neither a clock nor a thread, for every platform that
// runs on real threads. It is apart from standard.hpp because the standard's clocks and threads are 39,000 lines.
#pragma once

#include <cstdio>
#include <cstdlib>

#if !defined(TANDEM_ABI)
#error "tandem: include <tandem/platform/abi.hpp>, not a part of a platform"
#endif

namespace tandem::inline TANDEM_ABI::platform {

inline void plain_new(const void*) noexcept {}
inline void plain_write(const void*) noexcept {}

[[noreturn]] inline void die(const char* sentence) noexcept {
  std::fprintf(stderr, "tandem: %s\n", sentence);
  std::fflush(stderr);
  std::abort();
}

}  // namespace tandem::inline TANDEM_ABI::platform
