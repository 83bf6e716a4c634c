// The contract of selector, clause by clause; what it shares with every select is in select.test.cpp.
#include <tandem/blend/selector.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/confinement.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/started.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::letter;
using support::meanwhile;
using support::started;
using support::watchdog;
using tandem::after;
using tandem::get_from;
using tandem::mailbox;
using tandem::otherwise;
using tandem::receive_from;
using tandem::rendezvous;
using tandem::result;
using tandem::run_loop;
using tandem::selector;
using tandem::send_to;
using tandem::status;
using tandem::stop_requested;
using tandem::task;
using tandem::tick;
using tandem::ticker;

namespace {

using selecting = meanwhile<std::size_t>;

// Receives into a vector; what came instead of a message is left out.
auto into(std::vector<int>& came) {
  return [&came](result<int> r) {
    if (r) came.push_back(*r);
  };
}

}  // namespace

TEST_CASE("selector: arms are numbered as they are added, and each fires", "[selector]") {
  mailbox<int> a(1), b(1), out(1);
  tandem::promise<int> promise;
  auto future = promise.get_future();
  std::stop_source stop;
  std::vector<int> came;
  int value = 8, calls = 0;
  const auto call = [&] { ++calls; };
  selector all;
  CHECK(all.size() == 0);
  CHECK(all.add(receive_from(a, into(came))) == 0);
  CHECK(all.add(receive_from(b, into(came))) == 1);
  CHECK(all.add(get_from(future, into(came))) == 2);
  CHECK(all.add(send_to(out, value)) == 3);
  CHECK(all.add(after(0s, call)) == 4);
  CHECK(all.add(stop_requested(stop.get_token(), call)) == 5);
  CHECK(all.size() == 6);
  std::set<std::size_t> fired;
  for (int i = 0; i < 2; ++i) fired.insert(all.select());
  CHECK(fired == std::set<std::size_t>{3, 4});
  CHECK_FALSE(all.try_select().has_value());
  REQUIRE(b.send(1));
  CHECK(all.select() == 1);
  REQUIRE(promise.set_value(2));
  CHECK(all.select() == 2);
  all.switch_on(2, false);  // it would be ready for ever
  REQUIRE(a.send(3));
  CHECK(all.try_select().value() == 0);
  stop.request_stop();
  CHECK(all.select() == 5);
  CHECK(came == std::vector{1, 2, 3});
  CHECK(calls == 2);
}

TEST_CASE("selector: it stays in line, and messages between two selects are neither lost nor seen twice",
          "[selector]") {
  mailbox<int> a(4), b(4);
  std::vector<int> came;
  selector all;
  all.add(receive_from(a, into(came)));
  all.add(receive_from(b, into(came)));
  all.add(after(0s));
  CHECK(all.select() == 2);
  CHECK_FALSE(all.try_select().has_value());
  std::vector<int> sent;
  for (int round = 0; round < 50; ++round) {
    const std::size_t before = came.size();
    const int messages = round % 4;
    for (int i = 0; i < messages; ++i) {
      sent.push_back(round * 10 + i);
      REQUIRE((i % 2 == 0 ? a : b).send(sent.back()));
    }
    while (all.try_select()) {
    }
    REQUIRE(came.size() == before + static_cast<std::size_t>(messages));
  }
  CHECK(std::multiset<int>(came.begin(), came.end()) == std::multiset<int>(sent.begin(), sent.end()));
}

TEST_CASE("selector: one that has waited, and is idle, cannot be met; it looks there first the next time",
          "[selector]") {
  const watchdog guard("an idle selector at a rendezvous");
  rendezvous<int> a, b;
  std::vector<int> came;
  selector all;
  all.add(receive_from(a, into(came)));
  all.add(receive_from(b, into(came)));
  for (int round = 0; round < 50; ++round) {
    selecting waits([&] { return all.select(); });
    if (round < 3) waits.until_it_waits();
    REQUIRE(a.send(1));  // so it stands in line at b, or is about to leave it
    REQUIRE(waits.outcome() == 0);
    REQUIRE(b.try_send(2) == status::full);  // idle: nobody is there
    REQUIRE(b.try_send(2) == status::full);
    meanwhile sender([&] { return b.send(3); });
    if (round < 3) sender.until_it_waits();
    REQUIRE(all.select() == 1);
    REQUIRE(sender.outcome() == status::ok);
  }
  CHECK(came.size() == 100);
}

