// allocations: how many times this thread has asked the heap for memory. Replaces the global operator new, so a
// program may include it in one translation unit only. A sanitizer may replace it as well, and wants to be alone: there
// nothing is counted, and `allocations_are_counted` says so. There the heap never runs out, either.
#pragma once

#include <cstddef>

#include "sanitizer.hpp"

#if TANDEM_TEST_ADDRESS_SANITIZER || (TANDEM_TEST_THREAD_SANITIZER && defined(__clang__))
#define TANDEM_TEST_COUNTS_ALLOCATIONS 0
#else
#define TANDEM_TEST_COUNTS_ALLOCATIONS 1
#endif

namespace support {

inline constexpr bool allocations_are_counted = TANDEM_TEST_COUNTS_ALLOCATIONS;
inline thread_local std::size_t allocations_of_this_thread = 0;

/// How many this thread may still have before there is no memory.
inline constexpr std::size_t no_limit = ~std::size_t{0};
inline thread_local std::size_t allocations_left = no_limit;

}  // namespace support

#if TANDEM_TEST_COUNTS_ALLOCATIONS

#include "operator_new.hpp"

void* support::allocated(std::size_t size, std::size_t alignment) noexcept {
  ++allocations_of_this_thread;
  if (allocations_left == 0) return nullptr;
  if (allocations_left != no_limit) --allocations_left;
  return from_the_heap(size, alignment);
}

#endif
