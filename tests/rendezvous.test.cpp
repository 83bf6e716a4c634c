// The contract of rendezvous, clause by clause; what it shares with every channel is in verbs.test.cpp.
#include <tandem/sync/rendezvous.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/many_to_many.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/sanitizer.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::letter;
using support::meanwhile;
using support::watchdog;
using tandem::rendezvous;
using tandem::result;
using tandem::status;

namespace {

using sending = meanwhile<status>;
using receiving = meanwhile<result<int>>;

// A line of waiting senders of 0, 1, 2, ..., each of which came when those before it waited already.
std::vector<std::unique_ptr<sending>> line_of_senders(rendezvous<int>& meeting, int how_many) {
  std::vector<std::unique_ptr<sending>> line;
  for (int i = 0; i < how_many; ++i) {
    line.push_back(std::make_unique<sending>([&meeting, i] { return meeting.send(int{i}); }));
    line.back()->until_it_waits();
  }
  return line;
}

std::vector<std::unique_ptr<receiving>> line_of_receivers(rendezvous<int>& meeting, int how_many) {
  std::vector<std::unique_ptr<receiving>> line;
  for (int i = 0; i < how_many; ++i) {
    line.push_back(std::make_unique<receiving>([&meeting] { return meeting.receive(); }));
    line.back()->until_it_waits();
  }
  return line;
}

using awkward = std::tuple<letter, support::only_one, support::fixed, support::aligned<64>, support::aligned<128>,
                           support::parcel, support::shy, support::novel, support::fragile>;

template <class C>
concept sends_by_move = requires(C& c, typename C::value_type&& v) { c.send(std::move(v)); };
template <class C>
concept sends_by_copy = requires(C& c, const typename C::value_type& v) { c.send(v); } ||
                        requires(C& c, const typename C::value_type& v) { c.try_send(v); } ||
                        requires(C& c, const typename C::value_type& v) { c.try_send_for(v, 1s); };

}  // namespace

TEST_CASE("a rendezvous is a synchronous channel whose send means received", "[rendezvous]") {
  using channel = rendezvous<int>;
  static_assert(tandem::channel<channel>);
  static_assert(tandem::sendable<channel> && tandem::receivable<channel>);
  static_assert(tandem::synchronous_channel<channel> && !tandem::asynchronous_channel<channel>);
  static_assert(tandem::mode_of<channel> == tandem::mode::synchronous);
  static_assert(tandem::receipt_of<channel> == tandem::receipt::received);
  static_assert(tandem::confirms<channel, tandem::receipt::stored>);
  static_assert(tandem::confirms<channel, tandem::receipt::received>);
  static_assert(!tandem::confirms<channel, tandem::receipt::answered>);
  SUCCEED();
}

TEST_CASE("a rendezvous is default constructible and neither copied nor moved", "[rendezvous]") {
  static_assert(std::is_default_constructible_v<rendezvous<int>>);
  static_assert(!std::is_copy_constructible_v<rendezvous<int>> && !std::is_move_constructible_v<rendezvous<int>>);
  static_assert(!std::is_copy_assignable_v<rendezvous<int>> && !std::is_move_assignable_v<rendezvous<int>>);
  SUCCEED();
}

TEST_CASE("a move-only message can be sent only as an rvalue", "[rendezvous]") {
  using channel = rendezvous<std::unique_ptr<int>>;
  static_assert(sends_by_move<channel>);
  static_assert(!sends_by_copy<channel>);
  static_assert(sends_by_move<rendezvous<int>> && sends_by_copy<rendezvous<int>>);
  static_assert(tandem::sendable<channel> && tandem::receivable<channel>);
  SUCCEED();
}

