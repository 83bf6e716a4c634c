// The same people, the same questions, once by phone and once by email. One type differs.
//
//   phone_versus_email [options] [file with questions]        --help lists the options
//
// What Ana does and what Ben does is written once, below, for any channel. Everything that is printed was measured:
// they are real threads, on a clock that runs fast.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <tandem/tandem.hpp>

#include "support/ledger.hpp"
#include "support/options.hpp"
#include "support/picture.hpp"
#include "support/report.hpp"
#include "support/screen.hpp"
#include "support/script.hpp"
#include "support/timeline.hpp"

namespace {

// [letters]
struct question {
  std::size_t asker;  // so that the answer finds its way
  std::size_t number;
  std::string text;
};

struct answer {
  std::size_t number;
  std::string text;
};
// [/letters]

// [conversation]
// What one of those who ask has of it: an end of each line. Channel is the one type that differs.
template <template <class> class Channel>
struct conversation {
  story::end<Channel<question>> questions;
  story::end<Channel<answer>> answers;

  // What a successful send tells the sender: that he has it, or only that it is on its way.
  static constexpr bool he_has_it = tandem::confirms<Channel<question>, tandem::receipt::received>;
};
// [/conversation]

// What Ben has of it: one line on which all ask, and a line back to each of them.
template <template <class> class Channel>
struct office {
  story::end<Channel<question>> questions;
  std::vector<story::end<Channel<answer>>> answers;
};

// The longer the answer, the longer Ben needs to find it.
int minutes_to_answer(const std::string& text) {
  int words = 1;
  for (const char c : text) words += c == ' ' ? 1 : 0;
  return words < 8 ? 2 : words < 12 ? 3 : 4;
}

// [ana]
// Ana asks. If she knows that Ben has her question, she stays for his answer; if it is only on its way to him, she asks
// the rest, has her day, and looks for answers later.
template <class Conversation>
std::vector<std::string> ana(Conversation with_ben, const story::script& script, int in_the_garden, story::diary& day) {
  std::vector<std::string> answers(script.size());
  std::size_t in_hand = 0;
  const auto keep = [&](answer a) {
    answers[a.number] = std::move(a.text);
    ++in_hand;
  };
  for (std::size_t i = 0; i < script.size(); ++i) {
    if (!with_ben.questions.send({day.who(), i, script[i].question})) break;
    if constexpr (Conversation::he_has_it) {
      if (auto his = with_ben.answers.receive()) keep(*std::move(his));
    }
  }
  with_ben.questions.close();  // no more questions
  while (in_hand < script.size() && day.live("garden", in_the_garden)) {
    while (auto letter = with_ben.answers.try_receive()) keep(*std::move(letter));
  }
  return answers;
}
// [/ana]

// [ben]
// Ben is cooking. Then he takes one question after the other, until there are no more.
template <class Office>
void ben(Office with_all, const story::script& script, int busy, story::diary& day) {
  day.live("cooking", busy);
  while (auto asked = with_all.questions.receive()) {
    const std::string& reply = script[asked->number].answer;
    day.work(minutes_to_answer(reply));
    if (!with_all.answers[asked->asker].send({asked->number, reply})) return;
  }
}
// [/ben]

// What is the same in both runs.
struct stage {
  story::script script;
  story::options chosen;
  std::vector<std::string> people;  // Ben is the last
  story::story_clock::real_time minute;
  story::scale scale;
  story::screen screen;
};

// The lines of a run. One that takes longer than was expected has a ruler, and a scale, of its own.
std::vector<std::string> lines_of(const char* medium, const story::record& record, const stage& on) {
  std::vector<std::string> lines;
  story::scale scale = on.scale;
  if (scale.column(record.end) >= on.screen.width - story::name_columns) {
    scale = story::scale_for(record.end, on.screen.width - story::name_columns);
    lines.push_back(story::ruler(scale, on.screen.width));
  }
  for (auto& line : story::panel(medium, record, on.script.size(), scale, on.screen)) lines.push_back(std::move(line));
  return lines;
}

void show(const char* medium, const story::record& record, const stage& on, story::growing& drawing) {
  auto lines = lines_of(medium, record, on);
  for (auto& line : story::below_panel(record, on.screen)) lines.push_back(std::move(line));
  drawing.draw(lines);
}

// Draws the run while it goes on, if somebody can see that; returns when all are gone.
void watch(const char* medium, const story::ledger& book, const stage& on, story::growing& drawing) {
  if (!on.screen.live) return;
  const auto column = on.minute * on.scale.minutes / on.scale.columns;
  const auto pause =
      std::clamp<story::story_clock::real_time>(column, std::chrono::milliseconds(30), std::chrono::seconds(1));
  while (!book.all_are_gone()) {
    drawing.draw(lines_of(medium, book.so_far(), on));
    tandem::sleep_for(pause);
  }
}

struct run {
  story::record record;
  std::vector<std::string> answers;  // in Ana's hands
};

// [play]
// All of them at once, on a thread each.
template <template <class> class Channel, class... Room>
run play(const char* medium, const stage& on, Room... room) {
  const std::size_t askers = on.people.size() - 1;
  const std::size_t ben_is = askers;
  std::vector<std::size_t> all_askers(askers);
  std::iota(all_askers.begin(), all_askers.end(), std::size_t{0});

  Channel<question> questions(room...);
  std::vector<std::unique_ptr<Channel<answer>>> answers(askers);  // a line back to each
  for (auto& line : answers) line = std::make_unique<Channel<answer>>(room...);

  story::ledger book(on.people, on.script.size(), story::story_clock(on.minute), sizeof...(room) != 0,
                     (std::size_t{0} + ... + room));
  const std::size_t line = book.add_line(all_askers, {ben_is});
  office<Channel> bens{{questions, book, line, ben_is}, {}};
  std::vector<conversation<Channel>> conversations;
  for (std::size_t who = 0; who < askers; ++who) {
    const std::size_t back = book.add_line({ben_is}, {who});
    bens.answers.push_back({*answers[who], book, back, ben_is, who});
    conversations.push_back({{questions, book, line, who}, {*answers[who], book, back, who, who}});
  }

  run result;
  story::growing drawing;
  {
    std::vector<tandem::thread> lives;
    lives.emplace_back([&] {
      story::diary day(book, ben_is);
      ben(bens, on.script, on.chosen.ben_busy, day);
    });
    for (std::size_t who = 0; who < askers; ++who) {
      lives.emplace_back([&, who] {
        story::diary day(book, who);
        auto in_hand = ana(conversations[who], on.script, on.chosen.garden, day);
        if (who == 0) result.answers = std::move(in_hand);
      });
    }
    watch(medium, book, on, drawing);
  }
  result.record = book.so_far();
  if (on.screen.live) show(medium, result.record, on, drawing);
  return result;
}
// [/play]

// How long the longer run will take, in minutes of the story, if nobody gets stuck.
int expected_minutes(const story::script& script, const story::options& chosen) {
  int talk = 0;
  for (const auto& e : script) talk += minutes_to_answer(e.answer);
  talk = chosen.ben_busy + talk * static_cast<int>(chosen.people - 1);
  const int looks = (talk + chosen.garden - 1) / chosen.garden;
  return std::max(talk, looks * chosen.garden);
}

// A story minute is 40 milliseconds, or less, so that a long conversation takes no more than four seconds either.
story::story_clock::real_time real_minute(int minutes, const story::options& chosen) {
  if (chosen.real_time) return std::chrono::minutes(1);
  const double seconds = std::min(0.040, 4.0 / std::max(minutes, 1)) / chosen.speed;
  return story::story_clock::real_time(std::max(seconds, 0.001));  // shorter than that, and all is noise
}

void print_stuck(const stage& on, const story::record& email) {
  std::string text = "By email nobody can move any more. ";
  for (const story::holding& h : email.stuck) {
    const std::string name = h.sends && h.letter < email.letters.size() ? email.letters[h.letter].name() : "";
    text += email.people[h.who] +
            (h.sends ? " stands at " + email.people[h.whom] + "'s full inbox with " + name
                     : " waits for a letter from " + email.people[h.whom]) +
            " since " + story::time_of_day(h.since) + ". ";
  }
  const std::string room = email.room == 1 ? "one letter" : std::to_string(email.room) + " letters";
  text += "Whoever waits for room does not read, and so makes none. An inbox with room for " + room +
          " keeps its sender as a phone does, but nobody picks up. More room helps (--capacity " +
          std::to_string(on.script.size() * (on.people.size() - 1)) +
          "); or a select, which waits for room and for letters at once.";
  std::puts("");
  story::print_paragraph(text, on.screen);
}

// "Ana 12m and Ben 82m", or nothing.
std::string waits_in(const story::record& r) {
  std::vector<std::string> those;
  for (std::size_t who = 0; who < r.people.size(); ++who) {
    const int minutes = story::minutes_of(story::mark::waiting, story::lane_of(r, who));
    if (minutes > 0) those.push_back(r.people[who] + " " + std::to_string(minutes) + "m");
  }
  return those.empty() ? "" : story::names_of(those);
}

void print_closing(const stage& on, const story::record& phone, const story::record& email) {
  const auto last = [&](const story::record& r) {
    int minute = -1;
    for (std::size_t who = 0; who + 1 < r.people.size(); ++who) {
      minute = std::max(minute, story::last_in_hand(r, who, on.script.size()));
    }
    return story::time_of_day(minute);
  };
  if (email.stuck.empty()) {
    const bool two = on.people.size() == 2;
    const std::string by_phone = waits_in(phone), by_email = waits_in(email);
    std::string text = "By phone people waited for each other";
    text += by_phone.empty() ? ", but nobody had to for long" : ": " + by_phone;
    text += phone.interruptions.back() > 0 ? ". Ben left his cooking, and " : ". Ben came, and ";
    text += two ? "they were together until the last answer, at " : "was with one after the other until ";
    text += last(phone) + ". By email ";
    text += by_email.empty()
                ? "letters were kept, and nobody waited: each kept to their own time"
                : "the inboxes were full now and then, and people waited for room or for letters: " + by_email;
    text += (two ? ". The last answer was in Ana's hands at " : ". The last answer of all was in hand at ") +
            last(email) + ".";
    std::puts("");
    story::print_paragraph(text, on.screen);
  }
  std::puts("");
  story::print_paragraph(
      "Both runs are the same code: ana() and ben() in examples/phone_versus_email.cpp. One type differs, "
      "tandem::rendezvous or tandem::mailbox. And ana() has one `if`: she asks that type what a successful send has "
      "told her, its receipt. `received`: Ben has it, so she stays for his answer. `stored`: it is on its way, so she "
      "goes on.",
      on.screen);
}

void write_picture(const stage& on, const story::record& phone, const story::record& email) {
  if (on.chosen.picture.empty()) return;
  const std::string drawn = story::picture(phone, email, on.script.size(), on.chosen.narrow);
  std::ofstream out(on.chosen.picture, std::ios::binary);
  out << drawn;
  out.close();
  if (!out) throw std::runtime_error(on.chosen.picture + ": cannot be written");
}

stage prepare(story::script script, const story::options& chosen) {
  const int minutes = expected_minutes(script, chosen);
  stage on{std::move(script), chosen, {}, real_minute(minutes, chosen), {}, story::this_screen()};
  for (const char* name : {"Ana", "Cai", "Dan", "Eva", "Fay"}) {
    if (on.people.size() + 1 < chosen.people) on.people.emplace_back(name);
  }
  on.people.emplace_back("Ben");
  on.scale = story::scale_for(minutes, on.screen.width - story::name_columns - 2);
  return on;
}

void phone_versus_email(story::script script, const story::options& chosen) {
  stage on = prepare(std::move(script), chosen);
  const std::size_t room = chosen.capacity != 0 ? chosen.capacity : on.script.size() * (on.people.size() - 1);
  if (on.screen.live) std::puts(story::ruler(on.scale, on.screen.width).c_str());
  // [two_runs]
  const run phone = play<tandem::rendezvous>("PHONE", on);
  const run email = play<tandem::mailbox>("EMAIL", on, room);
  // [/two_runs]
  if (!on.screen.live) {  // all at once, and both on one scale
    on.scale =
        story::scale_for(std::max(phone.record.end, email.record.end), on.screen.width - story::name_columns - 2);
    std::puts(story::ruler(on.scale, on.screen.width).c_str());
    story::growing once, once_more;
    show("PHONE", phone.record, on, once);
    show("EMAIL", email.record, on, once_more);
  }
  story::print_legend(on.screen);
  story::print_answers(on.script, phone.record, email.record, phone.answers, on.screen);
  if (!email.record.stuck.empty()) print_stuck(on, email.record);
  print_closing(on, phone.record, email.record);
  write_picture(on, phone.record, email.record);
}

void print_probe(const char* medium, tandem::status sent, int rings, const question& asked) {
  const std::string outcome(sent.name());
  std::printf("%s  try_send_for(question, 5 rings): %s, after %d ring%s\n", medium, outcome.c_str(), rings,
              rings == 1 ? "" : "s");
  if (sent) {
    std::printf("       Ana left on Monday at %s. Ben was not there.\n", story::time_of_day(rings / 10).c_str());
  } else {
    std::printf("       No answer after %d rings. Nothing was delivered.\n", rings);
    std::printf("       Ana still has her question: %s\n", story::fitted(asked.text, 33).c_str());
  }
}

void print_return(int day, const tandem::result<question>& found) {
  const std::string outcome(found.error().name());
  std::printf("       Ben looked on %s, try_receive(): %s%s\n", story::day_of_week(day), outcome.c_str(),
              found ? ". Delivered." : "");
}

// [absent_receiver]
// The absent-receiver probe: nobody is there to receive. Can a send still succeed?
template <class Channel>
void probe(const char* medium, Channel& channel, question asked, const story::options& chosen) {
  using story::story_clock;
  const auto ring = chosen.real_time ? std::chrono::seconds(6) : story_clock::real_time(0.1 / chosen.speed);
  const auto day = chosen.real_time ? std::chrono::days(1) : story_clock::real_time(0.25 / chosen.speed);
  const story_clock rings(ring);
  const tandem::status sent = channel.try_send_for(std::move(asked), 5 * ring);
  print_probe(medium, sent, rings.now(), asked);  // a send that failed has left the question alone

  const story_clock days(day);
  days.sleep_until(3);  // Ana is long gone. Now Ben is back, and looks.
  const tandem::result<question> found = channel.try_receive();
  print_return(days.now(), found);
}
// [/absent_receiver]

void ben_away(const story::script& script, const story::options& chosen) {
  const question asked{0, 0, script.front().question};
  std::printf("Ben is away. Ana asks: %s\n\n", story::fitted(asked.text, 53).c_str());
  tandem::rendezvous<question> phone;
  tandem::mailbox<question> email(1);
  probe("PHONE", phone, asked, chosen);
  probe("EMAIL", email, asked, chosen);
  std::puts("");
  story::print_paragraph(
      "That is the test. If a send can succeed while nobody is there to receive, the mode is asynchronous; if it "
      "cannot, it is synchronous.",
      story::this_screen());
}

int run_demo(int argc, char** argv) {
  const auto chosen = story::parse_options(argc, argv);
  if (chosen.help) {
    std::fputs(std::string(story::help).c_str(), stdout);
    return EXIT_SUCCESS;
  }
  auto script = story::read_script(chosen.file);
  if (chosen.ben_away) {
    ben_away(script, chosen);
  } else {
    phone_versus_email(std::move(script), chosen);
  }
  if (std::fflush(stdout) != 0) throw std::runtime_error("the output cannot be written");
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_demo(argc, argv);
  } catch (const story::misused& mistake) {
    std::fprintf(stderr, "phone_versus_email: %s; try --help\n", mistake.what());
    return 2;
  } catch (const std::exception& trouble) {
    std::fprintf(stderr, "phone_versus_email: %s\n", trouble.what());
    return 1;
  }
}
