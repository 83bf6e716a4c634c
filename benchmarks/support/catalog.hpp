// The benchmarks by name: `W1/rendezvous/tandem/8B/two_cores` is workload, what is done, contestant, size, placement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "measure.hpp"
#include "placement.hpp"

namespace bench {

struct entry {
  std::string workload;    ///< "W1/rendezvous"
  std::string contestant;  ///< "tandem"
  std::size_t bytes = 0;   ///< the size of a message
  placement where = placement::free;
  std::function<std::vector<role>(std::uint64_t messages)> make_cast;
  std::size_t prepared = 0;  ///< among how many the memory that is prepared is divided; 0: nobody asks

  std::string name() const;   ///< "W1/rendezvous/tandem/8B/two_cores"
  std::string group() const;  ///< "W1/rendezvous 8B two_cores": everything that is compared with one another
};

/// Registers the benchmark, here and with Google Benchmark.
void add(entry which);

/// All of them, in the order in which they were added.
const std::vector<entry>& catalog() noexcept;

}  // namespace bench
