// Two diaries side by side: one character a minute, and what can be counted from them.
//
//   ~ waiting in a send or a receive, alone      # engaged together
//   = engaged alone: reading, answering          . time of one's own
//   s sent, r received: over at once, the other not needed
//
// Every figure is a count of these characters, so a reader can check it on the picture.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "diary.hpp"

namespace story {

struct timeline {
  std::string ana;
  std::string ben;
  int ana_interrupted = 0;
  int ben_interrupted = 0;
};

inline char glyph(activity what) {
  switch (what) {
    case activity::own: return '.';
    case activity::working: return '=';
    default: return '~';
  }
}

/// One person's minutes. Between entries, and before and after them, there is nothing: a blank.
inline std::string lane_of(const diary& day, int minutes) {
  std::string lane(static_cast<std::size_t>(minutes), ' ');
  for (const entry& e : day.entries()) {
    for (int m = e.from; m < e.to; ++m) lane[static_cast<std::size_t>(m)] = glyph(e.what);
  }
  return lane;
}

inline bool engaged(char minute) { return minute == '~' || minute == '=' || minute == '#'; }

/// Marks what was over at once, unless a longer engagement beside it already shows it.
inline void mark_instants(std::string& lane, const diary& day) {
  const std::string minutes = lane;
  for (const entry& e : day.entries()) {
    const auto at = static_cast<std::size_t>(e.from);
    if (e.from != e.to || e.what == activity::own || e.what == activity::working) continue;
    if (engaged(minutes[at]) || (at > 0 && engaged(minutes[at - 1]))) continue;
    lane[at] = e.what == activity::sending ? 's' : 'r';
  }
}

/// How often somebody left time of their own because the other already stood waiting.
inline int interruptions(const diary& mine, const diary& other) {
  int times = 0;
  for (std::size_t i = 1; i < mine.entries().size(); ++i) {
    const entry& before = mine.entries()[i - 1];
    const entry& after = mine.entries()[i];
    const bool stood_waiting = std::ranges::any_of(other.entries(), [&](const entry& e) {
      return e.what == activity::sending && e.from < after.from && e.to >= after.from;
    });
    if (before.what == activity::own && after.what == activity::receiving && stood_waiting) ++times;
  }
  return times;
}

inline timeline draw(const diary& ana, const diary& ben) {
  int end = 1;
  for (const diary* day : {&ana, &ben}) {
    for (const entry& e : day->entries()) end = std::max(end, e.to + 1);
  }
  timeline drawn{lane_of(ana, end), lane_of(ben, end), interruptions(ana, ben), interruptions(ben, ana)};
  for (std::size_t m = 0; m < drawn.ana.size(); ++m) {
    if (engaged(drawn.ana[m]) && engaged(drawn.ben[m])) drawn.ana[m] = drawn.ben[m] = '#';
  }
  mark_instants(drawn.ana, ana);
  mark_instants(drawn.ben, ben);
  return drawn;
}

inline int minutes_of(char what, const std::string& lane) { return static_cast<int>(std::ranges::count(lane, what)); }
inline int together(const timeline& t) { return minutes_of('#', t.ana); }

/// Togetherness: of all the minutes in which at least one was engaged, the part in which both were.
inline double tau(const timeline& t) {
  int either = 0;
  for (std::size_t m = 0; m < t.ana.size(); ++m) either += engaged(t.ana[m]) || engaged(t.ben[m]) ? 1 : 0;
  return either == 0 ? 0 : static_cast<double>(together(t)) / either;
}

/// The lane at `scale` minutes a character: the most telling minute of each stretch wins.
inline std::string squeezed(const std::string& lane, std::size_t scale) {
  constexpr std::string_view telling = "#sr~=. ";
  std::string out;
  for (std::size_t m = 0; m < lane.size(); m += scale) {
    const auto stretch = std::string_view(lane).substr(m, scale);
    out += std::ranges::min(stretch, {}, [&](char c) { return telling.find(c); });
  }
  return out;
}

/// Writes what the first stretch of own time was spent on into it, if there is room.
inline std::string with_name(std::string lane, const diary& day) {
  const auto own = std::ranges::find(day.entries(), activity::own, &entry::what);
  if (own == day.entries().end()) return lane;
  const auto room = lane.find(std::string(own->name.size() + 2, '.'));
  if (room != lane.npos) lane.replace(room + 1, own->name.size(), own->name);
  return lane;
}

}  // namespace story
