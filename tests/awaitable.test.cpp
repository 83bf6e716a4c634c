// The verbs that begin with co_, on everything that has them: rendezvous, mailbox, the ports of both, and future.
#include <tandem/awaitable.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/coroutines.hpp"
#include "support/death.hpp"
#include "support/dice.hpp"
#include "support/face.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/subjects.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::by_hand;
using support::detached;
using support::eventful;
using support::letter;
using support::meanwhile;
using support::only_one;
using support::party_of;
using support::watchdog;
using tandem::result;
using tandem::run_loop;
using tandem::status;
using tandem::task;

namespace {

using channels = support::channels<letter>;
using primitives = support::primitives<letter>;
using mailboxes = std::tuple<support::mailbox_subject<letter, 1>, support::mailbox_subject<letter, 3>,
                             support::mailbox_ports_subject<letter, 2>>;

// A port returns the very awaitable of its channel, and how large a mailbox is makes no other code.
using with_code_of_their_own = std::tuple<support::rendezvous_subject<letter>, support::mailbox_subject<letter, 1>,
                                          support::rendezvous_ports_subject<letter>>;
template <class C>
constexpr bool returns_its_channels_awaitables =
    std::is_same_v<decltype(std::declval<tandem::receive_port<C>&>().co_receive()),
                   decltype(std::declval<C&>().co_receive())> &&
    std::is_same_v<decltype(std::declval<tandem::send_port<C>&>().co_send(std::declval<letter>())),
                   decltype(std::declval<C&>().co_send(std::declval<letter>()))>;
static_assert(returns_its_channels_awaitables<tandem::rendezvous<letter>>);
static_assert(returns_its_channels_awaitables<tandem::mailbox<letter>>);

// --- every way to send and to receive --------------------------------------------------------------------------------

constexpr int ways_to_receive = 6;
constexpr int ways_to_send = 12;  // from 6 on: a copy

constexpr bool heeds_stop(int way) { return way % 2 == 1; }
constexpr bool heeds_time(int way) { return way % 6 >= 2; }
constexpr bool copies(int way) { return way >= 6; }

struct limits {
  std::stop_token stop = {};
  std::chrono::hours patience = 1h;
};

/// As far in the future as the patience reaches, even if that is for ever.
inline tandem::clock::time_point deadline(const limits& l) {
  return l.patience == std::chrono::hours::max() ? tandem::clock::time_point::max() : tandem::clock::now() + l.patience;
}

/// What a verb returns, on the heap: one type for all channels and all ways.
template <class Outcome>
class any_awaitable : public support::face {
 public:
  virtual bool await_ready() = 0;
  virtual bool await_suspend(std::coroutine_handle<support::tied::promise_type>) = 0;
  virtual Outcome await_resume() = 0;
};
template <class Outcome, class Awaitable>
class awaitable_of final : public any_awaitable<Outcome> {
 public:
  template <class Make>
  explicit awaitable_of(const Make& make) : it_(make()) {}
  bool await_ready() override { return it_.await_ready(); }
  bool await_suspend(std::coroutine_handle<support::tied::promise_type> h) override { return it_.await_suspend(h); }
  Outcome await_resume() override {
    static_assert(std::is_same_v<decltype(it_.await_resume()), Outcome>);
    return it_.await_resume();
  }

 private:
  Awaitable it_;
};
template <class Outcome>
struct boxed {
  bool await_ready() { return it->await_ready(); }
  bool await_suspend(std::coroutine_handle<support::tied::promise_type> h) { return it->await_suspend(h); }
  Outcome await_resume() { return it->await_resume(); }
  std::unique_ptr<any_awaitable<Outcome>> it;
};
template <class Outcome, class Make>
boxed<Outcome> boxed_up(const Make& make) {
  return {std::unique_ptr<any_awaitable<Outcome>>(new awaitable_of<Outcome, std::invoke_result_t<Make>>(make))};
}

/// A sender, or a receiver, who waits, and is resumed by whoever comes.
using loose_sender = std::unique_ptr<support::party<support::loose, status>>;
using loose_receiver = std::unique_ptr<support::party<support::loose, result<letter>>>;

// Any channel, or promise and future. So a test is compiled once, and is put to all of them in every way.
class any_out : public support::face {
 public:
  virtual status send(letter&&) = 0;
  virtual status try_send(letter&&) = 0;
  virtual void close() = 0;
  virtual boxed<status> sends(int way, letter& mine, const limits&) = 0;
  virtual task<status> sends_one(int number) = 0;
  virtual loose_sender waiting_sender(int number) = 0;
};
class any_in : public support::face {
 public:
  virtual result<letter> receive() = 0;
  virtual result<letter> try_receive() = 0;
  virtual boxed<result<letter>> receives(int way, const limits&) = 0;
  virtual task<result<letter>> receives_one() = 0;
  virtual loose_receiver waiting_receiver() = 0;
  virtual loose_receiver waiting_receiver(const std::stop_token&) = 0;
};

template <class Out>
class out_of final : public any_out {
 public:
  explicit out_of(Out& out) : out_(out) {}
  status send(letter&& l) override { return out_.send(std::move(l)); }
  status try_send(letter&& l) override { return out_.try_send(std::move(l)); }
  void close() override { out_.close(); }
  boxed<status> sends(int way, letter& mine, const limits& l) override {
    return copies(way) ? sends_that(way - 6, std::as_const(mine), l) : sends_that(way, std::move(mine), l);
  }
  task<status> sends_one(int number) override { co_return co_await out_.co_send(letter(number)); }
  loose_sender waiting_sender(int number) override {
    auto it = std::make_unique<support::party<support::loose, status>>(
        [this, mine = letter(number)]() mutable { return out_.co_send(std::move(mine)); });
    it->start();
    return it;
  }

 private:
  template <class T>
  boxed<status> sends_that(int way, T&& mine, const limits& l) {
    const auto t = [&mine]() -> T&& { return std::forward<T>(mine); };
    switch (way) {
      case 0: return boxed_up<status>([&] { return out_.co_send(t()); });
      case 1: return boxed_up<status>([&] { return out_.co_send(t(), l.stop); });
      case 2: return boxed_up<status>([&] { return out_.co_try_send_for(t(), l.patience); });
      case 3: return boxed_up<status>([&] { return out_.co_try_send_for(t(), l.patience, l.stop); });
      case 4: return boxed_up<status>([&] { return out_.co_try_send_until(t(), deadline(l)); });
      case 5: return boxed_up<status>([&] { return out_.co_try_send_until(t(), deadline(l), l.stop); });
      default: std::terminate();
    }
  }
  Out& out_;
};

template <>
class out_of<support::one_shot_subject<letter>::giver> final : public any_out {
 public:
  explicit out_of(support::one_shot_subject<letter>::giver& out) : out_(out) {}
  status send(letter&& l) override { return out_.send(std::move(l)); }
  status try_send(letter&& l) override { return out_.try_send(std::move(l)); }
  // It never has to wait.
  void close() override { std::terminate(); }
  boxed<status> sends(int, letter&, const limits&) override { std::terminate(); }
  task<status> sends_one(int) override { std::terminate(); }
  loose_sender waiting_sender(int) override { std::terminate(); }

 private:
  support::one_shot_subject<letter>::giver& out_;
};

template <class In>
class in_of final : public any_in {
 public:
  explicit in_of(In& in) : in_(in) {}
  result<letter> receive() override { return in_.receive(); }
  result<letter> try_receive() override { return in_.try_receive(); }
  boxed<result<letter>> receives(int way, const limits& l) override {
    using got = result<letter>;
    switch (way) {
      case 0: return boxed_up<got>([&] { return in_.co_receive(); });
      case 1: return boxed_up<got>([&] { return in_.co_receive(l.stop); });
      case 2: return boxed_up<got>([&] { return in_.co_try_receive_for(l.patience); });
      case 3: return boxed_up<got>([&] { return in_.co_try_receive_for(l.patience, l.stop); });
      case 4: return boxed_up<got>([&] { return in_.co_try_receive_until(deadline(l)); });
      case 5: return boxed_up<got>([&] { return in_.co_try_receive_until(deadline(l), l.stop); });
      default: std::terminate();
    }
  }
  task<result<letter>> receives_one() override { co_return co_await in_.co_receive(); }
  loose_receiver waiting_receiver() override {
    return started([this] { return in_.co_receive(); });
  }
  loose_receiver waiting_receiver(const std::stop_token& stop) override {
    return started([this, stop] { return in_.co_receive(stop); });
  }

