// The contract of select, clause by clause: what it promises about arms, choice, partners and lifetime. What every
// select has to get right is known from Go's tests of channels and from Concurrent ML; these are written anew.
#include <tandem/blend/select.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/port.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/dice.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/started.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::letter;
using support::meanwhile;
using support::started;
using support::unplaced;
using support::watchdog;
using tandem::after;
using tandem::at;
using tandem::co_select;
using tandem::co_try_select_for;
using tandem::co_try_select_until;
using tandem::get_from;
using tandem::in_order;
using tandem::mailbox;
using tandem::never;
using tandem::otherwise;
using tandem::receive_from;
using tandem::rendezvous;
using tandem::result;
using tandem::run_loop;
using tandem::select;
using tandem::send_to;
using tandem::status;
using tandem::stop_requested;
using tandem::task;
using tandem::try_select;
using tandem::try_select_for;
using tandem::try_select_until;

namespace {

using selecting = meanwhile<std::size_t>;

// Notes what arms did, in the order in which they did it.
struct diary {
  std::vector<int> came;
  std::vector<status> failed;
  std::vector<status> sent;
  int called = 0;

  auto receives() {
    return [this](result<int> r) {
      if (r) {
        came.push_back(*r);
      } else {
        failed.push_back(r.error());
      }
    };
  }
  auto sends() {
    return [this](status how) { sent.push_back(how); };
  }
  auto calls() {
    return [this] { ++called; };
  }
};

template <class Range>
concept can_be_selected_from = requires(Range& range) { select(range); };
template <class Range>
concept can_be_selected_in_order = requires(Range& range) { select(in_order, range); };

using plain_arm = tandem::receive_arm<mailbox<int>, tandem::detail::nothing_more>;
static_assert(can_be_selected_from<std::vector<plain_arm>> && can_be_selected_in_order<std::deque<plain_arm>>);
static_assert(!can_be_selected_from<std::vector<int>> && !can_be_selected_in_order<std::vector<int>>);

// A range of numbers that chance may deviate from `rounds * share` by, once in a thousand million runs.
bool is_about(int count, int rounds, double share) {
  const double sigma = std::sqrt(rounds * share * (1 - share));
  return std::abs(count - rounds * share) < 6 * sigma;
}

}  // namespace

// --- each kind of arm ------------------------------------------------------------------------------------------------

TEST_CASE("select: a message that is there is received, and its arm's number returned", "[select]") {
  mailbox<int> a(1), b(1);
  diary d;
  REQUIRE(b.send(7));
  CHECK(select(receive_from(a, d.receives()), receive_from(b, d.receives())) == 1);
  CHECK(d.came == std::vector{7});
  CHECK(b.was_empty());
}

TEST_CASE("select: where there is room, or a receiver, a variable is sent", "[select]") {
  const watchdog guard("a select that sends");
  mailbox<int> full(1), roomy(1);
  REQUIRE(full.send(0));
  diary d;
  int value = 7;
  CHECK(select(send_to(full, value, d.sends()), send_to(roomy, value, d.sends())) == 1);
  CHECK(d.sent == std::vector<status>{status::ok});
  CHECK(roomy.try_receive().value() == 7);

  rendezvous<int> meeting;
  meanwhile receiver([&] { return meeting.receive(); });
  receiver.until_it_waits();
  CHECK(select(send_to(full, value), send_to(meeting, value)) == 1);
  CHECK(receiver.outcome().value() == 7);
}

TEST_CASE("select: a future is kept, abandoned, or has been got", "[select]") {
  tandem::promise<int> kept, forgotten;
  auto value = kept.get_future();
  auto nothing = forgotten.get_future();
  diary d;
  REQUIRE(kept.set_value(3));
  CHECK(select(get_from(nothing, d.receives()), get_from(value, d.receives())) == 1);
  CHECK(d.came == std::vector{3});
  CHECK(select(get_from(nothing, d.receives()), get_from(value, d.receives())) == 1);
  CHECK(d.failed == std::vector<status>{status::closed});
  {
    const auto gone = std::move(forgotten);
  }
  CHECK(select(get_from(nothing, d.receives()), never()) == 0);
  CHECK(d.failed == std::vector<status>{status::closed, status::abandoned});
}

TEST_CASE("select: a future of nothing says that it is done", "[select]") {
  const watchdog guard("a future<void>");
  tandem::promise<void> done;
  auto waiting = done.get_future();
  bool told = false;
  rendezvous<int> meeting;
  selecting other(
      [&] { return select(receive_from(meeting), get_from(waiting, [&](result<void> r) { told = r.has_value(); })); });
  other.until_it_waits();
  REQUIRE(done.set_value());
  CHECK(other.outcome() == 1);
  CHECK(told);

  tandem::promise<void> again;
  auto named = again.get_future();
  REQUIRE(again.set_value());
  auto arm = get_from(named);
  CHECK(select(arm) == 0);
  CHECK(arm.result().has_value());
}

TEST_CASE("select: an instant that has come, a stop that was requested, and otherwise", "[select]") {
  rendezvous<int> meeting;
  diary d;
  const auto stop = std::make_unique<std::stop_source>();  // on the heap, or g++ 12 takes it for uninitialized
  CHECK(select(receive_from(meeting), after(0s, d.calls())) == 1);
  CHECK(select(receive_from(meeting), at(tandem::clock::now(), d.calls())) == 1);
  stop->request_stop();
  CHECK(select(receive_from(meeting), stop_requested(stop->get_token(), d.calls())) == 1);
  CHECK(select(receive_from(meeting), otherwise(d.calls())) == 1);
  CHECK(select(never(), otherwise(d.calls()), never()) == 1);
  CHECK(d.called == 5);
}

TEST_CASE("select: an arm with a name keeps what came until it is used again", "[select]") {
  mailbox<letter> a(2), b(2);
  const long before = letter::counts().live;
  {
    auto from_a = receive_from(a);
    auto from_b = receive_from(b);
    CHECK(from_a.result().error() == status::abandoned);  // it has not fired
    REQUIRE(a.send(letter(1)));
    REQUIRE(a.send(letter(2)));
    CHECK(select(from_a, from_b) == 0);
    CHECK(from_b.result().error() == status::abandoned);
    CHECK(from_a.result().value().number() == 1);
    CHECK(select(from_a, from_b) == 0);
    CHECK(select(from_a, from_b, otherwise()) == 2);  // the second letter was not asked for, and goes
    CHECK(from_a.result().error() == status::abandoned);

    letter mine(3);
    auto to_b = send_to(b, mine);
    CHECK(to_b.outcome() == status::abandoned);
    CHECK(select(to_b) == 0);
    CHECK(to_b.outcome() == status::ok);
    CHECK(select(from_b, to_b.only_if(false)) == 0);
    CHECK(to_b.outcome() == status::abandoned);  // it was used again, though left out
  }
  CHECK(letter::counts().live == before);
}

TEST_CASE("select: an arm that holds a message may be moved, and used again", "[select]") {
  const long before = letter::counts().live;
  mailbox<letter> a(4);
  {
    std::vector<tandem::receive_arm<mailbox<letter>, tandem::detail::nothing_more>> arms;
    arms.push_back(receive_from(a));
    for (int i = 0; i < 4; ++i) {
      REQUIRE(a.send(letter(i)));
      CHECK(select(arms) == 0);
      arms.reserve(arms.capacity() + 1);  // they move
    }
    CHECK(arms.front().result().value().number() == 3);
  }
  CHECK(letter::counts().live == before);
}

// --- exactly one fires, and the others leave no trace ----------------------------------------------------------------

