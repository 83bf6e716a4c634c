// tandem/detail/contract.hpp: what happens to a caller who breaks a documented precondition.
//
// Contract   demand(false, sentence) prints `tandem: <sentence>` on standard error and aborts, in every build: a
//            channel that is misused has no right answer left, and a message lost in silence is the worst one.
//            It works without exceptions and allocates nothing.
// Tests      the death tests of every primitive.
#pragma once

#include <tandem/platform/abi.hpp>

namespace tandem::inline TANDEM_ABI::detail {

[[noreturn]] inline void misuse(const char* sentence) noexcept { platform::die(sentence); }

constexpr void demand(bool holds, const char* sentence) noexcept {
  if (!holds) [[unlikely]] {
    misuse(sentence);
  }
}

}  // namespace tandem::inline TANDEM_ABI::detail
