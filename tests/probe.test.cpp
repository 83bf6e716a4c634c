// What a mode means, put to the test on every primitive: the absent-receiver probe, and the overlap of intervals.
//
// A mode is synchronous if in no execution can the sender leave before the receiver has entered. The probe withholds
// the receiver: if a send can complete, the mode is asynchronous. It runs on everything alike, knowing nothing but the
// verbs, and what it finds has to be what the type declares.
#include <tandem/mode.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/subjects.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::letter;
using support::meanwhile;
using support::watchdog;
using tandem::status;

namespace {

using all_primitives = support::primitives<letter>;
using all_channels = support::channels<letter>;

// How many sends complete although no receiver ever enters.
template <class Subject>
std::size_t completed_without_receiver(Subject& subject) {
  std::size_t completed = 0;
  while (completed < 100) {
    letter mine(static_cast<int>(completed));
    const status s = subject.out().try_send_for(std::move(mine), 20ms);
    if (!s) {
      CHECK(mine.number() == static_cast<int>(completed));  // whatever did not go is still here
      break;
    }
    ++completed;
  }
  return completed;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("the absent-receiver probe finds the mode that the type declares", "[probe]", all_primitives) {
  INFO(TestType::name);
  const watchdog guard("the absent-receiver probe");
  using declared = typename TestType::declared;
  TestType subject;
  const std::size_t completed = completed_without_receiver(subject);
  CHECK((completed > 0) == tandem::asynchronous_channel<declared>);
  CHECK((completed == 0) == tandem::synchronous_channel<declared>);
  CHECK(completed == TestType::room);
}

TEMPLATE_LIST_TEST_CASE("a send that completes without a receiver promises no more than stored", "[probe]",
                        all_primitives) {
  INFO(TestType::name);
  const watchdog guard("the receipt");
  using declared = typename TestType::declared;
  TestType subject;
  const bool completes_alone = completed_without_receiver(subject) > 0;
  CHECK(completes_alone == !tandem::confirms<declared, tandem::receipt::received>);
  static_assert(tandem::confirms<declared, tandem::receipt::stored>);
}

TEMPLATE_LIST_TEST_CASE("a send that waits for a receiver waits until one enters, and no longer", "[probe]",
                        all_channels) {
  INFO(TestType::name);
  const watchdog guard("a send that waits for a receiver");
  TestType subject;
  CHECK(support::fill(subject) == TestType::room);  // a full mailbox is like a phone from here on
  meanwhile sender([&] { return subject.out().send(letter(1)); });
  sender.until_it_waits();
  CHECK_FALSE(sender.over());
  CHECK(subject.in().receive().has_value());
  CHECK(sender.outcome() == status::ok);
}

TEMPLATE_LIST_TEST_CASE("the probe leaves a message that was taken in for whoever comes later", "[probe]",
                        all_primitives) {
  INFO(TestType::name);
  const watchdog guard("receiving after the probe");
  TestType subject;
  const std::size_t completed = completed_without_receiver(subject);
  for (std::size_t i = 0; i < completed; ++i) CHECK(subject.in().receive().value().number() == static_cast<int>(i));
  CHECK_FALSE(subject.in().try_receive());
}

TEMPLATE_LIST_TEST_CASE("where communication is synchronous, the two parties to each message are there together",
                        "[probe]", all_channels) {
  using declared = typename TestType::declared;
  if constexpr (tandem::synchronous_channel<declared>) {
    INFO(TestType::name);
    const watchdog guard("overlapping intervals");
    using clock = std::chrono::steady_clock;
    struct interval {
      clock::time_point entered;
      clock::time_point left;
    };
    constexpr int senders = 2;
    constexpr int receivers = 2;
    constexpr int each = 300;
    std::vector<interval> sending(senders * each);
    std::vector<interval> receiving(senders * each);
    TestType subject;
    {
      std::vector<std::jthread> listening;
      for (int r = 0; r < receivers; ++r) {
        listening.emplace_back([&] {
          for (;;) {
            const auto entered = clock::now();
            const auto got = subject.in().receive();
            const auto left = clock::now();
            if (!got) return;
            receiving[static_cast<std::size_t>(got->number())] = {entered, left};
          }
        });
      }
      {
        std::vector<std::jthread> talking;
        for (int s = 0; s < senders; ++s) {
          talking.emplace_back([&, s] {
            for (int i = s * each; i < (s + 1) * each; ++i) {
              const auto entered = clock::now();
              if (!subject.out().send(letter(i))) return;
              sending[static_cast<std::size_t>(i)] = {entered, clock::now()};
              if (i % 7 == 0) std::this_thread::yield();
            }
          });
        }
      }
      subject.out().close();
    }
    int apart = 0;
    int unheard = 0;
    for (std::size_t i = 0; i < sending.size(); ++i) {
      if (sending[i].entered == clock::time_point() || receiving[i].entered == clock::time_point()) ++unheard;
      if (sending[i].left < receiving[i].entered || receiving[i].left < sending[i].entered) ++apart;
    }
    CHECK(unheard == 0);
    CHECK(apart == 0);
  } else {
    SUCCEED("overlap proves nothing where the sender may leave first");
  }
}