TEST_CASE("try_send succeeds only if a receiver is already waiting", "[rendezvous]") {
  const watchdog guard("try_send to a waiting receiver");
  rendezvous<int> meeting;
  CHECK(meeting.try_send(1) == status::full);
  receiving receiver([&] { return meeting.receive(); });
  receiver.until_it_waits();
  CHECK(meeting.try_send(2) == status::ok);
  CHECK(meeting.try_send(3) == status::full);  // that receiver is served
  CHECK(receiver.outcome().value() == 2);
}

TEST_CASE("two threads that only try never meet", "[rendezvous]") {
  rendezvous<int> meeting;
  CHECK(meeting.try_send(1) == status::full);
  CHECK(meeting.try_receive().error() == status::empty);
  CHECK(meeting.try_send(1) == status::full);
}

TEST_CASE("try_receive succeeds only if a sender is waiting", "[rendezvous]") {
  const watchdog guard("try_receive from a waiting sender");
  rendezvous<int> meeting;
  CHECK(meeting.try_receive().error() == status::empty);
  sending sender([&] { return meeting.send(4); });
  sender.until_it_waits();
  CHECK(meeting.try_receive().value() == 4);
  CHECK(meeting.try_receive().error() == status::empty);
  CHECK(sender.outcome() == status::ok);
}

TEST_CASE("a timed waiter can be met as well as any other", "[rendezvous]") {
  const watchdog guard("a timed waiter");
  rendezvous<int> meeting;
  sending sender([&] { return meeting.try_send_for(5, 1h); });
  sender.until_it_waits();
  CHECK(meeting.try_receive().value() == 5);
  CHECK(sender.outcome() == status::ok);
  receiving receiver([&] { return meeting.try_receive_until(std::chrono::system_clock::now() + 1h); });
  receiver.until_it_waits();
  CHECK(meeting.try_send(6) == status::ok);
  CHECK(receiver.outcome().value() == 6);
}

TEST_CASE("waiting senders are served in order of arrival", "[rendezvous]") {
  const watchdog guard("a line of senders");
  rendezvous<int> meeting;
  const auto line = line_of_senders(meeting, 6);
  for (int i = 0; i < 6; ++i) CHECK(meeting.receive().value() == i);
  for (const auto& sender : line) CHECK(sender->outcome() == status::ok);
}

TEST_CASE("waiting receivers are served in order of arrival", "[rendezvous]") {
  const watchdog guard("a line of receivers");
  rendezvous<int> meeting;
  const auto line = line_of_receivers(meeting, 6);
  for (int i = 0; i < 6; ++i) CHECK(meeting.send(int{i}) == status::ok);
  for (int i = 0; i < 6; ++i) CHECK(line[static_cast<std::size_t>(i)]->outcome().value() == i);
}

TEST_CASE("whoever leaves the line of senders does not disturb the order of the others", "[rendezvous]") {
  const watchdog guard("leaving the line of senders");
  const std::size_t leaver = GENERATE(0U, 1U, 2U, 3U);
  rendezvous<int> meeting;
  std::vector<std::stop_source> sources(4);
  std::vector<std::unique_ptr<sending>> line;
  for (std::size_t i = 0; i < 4; ++i) {
    line.push_back(
        std::make_unique<sending>([&, i] { return meeting.send(static_cast<int>(i), sources[i].get_token()); }));
    line.back()->until_it_waits();
  }
  sources[leaver].request_stop();
  CHECK(line[leaver]->outcome() == status::stopped);
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == leaver) continue;
    CHECK(meeting.try_receive().value() == static_cast<int>(i));
    CHECK(line[i]->outcome() == status::ok);
  }
  CHECK(meeting.try_receive().error() == status::empty);
}

