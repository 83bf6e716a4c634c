// A record as text: a lane for each person, a character for each stretch of time, and what can be counted.
//
// Every figure is a count of a lane's minutes, so a reader can check it on the picture.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ledger.hpp"
#include "screen.hpp"

namespace story {

/// What a person's minute was; and what a letter does in it.
enum class mark : char {
  nothing = ' ',
  own = '.',
  alone = '=',
  waiting = '~',
  together = '#',
  sent = 's',
  found = 'r',
  flag = '!',
  wall = '|',
  down = 'v',
  up = '^',
  both = 'x',
};

/// One person's minutes, from the first to the last of the record.
using lane = std::vector<mark>;

inline bool is_engaged(mark m) { return m == mark::waiting || m == mark::alone || m == mark::together; }

inline lane lane_of(const record& r, std::size_t who) {
  const auto at = [](int minute) { return static_cast<std::size_t>(minute); };
  lane drawn(at(r.end), mark::own);
  for (const entry& e : r.days[who]) {
    const mark m = e.what == activity::own ? mark::own : e.what == activity::working ? mark::alone : mark::waiting;
    std::fill(drawn.begin() + e.from, drawn.begin() + e.to, m);
  }
  for (const meeting& m : r.meetings) {
    if (m.one != who && m.other != who) continue;
    std::fill(drawn.begin() + m.from, drawn.begin() + std::min(m.to, r.end), mark::together);
  }
  return drawn;
}

inline int minutes_of(mark what, const lane& l) { return static_cast<int>(std::ranges::count(l, what)); }

/// The minutes in which two were together, and of all the minutes in which somebody was engaged, which part that is.
struct togetherness {
  int minutes = 0;
  double tau = 0;
};

inline togetherness together(const record& r) {
  std::vector<lane> lanes;
  for (std::size_t who = 0; who < r.people.size(); ++who) lanes.push_back(lane_of(r, who));
  int any = 0;
  togetherness sum;
  for (std::size_t m = 0; m < static_cast<std::size_t>(r.end); ++m) {
    any += std::ranges::any_of(lanes, [&](const lane& l) { return is_engaged(l[m]); }) ? 1 : 0;
    sum.minutes += std::ranges::any_of(lanes, [&](const lane& l) { return l[m] == mark::together; }) ? 1 : 0;
  }
  sum.tau = any == 0 ? 0 : static_cast<double>(sum.minutes) / any;
  return sum;
}

/// How many letters lie in somebody's inbox, minute by minute.
inline std::vector<int> inbox_of(const record& r, std::size_t who) {
  std::vector<int> depth(static_cast<std::size_t>(r.end), 0);
  for (const letter& l : r.letters) {
    if (l.met || l.to != who || !l.was_sent()) continue;
    const int until = l.was_taken() ? std::min(l.taken, r.end) : r.end;
    for (int m = l.posted; m < until; ++m) ++depth[static_cast<std::size_t>(m)];
  }
  return depth;
}

inline int letter_minutes(const record& r, std::size_t who) {
  int sum = 0;
  for (const int each : inbox_of(r, who)) sum += each;
  return sum;
}

/// When the last answer was in this person's hands; -1: not all were.
inline int last_in_hand(const record& r, std::size_t who, std::size_t questions) {
  std::size_t count = 0;
  int last = 0;
  for (const letter& l : r.letters) {
    if (!l.is_answer || l.to != who || !l.was_taken()) continue;
    ++count;
    last = std::max(last, l.taken);
  }
  return count == questions ? last : -1;
}

/// Two letters that crossed: each was on its way before its sender had read the other. No two calls can do that.
struct crossing {
  std::size_t one = 0, other = 0;
  bool found = false;
};

inline crossing first_crossing(const record& r) {
  for (std::size_t i = 0; i < r.letters.size(); ++i) {
    const letter& a = r.letters[i];
    if (!a.was_sent() || !a.was_taken() || a.met) continue;
    for (std::size_t j = i + 1; j < r.letters.size(); ++j) {
      const letter& b = r.letters[j];
      if (a.from != b.to || a.to != b.from || !b.was_sent() || !b.was_taken()) continue;
      if (a.posted_step < b.taken_step && b.posted_step < a.taken_step) return {i, j, true};
    }
  }
  return {};
}

// --- on a screen -----------------------------------------------------------------------------------------------------

/// How many columns a minute takes, or how many minutes a column; the finest that fits.
struct scale {
  int minutes = 1;
  int columns = 1;

