// What the output goes to: how wide it is, and what it can show.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#if __has_include(<sys/ioctl.h>) && __has_include(<unistd.h>)
#include <sys/ioctl.h>
#include <unistd.h>
#define STORY_HAS_TERMINALS 1
#else
#define STORY_HAS_TERMINALS 0
#endif

namespace story {

struct screen {
  std::size_t width = 80;
  bool unicode = false;  ///< else ASCII
  bool colour = false;
  bool live = false;  ///< a terminal, on which lines can be drawn again
};

/// The sixteen colours that every terminal has; what they say, the glyphs say as well.
enum class paint { plain, together, waiting, kept, alone, stuck };

inline std::string painted(std::string_view text, paint how, const screen& on) {
  if (!on.colour || how == paint::plain || text.empty()) return std::string(text);
  constexpr const char* codes[] = {"", "34", "33", "32", "90", "1;31"};
  return "\x1b[" + std::string(codes[static_cast<int>(how)]) + "m" + std::string(text) + "\x1b[0m";
}

namespace detail {

inline std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// What the locale says of characters, without setting one: it is the first of these that says anything.
inline bool speaks_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string locale = environment(name);
    if (locale.empty()) continue;
    std::ranges::transform(locale, locale.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return locale.find("utf-8") != locale.npos || locale.find("utf8") != locale.npos;
  }
  return false;
}

/// The number, if the text is one from 1 on; else 0.
inline std::size_t columns_in(const std::string& text) {
  if (text.empty() || text.size() > 5) return 0;
  if (!std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; })) return 0;
  return static_cast<std::size_t>(std::stoul(text));
}

}  // namespace detail

inline bool is_a_terminal() {
#if STORY_HAS_TERMINALS
  return ::isatty(STDOUT_FILENO) != 0;
#else
  return false;
#endif
}

/// The screen behind standard output. COLUMNS, NO_COLOR, TERM and the locale are heeded.
inline screen this_screen() {
  screen found;
  const bool dumb = detail::environment("TERM") == "dumb";
  std::size_t width = detail::columns_in(detail::environment("COLUMNS"));
#if STORY_HAS_TERMINALS
  found.live = is_a_terminal() && !dumb;
  winsize size{};
  const bool is_known = found.live && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0;
  if (width == 0 && is_known) width = size.ws_col;
#endif
  found.width = std::clamp<std::size_t>(width == 0 ? 80 : width, 40, 240);
#if STORY_HAS_TERMINALS
  if (is_known && found.width > size.ws_col) found.live = false;  // lines that wrap cannot be drawn over
#endif
  found.unicode = detail::speaks_utf8() && !dumb;
  found.colour = is_a_terminal() && !dumb && detail::environment("NO_COLOR").empty();
  return found;
}

/// How many columns the text takes: characters, of UTF-8, each as wide as the next.
inline std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace story
