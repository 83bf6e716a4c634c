// Two runs as one SVG: time runs to the right, a lane for each person.
//
//   upright arrow   handed over: both were there          slanted arrow   the medium kept it
//   hatched bar     waiting for the other                 solid bar       together, with a shade between the two lanes
//   dotted bar      engaged alone                         green bar       a letter lying in an inbox
//
// All coordinates are whole numbers, so the same run gives the same bytes. Nothing is fetched, and no script runs. It
// paints its own ground, light or dark as the reader prefers; and no colour says what a shape does not say as well.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger.hpp"
#include "timeline.hpp"

namespace story {

namespace detail {

inline constexpr std::string_view style =
    "text{font:13px system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;"
    "font-variant-numeric:tabular-nums}"
    ".t{font-size:17px;font-weight:600}.h{font-size:15px;font-weight:600}.b{font-weight:600}.s{font-size:12px}"
    ".e{text-anchor:end}.c{text-anchor:middle}"
    ".o{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,\"Liberation Mono\",monospace;font-size:12px}"
    ".own,.met,.kept,.hl,.grid,.full,.crown{fill:none}.own,.met,.kept{stroke-width:2}.crown{stroke-width:4}.thin{"
    "stroke-width:2}"
    ".full{stroke-dasharray:5 4}"
    ".halo{paint-order:stroke;stroke-width:4;stroke-linejoin:round}"
    "text{fill:#1b1f24}.m,.m.o{fill:#57606a}.bg{fill:#ffffff;stroke:#d8dee4}.grid{stroke:#d8dee4}.own{stroke:#8c959f}"
    ".tog,.metf{fill:#1a66b0}.tt{fill:#1a66b0}.shade{fill:#dceafa}.wait{stroke:#a64b00;fill:url(#hatch)}"
    ".hl,.full{stroke:#a64b00}.hb{fill:#fff1dd}.wt{fill:#a64b00}.alone{fill:#d5dae0;stroke:#57606a}.dot{fill:#57606a}"
    ".met{stroke:#1a66b0}.kept{stroke:#0a7357}.kt{fill:#0a7357}.env{fill:#ffffff;stroke:#0a7357}"
    ".shelf{fill:#cfeadf;stroke:#0a7357}.crown{stroke:#b3123f}.ct{fill:#b3123f}.flag{fill:#1b1f24}"
    ".halo{stroke:#ffffff}.ha{stroke:#d5dae0;paint-order:stroke;stroke-width:5}"
    "@media screen and (prefers-color-scheme:dark){"
    "text{fill:#e6edf3}.m,.m.o{fill:#9aa4af}.bg{fill:#0d1117;stroke:#2b323b}.grid{stroke:#2b323b}.own{stroke:#6e7681}"
    ".tog,.metf{fill:#58a6ff}.tt{fill:#58a6ff}.shade{fill:#12304f}.wait{stroke:#f2a24d;fill:url(#hatch)}"
    ".hl,.full{stroke:#f2a24d}.hb{fill:#33230d}.wt{fill:#f2a24d}.alone{fill:#3a424c;stroke:#9aa4af}.dot{fill:#9aa4af}"
    ".met{stroke:#58a6ff}.kept{stroke:#45c79d}.kt{fill:#45c79d}.env{fill:#0d1117;stroke:#45c79d}"
    ".shelf{fill:#113d30;stroke:#45c79d}.crown{stroke:#ff7391}.ct{fill:#ff7391}.flag{fill:#e6edf3}"
    ".halo{stroke:#0d1117}.ha{stroke:#3a424c}}";

inline constexpr std::string_view definitions =
    "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path class=\"hb\" "
    "d=\"M0 0h6v6H0z\"/><path class=\"hl\" d=\"M-1 1L1-1M0 6L6 0M5 7L7 5\"/></pattern>"
    "<pattern id=\"dots\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><path class=\"dot\" "
    "d=\"M1 1h1v1H1z\"/></pattern>"
    "<marker id=\"am\" markerUnits=\"userSpaceOnUse\" markerWidth=\"9\" markerHeight=\"10\" refX=\"9\" refY=\"5\" "
    "orient=\"auto\"><path class=\"metf\" d=\"M0 0L9 5L0 10z\"/></marker>"
    "<marker id=\"ak\" markerUnits=\"userSpaceOnUse\" markerWidth=\"10\" markerHeight=\"12\" refX=\"9\" refY=\"6\" "
    "orient=\"auto\"><path class=\"kept\" d=\"M2 1L9 6L2 11\"/></marker>"
    "<marker id=\"ac\" markerUnits=\"userSpaceOnUse\" markerWidth=\"10\" markerHeight=\"12\" refX=\"9\" refY=\"6\" "
    "orient=\"auto\"><path class=\"ct\" d=\"M0 0L10 6L0 12z\"/></marker></defs>";

/// Text as XML has it; control characters have no place there.
inline std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return out;
}

inline std::string of(int number) { return std::to_string(number); }

enum class align { start, middle, end };

/// The canvas: elements one a line, and labels that never lie on one another.
class canvas {
 public:
  explicit canvas(int width) : width_(width) {}