TEST_CASE("whoever leaves the line of receivers does not disturb the order of the others", "[rendezvous]") {
  const watchdog guard("leaving the line of receivers");
  const std::size_t leaver = GENERATE(0U, 1U, 2U, 3U);
  rendezvous<int> meeting;
  std::vector<std::stop_source> sources(4);
  std::vector<std::unique_ptr<receiving>> line;
  for (std::size_t i = 0; i < 4; ++i) {
    line.push_back(std::make_unique<receiving>([&, i] { return meeting.try_receive_for(1h, sources[i].get_token()); }));
    line.back()->until_it_waits();
  }
  sources[leaver].request_stop();
  CHECK(line[leaver]->outcome().error() == status::stopped);
  int next = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == leaver) continue;
    CHECK(meeting.try_send(int{next}) == status::ok);
    CHECK(line[i]->outcome().value() == next);
    ++next;
  }
  CHECK(meeting.try_send(9) == status::full);
}

TEST_CASE("a receiver that timed out is not in the line any more", "[rendezvous]") {
  rendezvous<int> meeting;
  CHECK(meeting.try_receive_for(1ms).error() == status::timeout);
  CHECK(meeting.try_send(1) == status::full);
  CHECK(meeting.try_send_for(2, 1ms) == status::timeout);
  CHECK(meeting.try_receive().error() == status::empty);
}

TEST_CASE("nothing is delivered after close, for a rendezvous holds nothing", "[rendezvous]") {
  const watchdog guard("close with a waiting sender");
  rendezvous<int> meeting;
  sending sender([&] { return meeting.send(1); });
  sender.until_it_waits();
  meeting.close();
  CHECK(meeting.receive().error() == status::closed);
  CHECK(sender.outcome() == status::closed);
}

TEST_CASE("the rendezvous may be destroyed as soon as one side has returned", "[rendezvous]") {
  const watchdog guard("destroyed after the meeting");
  SECTION("by the receiver") {
    auto meeting = std::make_unique<rendezvous<letter>>();
    sending sender([&channel = *meeting] { return channel.send(letter(1)); });
    sender.until_it_waits();
    CHECK(meeting->receive().value().number() == 1);
    meeting.reset();
    CHECK(sender.outcome() == status::ok);
  }
  SECTION("by the sender") {
    auto meeting = std::make_unique<rendezvous<letter>>();
    meanwhile receiver([&channel = *meeting] { return channel.receive().value().number(); });
    receiver.until_it_waits();
    CHECK(meeting->send(letter(2)) == status::ok);
    meeting.reset();
    CHECK(receiver.outcome() == 2);
  }
}

TEST_CASE("destroying a rendezvous somebody waits on is misuse, and the sentence says so", "[rendezvous][death]") {
  const auto destroy_under = [](auto wait) {
    return support::death_of([wait] {
      std::optional<rendezvous<int>> meeting(std::in_place);
      std::atomic<long> number{0};
      std::thread waiter([&] {
        number = support::this_thread_number();
        wait(*meeting);
      });
      while (number == 0 || support::state_of_thread(number) != 'S') std::this_thread::sleep_for(1ms);
      std::this_thread::sleep_for(5ms);
      meeting.reset();
      waiter.detach();
    });
  };
#if TANDEM_TEST_THREAD_SANITIZER
  SUCCEED("ThreadSanitizer lets no child of a program with threads start threads of its own");
  static_cast<void>(destroy_under);
#else
  const auto by_receiver = destroy_under([](rendezvous<int>& r) { static_cast<void>(r.receive()); });
  INFO(by_receiver.said);
  CHECK(by_receiver.in_one_sentence());
  CHECK(by_receiver.saying("rendezvous destroyed while somebody waits on it"));
  const auto by_sender = destroy_under([](rendezvous<int>& r) { static_cast<void>(r.send(1)); });
  INFO(by_sender.said);
  CHECK(by_sender.in_one_sentence());
  CHECK(by_sender.saying("rendezvous destroyed while somebody waits on it"));
#endif
}