TEST_CASE("select: what the others would have sent is untouched, what they would have received still there",
          "[select]") {
  const watchdog guard("select, one of four");
  const long before = letter::counts().live;
  {
    mailbox<letter> in(1), out(1);
    rendezvous<letter> meeting;
    for (int round = 0; round < 200; ++round) {
      letter one(1), two(2), three(3);
      REQUIRE(in.send(letter(9)));
      int fired = 0;
      int came = 0;
      const auto note = [&](status how) { fired += how ? 1 : 0; };
      const std::size_t which = select(send_to(out, one, note), send_to(meeting, two, note), send_to(out, three, note),
                                       receive_from(in, [&](result<letter> r) {
                                         came = r->number();
                                         ++fired;
                                       }));
      REQUIRE(fired == 1);
      REQUIRE(which != 1);  // nobody is there
      REQUIRE(one.number() == (which == 0 ? -1 : 1));
      REQUIRE(two.number() == 2);
      REQUIRE(three.number() == (which == 2 ? -1 : 3));
      REQUIRE(came == (which == 3 ? 9 : 0));
      const auto sent = out.try_receive();
      REQUIRE(sent.has_value() == (which != 3));
      const auto left = in.try_receive();
      REQUIRE(left.has_value() == (which != 3));
    }
  }
  CHECK(letter::counts().live == before);
}

TEST_CASE("select: the same when it had to wait, whoever comes", "[select]") {
  const watchdog guard("select, waiting, one of three");
  const long before = letter::counts().live;
  {
    rendezvous<letter> a, b, c;
    for (int way = 0; way < 3; ++way) {
      letter mine(1);
      int came = 0;
      selecting other([&] {
        return select(receive_from(a, [&](result<letter> r) { came = r->number(); }), send_to(b, mine),
                      receive_from(c, [&](result<letter> r) { came = r->number(); }));
      });
      other.until_it_waits();
      if (way == 1) {
        CHECK(b.try_receive().value().number() == 1);
      } else {
        CHECK((way == 0 ? a : c).try_send(letter(7 + way)) == status::ok);
      }
      CHECK(other.outcome() == static_cast<std::size_t>(way));
      CHECK(mine.number() == (way == 1 ? -1 : 1));
      CHECK(came == (way == 1 ? 0 : 7 + way));
      // and it stands in no line any more
      CHECK(a.try_send(letter(0)) == status::full);
      CHECK(b.try_receive().error() == status::empty);
      CHECK(c.try_send(letter(0)) == status::full);
    }
  }
  CHECK(letter::counts().live == before);
}

TEST_CASE("select: a closed channel is ready, at once and for ever, for both sides", "[select]") {
  rendezvous<letter> meeting;
  mailbox<letter> box(2);
  REQUIRE(box.send(letter(1)));
  meeting.close();
  box.close();
  diary d;
  letter mine(2);
  for (int i = 0; i < 3; ++i) {
    CHECK(select(send_to(meeting, mine, d.sends())) == 0);
    CHECK(select(send_to(box, mine, d.sends())) == 0);
    status how = status::ok;
    CHECK(select(receive_from(meeting, [&](const result<letter>& r) { how = r.error(); })) == 0);
    CHECK(how == status::closed);
  }
  CHECK(d.sent == std::vector<status>(6, status::closed));
  CHECK(mine.number() == 2);
  status how = status::closed;
  const auto note = [&](const result<letter>& r) { how = r.error(); };
  CHECK(select(receive_from(box, note)) == 0);  // what was accepted is still delivered
  CHECK(how == status::ok);
  CHECK(select(receive_from(box, note)) == 0);
  CHECK(how == status::closed);
}

TEST_CASE("select: close wakes one that waits, with no message", "[select]") {
  const watchdog guard("closed while a select waits");
  rendezvous<int> a, b;
  mailbox<int> c(1);
  for (int way = 0; way < 2; ++way) {
    status how = status::ok;
    const auto note = [&](result<int> r) { how = r.error(); };
    selecting other([&] { return select(receive_from(a), receive_from(b, note), receive_from(c, note)); });
    other.until_it_waits();
    if (way == 0) {
      c.close();
      CHECK(other.outcome() == 2);
      break;
    }
  }
  selecting other([&] { return select(receive_from(a), receive_from(b)); });
  other.until_it_waits();
  b.close();
  CHECK(other.outcome() == 1);
}

// --- choice ---------------------------------------------------------------------------------------------------------

TEST_CASE("select: only_if(false) leaves an arm out", "[select]") {
  mailbox<int> a(1), b(1);
  a.close();  // ready for ever
  REQUIRE(b.send(1));
  for (int i = 0; i < 50; ++i) CHECK(select(receive_from(a).only_if(false), otherwise()) == 1);
  auto named = receive_from(a);
  CHECK(select(named.only_if(false), receive_from(b)) == 1);
  CHECK(select(named.only_if(true), never()) == 0);
  CHECK(select(in_order, named.only_if(false), otherwise()) == 1);
  std::stop_source stop;
  stop.request_stop();
  CHECK(select(stop_requested(stop.get_token()).only_if(false), after(0s)) == 1);
  CHECK(select(after(0s).only_if(false), otherwise()) == 1);
}

TEST_CASE("select: otherwise does not wait, and no partner is made up", "[select]") {
  rendezvous<letter> nobody;
  mailbox<letter> full(1);
  REQUIRE(full.send(letter(0)));
  letter mine(1);
  CHECK(select(send_to(nobody, mine), receive_from(nobody), send_to(full, mine), otherwise()) == 3);
  CHECK(mine.number() == 1);
  CHECK(nobody.try_send(letter(2)) == status::full);
  CHECK(nobody.try_receive().error() == status::empty);
}

TEST_CASE("select: two that only look never meet", "[select]") {
  rendezvous<int> meeting;
  int value = 1;
  CHECK(select(send_to(meeting, value), otherwise()) == 1);
  CHECK(select(receive_from(meeting), otherwise()) == 1);
}

TEST_CASE("select: of several arms that are ready each has the same chance", "[select]") {
  constexpr int rounds = 120'000;
  mailbox<int> a(1), b(1), c(1);
  a.close();
  b.close();
  c.close();
  SECTION("two") {
    std::array<int, 2> fired{};
    for (int i = 0; i < rounds; ++i) ++fired[select(receive_from(a), receive_from(b))];
    for (const int count : fired) CHECK(is_about(count, rounds, 1.0 / 2));
  }
  SECTION("three") {
    std::array<int, 3> fired{};
    for (int i = 0; i < rounds; ++i) ++fired[select(receive_from(a), receive_from(b), receive_from(c))];
    for (const int count : fired) CHECK(is_about(count, rounds, 1.0 / 3));
  }
  SECTION("two of four, a send and a receive") {
    mailbox<int> one(1);
    rendezvous<int> nobody;
    std::array<int, 4> fired{};
    int value = 0;
    for (int i = 0; i < rounds; ++i) {
      ++fired[select(receive_from(nobody), send_to(one, value), receive_from(a), send_to(nobody, value))];
      static_cast<void>(one.try_receive());
    }
    CHECK((fired[0] == 0 && fired[3] == 0));
    CHECK(is_about(fired[1], rounds, 1.0 / 2));
    CHECK(is_about(fired[2], rounds, 1.0 / 2));
  }
  SECTION("three rendezvous") {
    rendezvous<int> x, y, z;
    for (auto* const meeting : {&x, &y, &z}) meeting->close();
    std::array<int, 3> fired{};
    for (int i = 0; i < rounds; ++i) ++fired[select(receive_from(x), receive_from(y), receive_from(z))];
    for (const int count : fired) CHECK(is_about(count, rounds, 1.0 / 3));
  }
}

