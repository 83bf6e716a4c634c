// What is printed about the two runs: panels of lanes, what can be counted, a legend, and words.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "ledger.hpp"
#include "screen.hpp"
#include "script.hpp"
#include "timeline.hpp"

namespace story {

inline constexpr std::size_t name_columns = 10;

/// At most `width` columns of it, and never half of a character (UTF-8).
inline std::string fitted(const std::string& text, std::size_t width) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  if (columns(text) <= width) return text;
  std::size_t characters = 0;
  std::size_t end = 0;
  while (end < text.size() && !(starts(text[end]) && characters == width - 3)) {
    if (starts(text[end++])) ++characters;
  }
  return text.substr(0, end) + "...";
}

/// Words set in lines of at most `width` columns.
inline std::vector<std::string> paragraph(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const auto word = text.substr(at, end - at);
    if (!line.empty() && columns(line) + 1 + columns(word) > width) {
      lines.push_back(line);
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  lines.push_back(line);
  return lines;
}

/// Words are easier to read in short lines, however wide the screen is.
inline void print_paragraph(const std::string& text, const screen& on) {
  for (const auto& line : paragraph(text, std::min<std::size_t>(on.width, 76))) std::printf("%s\n", line.c_str());
}

/// "Ana, Cai and Ben"
inline std::string names_of(const std::vector<std::string>& people) {
  std::string all;
  for (std::size_t i = 0; i < people.size(); ++i) {
    all += (i == 0 ? "" : i + 1 == people.size() ? " and " : ", ") + people[i];
  }
  return all;
}

inline std::string lower(std::string name) {
  if (!name.empty()) name[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(name[0])));
  return name;
}

inline std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

/// The hours above the lanes.
inline std::string ruler(const scale& s, std::size_t width) {
  const bool days = s.column(900) + name_columns < width;
  const std::size_t label = days ? 11 : 7;  // "09:00", or "Tue 09:00", and two columns between
  int step = 1440;
  for (const int each : {1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720}) {
    if (s.column(each) >= label && s.column(each) * static_cast<std::size_t>(s.minutes) >= label) {
      step = each;
      break;
    }
  }
  // how long a column is, where the names are
  const std::string unit = s.columns == 2   ? "30s"
                           : s.minutes < 60 ? std::to_string(s.minutes) + "m"
                                            : std::to_string(s.minutes / 60) + "h";
  std::string line = padded("1 col=" + unit, name_columns);
  for (int minute = 0; name_columns + s.column(minute) + label - 2 <= width; minute += step) {
    line.resize(name_columns + s.column(minute), ' ');
    line += time_of_day(minute);
  }
  return line;
}

/// One person's lane: sends and receives that took no time, and the moment that matters, drawn into it.
inline lane drawn_lane(const record& r, std::size_t who, std::size_t questions, const scale& s) {
  lane minutes = lane_of(r, who);
  const bool is_stuck = r.stuck_at >= 0;
  minutes.resize(static_cast<std::size_t>(r.end) + 1, is_stuck ? mark::nothing : mark::own);
  const auto at = [&](int minute) -> mark& { return minutes[static_cast<std::size_t>(std::min(minute, r.end))]; };
  if (!is_stuck) {
    for (const entry& e : r.days[who]) {
      if (e.from != e.to || e.what == activity::own || e.what == activity::working) continue;
      if (e.letter >= r.letters.size() || is_engaged(at(e.from))) continue;
      if (e.from > 0 && is_engaged(at(e.from - 1))) continue;
      at(e.from) = e.what == activity::sending ? mark::sent : mark::found;
    }
  }
  lane out = at_scale(minutes, s);
  const int last = who + 1 < r.people.size() ? last_in_hand(r, who, questions) : -1;
  if (last >= 0 && s.column(last) < out.size()) out[s.column(last)] = mark::flag;
  if (is_stuck) {  // time stops here
    out.resize(s.column(r.stuck_at));
    out.push_back(mark::wall);
  }
  return out;
}

/// What was handed over between an asker and the one who answers, column by column.
inline lane arrows(const record& r, std::size_t asker, const scale& s) {
  lane out;
  for (const letter& l : r.letters) {
    if (!l.met || !l.was_taken() || (l.from != asker && l.to != asker)) continue;
    const std::size_t column = s.column(l.taken);
    if (out.size() <= column) out.resize(column + 1, mark::nothing);
    const mark way = l.is_answer ? mark::up : mark::down;
    out[column] = out[column] == mark::nothing || out[column] == way ? way : mark::both;
  }
  return out;
}

