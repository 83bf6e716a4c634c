// The command line of phone_versus_email.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace story {

inline constexpr std::string_view help = R"(usage: phone_versus_email [options] [file]

Ana asks Ben the same questions twice: by phone (a rendezvous) and
by email (a mailbox). Real threads, a clock that runs faster.

  file         the questions, one a line; an answer may follow after
               a bar:  Is it dry? | As a bone.
               Blank lines and lines that begin with # are skipped.
               At most 200 questions, 1000 bytes a line.
  --ben-away   Ben is not there. Who can still send?
  --speed N    N times as fast, from 0.25 to 20
  --real-time  a minute takes a minute, and a day a day
  --help       this text
)";

struct options {
  std::string file;
  double speed = 1;
  bool real_time = false;
  bool ben_away = false;
  bool help = false;
};

/// A command line that makes no sense; what() says why.
struct misused : std::runtime_error {
  using runtime_error::runtime_error;
};

/// The file that ships with the demo, wherever the demo is started from.
inline std::string bundled_file() {
#ifdef TANDEM_EXAMPLES_DIR
  const std::filesystem::path examples = TANDEM_EXAMPLES_DIR;
#else
  const auto examples = std::filesystem::path(__FILE__).parent_path().parent_path();
#endif
  return (examples / "data" / "conversation.txt").string();
}

inline double parse_speed(const std::string& text) {
  std::size_t used = 0;
  double speed = 0;
  try {
    speed = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const bool in_range = speed >= 0.25 && speed <= 20;
  if (used == 0 || used != text.size() || !in_range) {
    throw misused("--speed needs a number from 0.25 to 20, not '" + text + "'");
  }
  return speed;
}

inline options parse_options(int argc, char** argv) {
  options chosen;
  bool only_files = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (only_files || !word.starts_with('-')) {
      if (!chosen.file.empty() || word.empty()) throw misused("one file, please, not '" + word + "' as well");
      chosen.file = word;
    } else if (word == "--") {
      only_files = true;
    } else if (word == "--help" || word == "-h") {
      chosen.help = true;
    } else if (word == "--real-time") {
      chosen.real_time = true;
    } else if (word == "--ben-away") {
      chosen.ben_away = true;
    } else if (word.starts_with("--speed=")) {
      chosen.speed = parse_speed(word.substr(8));
    } else if (word == "--speed") {
      chosen.speed = parse_speed(++i < argc ? argv[i] : "");
    } else {
      throw misused("unknown option '" + word + "'");
    }
  }
  if (chosen.file.empty()) chosen.file = bundled_file();
  return chosen;
}

}  // namespace story