TEST_CASE("selector: while it is idle it takes nobody's turn", "[selector]") {
  const watchdog guard("an idle selector, and another receiver");
  rendezvous<int> meeting, other_meeting;
  mailbox<int> box(1), other_box(1);
  selector idle;
  idle.add(receive_from(meeting));
  idle.add(receive_from(box));
  idle.add(receive_from(other_box));
  selecting first([&] { return idle.select(); });
  first.until_it_waits();  // it is first in every line
  REQUIRE(other_box.send(0));
  REQUIRE(first.outcome() == 2);

  meanwhile by_meeting([&] { return meeting.receive(); });
  by_meeting.until_it_waits();
  CHECK(meeting.try_send(1) == status::ok);
  CHECK(by_meeting.outcome().value() == 1);
  meanwhile by_box([&] { return box.receive(); });
  by_box.until_it_waits();
  CHECK(box.send(2));
  CHECK(by_box.outcome().value() == 2);
  CHECK_FALSE(idle.try_select().has_value());
}

TEST_CASE("selector: destroyed while idle, it leaves all lines", "[selector]") {
  const watchdog guard("an idle selector goes");
  mailbox<int> first(1);
  rendezvous<int> a;
  mailbox<int> b(1);
  {
    selector all;
    all.add(receive_from(first));
    all.add(receive_from(a));
    all.add(receive_from(b));
    selecting waits([&] { return all.select(); });
    waits.until_it_waits();
    REQUIRE(first.send(1));
    REQUIRE(waits.outcome() == 0);
  }
  CHECK(a.try_send(1) == status::full);
  CHECK(b.send(1));
  CHECK(b.receive().value() == 1);
}  // and the channels, which would say if somebody stood in line

TEST_CASE("selector: switch_on leaves an arm out, and takes it in again", "[selector]") {
  const watchdog guard("switch_on");
  mailbox<int> a(1), b(1);
  std::vector<int> came;
  selector all;
  const std::size_t from_a = all.add(receive_from(a, into(came)));
  const std::size_t from_b = all.add(receive_from(b, into(came)).only_if(false));
  REQUIRE(b.send(2));
  CHECK_FALSE(all.try_select().has_value());
  all.switch_on(from_b, true);
  CHECK(all.select() == from_b);
  all.switch_on(from_b, false);
  REQUIRE(b.send(3));
  selecting waits([&] { return all.select(); });
  waits.until_it_waits();
  REQUIRE(a.send(1));
  CHECK(waits.outcome() == from_a);
  all.switch_on(from_b, true);
  CHECK(all.select() == from_b);
  CHECK(came == std::vector{2, 1, 3});
  a.close();
  b.close();
  int open = 2;
  while (open > 0) {
    all.switch_on(all.select(), false);
    --open;
  }
  CHECK_FALSE(all.try_select().has_value());  // which does not wait: no misuse
  CHECK(support::death_of([&] { all.select(); }).saying("no arm can ever fire"));
  CHECK(support::death_of([&] { all.switch_on(2, true); }).saying("a selector has no arm of that number"));
}

TEST_CASE("selector: an arm may be switched off before the first select, and after an arm was added", "[selector]") {
  mailbox<int> a(1), b(1);
  a.close();
  b.close();
  selector all;
  all.add(receive_from(a));
  all.switch_on(0, false);
  CHECK_FALSE(all.try_select().has_value());
  all.add(receive_from(b));
  all.switch_on(1, false);
  CHECK_FALSE(all.try_select().has_value());
  all.switch_on(0, true);
  CHECK(all.select() == 0);
}

TEST_CASE("selector: an arm that is switched off leaves its line", "[selector]") {
  const watchdog guard("switched off while in line");
  rendezvous<int> a;
  mailbox<int> b(1);
  selector all;
  all.add(receive_from(a));
  all.add(receive_from(b));
  for (const bool a_is_on : {true, false}) {
    all.switch_on(0, a_is_on);
    selecting waits([&] { return all.select(); });
    waits.until_it_waits();
    if (!a_is_on) CHECK(a.try_send(1) == status::full);
    REQUIRE(b.send(2));
    CHECK(waits.outcome() == 1);
  }
}

TEST_CASE("selector: an otherwise that is switched off is not taken", "[selector]") {
  rendezvous<int> nobody;
  selector all;
  all.add(receive_from(nobody));
  const std::size_t else_this = all.add(otherwise());
  CHECK(all.try_select().value() == else_this);
  all.switch_on(else_this, false);
  CHECK_FALSE(all.try_select().has_value());
  all.switch_on(else_this, true);
  CHECK(all.select() == else_this);
}

TEST_CASE("selector: an arm at a channel of one thread that is switched off does not keep a thread from waiting",
          "[selector]") {
  const watchdog guard("a selector whose arm of one thread is off");
  mailbox<int, tandem::one_thread> own(1);
  mailbox<int> of_all(1);
  selector all;
  const std::size_t from_own = all.add(receive_from(own));
  const std::size_t from_all = all.add(receive_from(of_all));
  CHECK_FALSE(all.try_select().has_value());
  all.switch_on(from_own, false);
  std::jthread sender([&] {
    std::this_thread::sleep_for(1ms);
    static_cast<void>(of_all.send(1));
  });
  CHECK(all.select() == from_all);
}

