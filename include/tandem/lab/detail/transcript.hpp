// tandem/lab/detail/transcript.hpp: what an execution did, in words.
//
// Contract   A transcript takes a line for each step while `telling`, and nothing otherwise: an execution is explored
//            in silence, and told when it is run again because it failed.
// Tests      tests/lab.test.cpp
#pragma once

#include <tandem/lab/detail/bounds.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::inline TANDEM_ABI::lab {

/// "tandem::x::mailbox<T>::push(T&) [with T = int]" -> "mailbox::push"; compilers write template arguments in their own
/// ways, so none are told.
inline std::string short_name(std::string_view function) {
  constexpr std::string_view unnamed = "(anonymous namespace)";
  std::string name;
  int depth = 0;
  for (std::size_t i = 0; i < function.size(); ++i) {
    const char c = function[i];
    if (c == '<') ++depth;
    if (depth == 0) {
      if (function.substr(i).starts_with(unnamed)) {
        i += unnamed.size() + 1;  // and the :: behind it
        continue;
      }
      if (c == '(' || c == '[') break;
      if (c == ' ') {
        name.clear();  // that was the type that it returns
      } else {
        name += c;
      }
    }
    if (c == '>' && depth > 0) --depth;
  }
  for (const std::string_view scope : {"tandem::", TANDEM_ABI_TEXT "::", "detail::", "platform::", "{anonymous}::"}) {
    for (auto at = name.find(scope); at != std::string::npos; at = name.find(scope)) name.erase(at, scope.size());
  }
  return name;
}

inline std::string_view file_of(std::string_view path) noexcept { return path.substr(path.rfind('/') + 1); }

inline std::string place_of(const site& where) {
  return std::string(file_of(where.file_name())) + ":" + std::to_string(where.line());
}

/// "mailbox<T>::push (mailbox.hpp:223)"
inline std::string in_words(const site& where) {
  return short_name(where.function_name()) + " (" + place_of(where) + ")";
}

inline std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(value));
  return text;
}
inline std::string number_text(std::uint64_t value) {
  return value < 1'000'000 ? std::to_string(value) : "0x" + hexadecimal(value);
}
inline std::string time_text(instant_ns ns) {
  char text[48];
  std::snprintf(text, sizeof text, "%.9g s", static_cast<double>(ns) * 1e-9);
  return text;
}
inline std::string age(std::size_t behind) {
  return behind == 0 ? "" : behind == 1 ? ", an old value" : ", a value " + std::to_string(behind) + " stores old";
}

inline std::string overtaken(bool it_is) { return it_is ? ", overtaken by others" : ""; }

class transcript {
 public:
  bool telling = false;

  void begin() noexcept {
    lines_.clear();
    names_.clear();
  }
  const std::vector<std::string>& lines() const noexcept { return lines_; }

  /// What the atomics that lie in [begin, begin + size) belong to.
  void name(const void* begin, std::size_t size, std::string_view text) {
    if (telling) names_.push_back({static_cast<const char*>(begin), size, std::string(text)});
  }
  const std::string* owner_of(const void* address) const noexcept {
    const auto* const at = static_cast<const char*>(address);
    for (auto n = names_.rbegin(); n != names_.rend(); ++n) {
      if (!std::less<>()(at, n->begin) && std::less<>()(at, n->begin + n->size)) return &n->text;
    }
    return nullptr;
  }

  /// Between the steps.
  void aside(const std::string& text) {
    if (telling) lines_.push_back("      " + text);
  }
  void step(std::size_t number, const std::string& who, const std::string& what, const site& where) {
    char prefix[80];
    std::snprintf(prefix, sizeof prefix, "%5zu %-12s ", number, who.c_str());
    std::string line = prefix + what;
    if (line.size() < 72) line.resize(72, ' ');
    lines_.push_back(line + " " + short_name(where.function_name()) + ", " + place_of(where));
  }

 private:
  struct named {
    const char* begin;
    std::size_t size;
    std::string text;
  };
  std::vector<std::string> lines_;
  std::vector<named> names_;
};

}  // namespace tandem::inline TANDEM_ABI::lab