/// The depth of an inbox, column by column: + from ten on.
inline std::string depth_row(const record& r, std::size_t who, const scale& s) {
  const auto depth = inbox_of(r, who);
  std::string row;
  for (std::size_t m = 0; m < depth.size(); ++m) {
    const std::size_t first = s.column(static_cast<int>(m));
    for (std::size_t c = first; c < first + static_cast<std::size_t>(s.columns); ++c) {
      if (row.size() <= c) row.resize(c + 1, ' ');
      const char glyph = depth[m] == 0 ? ' ' : depth[m] < 10 ? static_cast<char>('0' + depth[m]) : '+';
      if (row[c] != '+' && (row[c] == ' ' || glyph == '+' || glyph > row[c])) row[c] = glyph;
    }
  }
  return row.find_first_not_of(' ') == row.npos ? "" : row;
}

inline std::string times(int count) {
  return count == 0 ? "not once" : count == 1 ? "once" : count == 2 ? "twice" : std::to_string(count) + " times";
}

/// What can be counted, in a sentence or two.
inline std::string figures(const record& r) {
  const togetherness t = together(r);
  char text[64];
  std::snprintf(text, sizeof text, "together %dm, tau %.2f", t.minutes, t.tau);
  std::string all = text;
  for (std::size_t who = 0; who < r.people.size(); ++who) {
    const int waited = minutes_of(mark::waiting, lane_of(r, who));
    const auto name = lower(r.people[who]);
    if (waited > 0) all += "; " + name + " waited " + std::to_string(waited) + "m";
    if (r.interruptions[who] > 0) all += "; " + name + " interrupted " + times(r.interruptions[who]);
  }
  int shelf = 0;
  for (std::size_t who = 0; who < r.people.size(); ++who) shelf += letter_minutes(r, who);
  if (shelf > 0) all += "; letters lay " + std::to_string(shelf) + "m in all";
  if (const crossing c = first_crossing(r); c.found) {
    all += "; " + r.letters[c.one].name() + " and " + r.letters[c.other].name() + " crossed";
  }
  return all;
}

/// A run as lines of text. How many there are depends on the people and the medium alone, so it can be drawn again over
/// itself while it grows.
inline std::vector<std::string> panel(std::string_view medium, const record& r, std::size_t questions, const scale& s,
                                      const screen& on) {
  std::vector<std::string> lines;
  const std::size_t answerer = r.people.size() - 1;
  const std::size_t room = on.width - name_columns;
  const auto row = [&](const std::string& name, lane marks) {
    if (marks.size() > room) marks.resize(room);
    std::string line = padded(name, name_columns) + drawn(marks, on);
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };
  lines.emplace_back(medium);
  for (std::size_t who = 0; who < r.people.size(); ++who) {
    lines.push_back(row(lower(r.people[who]), drawn_lane(r, who, questions, s)));
    if (who != answerer && !r.stores) lines.push_back(row("", arrows(r, who, s)));
  }
  if (r.stores) {
    for (std::size_t i = 0; i < r.people.size(); ++i) {
      const std::size_t who = i == 0 ? answerer : i - 1;  // the inbox of the one whom everybody writes to comes first
      std::string depth = depth_row(r, who, s);
      if (depth.size() > room) depth.resize(room);
      depth.erase(depth.find_last_not_of(' ') + 1);
      const std::string name = padded(lower(r.people[who]) + " inbox", name_columns);
      lines.push_back(depth.empty() ? lower(r.people[who]) + " inbox" : name + painted(depth, paint::kept, on));
    }
  }
  return lines;
}

/// Below a panel: what can be counted, and who is stuck.
inline std::vector<std::string> below_panel(const record& r, const screen& on) {
  const std::string gap(name_columns, ' ');
  std::vector<std::string> lines;
  for (const auto& line : paragraph(figures(r), std::min<std::size_t>(on.width, 90) - name_columns)) {
    lines.push_back(gap + line);
  }
  if (r.stuck.empty()) return lines;
  lines.push_back(gap + painted("nothing can happen any more:", paint::stuck, on));
  for (const holding& h : r.stuck) lines.push_back(gap + painted(words_of(h, r), paint::stuck, on));
  return lines;
}