TEST_CASE("select: a tick that is due has the same chance as what is ready", "[select]") {
  constexpr int rounds = 20'000;
  mailbox<int> a(1);
  a.close();
  tandem::ticker soon(1ns);  // due whenever somebody looks
  std::array<int, 2> fired{};
  for (int i = 0; i < rounds; ++i) ++fired[select(receive_from(a), tick(soon))];
  for (const int count : fired) CHECK(is_about(count, rounds, 1.0 / 2));
}

TEST_CASE("select: what is ready comes before an instant that has passed, and that before otherwise", "[select]") {
  mailbox<int> a(1), b(1);
  rendezvous<int> nobody;
  a.close();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(select(receive_from(a), after(0s)) == 0);
    REQUIRE(select(after(0s), receive_from(b), receive_from(nobody), receive_from(a)) == 3);
    REQUIRE(select(otherwise(), after(-1h), receive_from(b)) == 1);
    REQUIRE(select(receive_from(nobody), receive_from(b), after(0s), otherwise()) == 2);
    REQUIRE(select(after(0s), at(tandem::clock::now() - 1s), receive_from(b)) == 1);  // the earlier one
  }
}

namespace {

/// Whose move takes until it may go on: so a sender is half-way for that long.
struct slow_to_move {
  std::atomic<bool>* moves = nullptr;
  std::atomic<bool>* may_go_on = nullptr;

  slow_to_move() = default;
  slow_to_move(std::atomic<bool>* m, std::atomic<bool>* g) : moves(m), may_go_on(g) {}
  slow_to_move(slow_to_move&& other) noexcept : moves(other.moves), may_go_on(other.may_go_on) {
    if (moves == nullptr) return;
    *moves = true;
    while (!*may_go_on) std::this_thread::yield();
    moves = nullptr;
  }
  slow_to_move& operator=(slow_to_move&&) = delete;
};

}  // namespace

TEST_CASE("select: a time, and a stop, do not wait for a sender who is half-way", "[select]") {
  tandem::mailbox<slow_to_move> inbox(1);
  std::atomic<bool> moves{false};
  std::atomic<bool> may_go_on{false};
  std::jthread sender([&] { CHECK(inbox.send(slow_to_move(&moves, &may_go_on)) == status::ok); });
  while (!moves) std::this_thread::yield();
  tandem::stop_source stop;
  CHECK(tandem::select(receive_from(inbox), after(5ms)) == 1);
  CHECK(tandem::select(receive_from(inbox), after(0s)) == 1);
  CHECK(tandem::select(tandem::in_order, receive_from(inbox), after(0s)) == 1);
  const auto now = tandem::clock::now();
  CHECK(tandem::select(tandem::in_order, receive_from(inbox), at(now), at(now - 1ms)) == 1);
  CHECK(tandem::select(receive_from(inbox), at(now), at(now - 1ms)) == 2);
  CHECK(try_select_for(receive_from(inbox), tandem::otherwise(), 0s).error() == status::timeout);
  {
    const std::jthread stopper([&] {
      std::this_thread::sleep_for(5ms);
      stop.request_stop();
    });
    CHECK(tandem::select(receive_from(inbox), stop_requested(stop.get_token()), tandem::otherwise()) == 1);
  }
  may_go_on = true;
  CHECK(tandem::select(receive_from(inbox)) == 0);
}

TEST_CASE("the dice: no bit of a roll tells what it will be in one of the next 64", "[select]") {
  constexpr std::size_t rolls = 4096;
  tandem::detail::dice dice;  // which always begins with the same number
  std::vector<std::uint32_t> rolled(rolls + 64);
  for (auto& roll : rolled) roll = dice.roll();
  for (std::size_t lag = 1; lag <= 64; ++lag) {
    std::array<int, 32> equal{};
    for (std::size_t i = 0; i < rolls; ++i) {
      for (std::size_t bit = 0; bit < 32; ++bit) equal[bit] += ((rolled[i] ^ rolled[i + lag]) >> bit & 1U) == 0 ? 1 : 0;
    }
    for (const int count : equal) REQUIRE(is_about(count, rolls, 1.0 / 2));
  }
}

TEST_CASE("the dice: the upper halves of xorshift64 with the shifts 13, 7 and 17", "[select]") {
  tandem::detail::dice dice;
  for (const std::uint32_t expected : {0x7f6c280bU, 0xe4711987U, 0x35174a41U, 0x62ce1ffaU}) {
    CHECK(dice.roll() == expected);
  }
}

TEST_CASE("select: in_order takes the first that is ready", "[select]") {
  mailbox<int> a(1), b(1), c(1);
  b.close();
  c.close();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(select(in_order, receive_from(a), receive_from(b), receive_from(c)) == 1);
    REQUIRE(select(in_order, receive_from(a), after(0s), receive_from(b)) == 1);
  }
  std::vector<tandem::receive_arm<mailbox<int>, tandem::detail::nothing_more>> arms;
  for (auto* const box : {&a, &b, &c}) arms.push_back(receive_from(*box));
  for (int i = 0; i < 100; ++i) REQUIRE(select(in_order, arms) == 1);
}

TEST_CASE("select: a stop that was requested before the call comes before all", "[select]") {
  mailbox<int> a(1);
  a.close();
  std::stop_source stop;
  stop.request_stop();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(select(receive_from(a), stop_requested(stop.get_token())) == 1);
    REQUIRE(select(in_order, receive_from(a), otherwise(), stop_requested(stop.get_token())) == 2);
  }
}

TEST_CASE("select: a stop ends the wait, and each of several does", "[select]") {
  const watchdog guard("a stop ends a select");
  rendezvous<letter> meeting;
  for (std::size_t way = 0; way < 3; ++way) {
    std::array<std::stop_source, 3> stops;
    letter mine(1);
    selecting other([&] {
      return select(stop_requested(stops[0].get_token()), stop_requested(stops[1].get_token()),
                    stop_requested(stops[2].get_token()), send_to(meeting, mine));
    });
    other.until_it_waits();
    stops[way].request_stop();
    CHECK(other.outcome() == way);
    CHECK(mine.number() == 1);
    CHECK(meeting.try_receive().error() == status::empty);
  }
}

TEST_CASE("select: a stop is enough to wait for", "[select]") {
  const watchdog guard("a select that waits for a stop alone");
  std::stop_source stop;
  selecting other([&] { return select(never(), stop_requested(stop.get_token())); });
  other.until_it_waits();
  CHECK_FALSE(other.over());
  stop.request_stop();
  CHECK(other.outcome() == 1);
}

TEST_CASE("select: a stop that is left out does not end the wait", "[select]") {
  const watchdog guard("a stop that is left out");
  rendezvous<int> meeting;
  std::stop_source left_out, other_stop;
  selecting other([&] {
    return select(receive_from(meeting), stop_requested(left_out.get_token()).only_if(false),
                  stop_requested(other_stop.get_token()));
  });
  other.until_it_waits();
  left_out.request_stop();
  REQUIRE(meeting.send(1));
  CHECK(other.outcome() == 0);
}

TEST_CASE("select: a deadline ends the wait, not early, and the earliest of several", "[select]") {
  const watchdog guard("a deadline ends a select");
  rendezvous<int> meeting;
  const auto due = tandem::clock::now() + 20ms;
  CHECK(select(receive_from(meeting), after(1h), at(due), after(2h)) == 2);
  CHECK(tandem::clock::now() >= due);
  CHECK(meeting.try_send(1) == status::full);
}

