// Channels of one thread: the same channels, without locks and atomics, and what keeps other threads away from them.
#include <tandem/confinement.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/blend/timer.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/coro/thread_pool.hpp>
#include <tandem/mode.hpp>
#include <tandem/port.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/catch.hpp"
#include "support/coroutines.hpp"
#include "support/death.hpp"
#include "support/messages.hpp"
#include "support/plain_channel.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::letter;
using support::party_of;
using support::watchdog;
using tandem::any_thread;
using tandem::one_thread;
using tandem::otherwise;
using tandem::receive_from;
using tandem::result;
using tandem::run_loop;
using tandem::send_to;
using tandem::status;
using tandem::task;

namespace {

template <class T>
using phone = tandem::rendezvous<T, one_thread>;
template <class T>
using box = tandem::mailbox<T, one_thread>;

template <class C>
task<> sends(C& to, int first, int last) {
  for (int i = first; i < last; ++i) {
    const auto how = co_await to.co_send(typename C::value_type(i));
    if (!how) break;
  }
}
template <class C>
task<std::vector<int>> receives_all(C& from) {
  std::vector<int> came;
  for (;;) {
    const auto message = co_await from.co_receive();
    if (!message) break;
    came.push_back(message->number());
  }
  co_return came;
}
/// To be awaited; the letter is in the awaitable.
template <class C>
auto sending(C& to, int number) {
  return [&to, number] {
    const letter one(number);
    return to.co_send(one);
  };
}
std::vector<int> numbers(int first, int last) {
  std::vector<int> all;
  for (int i = first; i < last; ++i) all.push_back(i);
  return all;
}

/// Those that would block are there to say so: what they give is no status, and no result, of a channel.
template <class C>
concept says_that_it_would_block =
    requires(C& c, typename C::value_type v, const typename C::value_type k, std::stop_token stop) {
      { c.send(std::move(v)) } -> std::same_as<tandem::detail::no_status>;
      { c.send(k) } -> std::same_as<tandem::detail::no_status>;
      { c.send(std::move(v), stop) } -> std::same_as<tandem::detail::no_status>;
      { c.try_send_for(std::move(v), 1ms) } -> std::same_as<tandem::detail::no_status>;
      { c.try_send_until(std::move(v), tandem::clock::now(), stop) } -> std::same_as<tandem::detail::no_status>;
    } || requires(C& c, std::stop_token stop) {
      { c.receive() } -> std::same_as<tandem::detail::no_result<typename C::value_type>>;
      { c.receive(stop) } -> std::same_as<tandem::detail::no_result<typename C::value_type>>;
      { c.try_receive_for(1ms) } -> std::same_as<tandem::detail::no_result<typename C::value_type>>;
      { c.try_receive_until(tandem::clock::now()) } -> std::same_as<tandem::detail::no_result<typename C::value_type>>;
    };

using plain_channel = support::plain_channel<int, 1>;

const char* const another = "a channel of one thread (one_thread) was used by another thread";
const char* const for_itself = "a thread that blocks at a channel of its own (one_thread) waits for itself";

}  // namespace

TEST_CASE("one thread: the type says who uses a channel, and any thread is what it says of itself", "[confinement]") {
  static_assert(std::is_same_v<tandem::rendezvous<int>, tandem::rendezvous<int, any_thread>>);
  static_assert(std::is_same_v<tandem::mailbox<int>, tandem::mailbox<int, any_thread>>);
  static_assert(tandem::confined_to_one_thread<phone<int>> && tandem::confined_to_one_thread<box<int>>);
  static_assert(tandem::confined_to_one_thread<tandem::send_port<box<int>>>);
  static_assert(tandem::confined_to_one_thread<tandem::receive_port<phone<int>>>);
  static_assert(!tandem::confined_to_one_thread<tandem::rendezvous<int>>);
  static_assert(!tandem::confined_to_one_thread<tandem::send_port<tandem::mailbox<int>>>);
  static_assert(!tandem::confined_to_one_thread<int>);
  static_assert(tandem::synchronous_channel<phone<int>> && tandem::asynchronous_channel<box<int>>);
  static_assert(tandem::confirms<phone<int>, tandem::receipt::received>);
  SUCCEED();
}