 private:
  template <class Make>
  loose_receiver started(Make make) {
    auto it = std::make_unique<support::party<support::loose, result<letter>>>(std::move(make));
    it->start();
    return it;
  }
  In& in_;
};

class any_two_sides : public support::face {
 public:
  any_out& out() const { return out_; }
  any_in& in() const { return in_; }

 protected:
  any_two_sides(any_out& out, any_in& in) : out_(out), in_(in) {}

 private:
  any_out& out_;
  any_in& in_;
};
template <class Subject>
class two_sides_of final : public any_two_sides {
 public:
  two_sides_of() : any_two_sides(out_, in_), out_(subject_.out()), in_(subject_.in()) {}

 private:
  Subject subject_;
  out_of<std::remove_reference_t<decltype(std::declval<Subject&>().out())>> out_;
  in_of<std::remove_reference_t<decltype(std::declval<Subject&>().in())>> in_;
};

using kind_of_subject = support::kind_of_subject<any_two_sides>;

// The test case runs once for each of them.
template <class Subjects>
kind_of_subject each_of() {
  return support::each_kind<any_two_sides, two_sides_of, Subjects>();
}

class any_subject {
 public:
  using value_type = letter;
  explicit any_subject(const kind_of_subject& kind) : room_(kind.room), it_(kind.make()) {}
  any_out& out() const { return it_->out(); }
  any_in& in() const { return it_->in(); }
  std::size_t room() const { return room_; }

 private:
  std::size_t room_;
  std::unique_ptr<any_two_sides> it_;
};

/// A coroutine that receives, or that sends `mine`, in that way, and goes on when `where` lets it.
auto receiver(int way, by_hand& where, any_in& in, limits l = {}) {
  return party_of(where, [&in, way, l] { return in.receives(way, l); });
}
auto receiver(int way, by_hand& where, any_subject& s, limits l = {}) { return receiver(way, where, s.in(), l); }
auto sender(int way, by_hand& where, any_subject& s, letter& mine, limits l = {}) {
  return party_of(where, [&s, way, &mine, l] { return s.out().sends(way, mine, l); });
}

/// What a receive needs in order to be done at once: a sender who waits, or (nothing is returned) a message inside.
loose_sender has_something(any_subject& s, int number) {
  if (s.room() == 0) return s.out().waiting_sender(number);
  REQUIRE(s.out().send(letter(number)) == status::ok);
  return nullptr;
}
/// What a send needs: a receiver who waits, or (nothing is returned) room.
loose_receiver has_somewhere(any_subject& s) { return s.room() == 0 ? s.in().waiting_receiver() : nullptr; }

/// Stands for a coroutine that awaits something: it may be resumed as often as one likes.
support::tied stand_in(tandem::scheduler&) {
  for (;;) co_await std::suspend_always();
}

std::stop_token already_stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

/// Whether all letters that were made in this scope are gone.
class all_gone {
 public:
  explicit operator bool() const { return letter::counts().live == before_; }