  void add(const std::string& element) { body_ += element + "\n"; }
  void path(std::string_view kind, const std::string& d, std::string_view title = "", std::string_view marker = "") {
    std::string element = "<path class=\"" + std::string(kind) + "\"";
    if (!marker.empty()) element += " marker-end=\"url(#" + std::string(marker) + ")\"";
    element += " d=\"" + d + "\"";
    add(element + (title.empty() ? "/>" : "><title>" + escaped(title) + "</title></path>"));
  }
  void rect(std::string_view kind, int x, int y, int w, int h, std::string_view title = "") {
    const std::string element = "<rect class=\"" + std::string(kind) + "\"" + place(x, y, w, h);
    add(element + (title.empty() ? "/>" : "><title>" + escaped(title) + "</title></rect>"));
  }
  void dots(int x, int y, int w, int h) { add("<rect fill=\"url(#dots)\"" + place(x, y, w, h) + "/>"); }

  /// Text that stands where it must, whatever else is there.
  void text(std::string_view kind, int x, int baseline, std::string_view words, align how = align::start) {
    taken_.push_back(box_of(x, baseline, words, how, false));
    put(kind, x, baseline, words, how);
  }
  struct spot {
    int x = 0, baseline = 0;
    align how = align::start;
  };
  /// A label at the first spot where it lies on no other, and whether there was one.
  template <std::size_t N>
  bool label(std::string_view kind, std::string_view words, const std::array<spot, N>& spots, bool bold = false) {
    for (const spot& s : spots) {
      const box b = box_of(s.x, s.baseline, words, s.how, bold);
      if (b.left < 4 || b.right > width_ - 4) continue;
      if (std::ranges::any_of(taken_, [&](const box& other) { return overlap(b, other); })) continue;
      taken_.push_back(b);
      put(std::string(kind) + (bold ? " b s halo" : " s halo"), s.x, s.baseline, words, s.how);
      return true;
    }
    return false;
  }
  /// Nothing is written there.
  void keep_free(int left, int top, int right, int bottom) { taken_.push_back({left, top, right, bottom}); }

  const std::string& body() const { return body_; }

 private:
  struct box {
    int left = 0, top = 0, right = 0, bottom = 0;
  };
  static std::string place(int x, int y, int w, int h) {
    return " x=\"" + of(x) + "\" y=\"" + of(y) + "\" width=\"" + of(w) + "\" height=\"" + of(h) + "\"";
  }
  // The width is bounded, and not measured: nobody knows the reader's font.
  static box box_of(int x, int baseline, std::string_view words, align how, bool bold) {
    const int wide = static_cast<int>(columns(words)) * (bold ? 84 : 75) / 10 + 1;
    const int left = how == align::start ? x : how == align::end ? x - wide : x - wide / 2;
    return {left, baseline - 11, left + wide, baseline + 3};
  }
  static bool overlap(const box& a, const box& b) {
    return a.left < b.right + 4 && b.left < a.right + 4 && a.top < b.bottom + 1 && b.top < a.bottom + 1;
  }
  void put(std::string_view kind, int x, int baseline, std::string_view words, align how) {
    add("<text x=\"" + of(x) + "\" y=\"" + of(baseline) + "\" class=\"" + std::string(kind) +
        (how == align::end      ? " e"
         : how == align::middle ? " c"
                                : "") +
        "\">" + escaped(words) + "</text>");
  }

