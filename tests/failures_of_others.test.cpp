// What has gone wrong elsewhere, in good libraries by good people, and must not go wrong here. Each test is named after
// the report; the comment says what happened there.
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/detail/backoff.hpp>
#include <tandem/tandem.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/pin.hpp"
#include "support/start_barrier.hpp"
#include "support/subjects.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::effort;
using support::letter;
using support::meanwhile;
using support::watchdog;
using tandem::mailbox;
using tandem::rendezvous;
using tandem::status;

namespace {

using channels = support::channels<letter>;

// A message whose move runs what the test wants it to run, and waits when the test wants it to wait.
class meddler {
 public:
  explicit meddler(int number) : number_(number) {}
  meddler(meddler&& other) noexcept : number_(std::exchange(other.number_, -1)) {
    if (hook != nullptr) hook(number_);
  }
  int number() const { return number_; }
  static inline void (*hook)(int number) = nullptr;

 private:
  int number_;
};

// Sends every number there and waits for it to come back, which is nothing but waiting and waking.
template <class Subject>
int ping_pong(int rounds) {
  Subject there;
  Subject back;
  std::jthread echo([&] {
    for (letter& l : there.in()) {
      if (!back.out().send(std::move(l))) return;
    }
  });
  int returned = 0;
  for (int i = 0; i < rounds; ++i) {
    if (!there.out().send(letter(i))) break;
    const auto got = back.in().receive();
    returned += got && got->number() == i ? 1 : 0;
  }
  there.out().close();
  return returned;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("oneTBB 2136: a send between 'set' and 'any waiters?' does not lose the wake-up", "[failures]",
                        channels) {
  // There: the store of the message and the load of the number of waiters could pass each other.
  INFO(TestType::name);
  const watchdog guard("a lost wake-up");
  const int rounds = effort(10000);
  CHECK(ping_pong<TestType>(rounds) == rounds);
  const support::pinned_to one_core(support::present_core());
  CHECK(ping_pong<TestType>(rounds / 4) == rounds / 4);
}

TEMPLATE_LIST_TEST_CASE("libcoro 120 and 322: what comes between looking and lying down to wait is seen", "[failures]",
                        channels) {
  // There: checked in await_ready, enqueued in await_suspend, and not looked at again in between.
  INFO(TestType::name);
  const watchdog guard("a message between the look and the wait");
  const int rounds = effort(5000);
  TestType subject;
  support::start_barrier together(2);
  std::jthread sender([&] {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      if (!subject.out().send(letter(i))) return;
    }
  });
  int received = 0;
  for (int i = 0; i < rounds; ++i) {
    together.arrive_and_wait();
    const auto got = subject.in().receive();
    received += got && got->number() == i ? 1 : 0;
  }
  CHECK(received == rounds);
}

TEMPLATE_LIST_TEST_CASE("tokio 4618 and 3652: one who is notified and then cancelled passes the turn on", "[failures]",
                        channels) {
  // There: the wake-up went to a waiter that had just been dropped, and nobody else was woken.
  INFO(TestType::name);
  const watchdog guard("a turn that was not passed on");
  const int rounds = effort(40);
  int received = 0;
  for (int i = 0; i < rounds; ++i) {
    TestType subject;
    std::stop_source source;
    meanwhile first([&] { return subject.in().receive(source.get_token()); });
    first.until_it_waits();
    meanwhile second([&] { return subject.in().receive(); });
    second.until_it_waits();
    if (i % 2 == 0) {
      std::jthread stopper([&] { source.request_stop(); });
      REQUIRE(subject.out().send(letter(1)));
    } else {
      std::jthread sender([&] { static_cast<void>(subject.out().send(letter(1))); });
      source.request_stop();
    }
    received += first.outcome() ? 1 : 0;
    subject.out().close();  // the second may have the message, or nothing to come
    received += second.outcome() ? 1 : 0;
  }
  CHECK(received == rounds);
}

TEMPLATE_LIST_TEST_CASE("rust 39364: a timeout that races delivery leaves nothing dirty behind", "[failures]",
                        channels) {
  // There: recv_timeout, hit just when a message came, left the channel in a state in which the next call panicked.
  INFO(TestType::name);
  const watchdog guard("a timeout racing delivery");
  const int rounds = effort(3000);
  TestType subject;
  meanwhile sender([&] {
    support::dice chance(support::seed_of_this_run());
    int sent = 0;
    for (int i = 0; i < rounds; ++i) {
      sent += subject.out().try_send_for(letter(i), std::chrono::microseconds(chance.roll(30))) ? 1 : 0;
    }
    subject.out().close();
    return sent;
  });
  support::dice chance(support::seed_of_this_run() + 1);
  int received = 0;
  int last = -1;
  bool in_order = true;
  for (;;) {
    const auto got = subject.in().try_receive_for(std::chrono::microseconds(chance.roll(30)));
    if (got) {
      ++received;
      in_order = in_order && got->number() > last;
      last = got->number();
    } else if (got.error() == status::closed) {
      break;
    }
  }
  CHECK(received == sender.outcome());
  CHECK(in_order);
}

TEMPLATE_LIST_TEST_CASE("asio 1041, dotnet 37671, kotlinx 1936: no value is lost on a cancelled receive", "[failures]",
                        channels) {
  // There: the value had left the channel when the receive that had taken it was cancelled.
  INFO(TestType::name);
  const watchdog guard("a cancelled receive");
  const int rounds = effort(300);
  int seen = 0;
  TestType subject;
  for (int i = 0; i < rounds; ++i) {
    std::stop_source source;
    meanwhile receiver([&] { return subject.in().receive(source.get_token()); });
    std::jthread stopper([&] { source.request_stop(); });
    meanwhile sender([&] { return subject.out().send(letter(i)); });
    auto got = receiver.outcome();
    if (!got) got = subject.in().receive();
    seen += got && got->number() == i && sender.outcome() ? 1 : 0;
  }
  CHECK(seen == rounds);
}

TEMPLATE_LIST_TEST_CASE("dotnet 761 and flume 182: cancelled waiters do not pile up", "[failures]", channels) {
  // There: each wait that was cancelled left its entry in the list until the next message came, if one came.
  INFO(TestType::name);
  const watchdog guard("a million cancelled waits");
  TestType subject;
  const int rounds = effort(100'000);
  const auto timed_out = [&] {
    int n = 0;
    for (int i = 0; i < rounds; ++i) n += subject.in().try_receive_for(0ns).error() == status::timeout ? 1 : 0;
    return n;
  };
  CHECK(timed_out() == rounds);
  const std::size_t asked = support::allocations_of_this_thread;
  const auto before = ::mallinfo2().uordblks;
  const int all = timed_out();
  const auto after = ::mallinfo2().uordblks;
  const std::size_t asked_now = support::allocations_of_this_thread;
  CHECK(all == rounds);
  CHECK(asked_now == asked);
  if (!support::sanitized) CHECK(after <= before + 4096);  // a sanitizer has a heap of its own
  // Stopped while they wait.
  const int stopped_rounds = effort(2000);
  support::start_barrier together(2);
  std::optional<std::stop_source> source;
  std::jthread stopper([&] {
    for (int i = 0; i < stopped_rounds; ++i) {
      together.arrive_and_wait();
      source->request_stop();
      together.arrive_and_wait();
    }
  });
  int stopped = 0;
  for (int i = 0; i < stopped_rounds; ++i) {
    source.emplace();
    const auto token = source->get_token();
    together.arrive_and_wait();
    stopped += subject.in().receive(token).error() == status::stopped ? 1 : 0;
    together.arrive_and_wait();
  }
  stopper.join();
  CHECK(stopped == stopped_rounds);
  CHECK(support::fill(subject) == TestType::room);  // and not one of them stands there to be given something
  for (int i = 0; i < stopped_rounds; ++i) {
    if (subject.out().try_send_for(letter(i), 0ns) != status::timeout) FAIL("a send into a full channel");
  }
  for (std::size_t i = 0; i < TestType::room; ++i) CHECK(subject.in().try_receive().has_value());
  CHECK_FALSE(subject.in().try_receive().has_value());
}

TEMPLATE_LIST_TEST_CASE("asio 1318 and 1575: close wakes the senders too", "[failures]", channels) {
  // There: close completed the waiting receives and forgot the waiting sends.
  INFO(TestType::name);
  const watchdog guard("close and the senders");
  TestType subject;
  support::fill(subject);
  meanwhile first([&] { return subject.out().send(letter(1)); });
  meanwhile second([&] { return subject.out().send(letter(2)); });
  first.until_it_waits();
  second.until_it_waits();
  subject.in().close();
  CHECK(first.outcome() == status::closed);
  CHECK(second.outcome() == status::closed);
}

TEST_CASE("flume 120: a value sent just before the sender dies is delivered", "[failures]") {
  // There: the receiver saw "disconnected" first and did not look for what had come before it.
  const watchdog guard("the last words of a sender");
  const int rounds = effort(1000);
  int delivered = 0;
  for (int i = 0; i < rounds; ++i) {
    auto [out, in] = tandem::open<mailbox<letter>>(1U);
    std::jthread dying([mine = std::move(out), i]() mutable { static_cast<void>(mine.send(letter(i))); });
    const auto got = in.receive();
    delivered += got && got->number() == i ? 1 : 0;
    delivered -= in.receive().error() == status::closed ? 0 : 1;
  }
  CHECK(delivered == rounds);
}

TEST_CASE("flume 120: a value set just before the promise dies is got", "[failures]") {
  const watchdog guard("the last words of a promise");
  const int rounds = effort(1000);
  int got = 0;
  for (int i = 0; i < rounds; ++i) {
    std::optional<tandem::promise<letter>> word(std::in_place);
    auto kept = word->get_future();
    std::jthread dying([&] {
      static_cast<void>(word->set_value(letter(i)));
      word.reset();
    });
    const auto value = kept.get();
    got += value && value->number() == i ? 1 : 0;
  }
  CHECK(got == rounds);
}

TEMPLATE_LIST_TEST_CASE("fiber 114: a try_send wakes a waiting receiver, and a try_receive a waiting sender",
                        "[failures]", channels) {
  // There: try_push stored the value and woke nobody.
  INFO(TestType::name);
  const watchdog guard("try_ wakes");
  TestType subject;
  meanwhile receiver([&] { return subject.in().receive(); });
  receiver.until_it_waits();
  CHECK(subject.out().try_send(letter(1)) == status::ok);
  CHECK(receiver.outcome().value().number() == 1);
  support::fill(subject);
  meanwhile sender([&] { return subject.out().send(letter(2)); });
  sender.until_it_waits();
  CHECK(subject.in().try_receive().has_value());
  CHECK(sender.outcome() == status::ok);
}

TEMPLATE_LIST_TEST_CASE("fiber unbuffered: what was delivered is not reported closed", "[failures]", channels) {
  // There: the sender, woken, looked at the channel's state instead of at its own outcome, and found "closed".
  INFO(TestType::name);
  const watchdog guard("delivered but closed");
  const int rounds = effort(500);
  int wrong = 0;
  for (int i = 0; i < rounds; ++i) {
    TestType subject;
    letter mine(i);
    meanwhile sender([&] { return subject.out().send(std::move(mine)); });
    if (i % 2 == 0) std::this_thread::yield();
    std::jthread closer([&] { subject.out().close(); });
    const auto got = subject.in().receive();
    const bool sent = static_cast<bool>(sender.outcome());
    wrong += sent == got.has_value() ? 0 : 1;
    wrong += mine.number() == (sent ? -1 : i) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("glibc 12674: a rendezvous may be destroyed as soon as the meeting is over", "[failures]") {
  // There: sem_post touched the semaphore after it had let the waiter go, who had destroyed it.
  const watchdog guard("destroyed after the meeting");
  const int rounds = effort(3000);
  support::start_barrier together(2);
  std::unique_ptr<rendezvous<letter>> meeting;
  std::atomic<int> sent{0};
  std::jthread sender([&] {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      rendezvous<letter>& channel = *meeting;
      together.arrive_and_wait();
      if (channel.send(letter(i))) ++sent;
      together.arrive_and_wait();
    }
  });
  int received = 0;
  for (int i = 0; i < rounds; ++i) {
    meeting = std::make_unique<rendezvous<letter>>();
    together.arrive_and_wait();
    together.arrive_and_wait();
    received += meeting->receive() ? 1 : 0;
    meeting.reset();  // while the sender's call may still be on its way out
    together.arrive_and_wait();
  }
  sender.join();
  CHECK(received == rounds);
  CHECK(sent == rounds);
}

TEST_CASE("glibc 12674: either end of a one-shot may go as soon as its call has returned", "[failures]") {
  const watchdog guard("ends that go at once");
  const long live = letter::counts().live;
  const int rounds = effort(1000);
  int got = 0;
  for (int i = 0; i < rounds; ++i) {
    auto word = std::make_unique<tandem::promise<letter>>();
    auto kept = std::make_unique<tandem::future<letter>>(word->get_future());
    std::jthread keeping([&] {
      static_cast<void>(word->set_value(letter(i)));
      word.reset();
    });
    got += kept->get() ? 1 : 0;
    kept.reset();
  }
  CHECK(got == rounds);
  CHECK(letter::counts().live == live);
}

TEST_CASE("crossbeam 1187: discarding what was not received and dropping the channel destroys each once",
          "[failures]") {
  // There: a fix for a leak let both the last receiver and the channel destroy the same messages.
  const watchdog guard("discard and drop");
  const long live = letter::counts().live;
  const int rounds = effort(500);
  for (int i = 0; i < rounds; ++i) {
    auto [out, in] = tandem::open<mailbox<letter>>(5U);
    std::jthread sender([mine = std::move(out)]() mutable {
      for (int n = 0; n < 20; ++n) {
        if (!mine.send(letter(n))) return;
      }
    });
    for (int n = 0; n < i % 7; ++n) static_cast<void>(in.receive());
    in.reset();
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("JDK-8371740: try_receive does not say empty while a message must be there", "[failures]") {
  // There: poll() returned null although an offer had completed, because an earlier one was still half-way.
  const watchdog guard("a slow sender before a quick one");
  static std::atomic<bool> slow_is_inside{false};
  static std::atomic<bool> slow_may_go_on{false};
  slow_is_inside = slow_may_go_on = false;
  mailbox<meddler> box(4);
  meddler::hook = [](int number) {
    if (number != 1 || slow_may_go_on) return;
    slow_is_inside = true;
    while (!slow_may_go_on) std::this_thread::yield();
  };
  meanwhile slow([&] { return box.send(meddler(1)); });
  while (!slow_is_inside) std::this_thread::yield();
  CHECK(box.send(meddler(2)) == status::ok);  // this one is accepted: from here on a message must be there
  CHECK_FALSE(box.was_empty());
  meanwhile poll([&] {
    const auto got = box.try_receive();
    return got ? got->number() : 0;
  });
  std::this_thread::sleep_for(5ms);  // time for it to tell the lie, if it is going to
  slow_may_go_on = true;
  CHECK(poll.outcome() == 1);
  CHECK(slow.outcome() == status::ok);
  CHECK(box.try_receive().value().number() == 2);
  meddler::hook = nullptr;
}

TEST_CASE("JDK-8300663: those who wait are served in the order in which they came, also after some have left",
          "[failures]") {
  // There: a "fair" queue let waiters pass each other after a cancellation.
  const watchdog guard("fairness");
  rendezvous<int> meeting;
  std::vector<std::stop_source> sources(6);
  std::vector<std::unique_ptr<meanwhile<status>>> line;
  for (std::size_t i = 0; i < 6; ++i) {
    line.push_back(std::make_unique<meanwhile<status>>(
        [&, i] { return meeting.send(static_cast<int>(i), sources[i].get_token()); }));
    line.back()->until_it_waits();
  }
  sources[0].request_stop();
  sources[3].request_stop();
  CHECK(line[0]->outcome() == status::stopped);
  CHECK(line[3]->outcome() == status::stopped);
  for (const std::size_t next : {1U, 2U, 4U, 5U}) CHECK(meeting.receive().value() == static_cast<int>(next));
}

TEMPLATE_LIST_TEST_CASE("libunifex 670: a stop that comes at any moment of a call neither deadlocks nor is missed",
                        "[failures]", channels) {
  // There: the callback ran inside its own constructor, or its destructor waited for it under the lock that it wanted.
  INFO(TestType::name);
  const watchdog guard("a stop at any moment");
  const int rounds = effort(3000);
  TestType subject;
  support::start_barrier together(2);
  std::optional<std::stop_source> source;
  std::jthread stopper([&] {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      for (int spin = 0; spin < i % 50; ++spin) std::atomic_signal_fence(std::memory_order_seq_cst);
      source->request_stop();
      together.arrive_and_wait();
    }
  });
  int stopped = 0;
  for (int i = 0; i < rounds; ++i) {
    source.emplace();
    const auto token = source->get_token();
    together.arrive_and_wait();
    stopped += subject.in().receive(token).error() == status::stopped ? 1 : 0;
    together.arrive_and_wait();
  }
  CHECK(stopped == rounds);
}

TEMPLATE_LIST_TEST_CASE("libunifex 670: a callback on the same token may use the channel", "[failures]", channels) {
  INFO(TestType::name);
  const watchdog guard("a callback that uses the channel");
  TestType subject;
  std::stop_source source;
  int told_by_callback = -1;
  const std::stop_callback before(source.get_token(), [&] {
    told_by_callback = static_cast<int>(subject.out().try_send(letter(1)).value());
    subject.out().close();
  });
  meanwhile receiver([&] { return subject.in().receive(source.get_token()).error(); });
  receiver.until_it_waits();
  const std::stop_callback after(source.get_token(), [&] { static_cast<void>(subject.in().try_receive()); });
  source.request_stop();
  const status how = receiver.outcome();
  CHECK(told_by_callback >= 0);
  CHECK((how == status::stopped || how == status::closed || how == status::ok));
  CHECK(subject.in().is_closed());
}

TEST_CASE("tinygo 5513: nothing of the user's runs under a lock: a move may use the rendezvous", "[failures]") {
  // There: a receiver was woken, and ran, while the sender still held the channel's lock.
  const watchdog guard("a move that uses the rendezvous");
  static rendezvous<meddler>* channel = nullptr;
  rendezvous<meddler> meeting;
  channel = &meeting;
  static std::atomic<int> meddled{0};
  meddled = 0;
  const auto meddle = [](int) {
    ++meddled;
    static_cast<void>(channel->is_closed());
    static_cast<void>(channel->try_receive_for(0ns));
    channel->close();
  };
  SECTION("the sender waits") {
    meanwhile sender([&] { return meeting.send(meddler(1)); });
    sender.until_it_waits();
    meddler::hook = meddle;
    const auto got = meeting.receive();
    meddler::hook = nullptr;
    CHECK(got.value().number() == 1);
    CHECK(sender.outcome() == status::ok);
  }
  SECTION("the receiver waits") {
    meanwhile receiver([&] {
      const auto got = meeting.receive();
      return got ? got->number() : -1;
    });
    receiver.until_it_waits();
    meddler::hook = meddle;
    CHECK(meeting.send(meddler(2)) == status::ok);
    meddler::hook = nullptr;
    CHECK(receiver.outcome() == 2);
  }
  CHECK(meddled > 0);
}

TEST_CASE("tinygo 5513: nothing of the user's runs under a lock: a move may ask and close the mailbox", "[failures]") {
  const watchdog guard("a move that uses the mailbox");
  static mailbox<meddler>* channel = nullptr;
  static int asked = 0;
  mailbox<meddler> box(4);
  channel = &box;
  asked = 0;
  meddler::hook = [](int) {
    asked += channel->is_closed() ? 0 : 1;
    static_cast<void>(channel->was_empty());
    static_cast<void>(channel->was_full());
  };
  CHECK(box.send(meddler(1)) == status::ok);
  CHECK(box.receive().value().number() == 1);
  CHECK(asked >= 2);
  meddler::hook = [](int) { channel->close(); };
  CHECK(box.send(meddler(3)) == status::ok);  // it had its place before the mailbox was closed
  meddler::hook = nullptr;
  CHECK(box.send(meddler(4)) == status::closed);
  CHECK(box.receive().value().number() == 3);
  CHECK(box.receive().error() == status::closed);
}

// A full-size spin at every wait, while the partner waits for the same core: seconds became minutes.
TEST_CASE("crossbeam 821, JDK-8301341: a thread whose spins never pay stops spinning", "[failures]") {
  using tandem::detail::backoff;
  tandem::detail::patience learned;
  const auto polls_of_one_wait = [&] {
    int polls = 0;
    const auto never = [&] {
      ++polls;
      return false;
    };
    CHECK_FALSE(backoff::await(never, tandem::detail::deadline::unlimited(), learned));
    return polls;
  };
  for (int i = 0; i < 40; ++i) polls_of_one_wait();  // long enough to learn it
  int waits_that_only_look = 0;
  for (unsigned i = 0; i < tandem::detail::budget::probe_every; ++i) {
    waits_that_only_look += polls_of_one_wait() == 1 ? 1 : 0;
  }
  CHECK(waits_that_only_look >= static_cast<int>(tandem::detail::budget::probe_every) - 2);  // one probe of each kind
}
