// What is not the lesson in measure: its options, its figures, and how they are shown.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/thread.hpp>

#include "options.hpp"
#include "picture.hpp"
#include "report.hpp"
#include "screen.hpp"
#include "timeline.hpp"

namespace measuring {

using std::chrono::nanoseconds;

// ---- the command line

inline constexpr std::string_view help = R"(usage: measure [options]

A sender has messages for a receiver that needs some time for each, and
answers it. How long is the sender not free? When are the answers there?
Measured by phone (a rendezvous), with a mailbox of 4 and with one of 64,
on real threads.

  --messages N     so many messages (50), 1 to 1000
  --work TIME      what the receiver needs for one (2ms), 0ms to 100ms;
                   a TIME is 2ms or 500us
  --rounds N       so many rounds (5), 1 to 50; medians are shown
  --picture FILE   draws the figures into FILE as well, an SVG
  --help           this text

All the work together may take a minute at most.
COLUMNS sets the width of the text, NO_COLOR switches colour off, and
where the locale is not UTF-8 it is ASCII.
)";

struct options {
  std::size_t messages = 50;
  nanoseconds work = std::chrono::milliseconds(2);
  std::size_t rounds = 5;
  std::string picture;
  bool help = false;
};

inline constexpr std::size_t number_of_media = 3;

inline nanoseconds parse_work(const std::string& text) {
  constexpr int most = 100'000;  // us
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, trouble] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  const bool is_time = trouble == std::errc() && (unit == "us" || unit == "ms");
  const int unit_us = unit == "ms" ? 1000 : 1;
  if (!is_time || number < 0 || number > most / unit_us) {
    throw story::misused("--work needs a time from 0ms to 100ms, such as 2ms or 500us, not '" + text + "'");
  }
  return std::chrono::microseconds(number * unit_us);
}

/// Three figures at most, and a unit: "850 ns", "6.8 us", "103 ms".
inline std::string words_of(nanoseconds time) {
  auto value = static_cast<double>(time.count());
  constexpr const char* units[] = {"ns", "us", "ms", "s"};
  std::size_t unit = 0;
  for (; unit < 3 && value >= 999.5; ++unit) value /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, value < 9.95 && value != std::floor(value) ? "%.1f %s" : "%.0f %s", value,
                units[unit]);
  return text;
}

inline void check_total(const options& chosen) {
  const auto total = chosen.work * static_cast<nanoseconds::rep>(chosen.messages * chosen.rounds * number_of_media);
  if (total <= std::chrono::minutes(1)) return;
  throw story::misused(std::to_string(chosen.messages) + " messages x " + words_of(chosen.work) + " of work x " +
                       std::to_string(chosen.rounds) + (chosen.rounds == 1 ? " round x " : " rounds x ") +
                       std::to_string(number_of_media) + " media would take " + words_of(total) +
                       ", and more than a minute is too long");
}

inline options parse_options(int argc, char** argv) {
  options chosen;
  for (int i = 1; i < argc; ++i) {
    // --name value, or --name=value
    const std::string word = argv[i];
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto value = [&]() -> std::string {
      if (equals != word.npos) return word.substr(equals + 1);
      return ++i < argc ? argv[i] : "";
    };
    if (name == "--messages") {
      chosen.messages = story::parse_count(name, value(), 1, 1000);
    } else if (name == "--rounds") {
      chosen.rounds = story::parse_count(name, value(), 1, 50);
    } else if (name == "--work") {
      chosen.work = parse_work(value());
    } else if (name == "--picture") {
      chosen.picture = value();
      if (chosen.picture.empty()) throw story::misused("--picture needs the name of a file");
    } else if (word == "--help" || word == "-h") {
      chosen.help = true;
    } else {
      throw story::misused("unknown option '" + word + "'");
    }
  }
  check_total(chosen);
  return chosen;
}

// ---- the figures

/// What the two note while they work, message by message. Each instant is noted by one of them, and read when both are
/// done.
struct notes {
  using instants = std::vector<tandem::clock::time_point>;
  explicit notes(std::size_t messages) : entered(messages), freed(messages), in_hand(messages), done(messages) {}
  std::size_t size() const { return entered.size(); }

  instants entered;  ///< the sender calls send
  instants
      freed;  ///< the sender is free for the next: the send has returned, and the answer that it stays for is there
  instants in_hand;  ///< the sender has the answer
  instants done;     ///< the receiver has done its work
};