  int width_;
  std::string body_;
  std::vector<box> taken_;
};

inline std::string minutes(int count) { return std::to_string(count) + (count == 1 ? " minute" : " minutes"); }
inline std::string number_word(std::size_t n) {
  constexpr const char* words[] = {"no", "one", "two", "three", "four", "five", "six"};
  return n < std::size(words) ? words[n] : std::to_string(n);
}

class drawing {
 public:
  drawing(const record& phone, const record& email, std::size_t questions, bool narrow)
      : phone_(phone), email_(email), questions_(questions), narrow_(narrow), on_(narrow ? 364 : 880) {
    left_ = narrow ? 52 : 92;
    const int usable = narrow ? 288 : 768;
    last_ = std::max(phone.end, email.end);
    span_ = last_ + std::max(2, last_ / 16);
    pixels_ = span_ <= usable ? usable / span_ : 0;
    if (pixels_ * span_ * 4 < usable * 3) pixels_ = 0;  // a fraction of one, rather than an empty quarter
    usable_ = usable;
  }

  std::string draw() {
    title();
    int y = panel(phone_, "By phone", "tandem::rendezvous", 104);
    on_.path("grid", "M20 " + of(y + 46) + "H" + of(right() + (narrow_ ? 4 : 0)));
    y = panel(email_, "By email", "tandem::mailbox", y + 66);
    for (const std::string& words : unnamed_) {
      y += unnamed_.front() == words ? 26 : 16;
      on_.text("m s", 20, y, words);
    }
    const int height = y + 22;
    std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + of(width()) + " " + of(height) +
                      "\" width=\"" + of(width()) + "\" height=\"" + of(height) +
                      "\" role=\"img\" aria-labelledby=\"phone-versus-email-t phone-versus-email-d\">\n";
    out += "<title id=\"phone-versus-email-t\">The same people and the same questions, by phone and by email</title>\n";
    out += "<desc id=\"phone-versus-email-d\">" + escaped(description()) + "</desc>\n";
    out += "<style>" + std::string(style) + "</style>\n" + std::string(definitions) + "\n";
    out +=
        "<rect class=\"bg\" x=\"0\" y=\"0\" width=\"" + of(width()) + "\" height=\"" + of(height) + "\" rx=\"8\"/>\n";
    return out + axis(height - 12) + on_.body() + "</svg>\n";
  }

  /// What the picture shows, in sentences.
  std::string description() const {
    const std::string ana = phone_.people.front();
    std::string text = "Two timelines with one clock, from 09:00 to " + time_of_day(last_) + ". ";
    const togetherness t = together(phone_);
    text += "By phone " + ana + " waits " + minutes(waited(phone_, 0)) +
            " for Ben in all; two of them are together for " + minutes(t.minutes) +
            ", with upright arrows between them, and the last answer is in " + ana + "'s hands at " +
            when_last(phone_) + ". ";
    if (!email_.stuck.empty()) {
      text += "By email each inbox has room for " + number_word(email_.room) + " only, and from " +
              time_of_day(email_.stuck_at) + " on nobody can move: ";
      for (std::size_t i = 0; i < email_.stuck.size(); ++i) {
        text += (i == 0 ? "" : ", ") + words_of(email_.stuck[i], email_);
      }
      return text + ".";
    }
    text += waited(email_, 0) == 0
                ? "By email " + ana + " posts " + number_word(questions_) + (questions_ == 1 ? " letter" : " letters") +
                      " and is free; slanted arrows lead to Ben, who reads and answers alone. "
                : "By email " + ana + " waits " + minutes(waited(email_, 0)) + " for room in Ben's inbox. ";
    text += "The last answer is in her hands at " + when_last(email_) + ". They are together for " +
            minutes(together(email_).minutes) + ".";
    return text;
  }

 private:
  int width() const { return narrow_ ? 364 : 880; }
  int right() const { return narrow_ ? 340 : 860; }
  int x(int minute) const {
    return left_ + (pixels_ > 0 ? minute * pixels_ : (2 * minute * usable_ + span_) / (2 * span_));
  }
  static int waited(const record& r, std::size_t who) { return minutes_of(mark::waiting, lane_of(r, who)); }
  std::string when_last(const record& r) const {
    const int minute = last_in_hand(r, 0, questions_);
    return minute < 0 ? "no time" : time_of_day(minute);
  }

  void title() {
    on_.text(narrow_ ? "h" : "t", 20, 34,
             narrow_
                 ? "Same questions. One type differs."
                 : "The same " + number_word(phone_.people.size()) + " people, the same " + number_word(questions_) +
                       (questions_ == 1 ? " question." : " questions.") + " One type differs.");
  }

  std::string axis(int bottom) const {
    canvas lines(width());
    int step = 1440;
    for (const int each : {1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720}) {
      if (x(each) - x(0) >= (narrow_ ? 56 : 80)) {
        step = each;
        break;
      }
    }
    for (int minute = 0; x(minute) <= right() - 20; minute += step) {
      lines.path("grid", "M" + of(x(minute)) + " 76V" + of(bottom));
      lines.text("m s", x(minute), 70, time_of_day(minute), align::middle);
    }
    return lines.body();
  }

