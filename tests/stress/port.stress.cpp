// Ports under load: copied, moved and let go of by many threads, whose last closes the channel.
#include <tandem/port.hpp>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/pin.hpp"
#include "support/subjects.hpp"
#include "support/traffic.hpp"
#include "support/watchdog.hpp"

using support::dice;
using support::effort;
using support::letter;
using support::manners;
using support::plan;

namespace {

// Every thread owns a port of its own, copies it now and then, uses the copy, and leaves when it likes; nobody closes.
// Returns how many messages are unaccounted for.
template <class Channel, class... Arguments>
int unaccounted(int senders, int receivers, int each, dice chance, Arguments... arguments) {
  const support::watchdog guard("ports that come and go, TANDEM_SEED=" + std::to_string(support::seed_of_this_run()),
                                std::chrono::seconds(120));
  const long live = letter::counts().live;
  std::atomic<int> accepted{0};
  std::atomic<int> received{0};
  const bool receivers_leave_early = chance.one_in(3);
  {
    auto [out, in] = tandem::open<Channel>(arguments...);
    std::vector<std::jthread> threads;
    for (int s = 0; s < senders; ++s) {
      threads.emplace_back([&accepted, each, port = out, mine = chance.another()]() mutable {
        for (int i = 0; i < each; ++i) {
          auto copy = port;
          if (mine.one_in(3)) port = std::move(copy);
          letter message(i);
          if (!port.send(std::move(message))) return;
          ++accepted;
        }
      });
    }
    for (int r = 0; r < receivers; ++r) {
      threads.emplace_back([&received, receivers_leave_early, port = in, mine = chance.another()]() mutable {
        for (;;) {
          auto copy = port;
          if (!copy.receive()) return;
          ++received;
          if (receivers_leave_early && mine.one_in(30)) return;
        }
      });
    }
    out.reset();
    in.reset();
  }
  const int lost = accepted - received;  // what lay in the mailbox when the last receiver left is no loss
  const long leaked = letter::counts().live - live;
  return (receivers_leave_early ? (lost >= 0 ? 0 : 1) : lost) + static_cast<int>(leaked);
}

}  // namespace

TEST_CASE("ports: the last one closes, the last of all destroys, and nothing is lost", "[stress][port]") {
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  dice chance(support::seed_of_this_run());
  int wrong = 0;
  for (int i = 0, rounds = effort(60); i < rounds; ++i) {
    wrong += unaccounted<tandem::mailbox<letter>>(3, 3, 100, chance.another(), std::size_t{1} + chance.roll(4));
    wrong += unaccounted<tandem::rendezvous<letter>>(3, 3, 100, chance.another());
  }
  wrong += unaccounted<tandem::mailbox<letter>>(10, 10, effort(400), chance.another(), std::size_t{8});
  CHECK(wrong == 0);
}

TEST_CASE("ports: the books balance as they do on the channel itself", "[stress][port]") {
  using phone = support::rendezvous_ports_subject<support::tagged>;
  using post = support::mailbox_ports_subject<support::tagged, 2>;
  CHECK(support::traffic_balances<phone>(plan{3, 3, effort(10'000), manners::trouble, false}, 2));
  CHECK(support::traffic_balances<post>(plan{3, 3, effort(10'000), manners::trouble, false}, 2));
}

TEST_CASE("the last receivers go while others ask: every question is answered or abandoned", "[stress][port]") {
  const support::watchdog guard("questions that nobody answers", std::chrono::seconds(120));
  struct question {
    letter inner;
    tandem::promise<int> answer;
  };
  const long live = letter::counts().live;
  const int rounds = effort(2'000);
  std::atomic<int> answered{0};
  std::atomic<int> abandoned{0};
  std::atomic<int> closed{0};
  for (int round = 0; round < rounds; ++round) {
    auto [out, in] = tandem::open<tandem::mailbox<question>>(1 + round % 4);
    {
      std::vector<std::jthread> threads;
      for (int asker = 0; asker < 3; ++asker) {
        threads.emplace_back([&, port = out] {
          for (;;) {
            tandem::promise<int> promised;
            auto answer = promised.get_future();
            if (!port.send(question{letter(1), std::move(promised)})) break;
            ++(answer.get() ? answered : abandoned);
          }
          ++closed;
        });
      }
      for (int oracle = 0; oracle < 2; ++oracle) {
        threads.emplace_back([port = in, many = round % 3] {
          for (int i = 0; i < many; ++i) {
            auto asked = port.receive();
            if (!asked || !asked->answer.set_value(1)) return;
          }
        });
      }
      in.reset();
    }
    REQUIRE(letter::counts().live == live);  // though a sender is left
  }
  CHECK(closed == 3 * rounds);
  CHECK(answered > 0);
}