TEST_CASE("select: one in which no arm can ever fire aborts, saying so", "[select]") {
  const std::string words = "a select in which no arm can ever fire would wait for ever";
  rendezvous<int> meeting;
  CHECK(support::death_of([] { select(never()); }).saying(words));
  CHECK(support::death_of([] {
          std::vector<decltype(never())> too_many;
          for (int i = 0; i < 65'536; ++i) too_many.push_back(never());
          select(too_many);
        }).saying("a select has 65,533 arms at most"));
  CHECK(support::death_of([&] { select(receive_from(meeting).only_if(false), never()); }).saying(words));
  CHECK(support::death_of([] { select(after(std::chrono::hours::max())); }).saying(words));
  CHECK(support::death_of([] { select(stop_requested(std::stop_token())); }).saying(words));
  CHECK(support::death_of([] {
          auto used_up = after(0s);
          select(used_up);
          select(used_up);
        }).saying(words));
  CHECK(support::death_of([] {
          std::vector<tandem::receive_arm<rendezvous<int>, tandem::detail::nothing_more>> none;
          select(none);
        }).saying(words));
  CHECK(support::death_of([] {
          run_loop loop;
          const auto work = []() -> task<> { co_await co_select(never()); };
          loop.block_on(work());
        }).saying(words));
}

// --- partners -------------------------------------------------------------------------------------------------------

TEST_CASE("select: two of them meet, with two channels between them", "[select]") {
  const watchdog guard("two selects");
  rendezvous<int> a, b;
  for (int round = 0; round < 500; ++round) {
    diary mine, theirs;
    int one = 1, two = 2;
    selecting other([&] { return select(send_to(a, one, theirs.sends()), receive_from(b, theirs.receives())); });
    const std::size_t here = select(receive_from(a, mine.receives()), send_to(b, two, mine.sends()));
    REQUIRE(other.outcome() == here);
    REQUIRE(mine.came.size() + theirs.came.size() == 1);
    REQUIRE(mine.sent.size() + theirs.sent.size() == 1);
    REQUIRE((here == 0 ? mine.came : theirs.came).front() == (here == 0 ? 1 : 2));
  }
}

TEST_CASE("select: never with itself, though it sends and receives on one channel", "[select]") {
  rendezvous<letter> meeting;
  letter mine(1);
  CHECK(select(send_to(meeting, mine), receive_from(meeting), after(5ms)) == 2);
  CHECK(select(receive_from(meeting), send_to(meeting, mine), receive_from(meeting), after(5ms)) == 3);
  CHECK(mine.number() == 1);
}

TEST_CASE("select: but with another that does the same", "[select]") {
  const watchdog guard("two selects that both send and receive");
  rendezvous<int> meeting;
  for (int round = 0; round < 500; ++round) {
    diary mine, theirs;
    int one = 1, two = 2;
    selecting other(
        [&] { return select(send_to(meeting, one, theirs.sends()), receive_from(meeting, theirs.receives())); });
    const std::size_t here = select(send_to(meeting, two, mine.sends()), receive_from(meeting, mine.receives()));
    REQUIRE(other.outcome() == 1 - here);
    REQUIRE((here == 0 ? theirs.came : mine.came) == std::vector{here == 0 ? 2 : 1});
  }
}

TEST_CASE("select: one channel in two arms, one of which fires", "[select]") {
  const watchdog guard("one channel in two arms");
  rendezvous<int> meeting;
  diary d;
  selecting other(
      [&] { return select(receive_from(meeting, d.receives()), receive_from(meeting, d.receives()), after(1h)); });
  other.until_it_waits();
  CHECK(meeting.try_send(5) == status::ok);
  CHECK(meeting.try_send(6) == status::full);
  CHECK(other.outcome() < 2);
  CHECK(d.came == std::vector{5});
  mailbox<int> box(4);
  REQUIRE(box.send(1));
  REQUIRE(box.send(2));
  CHECK(select(receive_from(box), receive_from(box)) < 2);
  CHECK(box.receive().value() == 2);
}

TEST_CASE("select: a try_ operation finds one that waits, on each of its channels", "[select]") {
  const watchdog guard("try_ against a select");
  rendezvous<int> a, b;
  for (int way = 0; way < 2; ++way) {
    int value = 9;
    diary d;
    selecting other([&] { return select(receive_from(a, d.receives()), send_to(b, value, d.sends())); });
    other.until_it_waits();
    CHECK(a.try_receive().error() == status::empty);
    CHECK(b.try_send(1) == status::full);
    if (way == 0) {
      CHECK(a.try_send(4) == status::ok);
    } else {
      CHECK(b.try_receive().value() == 9);
    }
    CHECK(other.outcome() == static_cast<std::size_t>(way));
  }
}

TEST_CASE("select: a turn that it was given at a mailbox and did not need goes to the next", "[select]") {
  const watchdog guard("a mailbox with a select and a receiver");
  for (int round = 0; round < 100; ++round) {
    mailbox<int> a(2), b(2);
    selecting first([&] { return select(receive_from(a), receive_from(b)); });
    if (round % 10 == 0) first.until_it_waits();
    meanwhile second([&] { return b.receive(); });
    if (round % 10 == 0) second.until_it_waits();
    REQUIRE(b.send(1));
    REQUIRE(a.send(2));
    REQUIRE(b.send(3));
    REQUIRE(first.outcome() < 2);
    REQUIRE(second.outcome().has_value());
  }
}

TEST_CASE("select: in a loop until both are closed, nothing is missed", "[select]") {
  const watchdog guard("select until both are closed");
  mailbox<int> a(3);
  rendezvous<int> b;
  std::jthread one([&] {
    for (int i = 0; i < 1000; ++i) static_cast<void>(a.send(i));
    a.close();
  });
  std::jthread two([&] {
    for (int i = 0; i < 1000; ++i) static_cast<void>(b.send(i));
    b.close();
  });
  bool a_open = true, b_open = true;
  int from_a = 0, from_b = 0;
  bool in_order_of_sending = true;
  const auto note = [&](bool& open, int& next) {
    return [&](result<int> r) {
      open = r.has_value();
      if (r) in_order_of_sending = in_order_of_sending && *r == next++;
    };
  };
  while (a_open || b_open) {
    select(receive_from(a, note(a_open, from_a)).only_if(a_open),
           receive_from(b, note(b_open, from_b)).only_if(b_open));
  }
  CHECK(from_a == 1000);
  CHECK(from_b == 1000);
  CHECK(in_order_of_sending);
}

TEST_CASE("select: through ports", "[select]") {
  auto [out, in] = tandem::open<mailbox<int>>(1);
  diary d;
  int value = 5;
  CHECK(select(receive_from(in), send_to(out, value, d.sends())) == 1);
  CHECK(select(receive_from(in, d.receives()), send_to(out, value)) == 0);
  CHECK(d.came == std::vector{5});
  out.reset();
  CHECK(select(receive_from(in, d.receives())) == 0);
  CHECK(d.failed == std::vector<status>{status::closed});
}

// --- functions of arms ----------------------------------------------------------------------------------------------

TEST_CASE("select: an arm's function may throw; the message has come, and all others are as they were", "[select]") {
  const watchdog guard("an arm's function throws");
  const long before = letter::counts().live;
  {
    mailbox<letter> a(1);
    rendezvous<letter> b;
    letter mine(2);
    REQUIRE(a.send(letter(1)));
    const auto throws = [](const result<letter>&) { throw std::runtime_error("no"); };
    CHECK_THROWS_AS(select(receive_from(a, throws), send_to(b, mine)), std::runtime_error);
    CHECK(a.was_empty());
    CHECK(mine.number() == 2);
    CHECK(b.try_receive().error() == status::empty);
    run_loop loop;
    const auto work = [&]() -> task<> { co_await co_select(receive_from(a, throws), send_to(b, mine)); };
    REQUIRE(a.send(letter(1)));
    CHECK_THROWS_AS(loop.block_on(work()), std::runtime_error);
  }
  CHECK(letter::counts().live == before);
}

TEST_CASE("select: an arm's function may destroy the other channels: the select is over", "[select]") {
  const watchdog guard("an arm's function destroys a channel");
  rendezvous<int> a;
  auto b = std::make_unique<rendezvous<int>>();
  const auto destroys = [&](const result<int>&) { b.reset(); };  // which aborts if somebody stands in line there
  selecting other([&] { return select(receive_from(a, destroys), receive_from(*b)); });
  other.until_it_waits();
  REQUIRE(a.send(1));
  CHECK(other.outcome() == 0);
  CHECK(b == nullptr);
}

TEST_CASE("select: an arm's function may select again, on the same channels", "[select]") {
  mailbox<int> a(2), b(2);
  REQUIRE(a.send(1));
  REQUIRE(a.send(2));
  REQUIRE(b.send(3));
  std::vector<int> came;
  const auto note = [&](result<int> r) { came.push_back(*r); };
  CHECK(select(in_order,
               receive_from(a,
                            [&](result<int> r) {
                              came.push_back(*r);
                              CHECK(select(in_order, receive_from(a, note), receive_from(b, note)) == 0);
                              CHECK(select(in_order, receive_from(a, note), receive_from(b, note)) == 1);
                            }),
               receive_from(b)) == 0);
  CHECK(came == std::vector{1, 2, 3});
}

TEST_CASE("select: a function may be one that can only be moved, and what it keeps goes with it", "[select]") {
  const long before = letter::counts().live;
  {
    mailbox<int> a(1);
    REQUIRE(a.send(1));
    int sum = 0;
    auto arm =
        receive_from(a, [&sum, kept = std::make_unique<letter>(4)](result<int> r) { sum += *r + kept->number(); });
    auto moved = std::move(arm);
    CHECK(select(moved) == 0);
    CHECK(sum == 5);
  }
  CHECK(letter::counts().live == before);
}

TEST_CASE("select: over a range of arms", "[select]") {
  const watchdog guard("select over a range");
  std::deque<mailbox<int>> boxes;
  for (int i = 0; i < 40; ++i) boxes.emplace_back(1);
  using arm = decltype(receive_from(boxes[0]));
  std::vector<arm> arms;
  for (auto& box : boxes) arms.push_back(receive_from(box));
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    REQUIRE(boxes[i].send(static_cast<int>(i)));
    REQUIRE(select(arms) == i);
    REQUIRE(arms[i].result().value() == static_cast<int>(i));
  }
  selecting other([&] { return select(arms); });
  other.until_it_waits();
  REQUIRE(boxes[17].send(1));
  CHECK(other.outcome() == 17);
  diary d;
  std::deque<decltype(receive_from(boxes[0], d.receives()))> noted;
  for (auto& box : boxes) noted.push_back(receive_from(box, d.receives()));
  REQUIRE(boxes[39].send(5));
  CHECK(select(in_order, noted) == 39);
  CHECK(d.came == std::vector{5});
}