  std::string figures_of(const record& r) const {
    const togetherness t = together(r);
    char tau[16];
    std::snprintf(tau, sizeof tau, "%.2f", t.tau);
    int shelf = 0, wait = 0;
    std::string waits;
    for (std::size_t who = 0; who < r.people.size(); ++who) {
      shelf += letter_minutes(r, who);
      const int his = waited(r, who);
      wait += his;
      if (his > 0) waits += (waits.empty() ? "" : ", ") + r.people[who] + " " + of(his) + "m";
    }
    if (r.people.size() > 2 || narrow_ || waits.empty()) waits = of(wait) + "m";
    return "waited " + waits + " · together " + of(t.minutes) + "m · " + (narrow_ ? "shelf " : "on the shelf ") +
           of(shelf) + "m · tau " + tau;
  }

  // Draws one run, its heading at that baseline. Returns where its last line is.
  int panel(const record& r, std::string_view name, std::string_view type, int heading) {
    on_.add("<text x=\"20\" y=\"" + of(heading) + "\"><tspan class=\"h\">" + std::string(name) +
            "</tspan><tspan class=\"o m\" dx=\"10\">" + escaped(type) + "</tspan></text>");
    if (narrow_) {
      on_.text("m s", 20, heading + 20, figures_of(r));
    } else {
      on_.text("m s", 856, heading, figures_of(r), align::end);
    }
    const std::size_t people = r.people.size();
    const int pitch = people > 4 ? 48 : people > 2 ? 58 : r.stores ? 112 : narrow_ ? 72 : 80;
    lanes_.clear();
    for (std::size_t who = 0; who < people; ++who) {
      lanes_.push_back(heading + (narrow_ ? 64 : 44) + static_cast<int>(who) * pitch);
    }
    is_stuck_ = r.stuck_at >= 0;
    wall_ = is_stuck_ ? x(r.stuck_at) : 0;
    below_ = 0;
    if (is_stuck_) draw_wall(r);

    draw_lanes(r);
    draw_shades(r);
    for (std::size_t who = 0; who < people; ++who) draw_bars(r, who);
    draw_letters(r);
    for (std::size_t who = 0; who < people; ++who) draw_flag(r, who);
    draw_labels(r);
    if (!r.stores) return lanes_.back() + (narrow_ ? 26 : 20);
    int y = lanes_.back() + 46 + below_;
    for (std::size_t i = 0; i < people; ++i) y = draw_shelf(r, i == 0 ? people - 1 : i - 1, y);
    return y - 20;
  }

  void draw_lanes(const record& r) {
    for (std::size_t who = 0; who < r.people.size(); ++who) {
      on_.path("own", "M" + of(left_) + " " + of(lanes_[who]) + "H" + of(is_stuck_ ? wall_ : right()));
      on_.text("b", left_ - 12, lanes_[who] + 5, r.people[who], align::end);
      on_.keep_free(left_, lanes_[who] - 9, is_stuck_ ? wall_ : right(), lanes_[who] + 9);
    }
  }

  void draw_shades(const record& r) {
    if (is_summed(r)) return;
    for (const meeting& m : r.meetings) {
      const int top = std::min(lanes_[m.one], lanes_[m.other]);
      const int bottom = std::max(lanes_[m.one], lanes_[m.other]);
      if (m.from < m.to) on_.rect("shade", x(m.from), top, x(m.to) - x(m.from), bottom - top);
    }
  }

  struct stretch {
    mark what = mark::own;
    int from = 0, to = 0;
  };
  static std::vector<stretch> stretches(const record& r, std::size_t who) {
    const lane minutes = lane_of(r, who);
    std::vector<stretch> found;
    for (int m = 0; m < r.end; ++m) {
      const mark what = minutes[static_cast<std::size_t>(m)];
      if (found.empty() || found.back().what != what) found.push_back({what, m, m});
      found.back().to = m + 1;
    }
    return found;
  }
  static stretch longest(const record& r, std::size_t who, mark what) {
    stretch best{what, 0, 0};
    for (const stretch& s : stretches(r, who)) {
      if (s.what == what && s.to - s.from > best.to - best.from) best = s;
    }
    return best;
  }

  // Of many messages no single one can be seen: a lane becomes columns, whose parts are shares of the time.
  static bool is_summed(const record& r) { return r.letters.size() > most_arrows; }
  static constexpr int column = 8;

