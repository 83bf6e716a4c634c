// memory: an allocation that fails when a model says so. Replaces the global operator new, so a program may include it
// in one translation unit only.
#pragma once

#include <cstddef>
#include <new>

#include "support/operator_new.hpp"

namespace model {

inline unsigned allocations_before_one_fails = 0;  // counts down to it; 0: none does

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

void* support::allocated(std::size_t size, std::size_t alignment) noexcept {
  unsigned& left = model::allocations_before_one_fails;
  return left != 0 && --left == 0 ? nullptr : from_the_heap(size, alignment);
}