// --- limits ---------------------------------------------------------------------------------------------------------

TEST_CASE("select: try_select says empty if none is ready, and takes one that is", "[select]") {
  mailbox<int> a(1), b(1);
  int value = 1;
  CHECK(try_select(receive_from(a), receive_from(b)).error() == status::empty);
  CHECK(try_select(receive_from(a), send_to(b, value)).value() == 1);
  CHECK(try_select(receive_from(a), send_to(b, value), otherwise()).value() == 2);
  diary d;
  CHECK(try_select(in_order, receive_from(a), receive_from(b, d.receives())).value() == 1);
  CHECK(d.came == std::vector{1});
  std::vector<plain_arm> arms;
  arms.push_back(receive_from(a));
  arms.push_back(receive_from(b));
  CHECK(try_select(arms).error() == status::empty);
  a.close();
  CHECK(try_select(in_order, arms).value() == 0);
}

TEST_CASE("select: what limits it comes after the arms: a time, a stop, or both", "[select]") {
  const watchdog guard("selects with limits");
  mailbox<int> a(1), b(1);
  REQUIRE(b.send(0));
  std::stop_source stop;
  const auto token = stop.get_token();
  letter mine(1);
  rendezvous<letter> meeting;
  diary d;
  const auto in_time = [&](auto how_long_it_took, auto when) {
    CHECK(tandem::clock::now() >= when);
    return how_long_it_took;
  };
  const auto soon = [] { return tandem::clock::now() + 2ms; };
  auto when = soon();
  CHECK(in_time(try_select_for(receive_from(a, d.receives()), send_to(meeting, mine), 2ms), when).error() ==
        status::timeout);
  when = soon();
  CHECK(in_time(try_select_for(receive_from(a, d.receives()), send_to(meeting, mine), 2ms, token), when).error() ==
        status::timeout);
  when = soon();
  CHECK(in_time(try_select_until(in_order, receive_from(a), when), when).error() == status::timeout);
  when = soon();
  CHECK(in_time(try_select_until(receive_from(a), when, token), when).error() == status::timeout);
  std::vector<plain_arm> arms;
  arms.push_back(receive_from(a));
  CHECK(try_select_for(arms, 1ms).error() == status::timeout);
  CHECK(try_select_for(in_order, arms, 1ms, token).error() == status::timeout);
  CHECK(mine.number() == 1);
  CHECK(d.came.empty());

  for (int way = 0; way < 4; ++way) {  // a partner comes first, or the stop
    std::stop_source ends;
    meanwhile<result<std::size_t>> other([&] {
      switch (way) {
        case 0: return select(receive_from(a), send_to(b, way), ends.get_token());
        case 1: return try_select_for(receive_from(a), send_to(b, way), 1h, ends.get_token());
        case 2: return try_select_for(receive_from(a), send_to(b, way), 1h);
        default: return try_select_until(receive_from(a), tandem::clock::now() + 1h, ends.get_token());
      }
    });
    other.until_it_waits();
    if (way % 2 == 0) {
      REQUIRE(a.send(1));
      CHECK(other.outcome().value() == 0);
    } else {
      ends.request_stop();
      CHECK(other.outcome().error() == status::stopped);
    }
  }
}

TEST_CASE("select: which outcome, if several could be, is as in every verb", "[select]") {
  mailbox<int> ready(1), never_ready(1);
  std::stop_source stop;
  const auto token = stop.get_token();
  for (int i = 0; i < 100; ++i) {  // what can be done at once is done, though the time is past
    REQUIRE(ready.send(1));
    REQUIRE(try_select_for(receive_from(never_ready), receive_from(ready), 0s, token).value() == 1);
    REQUIRE(ready.send(1));
    REQUIRE(try_select_until(receive_from(never_ready), receive_from(ready), tandem::clock::time_point()).value() == 1);
    REQUIRE(ready.send(1));
    REQUIRE(try_select_for(in_order, receive_from(never_ready), receive_from(ready), -1s).value() == 1);
    REQUIRE(try_select_for(receive_from(never_ready), receive_from(ready), 0s).error() == status::timeout);
    // an instant of one's own is an arm, and comes before the limit if it is earlier
    REQUIRE(try_select_for(receive_from(never_ready), after(0s), 1h).value() == 1);
    REQUIRE(try_select_for(receive_from(never_ready), otherwise(), 1h).value() == 1);
    // what is there at once comes before a limit that has passed, whichever instant is the earlier
    REQUIRE(try_select_for(receive_from(never_ready), otherwise(), 0s).value() == 1);
    REQUIRE(try_select_for(in_order, receive_from(never_ready), otherwise(), 0s).value() == 1);
    REQUIRE(try_select_until(receive_from(never_ready), after(0s), tandem::clock::time_point()).value() == 1);
    REQUIRE(try_select_until(in_order, receive_from(never_ready), after(0s), tandem::clock::time_point()).value() == 1);
    REQUIRE(try_select_until(receive_from(never_ready), after(0s), otherwise(), tandem::clock::now()).value() == 1);
  }
  REQUIRE(ready.send(1));
  stop.request_stop();
  CHECK(select(receive_from(ready), token).error() == status::stopped);
  CHECK(try_select_for(receive_from(ready), 0s, token).error() == status::stopped);
  CHECK(select(receive_from(ready), stop_requested(token)) == 1);
  CHECK(ready.try_receive().value() == 1);
}

