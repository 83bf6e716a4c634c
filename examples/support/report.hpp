// What is printed about the two runs, in lines of at most 68 columns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "diary.hpp"
#include "script.hpp"
#include "timeline.hpp"

namespace story {

inline constexpr std::size_t page = 68;

/// An answer that has reached Ana, and when.
struct answer_in_hand {
  std::string text;
  int minute = 0;
};

/// One conversation, over one medium.
struct run {
  diary ana;
  diary ben;
  std::vector<answer_in_hand> answers;
};

/// The story begins at nine.
inline std::string time_of_day(int minute) {
  char text[8];
  std::snprintf(text, sizeof text, "%02d:%02d", (9 + minute / 60) % 24, minute % 60);
  return text;
}

/// The story begins on a Monday.
inline const char* day_of_week(int day) {
  constexpr const char* names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
  return names[day % 7];
}

/// At most `width` characters of it, and never half of one (UTF-8).
inline std::string fitted(const std::string& text, std::size_t width) {
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  if (static_cast<std::size_t>(std::ranges::count_if(text, starts)) <= width) return text;
  std::size_t characters = 0;
  std::size_t end = 0;
  while (end < text.size() && !(starts(text[end]) && characters == width - 3)) {
    if (starts(text[end++])) ++characters;
  }
  return text.substr(0, end) + "...";
}

/// Words set in lines of at most a page.
inline void print_paragraph(const std::string& text) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const auto word = text.substr(at, end - at);
    if (!line.empty() && line.size() + 1 + word.size() > page) {
      std::printf("%s\n", line.c_str());
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  std::printf("%s\n", line.c_str());
}

inline void print_lane(const char* medium, const char* who, const std::string& lane) {
  std::string line = std::string(medium) + " " + who + " " + lane;
  line.erase(line.find_last_not_of(' ') + 1);
  std::printf("%s\n", line.c_str());
}

inline void print_run(const char* medium, const run& r, std::size_t scale) {
  const timeline t = draw(r.ana, r.ben);
  print_lane(medium, "ana", with_name(squeezed(t.ana, scale), r.ana));
  print_lane("     ", "ben", with_name(squeezed(t.ben, scale), r.ben));
  std::printf("          together %dm, tau %.2f\n", together(t), tau(t));
  std::printf("          ana waited %dm, interrupted %dx\n", minutes_of('~', t.ana), t.ana_interrupted);
  std::printf("          ben waited %dm, interrupted %dx\n", minutes_of('~', t.ben), t.ben_interrupted);
}

/// The hours above the lanes: a tick every ten characters.
inline void print_ruler(std::size_t scale) {
  std::string ruler(10, ' ');
  for (std::size_t column = 0; column < 58; column += 10) {
    ruler.resize(10 + column, ' ');
    ruler += time_of_day(static_cast<int>(column * scale));
  }
  ruler.resize(page);
  ruler.erase(ruler.find_last_not_of(' ') + 1);
  std::printf("%s\n", ruler.c_str());
}

inline void print_legend(std::size_t scale) {
  std::printf("\n# engaged together            one column = %zu minute%s\n", scale, scale == 1 ? "" : "s");
  std::puts("= answering, alone            s sent, r received, at once");
  std::puts("~ waiting for the other       . own time (she gardens, he cooks)");
  std::puts("tau = minutes together / minutes in which anyone was engaged");
}

inline std::size_t scale_for(const run& phone, const run& email) {
  const auto minutes = std::max(draw(phone.ana, phone.ben).ana.size(), draw(email.ana, email.ben).ana.size());
  return (minutes + 57) / 58;
}

inline void print_answers(const script& questions, const run& phone, const run& email) {
  constexpr std::size_t most = 12;
  std::printf("\nIn Ana's hands:\nphone  email\n");
  for (std::size_t i = 0; i < std::min(questions.size(), most); ++i) {
    const auto words = questions[i].question + " - " + phone.answers[i].text;
    std::printf("%s  %s  %s\n", time_of_day(phone.answers[i].minute).c_str(),
                time_of_day(email.answers[i].minute).c_str(), fitted(words, page - 14).c_str());
  }
  if (questions.size() > most) {
    std::printf("%s  %s  the last of %zu more\n", time_of_day(phone.answers.back().minute).c_str(),
                time_of_day(email.answers.back().minute).c_str(), questions.size() - most);
  }
}

}  // namespace story
