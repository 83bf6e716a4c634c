// The no-loss contract, on every primitive: after any failure, timeout, cancellation or close, each message is in
// exactly one place.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/subjects.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::dice;
using support::letter;
using support::meanwhile;
using support::watchdog;
using tandem::result;
using tandem::status;

namespace {

using all_channels = support::channels<letter>;
using all_primitives = support::primitives<letter>;

// One of the ways of sending, by lot. None waits for long.
template <class Subject>
status send_somehow(Subject& subject, letter& mine, dice& chance, const std::stop_token& token) {
  auto& out = subject.out();
  switch (chance.roll(5)) {
    case 0: return out.try_send(std::move(mine));
    case 1: return out.try_send_for(std::move(mine), std::chrono::microseconds(chance.roll(60)));
    case 2: return out.try_send_until(std::move(mine), std::chrono::steady_clock::now() - 1s);
    case 3: return out.try_send_for(std::move(mine), std::chrono::microseconds(chance.roll(300)), token);
    default: return out.send(std::move(mine), token);
  }
}

template <class Subject>
result<letter> receive_somehow(Subject& subject, dice& chance, const std::stop_token& token) {
  auto& in = subject.in();
  switch (chance.roll(5)) {
    case 0: return in.try_receive();
    case 1: return in.try_receive_for(std::chrono::microseconds(chance.roll(60)));
    case 2: return in.try_receive_until(std::chrono::system_clock::now() - 1s);
    case 3: return in.try_receive_for(std::chrono::microseconds(chance.roll(300)), token);
    default: return in.receive(token);
  }
}

// Where each message ended up: how many times it was received, and how many times it stayed with its sender.
struct whereabouts {
  explicit whereabouts(std::size_t messages) : received(messages), kept(messages) {}
  std::vector<std::atomic<int>> received;
  std::vector<std::atomic<int>> kept;

