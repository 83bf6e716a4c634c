// allocations: how many times this thread has asked the heap for memory. Replaces the global operator new, so a
// program may include it in one translation unit only. A sanitizer may replace it as well, and wants to be alone: there
// nothing is counted, and `allocations_are_counted` says so.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define TANDEM_TEST_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TANDEM_TEST_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef TANDEM_TEST_COUNTS_ALLOCATIONS
#define TANDEM_TEST_COUNTS_ALLOCATIONS 1
#endif

namespace support {

inline constexpr bool allocations_are_counted = TANDEM_TEST_COUNTS_ALLOCATIONS;
inline thread_local std::size_t allocations_of_this_thread = 0;

inline void* counted_allocation(std::size_t size, std::size_t alignment) {
  ++allocations_of_this_thread;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded)) return memory;
  std::abort();
}

}  // namespace support

#if TANDEM_TEST_COUNTS_ALLOCATIONS

// Out of line: g++ would see through one half of a pair and warn that free() does not match new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return support::counted_allocation(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new[](std::size_t size) {
  return support::counted_allocation(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return support::counted_allocation(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return support::counted_allocation(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#endif
