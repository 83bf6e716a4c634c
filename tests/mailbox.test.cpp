// The contract of mailbox, clause by clause; what it shares with every channel is in verbs.test.cpp.
#include <tandem/async/mailbox.hpp>

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
using tandem::mailbox;
using tandem::result;
using tandem::status;

namespace {

using sending = meanwhile<status>;
using receiving = meanwhile<result<int>>;
using awkward = std::tuple<letter, support::only_one, support::fixed, support::aligned<64>, support::aligned<128>,
                           support::parcel, support::shy, support::novel, support::fragile>;

template <class C>
concept sends_by_move = requires(C& c, typename C::value_type&& v) { c.send(std::move(v)); };
template <class C>
concept sends_by_copy = requires(C& c, const typename C::value_type& v) { c.send(v); } ||
                        requires(C& c, const typename C::value_type& v) { c.try_send(v); } ||
                        requires(C& c, const typename C::value_type& v) { c.try_send_for(v, 1s); };

}  // namespace

TEST_CASE("a mailbox is an asynchronous channel whose send means stored", "[mailbox]") {
  using channel = mailbox<int>;
  static_assert(tandem::channel<channel>);
  static_assert(tandem::sendable<channel> && tandem::receivable<channel>);
  static_assert(tandem::asynchronous_channel<channel> && !tandem::synchronous_channel<channel>);
  static_assert(tandem::mode_of<channel> == tandem::mode::asynchronous);
  static_assert(tandem::receipt_of<channel> == tandem::receipt::stored);
  static_assert(tandem::confirms<channel, tandem::receipt::stored>);
  static_assert(!tandem::confirms<channel, tandem::receipt::received>);
  SUCCEED();
}

TEST_CASE("a mailbox is made with a capacity, explicitly, and neither copied nor moved", "[mailbox]") {
  static_assert(std::is_constructible_v<mailbox<int>, std::size_t>);
  static_assert(!std::is_convertible_v<std::size_t, mailbox<int>>);
  static_assert(!std::is_default_constructible_v<mailbox<int>>);
  static_assert(!std::is_copy_constructible_v<mailbox<int>> && !std::is_move_constructible_v<mailbox<int>>);
  static_assert(!std::is_copy_assignable_v<mailbox<int>> && !std::is_move_assignable_v<mailbox<int>>);
  SUCCEED();
}

TEST_CASE("a move-only message can be mailed only as an rvalue", "[mailbox]") {
  using channel = mailbox<std::unique_ptr<int>>;
  static_assert(sends_by_move<channel>);
  static_assert(!sends_by_copy<channel>);
  static_assert(sends_by_move<mailbox<int>> && sends_by_copy<mailbox<int>>);
  static_assert(tandem::sendable<channel> && tandem::receivable<channel>);
  SUCCEED();
}

TEST_CASE("a mailbox of capacity zero is misuse, and the sentence names the capacity", "[mailbox][death]") {
  const auto end = support::death_of([] { const mailbox<int> nothing(0); });
  INFO(end.said);
  CHECK(end.in_one_sentence());
  CHECK(end.saying("capacity"));
}

TEST_CASE("a negative capacity, and one beyond 2^40, are misuse as well", "[mailbox][death]") {
  const auto negative = support::death_of([] { const mailbox<int> less_than_nothing(-1); });
  INFO(negative.said);
  CHECK(negative.in_one_sentence());
  CHECK(negative.saying("capacity 0 (or less)"));
  const auto huge = support::death_of([] { const mailbox<int> too_much((std::uint64_t{1} << 40U) + 1); });
  INFO(huge.said);
  CHECK(huge.in_one_sentence());
  CHECK(huge.saying("2^40"));
}

TEST_CASE("a mailbox holds as many messages as its capacity says, whatever the number", "[mailbox]") {
  const std::size_t capacity = GENERATE(1U, 2U, 3U, 5U, 7U, 64U, 1000U);
  mailbox<int> box(capacity);
  CHECK(box.capacity() == capacity);
  std::size_t held = 0;
  while (box.try_send(1)) ++held;
  CHECK(held == capacity);
}