TEMPLATE_TEST_CASE("one thread: a channel has every verb that cannot block its thread, and of the others a sentence",
                   "[confinement]", phone<letter>, box<letter>, tandem::send_port<phone<letter>>,
                   tandem::receive_port<box<letter>>) {
  constexpr bool out = requires(TestType& c, letter l) { c.try_send(std::move(l)); };
  constexpr bool in = requires(TestType& c) { c.try_receive(); };
  static_assert(out == tandem::awaited_sendable<TestType>);
  static_assert(in == tandem::awaited_receivable<TestType>);
  static_assert(out || in);
  static_assert(!tandem::sendable<TestType> && !tandem::receivable<TestType>);
  static_assert(says_that_it_would_block<TestType> && !says_that_it_would_block<tandem::mailbox<letter>>);
  static_assert(!requires(TestType& c) { c.begin(); });
  SUCCEED();
}

TEST_CASE("one thread: what is awaited is there for channels of any thread as well", "[confinement]") {
  static_assert(tandem::awaited_sendable<tandem::mailbox<int>> && tandem::awaited_receivable<tandem::rendezvous<int>>);
  static_assert(tandem::awaited_sendable<tandem::send_port<tandem::mailbox<int>>>);
  static_assert(!tandem::awaited_receivable<tandem::send_port<tandem::mailbox<int>>>);
  static_assert(!tandem::awaited_sendable<int>);
  SUCCEED();
}

TEST_CASE("one thread: a channel takes no more room than one of any thread", "[confinement]") {
  CHECK(sizeof(phone<int>) <= sizeof(tandem::rendezvous<int>));
  CHECK(sizeof(box<int>) <= sizeof(tandem::mailbox<int>));
  CHECK(sizeof(tandem::detail::unshared<std::uint64_t>) == sizeof(std::uint64_t));
}

TEST_CASE("one thread: what stands in for an atomic does what an atomic does", "[confinement]") {
  using order = tandem::platform::order;
  tandem::detail::unshared<std::uint64_t> word(5);
  std::uint64_t seen = 4;
  CHECK_FALSE(word.compare_exchange_weak(seen, 9, order::seq_cst, order::acquire));
  CHECK(seen == 5);
  CHECK(word.compare_exchange_weak(seen, 9, order::seq_cst, order::acquire));
  CHECK(word.load(order::relaxed) == 9);
  CHECK(word.fetch_or(6, order::release) == 9);
  CHECK(word.load(order::relaxed) == 15);
  word.store(1, order::release);
  CHECK(word.load(order::acquire) == 1);
  CHECK(tandem::detail::unshared<bool>().load(order::relaxed) == false);
}

TEST_CASE("one thread: two coroutines meet, in order, and closing ends it", "[confinement]") {
  const watchdog guard("two coroutines at a rendezvous of one thread");
  run_loop loop;
  phone<letter> line;
  const auto both = [](phone<letter>& c, run_loop& where) -> task<std::vector<int>> {
    auto sender = party_of(where, sending(c, 1));
    sender.start();
    if (sender.is_over()) co_return {};  // nobody is there yet
    auto first = co_await c.co_receive();
    std::vector<int> came{first->number()};
    auto receiver = party_of(where, [&] { return c.co_receive(); });
    receiver.start();
    const auto how = co_await c.co_send(letter(2));
    if (how) came.push_back(2);
    auto late = party_of(where, [&] { return c.co_receive(); });
    late.start();
    c.close();
    const auto closed = co_await c.co_send(letter(3));
    if (closed == status::closed && c.is_closed()) came.push_back(3);
    co_return came;
  };
  CHECK(loop.block_on(both(line, loop)) == numbers(1, 4));
}

TEST_CASE("one thread: a mailbox keeps messages, pushes back when it is full, and is drained after close",
          "[confinement]") {
  support::by_hand where;
  box<letter> inbox(2);
  auto first = party_of(where, sending(inbox, 1));
  CHECK(first.start().is_over());
  CHECK(inbox.try_send(letter(2)));
  CHECK(inbox.was_full());
  letter third(3);
  CHECK(inbox.try_send(std::move(third)) == status::full);
  CHECK(third.number() == 3);
  auto waits = party_of(where, [&] { return inbox.co_send(std::move(third)); });
  CHECK_FALSE(waits.start().is_over());
  CHECK(inbox.try_receive()->number() == 1);
  CHECK(where.run() == 1);
  CHECK(waits.outcome());
  auto fourth = party_of(where, sending(inbox, 4));
  CHECK_FALSE(fourth.start().is_over());
  inbox.close();
  where.run();
  CHECK(fourth.outcome() == status::closed);
  auto second = party_of(where, [&] { return inbox.co_receive(); });
  CHECK(second.start().outcome()->number() == 2);
  CHECK(inbox.try_receive()->number() == 3);
  CHECK(inbox.try_receive().error() == status::closed);
  CHECK(inbox.was_empty());
}