 private:
  long before_ = letter::counts().live;
};

/// Where the stack is. Not inlined: a frame of its own.
[[gnu::noinline]] std::uintptr_t depth() { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

/// How far apart the calls of note() were on the stack.
class stack_meter {
 public:
  void note() {
    const std::uintptr_t here = depth();
    low_ = std::min(low_, here);
    high_ = std::max(high_, here);
  }
  std::uintptr_t spread() const { return high_ - low_; }

 private:
  std::uintptr_t low_ = UINTPTR_MAX;
  std::uintptr_t high_ = 0;
};

}  // namespace

// --- each way, once --------------------------------------------------------------------------------------------------

// Without a coroutine for each: what co_await would call is called by hand. What is seen is compared in one place.
namespace {

struct observed {
  bool ready = false;        // at once, without a suspension
  bool suspended = false;    // when there was nothing to have
  bool kept_timers = false;  // while it waited
  bool keeps_timers = false;
  std::size_t resumed = 0;
  status outcome = status::abandoned;
  int number = 0;  // of what was received, or of what is left in the sender's hands
  bool operator==(const observed&) const = default;
};

/// What the stop token and the scheduler of a coroutine that waits are told; what `ends` does, ends the wait.
template <class Outcome>
observed await_by_hand(boxed<Outcome> awaited, by_hand& where,
                       std::coroutine_handle<support::tied::promise_type> coroutine,
                       const std::function<void()>& ends) {
  observed seen;
  seen.ready = awaited.await_ready();
  seen.suspended = !seen.ready && awaited.await_suspend(coroutine);
  seen.kept_timers = where.keeps_timers();
  ends();
  seen.resumed = where.run();
  seen.keeps_timers = where.keeps_timers();
  const auto outcome = awaited.await_resume();
  if constexpr (std::is_same_v<Outcome, result<letter>>) {
    seen.outcome = outcome.error();
    seen.number = outcome ? outcome->number() : 0;
  } else {
    seen.outcome = outcome;
  }
  return seen;
}

observed at_once(int number) { return {.ready = true, .outcome = status::ok, .number = number}; }
observed later(bool heeds_time, status outcome, int number) {
  return {.suspended = true, .kept_timers = heeds_time, .resumed = 1, .outcome = outcome, .number = number};
}
// some may only be tried by await_suspend
observed without_haste(observed seen) {
  if (!seen.suspended) seen.ready = true;
  return seen;
}

void compare(const observed& seen, const observed& wanted, const char* channel, int way) {
  INFO(channel << ", way " << way << ": " << seen.outcome.name() << ", number " << seen.number);
  CHECK(seen == wanted);
}

}  // namespace

TEST_CASE("each way to receive, once: at once, later, stopped, too late", "[awaitable]") {
  const kind_of_subject kind = each_of<primitives>();
  const all_gone gone;
  by_hand where;
  const auto coroutine = stand_in(where);
  for (int way = 0; way < ways_to_receive; ++way) {
    std::stop_source stop;
    const limits within{.stop = stop.get_token()};
    const auto receives = [&](any_subject& from, const std::function<void()>& ends) {
      return await_by_hand(from.in().receives(way, within), where, coroutine.handle(), ends);
    };
    any_subject full(kind), meets(kind), late(kind), stopped(kind);
    const auto met = has_something(full, 7);
    compare(without_haste(receives(full, [] {})), at_once(7), kind.name, way);
    const auto sends_it = [&] { static_cast<void>(meets.out().send(letter(8))); };
    compare(receives(meets, sends_it), later(heeds_time(way), status::ok, 8), kind.name, way);
    if (heeds_time(way)) {
      const auto time_passes = [&] { where.fire(); };
      compare(receives(late, time_passes), later(true, status::timeout, 0), kind.name, way);
    }
    if (heeds_stop(way)) {
      const auto stops_it = [&] { stop.request_stop(); };
      compare(receives(stopped, stops_it), later(heeds_time(way), status::stopped, 0), kind.name, way);
    }
  }
  CHECK(gone);
}

TEST_CASE("each way to send, once: at once, later, stopped, too late", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  const all_gone gone;
  by_hand where;
  const auto coroutine = stand_in(where);
  for (int way = 0; way < ways_to_send; ++way) {
    std::stop_source stop;
    const limits within{.stop = stop.get_token()};
    any_subject free(kind), full(kind);
    letter mine(7);
    const auto sends_mine = [&](any_subject& to, const std::function<void()>& ends) {
      mine = letter(7);
      observed seen = await_by_hand(to.out().sends(way, mine, within), where, coroutine.handle(), ends);
      seen.number = mine.number();
      return seen;
    };
    const auto met = has_somewhere(free);
    const int left = copies(way) ? 7 : -1;
    compare(without_haste(sends_mine(free, [] {})), at_once(left), kind.name, way);
    support::fill(full);
    if (heeds_time(way)) {
      compare(sends_mine(full, [&] { where.fire(); }), later(true, status::timeout, 7), kind.name, way);
    }
    const auto receives_one = [&] { static_cast<void>(full.in().receive()); };
    compare(sends_mine(full, receives_one), later(heeds_time(way), status::ok, left), kind.name, way);
    if (heeds_stop(way)) {
      const auto stops_it = [&] { stop.request_stop(); };
      compare(sends_mine(full, stops_it), later(heeds_time(way), status::stopped, 7), kind.name, way);
    }
  }
  CHECK(gone);
}

// And in the coroutine's frame, where the compiler puts it.
namespace {

using both_operations = std::tuple<support::rendezvous_subject<letter>, support::mailbox_subject<letter, 1>>;

/// One that goes on when it was waited for, and one that is destroyed before.
template <class Make>
void check_in_a_frame(const Make& make, const std::function<void()>& ends) {
  by_hand where;
  auto waits = party_of(where, make);
  auto goes = party_of(where, make);
  waits.start();
  CHECK(!waits.is_over());
  goes.start();
  goes.destroy();
  CHECK(where.posted() == 0);
  ends();
  CHECK(where.run() == 1);
  REQUIRE(waits.is_over());
  CHECK(static_cast<bool>(waits.outcome()));
  CHECK(!where.keeps_timers());
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("each way, once, in a coroutine that awaits it: done, and destroyed while it waits",
                        "[awaitable]", both_operations) {
  const all_gone gone;
  {
    TestType subject;
    auto& channel = subject.in();
    const std::stop_source stop;
    const auto token = stop.get_token();
    const auto in_time = [] { return tandem::clock::now() + 1h; };
    const auto sends_it = [&] { CHECK(channel.try_send(letter(7)) == status::ok); };
    const auto receives = [&](const auto& make) { check_in_a_frame(make, sends_it); };
    receives([&] { return channel.co_receive(); });
    receives([&] { return channel.co_receive(token); });
    receives([&] { return channel.co_try_receive_for(1h); });
    receives([&] { return channel.co_try_receive_for(1h, token); });
    receives([&] { return channel.co_try_receive_until(in_time()); });
    receives([&] { return channel.co_try_receive_until(in_time(), token); });

    letter mine(8);
    support::fill(subject);
    const auto receives_it = [&] { CHECK(channel.try_receive().has_value()); };
    const auto moves = [&](const auto& make) {
      mine = letter(8);
      check_in_a_frame(make, receives_it);
      CHECK(mine.number() == -1);
    };
    moves([&] { return channel.co_send(std::move(mine)); });
    moves([&] { return channel.co_send(std::move(mine), token); });
    moves([&] { return channel.co_try_send_for(std::move(mine), 1h); });
    moves([&] { return channel.co_try_send_for(std::move(mine), 1h, token); });
    moves([&] { return channel.co_try_send_until(std::move(mine), in_time()); });
    moves([&] { return channel.co_try_send_until(std::move(mine), in_time(), token); });

    const letter original(9);
    const auto copies = [&](const auto& make) {
      check_in_a_frame(make, receives_it);
      CHECK(original.number() == 9);
    };
    copies([&] { return channel.co_send(original); });
    copies([&] { return channel.co_send(original, token); });
    copies([&] { return channel.co_try_send_for(original, 1h); });
    copies([&] { return channel.co_try_send_for(original, 1h, token); });
    copies([&] { return channel.co_try_send_until(original, in_time()); });
    copies([&] { return channel.co_try_send_until(original, in_time(), token); });
  }
  CHECK(gone);
}

TEST_CASE("each way to get, once, in a coroutine that awaits it", "[awaitable]") {
  const all_gone gone;
  const auto gets = [](const auto& make) {
    by_hand where;
    support::one_shot_subject<letter> subject;
    auto waits = party_of(where, [&] { return make(subject.in().future); });
    waits.start();
    CHECK(!waits.is_over());
    CHECK(subject.out().send(letter(7)) == status::ok);
    CHECK(where.run() == 1);
    REQUIRE(waits.is_over());
    CHECK(waits.outcome().value().number() == 7);
    CHECK(!where.keeps_timers());
  };
  const std::stop_source stop;
  const auto token = stop.get_token();
  const auto in_time = [] { return tandem::clock::now() + 1h; };
  gets([&](auto& future) { return future.co_get(); });
  gets([&](auto& future) { return future.co_get(token); });
  gets([&](auto& future) { return future.co_try_get_for(1h); });
  gets([&](auto& future) { return future.co_try_get_for(1h, token); });
  gets([&](auto& future) { return future.co_try_get_until(in_time()); });
  gets([&](auto& future) { return future.co_try_get_until(in_time(), token); });
  CHECK(gone);
}

// --- outcomes --------------------------------------------------------------------------------------------------------

TEST_CASE("what can be received at once is, and nothing is posted", "[awaitable]") {
  const kind_of_subject kind = each_of<primitives>();
  for (int way = 0; way < ways_to_receive; ++way) {
    INFO(kind.name << ", receive " << way);
    const all_gone gone;
    {
      any_subject subject(kind);
      by_hand where;
      [[maybe_unused]] const auto met = has_something(subject, 7);
      auto mine = receiver(way, where, subject, {.patience = -1h});  // a deadline that is past does not matter
      mine.start();
      REQUIRE(mine.is_over());
      CHECK(mine.outcome().value().number() == 7);
      CHECK(where.posted() == 0);
      if (met != nullptr) CHECK(met->outcome() == status::ok);
    }
    CHECK(gone);
  }
}

TEST_CASE("what can be sent at once is, and nothing is posted", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  for (int way = 0; way < ways_to_send; ++way) {
    INFO(kind.name << ", send " << way);
    const all_gone gone;
    {
      any_subject subject(kind);
      by_hand where;
      const auto met = has_somewhere(subject);
      letter mine(7);
      auto it = sender(way, where, subject, mine, {.patience = -1h});
      it.start();
      REQUIRE(it.is_over());
      CHECK(it.outcome() == status::ok);
      CHECK(mine.number() == (copies(way) ? 7 : -1));
      CHECK(where.posted() == 0);
      if (met == nullptr) {
        CHECK(subject.in().receive().value().number() == 7);
      } else {
        CHECK(met->outcome().value().number() == 7);
      }
    }
    CHECK(gone);
  }
}

TEST_CASE("a coroutine that waits to receive goes on where its scheduler runs it, with the message", "[awaitable]") {
  const kind_of_subject kind = each_of<primitives>();
  for (int way = 0; way < ways_to_receive; ++way) {
    INFO(kind.name << ", receive " << way);
    const all_gone gone;
    {
      any_subject subject(kind);
      by_hand where;
      std::stop_source stop;
      auto mine = receiver(way, where, subject, {.stop = stop.get_token()});
      mine.start();
      CHECK(!mine.is_over());
      CHECK(where.keeps_timers() == heeds_time(way));
      CHECK(subject.out().send(letter(7)) == status::ok);
      CHECK(!mine.is_over());  // and not within the send
      CHECK(where.posted() == 1);
      stop.request_stop();  // too late
      where.fire();
      CHECK(where.run() == 1);
      REQUIRE(mine.is_over());
      CHECK(mine.outcome().value().number() == 7);
      CHECK(!where.keeps_timers());
    }
    CHECK(gone);
  }
}

TEST_CASE("a coroutine that waits to send goes on where its scheduler runs it, and the message has gone",
          "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  for (int way = 0; way < ways_to_send; ++way) {
    INFO(kind.name << ", send " << way);
    const all_gone gone;
    {
      any_subject subject(kind);
      by_hand where;
      std::stop_source stop;
      const std::size_t before = support::fill(subject);
      letter mine(7);
      auto it = sender(way, where, subject, mine, {.stop = stop.get_token()});
      it.start();
      CHECK(!it.is_over());
      CHECK(mine.number() == 7);
      CHECK(where.keeps_timers() == heeds_time(way));
      std::vector<int> received{subject.in().receive().value().number()};
      CHECK(!it.is_over());
      CHECK(where.posted() == 1);
      stop.request_stop();
      where.fire();
      CHECK(where.run() == 1);
      REQUIRE(it.is_over());
      CHECK(it.outcome() == status::ok);
      CHECK(mine.number() == (copies(way) ? 7 : -1));
      for (std::size_t i = 0; i < before; ++i) received.push_back(subject.in().receive().value().number());
      CHECK(received.back() == 7);
      CHECK(!where.keeps_timers());
    }
    CHECK(gone);
  }
}

TEST_CASE("closed: before, and while they wait", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  const all_gone gone;
  for (int way = 0; way < ways_to_receive; ++way) {
    INFO(kind.name << ", receive " << way);
    any_subject subject(kind);
    by_hand where;
    auto waits = receiver(way, where, subject);
    waits.start();
    subject.out().close();
    CHECK(!waits.is_over());
    CHECK(where.run() == 1);
    REQUIRE(waits.is_over());
    CHECK(waits.outcome().error() == status::closed);
    auto comes = receiver(way, where, subject);
    comes.start();
    REQUIRE(comes.is_over());
    CHECK(comes.outcome().error() == status::closed);
  }
  for (int way = 0; way < ways_to_send; ++way) {
    INFO(kind.name << ", send " << way);
    any_subject subject(kind);
    by_hand where;
    const std::size_t stored = support::fill(subject);
    letter mine(7);
    auto waits = sender(way, where, subject, mine);
    waits.start();
    subject.out().close();
    CHECK(where.run() == 1);
    REQUIRE(waits.is_over());
    CHECK(waits.outcome() == status::closed);
    CHECK(mine.number() == 7);
    auto comes = sender(way, where, subject, mine);
    comes.start();
    REQUIRE(comes.is_over());
    CHECK(comes.outcome() == status::closed);
    CHECK(mine.number() == 7);
    for (std::size_t i = 0; i < stored; ++i) {  // what was accepted is delivered
      auto drains = receiver(0, where, subject);
      CHECK(drains.start().outcome().has_value());
    }
    auto last = receiver(0, where, subject);
    CHECK(last.start().outcome().error() == status::closed);
  }
  CHECK(gone);
}

TEST_CASE("timeout: nothing has been received, and nobody is left in line", "[awaitable]") {
  const kind_of_subject kind = each_of<primitives>();
  const auto patience = GENERATE(as<std::chrono::hours>(), 1h, 0h, -1h);
  for (int way = 0; way < ways_to_receive; ++way) {
    if (heeds_time(way)) {
      INFO(kind.name << ", receive " << way);
      any_subject subject(kind);
      by_hand where;
      std::stop_source stop;
      auto mine = receiver(way, where, subject, {.stop = stop.get_token(), .patience = patience});
      mine.start();
      CHECK(!mine.is_over());
      where.fire();
      CHECK(!mine.is_over());
      stop.request_stop();  // too late
      CHECK(where.run() == 1);
      REQUIRE(mine.is_over());
      CHECK(mine.outcome().error() == status::timeout);
      CHECK(static_cast<bool>(subject.out().try_send(letter(1))) == (kind.room > 0));
    }
  }
}

TEST_CASE("timeout: nothing has been sent, and nobody is left in line", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  const auto patience = GENERATE(as<std::chrono::hours>(), 1h, 0h, -1h);
  for (int way = 0; way < ways_to_send; ++way) {
    if (heeds_time(way)) {
      INFO(kind.name << ", send " << way);
      any_subject subject(kind);
      by_hand where;
      const std::size_t stored = support::fill(subject);
      letter mine(7);
      auto it = sender(way, where, subject, mine, {.patience = patience});
      it.start();
      CHECK(!it.is_over());
      where.fire();
      CHECK(where.run() == 1);
      REQUIRE(it.is_over());
      CHECK(it.outcome() == status::timeout);
      CHECK(mine.number() == 7);
      for (std::size_t i = 0; i < stored; ++i) CHECK(subject.in().try_receive().value().number() >= 1000);
      CHECK(subject.in().try_receive().error() == status::empty);
    }
  }
}

TEST_CASE("timeout: not before its time", "[awaitable]") {
  const watchdog guard("a coroutine with a deadline");
  tandem::mailbox<int> nobody(1);
  run_loop loop;
  const auto begin = tandem::clock::now();
  const auto waits = [&]() -> task<result<int>> { co_return co_await nobody.co_try_receive_for(5ms); };
  CHECK(loop.block_on(waits()).error() == status::timeout);
  CHECK(tandem::clock::now() - begin >= 5ms);
}

TEST_CASE("a deadline too far for the clock is none, and wants no timer", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  any_subject subject(kind);
  by_hand where;
  auto a = receiver(2, where, subject, {.patience = std::chrono::hours::max()});
  auto b = receiver(4, where, subject, {.patience = std::chrono::hours::max()});
  a.start();
  b.start();
  CHECK(!where.keeps_timers());
  subject.out().close();
  CHECK(where.run() == 2);
  CHECK(a.outcome().error() == status::closed);
  CHECK(b.outcome().error() == status::closed);
}

TEST_CASE("a deadline too far for the clock needs no scheduler that keeps time", "[awaitable]") {
  tandem::mailbox<letter> channel(1);
  auto [out, in] = tandem::open<tandem::mailbox<letter>>(1);
  auto at_the_channel = party_of([&] { return channel.co_try_receive_for(std::chrono::duration<double>(1e300)); });
  auto at_a_port = party_of([&port = in] { return port.co_try_receive_for(std::chrono::duration<double>(1e300)); });
  at_the_channel.start();
  at_a_port.start();
  channel.close();
  out.close();
  CHECK(at_the_channel.outcome().error() == status::closed);
  CHECK(at_a_port.outcome().error() == status::closed);
}

TEST_CASE("stopped, before it was called: then nothing is attempted", "[awaitable]") {
  const kind_of_subject kind = each_of<primitives>();
  for (int way = 0; way < ways_to_receive; ++way) {
    if (heeds_stop(way)) {
      INFO(kind.name << ", receive " << way);
      any_subject subject(kind);
      by_hand where;
      [[maybe_unused]] const auto met = has_something(subject, 7);
      auto mine = receiver(way, where, subject, {.stop = already_stopped()});
      mine.start();
      REQUIRE(mine.is_over());
      CHECK(mine.outcome().error() == status::stopped);
      CHECK(where.posted() == 0);
      CHECK(subject.in().try_receive().value().number() == 7);
      if (met != nullptr) CHECK(met->outcome() == status::ok);
    }
  }
}

TEST_CASE("stopped, before it was called, or by a stop before the await: nothing is sent", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  for (int way = 0; way < ways_to_send; ++way) {
    if (heeds_stop(way)) {
      INFO(kind.name << ", send " << way);
      any_subject subject(kind);
      by_hand where;
      const auto met = has_somewhere(subject);
      letter mine(7);
      auto it = sender(way, where, subject, mine, {.stop = already_stopped()});
      it.start();
      REQUIRE(it.is_over());
      CHECK(it.outcome() == status::stopped);
      CHECK(mine.number() == 7);
      CHECK(subject.out().try_send(letter(8)) == status::ok);  // there was room, or somebody
      if (met != nullptr) CHECK(met->outcome().value().number() == 8);
    }
  }
}

TEST_CASE("stopped, while it waits to receive", "[awaitable]") {
  const kind_of_subject kind = each_of<primitives>();
  for (int way = 0; way < ways_to_receive; ++way) {
    if (heeds_stop(way)) {
      INFO(kind.name << ", receive " << way);
      any_subject subject(kind);
      by_hand where;
      std::stop_source stop;
      auto mine = receiver(way, where, subject, {.stop = stop.get_token()});
      mine.start();
      stop.request_stop();
      CHECK(!mine.is_over());
      where.fire();                                                                    // too late
      CHECK(static_cast<bool>(subject.out().try_send(letter(1))) == (kind.room > 0));  // it can be met no more
      CHECK(where.run() == 1);
      REQUIRE(mine.is_over());
      CHECK(mine.outcome().error() == status::stopped);
      CHECK(!where.keeps_timers());
    }
  }
}

TEST_CASE("stopped, while it waits to send", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  for (int way = 0; way < ways_to_send; ++way) {
    if (heeds_stop(way)) {
      INFO(kind.name << ", send " << way);
      any_subject subject(kind);
      by_hand where;
      const std::size_t stored = support::fill(subject);
      std::stop_source stop;
      letter mine(7);
      auto it = sender(way, where, subject, mine, {.stop = stop.get_token()});
      it.start();
      stop.request_stop();
      CHECK(!it.is_over());
      CHECK(where.run() == 1);
      REQUIRE(it.is_over());
      CHECK(it.outcome() == status::stopped);
      CHECK(mine.number() == 7);
      for (std::size_t i = 0; i < stored; ++i) CHECK(subject.in().try_receive().value().number() >= 1000);
      CHECK(subject.in().try_receive().error() == status::empty);
    }
  }
}

TEST_CASE("a future: abandoned, and closed the second time", "[awaitable]") {
  using subject_type = support::one_shot_subject<letter>;
  for (int way = 0; way < ways_to_receive; ++way) {
    INFO("get " << way);
    by_hand where;
    subject_type subject;
    in_of in(subject.in());
    auto waits = receiver(way, where, in);
    waits.start();
    CHECK(!waits.is_over());
    subject.out().promise = tandem::promise<letter>();  // the old one goes without a word
    CHECK(where.run() == 1);
    REQUIRE(waits.is_over());
    CHECK(waits.outcome().error() == status::abandoned);
    auto again = receiver(way, where, in);
    CHECK(again.start().outcome().error() == status::abandoned);

    subject_type kept;
    CHECK(kept.out().send(letter(7)) == status::ok);
    in_of kept_in(kept.in());
    auto first = receiver(way, where, kept_in);
    auto second = receiver(way, where, kept_in);
    CHECK(first.start().outcome().value().number() == 7);
    CHECK(second.start().outcome().error() == status::closed);
  }
}

TEST_CASE("a future<void>", "[awaitable]") {
  by_hand where;
  tandem::promise<void> promise;
  auto future = promise.get_future();
  auto mine = party_of(where, [&] { return future.co_get(); });
  mine.start();
  CHECK(!mine.is_over());
  CHECK(promise.set_value() == status::ok);
  CHECK(where.run() == 1);
  CHECK(mine.outcome().has_value());
  auto again = party_of(where, [&] { return future.co_get(); });
  CHECK(again.start().outcome().error() == status::closed);
}

// --- turns -----------------------------------------------------------------------------------------------------------

TEST_CASE("those who wait are served in the order in which they came", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  by_hand where;
  any_subject subject(kind);
  auto a = receiver(0, where, subject);
  auto b = receiver(3, where, subject);
  auto c = receiver(1, where, subject);
  a.start();
  b.start();
  c.start();
  for (const int number : {1, 2, 3}) {
    CHECK(subject.out().send(letter(number)) == status::ok);
    CHECK(where.run() == 1);
  }
  CHECK(a.outcome().value().number() == 1);
  CHECK(b.outcome().value().number() == 2);
  CHECK(c.outcome().value().number() == 3);
}

TEST_CASE("one that was woken for nothing waits on, in its old place", "[awaitable]") {
  const kind_of_subject kind = each_of<mailboxes>();
  for (int way = 0; way < ways_to_receive; ++way) {
    INFO(kind.name << ", receive " << way);
    by_hand where;
    any_subject subject(kind);
    auto first = receiver(way, where, subject);
    auto second = receiver(0, where, subject);
    first.start();
    second.start();
    for (int round = 1; round <= 3; ++round) {
      CHECK(subject.out().send(letter(round)) == status::ok);
      CHECK(subject.in().try_receive().value().number() == round);  // somebody was quicker
      CHECK(where.run() == 1);
      CHECK(!first.is_over());
      CHECK(where.keeps_timers() == heeds_time(way));
    }
    CHECK(subject.out().send(letter(7)) == status::ok);
    CHECK(where.run() == 1);
    REQUIRE(first.is_over());
    CHECK(first.outcome().value().number() == 7);
    CHECK(!second.is_over());
    subject.out().close();
    CHECK(where.run() == 1);
    CHECK(second.outcome().error() == status::closed);
  }
}

TEST_CASE("woken for nothing, it looks whether it was stopped meanwhile, or is too late", "[awaitable]") {
  const kind_of_subject kind = each_of<mailboxes>();
  by_hand where;
  any_subject subject(kind);
  std::stop_source stop;
  auto stopped = receiver(1, where, subject, {.stop = stop.get_token()});
  auto late = receiver(2, where, subject, {.patience = -1h});
  const auto in_vain = [&] {
    CHECK(subject.out().send(letter(1)) == status::ok);
    CHECK(subject.in().try_receive().has_value());
  };
  stopped.start();
  in_vain();
  stop.request_stop();
  CHECK(where.run() == 1);
  CHECK(stopped.outcome().error() == status::stopped);
  late.start();
  in_vain();
  CHECK(where.run() == 1);  // nobody has made its deadline come; it has passed nevertheless
  CHECK(late.outcome().error() == status::timeout);
}

TEST_CASE("one that was woken, and is stopped or destroyed, passes its turn on", "[awaitable]") {
  const kind_of_subject kind = each_of<mailboxes>();
  const all_gone gone;
  {
    by_hand where;
    any_subject subject(kind);
    auto first = receiver(0, where, subject);
    auto second = receiver(0, where, subject);
    first.start();
    second.start();
    CHECK(subject.out().send(letter(7)) == status::ok);
    first.destroy();
    CHECK(where.run() == 1);
    REQUIRE(second.is_over());
    CHECK(second.outcome().value().number() == 7);

    const std::size_t before = support::fill(subject);
    letter one(1), other(2);
    auto gives_up = sender(0, where, subject, one);
    auto goes_on = sender(0, where, subject, other);
    gives_up.start();
    goes_on.start();
    CHECK(subject.in().receive().has_value());
    gives_up.destroy();
    CHECK(where.run() == 1);
    REQUIRE(goes_on.is_over());
    CHECK(goes_on.outcome() == status::ok);
    CHECK(one.number() == 1);
    for (std::size_t i = 1; i < before; ++i) CHECK(subject.in().receive().value().number() >= 1000);
    CHECK(subject.in().receive().value().number() == 2);
  }
  CHECK(gone);
}

// --- a slot that is half-way -----------------------------------------------------------------------------------------

namespace {

/// Sends a letter, and does something when it is on its way.
template <class Does>
void sends_and_meanwhile(tandem::mailbox<eventful>& box, int number, Does does) {
  eventful::in_the_middle = does;
  CHECK(box.try_send(eventful(number)) == status::ok);
}

}  // namespace

TEST_CASE("a slot that is half-way: the coroutine stands in no line, but looks again when others have had their turn",
          "[awaitable]") {
  by_hand where;
  tandem::mailbox<eventful> box(2);
  auto receives_it = party_of(where, [&] { return box.co_receive(); });
  sends_and_meanwhile(box, 7, [&] {
    receives_it.start();
    CHECK(where.posted() == 1);
    CHECK(where.run_one());
    CHECK(where.posted() == 2);
    CHECK(!receives_it.is_over());
  });
  CHECK(where.posted() == 2);  // nobody else has posted it
  CHECK(where.run() == 1);
  REQUIRE(receives_it.is_over());
  CHECK(receives_it.outcome().value().number() == 7);
}

TEST_CASE("a slot that is half-way does not keep a coroutine from being stopped, or late, or destroyed",
          "[awaitable]") {
  by_hand where;
  tandem::mailbox<eventful> box(2);
  std::stop_source stop;
  auto stopped = party_of(where, [&] { return box.co_receive(stop.get_token()); });
  auto late = party_of(where, [&] { return box.co_try_receive_for(-1h); });
  auto gone = party_of(where, [&] { return box.co_receive(); });
  sends_and_meanwhile(box, 7, [&] {
    stopped.start();
    stop.request_stop();
    CHECK(where.run_one());
    CHECK(stopped.is_over());
    late.start();
    CHECK(where.run_one());
    CHECK(late.is_over());
    gone.start();
    gone.destroy();
  });
  CHECK(stopped.outcome().error() == status::stopped);
  CHECK(late.outcome().error() == status::timeout);
  CHECK(where.run() == 0);
  CHECK(box.try_receive().value().number() == 7);
}

TEST_CASE("one that has stood in line wakes the next when it is over, if there is something left", "[awaitable]") {
  // The second letter is there before the first. Who is told of it finds the first half-way, and gives up. Who is told
  // of the first finds both.
  by_hand where;
  tandem::mailbox<eventful> box(2);
  auto gives_up = party_of(where, [&] { return box.co_try_receive_for(-1h); });
  auto next = party_of(where, [&] { return box.co_receive(); });
  auto last = party_of(where, [&] { return box.co_receive(); });
  gives_up.start();
  next.start();
  last.start();
  sends_and_meanwhile(box, 1, [&] {
    CHECK(box.try_send(eventful(2)) == status::ok);
    CHECK(where.run_one());
    CHECK(gives_up.is_over());
  });
  CHECK(where.run() == 2);
  CHECK(gives_up.outcome().error() == status::timeout);
  CHECK(next.outcome().value().number() == 1);
  REQUIRE(last.is_over());
  CHECK(last.outcome().value().number() == 2);
}

// --- destroyed while it waits ----------------------------------------------------------------------------------------

TEST_CASE("a receiver that is destroyed while it waits has received nothing", "[awaitable]") {
  const kind_of_subject kind = each_of<primitives>();
  for (int way = 0; way < ways_to_receive; ++way) {
    INFO(kind.name << ", receive " << way);
    const all_gone gone;
    {
      by_hand where;
      any_subject subject(kind);
      std::stop_source stop;
      auto mine = receiver(way, where, subject, {.stop = stop.get_token()});
      mine.start();
      mine.destroy();
      CHECK(!where.keeps_timers());
      stop.request_stop();
      CHECK(where.posted() == 0);
      CHECK(static_cast<bool>(subject.out().try_send(letter(1))) == (kind.room > 0));
      if (kind.room > 0) CHECK(subject.in().try_receive().value().number() == 1);
      CHECK(where.run() == 0);
    }
    CHECK(gone);
  }
}

TEST_CASE("a sender that is destroyed while it waits has sent nothing", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  for (int way = 0; way < ways_to_send; ++way) {
    INFO(kind.name << ", send " << way);
    const all_gone gone;
    {
      by_hand where;
      any_subject subject(kind);
      const std::size_t stored = support::fill(subject);
      letter mine(7);
      std::stop_source stop;
      auto it = sender(way, where, subject, mine, {.stop = stop.get_token()});
      it.start();
      it.destroy();
      stop.request_stop();
      CHECK(mine.number() == 7);
      CHECK(!where.keeps_timers());
      for (std::size_t i = 0; i < stored; ++i) CHECK(subject.in().try_receive().value().number() >= 1000);
      CHECK(subject.in().try_receive().error() == status::empty);
      CHECK(where.run() == 0);
    }
    CHECK(gone);
  }
}

TEST_CASE("destroyed when its wait is over, it is not run any more; and what it was given goes with it",
          "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  for (int way = 0; way < ways_to_receive; ++way) {
    INFO(kind.name << ", receive " << way);
    const all_gone gone;
    {
      by_hand where;
      any_subject subject(kind);
      auto given = receiver(way, where, subject);
      given.start();
      CHECK(subject.out().send(letter(7)) == status::ok);
      CHECK(where.posted() == 1);
      given.destroy();
      CHECK(where.run() == 0);
      if (kind.room > 0) {  // where it was only told to look, the message is still there
        CHECK(subject.in().try_receive().value().number() == 7);
      }
      CHECK(subject.in().try_receive().error() == status::empty);

      auto closed = receiver(way, where, subject);
      closed.start();
      subject.out().close();
      closed.destroy();
      CHECK(where.run() == 0);
    }
    CHECK(gone);
  }
  for (int way = 0; way < ways_to_receive; ++way) {
    if (heeds_stop(way) && heeds_time(way)) {
      by_hand where;
      any_subject subject(kind);
      std::stop_source stop;
      auto stopped = receiver(way, where, subject, {.stop = stop.get_token()});
      auto late = receiver(way, where, subject);
      stopped.start();
      stop.request_stop();
      stopped.destroy();
      late.start();
      where.fire();
      late.destroy();
      CHECK(where.posted() == 2);
      CHECK(where.run() == 0);
      CHECK(static_cast<bool>(subject.out().try_send(letter(1))) == (kind.room > 0));
    }
  }
}

TEST_CASE("a sender that is destroyed when it has been met has sent", "[awaitable]") {
  const all_gone gone;
  {
    by_hand where;
    tandem::rendezvous<letter> channel;
    letter mine(7);
    auto it = party_of(where, [&] { return channel.co_send(std::move(mine)); });
    it.start();
    CHECK(channel.receive().value().number() == 7);
    it.destroy();
    CHECK(mine.number() == -1);
    CHECK(where.run() == 0);
  }
  CHECK(gone);
}

TEST_CASE("an awaitable that is not awaited has done nothing", "[awaitable]") {
  const all_gone gone;
  {
    tandem::mailbox<letter> channel(2);
    tandem::rendezvous<letter> meeting;
    const letter original(7);
    letter mine(8);
    static_cast<void>(channel.co_send(std::move(mine)));
    static_cast<void>(channel.co_send(original));
    CHECK(mine.number() == 8);
    CHECK(channel.was_empty());
    CHECK(channel.try_send(letter(9)) == status::ok);
    static_cast<void>(channel.co_receive());
    static_cast<void>(meeting.co_try_receive_for(1s, std::stop_token()));
    CHECK(channel.try_receive().value().number() == 9);
  }
  CHECK(gone);
}

TEST_CASE("many that wait may be destroyed one by one from anywhere in the line", "[awaitable]") {
  const all_gone gone;
  {
    by_hand where;
    tandem::rendezvous<letter> channel;
    using waiting = decltype(party_of(where, [&] { return channel.co_receive(); }));
    support::dice chance(support::seed_of_this_run());
    INFO("TANDEM_SEED=" << support::seed_of_this_run());
    std::vector<std::unique_ptr<waiting>> line;
    for (int i = 0; i < 100; ++i) {
      line.push_back(std::make_unique<waiting>(where, [&] { return channel.co_receive(); }));
      line.back()->start();
    }
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (chance.one_in(2)) {
        line[i].reset();
      } else {
        left.push_back(i);
      }
    }
    for (std::size_t i = 0; i < left.size(); ++i) CHECK(channel.try_send(letter(static_cast<int>(i))) == status::ok);
    CHECK(channel.try_send(letter(0)) == status::full);
    CHECK(where.run() == left.size());
    int number = 0;
    for (const std::size_t i : left) CHECK(line[i]->outcome().value().number() == number++);
  }
  CHECK(gone);
}

