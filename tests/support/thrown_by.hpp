// thrown_by: what a piece of code throws.
#pragma once

#include <stdexcept>
#include <string>

namespace support {

/// What the runtime_error says that leaves f(); nothing if none does.
template <class Function>
std::string thrown_by(const Function& f) {
  try {
    f();
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return {};
}

}  // namespace support
