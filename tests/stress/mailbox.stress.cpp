// The mailbox under load: many threads, any capacity, trouble of every kind, one core and all of them.
#include <tandem/async/mailbox.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/near_miss.hpp"
#include "support/subjects.hpp"
#include "support/traffic.hpp"
#include "support/watchdog.hpp"

using support::effort;
using support::manners;
using support::plan;

namespace {

template <std::size_t Capacity>
using box = support::mailbox_subject<support::tagged, Capacity>;

}  // namespace

TEMPLATE_TEST_CASE("mailbox: the books balance for any number of senders and receivers", "[stress][mailbox]", box<1>,
                   box<3>, box<64>) {
  const bool one_core = GENERATE(false, true);
  CHECK(support::traffic_balances<TestType>(plan{1, 1, effort(60'000), manners::plain, one_core}, 1));
  CHECK(support::traffic_balances<TestType>(plan{4, 1, effort(40'000), manners::plain, one_core}, 1));
  CHECK(support::traffic_balances<TestType>(plan{1, 4, effort(40'000), manners::plain, one_core}, 1));
  CHECK(support::traffic_balances<TestType>(plan{4, 4, effort(40'000), manners::plain, one_core}, 1));
}

TEMPLATE_TEST_CASE("mailbox: the books balance whatever the deadlines, the stops and close do", "[stress][mailbox]",
                   box<1>, box<2>, box<7>) {
  const bool one_core = GENERATE(false, true);
  CHECK(support::traffic_balances<TestType>(plan{1, 1, effort(4'000), manners::trouble, one_core}, 2));
  CHECK(support::traffic_balances<TestType>(plan{3, 1, effort(4'000), manners::trouble, one_core}, 2));
  CHECK(support::traffic_balances<TestType>(plan{1, 3, effort(4'000), manners::trouble, one_core}, 2));
  CHECK(support::traffic_balances<TestType>(plan{4, 4, effort(8'000), manners::trouble, one_core}, 2));
}

TEMPLATE_TEST_CASE("mailbox: ten threads a core neither hang nor lose anything", "[stress][mailbox]", box<1>, box<16>) {
  const bool one_core = GENERATE(false, true);
  CHECK(support::traffic_balances<TestType>(plan{10, 10, effort(20'000), manners::plain, one_core}, 1));
  CHECK(support::traffic_balances<TestType>(plan{10, 10, effort(10'000), manners::trouble, one_core}, 1));
}

TEST_CASE("mailbox: destroyed as soon as every call has returned, it has destroyed each message once",
          "[stress][mailbox]") {
  const support::watchdog guard("mailboxes that come and go", std::chrono::seconds(120));
  const long live = support::letter::counts().live;
  const int rounds = effort(600);
  support::dice chance(support::seed_of_this_run());
  for (int i = 0; i < rounds; ++i) {
    std::optional<tandem::mailbox<support::letter>> box(std::in_place, std::size_t{1} + chance.roll(5));
    {
      std::vector<std::jthread> threads;
      for (int s = 0; s < 2; ++s) {
        threads.emplace_back([&] {
          for (int n = 0; n < 20; ++n) {
            if (!box->send(support::letter(n))) return;
          }
        });
      }
      threads.emplace_back([&, mine = chance.another()]() mutable {
        for (std::uint32_t n = mine.roll(30); n > 0; --n) static_cast<void>(box->try_receive());
        box->close();
      });
    }
    box.reset();
  }
  CHECK(support::letter::counts().live == live);
}

TEST_CASE("mailbox: many who wait for one mailbox are all told when it is closed and drained", "[stress][mailbox]") {
  const support::watchdog guard("close and many receivers", std::chrono::seconds(120));
  const int rounds = effort(300);
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    tandem::mailbox<int> box(4);
    std::atomic<int> received{0};
    std::atomic<int> accepted{0};
    {
      std::vector<std::jthread> threads;
      for (int r = 0; r < 6; ++r) {
        threads.emplace_back([&] {
          for ([[maybe_unused]] const int n : box) ++received;
        });
      }
      for (int s = 0; s < 2; ++s) {
        threads.emplace_back([&] {
          for (int n = 0; n < 10; ++n) {
            if (box.send(int{n})) ++accepted;
          }
        });
      }
      std::this_thread::sleep_for(std::chrono::microseconds(i % 100));
      box.close();
    }
    wrong += accepted == received ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("mailbox: as many receivers are served as messages come, whoever wakes first", "[stress][mailbox]") {
  const support::watchdog guard("two messages for two receivers", std::chrono::seconds(120));
  const int rounds = effort(20'000);
  tandem::mailbox<int> box(2);
  support::near_miss all(3);
  int sent = 0;
  support::dice chance(support::seed_of_this_run());
  std::atomic<int> received{0};
  std::vector<std::jthread> threads;
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&, mine = chance.another()]() mutable {
      for (int i = 0; i < rounds; ++i) {
        all.meet(mine, 2'000);
        received += box.receive() ? 1 : 0;
      }
    });
  }
  for (int i = 0; i < rounds; ++i) {
    all.meet(chance, i % 2 == 0 ? 20'000 : 200'000);  // they poll for a while before they lie down
    sent += box.send(1) ? 1 : 0;
    support::near_miss::idle(chance.roll(2'000));
    sent += box.send(2) ? 1 : 0;
  }
  threads.clear();
  CHECK(sent == 2 * rounds);
  CHECK(received == 2 * rounds);
}