TEST_CASE("selector: after a wait at one arm, a try_select that finds nothing says so", "[selector]") {
  const watchdog guard("a selector that has waited, and looks");
  mailbox<int> a(1), b(1);
  std::vector<int> came;
  selector all;
  all.add(receive_from(a, into(came)));
  all.add(receive_from(b, into(came)));
  selecting waits([&] { return all.select(); });
  waits.until_it_waits();
  REQUIRE(a.send(1));
  REQUIRE(waits.outcome() == 0);
  CHECK_FALSE(all.try_select().has_value());
  REQUIRE(a.send(2));
  CHECK(all.try_select().value() == 0);
  REQUIRE(b.send(3));
  CHECK(all.try_select().value() == 1);
  CHECK_FALSE(all.try_select().has_value());
  CHECK(came == std::vector{1, 2, 3});
}

TEST_CASE("selector: an arm that is switched off passes its turn on", "[selector]") {
  const watchdog guard("switched off with a turn");
  for (int round = 0; round < 30; ++round) {
    mailbox<int> a(2), b(1);
    selector all;
    all.add(receive_from(a));
    all.add(receive_from(b));
    selecting waits([&] { return all.select(); });
    if (round < 3) waits.until_it_waits();
    meanwhile receiver([&] { return a.receive(); });
    if (round < 3) receiver.until_it_waits();
    REQUIRE(b.send(1));
    REQUIRE(a.send(2));
    if (waits.outcome() == 0) {
      REQUIRE(a.send(3));
    } else {
      all.switch_on(0, false);
    }
    REQUIRE(receiver.outcome().has_value());
  }
}

TEST_CASE("selector: arms may be added later, by the function of an arm, too", "[selector]") {
  const watchdog guard("added later");
  std::deque<mailbox<int>> boxes;
  std::vector<int> came;
  selector all;
  const auto add_one = [&](const auto& again) -> void {
    mailbox<int>& box = boxes.emplace_back(1);
    all.add(receive_from(box, [&, again](result<int> r) {
      came.push_back(*r);
      if (boxes.size() < 20) again(again);
    }));
  };
  add_one(add_one);
  for (int i = 0; i < 19; ++i) {
    REQUIRE(boxes.back().send(i));
    REQUIRE(all.select() == static_cast<std::size_t>(i));
  }
  CHECK(all.size() == 20);
  run_loop loop;
  boxes.emplace_back(1);
  const auto work = [&]() -> task<> {
    all.add(receive_from(boxes.back(), [&](result<int> r) {
      came.push_back(*r);
      all.add(after(0s));
    }));
    const status sent = boxes.back().try_send(99);
    CHECK(sent);
    const std::size_t first = co_await all.co_select();
    CHECK(first == 20);
    const std::size_t second = co_await all.co_select();
    CHECK(second == 21);
  };
  loop.block_on(work());
  CHECK(came.back() == 99);
}

TEST_CASE("selector: what an arm throws comes out, and the selector can be used on", "[selector]") {
  mailbox<int> a(2);
  int calls = 0;
  selector all;
  all.add(receive_from(a, [&](const result<int>&) {
    if (++calls == 1) throw std::runtime_error("once");
  }));
  REQUIRE(a.send(1));
  REQUIRE(a.send(2));
  CHECK_THROWS_AS(all.select(), std::runtime_error);
  CHECK(all.select() == 0);
  CHECK(a.was_empty());
}

TEST_CASE("selector: its arm's function may use it", "[selector]") {
  mailbox<int> a(3);
  std::vector<int> came;
  selector all;
  all.add(receive_from(a, [&](result<int> r) {
    came.push_back(*r);
    if (came.size() < 3) CHECK(all.select() == 0);
  }));
  for (int i = 0; i < 3; ++i) REQUIRE(a.send(i));
  CHECK(all.select() == 0);
  CHECK(came == std::vector{0, 1, 2});
}

TEST_CASE("selector: of several that are ready each has the same chance, or the first", "[selector]") {
  constexpr int rounds = 60'000;
  mailbox<int> a(1), b(1), c(1);
  for (auto* const box : {&a, &b, &c}) box->close();
  selector fair, strict(tandem::in_order);
  for (selector* const all : {&fair, &strict}) {
    for (auto* const box : {&a, &b, &c}) all->add(receive_from(*box));
  }
  std::array<int, 3> fired{};
  for (int i = 0; i < rounds; ++i) ++fired[fair.select()];
  const double sigma = std::sqrt(rounds / 3.0 * 2 / 3);
  for (const int count : fired) CHECK(std::abs(count - rounds / 3.0) < 6 * sigma);
  for (int i = 0; i < 100; ++i) REQUIRE(strict.select() == 0);
  strict.switch_on(0, false);
  for (int i = 0; i < 100; ++i) REQUIRE(strict.select() == 1);
}

