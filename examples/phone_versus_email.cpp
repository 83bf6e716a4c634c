// The same people, the same questions, once by phone and once by email. One type differs.
//
//   phone_versus_email [--ben-away] [--speed N | --real-time] [file with questions]
//
// What Ana does and what Ben does is written once, below, for any channel. Everything that is printed was measured:
// both are real threads, on a clock that runs fast.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <tandem/tandem.hpp>

#include "support/diary.hpp"
#include "support/options.hpp"
#include "support/report.hpp"
#include "support/script.hpp"

namespace {

// [letters]
struct question {
  std::size_t number;
  std::string text;
};

struct answer {
  std::size_t number;
  std::string text;
};
// [/letters]

// [conversation]
// Two people and what is between them. Channel is the one type that differs.
template <template <class> class Channel>
struct conversation {
  Channel<question> questions;
  Channel<answer> answers;

  // a mailbox wants to know how many letters it holds; a rendezvous holds none
  template <class... Room>
  explicit conversation(Room... room) : questions(room...), answers(room...) {}

  // What a successful send tells the sender: that he has it, or only that it is on its way.
  static constexpr bool he_has_it = tandem::confirms<Channel<question>, tandem::receipt::received>;
};
// [/conversation]

constexpr int minutes_until_ben_is_free = 4;
constexpr int minutes_in_the_garden = 45;

// The longer the answer, the longer Ben needs to find it.
int minutes_to_answer(const std::string& text) {
  int words = 1;
  for (const char c : text) words += c == ' ' ? 1 : 0;
  return words < 8 ? 2 : words < 12 ? 3 : 4;
}

// [ana]
// Ana asks. If she knows that Ben has her question, she stays for his answer; if it is only on its way to him,
// she asks the rest, has her day, and looks for answers later.
template <class Conversation>
std::vector<story::answer_in_hand> ana(Conversation& with_ben, const story::script& script, story::diary& day) {
  std::vector<story::answer_in_hand> answers(script.size());
  std::size_t in_hand = 0;
  const auto keep = [&](answer a) {
    answers[a.number] = {std::move(a.text), day.now()};
    ++in_hand;
  };
  for (std::size_t i = 0; i < script.size(); ++i) {
    const auto asked = day.sending([&] { return with_ben.questions.send({i, script[i].question}); });
    if (!asked) break;
    if (with_ben.he_has_it) keep(*day.receiving([&] { return with_ben.answers.receive(); }));
  }
  with_ben.questions.close();  // no more questions
  while (in_hand < script.size()) {
    day.live("garden", minutes_in_the_garden);
    while (auto letter = day.receiving([&] { return with_ben.answers.try_receive(); })) keep(std::move(*letter));
  }
  return answers;
}
// [/ana]

// [ben]
// Ben is cooking. Then he takes one question after the other, until there are no more.
template <class Conversation>
void ben(Conversation& with_ana, const story::script& script, story::diary& day) {
  day.live("cooking", minutes_until_ben_is_free);
  while (auto asked = day.receiving([&] { return with_ana.questions.receive(); })) {
    const std::string& reply = script[asked->number].answer;
    day.work(minutes_to_answer(reply));
    const auto sent = day.sending([&] { return with_ana.answers.send({asked->number, reply}); });
    if (!sent) return;
  }
}
// [/ben]

// [play]
// Both of them at once, on a thread each.
template <class Conversation, class... Room>
story::run play(const story::script& script, story::story_clock::real_time minute, Room... room) {
  Conversation between_them(room...);
  const story::story_clock clock(minute);
  story::run day{story::diary(clock), story::diary(clock), {}};
  {
    tandem::thread ben_lives([&] { ben(between_them, script, day.ben); });
    tandem::thread ana_lives([&] { day.answers = ana(between_them, script, day.ana); });
  }
  return day;
}
// [/play]

// A story minute is 40 milliseconds, or less, so that a long conversation takes no more than four seconds either.
story::story_clock::real_time real_minute(const story::script& script, const story::options& chosen) {
  if (chosen.real_time) return std::chrono::minutes(1);
  int talk = minutes_until_ben_is_free;
  for (const auto& e : script) talk += minutes_to_answer(e.answer);
  const int looks = (talk + minutes_in_the_garden - 1) / minutes_in_the_garden;
  const double minutes = talk + looks * minutes_in_the_garden;
  return story::story_clock::real_time(std::min(0.040, 4.0 / minutes) / chosen.speed);
}

void print_closing(const story::run& phone, const story::run& email) {
  const auto by_phone = story::draw(phone.ana, phone.ben);
  const auto last = [](const story::run& r) {
    int minute = 0;
    for (const auto& a : r.answers) minute = std::max(minute, a.minute);
    return story::time_of_day(minute);
  };
  std::puts("");
  story::print_paragraph(
      "Ana and Ben ran the same code twice. One type differs: conversation<tandem::rendezvous> by phone, "
      "conversation<tandem::mailbox> by email. A rendezvous keeps Ana until Ben is there: she waited " +
      std::to_string(story::minutes_of('~', by_phone.ana)) +
      "m, he left his cooking, and then they were together until the last answer, at " + last(phone) +
      ". A mailbox takes her letters and lets her go: each of them kept to their own time, and the last answer was in "
      "her hands at " +
      last(email) + ".");
}

void phone_versus_email(const story::script& script, const story::options& chosen) {
  const auto minute = real_minute(script, chosen);
  // [two_runs]
  const auto phone = play<conversation<tandem::rendezvous>>(script, minute);
  const auto email = play<conversation<tandem::mailbox>>(script, minute, script.size());
  // [/two_runs]
  const auto scale = story::scale_for(phone, email);
  story::print_ruler(scale);
  story::print_run("PHONE", phone, scale);
  story::print_run("EMAIL", email, scale);
  story::print_legend(scale);
  story::print_answers(script, phone, email);
  print_closing(phone, email);
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
  const question asked{0, script.front().question};
  std::printf("Ben is away. Ana asks: %s\n\n", story::fitted(asked.text, story::page - 23).c_str());
  tandem::rendezvous<question> phone;
  tandem::mailbox<question> email(1);
  probe("PHONE", phone, asked, chosen);
  probe("EMAIL", email, asked, chosen);
  std::puts("");
  story::print_paragraph(
      "That is the test. If a send can succeed while nobody is there to receive, the mode is asynchronous; if it "
      "cannot, it is synchronous.");
}

int run(int argc, char** argv) {
  const auto chosen = story::parse_options(argc, argv);
  if (chosen.help) {
    std::fputs(std::string(story::help).c_str(), stdout);
    return EXIT_SUCCESS;
  }
  const auto script = story::read_script(chosen.file);
  if (chosen.ben_away) {
    ben_away(script, chosen);
  } else {
    phone_versus_email(script, chosen);
  }
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const story::misused& mistake) {
    std::fprintf(stderr, "phone_versus_email: %s; try --help\n", mistake.what());
    return 2;
  } catch (const std::exception& trouble) {
    std::fprintf(stderr, "phone_versus_email: %s\n", trouble.what());
    return 1;
  }
}
