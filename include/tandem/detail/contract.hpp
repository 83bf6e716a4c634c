// tandem/detail/contract.hpp: what happens to a caller who breaks a documented precondition.
//
// Contract   demand(false, sentence, from) prints `tandem: <sentence>` on standard error and aborts, in every build: a
//            channel that is misused has no right answer left, and a message lost in silence is the worst one.
//            It works without exceptions and allocates nothing. `from` is where the caller's call is written; the line
//            that is printed ends with it, as (file:line). A public function takes it as its last parameter, with
//            call_site::here() for a default, so the compiler fills it in. There is none for an operator, a destructor,
//            or a function whose last parameters are a pack: those cannot have it. A call that is written in tandem's
//            own headers is not named: nobody else can mend it.
//            about_to_block() is for builds without NDEBUG only, as assert() is: it is empty in others. Objects of both
//            kinds link, and nothing else differs; what has been inlined does as it was compiled, and of what has not,
//            the linker takes one for all.
// Tests      tests/misuse.test.cpp, and the death tests of every primitive.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstring>

#include <tandem/platform/abi.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// Where a call is written.
struct call_site {
  const char* file = nullptr;
  unsigned line = 0;

  static constexpr call_site here(const char* its_file = __builtin_FILE(),
                                  unsigned its_line = __builtin_LINE()) noexcept {
    return {its_file, its_line};
  }
  /// Whether it is in a header of tandem, this one's folder or beside it.
  bool is_ours() const noexcept {
    constexpr std::size_t name = sizeof("detail/contract.hpp") - 1;
    return std::strncmp(file, __FILE__, sizeof(__FILE__) - 1 - name) == 0;
  }
};

[[noreturn]] inline void misuse(const char* sentence, call_site from = {}) noexcept {
  if (from.file == nullptr || from.is_ours()) platform::die(sentence);
  char with_place[1024];
  std::snprintf(with_place, sizeof with_place, "%s (%s:%u)", sentence, from.file, from.line);
  platform::die(with_place);
}

constexpr void demand(bool holds, const char* sentence, call_site from = {}) noexcept {
  if (!holds) [[unlikely]] {
    misuse(sentence, from);
  }
}

}  // namespace tandem::inline TANDEM_ABI::detail