// --- messages --------------------------------------------------------------------------------------------------------

TEST_CASE("a message that can only be moved", "[awaitable]") {
  by_hand where;
  const auto pass_on = [&](auto& out, auto& in) {
    only_one mine(7);
    auto receiver_first = party_of(where, [&] { return in.co_receive(); });
    receiver_first.start();
    auto sends_it = party_of(where, [&] { return out.co_send(std::move(mine)); });
    sends_it.start();
    where.run();
    CHECK(sends_it.outcome() == status::ok);
    CHECK(receiver_first.outcome().value().number() == 7);
    CHECK(mine.number() == -1);
  };
  tandem::rendezvous<only_one> meeting;
  tandem::mailbox<only_one> box(1);
  auto [out, in] = tandem::open<tandem::rendezvous<only_one>>();
  pass_on(meeting, meeting);
  pass_on(box, box);
  pass_on(out, in);
}

TEST_CASE("a message with an alignment of its own, or without assignment, or shy of its address", "[awaitable]") {
  by_hand where;
  const auto passes = [&]<class T>(std::type_identity<T>) {
    tandem::rendezvous<T> channel;
    auto receives_it = party_of(where, [&] { return channel.co_receive(); });
    receives_it.start();
    T mine(7);
    auto sends_it = party_of(where, [&] { return channel.co_send(std::move(mine)); });
    sends_it.start();
    where.run();
    return static_cast<bool>(sends_it.outcome()) && receives_it.outcome().value().number() == 7;
  };
  CHECK(passes(std::type_identity<support::fixed>()));
  CHECK(passes(std::type_identity<support::shy>()));
  CHECK(passes(std::type_identity<support::parcel>()));
  CHECK(passes(std::type_identity<support::novel>()));
}