namespace {
/// Runs as it is told.
struct sundial {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<sundial>;
  [[maybe_unused]] static constexpr bool is_steady = false;
  static inline int looks = 0;
  /// It stands still for five looks.
  static time_point now() noexcept { return time_point(1ms * (++looks < 6 ? 1 : looks)); }
};
}  // namespace

TEST_CASE("select: until an instant of any clock, which is asked again when the time is up", "[select]") {
  const watchdog guard("a select by another clock");
  mailbox<int> a(1);
  sundial::looks = 0;
  CHECK(try_select_until(receive_from(a), sundial::time_point(3ms)).error() == status::timeout);
  CHECK(sundial::looks >= 6);
  CHECK(try_select_until(receive_from(a), std::chrono::system_clock::now() + 1ms).error() == status::timeout);
  REQUIRE(a.send(1));
  CHECK(try_select_until(receive_from(a), std::chrono::system_clock::time_point()).value() == 0);
  using hours = std::chrono::sys_time<std::chrono::hours>;  // more than a clock of nanoseconds can count
  CHECK(try_select_until(receive_from(a), hours(-3'000'000h)).error() == status::timeout);
  CHECK(try_select_until(receive_from(a), otherwise(), hours(3'000'000h)).value() == 1);
}

TEST_CASE("select: an arm until_closed leaves itself out when its channel is closed", "[select]") {
  mailbox<int> a(1), b(1);
  diary d;
  int value = 5;
  auto from_a = receive_from(a, d.receives()).until_closed();
  auto to_b = send_to(b, value, d.sends());
  to_b.until_closed();
  REQUIRE(a.send(1));
  CHECK(select(in_order, from_a, to_b) == 0);
  a.close();
  CHECK(select(in_order, from_a, to_b) == 0);
  CHECK(d.failed == std::vector<status>{status::closed});
  CHECK(select(in_order, from_a, to_b) == 1);
  b.close();
  CHECK(select(in_order, from_a, to_b, otherwise()) == 1);
  CHECK(d.sent == std::vector<status>{status::ok, status::closed});
  CHECK(select(in_order, from_a, to_b, otherwise()) == 2);
  CHECK(try_select(from_a, to_b).error() == status::empty);
  auto moved = std::move(from_a);  // what an arm is like goes with it
  CHECK(try_select(moved).error() == status::empty);
  CHECK(try_select(moved.only_if(true)).error() == status::empty);  // over is over
  moved.switch_on(true);
  CHECK(try_select(moved).value() == 0);
  CHECK(try_select(moved).error() == status::empty);

  std::optional<tandem::promise<int>> promise(std::in_place);
  auto answer = promise->get_future();
  auto asks = get_from(answer, d.receives()).until_closed();
  promise.reset();
  CHECK(select(asks) == 0);
  CHECK(d.failed.back() == status::abandoned);
  CHECK(try_select(asks).error() == status::empty);

  tandem::promise<int> kept;
  auto value_of = kept.get_future();
  auto gets = get_from(value_of, d.receives()).until_closed();
  REQUIRE(kept.set_value(7));
  CHECK(select(gets) == 0);
  CHECK(d.came.back() == 7);
  CHECK(try_select(gets).error() == status::empty);  // it gives once
}

TEST_CASE("select: allocates nothing; over a range, once", "[select]") {
  if (!support::allocations_are_counted) return;
  mailbox<int> a(1), b(1);
  a.close();
  std::vector<tandem::receive_arm<mailbox<int>, tandem::detail::nothing_more>> arms;
  for (int i = 0; i < 100; ++i) arms.push_back(receive_from(i % 2 == 0 ? a : b));
  std::stop_source stop;
  std::stop_token token = stop.get_token();
  const std::size_t before = support::allocations_of_this_thread;
  CHECK(select(receive_from(a), receive_from(b), after(1h), stop_requested(token)) == 0);
  CHECK(select(receive_from(b), after(1ms), stop_requested(token)) == 1);
  CHECK(try_select_for(receive_from(b), 1ms, token).error() == status::timeout);
  CHECK(try_select(receive_from(b)).error() == status::empty);
  const std::size_t single = support::allocations_of_this_thread;
  CHECK(select(arms) < 100);
  const std::size_t range = support::allocations_of_this_thread;
  CHECK(single - before == 0);
  CHECK(range - single == 1);
  CHECK(try_select_for(arms, 0s, token).value() < 100);
  CHECK(support::allocations_of_this_thread - range == 1);
}

// --- coroutines -----------------------------------------------------------------------------------------------------

TEST_CASE("co_select: with every kind of arm", "[select][coroutine]") {
  const watchdog guard("co_select with every arm");
  mailbox<int> box(1);
  rendezvous<int> meeting;
  tandem::promise<int> promise;
  auto future = promise.get_future();
  std::stop_source stop;
  diary d;
  run_loop loop;
  const auto work = [&]() -> task<> {
    std::vector<std::size_t> fired;
    int value = 4;
    fired.push_back(co_await co_select(receive_from(meeting), send_to(box, value, d.sends())));
    fired.push_back(co_await co_select(receive_from(box, d.receives()), receive_from(meeting)));
    CHECK(promise.set_value(6));
    fired.push_back(co_await co_select(receive_from(box), get_from(future, d.receives())));
    fired.push_back(co_await co_select(receive_from(box), after(1ms, d.calls())));
    fired.push_back(co_await co_select(receive_from(box), otherwise(d.calls())));
    fired.push_back(co_await co_select(in_order, receive_from(box), after(0s), otherwise()));
    stop.request_stop();
    fired.push_back(co_await co_select(receive_from(box), stop_requested(stop.get_token(), d.calls())));
    CHECK(fired == std::vector<std::size_t>{1, 0, 1, 1, 1, 1, 1});
  };
  loop.block_on(work());
  CHECK(d.came == std::vector{4, 6});
  CHECK(d.sent == std::vector<status>{status::ok});
  CHECK(d.called == 3);
}

TEST_CASE("co_select: with limits", "[select][coroutine]") {
  const watchdog guard("co_select with limits");
  mailbox<int> box(1);
  rendezvous<int> meeting;
  std::stop_source stop;
  const auto token = stop.get_token();
  run_loop loop;
  const auto work = [&]() -> task<> {
    // g++ 12 takes apart what is awaited within a condition: so each has its own line
    auto how = co_await co_try_select_for(receive_from(meeting), receive_from(box), 1ms);
    CHECK(how.error() == status::timeout);
    how = co_await co_try_select_until(receive_from(box), tandem::clock::now() + 1ms, token);
    CHECK(how.error() == status::timeout);
    how = co_await co_try_select_for(in_order, receive_from(box), after(0s), 1h);
    CHECK(how.value() == 1);
    REQUIRE(box.try_send(1));
    how = co_await co_try_select_for(receive_from(meeting), receive_from(box), 0s, token);
    CHECK(how.value() == 1);
    std::vector<plain_arm> arms;
    arms.push_back(receive_from(box));
    how = co_await co_try_select_for(arms, 1ms);
    CHECK(how.error() == status::timeout);
    result<std::size_t> fired = status::closed;
    const auto body = [&](tandem::scheduler&) -> started {
      fired = co_await co_select(receive_from(meeting), receive_from(box), token);
    };
    const started waiting = body(loop);
    CHECK_FALSE(waiting.done());
    stop.request_stop();
    while (!waiting.done()) co_await co_select(after(100us));
    CHECK(fired.error() == status::stopped);
    how = co_await co_select(receive_from(box), token);
    CHECK(how.error() == status::stopped);
  };
  loop.block_on(work());
}