  void draw_shares(const record& r, std::size_t who) {
    constexpr int height = 24;
    const lane minutes = lane_of(r, who);
    const std::array kinds{std::pair{mark::together, "tog"}, std::pair{mark::waiting, "wait"},
                           std::pair{mark::alone, "alone"}};
    std::array<std::string, kinds.size()> paths;
    for (int from = left_; from < x(r.end); from += column) {
      int all = 0;
      std::array<int, kinds.size()> of_kind{};
      for (int m = minute_at(from); m < std::min(minute_at(from + column), r.end); ++m) {
        ++all;
        for (std::size_t k = 0; k < kinds.size(); ++k) {
          of_kind[k] += minutes[static_cast<std::size_t>(m)] == kinds[k].first ? 1 : 0;
        }
      }
      int bottom = lanes_[who] + height / 2;
      for (std::size_t k = 0; k < kinds.size() && all > 0; ++k) {
        const int high = of_kind[k] * height / all;
        if (high > 0) paths[k] += "M" + of(from) + " " + of(bottom) + "v-" + of(high) + "h8v" + of(high) + "z";
        bottom -= high;
      }
    }
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      if (!paths[k].empty()) on_.path(kinds[k].second, paths[k]);
    }
    if (who == 0) add_to_legend("a column: shares of its time; blue: together");
  }
  int minute_at(int pixel) const {
    const int offset = pixel - left_;
    return pixels_ > 0 ? (offset + pixels_ - 1) / pixels_ : (offset * span_ + usable_ - 1) / usable_;
  }

  void draw_bars(const record& r, std::size_t who) {
    if (is_summed(r)) return draw_shares(r, who);
    const int top = lanes_[who] - 8;
    const auto between = [](const stretch& s) { return ", " + time_of_day(s.from) + " to " + time_of_day(s.to); };
    const std::string& name = r.people[who];
    for (const stretch& s : stretches(r, who)) {
      const int from = x(s.from);
      const int wide = std::max(1, x(s.to) - from);
      if (s.what == mark::waiting) {
        on_.rect("wait", from, top, wide, 16, name + " waits" + between(s));
      } else if (s.what == mark::together) {
        on_.rect("tog", from, top, wide, 16, name + ", together with another" + between(s));
      } else if (s.what == mark::alone) {
        on_.rect("alone", from, top, wide, 16, name + " reads and answers, alone" + between(s));
        if (wide > 4) on_.dots(from + 1, top + 2, wide - 2, 12);
      }
    }
    // what took no time, in time of one's own
    int before = -1;
    for (const entry& e : r.days[who]) {
      if (e.from != e.to || (e.what != activity::sending && e.what != activity::receiving) || e.from == before)
        continue;
      if (e.letter >= r.letters.size() || r.letters[e.letter].met) continue;
      before = e.from;
      on_.rect("alone", x(e.from), top, 3, 16);
    }
    if (r.interruptions[who] > 0) draw_interruption(r, who);
  }

  // Two slashes: time of one's own was cut short.
  void draw_interruption(const record& r, std::size_t who) {
    for (const entry& e : r.days[who]) {
      if (e.what != activity::own || e.from == e.to) continue;
      const int at = x(e.to) - 3;
      on_.path("hl",
               "M" + of(at) + " " + of(lanes_[who] - 6) + "l-5 12M" + of(at - 4) + " " + of(lanes_[who] - 6) + "l-5 12",
               r.people[who] + " leaves his " + e.name);
      return;
    }
  }

  // So many arrows are drawn one by one; of more, the first and the last.
  static constexpr std::size_t most_arrows = 120, some_arrows = 6;
  bool is_drawn(const record& r, std::size_t which) const {
    return r.letters.size() <= most_arrows || which < some_arrows || which + some_arrows >= r.letters.size();
  }

  void draw_letters(const record& r) {
    for (std::size_t i = 0; i < r.letters.size(); ++i) {
      if (is_drawn(r, i)) r.stores ? draw_kept(r.letters[i]) : draw_met(r.letters[i]);
    }
    if (r.letters.size() > most_arrows) {
      const std::string words =
          of(2 * static_cast<int>(some_arrows)) + " of " + of(static_cast<int>(r.letters.size())) + " arrows are drawn";
      static_cast<void>(on_.label("m", words, std::array{canvas::spot{right() - 4, lanes_.back() + 26, align::end}}));
    }
  }
  static std::string called(const letter& l) {
    return std::string(l.is_answer ? "answer " : "question ") + std::to_string(l.number + 1);
  }

