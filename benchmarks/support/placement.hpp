// Where the threads of a benchmark run.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace bench {

enum class placement {
  two_cores,  ///< pinned alternately to the first two cores this process may use
  one_core,   ///< all pinned to the first of them
  free,       ///< wherever the operating system likes
  crowd,      ///< free, and ten threads for every core
  busy_1,     ///< free, beside one stranger (see strangers.hpp)
  busy_2,
  busy_4,
  busy_8,
  own_2  ///< free, beside two threads of the same program that compute (see strangers.hpp)
};

/// Every placement of a benchmark that is the same on each of them, except that a crowd has more threads.
inline constexpr std::array few_threads{placement::two_cores, placement::one_core, placement::free,   placement::busy_1,
                                        placement::busy_2,    placement::busy_4,   placement::busy_8, placement::own_2};

inline constexpr std::array every_placement{placement::two_cores, placement::one_core, placement::free,
                                            placement::crowd,     placement::busy_1,   placement::busy_2,
                                            placement::busy_4,    placement::busy_8,   placement::own_2};

std::string_view name_of(placement where) noexcept;

/// How many strangers run beside the benchmark.
std::size_t strangers_at(placement where) noexcept;

/// How many threads compute in the same program.
std::size_t busy_threads_at(placement where) noexcept;

/// How many cores this process may use.
std::size_t cores() noexcept;

/// How many senders (and as many receivers) make ten threads for every core.
inline std::size_t crowd_size() noexcept { return 5 * cores(); }

/// Pins the calling thread to one core: the cores that this process may use are counted in turn, from 0 on, and again
/// from the first one after the last. Returns whether the operating system did it.
bool pin_to_core(std::size_t turn) noexcept;

/// Puts the calling thread, the index-th of its benchmark, where `where` wants it.
void pin_this_thread(placement where, std::size_t index) noexcept;

}  // namespace bench
