#pragma once

// The rules for headers: which floor may include which, what only the ground may touch, how a header explains itself.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "tree.hpp"

namespace house {

inline constexpr std::string_view headers_root = "include/tandem/";

inline bool is_header(std::string_view path) { return path.starts_with(headers_root) && path.ends_with(".hpp"); }
inline bool is_cpp(std::string_view path) { return path.ends_with(".hpp") || path.ends_with(".cpp"); }

/// "sync/rendezvous.hpp" -> "sync"; "lab/detail/memory.hpp" -> "lab"; "mode.hpp" -> ""
inline std::string folder_of(std::string_view header) {
  const auto slash = header.find('/');
  return std::string(header.substr(0, slash == std::string_view::npos ? 0 : slash));
}

/// The floor of a header, named from include/tandem/ on; nothing if the house has no such room.
inline std::optional<int> floor_of(std::string_view header) {
  if (header == "tandem.hpp") return 5;
  if (header == "platform/naming.hpp") return -1;  // below every ground: how they make their names
  if (header == "lab/platform.hpp") return 0;      // the ground on which the rest of lab/ stands, and runs all others
  struct room {
    std::string_view folder;
    int floor;
  };
  constexpr std::array rooms{room{"platform", 0}, room{"lab/detail", 0}, room{"detail", 1}, room{"", 2},
                             room{"sync", 3},     room{"async", 3},      room{"blend", 4},  room{"coro", 4},
                             room{"trace", 4},    room{"lab", 4}};
  const auto slash = header.rfind('/');
  const std::string_view folder = header.substr(0, slash == std::string_view::npos ? 0 : slash);
  for (const room& r : rooms) {
    if (r.folder == folder) return r.floor;
  }
  return std::nullopt;
}

/// May `from` include `to`? Downward always; on one floor only where the floor is no collection of primitives.
inline bool may_include(std::string_view from, std::string_view to) {
  const auto above = floor_of(from);
  const auto below = floor_of(to);
  if (!above || !below || *above < *below) return false;
  if (folder_of(to) == "lab") return folder_of(from) == "lab";  // a platform is chosen from outside
  if (*above > *below) return true;
  return *above != 3 && folder_of(from) == folder_of(to);
}

struct include {
  std::size_t line;
  std::string target;  // as between the brackets
  bool quoted;
};

inline std::vector<include> includes_of(const std::string& text) {
  static const std::regex directive(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<include> found;
  std::size_t number = 0;
  for (const std::string& line : lines_of(code_of(text, keep::code_and_strings))) {
    ++number;
    std::smatch match;
    if (std::regex_search(line, match, directive)) found.push_back({number, match[2], match[1] == "\""});
  }
  return found;
}

/// Include downward only, never sideways between primitives.
inline violations layers(const tree& files) {
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_header(path)) continue;
    const std::string header = path.substr(headers_root.size());
    if (!floor_of(header)) found.push_back({path, 0, "its folder has no floor: give it one in floor_of"});
    for (const include& i : includes_of(text)) {
      if (i.quoted) found.push_back({path, i.line, "a header includes with <tandem/...>, not with quotes"});
      if (!i.target.starts_with("tandem/")) continue;
      const std::string target = i.target.substr(std::string_view("tandem/").size());
      if (!may_include(header, target)) {
        found.push_back({path, i.line, "may not include <" + i.target + ">: downward only, never sideways"});
      }
    }
  }
  return found;
}

/// Only the ground (platform/, lab/platform.hpp and its parts in lab/detail/) touches threads, locks, atomics, clocks
/// and the operating system.
inline violations ground(const tree& files) {
  static const std::regex ground_header(
      "atomic|mutex|shared_mutex|condition_variable|thread|stop_token|semaphore|latch|barrier|future|ctime|csignal|"
      "cerrno|[a-z0-9_]+\\.h|(sys|linux|mach|os|dispatch|immintrin|windows).*");
  static const std::regex ground_name(
      "\\bstd::(atomic|memory_order|(recursive_|shared_|timed_)*mutex|(unique|scoped|shared)_lock|lock_guard|j?thread|"
      "this_thread|condition_variable|stop_|counting_semaphore|binary_semaphore|latch|barrier|promise|future|async)|"
      "\\b(system|steady|high_resolution)_clock\\b");
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_header(path) || floor_of(path.substr(headers_root.size())) == 0) continue;
    for (const include& i : includes_of(text)) {
      if (std::regex_match(i.target, ground_header)) {
        found.push_back({path, i.line, "only platform/ may include <" + i.target + ">"});
      }
    }
    std::size_t number = 0;
    for (const std::string& line : lines_of(code_of(text, keep::code))) {
      ++number;
      std::smatch match;
      if (std::regex_search(line, match, ground_name)) {
        found.push_back({path, number, "only platform/ may say " + match.str()});
      }
    }
  }
  return found;
}