TEST_CASE("co_select: each of its arms can end the wait", "[select][coroutine]") {
  const watchdog guard("co_select waits");
  run_loop loop;
  for (int way = 0; way < 7; ++way) {
    CAPTURE(way);
    rendezvous<int> a, b;
    mailbox<int> box(1);
    tandem::promise<int> promise;
    auto future = promise.get_future();
    std::stop_source one, two;
    int value = 3;
    std::size_t fired = 99;
    const auto body = [&](tandem::scheduler&) -> started {
      fired = co_await co_select(receive_from(a), send_to(b, value), receive_from(box), get_from(future),
                                 stop_requested(one.get_token()), stop_requested(two.get_token()),
                                 after(way == 6 ? 1ms : 1h));
      loop.stop();
    };
    const auto begin = [&]() -> task<> {
      started waiting = body(loop);
      CHECK_FALSE(waiting.done());
      switch (way) {
        case 0: CHECK(a.try_send(1) == status::ok); break;
        case 1: CHECK(b.try_receive().value() == 3); break;
        case 2: CHECK(box.send(1)); break;
        case 3: CHECK(promise.set_value(1)); break;
        case 4: one.request_stop(); break;
        case 5: two.request_stop(); break;
        default: break;
      }
      CHECK_FALSE(waiting.done());  // not before the loop has its turn
      while (!waiting.done()) co_await co_select(after(100us));
      CHECK(a.try_send(1) == status::full);
      CHECK(b.try_receive().error() == status::empty);
    };
    loop.block_on(begin());
    loop.run();
    CHECK(fired == static_cast<std::size_t>(way));
  }
}

TEST_CASE("co_select: resumed where its scheduler runs things, though another thread comes", "[select][coroutine]") {
  const watchdog guard("co_select is resumed by its loop");
  rendezvous<int> a, b;
  std::thread::id before, then, handler;
  run_loop loop;
  std::jthread runs([&] {
    const auto work = [&]() -> task<> {
      before = std::this_thread::get_id();
      co_await co_select(receive_from(a, [&](const result<int>&) { handler = std::this_thread::get_id(); }),
                         receive_from(b));
      then = std::this_thread::get_id();
    };
    loop.block_on(work());
  });
  REQUIRE(a.send(1));
  runs.join();
  CHECK(before == then);
  CHECK(handler == then);
  CHECK(then != std::this_thread::get_id());
}

TEST_CASE("co_select: without a scheduler, resumed before the partner's operation returns", "[select][coroutine]") {
  rendezvous<int> a, b;
  diary d;
  const auto body = [&]() -> unplaced {
    co_await co_select(receive_from(a, d.receives()), receive_from(b, d.receives()));
    co_await co_select(receive_from(a, d.receives()), receive_from(b, d.receives()));
  };
  const unplaced waiting = body();
  CHECK(a.try_send(1) == status::ok);
  CHECK(d.came == std::vector{1});
  CHECK(b.try_send(2) == status::ok);
  CHECK(waiting.done());
}

TEST_CASE("co_select: a thread's select meets it, both ways", "[select][coroutine]") {
  const watchdog guard("select meets co_select");
  rendezvous<int> a, b;
  constexpr int rounds = 300;
  int here = 0, there = 0;
  std::jthread other([&] {
    run_loop loop;
    const auto work = [&]() -> task<> {
      for (int i = 0; i < rounds; ++i) {
        int value = 1;
        there += static_cast<int>(co_await co_select(send_to(a, value), receive_from(b)));
      }
    };
    loop.block_on(work());
  });
  for (int i = 0; i < rounds; ++i) {
    int value = 2;
    here += static_cast<int>(select(receive_from(a), send_to(b, value)));
  }
  other.join();
  CHECK(here == there);
}

TEST_CASE("co_select: two coroutines on one loop meet; one does not meet itself", "[select][coroutine]") {
  const watchdog guard("two co_selects on one loop");
  rendezvous<int> meeting;
  int met = 0;
  run_loop loop;
  const auto body = [&](tandem::scheduler&) -> started {
    int value = 1;
    for (int i = 0; i < 100; ++i) {
      met += co_await co_select(send_to(meeting, value), receive_from(meeting), after(1h)) < 2 ? 1 : 0;
    }
  };
  std::vector<started> both;
  const auto begin = [&]() -> task<> {
    both.push_back(body(loop));
    CHECK(met == 0);
    both.push_back(body(loop));
    while (!both[0].done() || !both[1].done()) co_await co_select(after(100us));
  };
  loop.block_on(begin());
  CHECK(met == 200);
}

TEST_CASE("co_select: destroyed while it stands in line, it has not happened", "[select][coroutine]") {
  const long before = letter::counts().live;
  {
    rendezvous<letter> a, b;
    mailbox<letter> box(1);
    tandem::promise<int> promise;
    auto future = promise.get_future();
    std::stop_source stop;
    letter mine(1);
    run_loop loop;
    const auto body = [&](tandem::scheduler&) -> started {
      co_await co_select(receive_from(a), send_to(b, mine), receive_from(box), get_from(future),
                         stop_requested(stop.get_token()), after(1h));
    };
    const auto work = [&]() -> task<> {
      {
        const started waiting = body(loop);
      }
      CHECK(a.try_send(letter(2)) == status::full);
      CHECK(b.try_receive().error() == status::empty);
      CHECK(box.try_send(letter(3)) == status::ok);
      CHECK(promise.set_value(1));
      stop.request_stop();
      co_return;
    };
    loop.block_on(work());
    CHECK(mine.number() == 1);
    CHECK(future.get().value() == 1);
  }
  CHECK(letter::counts().live == before);
}

TEST_CASE("co_select: an arm that has waited in one select waits in another", "[select][coroutine]") {
  rendezvous<int> a, b;
  diary d;
  auto from_a = receive_from(a, d.receives());
  run_loop loop;
  const auto body = [&](tandem::scheduler&) -> started { co_await co_select(from_a, receive_from(b, d.receives())); };
  const auto work = [&]() -> task<> {
    const started first = body(loop);
    CHECK(b.try_send(1) == status::ok);
    while (!first.done()) co_await co_select(after(100us));
    const started second = body(loop);  // in a frame of its own, since the first one's is still there
    CHECK(a.try_send(2) == status::ok);
    while (!second.done()) co_await co_select(after(100us));
  };
  loop.block_on(work());
  CHECK(d.came == std::vector{1, 2});
}