/// Of one round, or the medians of some.
struct figures {
  nanoseconds free{};   ///< from the first send, until the sender is rid of all messages
  nanoseconds first{};  ///< until the first answer is in its hands
  nanoseconds last{};   ///< until the last is
  nanoseconds one{};    ///< from the send of a message until its answer is in hand: the median of all messages
  std::size_t interruptions = 0;
};

struct medium {
  std::string name;   ///< "mailbox of 4"
  std::string words;  ///< "with the mailbox of 4"
  std::string type;
  std::size_t room;  ///< 0: none, the two have to meet
  std::vector<figures> rounds{};
  figures median{};
};

/// How often the sender stood waiting at the instant when the receiver had done its work for a message.
///
/// If the sender stays for answers, it waited for the answer to this very message. If not, it had entered a send for
/// which there was no room: when the work for message i is done, i + 1 messages have been taken, and when send j has
/// been entered, j have been stored; j - (i + 1) of them lie in the mailbox, and it is full if that is all its room.
inline std::size_t interruptions_in(const notes& noted, bool stays, std::size_t room) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < noted.size(); ++i) {
    const auto later = std::ranges::upper_bound(noted.entered, noted.done[i]);
    const auto entered =
        static_cast<std::size_t>(later - noted.entered.begin());  // so many sends, and message i is one
    const std::size_t j = entered - 1;
    const bool waits_for_receiver = stays ? j == i : j >= i + 1 + room;
    if (waits_for_receiver && noted.done[i] <= noted.freed[j]) ++count;
  }
  return count;
}

