// How busy everybody else kept the machine meanwhile: what tells a reader how far to trust a figure.
#pragma once

#include <optional>

namespace bench {

/// Counts from its construction on, for this process and its children that have ended.
class neighbours {
 public:
  neighbours() noexcept;

  /// The share of all cores that others used, 0 to 1; nothing where the system does not say (no /proc/stat).
  std::optional<double> share() const;

 private:
  struct reading {
    double busy = 0;  // seconds, all cores and processes; the host of a virtual machine included
    double all = 0;   // busy and idle
    double ours = 0;
  };
  static reading read() noexcept;

  reading begin_;
};

}  // namespace bench