TEST_CASE("was_empty and was_full tell how it was", "[mailbox]") {
  mailbox<int> box(2);
  const auto& seen = box;
  CHECK(seen.was_empty());
  CHECK_FALSE(seen.was_full());
  REQUIRE(box.try_send(1));
  CHECK_FALSE(seen.was_empty());
  CHECK_FALSE(seen.was_full());
  REQUIRE(box.try_send(2));
  CHECK_FALSE(seen.was_empty());
  CHECK(seen.was_full());
  REQUIRE(box.try_receive());
  CHECK_FALSE(seen.was_full());
  REQUIRE(box.try_receive());
  CHECK(seen.was_empty());
}

TEST_CASE("was_empty and was_full are true together of no mailbox, also with capacity 1", "[mailbox]") {
  mailbox<int> box(1);
  for (int lap = 0; lap < 5; ++lap) {
    CHECK((box.was_empty() && !box.was_full()));
    REQUIRE(box.try_send(int{lap}));
    CHECK((!box.was_empty() && box.was_full()));
    REQUIRE(box.try_receive());
  }
}

TEST_CASE("messages come out in the order in which they went in, lap after lap, at any capacity", "[mailbox]") {
  const std::size_t capacity = GENERATE(1U, 2U, 3U, 5U, 7U, 64U);
  const std::size_t level = GENERATE(0U, 1U, 1000U);  // how full it is kept: empty, one message, brimming
  mailbox<letter> box(capacity);
  const std::size_t kept = level < capacity ? level : capacity - 1;
  int in = 0;
  int out = 0;
  for (std::size_t i = 0; i < kept; ++i) REQUIRE(box.try_send(letter(in++)));
  bool in_order = true;
  for (std::size_t step = 0; step < 50 * capacity + 7; ++step) {
    in_order = in_order && box.try_send(letter(in++));
    const auto got = box.try_receive();
    in_order = in_order && got && got->number() == out++;
  }
  CHECK(in_order);
  for (std::size_t i = 0; i < kept; ++i) CHECK(box.try_receive().value().number() == out++);
  CHECK(box.try_receive().error() == status::empty);
}

TEST_CASE("filling and emptying it completely works lap after lap, at any capacity", "[mailbox]") {
  const int capacity = GENERATE(1, 2, 3, 5, 7, 64);
  mailbox<int> box(static_cast<std::size_t>(capacity));
  bool right = true;
  for (int lap = 0; lap < 100; ++lap) {
    for (int i = 0; i < capacity; ++i) right = right && box.try_send(lap * 1000 + i);
    right = right && box.try_send(-1) == status::full && box.was_full();
    for (int i = 0; i < capacity; ++i) {
      const auto got = box.try_receive();
      right = right && got && *got == lap * 1000 + i;
    }
    right = right && box.try_receive().error() == status::empty && box.was_empty();
  }
  CHECK(right);
}

TEST_CASE("a send returns although nobody receives, as long as there is room", "[mailbox]") {
  mailbox<int> box(2);
  CHECK(box.send(1) == status::ok);
  CHECK(box.send(2) == status::ok);
  CHECK(box.try_send_for(3, 1ms) == status::timeout);
}

TEST_CASE("what was accepted before close is delivered after it, then closed", "[mailbox]") {
  mailbox<int> box(3);
  REQUIRE(box.send(1));
  REQUIRE(box.send(2));
  REQUIRE(box.send(3));
  box.close();
  CHECK(box.is_closed());
  CHECK(box.try_send(4) == status::closed);
  CHECK(box.receive().value() == 1);
  CHECK(box.try_send(4) == status::closed);  // room does not open it again
  CHECK(box.try_receive().value() == 2);
  CHECK(box.try_receive_for(0s).value() == 3);
  CHECK(box.receive().error() == status::closed);
}

TEST_CASE("a sender that waited for room when the mailbox was closed is not let in by the room made later",
          "[mailbox]") {
  const watchdog guard("a sender that waited at close");
  mailbox<int> box(1);
  REQUIRE(box.send(1));
  sending sender([&] { return box.send(2); });
  sender.until_it_waits();
  box.close();
  CHECK(box.receive().value() == 1);
  CHECK(sender.outcome() == status::closed);
  CHECK(box.receive().error() == status::closed);
}

