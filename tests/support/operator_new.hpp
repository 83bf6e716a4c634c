// operator_new: the global operators new and delete, in all their forms, over one function: support::allocated, which
// whoever includes this defines. They replace the program's, so it may include this in one translation unit only.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace support {

/// What each operator new asks; nullptr: there is no memory. To be defined by whoever includes this.
void* allocated(std::size_t size, std::size_t alignment) noexcept;

/// From the heap, for that function.
inline void* from_the_heap(std::size_t size, std::size_t alignment) noexcept {
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
}

inline void* allocated_or_thrown(std::size_t size, std::size_t alignment) {
  if (void* const memory = allocated(size, alignment)) return memory;
  throw std::bad_alloc();
}

inline constexpr std::size_t usual_alignment = alignof(std::max_align_t);

}  // namespace support

// All of them: a form that is left out comes from elsewhere under a sanitizer, and is still freed here. And out
// of line: g++ would see through one half of a pair and warn that free() does not match new.

[[gnu::noinline]] void* operator new(std::size_t size) {
  return support::allocated_or_thrown(size, support::usual_alignment);
}
[[gnu::noinline]] void* operator new[](std::size_t size) {
  return support::allocated_or_thrown(size, support::usual_alignment);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return support::allocated_or_thrown(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return support::allocated_or_thrown(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return support::allocated(size, support::usual_alignment);
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return support::allocated(size, support::usual_alignment);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return support::allocated(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return support::allocated(size, static_cast<std::size_t>(alignment));
}

[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(memory);
}