TEST_CASE("selector: try_select takes an otherwise, and a select does not wait for one", "[selector]") {
  rendezvous<int> nobody;
  selector all;
  int calls = 0;
  all.add(receive_from(nobody));
  all.add(otherwise([&] { ++calls; }));
  CHECK(all.try_select().value() == 1);
  CHECK(all.select() == 1);
  CHECK(calls == 2);
}

TEST_CASE("selector: what it would send may be changed between two selects", "[selector]") {
  const watchdog guard("a selector sends");
  const long before = letter::counts().live;
  {
    rendezvous<letter> out;
    rendezvous<int> in;  // whoever has sent to it knows that the selector has it
    letter mine(0);
    std::vector<status> sent;
    selector all;
    all.add(send_to(out, mine, [&](status how) { sent.push_back(how); }));
    all.add(receive_from(in));
    std::jthread reader([&] {
      for (int i = 1; i <= 200; ++i) {
        static_cast<void>(in.send(i));
        if (out.receive().value().number() != i) std::abort();
      }
    });
    for (int i = 1; i <= 200; ++i) {
      REQUIRE(all.select() == 1);
      mine = letter(i);
      REQUIRE(all.select() == 0);
      REQUIRE(mine.number() == -1);
    }
    CHECK(sent == std::vector<status>(200, status::ok));
  }
  CHECK(letter::counts().live == before);
}

TEST_CASE("selector: two of them, on both sides of two channels", "[selector]") {
  const watchdog guard("two selectors");
  rendezvous<int> a, b;
  constexpr int rounds = 2000;
  int one = 1, two = 2;
  long sum = 0;
  std::jthread giver([&] {
    selector all;
    all.add(send_to(a, one));
    all.add(send_to(b, two));
    for (int i = 0; i < rounds; ++i) all.select();
  });
  std::array<int, 2> fired{};
  selector all;
  const auto add_up = [&](result<int> r) { sum += *r; };
  all.add(receive_from(a, add_up));
  all.add(receive_from(b, add_up));
  for (int i = 0; i < rounds; ++i) ++fired[all.select()];
  giver.join();
  CHECK(fired[0] + fired[1] == rounds);
  CHECK(sum == fired[0] + 2 * fired[1]);
}

TEST_CASE("selector: a ticker and a stop end its waits", "[selector]") {
  const watchdog guard("a selector waits for time and a stop");
  rendezvous<int> nobody;
  ticker clockwork(1ms);
  std::stop_source stop;
  int ticks = 0;
  selector all;
  all.add(receive_from(nobody));
  const std::size_t ticking = all.add(tick(clockwork, [&] { ++ticks; }));
  const std::size_t stopping = all.add(stop_requested(stop.get_token()));
  for (int i = 0; i < 3; ++i) CHECK(all.select() == ticking);
  selecting waits([&] {
    for (;;) {
      if (const std::size_t fired = all.select(); fired != ticking) return fired;
    }
  });
  stop.request_stop();
  CHECK(waits.outcome() == stopping);
  CHECK(ticks >= 3);
}

TEST_CASE("selector: limited by a time, a stop, or both, and again not", "[selector]") {
  const watchdog guard("a selector with limits");
  for (const bool in_order : {false, true}) {
    mailbox<int> a(1), b(1);
    selector all = in_order ? selector(tandem::in_order) : selector();
    std::stop_source stop;
    const auto token = stop.get_token();
    std::vector<int> came;
    CHECK(all.add(receive_from(a, into(came))) == 0);
    const auto begin = tandem::clock::now();
    CHECK(all.try_select_for(2ms).error() == status::timeout);
    CHECK(tandem::clock::now() >= begin + 2ms);
    CHECK(all.try_select_until(tandem::clock::now() + 1ms).error() == status::timeout);
    CHECK(all.size() == 1);
    CHECK(all.add(receive_from(b, into(came))) == 1);  // behind the limits it would have another number
    CHECK(all.size() == 2);
    CHECK(all.try_select_for(0s).error() == status::timeout);
    REQUIRE(b.send(1));
    CHECK(all.try_select_for(0s).value() == 1);
    REQUIRE(a.send(2));
    CHECK(all.try_select_until(tandem::clock::time_point(), token).value() == 0);
    CHECK(all.try_select().error() == status::empty);  // no limit is left from before
    {
      selecting other([&] { return all.select(); });
      other.until_it_waits();
      REQUIRE(b.send(3));
      CHECK(other.outcome() == 1);
    }
    {
      meanwhile<result<std::size_t>> other([&] { return all.try_select_for(1h, token); });
      other.until_it_waits();
      stop.request_stop();
      CHECK(other.outcome().error() == status::stopped);
    }
    REQUIRE(a.send(4));
    CHECK(all.select(token).error() == status::stopped);
    CHECK(all.try_select_for(0s, token).error() == status::stopped);
    CHECK(all.select(std::stop_token()).value() == 0);
    CHECK(came == std::vector{1, 2, 3, 4});
  }
}