TEST_CASE("one thread: ten thousand messages by three coroutines each way, none lost, each sender's in order",
          "[confinement]") {
  const watchdog guard("three senders and three receivers on one loop");
  const auto run = [](auto& channel) {
    run_loop loop;
    constexpr int each = 3'000;
    std::vector<int> came;
    const auto sender = [](auto& to, int from) -> support::detached {
      for (int i = from; i < from + each; ++i) static_cast<void>(co_await to.co_send(letter(i)));
    };
    const auto gather = [](auto& from, std::vector<int>& all) -> task<> {
      for (int i = 0; i < 3 * each; ++i) {
        const auto message = co_await from.co_receive();
        all.push_back(message->number());
      }
    };
    for (int s = 0; s < 3; ++s) sender(channel, s * each);
    loop.block_on(gather(channel, came));
    REQUIRE(came.size() == 3 * each);
    std::vector<int> next{0, each, 2 * each};
    for (const int n : came) {
      const auto who = static_cast<std::size_t>(n / each);
      REQUIRE(next[who] == n);
      ++next[who];
    }
  };
  phone<letter> line;
  run(line);
  box<letter> inbox(5);
  run(inbox);
}

TEST_CASE("one thread: ports close the channel when the last of a side goes", "[confinement]") {
  run_loop loop;
  auto [out, in] = tandem::open<box<letter>>(4);
  CHECK(out.try_send(letter(7)));
  auto another_one = out;
  out.reset();
  CHECK(another_one.try_send(letter(8)));
  another_one.reset();
  CHECK(loop.block_on(receives_all(in)) == std::vector{7, 8});
}

TEST_CASE("one thread: the last port of all may go elsewhere, and one that has to close the channel may not",
          "[confinement]") {
  auto [out, in] = tandem::open<box<letter>>(4);
  std::thread([mine = std::move(out)]() mutable { CHECK(mine.try_send(letter(7))); }).join();  // whose channel it is
  in.reset();  // with a letter that nobody has received

  auto [first, second] = tandem::open<phone<int>>();
  CHECK(first.try_send(1) == status::full);
  const auto end = support::death_of([&] { std::thread([mine = std::move(first)] {}).join(); });
  CHECK(end.saying(another));
}

TEST_CASE("one thread: a channel that does not say who uses it may be opened, and is of any thread", "[confinement]") {
  using halves = decltype(tandem::open<plain_channel>());
  static_assert(std::is_same_v<decltype(halves::out)::users, any_thread>);
  auto [out, in] = tandem::open<plain_channel>();
  CHECK(out.send(4));
  CHECK(in.receive().value() == 4);
}

TEST_CASE("one thread: a deadline and a stop end a wait, and nothing is lost", "[confinement]") {
  const watchdog guard("timed and stopped waits at channels of one thread");
  support::by_hand where;
  phone<letter> line;
  letter mine(1);
  auto patient = party_of(where, [&] { return line.co_try_send_for(std::move(mine), 1h); });
  CHECK_FALSE(patient.start().is_over());
  where.fire();
  where.run();
  CHECK(patient.outcome() == status::timeout);
  CHECK(mine.number() == 1);
  CHECK(line.try_receive().error() == status::empty);

  box<letter> inbox(1);
  std::stop_source stop;
  auto reader = party_of(where, [&] { return inbox.co_receive(stop.get_token()); });
  CHECK_FALSE(reader.start().is_over());
  std::thread([&] { stop.request_stop(); }).join();  // that does not touch the mailbox
  CHECK(where.run() == 1);
  CHECK(reader.outcome().error() == status::stopped);
  CHECK(inbox.try_send(letter(2)));
  CHECK(inbox.try_receive()->number() == 2);
}