  std::size_t column(int minute) const { return static_cast<std::size_t>(minute * columns / minutes); }
};

inline scale scale_for(int minutes, std::size_t room) {
  for (const scale s : {scale{1, 2}, scale{1, 1}, scale{2, 1}, scale{5, 1}, scale{10, 1}, scale{20, 1}, scale{30, 1},
                        scale{60, 1}, scale{120, 1}, scale{240, 1}, scale{480, 1}, scale{1440, 1}}) {
    if (s.column(minutes) < room) return s;
  }
  return {2880, 1};
}

/// The story begins on a Monday.
inline const char* day_of_week(int day) {
  constexpr const char* names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  return names[day % 7];
}

/// The story begins at nine: "09:45"; and on another day "Tue 09:45".
inline std::string time_of_day(int minute) {
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  const int since_midnight = 9 * 60 + minute;
  const int day = since_midnight / 1440;
  const std::string clock = two(since_midnight / 60 % 24) + ":" + two(minute % 60);
  return day == 0 ? clock : std::string(day_of_week(day), 3) + " " + clock;
}

/// "Ana waits for Ben, with q4, since 09:08"
inline std::string words_of(const holding& h, const record& r) {
  const std::string with = h.sends && h.letter < r.letters.size() ? ", with " + r.letters[h.letter].name() : "";
  return r.people[h.who] + " waits for " + r.people[h.whom] + with + ", since " + time_of_day(h.since);
}

/// The lane at that scale. What took no time is seen, whatever else there is; else what took most of the stretch.
inline lane at_scale(const lane& minutes, const scale& s) {
  constexpr std::string_view by_rank = "|!sr#~=. ";
  constexpr std::size_t instants = 4;  // of these
  lane out;
  for (std::size_t from = 0, to = 0; from < minutes.size(); from = to) {
    to = std::min(from + static_cast<std::size_t>(s.minutes), minutes.size());
    const auto count = [&](char m) {
      return std::count(minutes.begin() + static_cast<std::ptrdiff_t>(from),
                        minutes.begin() + static_cast<std::ptrdiff_t>(to), static_cast<mark>(m));
    };
    char shown = ' ';
    for (std::size_t i = by_rank.size(); i-- > 0;) {
      const auto here = count(by_rank[i]);
      if (here > 0 && (i < instants || here >= count(shown))) shown = by_rank[i];
    }
    const auto what = static_cast<mark>(shown);
    const bool took_no_time = what == mark::sent || what == mark::found || what == mark::flag;
    out.push_back(what);
    out.insert(out.end(), static_cast<std::size_t>(s.columns) - 1, took_no_time ? mark::own : what);
  }
  return out;
}

inline std::string_view glyph(mark m, bool unicode) {
  if (unicode) {
    switch (m) {
      case mark::own: return "─";
      case mark::alone: return "▒";
      case mark::waiting: return "░";
      case mark::together: return "█";
      case mark::flag: return "⚑";
      case mark::wall: return "┃";
      case mark::down: return "↓";
      case mark::up: return "↑";
      case mark::both: return "↕";
      default: break;
    }
  }
  switch (m) {
    case mark::own: return ".";
    case mark::alone: return "=";
    case mark::waiting: return "~";
    case mark::together: return "#";
    case mark::sent: return "s";
    case mark::found: return "r";
    case mark::flag: return "!";
    case mark::wall: return "|";
    case mark::down: return "v";
    case mark::up: return "^";
    case mark::both: return "x";
    case mark::nothing: break;
  }
  return " ";
}

inline paint paint_of(mark m) {
  switch (m) {
    case mark::alone: return paint::alone;
    case mark::waiting: return paint::waiting;
    case mark::together:
    case mark::down:
    case mark::up:
    case mark::both: return paint::together;
    case mark::sent:
    case mark::found: return paint::kept;
    case mark::wall: return paint::stuck;
    default: return paint::plain;
  }
}

/// The marks as they are printed: runs of one kind in one colour.
inline std::string drawn(const lane& marks, const screen& on) {
  std::string out;
  for (std::size_t from = 0, to = 0; from < marks.size(); from = to) {
    std::string text;
    for (to = from; to < marks.size() && paint_of(marks[to]) == paint_of(marks[from]); ++to) {
      text += glyph(marks[to], on.unicode);
    }
    out += painted(text, paint_of(marks[from]), on);
  }
  return out;
}

}  // namespace story
