// The rendezvous under load: many threads, trouble of every kind, one core and all of them.
#include <tandem/sync/rendezvous.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/pin.hpp"
#include "support/start_barrier.hpp"
#include "support/subjects.hpp"
#include "support/traffic.hpp"
#include "support/watchdog.hpp"

using support::effort;
using support::manners;
using support::plan;
using tandem::status;

namespace {

using subject = support::rendezvous_subject<support::tagged>;

// Meets `rounds` times, each time on a rendezvous of its own that is destroyed the moment one side has returned.
template <class Send, class Receive>
int destroyed_after_each_meeting(int rounds, bool by_receiver, Send send, Receive receive) {
  using channel = tandem::rendezvous<support::letter>;
  support::start_barrier together(2);
  std::atomic<channel*> meeting{nullptr};
  std::atomic<int> met{0};
  const auto destroy = [&] { delete meeting.exchange(nullptr); };
  std::jthread sender([&] {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      met += send(*meeting.load(), i) ? 1 : 0;
      if (!by_receiver) destroy();
      together.arrive_and_wait();
    }
  });
  for (int i = 0; i < rounds; ++i) {
    meeting = new channel;
    channel& here = *meeting;
    together.arrive_and_wait();
    met += receive(here) ? 1 : 0;
    if (by_receiver) {
      // The sender must have fetched the address before the object goes; its call has begun, for it has met us.
      destroy();
    }
    together.arrive_and_wait();
  }
  sender.join();
  return met;
}

}  // namespace

TEST_CASE("rendezvous: the books balance for any number of senders and receivers", "[stress][rendezvous]") {
  const bool one_core = GENERATE(false, true);
  CHECK(support::traffic_balances<subject>(plan{1, 1, effort(60'000), manners::plain, one_core}, 1));
  CHECK(support::traffic_balances<subject>(plan{4, 1, effort(40'000), manners::plain, one_core}, 1));
  CHECK(support::traffic_balances<subject>(plan{1, 4, effort(40'000), manners::plain, one_core}, 1));
  CHECK(support::traffic_balances<subject>(plan{4, 4, effort(40'000), manners::plain, one_core}, 1));
}

TEST_CASE("rendezvous: the books balance whatever the deadlines, the stops and close do", "[stress][rendezvous]") {
  const bool one_core = GENERATE(false, true);
  CHECK(support::traffic_balances<subject>(plan{1, 1, effort(4'000), manners::trouble, one_core}, 4));
  CHECK(support::traffic_balances<subject>(plan{3, 1, effort(4'000), manners::trouble, one_core}, 4));
  CHECK(support::traffic_balances<subject>(plan{1, 3, effort(4'000), manners::trouble, one_core}, 4));
  CHECK(support::traffic_balances<subject>(plan{4, 4, effort(8'000), manners::trouble, one_core}, 4));
}

TEST_CASE("rendezvous: ten threads a core neither hang nor lose anything", "[stress][rendezvous]") {
  const bool one_core = GENERATE(false, true);
  CHECK(support::traffic_balances<subject>(plan{10, 10, effort(20'000), manners::plain, one_core}, 1));
  CHECK(support::traffic_balances<subject>(plan{10, 10, effort(10'000), manners::trouble, one_core}, 2));
}

TEST_CASE("rendezvous: it may be destroyed after the meeting while the partner's call is in its tail",
          "[stress][rendezvous]") {
  using channel = tandem::rendezvous<support::letter>;
  const support::watchdog guard("destroyed after the meeting", std::chrono::seconds(120));
  const bool by_receiver = GENERATE(true, false);
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  const int rounds = effort(5'000);
  std::stop_source source;
  const auto token = source.get_token();
  CHECK(destroyed_after_each_meeting(
            rounds, by_receiver, [](channel& c, int i) { return static_cast<bool>(c.send(support::letter(i))); },
            [](channel& c) { return c.receive().has_value(); }) == 2 * rounds);
  CHECK(destroyed_after_each_meeting(
            rounds, by_receiver,
            [&](channel& c, int i) {
              return static_cast<bool>(c.try_send_for(support::letter(i), std::chrono::hours(1), token));
            },
            [&](channel& c) { return c.receive(token).has_value(); }) == 2 * rounds);
}

TEST_CASE("rendezvous: a stop that races the meeting leaves both sides in agreement", "[stress][rendezvous]") {
  const support::watchdog guard("a stop racing the meeting", std::chrono::seconds(120));
  const int rounds = effort(10'000);
  tandem::rendezvous<support::letter> meeting;
  support::start_barrier together(3);
  std::vector<std::stop_source> sources(static_cast<std::size_t>(rounds));
  std::atomic<int> sent{0};
  std::jthread sender([&] {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      if (meeting.send(support::letter(i), sources[static_cast<std::size_t>(i)].get_token())) ++sent;
    }
  });
  std::jthread stopper([&] {
    support::dice chance(support::seed_of_this_run());
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      for (std::uint32_t spin = chance.roll(200); spin > 0; --spin) std::atomic_signal_fence(std::memory_order_seq_cst);
      sources[static_cast<std::size_t>(i)].request_stop();
    }
  });
  int received = 0;
  for (int i = 0; i < rounds; ++i) {
    together.arrive_and_wait();
    received += meeting.receive(sources[static_cast<std::size_t>(i)].get_token()) ? 1 : 0;
  }
  sender.join();
  stopper.join();
  CHECK(sent == received);
}
