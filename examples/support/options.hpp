// The command line of phone_versus_email.
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace story {

inline constexpr std::string_view help = R"(usage: phone_versus_email [options] [file]

Ana asks Ben the same questions twice: by phone (a rendezvous) and by
email (a mailbox). Real threads, a clock that runs faster. On a terminal
you see it happen.

  file             the questions, one a line; an answer may follow after
                   a bar:  Is it dry? | As a bone.
                   Blank lines and lines that begin with # are skipped.
                   At most 200 questions, 1000 bytes a line.

What happens:
  --ben-busy TIME  how long Ben cooks before he looks up (4m); 0m to 12h
  --garden TIME    how long Ana stays in the garden each time (45m);
                   1m to 12h
  --capacity N     an inbox holds N letters (all of them), 1 to 1000.
                   With five questions and room for one letter, both
                   wait for ever in the end.
  --people N       so many take part (2), 2 to 6: Ben answers, and the
                   others ask
  --ben-away       Ben is not there. Who can still send?
  A TIME is 10m, 2h or 1h30m.

How it is shown:
  --speed N        N times as fast, from 0.25 to 20. Times are measured:
                   the faster, and the busier the machine, the less exact
  --real-time      a minute takes a minute, and a day a day
  --picture FILE   draws both runs into FILE as well, an SVG
  --narrow         ... 364 pixels wide, for a phone, instead of 880
  --help           this text

COLUMNS sets the width of the text, NO_COLOR switches colour off, and
where the locale is not UTF-8 it is ASCII.
)";

struct options {
  std::string file;
  int ben_busy = 4;          ///< minutes
  int garden = 45;           ///< minutes
  std::size_t capacity = 0;  ///< of an inbox; 0: as many as there are letters
  std::size_t people = 2;
  double speed = 1;
  bool real_time = false;
  bool ben_away = false;
  std::string picture;
  bool narrow = false;
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

namespace detail {

/// The digits at the front of `text`, which are taken off; -1 if there are none, or too many.
inline int leading_number(std::string_view& text) {
  int number = 0;
  std::size_t used = 0;
  for (; used < text.size() && text[used] >= '0' && text[used] <= '9'; ++used) {
    if (used == 6) return -1;
    number = number * 10 + (text[used] - '0');
  }
  text.remove_prefix(used);
  return used == 0 ? -1 : number;
}

/// Minutes: "10m", "2h", "1h30m"; -1 if it is nothing like that.
inline int minutes_in(std::string_view text) {
  int sum = 0;
  bool found = false;
  for (const char unit : {'h', 'm'}) {
    if (text.empty() || text.find(unit) == text.npos) continue;
    const int number = leading_number(text);
    if (number < 0 || text.empty() || text.front() != unit) return -1;
    text.remove_prefix(1);
    sum += number * (unit == 'h' ? 60 : 1);
    found = true;
  }
  return found && text.empty() ? sum : -1;
}

}  // namespace detail

inline int parse_time(const std::string& option, const std::string& text, int least) {
  const int minutes = detail::minutes_in(text);
  if (minutes < least || minutes > 12 * 60) {
    throw misused(option + " needs a time from " + std::to_string(least) + "m to 12h, such as 10m or 1h30m, not '" +
                  text + "'");
  }
  return minutes;
}

inline std::size_t parse_count(const std::string& option, const std::string& text, int least, int most) {
  std::string_view rest = text;
  const int number = detail::leading_number(rest);
  if (!rest.empty() || number < least || number > most) {
    throw misused(option + " needs a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
                  ", not '" + text + "'");
  }
  return static_cast<std::size_t>(number);
}

inline options parse_options(int argc, char** argv) {
  options chosen;
  bool only_files = false;
  bool about_two_runs = false;  // an option that --ben-away has no use for
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (only_files || !word.starts_with('-') || word == "-") {
      if (word.empty()) throw misused("a file needs a name");
      if (!chosen.file.empty()) throw misused("one file, please, not '" + word + "' as well");
      chosen.file = word;
      continue;
    }
    // --name value, or --name=value
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto value = [&]() -> std::string {
      if (equals != word.npos) return word.substr(equals + 1);
      return ++i < argc ? argv[i] : "";
    };
    if (name == "--speed") {
      chosen.speed = parse_speed(value());
    } else if (name == "--ben-busy") {
      chosen.ben_busy = parse_time(name, value(), 0);
      about_two_runs = true;
    } else if (name == "--garden") {
      chosen.garden = parse_time(name, value(), 1);
      about_two_runs = true;
    } else if (name == "--capacity") {
      chosen.capacity = parse_count(name, value(), 1, 1000);
      about_two_runs = true;
    } else if (name == "--people") {
      chosen.people = parse_count(name, value(), 2, 6);
      about_two_runs = true;
    } else if (name == "--picture") {
      chosen.picture = value();
      if (chosen.picture.empty()) throw misused("--picture needs the name of a file");
      about_two_runs = true;
    } else if (word == "--") {
      only_files = true;
    } else if (word == "--help" || word == "-h") {
      chosen.help = true;
    } else if (word == "--real-time") {
      chosen.real_time = true;
    } else if (word == "--ben-away") {
      chosen.ben_away = true;
    } else if (word == "--narrow") {
      chosen.narrow = true;
    } else {
      throw misused("unknown option '" + word + "'");
    }
  }
  if (chosen.narrow && chosen.picture.empty()) throw misused("--narrow needs --picture");
  if (chosen.ben_away && about_two_runs) {
    throw misused("--ben-away has no use for an option that is about the two runs");
  }
  if (chosen.file.empty()) chosen.file = bundled_file();
  return chosen;
}

}  // namespace story