TEMPLATE_LIST_TEST_CASE("any message that moves without throwing can be handed over, from either side first",
                        "[rendezvous]", awkward) {
  const watchdog guard("awkward messages");
  rendezvous<TestType> meeting;
  SECTION("the sender waits") {
    sending sender([&] { return meeting.send(TestType(7)); });
    sender.until_it_waits();
    const auto got = meeting.receive();
    REQUIRE(got);
    CHECK(got->number() == 7);
    CHECK(sender.outcome() == status::ok);
  }
  SECTION("the receiver waits") {
    meanwhile receiver([&] { return meeting.receive(); });
    receiver.until_it_waits();
    CHECK(meeting.send(TestType(8)) == status::ok);
    CHECK(receiver.outcome().value().number() == 8);
  }
  SECTION("nobody comes") {
    TestType mine(9);
    CHECK(meeting.try_send(std::move(mine)) == status::full);
    CHECK(meeting.try_send_for(std::move(mine), 1ms) == status::timeout);
    CHECK(mine.number() == 9);
  }
}

TEST_CASE("a message is moved once, and never copied, on its way through a rendezvous", "[rendezvous]") {
  const watchdog guard("moves per message");
  rendezvous<letter> meeting;
  SECTION("when the sender waits") {
    letter mine(1);
    sending sender([&] { return meeting.send(std::move(mine)); });
    sender.until_it_waits();
    const long moves = letter::counts().moves;
    const long copies = letter::counts().copies;
    const auto got = meeting.receive();
    CHECK(letter::counts().moves == moves + 1);
    CHECK(letter::counts().copies == copies);
    CHECK(got->number() == 1);
    CHECK(sender.outcome() == status::ok);
  }
  SECTION("when the receiver waits") {
    std::atomic<long> moves_seen{0};
    std::atomic<long> moves_before{0};
    meanwhile receiver([&] {
      const auto got = meeting.receive();
      moves_seen = letter::counts().moves - moves_before;
      return got->number();
    });
    receiver.until_it_waits();
    letter mine(2);
    moves_before = letter::counts().moves.load();
    CHECK(meeting.send(std::move(mine)) == status::ok);
    CHECK(receiver.outcome() == 2);
    CHECK(moves_seen == 1);
  }
}

TEST_CASE("a rendezvous asks the heap for nothing, neither when it is made nor per message", "[rendezvous]") {
  const watchdog guard("allocations of a rendezvous");
  const std::size_t before = support::allocations_of_this_thread;
  rendezvous<support::parcel> meeting;
  const std::size_t made_of = support::allocations_of_this_thread - before;
  CHECK(made_of == 0);
  std::stop_source source;
  const auto token = source.get_token();
  meanwhile receiver([&] {
    const std::size_t mine = support::allocations_of_this_thread;
    for (int i = 0; i < 100; ++i) {
      if (i % 3 == 0 && !meeting.receive()) break;
      if (i % 3 == 1 && !meeting.receive(token)) break;
      if (i % 3 == 2 && !meeting.try_receive_for(1h, token)) break;
    }
    return support::allocations_of_this_thread - mine;
  });
  receiver.until_it_waits();
  const std::size_t mine = support::allocations_of_this_thread;
  bool all = true;
  for (int i = 0; i < 100; ++i) {
    if (i % 2 == 0) all = all && meeting.send(support::parcel(i));
    if (i % 2 == 1) all = all && meeting.try_send_for(support::parcel(i), 1h, token);
  }
  static_cast<void>(meeting.try_send_for(support::parcel(1), 100us));
  static_cast<void>(meeting.try_receive_for(100us, token));
  meeting.close();
  const std::size_t used = support::allocations_of_this_thread - mine;
  CHECK(all);
  CHECK(used == 0);
  CHECK(receiver.outcome() == 0);
}

TEST_CASE("each message goes to exactly one of many receivers, from exactly one of many senders", "[rendezvous]") {
  const watchdog guard("many to many");
  rendezvous<int> meeting;
  const support::many_to_many through = support::send_many_to_many(meeting, 100);
  CHECK(through.accepted == 400);
  CHECK(through.received_once == 400);
}
