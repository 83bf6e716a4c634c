// tandem/detail/invoke.hpp: calls whatever can be called.
//
// Contract   invoke(f, arguments...) is std::invoke(f, arguments...): f may be a function, an object with operator(),
//            or a pointer to a member, whose object is then the first argument. A constant expression if that call is.
//            std::invoke itself would cost everybody who includes a channel the 28,000 lines of <functional>.
// Tests      tests/status.test.cpp
#pragma once

#include <tuple>
#include <utility>

#include <tandem/platform/abi.hpp>

namespace tandem::inline TANDEM_ABI::detail {

template <class F, class... Arguments>
constexpr decltype(auto) invoke(F&& f, Arguments&&... arguments) {
  return std::apply(std::forward<F>(f), std::forward_as_tuple(std::forward<Arguments>(arguments)...));
}

}  // namespace tandem::inline TANDEM_ABI::detail