TEST_CASE("one thread: a coroutine that is destroyed while it waits has left the line", "[confinement]") {
  support::by_hand where;
  phone<letter> line;
  auto gone = party_of(where, [&] { return line.co_receive(); });
  gone.start();
  gone.destroy();
  CHECK(line.try_send(letter(1)) == status::full);
  box<letter> inbox(1);
  auto first = party_of(where, [&] { return inbox.co_receive(); });
  auto second = party_of(where, [&] { return inbox.co_receive(); });
  first.start();
  second.start();
  CHECK(inbox.try_send(letter(2)));  // it is the first one's turn
  first.destroy();                   // who passes it on
  where.run();
  REQUIRE(second.is_over());
  CHECK(second.outcome()->number() == 2);
}

TEST_CASE("one thread: select takes one of several, and leaves the others as they were", "[confinement]") {
  support::by_hand where;
  phone<letter> line;
  box<letter> inbox(1), out(1);
  letter mine(9);
  std::vector<int> came;
  const auto note = [&](result<letter> r) { came.push_back(r ? r->number() : -1); };
  REQUIRE(out.try_send(letter(0)));  // full
  auto by_hand = receive_from(line, note);
  auto by_mail = receive_from(inbox, note);
  auto gives = send_to(out, mine);
  auto all = party_of(where, [&] { return tandem::co_select(by_hand, by_mail, gives); });
  CHECK_FALSE(all.start().is_over());
  CHECK(inbox.try_send(letter(1)));
  where.run();
  CHECK(all.outcome() == 1);
  CHECK(line.try_send(letter(2)) == status::full);  // it has left
  CHECK(mine.number() == 9);
  CHECK(out.try_receive()->number() == 0);
  CHECK(out.try_receive().error() == status::empty);

  auto ready = party_of(where, [&] { return tandem::co_select(by_hand, by_mail, gives); });
  CHECK(ready.start().outcome() == 2);
  CHECK(out.try_receive()->number() == 9);
  CHECK(came == std::vector{1});
}

TEST_CASE("one thread: two selects meet at a rendezvous, and none meets itself", "[confinement]") {
  support::by_hand where;
  phone<int> a, b;
  int x = 1, y = 2, got = 0;
  const auto take = [&](result<int> r) { got = r.value(); };
  auto gives = send_to(a, x);
  auto takes = receive_from(a, take);
  auto takes_elsewhere = receive_from(b, take), takes_here = receive_from(a, take);
  auto one = party_of(where, [&] { return tandem::co_select(gives, takes); });
  CHECK_FALSE(one.start().is_over());
  auto other = party_of(where, [&] { return tandem::co_select(takes_elsewhere, takes_here); });
  CHECK(other.start().outcome() == 1);
  where.run();
  CHECK(one.outcome() == 0);
  CHECK(got == 1);
  CHECK(a.try_send(std::move(y)) == status::full);
  CHECK(b.try_send(std::move(y)) == status::full);
}

TEST_CASE("one thread: a selector stays in line, and loses nothing between two selects", "[confinement]") {
  const watchdog guard("a selector over channels of one thread");
  run_loop loop;
  phone<letter> line;
  box<letter> inbox(3);
  const auto work = [](phone<letter>& by_hand, box<letter>& by_mail, run_loop& where) -> task<std::vector<int>> {
    std::vector<int> came(200);
    tandem::selector all;
    const auto note = [&](result<letter> r) { ++came[static_cast<std::size_t>(r->number())]; };
    all.add(receive_from(by_hand, note));
    all.add(receive_from(by_mail, note));
    const auto writer = [](auto& to, int from) -> support::detached {
      for (int i = from; i < from + 100; ++i) static_cast<void>(co_await to.co_send(letter(i)));
    };
    writer(by_hand, 0);
    writer(by_mail, 100);
    for (int i = 0; i < 200; ++i) static_cast<void>(co_await all.co_select());
    static_cast<void>(where);
    co_return came;
  };
  CHECK(loop.block_on(work(line, inbox, loop)) == std::vector<int>(200, 1));
}

