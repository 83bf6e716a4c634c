// std::promise and std::future, and what a future costs at least: the heap slot that lets the two halves part.
#pragma once

#include <benchmark/benchmark.h>

#include <future>
#include <string_view>
#include <utility>

#include "../support/scenario.hpp"

namespace bench {

template <class T>
struct standard_future {
  static constexpr std::string_view name = "std_future";
  using promise = std::promise<T>;
  using future = std::future<T>;

  static std::pair<promise, future> make() {
    promise giver;
    future taker = giver.get_future();
    return {std::move(giver), std::move(taker)};
  }
  static bool keep(promise& giver, const T& message) {
    giver.set_value(message);
    return true;
  }
  static bool collect(future& taker, T& message) {
    message = taker.get();
    return true;
  }
};

/// The limit on one thread: malloc, write, read, free. It cannot wait, so it takes no part in the round trip.
template <class T>
struct heap_slot {
  static constexpr std::string_view name = "heap_slot";
  using promise = T*;
  using future = T*;

  static std::pair<promise, future> make() {
    T* slot = new T;
    benchmark::DoNotOptimize(slot);  // a compiler may elide what it can see through
    return {slot, slot};
  }
  static bool keep(promise giver, const T& message) {
    *giver = message;
    benchmark::ClobberMemory();
    return true;
  }
  static bool collect(future taker, T& message) {
    message = *taker;
    delete taker;
    return true;
  }
};

}  // namespace bench