  void draw_met(const letter& l) {
    if (!l.was_taken()) return;
    const int at = std::clamp(x(l.taken) + (l.is_answer ? -3 : 3), left_ + 1, right() - 1);
    const bool down = lanes_[l.to] > lanes_[l.from];
    on_.path("met",
             "M" + of(at) + " " + of(lanes_[l.from] + (down ? 9 : -9)) + "V" + of(lanes_[l.to] + (down ? -9 : 9)),
             called(l) + ", handed over at " + time_of_day(l.taken), "am");
    const auto [top, bottom] = std::minmax(lanes_[l.from], lanes_[l.to]);
    on_.keep_free(at - 1, top + 9, at + 1, bottom - 9);
  }

  void draw_kept(const letter& l) {
    if (!l.was_sent()) return;
    const bool down = lanes_[l.to] > lanes_[l.from];
    const int from_x = l.was_taken() ? std::min(x(l.posted) + 2, x(l.taken)) : x(l.posted) + 2;
    const int from_y = lanes_[l.from] + (down ? 9 : -9);
    const int to_y = lanes_[l.to] + (down ? -9 : 9);
    const std::string start = "M" + of(from_x) + " " + of(from_y);
    if (l.was_taken()) {
      on_.path("kept", start + "L" + of(x(l.taken)) + " " + of(to_y),
               called(l) + ": posted " + time_of_day(l.posted) + ", taken " + time_of_day(l.taken), "ak");
    } else if (is_stuck_) {
      const int end_x = std::min(from_x + 34, wall_ - 9);
      const int end_y = from_y + (to_y - from_y) / 3;
      on_.path("kept", start + "L" + of(end_x) + " " + of(end_y), called(l) + ": nobody will take it");
      on_.path("env", "M" + of(end_x - 7) + " " + of(end_y - 5) + "h14v10h-14zl7 6l7-6");
      static_cast<void>(on_.label("kt", l.name() + ": nobody will take it",
                                  std::array{canvas::spot{end_x + 14, end_y + 4}, canvas::spot{end_x + 14, end_y + 16},
                                             canvas::spot{end_x - 14, end_y + 4, align::end}}));
    }
  }

  void draw_flag(const record& r, std::size_t who) {
    if (who + 1 == r.people.size()) return;
    const int last = last_in_hand(r, who, questions_);
    if (last < 0) return;
    const int at = x(last);
    on_.path("flag", "M" + of(at) + " " + of(lanes_[who] - 8) + "v-20h10l-3 4l3 4h-8v12z",
             "the last answer is in " + r.people[who] + "'s hands, " + time_of_day(last));
    on_.keep_free(at, lanes_[who] - 28, at + 10, lanes_[who] - 8);
    const std::string words = (narrow_ ? "last answer, " : "last answer in hand, ") + time_of_day(last);
    static_cast<void>(on_.label(
        "", words,
        std::array{canvas::spot{at + 16, lanes_[who] - 15}, canvas::spot{at - 6, lanes_[who] - 15, align::end}}, true));
  }

