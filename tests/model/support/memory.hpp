// memory: an allocation that fails when a model says so. Replaces the global operator new, so a program may include it
// in one translation unit only.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace model {

inline unsigned allocations_before_one_fails = 0;  // counts down to it; 0: none does

[[nodiscard]] inline void* allocated(std::size_t size, std::size_t alignment) {
  if (allocations_before_one_fails != 0 && --allocations_before_one_fails == 0) throw std::bad_alloc();
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  if (void* const memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded)) return memory;
  throw std::bad_alloc();
}

/// Whether f() threw since the allocation of that number (1 is the first that it asks for, 0 none) failed. f() may
/// not take a step that the lab sees before that: the lab needs memory as well.
template <class Function>
bool out_of_memory(unsigned number, const Function& f) {
  allocations_before_one_fails = number;
  try {
    f();
  } catch (const std::bad_alloc&) {
    return true;
  }
  allocations_before_one_fails = 0;
  return false;
}

}  // namespace model

// Out of line: g++ would see through one half of a pair and warn that free() does not match new.
[[gnu::noinline]] void* operator new(std::size_t size) { return model::allocated(size, alignof(std::max_align_t)); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return model::allocated(size, alignof(std::max_align_t)); }
// The standard's own nothrow forms would come from elsewhere under a sanitizer, and be freed here all the same.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::aligned_alloc(alignof(std::max_align_t),
                            (size + alignof(std::max_align_t)) & ~(alignof(std::max_align_t) - 1));
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t& how) noexcept {
  return operator new(size, how);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return model::allocated(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t size, std::align_val_t alignment) {
  return model::allocated(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
