// The contract of send_port, receive_port and open; what they share with every channel is in verbs.test.cpp.
#include <tandem/port.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <ranges>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/coro/compose.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/plain_channel.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::letter;
using support::meanwhile;
using support::watchdog;
using tandem::mailbox;
using tandem::receive_port;
using tandem::rendezvous;
using tandem::send_port;
using tandem::status;

TEST_CASE("ports are copied and moved, and have the traits of their channel", "[port]") {
  using out = send_port<mailbox<int>>;
  using in = receive_port<mailbox<int>>;
  static_assert(std::is_copy_constructible_v<out> && std::is_copy_assignable_v<out>);
  static_assert(std::is_nothrow_move_constructible_v<out> && std::is_nothrow_move_assignable_v<out>);
  static_assert(std::is_copy_constructible_v<in> && std::is_copy_assignable_v<in>);
  static_assert(std::is_nothrow_move_constructible_v<in> && std::is_nothrow_move_assignable_v<in>);
  static_assert(std::is_nothrow_default_constructible_v<out> && std::is_nothrow_default_constructible_v<in>);
  static_assert(!std::is_constructible_v<out, in> && !std::is_constructible_v<in, out>);
  static_assert(tandem::sendable<out> && !tandem::receivable<out>);
  static_assert(tandem::receivable<in> && !tandem::sendable<in>);
  static_assert(tandem::asynchronous_channel<out> && tandem::asynchronous_channel<in>);
  static_assert(tandem::synchronous_channel<send_port<rendezvous<int>>>);
  static_assert(tandem::confirms<send_port<rendezvous<int>>, tandem::receipt::received>);
  static_assert(!tandem::confirms<out, tandem::receipt::received>);
  static_assert(tandem::message<out> && tandem::message<in>);  // a port can be sent through a channel
  SUCCEED();
}

TEST_CASE("a port begins empty, and is as large as a pointer", "[port]") {
  const send_port<mailbox<int>> out;
  const receive_port<mailbox<int>> in;
  CHECK_FALSE(static_cast<bool>(out));
  CHECK_FALSE(static_cast<bool>(in));
  static_assert(sizeof(out) == sizeof(void*) && sizeof(in) == sizeof(void*));
}

TEST_CASE("open makes a channel from its arguments and returns both halves", "[port]") {
  auto [out, in] = tandem::open<mailbox<int>>(2U);
  static_assert(std::is_same_v<decltype(out), send_port<mailbox<int>>>);
  static_assert(std::is_same_v<decltype(in), receive_port<mailbox<int>>>);
  CHECK(static_cast<bool>(out));
  CHECK(static_cast<bool>(in));
  CHECK(out.try_send(1) == status::ok);
  CHECK(out.try_send(2) == status::ok);
  CHECK(out.try_send(3) == status::full);
  CHECK(in.receive().value() == 1);
}

TEST_CASE("a mailbox opened with capacity zero is misuse as well", "[port][death]") {
  const auto end = support::death_of([] { static_cast<void>(tandem::open<mailbox<int>>(0U)); });
  INFO(end.said);
  CHECK(end.in_one_sentence());
  CHECK(end.saying("capacity"));
}

TEST_CASE("the last send_port to go closes the channel, and what was accepted is still delivered", "[port]") {
  auto [out, in] = tandem::open<mailbox<int>>(4U);
  {
    const auto first = std::move(out);
    auto second = first;
    auto third = second;
    REQUIRE(third.send(1));
    third.reset();
    CHECK_FALSE(in.is_closed());
    REQUIRE(second.send(2));
  }
  CHECK(in.is_closed());
  CHECK(in.receive().value() == 1);
  CHECK(in.receive().value() == 2);
  CHECK(in.receive().error() == status::closed);
}

TEST_CASE("the last send_port to go wakes the receivers that wait", "[port]") {
  const watchdog guard("the last send_port goes");
  auto [out, in] = tandem::open<rendezvous<int>>();
  auto other = in;
  meanwhile first([&mine = in] { return mine.receive(); });
  meanwhile second([&other] { return other.receive(); });
  first.until_it_waits();
  second.until_it_waits();
  out.reset();
  CHECK(first.outcome().error() == status::closed);
  CHECK(second.outcome().error() == status::closed);
}

TEST_CASE("the last receive_port to go closes the channel, and senders get closed", "[port]") {
  const watchdog guard("the last receive_port goes");
  auto [out, in] = tandem::open<mailbox<letter>>(1U);
  auto other = in;
  REQUIRE(out.send(letter(1)));
  letter mine(2);
  meanwhile sender([&port = out, &mine] { return port.send(std::move(mine)); });
  sender.until_it_waits();
  in.reset();
  CHECK_FALSE(sender.over());
  CHECK_FALSE(out.is_closed());
  other.reset();
  CHECK(sender.outcome() == status::closed);
  CHECK(mine.number() == 2);
  CHECK(out.is_closed());
  CHECK(out.try_send(std::move(mine)) == status::closed);
}