/// A panel that grows on a terminal, drawn over itself; elsewhere it is drawn once, when it is complete.
class growing {
 public:
  void draw(const std::vector<std::string>& lines) {
    std::string out;
    if (height_ != 0) out += "\x1b[" + std::to_string(height_) + "A";
    for (const auto& line : lines) out += line + (height_ != 0 ? "\x1b[K\n" : "\n");
    height_ = lines.size();
    std::fputs(out.c_str(), stdout);
    std::fflush(stdout);
  }

 private:
  std::size_t height_ = 0;
};

inline void print_legend(const screen& on) {
  const auto of = [&](mark m) { return painted(glyph(m, on.unicode), paint_of(m), on); };
  const auto entry = [](const std::string& shown, std::string_view words, std::size_t width) {
    std::string text = shown + " " + std::string(words);
    text += std::string(width > columns(words) + 2 ? width - columns(words) - 2 : 0, ' ');
    return text;
  };
  struct item {
    mark shown;
    const char* words;
  };
  constexpr item items[] = {{mark::together, "engaged together"},
                            {mark::waiting, "waiting for the other"},
                            {mark::alone, "engaged alone: reading, answering"},
                            {mark::own, "own time: the garden, cooking"},
                            {mark::sent, "sent, and off at once"},
                            {mark::found, "looked, and found letters"},
                            {mark::flag, "the last answer is in hand"},
                            {mark::wall, "nobody can move any more"}};
  std::puts("");
  const std::size_t width = 36;
  const bool two = on.width >= 2 * width;
  for (std::size_t i = 0; i < std::size(items); ++i) {
    const bool last = !two || i % 2 == 1;
    std::printf("%s%s", entry(of(items[i].shown), items[i].words, last ? 0 : width).c_str(), last ? "\n" : "");
  }
  const auto arrow = [&](mark m) { return std::string(glyph(m, on.unicode)) + " "; };
  print_paragraph(
      arrow(mark::down) + arrow(mark::up) + arrow(mark::both) + "handed over in this column: questions, answers, both",
      on);
  print_paragraph("digits: how many letters lie in the inbox (+ is ten or more)", on);
  print_paragraph("1 col=1m, left of the hours: a column is one minute", on);
  print_paragraph("interrupted: left time of one's own for somebody who stood waiting", on);
  print_paragraph("engaged: busy with the conversation, in a send or a receive, or at an answer", on);
  print_paragraph("tau = minutes together / minutes in which anyone was engaged", on);
}

inline std::string minute_or_never(int minute) { return minute < 0 ? "never" : time_of_day(minute); }

/// When the answer to this question was in this person's hands; -1: never.
inline int in_hand(const record& r, std::size_t who, std::size_t question) {
  for (const letter& l : r.letters) {
    if (l.is_answer && l.to == who && l.number == question) return l.taken;
  }
  return -1;
}

inline void print_answers(const script& questions, const record& phone, const record& email,
                          const std::vector<std::string>& answers, const screen& on) {
  constexpr std::size_t most = 12;
  const std::size_t width =
      std::min<std::size_t>(on.width, 90) - time_of_day(phone.end).size() - time_of_day(email.end).size() - 4;
  const auto wide = [](const record& r) { return time_of_day(r.end).size(); };
  std::printf("\nIn %s's hands:\n%s  email\n", phone.people.front().c_str(), padded("phone", wide(phone)).c_str());
  const auto both = [&](std::size_t who, std::size_t question) {
    return padded(minute_or_never(in_hand(phone, who, question)), wide(phone)) + "  " +
           padded(minute_or_never(in_hand(email, who, question)), wide(email)) + "  ";
  };
  for (std::size_t i = 0; i < std::min(questions.size(), most); ++i) {
    const auto words = questions[i].question + (answers[i].empty() ? "" : " - " + answers[i]);
    std::printf("%s%s\n", both(0, i).c_str(), fitted(words, width).c_str());
  }
  const std::size_t last = questions.size() - 1;
  if (questions.size() > most) {
    std::printf("%sthe last of %zu more\n", both(0, last).c_str(), questions.size() - most);
  }
  for (std::size_t who = 1; who + 1 < phone.people.size(); ++who) {
    std::printf("%sthe last answer for %s\n", both(who, last).c_str(), phone.people[who].c_str());
  }
}

}  // namespace story