/// No standalone fences: ThreadSanitizer cannot see them.
inline violations fences(const tree& files) {
  static const std::regex fence("\\b(atomic_thread_fence|__atomic_thread_fence|__sync_synchronize)\\b");
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_cpp(path)) continue;
    std::size_t number = 0;
    for (const std::string& line : lines_of(code_of(text, keep::code))) {
      ++number;
      if (std::regex_search(line, fence)) found.push_back({path, number, "no standalone fences"});
    }
  }
  return found;
}

/// No line is wider than the page: 120 columns, counted in code points of UTF-8.
inline violations widths(const tree& files) {
  constexpr std::ptrdiff_t page = 120;
  const auto begins_code_point = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_cpp(path)) continue;
    std::size_t number = 0;
    for (const std::string& line : lines_of(text)) {
      ++number;
      const std::ptrdiff_t columns = std::ranges::count_if(line, begins_code_point);
      if (columns > page) {
        found.push_back(
            {path, number, "has " + std::to_string(columns) + " columns, more than " + std::to_string(page)});
      }
    }
  }
  return found;
}

/// One paragraph of the comment that a header begins with: "// Contract   rendezvous<T> is ..." up to the next label.
struct paragraph {
  std::size_t line;
  std::string label;
  std::string text;
};

inline std::vector<paragraph> explanation_of(const std::string& text) {
  static const std::regex labelled("^// (Contract|Algorithm|Invariants|Order|Cost|Source|Tests)\\b:?(.*)");
  std::vector<paragraph> paragraphs;
  std::size_t number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    if (!line.starts_with("//")) break;
    std::smatch match;
    if (std::regex_match(line, match, labelled)) {
      paragraphs.push_back({number, match[1], match[2]});
    } else if (!paragraphs.empty()) {
      paragraphs.back().text += "\n" + line;
    }
  }
  return paragraphs;
}

/// A header explains itself, always in the same order: all seven paragraphs on a primitive, the contract and the tests
/// on every other, except in platform/ and in the header that only includes.
inline violations explanations(const tree& files) {
  constexpr std::array<std::string_view, 7> order{"Contract", "Algorithm", "Invariants", "Order",
                                                  "Cost",     "Source",    "Tests"};
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_header(path)) continue;
    const int floor = floor_of(path.substr(headers_root.size())).value_or(0);
    const bool is_short = floor == 5 || folder_of(path.substr(headers_root.size())) == "platform";
    const std::vector<paragraph> paragraphs = explanation_of(text);
    std::size_t reached = 0;
    for (const paragraph& p : paragraphs) {
      const auto place = static_cast<std::size_t>(std::ranges::find(order, p.label) - order.begin());
      if (place < reached) found.push_back({path, p.line, "\"" + p.label + "\" comes too late"});
      reached = place;
    }
    for (const std::string_view label : order) {
      const bool wanted = floor == 3 || ((label == "Contract" || label == "Tests") && !is_short);
      if (wanted && std::ranges::find(paragraphs, label, &paragraph::label) == paragraphs.end()) {
        found.push_back({path, 0, "does not explain itself: \"// " + std::string(label) + "\" is missing"});
      }
    }
  }
  return found;
}

/// No numbered sentence of an explanation is torn: what continues it is indented below its text, not below its number.
inline violations torn(const tree& files) {
  static const std::regex numbered("^(//[A-Za-z ]*)[0-9]+\\. .*");
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_header(path)) continue;
    std::size_t indentation = 0;  // of the number above; 0 if there is none
    std::size_t number = 0;
    for (const std::string& line : lines_of(text)) {
      ++number;
      if (!line.starts_with("//")) break;
      std::smatch match;
      const std::size_t begins = line.find_first_not_of(' ', 2);
      if (std::regex_match(line, match, numbered)) {
        indentation = static_cast<std::size_t>(match.length(1));
      } else if (begins == std::string::npos || begins < indentation) {
        indentation = 0;
      } else if (begins == indentation) {
        found.push_back({path, number, "continues a numbered sentence: indent it below the text"});
      }
    }
  }
  return found;
}

/// Every [key] in a "Source" paragraph is in docs/bibliography.md.
inline violations sources(const tree& files) {
  static const std::regex key("\\[([A-Za-z0-9][A-Za-z0-9_.-]*)\\]");
  const auto bibliography = files.find("docs/bibliography.md");
  violations found;
  for (const auto& [path, text] : files) {
    if (!is_header(path)) continue;
    for (const paragraph& p : explanation_of(text)) {
      if (p.label != "Source") continue;
      for (std::sregex_iterator cited(p.text.begin(), p.text.end(), key), end; cited != end; ++cited) {
        if (bibliography == files.end() || bibliography->second.find(cited->str()) == std::string::npos) {
          found.push_back({path, p.line, "cites " + cited->str() + ", which is not in docs/bibliography.md"});
        }
      }
    }
  }
  return found;
}

}  // namespace house