TEST_CASE("a copy that breaks has sent nothing, and is told where the verb was called", "[awaitable]") {
  using support::fragile;
  const long live = fragile::live();
  {
    tandem::mailbox<fragile> channel(1);
    const fragile original(7);
    bool broke = false;
    const auto tries = [&]() -> detached {
      try {
        static_cast<void>(co_await channel.co_send(original));
      } catch (const std::runtime_error&) {
        broke = true;
      }
    };
    fragile::breaks() = true;
    tries();
    fragile::breaks() = false;
    CHECK(broke);
    CHECK(channel.was_empty());
    tries();
    CHECK(channel.try_receive().value().number() == 7);
  }
  CHECK(fragile::live() == live);
}

TEST_CASE("what is sent stays where it is until it is taken: a variable of the coroutine's, or a temporary",
          "[awaitable]") {
  const all_gone gone;
  {
    by_hand where;
    tandem::rendezvous<letter> channel;
    std::vector<int> left_behind;
    const auto sends_two = [&](tandem::scheduler&) -> support::tied {
      letter mine(1);
      const status how = co_await channel.co_send(std::move(mine));
      left_behind = {how == status::ok ? 1 : 0, mine.number()};
      const status other = co_await channel.co_send(letter(2));
      left_behind.push_back(other == status::ok ? 1 : 0);
    };
    auto coroutine = sends_two(where);
    coroutine.start();
    CHECK(channel.receive().value().number() == 1);
    CHECK(where.run() == 1);
    CHECK(channel.receive().value().number() == 2);
    CHECK(where.run() == 1);
    CHECK(left_behind == std::vector{1, -1, 1});
  }
  CHECK(gone);
}