TEST_CASE("one thread: in one selector with channels of any thread, and with a stop", "[confinement]") {
  const watchdog guard("a mixed selector");
  run_loop loop;
  phone<int> line;
  tandem::mailbox<int> inbox(2);
  std::stop_source stop;
  const auto work = [](phone<int>& near, tandem::mailbox<int>& far, std::stop_token token) -> task<std::vector<int>> {
    std::vector<int> came(200);
    const auto note = [&](result<int> r) { ++came[static_cast<std::size_t>(r.value())]; };
    tandem::selector all;
    const auto by_hand = all.add(receive_from(near, note));
    const auto by_mail = all.add(receive_from(far, note));
    const auto stopped = all.add(tandem::stop_requested(std::move(token)));
    const auto writer = [](phone<int>& to, int from) -> support::detached {
      for (int i = from; i < from + 50; ++i) static_cast<void>(co_await to.co_send(i));
    };
    int left = 100, stops = 0;
    writer(near, 0);
    while (left > 0) {
      const auto which = co_await all.co_select();
      if (which == stopped) {
        all.switch_on(stopped, false);  // it would be ready for ever
        ++stops;
      } else {
        --left;
      }
    }
    all.switch_on(stopped, false);
    all.switch_on(by_mail, false);  // all that is left is of one thread
    writer(near, 150);
    for (int i = 0; i < 50; ++i) {
      const auto which = co_await all.co_select();
      if (which != by_hand) co_return {};
    }
    all.switch_on(by_mail, true);
    all.switch_on(stopped, true);
    const auto last = co_await all.co_select();
    if (last != stopped || stops > 1) co_return {};
    co_return came;
  };
  std::thread other([&] {
    for (int i = 50; i < 150; ++i) {
      if (i == 100) stop.request_stop();
      if (i < 100) static_cast<void>(inbox.send(i));
    }
  });
  std::vector<int> expected(200, 1);
  for (std::size_t i = 100; i < 150; ++i) expected[i] = 0;
  CHECK(loop.block_on(work(line, inbox, stop.get_token())) == expected);
  other.join();
}

TEST_CASE("one thread: a blocking select may look, but not wait", "[confinement]") {
  box<int> inbox(1);
  int got = 0;
  const auto take = [&](result<int> r) { got = r.value(); };
  CHECK(tandem::select(receive_from(inbox, take), otherwise()) == 1);
  REQUIRE(inbox.try_send(4));
  CHECK(tandem::select(receive_from(inbox, take)) == 0);  // nobody has to be waited for
  CHECK(got == 4);
  tandem::selector all;
  all.add(receive_from(inbox, take));
  CHECK_FALSE(all.try_select().has_value());
  const auto waits = support::death_of([&] { tandem::select(receive_from(inbox), tandem::after(1ms)); });
  CHECK(waits.saying(for_itself));
  CHECK(waits.in_one_sentence());
  CHECK(support::death_of([&] { all.select(); }).saying(for_itself));
}

TEST_CASE("one thread: it may be made and destroyed by others, and belongs to the first who uses it", "[confinement]") {
  auto line = std::make_unique<phone<int>>();
  auto inbox = std::make_unique<box<int>>(2);
  std::thread([&] {
    run_loop loop;
    CHECK(inbox->try_send(1));
    CHECK(line->try_send(1) == status::full);
    CHECK(inbox->capacity() == 2);
  }).join();
  CHECK(inbox->capacity() == 2);  // which nobody changes
  line.reset();
  inbox.reset();
}

TEST_CASE("one thread: another thread that uses it is told so", "[confinement]") {
  const auto by_another = [](auto use) { return support::death_of([&] { std::thread(use).join(); }); };
  SECTION("a rendezvous") {
    phone<int> line;
    CHECK(line.try_receive().error() == status::empty);
    const auto end = by_another([&] { static_cast<void>(line.try_receive()); });
    CHECK(end.saying(another));
    CHECK(end.in_one_sentence());
    CHECK(by_another([&] { static_cast<void>(line.try_send(1)); }).saying(another));
    CHECK(by_another([&] { line.close(); }).saying(another));
    CHECK(by_another([&] { static_cast<void>(line.is_closed()); }).saying(another));
    CHECK(by_another([&] {
            run_loop loop;
            loop.block_on(sends(line, 0, 1));
          }).saying(another));
  }
  SECTION("a mailbox") {
    box<int> inbox(2);
    CHECK(inbox.try_send(1));
    CHECK(by_another([&] { static_cast<void>(inbox.try_receive()); }).saying(another));
    CHECK(by_another([&] { static_cast<void>(inbox.try_send(1)); }).saying(another));
    CHECK(by_another([&] { inbox.close(); }).saying(another));
    CHECK(by_another([&] { static_cast<void>(inbox.is_closed()); }).saying(another));
    CHECK(by_another([&] { static_cast<void>(inbox.was_empty()); }).saying(another));
    CHECK(by_another([&] { static_cast<void>(inbox.was_full()); }).saying(another));
  }
}
