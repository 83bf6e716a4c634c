// What tandem calls is what tandem means, whatever functions and operators there are in the namespace of a message.
//
// Every verb, in every way, with a message that lives among traps: each free function of tandem's, and what it uses of
// the standard library's, is declared there once more. A call that tandem does not qualify finds both, and does not
// compile. So does a `&` or a `,` that is applied to whatever has to do with the message.
#include <tandem/blend/select.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/coro/compose.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/scope.hpp>
#include <tandem/coro/thread_pool.hpp>
#include <tandem/tandem.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <ostream>
#include <ranges>
#include <sstream>
#include <tuple>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/watchdog.hpp"

namespace hijack {

class deed;

using namespace tandem;
using namespace tandem::detail;
using namespace tandem::platform;
#include "traps.inc"  // made by support/traps.py

// of the standard library's
template <class T>
void move(T&&) = delete;
template <class T>
void swap(T&, T&) = delete;
template <class T, class U>
void exchange(T&, U&&) = delete;
template <class T>
void addressof(T&) = delete;
template <class T>
void as_const(T&) = delete;
template <class T>
void destroy_at(T*) = delete;
template <class T, class... A>
void construct_at(T*, A&&...) = delete;
template <class F, class T>
void apply(F&&, T&&) = delete;
template <class I>
void distance(I, I) = delete;

// as a user would, for a type of his own
void hand_over(deed&, deed*) = delete;
void end_message(deed&) = delete;
void is_success(const deed&) = delete;

template <class A>
void operator&(A&&) = delete;
template <class A, class B>
void operator,(A&&, B&&) = delete;

class deed {
 public:
  explicit deed(int number) noexcept : number_(number) {}
  deed(const deed& other) noexcept : number_(other.number_) {}
  deed(deed&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  deed& operator=(const deed&) = default;
  deed& operator=(deed&&) = default;
  void operator&() const = delete;
  template <class T>
  void operator,(T&&) const = delete;
  int number() const { return number_; }
  friend bool operator==(const deed& a, const deed& b) { return a.number_ == b.number_; }
  friend std::ostream& operator<<(std::ostream& out, const deed& d) { return out << "deed " << d.number_; }

 private:
  int number_;
};

// The user's functions live here as well.
struct counts_receipts {
  int& sum;
  void operator()(result<deed> got) const { sum += got ? got->number() : 0; }
};
struct counts_sends {
  int& count;
  void operator()(status how) const { count += how ? 1 : 0; }
};
struct notes {
  bool& done;
  void operator()() const { done = true; }
};
struct adds_one {
  deed operator()(deed d) const { return deed(d.number() + 1); }
};
struct promises_one {
  int number;
  task<deed> operator()(platform::stop_token) const { return made(number); }
  static task<deed> made(int n) { co_return deed(n); }
};

}  // namespace hijack

namespace tandem::inline TANDEM_ABI::detail {

// The traps catch: an unqualified call would not have compiled.
template <class T>
concept hands_over_unqualified = requires(T& from, T* to) { hand_over(from, to); };
static_assert(hands_over_unqualified<int>);
static_assert(!hands_over_unqualified<hijack::deed>);
static_assert(!hands_over_unqualified<std::unique_ptr<hijack::deed>>);

}  // namespace tandem::inline TANDEM_ABI::detail

namespace {

using namespace std::chrono_literals;
using hijack::deed;
using support::watchdog;
using box = tandem::mailbox<deed>;
using meeting = tandem::rendezvous<deed>;
using tandem::result;
using tandem::status;
using tandem::task;

const tandem::stop_token no_stop;
auto soon() { return tandem::clock::now() + 1h; }
auto later() { return std::chrono::system_clock::now() + 1h; }

/// Every way to send; how many there were.
template <class Out>
int send_all(Out& out) {
  const deed kept(1);
  int sent = 0;
  const auto count = [&](status how) { sent += how ? 1 : 0; };
  count(out.send(deed(1)));
  count(out.send(kept));
  count(out.send(deed(1), no_stop));
  count(out.send(kept, no_stop));
  count(out.try_send_for(deed(1), 1h));
  count(out.try_send_for(kept, 1h));
  count(out.try_send_for(deed(1), 1h, no_stop));
  count(out.try_send_for(kept, 1h, no_stop));
  count(out.try_send_until(deed(1), soon()));
  count(out.try_send_until(kept, soon(), no_stop));
  count(out.try_send_until(deed(1), later()));
  count(out.try_send_until(kept, later(), no_stop));
  return sent;
}

/// Every way to receive; their sum. As many as send_all() sends.
template <class In>
int receive_all(In& in) {
  int sum = 0;
  const auto count = [&](result<deed> got) { sum += got ? got->number() : 0; };
  for (int i = 0; i < 4; ++i) count(in.receive());
  count(in.receive(no_stop));
  count(in.try_receive_for(1h));
  count(in.try_receive_for(1h, no_stop));
  count(in.try_receive_until(soon()));
  count(in.try_receive_until(soon(), no_stop));
  count(in.try_receive_until(later()));
  count(in.try_receive_until(later(), no_stop));
  for (deed& each : in) {
    sum += each.number();
    break;
  }
  return sum;
}

template <class Out>
task<int> co_send_all(Out& out) {
  const deed kept(1);
  int sent = 0;
  const auto count = [&](status how) { sent += how ? 1 : 0; };
  count(co_await out.co_send(deed(1)));
  count(co_await out.co_send(kept));
  count(co_await out.co_send(deed(1), no_stop));
  count(co_await out.co_send(kept, no_stop));
  count(co_await out.co_try_send_for(deed(1), 1h));
  count(co_await out.co_try_send_for(kept, 1h));
  count(co_await out.co_try_send_for(deed(1), 1h, no_stop));
  count(co_await out.co_try_send_for(kept, 1h, no_stop));
  count(co_await out.co_try_send_until(deed(1), soon()));
  count(co_await out.co_try_send_until(kept, soon()));
  count(co_await out.co_try_send_until(deed(1), soon(), no_stop));
  count(co_await out.co_try_send_until(kept, soon(), no_stop));
  co_return sent;
}

template <class In>
task<int> co_receive_all(In& in) {
  int sum = 0;
  const auto count = [&](result<deed> got) { sum += got ? got->number() : 0; };
  for (int i = 0; i < 7; ++i) count(co_await in.co_receive());
  count(co_await in.co_receive(no_stop));
  count(co_await in.co_try_receive_for(1h));
  count(co_await in.co_try_receive_for(1h, no_stop));
  count(co_await in.co_try_receive_until(soon()));
  count(co_await in.co_try_receive_until(soon(), no_stop));
  co_return sum;
}

template <class Out, class In>
void all_verbs(Out& out, In& in) {
  {
    int sent = 0;
    tandem::thread sender([&] { sent = send_all(out); });
    CHECK(receive_all(in) == 12);
    sender.join();
    CHECK(sent == 12);
  }
  tandem::run_loop loop;
  const auto [sent, sum] = loop.block_on(tandem::when_all(co_send_all(out), co_receive_all(in)));
  CHECK(sent == 12);
  CHECK(sum == 12);
  const deed kept(1);
  const bool has_room = static_cast<bool>(out.try_send(deed(1)));
  CHECK(in.try_receive().has_value() == has_room);
  CHECK(static_cast<bool>(out.try_send(kept)) == has_room);
  CHECK(in.try_receive().has_value() == has_room);
  CHECK_FALSE(in.is_closed());
  out.close();
  CHECK(in.receive().error() == status::closed);
}

}  // namespace

TEST_CASE("every verb of a mailbox calls what it means", "[hijack]") {
  const watchdog guard("the verbs of a mailbox");
  box letters(2);
  all_verbs(letters, letters);
}

TEST_CASE("every verb of a rendezvous calls what it means", "[hijack]") {
  const watchdog guard("the verbs of a rendezvous");
  meeting phone;
  all_verbs(phone, phone);
}

TEST_CASE("every verb of a port calls what it means", "[hijack]") {
  const watchdog guard("the verbs of ports");
  SECTION("of a mailbox") {
    auto [out, in] = tandem::open<box>(2);
    auto other = out;
    other = std::move(out);
    all_verbs(other, in);
  }
  SECTION("of a rendezvous") {
    auto [out, in] = tandem::open<meeting>();
    all_verbs(out, in);
  }
  SECTION("with messages that nobody receives") {
    auto [out, in] = tandem::open<box>(2);
    REQUIRE(out.send(deed(1)));
    in.reset();
    CHECK(out.send(deed(1)) == status::closed);
  }
}

TEST_CASE("a channel of one thread calls what it means", "[hijack]") {
  const watchdog guard("the verbs of channels of one thread");
  tandem::run_loop loop;
  const auto exchange = [&](auto& out, auto& in) {
    const auto [sent, sum] = loop.block_on(tandem::when_all(co_send_all(out), co_receive_all(in)));
    CHECK(sent == 12);
    CHECK(sum == 12);
  };
  tandem::mailbox<deed, tandem::one_thread> letters(2);
  exchange(letters, letters);
  tandem::rendezvous<deed, tandem::one_thread> phone;
  exchange(phone, phone);
  auto [out, in] = tandem::open<tandem::mailbox<deed, tandem::one_thread>>(2);
  exchange(out, in);
}

TEST_CASE("a view of a channel calls what it means", "[hijack]") {
  box letters(4);
  for (int i = 0; i < 4; ++i) REQUIRE(letters.send(deed(i)));
  int sum = 0;
  for (const deed& each : letters | std::views::drop(1) | std::views::take(2)) sum += each.number();
  CHECK(sum == 3);
}

TEST_CASE("promise and future call what they mean", "[hijack]") {
  const watchdog guard("promise and future");
  const deed kept(2);
  const auto with = [&](auto get) {
    tandem::promise<deed> promised;
    auto answer = promised.get_future();
    CHECK(promised.set_value(kept));
    tandem::promise<deed> moved(std::move(promised));
    CHECK(answer.was_ready());
    promised = std::move(moved);
    return get(answer);
  };
  using future = tandem::future<deed>;
  CHECK(with([](future& f) { return f.get(); })->number() == 2);
  CHECK(with([](future& f) { return f.get(no_stop); })->number() == 2);
  CHECK(with([](future& f) { return f.try_get(); })->number() == 2);
  CHECK(with([](future& f) { return f.try_get_for(1h); })->number() == 2);
  CHECK(with([](future& f) { return f.try_get_for(1h, no_stop); })->number() == 2);
  CHECK(with([](future& f) { return f.try_get_until(soon()); })->number() == 2);
  CHECK(with([](future& f) { return f.try_get_until(later(), no_stop); })->number() == 2);
  const auto awaited = [&](auto get) {
    tandem::run_loop loop;
    return with([&](future& f) {
      return loop.block_on([](future& from, auto how) -> task<result<deed>> { co_return co_await how(from); }(f, get));
    });
  };
  CHECK(awaited([](future& f) { return f.co_get(); })->number() == 2);
  CHECK(awaited([](future& f) { return f.co_get(no_stop); })->number() == 2);
  CHECK(awaited([](future& f) { return f.co_try_get_for(1h); })->number() == 2);
  CHECK(awaited([](future& f) { return f.co_try_get_for(1h, no_stop); })->number() == 2);
  CHECK(awaited([](future& f) { return f.co_try_get_until(soon()); })->number() == 2);
  CHECK(awaited([](future& f) { return f.co_try_get_until(soon(), no_stop); })->number() == 2);
  {
    tandem::promise<deed> unheard;
    static_cast<void>(unheard.get_future());
    CHECK(unheard.set_value(deed(1)) == status::abandoned);
  }
  tandem::promise<deed> unread;
  auto forgotten = unread.get_future();
  CHECK(unread.set_value(deed(1)));
  forgotten = tandem::future<deed>();
}

TEST_CASE("every arm of a select calls what it means", "[hijack]") {
  const watchdog guard("select");
  box letters(4);
  meeting phone;
  tandem::promise<deed> promised;
  auto answer = promised.get_future();
  tandem::stop_source stop;
  tandem::ticker clock(1h);
  int sum = 0;
  int sent = 0;
  bool done = false;
  deed variable(1);
  REQUIRE(promised.set_value(deed(3)));
  const auto of_all = [&](auto select) {
    auto read = tandem::receive_from(letters, hijack::counts_receipts{sum});
    auto call = tandem::receive_from(phone, hijack::counts_receipts{sum}).only_if(true);
    auto write = tandem::send_to(letters, variable, hijack::counts_sends{sent});
    auto get = tandem::get_from(answer, hijack::counts_receipts{sum});
    auto tick = tandem::tick(clock, hijack::notes{done});
    auto after = tandem::after(1h, hijack::notes{done});
    auto at = tandem::at(soon(), hijack::notes{done});
    auto asked = tandem::stop_requested(stop.get_token(), hijack::notes{done});
    auto none = tandem::otherwise(hijack::notes{done}).only_if(false);
    auto never = tandem::never();
    return select(read, call, write, get, tick, after, at, asked, none, never);
  };
  CHECK(of_all([](auto&... arms) { return tandem::select(tandem::in_order, arms...); }) == 2);
  CHECK(of_all([](auto&... arms) { return tandem::select(tandem::in_order, arms...); }) == 0);
  CHECK(of_all([](auto&... arms) { return tandem::select(arms...); }) < 4);
  tandem::run_loop loop;
  const auto co_select = [](auto&... arms) -> task<std::size_t> {
    const std::size_t any = co_await tandem::co_select(arms...);
    const std::size_t first = co_await tandem::co_select(tandem::in_order, arms...);
    co_return any + first;
  };
  CHECK(of_all([&](auto&... arms) { return loop.block_on(co_select(arms...)); }) < 8);
  CHECK(sum + sent > 0);
  CHECK_FALSE(done);
  std::vector<tandem::receive_arm<box, hijack::counts_receipts>> several;
  several.push_back(tandem::receive_from(letters, hijack::counts_receipts{sum}));
  REQUIRE(letters.send(deed(1)));
  REQUIRE(letters.send(deed(1)));
  CHECK(tandem::select(several) == 0);
  CHECK(tandem::select(tandem::in_order, several) == 0);
}

TEST_CASE("a selector calls what it means", "[hijack]") {
  const watchdog guard("selector");
  box letters(4);
  meeting phone;
  int sum = 0;
  int sent = 0;
  deed variable(1);
  tandem::selector all(tandem::in_order);
  CHECK(all.add(tandem::receive_from(phone, hijack::counts_receipts{sum})) == 0);
  CHECK(all.add(tandem::receive_from(letters, hijack::counts_receipts{sum})) == 1);
  const std::size_t sends = all.add(tandem::send_to(letters, variable, hijack::counts_sends{sent}));
  CHECK(all.select() == 2);
  all.switch_on(sends, false);
  CHECK(all.try_select() == 1U);
  CHECK_FALSE(all.try_select().has_value());
  const tandem::stop_source none;
  CHECK(all.try_select_for(std::chrono::seconds(0), none.get_token()).error() == tandem::status::timeout);
  CHECK(tandem::try_select_for(tandem::receive_from(phone), std::chrono::seconds(0)).error() ==
        tandem::status::timeout);
  tandem::thread sender([&] { static_cast<void>(phone.send(deed(5))); });
  tandem::run_loop loop;
  CHECK(loop.block_on([](tandem::selector& of) -> task<std::size_t> { co_return co_await of.co_select(); }(all)) == 0);
  CHECK(sum == 6);
  CHECK(sent == 1);
}

TEST_CASE("tasks, and what composes them, call what they mean", "[hijack]") {
  const watchdog guard("compose");
  const auto make = hijack::promises_one::made;
  const auto promised = [](int number) {
    tandem::promise<deed> given;
    auto answer = given.get_future();
    CHECK(given.set_value(deed(number)));
    return answer;
  };
  const auto run = [&](tandem::scheduler& where, auto block_on) {
    CHECK(block_on(make(1)).number() == 1);
    const auto all = block_on(tandem::when_all(make(1), hijack::promises_one{2}, promised(3)));
    CHECK(std::get<0>(all).number() + std::get<1>(all).number() + std::get<2>(all)->number() == 6);
    std::vector<task<deed>> tasks;
    tasks.push_back(make(1));
    CHECK(block_on(tandem::when_all(std::move(tasks))).front().number() == 1);
    CHECK(block_on(tandem::when_any(hijack::promises_one{2}, hijack::promises_one{2})).value.number() == 2);
    CHECK(block_on(tandem::when_any(no_stop, promised(3))).value->number() == 3);
    CHECK(block_on(tandem::when_any(hijack::promises_one{2}, promised(3))).index < 2);
    std::vector<tandem::future<deed>> futures;
    futures.push_back(promised(4));
    CHECK(block_on(tandem::when_any(std::move(futures))).value->number() == 4);
    CHECK(block_on(tandem::when_any(std::vector<hijack::promises_one>{{5}})).value.number() == 5);
    auto followed = tandem::then(promised(6), where, hijack::adds_one());
    const auto wait = [](tandem::future<deed> from) -> task<result<deed>> { co_return co_await from.co_get(); };
    CHECK(block_on(wait(std::move(followed)))->number() == 7);
    const auto spawn = [&](tandem::scheduler& on) -> task<int> {
      box letters(1);
      tandem::scope tasks_of(on);
      tasks_of.spawn([](box& to) -> task<> { static_cast<void>(co_await to.co_send(deed(8))); }(letters));
      const auto got = co_await letters.co_receive();
      co_await tasks_of.join();
      co_return got->number();
    };
    CHECK(block_on(spawn(where)) == 8);
  };
  tandem::run_loop loop;
  run(loop, [&](auto work) { return loop.block_on(std::move(work)); });
  tandem::thread_pool pool(2);
  run(pool, [&](auto work) { return pool.block_on(std::move(work)); });
}

TEST_CASE("a result calls what it means", "[hijack]") {
  result<deed> got = deed(1);
  result<deed> other = got;
  other = got;
  other = std::move(got);
  got = result<deed>(status::empty);
  CHECK((*other).number() + other->number() + other.value().number() == 3);
  CHECK(got.value_or(deed(4)).number() == 4);
  CHECK(std::move(got).value_or(deed(4)).number() == 4);
  CHECK(other.transform(hijack::adds_one())->number() == 2);
  CHECK(other.and_then([](deed d) { return result<deed>(d); })->number() == 1);
  CHECK(got.or_else([](status) { return result<deed>(deed(5)); })->number() == 5);
  CHECK((other == result<deed>(deed(1)) && other == deed(1) && got == status::empty));
  std::ostringstream said;
  said << other;
  said << got;
  CHECK(said.str() == "deed 1empty");
}
