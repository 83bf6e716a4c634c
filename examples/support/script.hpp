// A conversation read from a text file: what Ana asks, and what Ben will say.
//
// The format forgives. Every line with something on it is a question; Ben's answer may follow after a bar,
//     Which bus goes to the lake? | The 14, from the station.
// Blank lines and lines that begin with # are skipped. So any text file will do.
#pragma once

#include <cctype>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace story {

struct exchange {
  std::string question;
  std::string answer;
};
using script = std::vector<exchange>;

inline constexpr std::size_t most_questions = 200;
inline constexpr std::size_t longest_line = 1000;
inline constexpr std::size_t largest_file = most_questions * longest_line * 2;  // room for comments

/// What is wrong with the file, in a sentence that names it.
struct unusable : std::runtime_error {
  unusable(const std::string& file, const std::string& reason) : runtime_error(file + ": " + reason) {}
};

inline std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

/// The controls of UTF-8: U+0080 to U+009F, and those that turn the direction of text.
inline void blank_out_controls(std::string& text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_c1 = byte(i) == 0xC2 && byte(i + 1) >= 0x80 && byte(i + 1) <= 0x9F;
    const bool turns = byte(i) == 0xE2 && ((byte(i + 1) == 0x80 && byte(i + 2) >= 0xAA && byte(i + 2) <= 0xAE) ||
                                           (byte(i + 1) == 0x81 && byte(i + 2) >= 0xA6 && byte(i + 2) <= 0xA9));
    if (is_c1 || turns) text.replace(i, is_c1 ? 2 : 3, " ");
  }
}

inline exchange parse_line(const std::string& line) {
  const auto bar = line.find('|');
  const auto question = trimmed(std::string_view(line).substr(0, bar));
  if (bar == line.npos || question.empty()) return {line, "I will find out."};
  return {question, trimmed(std::string_view(line).substr(bar + 1))};
}

/// The whole file, if it is one, and is text, and is not too large.
inline std::string read_text(const std::string& file) {
  std::error_code unknown;
  if (std::filesystem::is_directory(file, unknown)) throw unusable(file, "is a directory, not a text file");
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  if (!in) throw unusable(file, std::strerror(errno != 0 ? errno : EIO));
  std::string text(largest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) throw unusable(file, "cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > largest_file) throw unusable(file, "has more than " + std::to_string(largest_file) + " bytes");
  if (text.find('\0') != text.npos) throw unusable(file, "is not a text file");
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // a byte order mark
  return text;
}

inline script read_script(const std::string& file) {
  script questions;
  std::istringstream lines(read_text(file));
  std::size_t number = 0;
  for (std::string raw; std::getline(lines, raw);) {
    ++number;
    if (raw.size() > longest_line) {
      throw unusable(file,
                     "line " + std::to_string(number) + " has more than " + std::to_string(longest_line) + " bytes");
    }
    for (char& c : raw) {
      if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = ' ';  // a stray \r, a tab, an escape sequence
    }
    blank_out_controls(raw);
    const auto line = trimmed(raw);
    if (line.empty() || line.starts_with('#')) continue;
    if (questions.size() == most_questions) {
      throw unusable(file, "has more than " + std::to_string(most_questions) + " questions");
    }
    questions.push_back(parse_line(line));
  }
  if (questions.empty()) throw unusable(file, "has no question in it");
  return questions;
}

}  // namespace story