// --- where it is resumed ---------------------------------------------------------------------------------------------

TEST_CASE("a thread meets a coroutine, whoever waits for the other", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  const watchdog guard("a thread meets a coroutine");
  const all_gone gone;
  {
    any_subject subject(kind);
    run_loop loop;
    {
      meanwhile thread([&] { return subject.out().send(letter(1)); });
      thread.until_it_waits();
      CHECK(loop.block_on(subject.in().receives_one()).value().number() == 1);
      CHECK(thread.outcome() == status::ok);
    }
    {
      meanwhile thread([&] { return subject.in().receive(); });
      thread.until_it_waits();
      CHECK(loop.block_on(subject.out().sends_one(2)) == status::ok);
      CHECK(thread.outcome().value().number() == 2);
    }
    {
      meanwhile coroutine([&] { return run_loop().block_on(subject.in().receives_one()); });
      coroutine.until_it_waits();
      CHECK(subject.out().send(letter(3)) == status::ok);
      CHECK(coroutine.outcome().value().number() == 3);
    }
    {
      const std::size_t stored = support::fill(subject);
      meanwhile coroutine([&] { return run_loop().block_on(subject.out().sends_one(4)); });
      coroutine.until_it_waits();
      int last = subject.in().receive().value().number();
      for (std::size_t i = 0; i < stored; ++i) last = subject.in().receive().value().number();
      CHECK(last == 4);
      CHECK(coroutine.outcome() == status::ok);
    }
  }
  CHECK(gone);
}