TEST_CASE("selector: limited for the first time when it stands in line", "[selector]") {
  const watchdog guard("a selector that is limited late");
  rendezvous<int> a, b;
  selector all;
  all.add(receive_from(a));
  all.add(receive_from(b));
  std::jthread sender([&] { static_cast<void>(b.send(1)); });
  CHECK(all.select() == 1);
  CHECK(all.try_select_for(1ms).error() == status::timeout);
  CHECK(a.try_send(1) == status::full);
}

TEST_CASE("selector: what an arm's function does in a select with limits", "[selector]") {
  const watchdog guard("an arm's function in a select with limits");
  mailbox<int> a(2), b(1);
  selector all;
  std::optional<std::size_t> inner;
  all.add(receive_from(a, [&](result<int> r) {
    if (*r == 0) throw std::runtime_error("zero");
    all.add(receive_from(b));
    inner = all.try_select().has_value() ? 1U : 0U;
  }));
  REQUIRE(a.send(0));
  CHECK_THROWS_AS(all.try_select_for(1h), std::runtime_error);
  CHECK(all.try_select().error() == status::empty);
  REQUIRE(a.send(1));
  CHECK(all.try_select_for(1h).value() == 0);
  CHECK(inner == 0U);
  CHECK(all.size() == 2);
  REQUIRE(b.send(1));
  CHECK(all.try_select_for(0s).value() == 1);
}

TEST_CASE("selector: co_await with limits", "[selector][coroutine]") {
  const watchdog guard("a selector with limits, awaited");
  mailbox<int> a(1);
  rendezvous<int> b;
  std::stop_source stop;
  const auto token = stop.get_token();
  selector all;
  all.add(receive_from(a));
  all.add(receive_from(b));
  run_loop loop;
  const auto work = [&]() -> task<> {
    auto how = co_await all.co_try_select_for(1ms);
    CHECK(how.error() == status::timeout);
    how = co_await all.co_try_select_until(tandem::clock::now() + 1ms, token);
    CHECK(how.error() == status::timeout);
    REQUIRE(a.try_send(1));
    how = co_await all.co_try_select_until(tandem::clock::now() + 1h);
    CHECK(how.value() == 0);
    const auto waits_for_a_stop = [&](tandem::scheduler&) -> started {
      const auto ended = co_await all.co_select(token);
      CHECK(ended.error() == status::stopped);
    };
    const auto waits_for_long = [&](tandem::scheduler&) -> started {
      static_cast<void>(co_await all.co_try_select_for(1h, token));
    };
    {
      const started destroyed = waits_for_long(loop);
      CHECK_FALSE(destroyed.done());
    }
    CHECK(all.try_select().error() == status::empty);
    const started waiting = waits_for_a_stop(loop);
    stop.request_stop();
    while (!waiting.done()) co_await tandem::co_select(after(100us));
    REQUIRE(a.try_send(2));
    const std::size_t fired = co_await all.co_select();
    CHECK(fired == 0);
    how = co_await all.co_try_select_for(1h, token);
    CHECK(how.error() == status::stopped);
  };
  loop.block_on(work());
}

TEST_CASE("selector: what is to be awaited limits nothing before it is awaited", "[selector][coroutine]") {
  const watchdog guard("a selector's limits that are not awaited");
  mailbox<int> a(1), b(1);
  selector all;
  all.add(receive_from(a));
  run_loop loop;
  const auto work = [&]() -> task<> {
    auto later = all.co_try_select_for(1ms);
    auto also_later = all.co_select();
    all.add(receive_from(b));
    REQUIRE(a.try_send(1));
    CHECK(all.select() == 0);
    CHECK(all.try_select_for(1ms).error() == status::timeout);
    const auto how = co_await later;
    CHECK(how.error() == status::timeout);
    REQUIRE(b.try_send(1));
    const std::size_t number = co_await also_later;
    CHECK(number == 1);
    auto never_awaited = all.co_try_select_for(1h);
    selector other;
    other.add(receive_from(a));
    auto nor_this = other.co_select();
    other.add(receive_from(b));
  };
  loop.block_on(work());
}

