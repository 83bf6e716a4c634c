#pragma once

// The source tree as the house rules see it: every text file by its path from the root. It is read from a folder, or
// written down in a test, which is how each rule is shown able to fail.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace house {

using tree = std::map<std::string, std::string, std::less<>>;  // path -> text

struct violation {
  std::string path;
  std::size_t line;  // from 1; 0 when the file as a whole is meant, or missing
  std::string sentence;
};
using violations = std::vector<violation>;

inline std::string describe(const violations& found) {
  std::string text;
  for (const violation& v : found) {
    text += v.path + (v.line == 0 ? "" : ":" + std::to_string(v.line)) + ": " + v.sentence + "\n";
  }
  return text;
}

/// Everything below `root` except what is built there or belongs to git.
inline tree read_tree(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  tree files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory()) {
      if (name == ".git" || name == ".cache" || name == "build" || name.starts_with("build-")) {
        entry.disable_recursion_pending();
      }
    } else if (entry->is_regular_file()) {
      std::ifstream in(entry->path(), std::ios::binary);
      files.emplace(fs::relative(entry->path(), root).generic_string(),
                    std::string(std::istreambuf_iterator<char>(in), {}));
    }
  }
  return files;
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

inline std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

enum class keep { code, code_and_strings };

/// C++ with its comments (and strings, if asked) blanked out; every line stays where it was.
inline std::string code_of(std::string_view text, keep what) {
  std::string code(text);
  const auto blank = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, code.size()); ++i) {
      if (code[i] != '\n') code[i] = ' ';
    }
  };
  const auto past = [&](std::string_view token, std::size_t from) {  // the position after the next `token`
    const auto at = text.find(token, from);
    return at == std::string_view::npos ? text.size() : at + token.size();
  };
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };

  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (text.substr(i, 2) == "//") {
      end = std::min(text.find('\n', i), text.size());
      blank(i, end);
    } else if (text.substr(i, 2) == "/*") {
      end = past("*/", i + 2);
      blank(i, end);
    } else if (text.substr(i, 2) == "R\"") {
      const std::size_t open = std::min(text.find('(', i), text.size());
      end = past(")" + std::string(text.substr(i + 2, open - i - 2)) + "\"", open);
      if (what == keep::code) blank(i, end);
    } else if (text[i] == '"' || (text[i] == '\'' && (i == 0 || !is_word(text[i - 1])))) {  // not the ' of 1'000
      while (end < text.size() && text[end] != text[i] && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
      if (what == keep::code) blank(i + 1, end);
      ++end;
    }
    i = end;
  }
  return code;
}

}  // namespace house