  // The longest of each kind of mark is named, which replaces a legend. A kind that has no room is named at the bottom.
  void draw_labels(const record& r) {
    if (is_summed(r)) return;
    const std::size_t answerer = r.people.size() - 1;
    const auto above = [&](std::size_t who, const stretch& s) {
      return std::array{canvas::spot{x(s.from), lanes_[who] - 16}, canvas::spot{x(s.from) + 8, lanes_[who] - 16},
                        canvas::spot{x(s.to), lanes_[who] - 16, align::end}};
    };
    const auto name = [&](std::string_view kind, std::size_t who, mark what, const std::string& words,
                          const char* in_the_legend) {
      const stretch s = longest(r, who, what);
      if (s.from == s.to || words.empty()) return;
      if (!on_.label(kind, words + " " + of(s.to - s.from) + "m", above(who, s))) add_to_legend(in_the_legend);
    };
    for (std::size_t who = 0; who < answerer && who < 3; ++who) {
      name("wt", who, mark::waiting, r.stores ? "waits for room" : "waits", "hatched: waiting");
    }
    name("tt", 0, mark::together, "together", "blue: together");
    if (r.stores && waited(r, 0) == 0) {
      static_cast<void>(on_.label(
          "", narrow_ ? "posts " + number_word(questions_) : "posts " + number_word(questions_) + ", and is free",
          std::array{canvas::spot{left_, lanes_[0] - 16}}, true));
    }
    if (r.stores && !is_stuck_) {
      const stretch own = longest(r, 0, mark::own);
      const int middle = (x(own.from) + x(own.to)) / 2;
      static_cast<void>(on_.label("m",
                                  narrow_ ? "her own time" : "her own time: the garden, " + of(own.to - own.from) + "m",
                                  std::array{canvas::spot{middle, lanes_[0] - 16, align::middle}}));
    }
    {  // the one who answers, below
      const int below = lanes_[answerer] + 26;
      const stretch alone = longest(r, answerer, mark::alone);
      if (alone.from < alone.to) {
        const std::string words =
            (narrow_ ? "answers alone, " : "reads and answers alone, ") + of(alone.to - alone.from) + "m";
        if (!on_.label("m", words,
                       std::array{canvas::spot{x(alone.from), below}, canvas::spot{x(alone.to), below, align::end}})) {
          add_to_legend("dotted: engaged alone");
        }
      }
      const stretch wait = longest(r, answerer, mark::waiting);
      if (wait.from < wait.to) {
        const std::string words = "waits " + of(wait.to - wait.from) + "m";
        if (!on_.label("wt", words,
                       std::array{canvas::spot{x(wait.from), below}, canvas::spot{x(wait.from) + 8, below},
                                  canvas::spot{x(wait.to), below, align::end}})) {
          add_to_legend("hatched: waiting");
        }
      }
      for (const entry& e : r.days[answerer]) {
        if (e.what != activity::own || e.from == e.to) continue;
        const bool cut = r.interruptions[answerer] > 0;
        const int at = cut ? x(e.to) : left_ + 2;
        static_cast<void>(on_.label("m", cut ? "leaves his " + e.name : e.name, std::array{canvas::spot{at, below}}));
        break;
      }
    }
    name_letters(r);
  }

  void name_letters(const record& r) {
    if (r.letters.size() > most_arrows) return;
    for (const letter& l : r.letters) {
      if (!l.was_taken()) continue;
      const int top = std::min(lanes_[l.from], lanes_[l.to]), bottom = std::max(lanes_[l.from], lanes_[l.to]);
      if (l.met) {
        const int at = x(l.taken);
        if (l.is_answer) {
          static_cast<void>(on_.label("tt", l.name(), std::array{canvas::spot{at - 9, bottom - 27, align::end}}));
        } else {
          static_cast<void>(on_.label("tt", l.name(), std::array{canvas::spot{at + 9, top + 36}}));
        }
      } else if (l.is_answer ? l.number + 1 == questions_ : l.number == 0) {  // the first that went, the last that came
        const int at = (x(l.posted) + x(l.taken)) / 2;
        const int middle = (top + bottom) / 2;
        static_cast<void>(
            on_.label("kt", l.name(),
                      std::array{canvas::spot{at - 10, middle + 4, align::end}, canvas::spot{at + 10, middle + 16},
                                 canvas::spot{at - 10, middle + 16, align::end}}));
      }
    }
  }

  void add_to_legend(const char* words) {
    if (std::ranges::find(unnamed_, words) == unnamed_.end()) unnamed_.emplace_back(words);
  }

  // The wall at which time stops; beside it, or below, who waits for whom, and arrows that say the same.
  void draw_wall(const record& r) {
    on_.path("crown", "M" + of(wall_) + " " + of(lanes_.front() - 26) + "V" + of(lanes_.back() + 26),
             "nobody can move any more");
    on_.keep_free(wall_ - 2, lanes_.front() - 26, wall_ + 2, lanes_.back() + 26);
    int at = wall_ + 14;
    for (const holding& h : r.stuck) {
      const int from = lanes_[h.who], to = lanes_[h.whom];
      if (from == to || at > right() - 8) continue;
      on_.path("crown thin", "M" + of(at) + " " + of(from) + "V" + of(to + (to > from ? -4 : 4)), words_of(h, r), "ac");
      at += 14;
    }
    on_.keep_free(wall_, lanes_.front() - 9, at, lanes_.back() + 9);
    const std::string first = "nobody can move any more";
    int widest = static_cast<int>(columns(first)) * 84 / 10;
    for (const holding& h : r.stuck) widest = std::max(widest, static_cast<int>(columns(words_of(h, r))) * 75 / 10);
    const int height = 18 * static_cast<int>(r.stuck.size());
    const bool beside = at + 8 + widest < right();
    if (!beside) below_ = height + 22;
    int y = beside ? (lanes_.front() + lanes_.back()) / 2 - height / 2 : lanes_.back() + 46;
    const int left = beside ? at + 8 : 20;
    on_.text("ct b s", left, y, first);
    for (const holding& h : r.stuck) {
      y += 18;
      on_.text("s halo", left, y, words_of(h, r));
    }
  }