TEST_CASE("selector: what is there at once comes before a limit that has passed", "[selector]") {
  for (const bool in_order : {false, true}) {
    mailbox<int> a(1);
    selector all = in_order ? selector(tandem::in_order) : selector();
    all.add(receive_from(a));
    CHECK(all.try_select_for(0s).error() == status::timeout);
    all.add(after(0s));
    all.add(otherwise());
    CHECK(all.try_select_until(tandem::clock::time_point()).value() == 1);
    CHECK(all.try_select_until(tandem::clock::time_point()).value() == 2);
  }
}

TEST_CASE("selector: arms until_closed leave themselves out, and has_channels says whether one is left", "[selector]") {
  const watchdog guard("a selector until all are closed");
  constexpr int boxes = 20, letters = 50;
  std::deque<mailbox<int>> inboxes;
  std::vector<int> came;
  int closed = 0;
  selector all;
  CHECK_FALSE(all.has_channels());
  for (int i = 0; i < boxes; ++i) {
    all.add(receive_from(inboxes.emplace_back(2), [&](result<int> r) {
              if (r) {
                came.push_back(*r);
              } else {
                ++closed;
              }
            }).until_closed());
  }
  all.add(after(1h));
  std::vector<std::jthread> writers;
  for (auto& inbox : inboxes) {
    writers.emplace_back([&inbox] {
      for (int i = 0; i < letters; ++i) static_cast<void>(inbox.send(i));
      inbox.close();
    });
  }
  while (all.has_channels()) {
    if (came.size() % 3 == 0) {
      static_cast<void>(all.try_select());
    } else {
      all.select();
    }
  }
  CHECK(came.size() == boxes * letters);
  CHECK(closed == boxes);
  CHECK(all.try_select().error() == status::empty);
  all.switch_on(3, true);
  CHECK(all.has_channels());
  CHECK(all.select() == 3);
  CHECK(closed == boxes + 1);
  CHECK(all.try_select().error() == status::empty);  // it has left itself out once more
  CHECK_FALSE(all.has_channels());
}

TEST_CASE("selector: an arm until_closed of a coroutine that was destroyed meanwhile", "[selector][coroutine]") {
  const watchdog guard("closed, and destroyed before it is told");
  rendezvous<int> a, b;
  selector all;
  all.add(receive_from(a).until_closed());
  all.add(receive_from(b).until_closed());
  run_loop loop;
  const auto body = [&](tandem::scheduler&) -> started { co_await all.co_select(); };
  const auto work = [&]() -> task<> {
    {
      const started told = body(loop);
      a.close();
    }
    CHECK(all.try_select().value() == 0);  // which nobody has been told
    CHECK(all.has_channels());
    CHECK(all.try_select().error() == status::empty);
    b.close();
    CHECK(all.try_select().value() == 1);
    CHECK_FALSE(all.has_channels());
    co_return;
  };
  loop.block_on(work());
}