TEST_CASE("messages that nobody received are destroyed with the mailbox", "[mailbox]") {
  const long live = letter::counts().live;
  const std::size_t capacity = GENERATE(1U, 3U, 8U);
  {
    mailbox<letter> box(capacity);
    for (std::size_t skip = 0; skip < capacity / 2; ++skip) {  // so that what is left wraps around
      REQUIRE(box.try_send(letter(0)));
      REQUIRE(box.try_receive());
    }
    for (int i = 0; box.try_send(letter(i)); ++i) {
    }
    CHECK(letter::counts().live == live + static_cast<long>(capacity));
    if (capacity == 3) box.close();
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("a message that was received has left nothing of itself in the mailbox", "[mailbox]") {
  const long live = letter::counts().live;
  mailbox<letter> box(4);
  REQUIRE(box.send(letter(1)));
  {
    const auto got = box.receive();
    CHECK(letter::counts().live == live + 1);
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("waiting receivers of a mailbox are woken first come, first served", "[mailbox]") {
  const watchdog guard("a line of receivers");
  mailbox<int> box(4);
  std::vector<std::unique_ptr<receiving>> line;
  for (int i = 0; i < 5; ++i) {
    line.push_back(std::make_unique<receiving>([&] { return box.receive(); }));
    line.back()->until_it_waits();
  }
  for (std::size_t i = 0; i < 5; ++i) {
    REQUIRE(box.send(static_cast<int>(i)));
    CHECK(line[i]->outcome().value() == static_cast<int>(i));  // nobody else arrives meanwhile
  }
}

TEST_CASE("senders that wait for room are woken first come, first served", "[mailbox]") {
  const watchdog guard("a line of senders");
  mailbox<int> box(1);
  REQUIRE(box.send(0));
  std::vector<std::unique_ptr<sending>> line;
  for (int i = 1; i <= 5; ++i) {
    line.push_back(std::make_unique<sending>([&, i] { return box.send(int{i}); }));
    line.back()->until_it_waits();
  }
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(box.receive().value() == static_cast<int>(i));
    CHECK(line[i]->outcome() == status::ok);
  }
  CHECK(box.receive().value() == 5);
}

TEST_CASE("as many waiters are served as there is something for", "[mailbox]") {
  const watchdog guard("several waiters at once");
  SECTION("receivers, when several messages come at once") {
    mailbox<int> box(3);
    receiving first([&] { return box.receive(); });
    receiving second([&] { return box.receive(); });
    receiving third([&] { return box.receive(); });
    first.until_it_waits();
    second.until_it_waits();
    third.until_it_waits();
    for (int i = 0; i < 3; ++i) REQUIRE(box.send(int{i}));
    CHECK(first.outcome().value() + second.outcome().value() + third.outcome().value() == 3);
  }
  SECTION("senders, when room for several is made at once") {
    mailbox<int> box(3);
    for (int i = 0; i < 3; ++i) REQUIRE(box.send(int{i}));
    sending first([&] { return box.send(3); });
    sending second([&] { return box.send(4); });
    sending third([&] { return box.send(5); });
    first.until_it_waits();
    second.until_it_waits();
    third.until_it_waits();
    int sum = 0;
    for (int i = 0; i < 6; ++i) sum += box.receive().value();
    CHECK(sum == 15);
    CHECK(first.outcome() == status::ok);
    CHECK(second.outcome() == status::ok);
    CHECK(third.outcome() == status::ok);
  }
}

TEST_CASE("a waiter that timed out is not in the line any more", "[mailbox]") {
  const watchdog guard("a waiter that timed out");
  mailbox<int> box(1);
  CHECK(box.try_receive_for(1ms).error() == status::timeout);
  REQUIRE(box.send(1));
  CHECK(box.try_send_for(2, 1ms) == status::timeout);
  CHECK(box.try_receive().value() == 1);
  CHECK(box.try_receive().error() == status::empty);
}

TEST_CASE("destroying a mailbox somebody waits on is misuse, and the sentence says so", "[mailbox][death]") {
#if TANDEM_TEST_THREAD_SANITIZER
  SUCCEED("ThreadSanitizer lets no child of a program with threads start threads of its own");
#else
  const bool as_sender = GENERATE(false, true);
  const auto end = support::death_of([as_sender] {
    std::optional<mailbox<int>> box(std::in_place, std::size_t{1});
    if (as_sender) static_cast<void>(box->send(1));
    std::atomic<long> number{0};
    std::thread waiter([&] {
      number = support::this_thread_number();
      if (as_sender) {
        static_cast<void>(box->send(2));
      } else {
        static_cast<void>(box->receive());
      }
    });
    while (number == 0 || support::state_of_thread(number) != 'S') std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(5ms);
    box.reset();
    waiter.detach();
  });
  INFO(end.said);
  CHECK(end.in_one_sentence());
  CHECK(end.saying("mailbox"));
  CHECK(end.saying("destroyed while somebody waits on it"));
#endif
}

TEMPLATE_LIST_TEST_CASE("any message that moves without throwing can be mailed", "[mailbox]", awkward) {
  const watchdog guard("awkward messages");
  mailbox<TestType> box(3);
  int in = 0;
  int out = 0;
  for (int lap = 0; lap < 4; ++lap) {
    while (true) {
      TestType mine(in);
      if (!box.try_send(std::move(mine))) {
        CHECK(mine.number() == in);
        break;
      }
      ++in;
    }
    CHECK(box.receive().value().number() == out++);
    CHECK(box.try_receive().value().number() == out++);
  }
  meanwhile sender([&] {
    int refused = 0;
    for (int i = 0; i < 10; ++i) refused += box.send(TestType(in + i)) ? 0 : 1;
    return refused;
  });
  for (; out < in + 10; ++out) CHECK(box.receive().value().number() == out);
  CHECK(sender.outcome() == 0);
}

TEST_CASE("a message is moved in once and out once, and never copied, on its way through a mailbox", "[mailbox]") {
  const watchdog guard("moves per message");
  mailbox<letter> box(1);
  letter mine(1);
  long moves = letter::counts().moves;
  const long copies = letter::counts().copies;
  SECTION("that lies in the mailbox for a while") {
    REQUIRE(box.send(std::move(mine)));
    CHECK(letter::counts().moves == moves + 1);
    const auto got = box.receive();
    CHECK(letter::counts().moves == moves + 2);
    CHECK(got->number() == 1);
  }
  SECTION("that a receiver is waiting for") {
    meanwhile receiver([&] {
      const auto got = box.receive();
      const long after = letter::counts().moves;
      return got->number() == 1 ? after - moves : -1;
    });
    receiver.until_it_waits();
    moves = letter::counts().moves;
    REQUIRE(box.send(std::move(mine)));
    const long seen = receiver.outcome();
    CHECK(seen >= 1);
    CHECK(seen <= 2);
  }
  CHECK(letter::counts().copies == copies);
}

TEST_CASE("a mailbox asks the heap once, when it is made, and for nothing per message", "[mailbox]") {
  const watchdog guard("allocations of a mailbox");
  const std::size_t before = support::allocations_of_this_thread;
  mailbox<support::parcel> box(3);
  const std::size_t made_of = support::allocations_of_this_thread - before;
  CHECK(made_of == (support::allocations_are_counted ? 1U : 0U));
  std::stop_source source;
  const auto token = source.get_token();
  meanwhile receiver([&] {
    const std::size_t mine = support::allocations_of_this_thread;
    for (int i = 0; i < 300; ++i) {
      if (i % 3 == 0 && !box.receive()) break;
      if (i % 3 == 1 && !box.receive(token)) break;
      if (i % 3 == 2 && !box.try_receive_for(1h, token)) break;
    }
    return support::allocations_of_this_thread - mine;
  });
  receiver.until_it_waits();
  const std::size_t mine = support::allocations_of_this_thread;
  bool all = true;
  for (int i = 0; i < 300; ++i) {
    if (i % 2 == 0) all = all && box.send(support::parcel(i));
    if (i % 2 == 1) all = all && box.try_send_for(support::parcel(i), 1h, token);
  }
  const std::size_t used = support::allocations_of_this_thread - mine;
  CHECK(all);
  CHECK(used == 0);
  CHECK(receiver.outcome() == 0);
}

TEST_CASE("every message mailed by many senders reaches exactly one of many receivers", "[mailbox]") {
  const watchdog guard("many to many");
  const std::size_t capacity = GENERATE(1U, 5U, 64U);
  mailbox<int> box(capacity);
  const support::many_to_many through = support::send_many_to_many(box, 500);
  CHECK(through.accepted == 2000);
  CHECK(through.received_once == 2000);
}
