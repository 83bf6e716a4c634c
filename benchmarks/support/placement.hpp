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
  crowd       ///< free, and ten threads for every core
};

inline constexpr std::array every_placement{placement::two_cores, placement::one_core, placement::free,
                                            placement::crowd};

std::string_view name_of(placement where) noexcept;

/// How many cores this process may use.
std::size_t cores() noexcept;

/// How many senders (and as many receivers) make ten threads for every core.
inline std::size_t crowd_size() noexcept { return 5 * cores(); }

/// Puts the calling thread, the index-th of its benchmark, where `where` wants it.
void pin_this_thread(placement where, std::size_t index) noexcept;

}  // namespace bench