TEST_CASE("selector: used by a coroutine and by a thread in turn", "[selector][coroutine]") {
  const watchdog guard("a selector, in turn");
  rendezvous<int> a, b;
  std::vector<int> came;
  selector all;
  all.add(receive_from(a, into(came)));
  all.add(receive_from(b, into(came)));
  constexpr int rounds = 200;
  std::jthread sender([&] {
    for (int i = 0; i < 2 * rounds; ++i) static_cast<void>((i % 3 == 0 ? a : b).send(i));
  });
  run_loop loop;
  const auto one = [&]() -> task<> { co_await all.co_select(); };
  for (int i = 0; i < rounds; ++i) {
    loop.block_on(one());
    all.select();
  }
  CHECK(came.size() == 2 * rounds);
  for (int i = 0; i < 2 * rounds; ++i) CHECK(came[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("selector: handed from one thread to another between two selects", "[selector]") {
  const watchdog guard("a selector, handed on");
  rendezvous<int> a;
  mailbox<int> b(1);
  std::vector<int> came;
  selector all;
  all.add(receive_from(a, into(came)));
  all.add(receive_from(b, into(came)));
  for (int i = 0; i < 100; ++i) {
    selecting waits([&] { return all.select(); });
    REQUIRE((i % 2 == 0 ? static_cast<bool>(a.send(i)) : static_cast<bool>(b.send(i))));
    REQUIRE(waits.outcome() == static_cast<std::size_t>(i % 2));
  }
  CHECK(came.size() == 100);
}

TEST_CASE("selector: a coroutine that waits with it is destroyed, and it is used again", "[selector][coroutine]") {
  const watchdog guard("a coroutine with a selector is destroyed");
  const long before = letter::counts().live;
  {
    rendezvous<letter> a, b;
    mailbox<letter> box(2);
    std::vector<int> came;
    const auto note = [&](result<letter> r) {
      if (r) came.push_back(r->number());
    };
    selector all;
    all.add(receive_from(a, note));
    all.add(receive_from(b, note));
    all.add(receive_from(box, note));
    all.add(after(1h));
    run_loop loop;
    const auto body = [&](tandem::scheduler&) -> started { co_await all.co_select(); };
    const auto work = [&]() -> task<> {
      {
        const started in_line = body(loop);
      }
      CHECK(a.try_send(letter(1)) == status::full);
      {
        const started over = body(loop);
        CHECK(a.try_send(letter(1)) == status::ok);  // it goes with the coroutine, or with the selector's next use
      }
      CHECK(came.empty());
      {
        std::optional<started> told = body(loop);
        const auto takes = [&](tandem::scheduler&) -> started {
          if (auto r = co_await box.co_receive()) came.push_back(100 + r->number());
        };
        const started next_in_line = takes(loop);
        CHECK(box.try_send(letter(2)) == status::ok);  // which wakes the selector
        told.reset();
        while (!next_in_line.done()) co_await tandem::co_select(after(100us));  // so it is the other one's turn
      }
      const started again = body(loop);
      CHECK(a.try_send(letter(3)) == status::ok);
      while (!again.done()) co_await tandem::co_select(after(100us));
    };
    loop.block_on(work());
    CHECK(came == std::vector{102, 3});
  }
  CHECK(letter::counts().live == before);
}

TEST_CASE("selector: select allocates nothing, add a few times", "[selector]") {
  if (!support::allocations_are_counted) return;
  std::deque<mailbox<int>> boxes;
  selector all;
  for (int i = 0; i < 100; ++i) all.add(receive_from(boxes.emplace_back(1)));
  const std::size_t before = support::allocations_of_this_thread;
  CHECK_FALSE(all.try_select().has_value());
  for (auto& box : boxes) {
    static_cast<void>(box.try_send(1));
    static_cast<void>(all.select());
  }
  CHECK(support::allocations_of_this_thread == before);
  CHECK(all.try_select_for(0s).error() == status::timeout);
  const std::size_t limited = support::allocations_of_this_thread;
  CHECK(limited - before <= 2);  // for the limits, and room for them
  CHECK(all.try_select_for(0s).error() == status::timeout);
  CHECK(support::allocations_of_this_thread == limited);
}

TEST_CASE("selector: an arm for which there is no memory is not added, and the others are as they were", "[selector]") {
  if (!support::allocations_are_counted) return;
  std::deque<mailbox<int>> boxes;
  for (int i = 0; i < 20; ++i) boxes.emplace_back(1);
  std::vector<int> came;
  selector all;
  int refused = 0;
  for (auto& box : boxes) {
    const std::size_t before = all.size();
    bool added = false;
    for (std::size_t enough = 0; !added; ++enough) {
      auto arm = receive_from(box, into(came));
      support::allocations_left = enough;
      try {
        all.add(std::move(arm));
        added = true;
      } catch (const std::bad_alloc&) {
        ++refused;
      }
      support::allocations_left = support::no_limit;
      REQUIRE(all.size() == before + (added ? 1U : 0U));
    }
  }
  CHECK(refused >= 20);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    REQUIRE(boxes[i].send(static_cast<int>(i)));
    REQUIRE(all.select() == i);
    REQUIRE(came.back() == static_cast<int>(i));
  }
}

TEST_CASE("selector: without memory for its limits nothing has happened", "[selector]") {
  if (!support::allocations_are_counted) return;
  mailbox<int> box(1);
  selector all;
  all.add(receive_from(box));
  CHECK_FALSE(all.try_select().has_value());
  int refused = 0;
  for (std::size_t enough = 0;; ++enough) {
    support::allocations_left = enough;
    try {
      const auto how = all.try_select_for(0s);
      support::allocations_left = support::no_limit;
      CHECK(how.error() == status::timeout);
      break;
    } catch (const std::bad_alloc&) {
      support::allocations_left = support::no_limit;
      ++refused;
    }
    REQUIRE(all.size() == 1);
    REQUIRE(box.send(1));
    REQUIRE(all.select() == 0);
  }
  CHECK(refused == 2);
}

namespace {

/// At a channel of the test's own: counts how often a selector looks at it, and how often it stands in line there.
struct counting_arm final : tandem::detail::arm_of<counting_arm> {
  struct counts {
    int looks = 0;
    int joins = 0;
    int leaves = 0;
    bool is_ready = false;
    tandem::detail::place* here = nullptr;
  };

  explicit counting_arm(counts& c) : arm_of<counting_arm>(true, false), counted(&c) {}
  counting_arm(counting_arm&&) noexcept = default;

  tandem::detail::outcome attempt() noexcept override {
    ++counted->looks;
    return std::exchange(counted->is_ready, false) ? tandem::detail::outcome::ok : tandem::detail::outcome::refused;
  }
  tandem::detail::outcome enlist(tandem::detail::place& here) noexcept override {
    ++counted->joins;
    counted->here = &here;
    return tandem::detail::outcome::pending;
  }
  bool withdraw(tandem::detail::place&) noexcept override { return std::exchange(counted->here, nullptr) != nullptr; }
  std::uint64_t version(const tandem::detail::waiter&) noexcept override { return 1; }
  void leave() noexcept override { ++counted->leaves; }
  void conclude(tandem::detail::outcome) noexcept override {}

  counts* counted;
};

}  // namespace

TEST_CASE("co_select: told to look, and destroyed before it does, it passes each turn on once", "[select][coroutine]") {
  counting_arm::counts a, b;
  run_loop loop;
  const auto work = [&]() -> task<> {
    const auto body = [&](tandem::scheduler&) -> started {
      co_await tandem::co_select(counting_arm(a), counting_arm(b));
    };
    const started waiting = body(loop);
    REQUIRE(a.here != nullptr);
    tandem::detail::place& here = *std::exchange(a.here, nullptr);
    CHECK(here.claim());
    here.complete(tandem::detail::outcome::look);
    co_return;
  };
  loop.block_on(work());
  CHECK(a.leaves == 1);
  CHECK(b.leaves == 1);
  CHECK(b.here == nullptr);
}

TEST_CASE("selector: a select looks at what has changed, however many arms there are", "[selector]") {
  constexpr std::size_t arms = 10'000;
  std::vector<counting_arm::counts> counted(arms);
  selector all;
  for (auto& c : counted) all.add(counting_arm(c));
  const auto looks_and_joins = [&] {
    int sum = 0;
    for (const auto& c : counted) sum += c.looks + c.joins;
    return sum;
  };
  const auto becomes_ready = [&](std::size_t i) {
    counted[i].is_ready = true;
    // whoever makes it ready takes the place out of its list, and fails to claim it: the selector is away
    if (tandem::detail::place* const here = std::exchange(counted[i].here, nullptr)) CHECK_FALSE(here->claim());
  };
  for (std::size_t i = 0; i < 100; ++i) {  // until it stands in line at most of them
    becomes_ready(i);
    CHECK(all.select() == i);
  }
  for (std::size_t i = 0; i < 1'000; ++i) {
    const int before = looks_and_joins();
    const std::size_t which = i * 7 % arms;
    becomes_ready(which);
    CHECK(all.select() == which);
    CHECK(looks_and_joins() - before <= 64);
  }
}

TEST_CASE("selector: in order, the first of those that have changed is taken", "[selector]") {
  constexpr std::size_t arms = 100;
  std::vector<counting_arm::counts> counted(arms);
  selector all(tandem::in_order);
  for (auto& c : counted) all.add(counting_arm(c));
  counted[99].is_ready = true;
  CHECK(all.select() == 99);
  for (const std::size_t i : {70u, 20u, 95u, 3u, 50u}) {
    counted[i].is_ready = true;
    if (tandem::detail::place* const here = std::exchange(counted[i].here, nullptr)) CHECK_FALSE(here->claim());
  }
  for (const std::size_t i : {3u, 20u, 50u, 70u, 95u}) CHECK(all.select() == i);
  CHECK_FALSE(all.try_select().has_value());
}

TEST_CASE("selector: in order, in whichever order a few have changed", "[selector]") {
  std::vector<std::size_t> changed{0, 1, 2, 3};
  do {
    for (std::size_t how_many = 1; how_many <= changed.size(); ++how_many) {
      std::deque<mailbox<int>> kept;
      selector all(tandem::in_order);
      for (std::size_t i = 0; i < changed.size(); ++i) all.add(receive_from(kept.emplace_back(1)));
      REQUIRE(all.try_select_for(100us).error() == status::timeout);  // now it stands in every line
      std::set<std::size_t> ready;
      for (std::size_t i = 0; i < how_many; ++i) {
        REQUIRE(kept[changed[i]].send(1));
        ready.insert(changed[i]);
      }
      for (const std::size_t i : ready) REQUIRE(all.select() == i);
      REQUIRE_FALSE(all.try_select());
    }
  } while (std::next_permutation(changed.begin(), changed.end()));
}

TEST_CASE("selector: a thousand channels, a message here and there", "[selector]") {
  const watchdog guard("a thousand channels");
  std::deque<mailbox<int>> boxes;
  std::vector<int> came;
  selector all;
  for (int i = 0; i < 1000; ++i) all.add(receive_from(boxes.emplace_back(1), into(came)));
  std::jthread sender([&] {
    for (int i = 0; i < 3000; ++i) static_cast<void>(boxes[static_cast<std::size_t>(i * 7919) % 1000].send(i));
  });
  for (int i = 0; i < 3000; ++i) all.select();
  sender.join();
  CHECK(std::set<int>(came.begin(), came.end()).size() == 3000);
}