TEST_CASE("co_select: destroyed when it is over and not yet resumed, what came goes with it", "[select][coroutine]") {
  const long before = letter::counts().live;
  {
    rendezvous<letter> a, b, c;
    mailbox<letter> box(2);
    letter mine(1);
    int resumed = 0;
    run_loop loop;
    const auto body = [&](tandem::scheduler&) -> started {
      co_await co_select(receive_from(a), send_to(b, mine), receive_from(box));
      ++resumed;
    };
    const auto work = [&]() -> task<> {
      {
        const started waiting = body(loop);
        CHECK(a.try_send(letter(2)) == status::ok);
      }
      {
        const started waiting = body(loop);
        CHECK(b.try_receive().value().number() == 1);
      }
      CHECK(mine.number() == -1);
      {
        auto from_c = receive_from(c);
        {
          const auto takes = [&](tandem::scheduler&) -> started {
            co_await co_select(from_c, receive_from(box));
            ++resumed;
          };
          const started waiting = takes(loop);
          CHECK(c.try_send(letter(3)) == status::ok);
        }
        CHECK(select(from_c, otherwise()) == 1);  // that letter was not asked for, and goes
        CHECK(from_c.result().error() == status::abandoned);
      }
      {
        const started waiting = body(loop);
        a.close();
      }
      {
        const auto other = [&](tandem::scheduler&) -> started {
          co_await co_select(receive_from(c), receive_from(box));
          ++resumed;
        };
        std::optional<started> first = other(loop);
        const started second = other(loop);
        CHECK(box.try_send(letter(4)) == status::ok);  // which wakes the first
        first.reset();                                 // so it is the second's turn
        co_await co_select(after(1ms));
        CHECK(second.done());
      }
    };
    loop.block_on(work());
    CHECK(resumed == 1);
  }
  CHECK(letter::counts().live == before);
}

// --- many -----------------------------------------------------------------------------------------------------------

namespace {

using wire = rendezvous<int>;

started counts_from_two(tandem::scheduler&, wire& out) {
  for (int i = 2; co_await out.co_send(i); ++i) {
  }
}
started drops_multiples(tandem::scheduler&, wire& in, wire& out, int prime) {
  for (;;) {
    const auto number = co_await in.co_receive();
    if (!number) co_return;
    if (*number % prime == 0) continue;
    const status sent = co_await out.co_send(*number);
    if (!sent) co_return;
  }
}
// The same by select: it hears a farewell wherever it is.
started drops_multiples_until(tandem::scheduler&, wire& in, wire& out, int prime, wire& farewell) {
  for (;;) {
    result<int> number = status::empty;
    const auto take = [&](result<int> r) { number = std::move(r); };
    if (co_await co_select(receive_from(in, take), receive_from(farewell)) == 1) co_return;
    if (!number) co_return;
    if (*number % prime == 0) continue;
    int passed_on = *number;
    if (co_await co_select(send_to(out, passed_on), receive_from(farewell)) == 1) co_return;
  }
}

}  // namespace

TEST_CASE("the sieve of primes: coroutines in a row, each of which drops what its prime divides",
          "[select][coroutine]") {
  const watchdog guard("the sieve of primes");
  const bool by_select = GENERATE(false, true);
  std::deque<wire> wires;
  wire farewell;
  std::vector<int> primes;
  run_loop loop;
  std::vector<started> row;
  const auto work = [&]() -> task<> {
    wire* last = &wires.emplace_back();
    row.push_back(counts_from_two(loop, *last));
    while (primes.size() < 50) {
      const auto prime = co_await last->co_receive();
      primes.push_back(*prime);
      wire& next = wires.emplace_back();
      row.push_back(by_select ? drops_multiples_until(loop, *last, next, *prime, farewell)
                              : drops_multiples(loop, *last, next, *prime));
      last = &next;
    }
    farewell.close();
    for (wire& w : wires) w.close();
    while (!row.front().done() || !row.back().done()) co_await co_select(after(100us));
    row.clear();
  };
  loop.block_on(work());
  CHECK(primes.front() == 2);
  CHECK(primes[9] == 29);
  CHECK(primes[24] == 97);
  CHECK(primes[49] == 229);
}

TEST_CASE("a relay of 10,000 stages, each of which selects", "[select][coroutine]") {
  const watchdog guard("a relay");
  constexpr int stages = 10'000;
  std::deque<wire> wires(stages + 1);
  wire farewell;
  run_loop loop;
  std::vector<started> row;
  const auto stage = [&](tandem::scheduler&, int i) -> started {
    int baton = 0;
    const auto take = [&](result<int> r) { baton = *r + 1; };
    if (co_await co_select(receive_from(wires[static_cast<std::size_t>(i)], take), receive_from(farewell)) == 1) {
      co_return;
    }
    co_await co_select(send_to(wires[static_cast<std::size_t>(i) + 1], baton), receive_from(farewell));
  };
  int arrived = 0;
  const auto work = [&]() -> task<> {
    for (int i = 0; i < stages; ++i) row.push_back(stage(loop, i));
    const status sent = co_await wires.front().co_send(0);
    CHECK(sent);
    arrived = *co_await wires.back().co_receive();
    co_await co_select(after(1ms));
    row.clear();
  };
  loop.block_on(work());
  CHECK(arrived == stages);
}

namespace {

constexpr std::size_t many_channels = 100;

template <std::size_t... I>
auto arms_on(std::deque<wire>& wires, int& came, std::index_sequence<I...>) {
  const auto note = [&came](const result<int>& r) { came += r ? 1 : 0; };
  return std::array{receive_from(wires[I], note)...};
}

started waits_on_all(tandem::scheduler&, std::deque<wire>& wires, int& came, int& over) {
  auto arms = arms_on(wires, came, std::make_index_sequence<many_channels>());
  co_await std::apply([](auto&... each) { return co_select(each...); }, arms);
  ++over;
}

}  // namespace

TEST_CASE("co_select: thousands of them at a hundred channels each, woken, destroyed and closed",
          "[select][coroutine][long]") {
  const watchdog guard("thousands of selects");
  const int selects = support::sanitized ? 500 : 10'000;
  std::deque<wire> wires(many_channels);
  int came = 0, over = 0;
  run_loop loop;
  std::vector<started> all;
  all.reserve(static_cast<std::size_t>(selects));
  const auto begin = [&] {
    const std::size_t before = support::allocations_of_this_thread;
    for (int i = 0; i < selects; ++i) all.push_back(waits_on_all(loop, wires, came, over));
    if (support::allocations_are_counted) {
      CHECK(support::allocations_of_this_thread - before == static_cast<std::size_t>(selects));  // the frames
    }
  };
  const auto all_are_over = [&]() -> task<> {
    while (over < selects) co_await co_select(after(100us));
    all.clear();
    over = 0;
  };
  const auto work = [&]() -> task<> {
    begin();
    for (int i = 0; i < selects; ++i) {  // each finds one that waits, whichever channel it chooses
      if (wires[static_cast<std::size_t>(i) % many_channels].try_send(i) != status::ok) break;
    }
    co_await all_are_over();
    CHECK(came == selects);

    begin();
    for (std::size_t i = 0; i < all.size(); i += 2) {  // some are over, and not yet resumed
      if (i % 3 == 0) static_cast<void>(wires[i % many_channels].try_send(0));
    }
    all.clear();
    CHECK(over == 0);
    for (wire& w : wires) CHECK(w.try_send(0) == status::full);

    begin();
    for (wire& w : wires) w.close();
    co_await all_are_over();
  };
  loop.block_on(work());
  CHECK(came == selects);
  using arm = decltype(arms_on(wires, came, std::make_index_sequence<1>()))::value_type;
  using one_arm = decltype(co_select(std::declval<arm&>()));
  using many_arms = tandem::select_awaitable<tandem::detail::shape{many_channels, false, false}>;
  std::cout << "a select that waits: " << sizeof(many_arms) << " bytes with " << many_channels << " arms, and "
            << sizeof(arm) << " bytes an arm that receives an int\n";
  CHECK(sizeof(arm) <= 160);
  CHECK(sizeof(one_arm) <= 256);
}