TEST_CASE("undelivered messages are destroyed when the last receive_port goes", "[port]") {
  const long live = letter::counts().live;
  auto [out, in] = tandem::open<mailbox<letter>>(3U);
  REQUIRE(out.send(letter(1)));
  REQUIRE(out.send(letter(2)));
  SECTION("before the last send_port") {
    auto other = in;
    in.reset();
    CHECK(letter::counts().live == live + 2);
    other.reset();
  }
  SECTION("after the last send_port") {
    out.reset();
    CHECK(letter::counts().live == live + 2);
    in.reset();
  }
  SECTION("after close, which leaves them there") {
    in.close();
    CHECK(letter::counts().live == live + 2);
    in.reset();
  }
  SECTION("when it is assigned another") { in = receive_port<mailbox<letter>>(); }
  SECTION("after the ring has come round") {
    REQUIRE(in.receive());
    REQUIRE(out.send(letter(3)));
    REQUIRE(out.send(letter(4)));
    in.reset();
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("what a coroutine or a select has sent is destroyed as well, and what it could not send is left", "[port]") {
  const long live = letter::counts().live;
  tandem::run_loop loop;
  auto [out, in] = tandem::open<mailbox<letter>>(2U);
  const auto sends = [](const send_port<mailbox<letter>>& to) -> tandem::task<status> {
    co_return co_await to.co_send(letter(1));
  };
  CHECK(loop.block_on(sends(out)) == status::ok);
  letter second(2);
  CHECK(tandem::select(tandem::send_to(out, second)) == 0);
  CHECK(letter::counts().live == live + 3);
  const auto waits = [](const send_port<mailbox<letter>>& to, letter& mine) -> tandem::task<status> {
    co_return co_await to.co_send(std::move(mine));
  };
  const auto goes = [](receive_port<mailbox<letter>> mine) -> tandem::task<> {
    mine.reset();
    co_return;
  };
  letter third(3);
  const auto both = loop.block_on(tandem::when_all(waits(out, third), goes(std::move(in))));
  CHECK(std::get<0>(both) == status::closed);
  CHECK(third.number() == 3);
  CHECK(letter::counts().live == live + 2);
}

TEST_CASE("whoever put a promise into a message that nobody will receive hears abandoned", "[port]") {
  const watchdog guard("a request that nobody answers");
  struct request {
    tandem::promise<int> answer;
  };
  auto [out, in] = tandem::open<mailbox<request>>(1U);
  meanwhile asker([&port = out] {
    tandem::promise<int> promised;
    auto answer = promised.get_future();
    const status sent = port.send(request{std::move(promised)});
    return sent ? answer.get().error() : sent;
  });
  asker.until_it_waits();
  in.reset();
  CHECK(asker.outcome() == status::abandoned);
}

TEST_CASE("the last receive_port waits for nobody: a sender that is half-way destroys its own message", "[port]") {
  const watchdog guard("a sender that is half-way");
  static std::atomic<bool> is_moving{false};
  static std::atomic<bool> may_go_on{false};
  struct slow {
    letter inner;
    explicit slow(int number) : inner(number) {}
    slow(slow&& other) noexcept : inner(std::move(other.inner)) {
      is_moving = true;
      while (!may_go_on) std::this_thread::yield();
    }
  };
  const long live = letter::counts().live;
  auto [out, in] = tandem::open<mailbox<slow>>(4U);
  {
    may_go_on = true;
    REQUIRE(out.send(slow(1)));  // this one is there already, behind it comes one that is half-way
    may_go_on = false;
    is_moving = false;
    meanwhile sender([&port = out] { return port.send(slow(2)); });
    while (!is_moving) std::this_thread::yield();
    std::jthread receiver([mine = std::move(in)]() mutable { mine.reset(); });
    std::this_thread::sleep_for(10ms);
    CHECK_FALSE(sender.over());
    may_go_on = true;
    receiver.join();
    CHECK(sender.outcome() == status::ok);
  }
  CHECK(letter::counts().live == live);
  CHECK(out.send(slow(3)) == status::closed);
}

TEST_CASE("the last receive_port may go within the move of a message on its way", "[port]") {
  const watchdog guard("a port that goes while a message moves");
  struct ends_it {
    letter inner{1};
    receive_port<mailbox<ends_it>>* port = nullptr;
    explicit ends_it(receive_port<mailbox<ends_it>>& p) : port(&p) {}
    ends_it(ends_it&& other) noexcept : inner(std::move(other.inner)), port(std::exchange(other.port, nullptr)) {
      if (port != nullptr) port->reset();
    }
  };
  const long live = letter::counts().live;
  auto [out, in] = tandem::open<mailbox<ends_it>>(2U);
  CHECK(out.send(ends_it(in)) == status::ok);
  CHECK(letter::counts().live == live);
}

TEST_CASE("the destructor of an undelivered message may use the channel", "[port]") {
  const watchdog guard("a destructor that sends");
  struct sends_on {
    send_port<mailbox<sends_on>> to;
    status* said = nullptr;
    sends_on() = default;
    sends_on(const send_port<mailbox<sends_on>>& port, status& s) : to(port), said(&s) {}
    sends_on(sends_on&& other) noexcept : to(std::move(other.to)), said(std::exchange(other.said, nullptr)) {}
    ~sends_on() {
      if (said == nullptr) return;
      to.close();
      *said = to.send(sends_on());
    }
  };
  status said = status::ok;
  auto [out, in] = tandem::open<mailbox<sends_on>>(2U);
  REQUIRE(out.send(sends_on(out, said)));
  SECTION("the receiver goes first") { in.reset(); }
  SECTION("the message holds the last send_port") {
    out.reset();
    in.reset();
  }
  CHECK(said == status::closed);
}

TEST_CASE("a channel of one thread destroys what is undelivered, too", "[port]") {
  using tandem::one_thread;
  const long live = letter::counts().live;
  auto [out, in] = tandem::open<mailbox<letter, one_thread>>(3U);
  REQUIRE(out.try_send(letter(1)));
  REQUIRE(out.try_send(letter(2)));
  SECTION("the receiver goes first") { in.reset(); }
  SECTION("both are gone on the way, the last one on another thread") {
    out.reset();
    std::jthread([mine = std::move(in)]() mutable { mine.reset(); }).join();
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("a channel of one's own is drained when its last receive_port goes", "[port]") {
  const long live = letter::counts().live;
  auto [out, in] = tandem::open<support::plain_channel<letter, 2>>();
  REQUIRE(out.send(letter(1)));
  REQUIRE(out.send(letter(2)));
  in.reset();
  CHECK(letter::counts().live == live);
  CHECK(out.send(letter(3)) == status::closed);
}

TEST_CASE("the verbs of a port are const: a port in a lambda needs no mutable", "[port]") {
  const watchdog guard("the verbs of const ports");
  using out_port = const send_port<mailbox<int>>;
  using in_port = const receive_port<mailbox<int>>;
  static_assert(tandem::sendable<out_port> && tandem::awaited_sendable<out_port>);
  static_assert(tandem::receivable<in_port> && tandem::awaited_receivable<in_port>);
  static_assert(std::ranges::input_range<in_port>);
  auto [out, in] = tandem::open<mailbox<int>>(4U);
  std::jthread sender([mine = out] {
    for (int i = 0; i < 8; ++i) {
      if (!mine.send(i)) return;
    }
    mine.close();
  });
  const auto sum = [mine = in] {
    int all = mine.receive().value() + mine.try_receive_for(1h).value();
    for (const int number : mine) all += number;
    return all;
  };
  CHECK(sum() == 28);
  const auto selects = [to = out, from = in] {
    int mine = 1;
    auto sends = tandem::send_to(to, mine);
    auto receives = tandem::receive_from(from);
    return tandem::select(tandem::in_order, sends, receives);
  };
  CHECK(selects() == 0);
  CHECK(out.is_closed());
}

template <class Port, class Value>
concept takes = requires(Port& port, Value&& value) { port.send(std::forward<Value>(value)); };

TEST_CASE("a port converts its argument as its channel does", "[port]") {
  const auto [out, in] = tandem::open<mailbox<std::pair<std::string, long>>>(4U);
  CHECK(out.send({"braces", 1}) == status::ok);
  CHECK(out.try_send({"tried", 2}) == status::ok);
  CHECK(out.try_send_for({"timed", 3}, 1h) == status::ok);
  CHECK(out.send(std::pair("other", 4)) == status::ok);
  CHECK(in.receive()->first == "braces");
  CHECK(in.receive()->second == 2);
  static_assert(takes<decltype(out), std::pair<std::string, long>> && !takes<decltype(out), int>);
}

TEST_CASE("close on either half closes the channel for everybody", "[port]") {
  auto [out, in] = tandem::open<mailbox<int>>(1U);
  auto other = out;
  if (GENERATE(true, false)) {
    in.close();
  } else {
    out.close();
  }
  CHECK(other.is_closed());
  CHECK(in.is_closed());
  CHECK(other.send(1) == status::closed);
  CHECK(in.receive().error() == status::closed);
}

TEST_CASE("a copy of a port is another owner, a moved port is the same one", "[port]") {
  auto [out, in] = tandem::open<mailbox<int>>(1U);
  auto copy = out;
  CHECK(static_cast<bool>(out));
  auto moved = std::move(out);
  CHECK_FALSE(static_cast<bool>(out));
  CHECK(static_cast<bool>(moved));
  copy.reset();
  copy.reset();  // letting go twice is letting go once
  CHECK_FALSE(static_cast<bool>(copy));
  CHECK_FALSE(in.is_closed());
  moved.reset();
  CHECK(in.is_closed());
}

TEST_CASE("assignment lets go of the port that was there", "[port]") {
  auto [out, in] = tandem::open<mailbox<int>>(1U);
  auto [other_out, other_in] = tandem::open<mailbox<int>>(1U);
  SECTION("by copy") {
    out = other_out;
    CHECK(in.is_closed());
    CHECK_FALSE(other_in.is_closed());
    other_out.reset();
    CHECK_FALSE(other_in.is_closed());
  }
  SECTION("by move") {
    out = std::move(other_out);
    CHECK(in.is_closed());
    CHECK_FALSE(static_cast<bool>(other_out));
    CHECK_FALSE(other_in.is_closed());
  }
  SECTION("to itself it changes nothing") {
    auto& same = out;
    out = same;
    CHECK_FALSE(in.is_closed());
    CHECK(out.send(1) == status::ok);
    CHECK(in.receive().value() == 1);
  }
}

TEST_CASE("the channel lives as long as any of its ports", "[port]") {
  auto in = [] {
    auto [out, receiving] = tandem::open<mailbox<letter>>(2U);
    static_cast<void>(out.send(letter(7)));
    return receiving;
  }();
  CHECK(in.receive().value().number() == 7);
  CHECK(in.receive().error() == status::closed);
}

TEST_CASE("a port can be sent through a channel", "[port]") {
  auto [out, in] = tandem::open<mailbox<int>>(1U);
  mailbox<receive_port<mailbox<int>>> lobby(1);
  REQUIRE(lobby.send(std::move(in)));
  REQUIRE(out.send(5));
  auto got = lobby.receive();
  CHECK(got.value().receive().value() == 5);
}

TEST_CASE("using a port that was moved from, reset or never opened is misuse", "[port][death]") {
  using box = mailbox<int>;
  const auto dies = [](auto use) {
    const auto end = support::death_of([use] {
      auto [out, in] = tandem::open<box>(1U);
      const auto other_out = std::move(out);
      auto other_in = in;
      in.reset();
      use(out, in);
    });
    INFO(end.said);
    CHECK(end.in_one_sentence());
    CHECK(end.saying("port"));
  };
  using out_port = send_port<box>;
  using in_port = receive_port<box>;
  dies([](out_port& out, in_port&) { static_cast<void>(out.send(1)); });
  dies([](out_port& out, in_port&) { static_cast<void>(out.try_send(1)); });
  dies([](out_port& out, in_port&) { static_cast<void>(out.try_send_for(1, 1ms)); });
  dies([](out_port& out, in_port&) { static_cast<void>(std::as_const(out).send(1)); });
  dies([](out_port& out, in_port&) { static_cast<void>(out.co_send(1)); });
  dies([](out_port& out, in_port&) { out.close(); });
  dies([](out_port& out, in_port&) { static_cast<void>(out.is_closed()); });
  dies([](out_port&, in_port& in) { static_cast<void>(in.receive()); });
  dies([](out_port&, in_port& in) { static_cast<void>(in.try_receive()); });
  dies([](out_port&, in_port& in) { static_cast<void>(in.try_receive_for(1ms)); });
  dies([](out_port&, in_port& in) { static_cast<void>(in.begin()); });
  dies([](out_port&, in_port& in) { in.close(); });
  dies([](out_port&, in_port& in) { static_cast<void>(in.is_closed()); });
}

TEST_CASE("with a port of its own for each thread, the last sender's end is the receivers' end", "[port]") {
  const watchdog guard("ports in many threads");
  std::atomic<int> received{0};
  {
    auto [out, in] = tandem::open<mailbox<int>>(3U);
    std::vector<std::jthread> threads;
    for (int r = 0; r < 3; ++r) {
      threads.emplace_back([mine = in, &received]() mutable {
        for ([[maybe_unused]] const int number : mine) ++received;
      });
    }
    for (int s = 0; s < 4; ++s) {
      threads.emplace_back([mine = out]() mutable {
        for (int i = 0; i < 100; ++i) {
          if (!mine.send(int{i})) break;
        }
      });
    }
    out.reset();
    in.reset();
  }
  CHECK(received == 400);
}
