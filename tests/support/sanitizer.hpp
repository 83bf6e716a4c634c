// sanitizer: which sanitizer this program is built with, and how many of its cases a heavy test runs there.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define TANDEM_TEST_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TANDEM_TEST_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef TANDEM_TEST_ADDRESS_SANITIZER
#define TANDEM_TEST_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__)
#define TANDEM_TEST_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TANDEM_TEST_THREAD_SANITIZER 1
#endif
#endif
#ifndef TANDEM_TEST_THREAD_SANITIZER
#define TANDEM_TEST_THREAD_SANITIZER 0
#endif

namespace support {

inline constexpr bool thread_sanitized = TANDEM_TEST_THREAD_SANITIZER != 0;
inline constexpr bool sanitized = thread_sanitized || TANDEM_TEST_ADDRESS_SANITIZER != 0;

/// Whether heavy tests run all of their cases. With AddressSanitizer they take some of them: the lab is five times as
/// slow there, and what that one looks for, memory that is used wrongly, hardly depends on the case. What all cases
/// have to come to is asserted where all are run: in every other build.
inline constexpr bool runs_all_cases = TANDEM_TEST_ADDRESS_SANITIZER == 0;

/// So many of them.
template <class Count>
constexpr Count cases(Count all, Count some) noexcept {
  return runs_all_cases ? all : some;
}

}  // namespace support