/// The one in the middle, or what lies half-way between the two in the middle.
template <class T>
T median(std::vector<T> values) {
  std::ranges::sort(values);
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

inline figures figures_of(const notes& noted, bool stays, std::size_t room) {
  const auto begin = noted.entered.front();
  std::vector<nanoseconds> each;
  for (std::size_t i = 0; i < noted.size(); ++i) each.emplace_back(noted.in_hand[i] - noted.entered[i]);
  return {noted.freed.back() - begin, noted.in_hand.front() - begin, noted.in_hand.back() - begin,
          median(std::move(each)), interruptions_in(noted, stays, room)};
}

inline figures median_of(const std::vector<figures>& rounds) {
  const auto of = [&](auto figure) {
    std::vector<std::decay_t<decltype(rounds.front().*figure)>> values;
    for (const figures& each : rounds) values.push_back(each.*figure);
    return median(std::move(values));
  };
  return {of(&figures::free), of(&figures::first), of(&figures::last), of(&figures::one), of(&figures::interruptions)};
}

// ---- in words

inline std::string count_of(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

inline std::string words_of_work(const options& chosen) {
  return chosen.work.count() == 0 ? "no work for each" : words_of(chosen.work) + " of work for each";
}

inline void print_subject(const options& chosen, const story::screen& on) {
  const unsigned threads = std::thread::hardware_concurrency();
  story::print_paragraph(
      "A sender has " + count_of(chosen.messages, "message") + " for a receiver that has " + words_of_work(chosen) +
          " and answers it; each is a thread" +
          (threads == 0 ? "" : ", on a machine that can run " + count_of(threads, "thread") + " at once") +
          (chosen.rounds == 1 ? "; one round." : "; medians of " + std::to_string(chosen.rounds) + " rounds."),
      on);
  std::fflush(stdout);
}

struct row {
  std::string name;
  std::array<std::string, number_of_media> values;
};

inline std::vector<row> rows_of(const std::vector<medium>& media, const options& chosen) {
  std::vector<row> rows{{"sender free again after", {}},
                        {"first answer in hand after", {}},
                        {"last answer in hand after", {}},
                        {"one message to its answer", {}},
                        {"receiver interrupted by", {}}};
  for (std::size_t i = 0; i < number_of_media; ++i) {
    const figures& f = media[i].median;
    const std::array times{f.free, f.first, f.last, f.one};
    for (std::size_t r = 0; r < times.size(); ++r) rows[r].values[i] = words_of(times[r]);
    rows.back().values[i] = std::to_string(f.interruptions) + " of " + std::to_string(chosen.messages);
  }
  return rows;
}

inline void print_table(const std::vector<medium>& media, const options& chosen, const story::screen& on) {
  constexpr int wide = 28, column = 16;
  std::puts("");
  const bool fits = on.width >= wide + column * number_of_media;
  if (fits) {
    std::printf("%*s", wide, "");
    for (const medium& each : media) std::printf("%*s", column, each.name.c_str());
    std::puts("");
  }
  for (const row& each : rows_of(media, chosen)) {
    std::printf("%*s", fits ? -wide : 0, each.name.c_str());
    if (!fits) std::puts("");
    for (std::size_t i = 0; i < number_of_media; ++i) {
      if (fits) std::printf("%*s", column, each.values[i].c_str());
      if (!fits) std::printf("  %-*s%*s\n", column, media[i].name.c_str(), column, each.values[i].c_str());
    }
    if (fits) std::puts("");
  }
  std::puts("");
  story::print_paragraph(
      "With a mailbox the sender reads no answer before it has sent everything. One message to its answer: from its "
      "send until its answer is in hand, the median. Interrupted: at the instant "
      "when the receiver had done its work for a message, the sender stood waiting, for the answer or for room in the "
      "mailbox. The receiver could not have put that message off without holding the sender up.",
      on);
}

/// "16000 times", "2.5 times": two figures are enough.
inline std::string times_as(nanoseconds longer, nanoseconds shorter) {
  const double ratio =
      static_cast<double>(longer.count()) / static_cast<double>(std::max(shorter, nanoseconds(1)).count());
  const double step = std::pow(10.0, std::max(0.0, std::floor(std::log10(ratio)) - 1));
  char text[32];
  std::snprintf(text, sizeof text, ratio < 9.95 ? "%.1f times" : "%.0f times",
                ratio < 9.95 ? ratio : std::round(ratio / step) * step);
  return text;
}

/// Is the difference too great to be chance? A quarter, to be on the safe side.
inline bool is_longer(nanoseconds a, nanoseconds b) { return a * 4 > b * 5; }

inline std::string closing_on_sender(const std::vector<medium>& media) {
  const figures &phone = media[0].median, &small = media[1].median, &large = media[2].median;
  std::string text = "By phone the sender was free again after " + words_of(phone.free) + ", " + media[1].words +
                     " after " + words_of(small.free) + " and " + media[2].words + " after " + words_of(large.free);
  if (is_longer(phone.free, large.free)) text += ": the phone held it " + times_as(phone.free, large.free) + " as long";
  text += ". ";
  if (small.interruptions > 0 && !is_longer(phone.free, small.free * 2)) {
    text += "The small mailbox was full, and a full mailbox holds its sender much as a phone does. ";
  }
  return text;
}

inline std::string closing_on_answers(const std::vector<medium>& media, const options& chosen) {
  const auto by_last = [](const medium& a, const medium& b) { return a.median.last < b.median.last; };
  const auto [soonest, latest] = std::ranges::minmax_element(media, by_last);
  const std::string least = words_of(soonest->median.last);
  const std::string most = words_of(latest->median.last);
  std::string text;
  if (chosen.work.count() != 0) {
    const nanoseconds work = chosen.work * static_cast<nanoseconds::rep>(chosen.messages);
    text = "All the work takes " + words_of(work) + " by any medium. ";
  }
  text += "The last answer was in hand after ";
  if (is_longer(latest->median.last, soonest->median.last)) {
    return text + least + " " + soonest->words + ", and after " + most + " " + latest->words + ". ";
  }
  return text + least + (least == most ? "" : " to " + most) + ": the medium made little difference to that. ";
}

inline std::string closing_on_receiver(const std::vector<medium>& media, const options& chosen) {
  std::string text = "Of " + count_of(chosen.messages, "message") + " the receiver could put off ";
  for (std::size_t i = 0; i < number_of_media; ++i) {
    const std::size_t free = chosen.messages - media[i].median.interruptions;
    text += (i == 0                     ? ""
             : i + 1 == number_of_media ? " and "
                                        : ", ") +
            (free == 0                 ? "none"
             : free == chosen.messages ? "all"
                                       : std::to_string(free)) +
            " " + media[i].words;
  }
  return text + ". ";
}

inline std::string closing_on_mode(const std::vector<medium>& media) {
  const figures &phone = media[0].median, &large = media[2].median;
  if (!is_longer(phone.free, large.free)) return "This run does not show what it costs to be together in time.";
  std::string text =
      "So being together in time cost the sender " + words_of(phone.free - large.free) + " of its own time";
  if (phone.interruptions > large.interruptions) {
    text += ", and the receiver the choice of when to work, " + story::times(static_cast<int>(phone.interruptions));
  }
  const bool is_quick = is_longer(large.one, phone.one);
  return text + ". " + (is_quick ? "It brought quick answers: " : "It brought no answer sooner: ") +
         "from one message to its answer it took " + words_of(phone.one) + " by phone, and " + words_of(large.one) +
         " " + media[2].words + ".";
}

/// What these figures show, and nothing that they do not.
inline void print_closing(const std::vector<medium>& media, const options& chosen, const story::screen& on) {
  std::puts("");
  story::print_paragraph(closing_on_sender(media) + closing_on_answers(media, chosen) +
                             closing_on_receiver(media, chosen) + closing_on_mode(media),
                         on);
}

// ---- as bars

/// A ruler on which each power of ten takes the same room; it ends at the longest time.
class log_scale {
 public:
  log_scale(const std::vector<medium>& media, int width) : width_(width) {
    std::vector<double> all;
    for (const medium& each : media) {
      for (const nanoseconds time : {each.median.free, each.median.last}) all.push_back(exponent_of(time));
    }
    const auto [least, most] = std::ranges::minmax(all);
    first_ = static_cast<int>(std::floor(least));
    end_ = std::max(most, first_ + 1.0);
  }

  int at(nanoseconds time) const { return at(exponent_of(time)); }
  struct tick {
    int at;
    std::string words;
  };
  /// How far it is from a power of ten to the next.
  int step() const { return static_cast<int>(std::lround(width_ / (end_ - first_))); }
  /// The powers of ten, at least so far apart.
  std::vector<tick> ticks(int apart) const {
    int step = 1;
    while (step * width_ < apart * (end_ - first_)) ++step;
    std::vector<tick> found;
    for (int e = first_; e <= end_; e += step) {
      found.push_back({at(static_cast<double>(e)), words_of(nanoseconds(std::llround(std::pow(10.0, e))))});
    }
    return found;
  }

 private:
  static double exponent_of(nanoseconds time) {
    return std::log10(static_cast<double>(std::max(time, nanoseconds(1)).count()));
  }
  int at(double exponent) const {
    return static_cast<int>(std::lround((exponent - first_) / (end_ - first_) * width_));
  }

  int width_;
  int first_ = 0;  ///< the power of ten at which it begins, in ns
  double end_ = 1;
};

inline void print_chart(const std::vector<medium>& media, const story::screen& on) {
  using story::mark;
  constexpr std::size_t names = 15, values = 8;
  const std::size_t room = std::min<std::size_t>(on.width, 100) - names - values;
  const log_scale scale(media, static_cast<int>(room));
  std::string ruler(names, ' ');
  for (const auto& tick : scale.ticks(8)) {
    const std::size_t at = names + static_cast<std::size_t>(tick.at);
    if (at + tick.words.size() > names + room + values) break;
    ruler.resize(at, ' ');
    ruler += tick.words;
  }
  const auto bar = [&](const char* name, nanoseconds time, mark shown, bool has_flag) {
    const auto length = static_cast<std::size_t>(std::max(scale.at(time), 1));
    std::string drawn;
    for (std::size_t i = has_flag ? 1 : 0; i < length; ++i) drawn += story::glyph(shown, on.unicode);
    const std::string flag(has_flag ? story::glyph(mark::flag, on.unicode) : "");
    std::printf("%s%s%s %s\n", story::padded(name, names).c_str(),
                story::painted(drawn, story::paint_of(shown), on).c_str(), flag.c_str(), words_of(time).c_str());
  };
  std::printf("\n%s\n", ruler.c_str());
  for (const medium& each : media) {
    std::puts(each.name.c_str());
    bar("  free again", each.median.free, mark::waiting, false);
    bar("  last answer", each.median.last, mark::alone, true);
  }
  story::print_paragraph("The scale is logarithmic: ten times the time is about " +
                             count_of(static_cast<std::size_t>(scale.step()), "column") + " more.",
                         on);
}

// ---- as a picture

namespace detail {

inline constexpr int left = 116, right = 856, first_heading = 128, panel = 96;

inline void draw_axis(story::detail::canvas& on, const log_scale& scale, int bottom) {
  for (const auto& tick : scale.ticks(48)) {
    on.path("grid", std::string("M") + std::to_string(left + tick.at) + " 94V" + std::to_string(bottom));
    on.text("m s", left + tick.at, 88, tick.words, story::detail::align::middle);
  }
}

inline void draw_medium(story::detail::canvas& on, const log_scale& scale, const medium& m, const options& chosen,
                        int heading) {
  using story::detail::align;
  const figures& f = m.median;
  on.add("<text x=\"20\" y=\"" + std::to_string(heading) + "\" class=\"halo\"><tspan class=\"h\">" + m.name +
         "</tspan><tspan class=\"o m\" dx=\"10\">" + m.type + "</tspan></text>");
  on.text("m s halo", right, heading,
          "first answer " + words_of(f.first) + " · one message to its answer " + words_of(f.one) + " · interrupted " +
              std::to_string(f.interruptions) + " of " + std::to_string(chosen.messages),
          align::end);
  const int free = std::max(scale.at(f.free), 2), last = std::max(scale.at(f.last), 2);
  const int top = heading + 14, below = top + 24;
  on.text("s", left - 12, top + 12, "free again", align::end);
  on.rect("wait", left, top, free, 16, m.name + ": the sender is free again after " + words_of(f.free));
  on.text("b s halo", left + free + 8, top + 12, words_of(f.free));
  on.text("s", left - 12, below + 12, "last answer", align::end);
  on.rect("alone", left, below, last, 16, m.name + ": the last answer is in hand after " + words_of(f.last));
  if (last > 4) on.dots(left + 1, below + 2, last - 2, 12);
  on.text("b s halo", left + last + 8, below + 12, words_of(f.last));
}

inline std::string description(const std::vector<medium>& media, const options& chosen) {
  std::string text = "Two bars for each medium, on a scale of powers of ten.";
  for (const medium& m : media) {
    std::string words = m.words;
    words[0] = words[0] == 'b' ? 'B' : 'W';
    text += " " + words + " the sender is free again after " + words_of(m.median.free) +
            ", the last answer is in hand after " + words_of(m.median.last) + ", and the receiver was interrupted by " +
            std::to_string(m.median.interruptions) + " of " + count_of(chosen.messages, "message") + ".";
  }
  return text;
}

}  // namespace detail

/// The figures as an SVG, 880 pixels wide.
inline std::string picture(const std::vector<medium>& media, const options& chosen) {
  namespace svg = story::detail;
  constexpr int width = 880;
  const int bottom = detail::first_heading + static_cast<int>(media.size()) * detail::panel - 26;
  const int height = bottom + 66;
  const log_scale scale(media, detail::right - detail::left - 64);
  svg::canvas on(width);
  on.text("t", 20, 34, "What it costs to be together in time");
  on.text("m", 20, 58,
          count_of(chosen.messages, "message") + ", " + words_of_work(chosen) + " · " +
              (chosen.rounds == 1 ? "one round" : "medians of " + std::to_string(chosen.rounds) + " rounds") +
              " · each line is ten times the one before");
  detail::draw_axis(on, scale, bottom);
  int heading = detail::first_heading;
  for (const medium& m : media) {
    detail::draw_medium(on, scale, m, chosen, heading);
    heading += detail::panel;
  }
  on.text("m s", 20, bottom + 24,
          "free again: the sender has got rid of all messages; by phone it has stayed for the answers");
  on.text("m s", 20, bottom + 44,
          "interrupted: when the receiver had done its work for a message, the sender stood waiting, for the answer or "
          "for room");
  const std::string size = std::to_string(width) + "\" height=\"" + std::to_string(height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + std::to_string(width) + " " +
         std::to_string(height) + "\" width=\"" + size +
         "\" role=\"img\" aria-labelledby=\"measure-t measure-d\">\n<title id=\"measure-t\">What it costs to be "
         "together in "
         "time</title>\n<desc id=\"measure-d\">" +
         svg::escaped(detail::description(media, chosen)) + "</desc>\n<style>" + std::string(svg::style) +
         "</style>\n" + std::string(svg::definitions) + "\n<rect class=\"bg\" x=\"0\" y=\"0\" width=\"" + size +
         "\" rx=\"8\"/>\n" + on.body() + "</svg>\n";
}

}  // namespace measuring