  // One person's inbox: letters on the lowest free row. Returns where the next may begin.
  int draw_shelf(const record& r, std::size_t who, int heading) {
    on_.text("m s", 20, heading,
             "letters lying in " + r.people[who] + "'s inbox: " + of(letter_minutes(r, who)) + " letter-minutes");
    struct lying {
      int from = 0, to = 0, step = 0;
      std::string name;
    };
    std::vector<lying> letters;
    for (const letter& l : r.letters) {
      if (l.to != who || !l.was_sent() || l.met) continue;
      const int to = l.was_taken() ? l.taken : r.end;
      if (to > l.posted) {
        letters.push_back({l.posted, to, l.posted_step,
                           called(l) + " lay " + minutes(to - l.posted) + " in " + r.people[who] + "'s inbox"});
      }
    }
    std::ranges::sort(letters, {}, &lying::step);
    std::vector<int> free_from;  // of each row
    std::vector<std::size_t> rows;
    for (const lying& l : letters) {
      std::size_t row = 0;
      while (row < free_from.size() && free_from[row] > l.from) ++row;
      if (row == free_from.size()) free_from.push_back(0);
      free_from[row] = l.to;
      rows.push_back(row);
    }
    constexpr std::size_t most_rows = 8;
    const bool summed = free_from.size() > most_rows;
    const int height = summed ? 48 : std::max(1, static_cast<int>(free_from.size())) * 6;
    const int base = heading + 8 + height;
    if (summed) {
      draw_depth(r, who, base, height);
    } else {
      for (std::size_t i = 0; i < letters.size(); ++i) {
        const int from = x(letters[i].from);
        on_.rect("shelf", from, base - 5 - static_cast<int>(rows[i]) * 6, std::max(1, x(letters[i].to) - from), 4,
                 letters[i].name);
      }
    }
    on_.path("grid", "M" + of(left_) + " " + of(base + 1) + "H" + of(is_stuck_ ? wall_ : right()));
    if (!summed && r.room < questions_ && free_from.size() >= r.room) {
      const int full = base - static_cast<int>(r.room) * 6 - 1;
      on_.path("full", "M" + of(left_) + " " + of(full) + "H" + of(is_stuck_ ? wall_ : right()), "full");
      static_cast<void>(
          on_.label("wt", "room for " + number_word(r.room),
                    std::array{canvas::spot{is_stuck_ ? wall_ + 8 : right() - 4, is_stuck_ ? full + 5 : full - 5,
                                            is_stuck_ ? align::start : align::end}}));
    }
    return base + 22;
  }

  // A deep pile as steps: how many lay there, minute by minute.
  void draw_depth(const record& r, std::size_t who, int base, int height) {
    const std::vector<int> depth = inbox_of(r, who);
    const int deepest = *std::ranges::max_element(depth);
    std::string d = "M" + of(x(0)) + " " + of(base);
    int before = 0;
    constexpr int step = 4;  // pixels
    for (int from = left_; from < x(r.end); from += step) {
      int now = 0;
      for (int m = minute_at(from); m < std::min(std::max(minute_at(from + step), minute_at(from) + 1), r.end); ++m) {
        now = std::max(now, depth[static_cast<std::size_t>(m)]);
      }
      if (now == before) continue;
      d += "H" + of(from) + "V" + of(base - now * height / deepest);
      before = now;
    }
    on_.path("shelf", d + "H" + of(x(r.end)) + "V" + of(base) + "z", "at most " + of(deepest) + " letters");
  }

  const record& phone_;
  const record& email_;
  std::size_t questions_;
  bool narrow_;
  canvas on_;
  int left_ = 0, usable_ = 0, last_ = 0, span_ = 0, pixels_ = 0;
  std::vector<int> lanes_;
  bool is_stuck_ = false;
  int wall_ = 0;
  int below_ = 0;  // what the words of those who are stuck need below the lanes
  std::vector<std::string> unnamed_;
};

}  // namespace detail

/// Both runs as an SVG, 880 pixels wide, or 364.
inline std::string picture(const record& phone, const record& email, std::size_t questions, bool narrow) {
  return detail::drawing(phone, email, questions, narrow).draw();
}

}  // namespace story
