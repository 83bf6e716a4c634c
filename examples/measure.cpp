// measure: what does it cost to be together in time? Figures, by phone and by mailbox.
//
//   measure [options]        --help lists the options
//
// What the sender does and what the receiver does is written once, below, for any channel. They are real threads, and
// every figure that is printed was measured.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <tandem/tandem.hpp>

#include "support/measuring.hpp"

namespace {

// What a successful send tells the sender: that the receiver has the message, or only that it is on its way.
template <class Channel>
constexpr bool receiver_has_it = tandem::confirms<Channel, tandem::receipt::received>;

// [sender]
// Who knows that the receiver has the message stays for the answer. Who knows only that it is on its way sends the
// rest, and reads the answers later.
template <class Channel>
void sender(Channel& questions, Channel& answers, measuring::notes& noted) {
  const auto read = [&] {
    if (const auto answered = answers.receive()) noted.in_hand[*answered] = tandem::clock::now();
  };
  for (std::size_t number = 0; number < noted.size(); ++number) {
    noted.entered[number] = tandem::clock::now();
    if (!questions.send(number)) break;
    if constexpr (receiver_has_it<Channel>) read();
    noted.freed[number] = tandem::clock::now();
  }
  questions.close();  // no more questions
  if constexpr (!receiver_has_it<Channel>) {
    for (std::size_t i = 0; i < noted.size(); ++i) read();
  }
}
// [/sender]

// [receiver]
// Takes one message after the other, works on it, and answers.
template <class Channel>
void receiver(Channel& questions, Channel& answers, measuring::nanoseconds work, measuring::notes& noted) {
  while (const auto asked = questions.receive()) {
    tandem::sleep_for(work);  // stands for work: it takes the time, and leaves the processor to the sender
    noted.done[*asked] = tandem::clock::now();
    if (!answers.send(*asked)) return;
  }
}
// [/receiver]

// One round: the receiver on a thread of its own, the sender on this one.
template <class Channel>
measuring::figures play(Channel& questions, Channel& answers, std::size_t room, const measuring::options& chosen) {
  measuring::notes noted(chosen.messages);
  {
    tandem::rendezvous<int> beginning;  // both are there first: how long a thread takes to start is not measured
    tandem::thread other([&] {
      if (beginning.send(1)) receiver(questions, answers, chosen.work, noted);
    });
    static_cast<void>(beginning.receive());
    sender(questions, answers, noted);
  }
  return measuring::figures_of(noted, receiver_has_it<Channel>, room);
}

// [media]
measuring::figures by_phone(const measuring::options& chosen) {
  tandem::rendezvous<std::size_t> question;
  tandem::rendezvous<std::size_t> answer;
  return play(question, answer, 0, chosen);
}

measuring::figures by_mailbox(std::size_t room, const measuring::options& chosen) {
  tandem::mailbox<std::size_t> questions(room);
  // Room for all: the sender reads no answer before it has sent everything. A receiver that waited for room until then
  // would take no more questions, and each would wait for the other for ever.
  tandem::mailbox<std::size_t> answers(chosen.messages);
  return play(questions, answers, room, chosen);
}
// [/media]

// One round by each medium, then the next by each: what disturbs the machine for a while disturbs all of them.
std::vector<measuring::medium> play_all(const measuring::options& chosen) {
  std::vector<measuring::medium> media{{"phone", "by phone", "tandem::rendezvous", 0},
                                       {"mailbox of 4", "with the mailbox of 4", "tandem::mailbox", 4},
                                       {"mailbox of 64", "with the mailbox of 64", "tandem::mailbox", 64}};
  for (std::size_t round = 0; round < chosen.rounds; ++round) {
    for (measuring::medium& each : media) {
      each.rounds.push_back(each.room == 0 ? by_phone(chosen) : by_mailbox(each.room, chosen));
    }
  }
  for (measuring::medium& each : media) each.median = measuring::median_of(each.rounds);
  return media;
}

void write_picture(const std::string& file, const std::string& drawn) {
  std::ofstream out(file, std::ios::binary);
  out << drawn;
  out.close();
  if (!out) throw std::runtime_error(file + ": cannot be written");
}

int measure(int argc, char** argv) {
  const measuring::options chosen = measuring::parse_options(argc, argv);
  if (chosen.help) {
    std::fputs(std::string(measuring::help).c_str(), stdout);
    return EXIT_SUCCESS;
  }
  const story::screen on = story::this_screen();
  measuring::print_subject(chosen, on);
  const std::vector<measuring::medium> media = play_all(chosen);
  measuring::print_table(media, chosen, on);
  measuring::print_chart(media, on);
  measuring::print_closing(media, chosen, on);
  if (!chosen.picture.empty()) write_picture(chosen.picture, measuring::picture(media, chosen));
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return measure(argc, argv);
  } catch (const story::misused& mistake) {
    std::fprintf(stderr, "measure: %s; try --help\n", mistake.what());
    return 2;
  } catch (const std::exception& trouble) {
    std::fprintf(stderr, "measure: %s\n", trouble.what());
    return 1;
  }
}