  int misplaced() const {
    int wrong = 0;
    for (std::size_t i = 0; i < received.size(); ++i) wrong += received[i] + kept[i] == 1 ? 0 : 1;
    return wrong;
  }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("each message is in exactly one place, whatever becomes of the calls", "[no_loss]",
                        all_channels) {
  const auto seed = support::seed_of_this_run();
  INFO(TestType::name << ", TANDEM_SEED=" << seed);
  const watchdog guard("sending and receiving somehow");
  const long live = letter::counts().live;
  dice chance(seed);
  const int rounds = support::effort(30);
  int misplaced = 0;
  int torn = 0;
  for (int round = 0; round < rounds; ++round) {
    constexpr std::size_t senders = 2;
    constexpr std::size_t each = 60;
    auto subject = std::make_unique<TestType>();
    whereabouts where(senders * each);
    std::vector<std::stop_source> stops(6);
    std::atomic<int> broken{0};
    {
      std::vector<std::jthread> threads;
      for (std::size_t s = 0; s < senders; ++s) {
        threads.emplace_back([&, s, mine = chance.another()]() mutable {
          for (std::size_t i = s * each; i < (s + 1) * each; ++i) {
            letter message(static_cast<int>(i));
            const auto& stop = stops[mine.roll(6)];
            if (send_somehow(*subject, message, mine, stop.get_token())) continue;
            if (message.number() != static_cast<int>(i)) ++broken;
            ++where.kept[i];
          }
        });
      }
      for (int r = 0; r < 2; ++r) {
        threads.emplace_back([&, mine = chance.another()]() mutable {
          for (;;) {
            const auto& stop = stops[mine.roll(6)];
            const auto got = receive_somehow(*subject, mine, stop.get_token());
            if (got && got->number() >= 0) ++where.received[static_cast<std::size_t>(got->number())];
            if (got && got->number() < 0) ++broken;  // a message that had been moved from
            if (got.error() == status::closed) return;
          }
        });
      }
      for (auto& stop : stops) {
        std::this_thread::sleep_for(std::chrono::microseconds(chance.roll(300)));
        stop.request_stop();
      }
      subject->out().close();
    }
    misplaced += where.misplaced();
    torn += broken;
    subject.reset();
  }
  CHECK(misplaced == 0);
  CHECK(torn == 0);
  CHECK(letter::counts().live == live);
}

TEMPLATE_LIST_TEST_CASE("a deadline that races delivery leaves the message on one side of it", "[no_loss]",
                        all_channels) {
  INFO(TestType::name);
  const watchdog guard("deadlines racing delivery");
  TestType subject;
  const int rounds = support::effort(2000);
  int received = 0;
  meanwhile receiver([&] {
    int got_in_time = 0;
    dice chance(support::seed_of_this_run());
    for (;;) {
      const auto got = subject.in().try_receive_for(std::chrono::microseconds(chance.roll(40)));
      if (got) ++got_in_time;
      if (got.error() == status::closed) return got_in_time;
    }
  });
  int sent = 0;
  dice chance(support::seed_of_this_run() + 1);
  for (int i = 0; i < rounds; ++i) {
    letter mine(i);
    if (subject.out().try_send_for(std::move(mine), std::chrono::microseconds(chance.roll(40)))) ++sent;
  }
  subject.out().close();
  received = receiver.outcome();
  CHECK(received == sent);
}

TEMPLATE_LIST_TEST_CASE("a receiver that was chosen and is stopped has the message or passes its turn on", "[no_loss]",
                        all_primitives) {
  INFO(TestType::name);
  const watchdog guard("stopping the chosen receiver");
  const int rounds = support::effort(80);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    TestType subject;
    std::stop_source source;
    meanwhile chosen([&] { return subject.in().receive(source.get_token()); });
    if (round % 2 == 0) chosen.until_it_waits();
    std::jthread stopper([&] { source.request_stop(); });
    meanwhile sender([&] { return subject.out().send(letter(round)); });
    const auto got = chosen.outcome();
    if (got) {
      wrong += got->number() == round ? 0 : 1;
    } else {
      wrong += got.error() == status::stopped ? 0 : 1;
      const auto later = subject.in().receive();  // it is still there for whoever asks next
      wrong += later && later->number() == round ? 0 : 1;
    }
    wrong += sender.outcome() ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEMPLATE_LIST_TEST_CASE("a turn given to a waiter that leaves goes to the next in line", "[no_loss]", all_channels) {
  INFO(TestType::name);
  const watchdog guard("passing on the turn");
  const int rounds = support::effort(40);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    TestType subject;
    std::stop_source source;
    meanwhile first([&] { return subject.in().receive(source.get_token()); });
    first.until_it_waits();
    meanwhile second([&] { return subject.in().receive(); });
    second.until_it_waits();
    std::jthread stopper([&] { source.request_stop(); });
    REQUIRE(subject.out().send(letter(1)));
    const auto got = first.outcome();
    if (got) {
      REQUIRE(subject.out().send(letter(2)));
      wrong += second.outcome().value().number() == 2 ? 0 : 1;
    } else {
      wrong += second.outcome().value().number() == 1 ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEMPLATE_LIST_TEST_CASE("room given to a sender that leaves goes to the next in line", "[no_loss]", all_channels) {
  INFO(TestType::name);
  const watchdog guard("passing on the room");
  const int rounds = support::effort(40);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    TestType subject;
    support::fill(subject);
    std::stop_source source;
    letter mine(1);
    meanwhile first([&] { return subject.out().send(std::move(mine), source.get_token()); });
    first.until_it_waits();
    meanwhile second([&] { return subject.out().send(letter(2)); });
    second.until_it_waits();
    std::jthread stopper([&] { source.request_stop(); });
    std::vector<int> seen;
    for (std::size_t i = 0; i < TestType::room + 1; ++i) seen.push_back(subject.in().receive().value().number());
    const bool first_went = static_cast<bool>(first.outcome());
    wrong += mine.number() == (first_went ? -1 : 1) ? 0 : 1;
    if (first_went) seen.push_back(subject.in().receive().value().number());
    wrong += second.outcome() ? 0 : 1;
    // Both are there, in either order: two who were woken together may pass each other.
    wrong += std::count(seen.begin(), seen.end(), 2) == 1 ? 0 : 1;
    wrong += std::count(seen.begin(), seen.end(), 1) == (first_went ? 1 : 0) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEMPLATE_LIST_TEST_CASE("close in the middle of sending loses nothing that was accepted", "[no_loss]", all_channels) {
  INFO(TestType::name);
  const watchdog guard("close in the middle of sending");
  const long live = letter::counts().live;
  const int rounds = support::effort(40);
  std::atomic<int> wrong{0};
  for (int round = 0; round < rounds; ++round) {
    auto subject = std::make_unique<TestType>();
    std::atomic<int> accepted{0};
    std::atomic<int> received{0};
    {
      std::vector<std::jthread> threads;
      for (int s = 0; s < 2; ++s) {
        threads.emplace_back([&] {
          for (int i = 0;; ++i) {
            letter mine(i);
            if (!subject->out().send(std::move(mine))) {
              if (mine.number() != i) ++wrong;
              return;
            }
            ++accepted;
          }
        });
      }
      threads.emplace_back([&] {
        for ([[maybe_unused]] const letter& l : subject->in()) ++received;
      });
      std::this_thread::sleep_for(std::chrono::microseconds(round * 5));
      subject->out().close();
    }
    wrong += accepted == received ? 0 : 1;
    subject.reset();
  }
  CHECK(wrong == 0);
  CHECK(letter::counts().live == live);
}

TEST_CASE("a value that races the death of its future is in exactly one place", "[no_loss]") {
  const watchdog guard("a dying future");
  const long live = letter::counts().live;
  const int rounds = support::effort(2000);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    tandem::promise<letter> word;
    auto kept = std::make_unique<tandem::future<letter>>(word.get_future());
    std::jthread leaving([&] { kept.reset(); });
    letter mine(round);
    const status s = word.set_value(std::move(mine));
    const int expected = s ? -1 : round;
    wrong += mine.number() == expected ? 0 : 1;
    wrong += s || s == status::abandoned ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(letter::counts().live == live);
}

TEST_CASE("a get whose deadline races the value gets it then or later", "[no_loss]") {
  const watchdog guard("a get racing the value");
  const int rounds = support::effort(2000);
  int wrong = 0;
  dice chance(support::seed_of_this_run());
  for (int round = 0; round < rounds; ++round) {
    tandem::promise<letter> word;
    auto kept = word.get_future();
    std::jthread keeping([&, word = std::move(word)]() mutable { static_cast<void>(word.set_value(letter(round))); });
    const auto got = kept.try_get_for(std::chrono::microseconds(chance.roll(60)));
    if (got) {
      wrong += got->number() == round ? 0 : 1;
    } else {
      wrong += got.error() == status::timeout ? 0 : 1;
      wrong += kept.get().value().number() == round ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}
