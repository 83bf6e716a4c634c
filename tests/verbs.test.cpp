// The contract of the verbs, once for everything that has them: rendezvous, mailbox and the ports of both.
#include <tandem/verbs.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <limits>
#include <memory>
#include <ranges>
#include <ratio>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/face.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/subjects.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::letter;
using support::meanwhile;
using support::watchdog;
using tandem::result;
using tandem::status;

namespace {

using letters = support::channels<letter>;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// What came out, as a number a test can compare: the message's own, or minus the outcome.
template <class T>
int told(const result<T>& got) {
  return got ? got->number() : -100 - static_cast<int>(got.error().value());
}
constexpr int told(status::code outcome) { return -100 - static_cast<int>(outcome); }

std::stop_token already_stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

// A clock that only moves when the test says so, and a deadline of which can therefore never come by itself.
struct frozen_clock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<frozen_clock>;
  [[maybe_unused]] static constexpr bool is_steady = false;
  static inline std::atomic<long> ticks{1000};
  static time_point now() { return time_point(duration(ticks.load())); }
};

// A clock years away from the steady one.
struct distant_clock {
  using duration = steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<distant_clock>;
  [[maybe_unused]] static constexpr bool is_steady = true;
  static time_point now() { return time_point(steady_clock::now().time_since_epoch() - 100'000h); }
};

using std::chrono::hours;
using std::chrono::milliseconds;
using moment = steady_clock::time_point;
using date = system_clock::time_point;

// Any channel of letters, with every verb that these tests use: behind each is the channel's own verb, with just these
// arguments. So a test is compiled once, and not once for each channel.
class any_out : public support::face {
 public:
  virtual status send(letter&&) = 0;
  virtual status send(letter&&, const std::stop_token&) = 0;
  virtual status try_send(letter&&) = 0;
  virtual status try_send_for(letter&&, milliseconds) = 0;
  virtual status try_send_for(letter&&, milliseconds, const std::stop_token&) = 0;
  virtual status try_send_for(letter&&, hours) = 0;
  virtual status try_send_for(letter&&, hours, const std::stop_token&) = 0;
  virtual status try_send_until(letter&&, moment) = 0;
  virtual status try_send_until(letter&&, moment, const std::stop_token&) = 0;
  virtual status try_send_until(letter&&, date) = 0;
  virtual status try_send_until(letter&&, date, const std::stop_token&) = 0;

  virtual status send(const letter&) = 0;
  virtual status send(const letter&, const std::stop_token&) = 0;
  virtual status try_send(const letter&) = 0;
  virtual status try_send_for(const letter&, hours) = 0;
  virtual status try_send_for(const letter&, hours, const std::stop_token&) = 0;
  virtual status try_send_until(const letter&, moment) = 0;
  virtual status try_send_until(const letter&, date, const std::stop_token&) = 0;

  virtual status send(letter&) = 0;
  virtual status send(letter&, const std::stop_token&) = 0;
  virtual status try_send(letter&) = 0;
  virtual status try_send_for(letter&, milliseconds) = 0;
  virtual status try_send_for(letter&, hours) = 0;
  virtual status try_send_for(letter&, hours, const std::stop_token&) = 0;

  virtual void close() = 0;
  virtual bool is_closed() const = 0;
};

class any_in : public support::face {
 public:
  virtual result<letter> receive() = 0;
  virtual result<letter> receive(const std::stop_token&) = 0;
  virtual result<letter> try_receive() = 0;
  virtual result<letter> try_receive_for(milliseconds) = 0;
  virtual result<letter> try_receive_for(milliseconds, const std::stop_token&) = 0;
  virtual result<letter> try_receive_for(hours) = 0;
  virtual result<letter> try_receive_for(hours, const std::stop_token&) = 0;
  virtual result<letter> try_receive_until(moment) = 0;
  virtual result<letter> try_receive_until(moment, const std::stop_token&) = 0;
  virtual result<letter> try_receive_until(date) = 0;
  virtual result<letter> try_receive_until(date, const std::stop_token&) = 0;
  virtual result<letter> try_receive_until(frozen_clock::time_point) = 0;
  // for (letter& l : in), which ends when `each` says false.
  virtual void iterate(const std::function<bool(letter&)>& each) = 0;

  virtual void close() = 0;
  virtual bool is_closed() const = 0;
};

template <class Out>
class out_of final : public any_out {
 public:
  explicit out_of(Out& out) : out_(out) {}

  using token = const std::stop_token&;
  status send(letter&& l) override { return out_.send(std::move(l)); }
  status send(letter&& l, token t) override { return out_.send(std::move(l), t); }
  status try_send(letter&& l) override { return out_.try_send(std::move(l)); }
  status try_send_for(letter&& l, milliseconds d) override { return out_.try_send_for(std::move(l), d); }
  status try_send_for(letter&& l, milliseconds d, token t) override { return out_.try_send_for(std::move(l), d, t); }
  status try_send_for(letter&& l, hours d) override { return out_.try_send_for(std::move(l), d); }
  status try_send_for(letter&& l, hours d, token t) override { return out_.try_send_for(std::move(l), d, t); }
  status try_send_until(letter&& l, moment m) override { return out_.try_send_until(std::move(l), m); }
  status try_send_until(letter&& l, moment m, token t) override { return out_.try_send_until(std::move(l), m, t); }
  status try_send_until(letter&& l, date d) override { return out_.try_send_until(std::move(l), d); }
  status try_send_until(letter&& l, date d, token t) override { return out_.try_send_until(std::move(l), d, t); }

  status send(const letter& l) override { return out_.send(l); }
  status send(const letter& l, token t) override { return out_.send(l, t); }
  status try_send(const letter& l) override { return out_.try_send(l); }
  status try_send_for(const letter& l, hours d) override { return out_.try_send_for(l, d); }
  status try_send_for(const letter& l, hours d, token t) override { return out_.try_send_for(l, d, t); }
  status try_send_until(const letter& l, moment m) override { return out_.try_send_until(l, m); }
  status try_send_until(const letter& l, date d, token t) override { return out_.try_send_until(l, d, t); }

  status send(letter& l) override { return out_.send(l); }
  status send(letter& l, token t) override { return out_.send(l, t); }
  status try_send(letter& l) override { return out_.try_send(l); }
  status try_send_for(letter& l, milliseconds d) override { return out_.try_send_for(l, d); }
  status try_send_for(letter& l, hours d) override { return out_.try_send_for(l, d); }
  status try_send_for(letter& l, hours d, token t) override { return out_.try_send_for(l, d, t); }

  void close() override { out_.close(); }
  bool is_closed() const override { return std::as_const(out_).is_closed(); }

 private:
  Out& out_;
};

template <class In>
class in_of final : public any_in {
 public:
  explicit in_of(In& in) : in_(in) {}

  using token = const std::stop_token&;
  result<letter> receive() override { return in_.receive(); }
  result<letter> receive(token t) override { return in_.receive(t); }
  result<letter> try_receive() override { return in_.try_receive(); }
  result<letter> try_receive_for(milliseconds d) override { return in_.try_receive_for(d); }
  result<letter> try_receive_for(milliseconds d, token t) override { return in_.try_receive_for(d, t); }
  result<letter> try_receive_for(hours d) override { return in_.try_receive_for(d); }
  result<letter> try_receive_for(hours d, token t) override { return in_.try_receive_for(d, t); }
  result<letter> try_receive_until(moment m) override { return in_.try_receive_until(m); }
  result<letter> try_receive_until(moment m, token t) override { return in_.try_receive_until(m, t); }
  result<letter> try_receive_until(date d) override { return in_.try_receive_until(d); }
  result<letter> try_receive_until(date d, token t) override { return in_.try_receive_until(d, t); }
  result<letter> try_receive_until(frozen_clock::time_point t) override { return in_.try_receive_until(t); }
  void iterate(const std::function<bool(letter&)>& each) override {
    for (letter& l : in_) {
      if (!each(l)) break;
    }
  }

  void close() override { in_.close(); }
  bool is_closed() const override { return std::as_const(in_).is_closed(); }

 private:
  In& in_;
};

class any_channel : public support::face {
 public:
  using value_type = letter;
  any_out& out() { return out_; }
  any_in& in() { return in_; }
  const char* name() const { return name_; }
  std::size_t room() const { return room_; }

 protected:
  any_channel(any_out& out, any_in& in, const char* name, std::size_t room)
      : out_(out), in_(in), name_(name), room_(room) {}

 private:
  any_out& out_;
  any_in& in_;
  const char* name_;
  std::size_t room_;
};

template <class Subject>
class channel_of final : public any_channel {
 public:
  channel_of() : any_channel(out_, in_, Subject::name, Subject::room), out_(subject_.out()), in_(subject_.in()) {}

 private:
  Subject subject_;
  out_of<std::remove_reference_t<decltype(std::declval<Subject&>().out())>> out_;
  in_of<std::remove_reference_t<decltype(std::declval<Subject&>().in())>> in_;
};

// The test case runs once for each of them.
std::unique_ptr<any_channel> each_channel() { return support::each_kind<any_channel, channel_of, letters>().make(); }

// A receiver that waits already: what a send needs in order to complete at once, whatever the channel.
template <class Subject>
auto waiting_receiver(Subject& subject) {
  return std::make_unique<meanwhile<result<typename Subject::value_type>>>(
      [&subject] { return subject.in().receive(); });
}

// A duration or an instant, whatever it is made of, and what is called with it.
template <class Subject>
class deadline : public support::face {
 public:
  virtual status send(Subject&, letter&&) const = 0;
  virtual status send(Subject&, letter&&, const std::stop_token&) const = 0;
  virtual result<letter> receive(Subject&) const = 0;
};

template <class Subject, class When>
class deadline_of final : public deadline<Subject> {
 public:
  explicit deadline_of(When when) : when_(when) {}
  status send(Subject& subject, letter&& l) const override {
    if constexpr (is_instant) {
      return subject.out().try_send_until(std::move(l), when_);
    } else {
      return subject.out().try_send_for(std::move(l), when_);
    }
  }
  status send(Subject& subject, letter&& l, const std::stop_token& stop) const override {
    if constexpr (is_instant) {
      return subject.out().try_send_until(std::move(l), when_, stop);
    } else {
      return subject.out().try_send_for(std::move(l), when_, stop);
    }
  }
  result<letter> receive(Subject& subject) const override {
    if constexpr (is_instant) {
      return subject.in().try_receive_until(when_);
    } else {
      return subject.in().try_receive_for(when_);
    }
  }

 private:
  static constexpr bool is_instant = requires(When when) { when.time_since_epoch(); };
  When when_;
};

template <class Subject>
using deadlines = std::vector<std::unique_ptr<const deadline<Subject>>>;

template <class Subject, class... When>
deadlines<Subject> listed(When... when) {
  deadlines<Subject> list;
  (list.emplace_back(new deadline_of<Subject, When>(when)), ...);
  return list;
}

// What a duration or an instant means is written once for all channels. So one channel is put to every kind of them;
// for the others, a duration and an instant of another clock say the same.
using put_to_every_deadline = support::mailbox_subject<letter, 1>;

deadlines<any_channel> past_deadlines(any_channel&) {
  return listed<any_channel>(milliseconds(0), system_clock::now() - 1h);
}
deadlines<put_to_every_deadline> past_deadlines(put_to_every_deadline&) {
  return listed<put_to_every_deadline>(
      -1s, 0s, 0ns, std::chrono::hours::min(), std::chrono::nanoseconds::min(), std::chrono::duration<double>(-1e300),
      std::chrono::duration<int, std::pico>(0), steady_clock::now() - 1s, steady_clock::time_point::min(),
      steady_clock::time_point{}, system_clock::now() - 1h, system_clock::time_point::min(),
      std::chrono::time_point<system_clock, std::chrono::hours>::min(), distant_clock::now() - 1ms,
      frozen_clock::now());
}

deadlines<any_channel> near_deadlines(any_channel&) { return listed<any_channel>(2ms, system_clock::now() + 3ms); }
deadlines<put_to_every_deadline> near_deadlines(put_to_every_deadline&) {
  return listed<put_to_every_deadline>(2ms, 1500us, 1ns, std::chrono::duration<double>(0.001),
                                       std::chrono::duration<int, std::pico>(1), steady_clock::now() + 3ms,
                                       system_clock::now() + 3ms, distant_clock::now() + 3ms);
}

// None of these ever comes, and none may overflow into the past.
deadlines<any_channel> deadlines_that_never_come(any_channel&) {
  return listed<any_channel>(hours::max(), system_clock::time_point::max());
}
deadlines<put_to_every_deadline> deadlines_that_never_come(put_to_every_deadline&) {
  return listed<put_to_every_deadline>(
      std::chrono::hours::max(), std::chrono::nanoseconds::max(), std::chrono::years::max(),
      std::chrono::duration<double>(1e300), std::chrono::duration<float>(1e30F),
      std::chrono::duration<double>(std::numeric_limits<double>::infinity()), steady_clock::time_point::max(),
      system_clock::time_point::max(), std::chrono::time_point<system_clock, std::chrono::hours>::max(),
      std::chrono::time_point<steady_clock, std::chrono::duration<double>>::max(), distant_clock::time_point::max(),
      frozen_clock::time_point::max());
}

// In turn: every channel, and the one that is put to every deadline.
template <class Check>
void for_each_channel_and_deadline(Check check) {
  if (GENERATE(false, true)) {
    put_to_every_deadline subject;
    check(subject);
  } else {
    const auto subject = each_channel();
    INFO(subject->name());
    check(*subject);
  }
}

template <class Subject>
void check_sends_time_out(Subject& subject, const deadlines<Subject>& all) {
  for (const auto& when : all) {
    letter mine(5);
    const long moves = letter::counts().moves;
    CHECK(when->send(subject, std::move(mine)) == status::timeout);
    CHECK(mine.number() == 5);
    CHECK(letter::counts().moves == moves);
  }
}

template <class Subject>
void check_receives_time_out(Subject& subject, const deadlines<Subject>& all) {
  for (const auto& when : all) CHECK(told(when->receive(subject)) == told(status::timeout));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("everything with the verbs models the concepts of a channel", "[verbs]", letters) {
  using out = std::remove_reference_t<decltype(std::declval<TestType&>().out())>;
  using in = std::remove_reference_t<decltype(std::declval<TestType&>().in())>;
  static_assert(tandem::channel<out> && tandem::channel<in>);
  static_assert(tandem::sendable<out>);
  static_assert(tandem::receivable<in>);
  static_assert(std::is_same_v<typename out::value_type, letter>);
  static_assert(std::is_same_v<decltype(std::declval<out&>().send(std::declval<letter>())), status>);
  static_assert(std::is_same_v<decltype(std::declval<in&>().receive()), result<letter>>);
  using iterator = decltype(std::declval<in&>().begin());
  static_assert(std::input_iterator<iterator> && !std::forward_iterator<iterator>);
  static_assert(std::sentinel_for<std::default_sentinel_t, iterator>);
  static_assert(std::ranges::input_range<in> && std::ranges::viewable_range<in&>);
  SUCCEED();
}

TEST_CASE("every way of sending hands the message to a waiting receiver", "[verbs]") {
  const watchdog guard("every way of sending");
  std::stop_source source;
  const auto token = source.get_token();
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  int next = 0;
  const auto check = [&](auto send) {
    const auto receiver = waiting_receiver(subject);
    receiver->until_it_waits();
    CHECK(send(++next) == status::ok);
    CHECK(told(receiver->outcome()) == next);
  };
  auto& out = subject.out();
  check([&](int n) { return out.send(letter(n)); });
  check([&](int n) { return out.send(letter(n), token); });
  check([&](int n) { return out.try_send(letter(n)); });
  check([&](int n) { return out.try_send_for(letter(n), 1h); });
  check([&](int n) { return out.try_send_for(letter(n), 1h, token); });
  check([&](int n) { return out.try_send_until(letter(n), steady_clock::now() + 1h); });
  check([&](int n) { return out.try_send_until(letter(n), system_clock::now() + 1h, token); });
}

TEST_CASE("every way of sending a copy leaves the original as it was", "[verbs]") {
  const watchdog guard("every way of sending a copy");
  std::stop_source source;
  const auto token = source.get_token();
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  int next = 0;
  const auto check = [&](auto send) {
    const auto receiver = waiting_receiver(subject);
    receiver->until_it_waits();
    const letter original(++next);
    const long copies = letter::counts().copies;
    CHECK(send(original) == status::ok);
    CHECK(original.number() == next);
    CHECK(letter::counts().copies == copies + 1);
    CHECK(told(receiver->outcome()) == next);
  };
  auto& out = subject.out();
  check([&](const letter& l) { return out.send(l); });
  check([&](const letter& l) { return out.send(l, token); });
  check([&](const letter& l) { return out.try_send(l); });
  check([&](const letter& l) { return out.try_send_for(l, 1h); });
  check([&](const letter& l) { return out.try_send_for(l, 1h, token); });
  check([&](const letter& l) { return out.try_send_until(l, steady_clock::now() + 1h); });
  check([&](const letter& l) { return out.try_send_until(l, system_clock::now() + 1h, token); });
}

TEST_CASE("every way of receiving takes what a sender has for it", "[verbs]") {
  const watchdog guard("every way of receiving");
  std::stop_source source;
  const auto token = source.get_token();
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  int next = 0;
  const auto check = [&](auto receive) {
    meanwhile sender([&] { return subject.out().send(letter(++next)); });
    sender.until_it_waits();  // or is over, when the channel has room
    CHECK(told(receive()) == next);
    CHECK(sender.outcome() == status::ok);
  };
  auto& in = subject.in();
  check([&] { return in.receive(); });
  check([&] { return in.receive(token); });
  check([&] { return in.try_receive(); });
  check([&] { return in.try_receive_for(1h); });
  check([&] { return in.try_receive_for(1h, token); });
  check([&] { return in.try_receive_until(steady_clock::now() + 1h); });
  check([&] { return in.try_receive_until(system_clock::now() + 1h, token); });
}

TEST_CASE("an lvalue is copied and an rvalue is moved", "[verbs]") {
  const watchdog guard("an lvalue and an rvalue");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  letter mine(3);
  {
    const auto receiver = waiting_receiver(subject);
    REQUIRE(subject.out().send(mine));
    CHECK(mine.number() == 3);
    CHECK(told(receiver->outcome()) == 3);
  }
  {
    const auto receiver = waiting_receiver(subject);
    REQUIRE(subject.out().send(std::move(mine)));
    CHECK(mine.number() == -1);
    CHECK(told(receiver->outcome()) == 3);
  }
}

TEST_CASE("try_send says full when it would have to wait, and leaves its argument untouched", "[verbs]") {
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  CHECK(support::fill(subject) == subject.room());
  letter mine(4);
  const long moves = letter::counts().moves;
  CHECK(subject.out().try_send(std::move(mine)) == status::full);
  CHECK(mine.number() == 4);
  CHECK(letter::counts().moves == moves);
  CHECK(subject.out().try_send(mine) == status::full);
  CHECK(mine.number() == 4);
}

TEST_CASE("try_receive says empty when it would have to wait", "[verbs]") {
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  CHECK(told(subject.in().try_receive()) == told(status::empty));
}

TEST_CASE("a timed send gives up with timeout and leaves its argument untouched", "[verbs]") {
  const watchdog guard("timed sends");
  for_each_channel_and_deadline([](auto& subject) {
    support::fill(subject);
    check_sends_time_out(subject, near_deadlines(subject));
    std::stop_source source;
    letter mine(6);
    CHECK(subject.out().try_send_for(std::move(mine), 1ms, source.get_token()) == status::timeout);
    CHECK(subject.out().try_send_for(mine, 1ms) == status::timeout);
    CHECK(subject.out().try_send_until(std::move(mine), system_clock::now() + 1ms, source.get_token()) ==
          status::timeout);
    CHECK(mine.number() == 6);
  });
}

TEST_CASE("a timed receive gives up with timeout", "[verbs]") {
  const watchdog guard("timed receives");
  for_each_channel_and_deadline([](auto& subject) {
    check_receives_time_out(subject, near_deadlines(subject));
    std::stop_source source;
    CHECK(told(subject.in().try_receive_for(1ms, source.get_token())) == told(status::timeout));
  });
}

TEST_CASE("a timed call never gives up before its deadline", "[verbs]") {
  const watchdog guard("early timeouts");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  support::fill(subject);
  for (const auto patience : {1ms, 2ms, 3ms, 5ms}) {
    const auto before = steady_clock::now();
    letter mine(1);
    REQUIRE(subject.out().try_send_for(std::move(mine), patience) == status::timeout);
    CHECK(steady_clock::now() - before >= patience);
    const auto system_deadline = system_clock::now() + patience;
    REQUIRE(subject.out().try_send_until(std::move(mine), system_deadline) == status::timeout);
    CHECK(system_clock::now() >= system_deadline);
  }
}

TEST_CASE("a deadline in the past is a timeout when the call would have to wait", "[verbs]") {
  const watchdog guard("deadlines in the past");
  for_each_channel_and_deadline([](auto& subject) {
    check_receives_time_out(subject, past_deadlines(subject));
    support::fill(subject);
    check_sends_time_out(subject, past_deadlines(subject));
  });
}

TEST_CASE("a deadline in the past does not hinder a call that can complete at once", "[verbs]") {
  const watchdog guard("deadlines in the past, with a partner");
  for_each_channel_and_deadline([](auto& subject) {
    for (const auto& when : past_deadlines(subject)) {
      const auto receiver = waiting_receiver(subject);
      receiver->until_it_waits();
      CHECK(when->send(subject, letter(7)) == status::ok);
      CHECK(told(receiver->outcome()) == 7);
      meanwhile sender([&subject] { return subject.out().send(letter(8)); });
      sender.until_it_waits();
      CHECK(told(when->receive(subject)) == 8);
      CHECK(sender.outcome() == status::ok);
    }
  });
}

TEST_CASE("the longest durations and the latest deadlines never come", "[verbs]") {
  const watchdog guard("deadlines that never come");
  for_each_channel_and_deadline([](auto& subject) {
    for (const auto& when : deadlines_that_never_come(subject)) {
      meanwhile receiver([&] { return when->receive(subject); });
      receiver.until_it_waits();
      CHECK_FALSE(receiver.over());
      CHECK(subject.out().send(letter(9)) == status::ok);
      CHECK(told(receiver.outcome()) == 9);
    }
    support::fill(subject);
    for (const auto& when : deadlines_that_never_come(subject)) {
      std::stop_source source;
      meanwhile sender([&, token = source.get_token()] { return when->send(subject, letter(10), token); });
      sender.until_it_waits();
      CHECK_FALSE(sender.over());
      source.request_stop();
      CHECK(sender.outcome() == status::stopped);
    }
  });
}

TEST_CASE("a deadline comes when its own clock says so", "[verbs]") {
  const watchdog guard("a clock that stands still");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  meanwhile receiver([&] { return subject.in().try_receive_until(frozen_clock::now() + 5ms); });
  receiver.until_it_waits();
  std::this_thread::sleep_for(20ms);  // the more, the likelier a clock mistaken for the steady one is caught
  CHECK_FALSE(receiver.over());
  frozen_clock::ticks += 5;
  CHECK(told(receiver.outcome()) == told(status::timeout));
}

TEST_CASE("a stop requested before the call: stopped, and nothing is attempted", "[verbs]") {
  const watchdog guard("a stop requested before");
  const auto token = already_stopped();
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  const auto sends_are_stopped = [&] {
    letter mine(11);
    const long moves = letter::counts().moves;
    CHECK(subject.out().send(std::move(mine), token) == status::stopped);
    CHECK(subject.out().try_send_for(std::move(mine), 1h, token) == status::stopped);
    CHECK(subject.out().try_send_for(std::move(mine), -1h, token) == status::stopped);
    CHECK(subject.out().try_send_until(std::move(mine), steady_clock::now() + 1h, token) == status::stopped);
    CHECK(subject.out().try_send_until(std::move(mine), system_clock::now() - 1h, token) == status::stopped);
    CHECK(mine.number() == 11);
    CHECK(letter::counts().moves == moves);
    CHECK(subject.out().send(mine, token) == status::stopped);
    CHECK(subject.out().try_send_for(mine, 1h, token) == status::stopped);
  };
  const auto receives_are_stopped = [&] {
    CHECK(told(subject.in().receive(token)) == told(status::stopped));
    CHECK(told(subject.in().try_receive_for(1h, token)) == told(status::stopped));
    CHECK(told(subject.in().try_receive_for(-1h, token)) == told(status::stopped));
    CHECK(told(subject.in().try_receive_until(system_clock::now() + 1h, token)) == told(status::stopped));
  };
  SECTION("when the call would have to wait") {
    receives_are_stopped();
    support::fill(subject);
    sends_are_stopped();
  }
  SECTION("even when the send could complete at once") {
    const auto receiver = waiting_receiver(subject);
    receiver->until_it_waits();
    sends_are_stopped();
    REQUIRE(subject.out().send(letter(12)));
    CHECK(told(receiver->outcome()) == 12);
  }
  SECTION("even when the receive could complete at once") {
    meanwhile sender([&] { return subject.out().send(letter(13)); });
    sender.until_it_waits();
    receives_are_stopped();
    CHECK(told(subject.in().receive()) == 13);
    CHECK(sender.outcome() == status::ok);
  }
  SECTION("even when the channel is closed") {
    subject.out().close();
    sends_are_stopped();
    receives_are_stopped();
  }
}

TEST_CASE("a stop requested while waiting ends the wait with stopped", "[verbs]") {
  const watchdog guard("a stop while waiting");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  SECTION("of a receive") {
    const auto check = [&](auto receive) {
      std::stop_source source;
      meanwhile receiver([&, token = source.get_token()] { return receive(token); });
      receiver.until_it_waits();
      CHECK_FALSE(receiver.over());
      source.request_stop();
      CHECK(told(receiver.outcome()) == told(status::stopped));
    };
    check([&](std::stop_token t) { return subject.in().receive(t); });
    check([&](std::stop_token t) { return subject.in().try_receive_for(1h, t); });
    check([&](std::stop_token t) { return subject.in().try_receive_until(system_clock::now() + 1h, t); });
    CHECK(told(subject.in().try_receive()) == told(status::empty));
    CHECK(support::fill(subject) == subject.room());  // nobody is left who waits
  }
  SECTION("of a send, which leaves its argument untouched") {
    support::fill(subject);
    const auto check = [&](auto send) {
      std::stop_source source;
      letter mine(14);
      const long moves = letter::counts().moves;
      meanwhile sender([&, token = source.get_token()] { return send(mine, token); });
      sender.until_it_waits();
      CHECK_FALSE(sender.over());
      source.request_stop();
      CHECK(sender.outcome() == status::stopped);
      CHECK(mine.number() == 14);
      CHECK(letter::counts().moves == moves);
    };
    check([&](letter& l, std::stop_token t) { return subject.out().send(std::move(l), t); });
    check([&](letter& l, std::stop_token t) { return subject.out().try_send_for(std::move(l), 1h, t); });
    check([&](letter& l, std::stop_token t) {
      return subject.out().try_send_until(std::move(l), steady_clock::now() + 1h, t);
    });
    for (std::size_t i = 0; i < subject.room(); ++i) CHECK(subject.in().try_receive().has_value());
    CHECK(told(subject.in().try_receive()) == told(status::empty));
  }
}

TEST_CASE("a stop requested after the call has completed changes nothing", "[verbs]") {
  const watchdog guard("a stop after the fact");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  std::stop_source source;
  meanwhile receiver([&] { return subject.in().receive(source.get_token()); });
  receiver.until_it_waits();
  CHECK(subject.out().send(letter(15), source.get_token()) == status::ok);
  auto got = receiver.outcome();
  source.request_stop();
  CHECK(told(got) == 15);
}

TEST_CASE("a token that can never be stopped is as good as none", "[verbs]") {
  const watchdog guard("an empty stop_token");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  meanwhile receiver([&] { return subject.in().receive(std::stop_token{}); });
  receiver.until_it_waits();
  CHECK(subject.out().send(letter(16), std::stop_token{}) == status::ok);
  CHECK(told(receiver.outcome()) == 16);
}

TEST_CASE("one stop ends every wait that carries it, and no other", "[verbs]") {
  const watchdog guard("one stop for many");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  std::stop_source source;
  meanwhile first([&] { return subject.in().receive(source.get_token()); });
  meanwhile second([&] { return subject.in().receive(); });
  meanwhile third([&] { return subject.in().receive(source.get_token()); });
  first.until_it_waits();
  second.until_it_waits();
  third.until_it_waits();
  source.request_stop();
  CHECK(told(first.outcome()) == told(status::stopped));
  CHECK(told(third.outcome()) == told(status::stopped));
  CHECK_FALSE(second.over());
  REQUIRE(subject.out().send(letter(17)));
  CHECK(told(second.outcome()) == 17);
}

TEST_CASE("every send on a closed channel says closed and leaves its argument untouched", "[verbs]") {
  const watchdog guard("sends on a closed channel");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  std::stop_source source;
  const bool full_as_well = GENERATE(false, true);
  if (full_as_well) support::fill(subject);
  subject.out().close();
  letter mine(18);
  const long moves = letter::counts().moves;
  CHECK(subject.out().send(std::move(mine)) == status::closed);
  CHECK(subject.out().send(std::move(mine), source.get_token()) == status::closed);
  CHECK(subject.out().try_send(std::move(mine)) == status::closed);
  CHECK(subject.out().try_send_for(std::move(mine), 1h) == status::closed);
  CHECK(subject.out().try_send_for(std::move(mine), -1s) == status::closed);
  CHECK(subject.out().try_send_for(std::move(mine), std::chrono::hours::max(), source.get_token()) == status::closed);
  CHECK(subject.out().try_send_until(std::move(mine), system_clock::now() - 1s) == status::closed);
  CHECK(subject.out().try_send_until(std::move(mine), steady_clock::now() + 1h, source.get_token()) == status::closed);
  CHECK(mine.number() == 18);
  CHECK(letter::counts().moves == moves);
  CHECK(subject.out().send(mine) == status::closed);
  CHECK(subject.out().try_send(mine) == status::closed);
  CHECK(subject.out().try_send_for(mine, 1h) == status::closed);
}

TEST_CASE("every receive on a closed channel says closed once nothing is left", "[verbs]") {
  const watchdog guard("receives on a closed channel");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  std::stop_source source;
  const std::size_t accepted = support::fill(subject, 20);
  subject.in().close();
  for (std::size_t i = 0; i < accepted; ++i) {
    CHECK(told(subject.in().try_receive_for(-1h)) == 20 + static_cast<int>(i));  // what was accepted comes first
  }
  CHECK(told(subject.in().receive()) == told(status::closed));
  CHECK(told(subject.in().receive(source.get_token())) == told(status::closed));
  CHECK(told(subject.in().try_receive()) == told(status::closed));
  CHECK(told(subject.in().try_receive_for(1h)) == told(status::closed));
  CHECK(told(subject.in().try_receive_for(-1h, source.get_token())) == told(status::closed));
  CHECK(told(subject.in().try_receive_until(system_clock::now() - 1h)) == told(status::closed));
  CHECK(told(subject.in().try_receive_until(steady_clock::now() + 1h)) == told(status::closed));
}

TEST_CASE("close wakes every waiting receiver with closed", "[verbs]") {
  const watchdog guard("close and waiting receivers");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  std::stop_source source;
  meanwhile plain([&] { return subject.in().receive(); });
  meanwhile timed([&] { return subject.in().try_receive_for(1h); });
  meanwhile with_token([&] { return subject.in().receive(source.get_token()); });
  plain.until_it_waits();
  timed.until_it_waits();
  with_token.until_it_waits();
  subject.in().close();
  CHECK(told(plain.outcome()) == told(status::closed));
  CHECK(told(timed.outcome()) == told(status::closed));
  CHECK(told(with_token.outcome()) == told(status::closed));
}

TEST_CASE("close wakes every waiting sender with closed, its argument untouched", "[verbs]") {
  const watchdog guard("close and waiting senders");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  std::stop_source source;
  const std::size_t accepted = support::fill(subject, 30);
  letter mine[] = {letter(1), letter(2), letter(3)};
  const long moves = letter::counts().moves;
  meanwhile plain([&] { return subject.out().send(std::move(mine[0])); });
  meanwhile timed([&] { return subject.out().try_send_for(std::move(mine[1]), 1h); });
  meanwhile with_token([&] { return subject.out().send(std::move(mine[2]), source.get_token()); });
  plain.until_it_waits();
  timed.until_it_waits();
  with_token.until_it_waits();
  subject.out().close();
  CHECK(plain.outcome() == status::closed);
  CHECK(timed.outcome() == status::closed);
  CHECK(with_token.outcome() == status::closed);
  for (int i = 0; i < 3; ++i) CHECK(mine[i].number() == i + 1);
  CHECK(letter::counts().moves == moves);
  for (std::size_t i = 0; i < accepted; ++i) CHECK(told(subject.in().receive()) == 30 + static_cast<int>(i));
  CHECK(told(subject.in().receive()) == told(status::closed));
}

TEST_CASE("close is idempotent, and is_closed tells", "[verbs]") {
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  const auto& out = subject.out();
  const auto& in = subject.in();
  CHECK_FALSE(out.is_closed());
  CHECK_FALSE(in.is_closed());
  subject.out().close();
  CHECK(out.is_closed());
  CHECK(in.is_closed());
  subject.out().close();
  subject.in().close();
  CHECK(out.is_closed());
  CHECK(told(subject.in().receive()) == told(status::closed));
}

TEST_CASE("iteration receives until the channel is closed", "[verbs]") {
  const watchdog guard("iteration");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  meanwhile sender([&] {
    for (int i = 0; i < 50; ++i) {
      if (!subject.out().send(letter(i))) return i;
    }
    subject.out().close();
    return 50;
  });
  std::vector<int> seen;
  subject.in().iterate([&](letter& l) {
    letter mine = std::move(l);  // a message may be moved on
    seen.push_back(mine.number());
    return true;
  });
  CHECK(sender.outcome() == 50);
  REQUIRE(seen.size() == 50);
  for (int i = 0; i < 50; ++i) CHECK(seen[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("iteration over a closed channel sees what was accepted and ends", "[verbs]") {
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  const std::size_t accepted = support::fill(subject);
  subject.out().close();
  std::size_t seen = 0;
  const auto look = [&](letter& l) {
    CHECK(l.number() == 1000 + static_cast<int>(seen));
    ++seen;
    return true;
  };
  subject.in().iterate(look);
  CHECK(seen == accepted);
  subject.in().iterate(look);  // which ends where it begins
  CHECK(seen == accepted);
}

TEST_CASE("leaving an iteration early loses nothing", "[verbs]") {
  const watchdog guard("leaving an iteration early");
  const auto each = each_channel();
  any_channel& subject = *each;
  INFO(subject.name());
  meanwhile sender([&] {
    int sent = 0;
    for (; sent < 4; ++sent) {
      if (!subject.out().send(letter(sent))) break;
    }
    return sent;
  });
  subject.in().iterate([](letter& l) { return l.number() != 1; });
  CHECK(told(subject.in().receive()) == 2);
  CHECK(told(subject.in().receive()) == 3);
  CHECK(sender.outcome() == 4);
}

TEMPLATE_LIST_TEST_CASE("a copy that throws passes its exception on, sends nothing and harms nobody", "[verbs]",
                        support::channels<support::fragile>) {
  INFO(TestType::name);
  const watchdog guard("throwing copies");
  const long live = support::fragile::live();
  {
    TestType subject;
    const auto receiver = waiting_receiver(subject);
    receiver->until_it_waits();
    const support::fragile original(40);
    support::fragile::breaks() = true;
    int thrown = 0;
    const auto check = [&thrown](auto send) {
      try {
        const status unexpected = send();
        CHECK(unexpected == status::abandoned);  // never reached by a send that copies
      } catch (const std::runtime_error&) {
        ++thrown;
      }
    };
    check([&] { return subject.out().send(original); });
    check([&] { return subject.out().try_send(original); });
    check([&] { return subject.out().try_send_for(original, 1h); });
    check([&] { return subject.out().try_send_until(original, system_clock::now() + 1h, std::stop_token{}); });
    support::fragile::breaks() = false;
    CHECK(thrown == 4);
    CHECK(original.number() == 40);
    CHECK_FALSE(receiver->over());
    REQUIRE(subject.out().send(original));
    CHECK(told(receiver->outcome()) == 40);
    CHECK(told(subject.in().try_receive()) == told(status::empty));
  }
  CHECK(support::fragile::live() == live);
}

TEMPLATE_LIST_TEST_CASE("a copying send into room that throws leaves the room as it was", "[verbs]",
                        support::channels<support::fragile>) {
  INFO(TestType::name);
  const long live = support::fragile::live();
  {
    TestType subject;
    const support::fragile original(41);
    support::fragile::breaks() = true;
    int thrown = 0;
    for (std::size_t i = 0; i < 3 * (TestType::room + 1); ++i) {
      try {
        const status s = subject.out().try_send(original);
        CHECK(s == status::full);  // a rendezvous may find that nobody is there before it copies
      } catch (const std::runtime_error&) {
        ++thrown;
      }
    }
    support::fragile::breaks() = false;
    if (TestType::room > 0) CHECK(thrown > 0);
    CHECK(told(subject.in().try_receive()) == told(status::empty));
    CHECK(support::fill(subject) == TestType::room);
  }
  CHECK(support::fragile::live() == live);
}

namespace {

// The iterator is written once; there are two begin(), a channel's and a port's.
using both_begins = std::tuple<support::rendezvous_subject<letter>, support::mailbox_ports_subject<letter, 2>>;

// Sends so many, from another thread: 1000, 1001, ...; how many went.
template <class Subject>
meanwhile<int> sender_of(Subject& subject, int count) {
  return meanwhile<int>([&subject, count] {
    for (int i = 0; i < count; ++i) {
      if (!subject.out().send(letter(1000 + i))) return i;
    }
    return count;
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a view of three takes three, and does not wait for a fourth", "[verbs]", both_begins) {
  INFO(TestType::name);
  const watchdog guard("a view that takes three");
  TestType subject;
  auto sender = sender_of(subject, 4);
  int next = 1000;
  for (const letter& l : subject.in() | std::views::take(3)) CHECK(l.number() == next++);
  CHECK(next == 1003);
  CHECK(told(subject.in().receive()) == 1003);
  CHECK(sender.outcome() == 4);
  for ([[maybe_unused]] const letter& l : subject.in() | std::views::take(0)) FAIL("none was asked for");
  CHECK(told(subject.in().try_receive()) == told(status::empty));
}

TEMPLATE_LIST_TEST_CASE("an iteration receives when it is asked, and not before", "[verbs]", both_begins) {
  INFO(TestType::name);
  const watchdog guard("iterators");
  TestType subject;
  using iterator = decltype(subject.in().begin());
  {
    [[maybe_unused]] const auto unused = subject.in().begin();
  }  // nobody has sent anything
  auto sender = sender_of(subject, 6);
  auto i = subject.in().begin();
  CHECK((*i).number() == 1000);
  CHECK(i->number() == 1000);  // the same
  CHECK(i != subject.in().end());
  ++i;  // takes none
  CHECK(told(subject.in().receive()) == 1001);
  CHECK(i->number() == 1002);
  i++;
  ++i;  // passes 1003 over
  iterator moved = std::move(i);
  CHECK(moved->number() == 1004);
  moved = subject.in().begin();
  CHECK(moved->number() == 1005);
  CHECK(sender.outcome() == 6);
}

TEMPLATE_LIST_TEST_CASE("views of a channel leave out, and end when it is closed", "[verbs]", both_begins) {
  INFO(TestType::name);
  const watchdog guard("views");
  TestType subject;
  meanwhile sender([&] {
    for (int i = 0; i < 10; ++i) {
      if (!subject.out().send(letter(i))) return i;
    }
    subject.out().close();
    return 10;
  });
  const auto number = [](const letter& l) { return l.number(); };
  int sum = 0;
  for (const int each : subject.in() | std::views::drop(1) | std::views::take(2) | std::views::transform(number)) {
    sum += each;
  }
  CHECK(sum == 1 + 2);
  sum = 0;
  const auto even = [](const letter& l) { return l.number() % 2 == 0; };
  for (const letter& l : subject.in() | std::views::filter(even)) sum += l.number();
  CHECK(sum == 4 + 6 + 8);
  CHECK(sender.outcome() == 10);
}