TEST_CASE("a coroutine runs on its loop's thread, and on no other", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  const watchdog guard("a coroutine on its loop's thread");
  any_subject subject(kind);
  const int messages = support::effort(2000);
  meanwhile elsewhere([&] {
    int strangers = 0;
    const auto me = std::this_thread::get_id();
    const auto reads = [&]() -> task<> {
      while (const auto got = co_await subject.in().receives_one()) {
        if (std::this_thread::get_id() != me) ++strangers;
      }
    };
    run_loop().block_on(reads());
    return strangers;
  });
  int lost = 0;
  for (int i = 0; i < messages; ++i) lost += subject.out().send(letter(i)) ? 0 : 1;
  subject.out().close();
  CHECK(lost == 0);
  CHECK(elsewhere.outcome() == 0);
}

TEST_CASE("without a scheduler it is resumed by whoever completes it, before that operation returns", "[awaitable]") {
  const kind_of_subject kind = each_of<channels>();
  any_subject subject(kind);
  auto receives_it = subject.in().waiting_receiver();
  CHECK(subject.out().send(letter(7)) == status::ok);
  REQUIRE(receives_it->is_over());
  CHECK(receives_it->outcome().value().number() == 7);

  support::fill(subject);
  auto sends_it = subject.out().waiting_sender(8);
  CHECK(!sends_it->is_over());
  CHECK(subject.in().receive().has_value());
  REQUIRE(sends_it->is_over());
  CHECK(sends_it->outcome() == status::ok);

  while (subject.in().try_receive()) {
  }
  std::stop_source stop;
  auto stopped = subject.in().waiting_receiver(stop.get_token());
  stop.request_stop();
  REQUIRE(stopped->is_over());
  CHECK(stopped->outcome().error() == status::stopped);

  auto first = subject.in().waiting_receiver();
  auto second = subject.in().waiting_receiver();
  subject.out().close();
  REQUIRE((first->is_over() && second->is_over()));
  CHECK(first->outcome().error() == status::closed);
  CHECK(second->outcome().error() == status::closed);
}

TEST_CASE("without a scheduler, what a resumed coroutine completes waits until that one is over", "[awaitable]") {
  tandem::rendezvous<int> first, second;
  std::vector<int> order;
  const auto passes_on = [&]() -> detached {
    const auto got = co_await first.co_receive();
    order.push_back(got.value());
    const status passed = co_await second.co_send(got.value() + 1);
    CHECK(passed == status::ok);        // (not within CHECK, which names its argument twice)
    order.push_back(got.value() + 10);  // before the one that it has met
  };
  const auto receives_it = [&]() -> detached {
    const auto got = co_await second.co_receive();
    order.push_back(got.value());
  };
  passes_on();
  receives_it();
  CHECK(first.send(1) == status::ok);
  CHECK(order == std::vector{1, 11, 2});
}

TEST_CASE("a million awaits that need not wait do not grow the stack", "[awaitable]") {
  const int rounds = support::effort(1'000'000);
  stack_meter meter;
  int sum = 0;
  const auto talks_to_itself = [&](auto& channel) -> detached {
    for (int i = 0; i < rounds; ++i) {
      if (!co_await channel.co_send(1)) co_return;
      const result<int> got = co_await channel.co_receive();
      sum += *got;
      meter.note();
    }
  };
  tandem::mailbox<int> box(1);
  talks_to_itself(box);
  CHECK(sum == rounds);

  tandem::rendezvous<int> meeting;
  const auto receives_all = [&]() -> detached {
    while (const auto got = co_await meeting.co_receive()) {
      sum -= *got;
      meter.note();
    }
  };
  const auto sends_all = [&]() -> detached {
    for (int i = 0; i < rounds; ++i) {
      if (!co_await meeting.co_send(1)) co_return;
      meter.note();
    }
    meeting.close();
  };
  receives_all();
  sends_all();
  CHECK(sum == 0);
  CHECK(meter.spread() < 16'384);
}

TEST_CASE("a hundred thousand coroutines that wake each other in a chain do not grow the stack", "[awaitable]") {
  const std::size_t length = static_cast<std::size_t>(support::effort(100'000));
  stack_meter meter;
  std::vector<tandem::rendezvous<int>> links(length + 1);
  std::size_t over = 0;
  const auto link = [&](std::size_t i) -> detached {
    const auto got = co_await links[i].co_receive();
    meter.note();
    ++over;
    static_cast<void>(co_await links[i + 1].co_send(got.value() + 1));
  };
  for (std::size_t i = 0; i < length; ++i) link(i);
  auto last = party_of([&] { return links[length].co_receive(); });
  last.start();
  CHECK(links[0].send(0) == status::ok);
  CHECK(over == length);
  CHECK(last.outcome().value() == static_cast<int>(length));
  CHECK(meter.spread() < 16'384);
}

TEST_CASE("a hundred thousand that wait on one channel are closed one after the other, not one inside the other",
          "[awaitable]") {
  const int many = support::effort(100'000);
  stack_meter meter;
  tandem::rendezvous<int> channel, next;
  int over = 0;
  const auto waits = [&]() -> detached {
    static_cast<void>(co_await channel.co_receive());
    meter.note();
    ++over;
    static_cast<void>(co_await next.co_receive());
    meter.note();
    ++over;
  };
  for (int i = 0; i < many; ++i) waits();
  next.close();
  channel.close();
  CHECK(over == 2 * many);
  CHECK(meter.spread() < 16'384);
}

// --- in whose coroutine ----------------------------------------------------------------------------------------------

namespace {

/// Takes no awaitable as it comes: wraps each in one of its own.
struct wrapping_promise {
  template <class Inner>
  struct wrapper {
    Inner& inner;
    int& awaits;
    bool await_ready() { return inner.await_ready(); }
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> h) {
      return inner.await_suspend(h);
    }
    auto await_resume() {
      ++awaits;
      return inner.await_resume();
    }
  };
  template <class Inner>
  wrapper<Inner> await_transform(Inner&& inner) noexcept {
    return {inner, awaits};
  }
  int awaits = 0;
};

/// Whose scheduler is something else.
struct other_world {
  int scheduler() const { return 7; }
};

}  // namespace

TEST_CASE("a promise that transforms what is awaited", "[awaitable]") {
  tandem::rendezvous<letter> channel;
  std::optional<int> got;
  const auto receives_two = [&]() -> support::held<wrapping_promise> {
    const auto first = co_await channel.co_receive();
    const auto second = co_await channel.co_receive();
    got = first.value().number() * 10 + second.value().number();
  };
  auto coroutine = receives_two();
  coroutine.start();
  CHECK(channel.send(letter(1)) == status::ok);
  CHECK(channel.send(letter(2)) == status::ok);
  CHECK(got == 12);
}

TEST_CASE("a promise whose scheduler() is none of tandem's names none", "[awaitable]") {
  tandem::rendezvous<letter> channel;
  std::optional<result<letter>> got;
  const auto receives_one = [&]() -> support::held<other_world> { got.emplace(co_await channel.co_receive()); };
  auto coroutine = receives_one();
  coroutine.start();
  CHECK(channel.send(letter(1)) == status::ok);
  REQUIRE(got.has_value());
  CHECK(got->value().number() == 1);
}

TEST_CASE("a handle that has forgotten its promise", "[awaitable]") {
  tandem::mailbox<letter> channel(1);
  auto awaitable = channel.co_receive();
  const auto nothing = std::noop_coroutine();
  REQUIRE(!awaitable.await_ready());
  REQUIRE(awaitable.await_suspend(std::coroutine_handle<>(nothing)));
  CHECK(channel.send(letter(7)) == status::ok);  // resumes nothing
  CHECK(awaitable.await_resume().value().number() == 7);
}

TEST_CASE("misuse: a deadline that has to be waited for where nobody keeps time", "[awaitable]") {
  const auto end = support::death_of([] {
    tandem::mailbox<int> channel(1);
    auto waits = party_of([&] { return channel.co_try_receive_for(1s); });
    waits.start();
  });
  CHECK(end.saying("keeps no time"));
  CHECK(end.in_one_sentence());
  tandem::mailbox<int> channel(1);
  const int mine = 7;
  auto sends_it = party_of([&] { return channel.co_try_send_for(mine, 1s); });  // need not be waited for
  CHECK(sends_it.start().outcome() == status::ok);
}

TEST_CASE("misuse: an empty port, an empty future", "[awaitable]") {
  CHECK(support::death_of([] {
          tandem::receive_port<tandem::mailbox<int>> none;
          static_cast<void>(none.co_receive());
        }).saying("an empty port was used"));
  CHECK(support::death_of([] {
          tandem::future<int> none;
          static_cast<void>(none.co_get());
        }).saying("an empty future was used"));
}

TEST_CASE("misuse: a channel destroyed while a coroutine waits on it", "[awaitable]") {
  CHECK(support::death_of([] {
          auto channel = std::make_unique<tandem::rendezvous<int>>();
          auto waits = party_of([&] { return channel->co_receive(); });
          waits.start();
          channel.reset();
        }).saying("a rendezvous destroyed while somebody waits on it"));
}

// --- as a sender -----------------------------------------------------------------------------------------------------

// std::execution connects an awaitable to a receiver by a coroutine whose promise completes the receiver
// ([exec.connect]). This is as little of it as there can be. A sender has to be movable, and what co_receive returns is
// not, so the sender is what makes it: an object with an operator co_await, which is an awaitable as well.
namespace {

template <class Receiver>
class connected {
 public:
  struct promise_type {
    template <class Sender>
    promise_type(Sender&, Receiver& r) noexcept : receiver(r) {}
    connected get_return_object() noexcept {
      return connected(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    [[noreturn]] std::suspend_always final_suspend() const noexcept { std::terminate(); }  // it has completed before
    [[noreturn]] void return_void() const noexcept { std::terminate(); }
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    Receiver& receiver;
  };
  connected(connected&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  connected& operator=(connected&&) = delete;
  ~connected() {
    if (coroutine_) coroutine_.destroy();
  }
  void start() & noexcept { coroutine_.resume(); }

 private:
  explicit connected(std::coroutine_handle<promise_type> c) noexcept : coroutine_(c) {}
  std::coroutine_handle<promise_type> coroutine_;
};

/// Completes the receiver when the coroutine is suspended for good: the receiver may destroy it.
template <class Complete>
struct at_the_end {
  Complete complete;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) noexcept { complete(); }
  void await_resume() const noexcept {}
};
template <class Complete>
at_the_end(Complete) -> at_the_end<Complete>;

template <class Sender, class Receiver>
connected<Receiver> connect(Sender sender, Receiver receiver) {
  auto outcome = co_await std::move(sender);
  co_await at_the_end{[&] {
    if (outcome) {
      std::move(receiver).set_value(*std::move(outcome));
    } else if (outcome.error() == status::stopped) {
      std::move(receiver).set_stopped();
    } else {
      std::move(receiver).set_error(outcome.error());
    }
  }};
}

template <class Make>
struct sender_of {
  Make make;
  auto operator co_await() && { return make(); }
};
template <class Make>
sender_of(Make) -> sender_of<Make>;

struct told {
  int value = 0;
  std::optional<status> error;
  bool stopped = false;
};
struct telling {
  told* to;
  void set_value(letter&& l) && noexcept { to->value = l.number(); }
  void set_error(status s) && noexcept { to->error = s; }
  void set_stopped() && noexcept { to->stopped = true; }
};

}  // namespace

TEMPLATE_LIST_TEST_CASE("co_receive is connected to a receiver, and started", "[awaitable]", with_code_of_their_own) {
  const all_gone gone;
  {
    TestType subject;
    std::stop_source stop;
    told waits, stopped, closed;
    auto a = connect(sender_of{[&] { return subject.in().co_receive(); }}, telling{&waits});
    auto b = connect(sender_of{[&] { return subject.in().co_receive(stop.get_token()); }}, telling{&stopped});
    auto c = connect(sender_of{[&] { return subject.in().co_receive(); }}, telling{&closed});
    a.start();
    CHECK(subject.out().send(letter(7)) == status::ok);
    CHECK(waits.value == 7);
    b.start();
    CHECK(!stopped.stopped);
    stop.request_stop();
    CHECK(stopped.stopped);
    subject.out().close();
    c.start();
    CHECK(closed.error == status::closed);
  }
  CHECK(gone);
}

// --- what it costs ---------------------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("nothing is allocated for a message", "[awaitable]", with_code_of_their_own) {
  TestType subject;
  constexpr int rounds = 1000;
  int sum = 0;
  std::optional<std::size_t> at_first, at_last;
  const auto receives_all = [&]() -> detached {
    for (int i = 0; i < rounds; ++i) {
      const auto got = co_await subject.in().co_receive();
      sum += got.value().number();
      if (i == 0) at_first = support::allocations_of_this_thread;
    }
    at_last = support::allocations_of_this_thread;
  };
  const auto sends_all = [&]() -> detached {
    for (int i = 0; i < rounds; ++i) static_cast<void>(co_await subject.out().co_send(letter(1)));
  };
  receives_all();
  sends_all();
  CHECK(sum == rounds);
  REQUIRE(at_last.has_value());
  if (support::allocations_are_counted) CHECK(*at_last == *at_first);
}

TEMPLATE_LIST_TEST_CASE("a message is moved twice on its way to the receiver, and once into a medium", "[awaitable]",
                        with_code_of_their_own) {
  TestType subject;
  by_hand where;
  auto mine = party_of(where, [&] { return subject.in().co_receive(); });
  mine.start();
  letter sent(7);
  const long moves = letter::counts().moves;
  const long copied = letter::counts().copies;
  CHECK(subject.out().send(std::move(sent)) == status::ok);
  where.run();
  // into the awaitable, and out of it as what co_await gives; one more into this test's optional
  CHECK(letter::counts().moves - moves == (TestType::room > 0 ? 1 : 0) + 2 + 1);
  CHECK(letter::counts().copies == copied);
}

namespace {

/// Knows how large the frame is.
struct measured_promise {
  static inline std::size_t bytes = 0;
  static void* operator new(std::size_t size) {
    bytes = size;
    return ::operator new(size);
  }
  static void operator delete(void* memory) { ::operator delete(memory); }
};

}  // namespace

TEST_CASE("an awaitable is small, and so is a coroutine that waits", "[awaitable]") {
  tandem::rendezvous<int> meeting;
  tandem::mailbox<int> box(1);
  tandem::promise<int> promise;
  auto future = promise.get_future();
  CHECK(sizeof(meeting.co_send(1)) == 80);
  CHECK(sizeof(box.co_send(1)) == 80);
  CHECK(sizeof(meeting.co_receive()) == 88);  // with the message
  CHECK(sizeof(box.co_receive()) == 88);
  CHECK(sizeof(future.co_get()) == 88);

  const auto receives_one = [](tandem::rendezvous<int>& channel) -> support::held<measured_promise> {
    static_cast<void>(co_await channel.co_receive());
  };
  auto waits = receives_one(meeting);
  waits.start();
  INFO("a frame of " << measured_promise::bytes << " bytes, an awaitable of " << sizeof(meeting.co_receive()));
  // what is not ours: what the compiler needs, the parameters and locals, and the promise of this test
  CHECK(measured_promise::bytes <= sizeof(meeting.co_receive()) + 72);
  meeting.close();
}
