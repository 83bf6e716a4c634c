// killers: small programs, each run in every way there is, that fail when the library has been made wrong on purpose.
// They are not how the library is tested (tests/model is): each is as small as it can be and still sees what it is for.
#pragma once

#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tandem/blend/select.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/coro/compose.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/scope.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/tandem.hpp>

#include <tandem/lab/lab.hpp>

#include "support/background.hpp"
#include "support/started.hpp"

namespace killers {

namespace lab = tandem::lab;
using tandem::status;
using namespace std::chrono_literals;

/// Runs the first here, the others each on a thread of its own, until all are done.
template <class First, class... Others>
void together(First&& first, Others&&... others) {
  std::array<tandem::thread, sizeof...(Others)> threads{lab::spawn("", std::forward<Others>(others))...};
  first();
  for (tandem::thread& t : threads) t.join();
}

/// Plain data that one thread writes and another reads: a race on it is found if nothing orders the two.
using witness = tandem::cell<int>;

/// How many were received, and of what sum.
struct tally {
  int count = 0;
  int sum = 0;
  void add(int number) {
    ++count;
    sum += number;
  }
};

/// A message that is found missing, or there twice: the lab counts atomics, so each has to end once, moved from or not.
class letter {
 public:
  explicit letter(int number) : number_(number) {}
  letter(letter&& other) noexcept : number_(std::exchange(other.number_, 0)) {}
  letter& operator=(letter&&) = delete;
  ~letter() = default;
  /// 0 once it has been moved from.
  int number() const { return number_; }

 private:
  int number_;
  tandem::atomic<int> alive_{1};
};

/// 0 if nothing was received.
inline int number_of(const tandem::result<letter>& got) { return got ? got->number() : 0; }

// --- what tells threads apart, and who waits -------------------------------------------------------------------------

inline void a_lock() {
  tandem::detail::mutex lock;
  witness count;
  const auto visit = [&] {
    const tandem::detail::scoped_lock hold(lock);
    count = count + 1;
  };
  together(visit, visit, visit);
  lab::check(count == 3, "three visits are three");
}

/// Whoever comes last destroys the lock that the others may still be about to leave.
inline void a_lock_that_ends() {
  struct shared {
    tandem::detail::mutex lock;
    tandem::cell<int> users{2};
  };
  auto* const s = new shared;
  const auto visit = [s] {
    bool last = false;
    {
      const tandem::detail::scoped_lock hold(s->lock);
      s->users = s->users - 1;
      last = s->users == 0;
    }
    if (last) delete s;
  };
  together(visit, visit);
}

/// Those who stand in line, without anybody else: who is first, who has gone, who comes back to an old place.
inline void a_line() {
  using tandem::detail::place;
  place a;
  place b;
  place c;
  place d;
  place e;
  tandem::detail::wait_list line;
  lab::check(line.empty() && line.claim_first() == nullptr, "nobody is there");
  for (place* const p : {&a, &b, &c, &d}) line.insert(*p);
  lab::check(!line.empty(), "four are there");
  lab::check(line.remove(b) && !line.remove(b), "one leaves from the middle, once");
  lab::check(line.claim_first() == &a && !line.remove(a), "the first is claimed, and has gone");
  lab::check(line.remove(d), "the last leaves");
  for (place* const p : {&d, &a, &b, &e}) {
    p->rearm();
    line.insert(*p);
  }
  lab::check(b.cancel(tandem::detail::outcome::stopped) && !b.cancel(tandem::detail::outcome::stopped),
             "one has made up its mind, once");
  lab::check(line.claim_first() == &a && b.listed(), "whoever comes back has its old place");
  lab::check(line.claim_first() == &c && !b.listed(), "whoever has made up its mind is passed over");
  place* const rest = line.claim_all();
  place* const second = rest == &d ? static_cast<place*>(d.next) : nullptr;
  lab::check(second == &e && e.next == nullptr, "all the others, in their order");
  lab::check(line.empty() && line.claim_all() == nullptr, "nobody is left");
}

inline void a_waiter() {
  tandem::detail::waiter w;
  witness message;
  together(
      [&] {
        lab::check(w.wait(tandem::detail::deadline::unlimited()) == tandem::detail::outcome::ok,
                   "it ends as it was told");
        lab::check(message == 1, "what came before the end is there");
      },
      [&] {
        message = 1;
        lab::check(w.claim(), "nobody else claims it");
        w.complete(tandem::detail::outcome::ok);
      });
}

/// A deadline and a partner: one of them ends the wait, once.
inline void a_waiter_in_a_hurry() {
  tandem::detail::waiter w;
  witness message;
  bool claimed = false;
  auto how = tandem::detail::outcome::pending;
  together([&] { how = w.wait(tandem::detail::deadline::after(1ms)); },
           [&] {
             claimed = w.claim();
             if (!claimed) return;
             message = 1;
             w.complete(tandem::detail::outcome::ok);
           });
  lab::check((how == tandem::detail::outcome::ok) == claimed, "whoever claims it ends it");
  lab::check(claimed || how == tandem::detail::outcome::timeout, "and if nobody does, the deadline");
}

/// The waiter goes as soon as its outcome is there.
inline void a_waiter_that_ends() {
  auto* const w = new tandem::detail::waiter;
  together(
      [&] {
        lab::check(w->sleep(tandem::detail::deadline::unlimited()) == tandem::detail::outcome::look, "told to look");
        delete w;
      },
      [&] { lab::check(w->cancel(tandem::detail::outcome::look), "nobody else claims it"); });
}

/// One that is no thread: whoever completes it goes on with what it was doing.
template <class Waiter>
struct resumed_waiter final : tandem::detail::resumable<Waiter> {
  struct runs_at_once final : tandem::scheduler {
    void post(tandem::run_item& item) noexcept override { item.run(); }
  };
  resumed_waiter()
      : tandem::detail::resumable<Waiter>([](tandem::run_item& item) noexcept {
          auto& me = static_cast<resumed_waiter&>(item);
          lab::check(me.frame == 1, "what it did before it fell asleep is over");
          me.frame = 2;
          me.resumed = true;
        }) {
    this->belongs_to(home);
  }
  /// Falls asleep, or finds its outcome.
  void lies_down() {
    frame = 1;
    slept = this->fall_asleep();
    if (slept) return;
    lab::check(this->written() == tandem::detail::outcome::ok, "its outcome is there");
    lab::check(message == 7, "and what came before that");
    frame = 3;
  }
  void completed() {
    message = 7;
    this->complete(tandem::detail::outcome::ok);
  }
  runs_at_once home;
  witness frame;
  witness message;
  bool resumed = false;
  bool slept = false;
};

inline void a_waiter_that_is_resumed() {
  resumed_waiter<tandem::detail::place> w;
  together([&] { w.lies_down(); }, [&] { w.completed(); });
  lab::check(w.slept == w.resumed, "resumed if it slept");
}

/// The same, with several places: it cannot be claimed before it says so.
inline void a_choice_that_is_resumed() {
  resumed_waiter<tandem::detail::several> w;
  w.go_away();
  together(
      [&] {
        if (w.step_up()) w.lies_down();
      },
      [&] {
        if (w.claim()) w.completed();
      });
  lab::check(w.slept || !w.resumed, "resumed if it slept");
}

/// One that never sleeps, and asks now and then for its outcome.
inline void a_waiter_that_asks() {
  tandem::detail::waiter w;
  witness message;
  together(
      [&] {
        auto how = tandem::detail::outcome::pending;
        while (how == tandem::detail::outcome::pending) {
          tandem::platform::yield();
          how = w.written();
        }
        lab::check(how == tandem::detail::outcome::ok, "it ends as it was told");
        lab::check(message == 7, "what came before the end is there");
      },
      [&] {
        message = 7;
        w.complete(tandem::detail::outcome::ok);
      });
}

// --- the rendezvous --------------------------------------------------------------------------------------------------

/// What each did before the meeting, the other sees after it.
inline void a_meeting() {
  tandem::rendezvous<letter> desk;
  witness before_send;
  witness before_receive;
  together(
      [&] {
        before_send = 1;
        lab::check(desk.send(letter(7)) == status::ok, "the send is ok");
        lab::check(before_receive == 2, "the receiver was there");
      },
      [&] {
        before_receive = 2;
        lab::check(number_of(desk.receive()) == 7, "the message arrives");
        lab::check(before_send == 1, "what the sender did before is there");
      });
}

/// Whoever has met may destroy the channel.
inline void a_meeting_and_the_end() {
  auto* const desk = new tandem::rendezvous<int>;
  const unsigned who = lab::choose(2);
  together(
      [&] {
        lab::check(desk->send(7) == status::ok, "the send is ok");
        if (who == 0) delete desk;
      },
      [&] {
        lab::check(desk->receive().value_or(0) == 7, "the message arrives");
        if (who == 1) delete desk;
      });
}

inline void two_senders_and_a_receiver() {
  tandem::rendezvous<int> desk;
  int sum = 0;
  together([&] { sum = desk.receive().value_or(0) + desk.receive().value_or(0); },
           [&] { lab::check(desk.send(1) == status::ok, "the first is ok"); },
           [&] { lab::check(desk.send(2) == status::ok, "the second is ok"); });
  lab::check(sum == 3, "each arrives once");
}

inline void two_receivers_and_a_sender() {
  tandem::rendezvous<int> desk;
  std::array<int, 2> got{};
  together([&] { lab::check(desk.send(1) == status::ok && desk.send(2) == status::ok, "both are ok"); },
           [&] { got[0] = desk.receive().value_or(0); }, [&] { got[1] = desk.receive().value_or(0); });
  lab::check(got[0] + got[1] == 3 && got[0] != got[1], "each arrives once");
}

/// A message is with one of the two, whatever the clock says.
inline void a_meeting_missed() {
  tandem::rendezvous<letter> desk;
  letter mine(7);
  int received = 0;
  status sent = status::full;
  together([&] { sent = desk.try_send_for(std::move(mine), 1ms); },
           [&] { received = number_of(desk.try_receive_for(1ms)); });
  lab::check(sent == status::ok || sent == status::timeout, "met, or missed");
  lab::check(sent == status::ok ? received == 7 : received == 0, "nothing is received that was not sent");
  lab::check(mine.number() == (sent == status::ok ? 0 : 7), "what was not sent is still mine");
}

inline void a_meeting_called_off() {
  tandem::rendezvous<letter> desk;
  const tandem::stop_source stop;
  letter mine(7);
  int received = 0;
  status sent = status::full;
  together([&] { sent = desk.send(std::move(mine), stop.get_token()); },
           [&] {
             received = number_of(desk.try_receive());
             stop.request_stop();
           });
  lab::check(received == 7 ? sent == status::ok : sent == status::stopped, "met, or called off");
  lab::check(mine.number() == (sent == status::ok ? 0 : 7), "what was not sent is still mine");
}

/// A stop that came first, comes first: nothing is attempted.
inline void a_stop_that_came_first() {
  tandem::rendezvous<letter> desk;
  const tandem::stop_source stop;
  stop.request_stop();
  letter mine(7);
  int received = 0;
  together([&] { received = number_of(desk.try_receive_for(1ms)); },
           [&] {
             lab::check(desk.send(std::move(mine), stop.get_token()) == status::stopped, "a send is not attempted");
             lab::check(desk.receive(stop.get_token()).error() == status::stopped, "nor is a receive");
           });
  lab::check(received == 0 && mine.number() == 7, "what was not sent is still mine");
}

inline void a_meeting_place_closed() {
  tandem::rendezvous<int> desk;
  witness closing;
  const bool sends = lab::choose(2) == 0;
  together(
      [&] {
        const status how = sends ? desk.send(7) : desk.receive().error();
        lab::check(how == status::closed, "nobody is met");
        lab::check(closing == 1, "what came before the close is there");
        lab::check(desk.is_closed(), "it stays closed");
      },
      [&] {
        closing = 1;
        desk.close();
        lab::check(desk.try_send(8) == status::closed && desk.try_receive().error() == status::closed, "for everybody");
      });
}

/// All who wait are told.
inline void a_meeting_place_closed_for_two() {
  tandem::rendezvous<int> desk;
  const auto wait = [&] { lab::check(desk.receive().error() == status::closed, "nobody is met"); };
  together([&] { desk.close(); }, wait, wait);
}

inline void a_meeting_place_seen_closed() {
  tandem::rendezvous<int> desk;
  witness closing;
  together(
      [&] {
        if (desk.is_closed()) lab::check(closing == 1, "what came before the close is there");
      },
      [&] {
        closing = 1;
        desk.close();
      });
}

/// What can be done at once is done, and no more.
inline void a_meeting_at_once() {
  tandem::rendezvous<int> desk;
  lab::check(desk.try_send(1) == status::full && desk.try_receive().error() == status::empty, "nobody is there");
  bool sent = false;
  int received = 0;
  together([&] { received = desk.receive().value_or(0); },
           [&] {
             sent = desk.try_send(7) == status::ok;
             if (!sent) desk.close();
           });
  lab::check(sent ? received == 7 : received == 0, "met, or not");
}

/// Whoever has come a while ago is found by a try.
inline void a_meeting_in_time() {
  tandem::rendezvous<int> desk;
  const bool sends = lab::choose(2) == 1;
  int received = 0;
  together(
      [&] {
        tandem::sleep_for(1ms);
        if (sends) {
          lab::check(desk.try_send(7) == status::ok, "somebody is there");
        } else {
          received = desk.try_receive().value_or(0);
        }
      },
      [&] {
        if (sends) {
          received = desk.receive().value_or(0);
        } else {
          lab::check(desk.send(7) == status::ok, "met");
        }
      });
  lab::check(received == 7, "met");
}

/// Those who wait are served in the order in which they came.
inline void a_queue_at_the_desk() {
  tandem::rendezvous<int> desk;
  const auto at = [](int moment) { tandem::sleep_for(moment * 1ms); };
  together(
      [&] {
        at(3);
        lab::check(desk.receive().value_or(0) == 2, "the first has gone, the second is next");
        lab::check(desk.receive().value_or(0) == 3, "then the third");
      },
      [&] { lab::check(desk.try_send_for(1, 2500us) == status::timeout, "the first gives up"); },
      [&] {
        at(1);
        lab::check(desk.send(2) == status::ok, "the second is served");
      },
      [&] {
        at(2);
        lab::check(desk.send(3) == status::ok, "the third is served");
      });
}

// --- the mailbox -----------------------------------------------------------------------------------------------------

inline void a_letter() {
  tandem::mailbox<letter> box(1);
  witness before_send;
  together(
      [&] {
        before_send = 1;
        lab::check(box.send(letter(7)) == status::ok, "the send is ok");
      },
      [&] {
        lab::check(number_of(box.receive()) == 7, "the letter arrives");
        lab::check(before_send == 1, "what the sender did before is there");
      });
}

/// Into a mailbox for one: the second has to wait for room.
inline void two_letters() {
  tandem::mailbox<int> box(1);
  together([&] { lab::check(box.send(1) == status::ok && box.send(2) == status::ok, "both are ok"); },
           [&] {
             lab::check(box.receive().value_or(0) == 1, "the first comes first");
             lab::check(box.receive().value_or(0) == 2, "the second comes second");
           });
}

/// Room: a sender waits, a receiver makes some.
inline void a_full_mailbox() {
  tandem::mailbox<letter> box(1);
  lab::check(box.try_send(letter(1)) == status::ok, "there is room for one");
  lab::check(box.try_send(letter(2)) == status::full, "and for no more");
  together([&] { lab::check(box.send(letter(2)) == status::ok, "then there is room"); },
           [&] { lab::check(number_of(box.try_receive()) == 1, "the first was there"); });
  lab::check(number_of(box.try_receive()) == 2, "the second is there");
  lab::check(box.try_receive().error() == status::empty, "and no more");
}

/// Around the ring: the places are used again.
inline void letters_around_the_ring() {
  tandem::mailbox<letter> box(2);
  lab::check(box.try_send(letter(1)) == status::ok && box.try_send(letter(2)) == status::ok, "there is room for two");
  std::array<status, 2> sent{status::empty, status::empty};
  tally got;
  together(
      [&] {
        sent[0] = box.try_send(letter(4));
        sent[1] = box.try_send(letter(8));
      },
      [&] {
        got.add(number_of(box.try_receive()));
        got.add(number_of(box.try_receive()));
      });
  lab::check(got.sum == 3 && got.count == 2, "what was there is got");
  int left = (sent[0] == status::ok ? 4 : 0) + (sent[1] == status::ok ? 8 : 0);
  while (const auto l = box.try_receive()) left -= l->number();
  lab::check(left == 0, "what was sent is there");
  lab::check(box.try_receive().error() == status::empty, "and no more");
}

/// Three places, twice around.
inline void three_places() {
  tandem::mailbox<letter> box(3);
  for (int lap = 0; lap < 2; ++lap) {
    for (int i = 1; i <= 3; ++i) lab::check(box.try_send(letter(i)) == status::ok, "there is room for three");
    lab::check(box.was_full() && box.try_send(letter(4)) == status::full, "and for no more");
    for (int i = 1; i <= 3; ++i) lab::check(number_of(box.try_receive()) == i, "they come in their order");
    lab::check(box.was_empty() && box.try_receive().error() == status::empty, "and no more");
  }
}

/// Nobody looks now and then whether something has come, or whether there is room: that would be too often.
inline void a_long_wait() {
  tandem::mailbox<letter> box(1);
  const bool sends = lab::choose(2) == 1;
  if (sends) lab::check(box.try_send(letter(1)) == status::ok, "there is room");
  together([&] { lab::check(sends ? box.send(letter(2)) == status::ok : number_of(box.receive()) == 2, "in the end"); },
           [&] {
             tandem::sleep_for(1h);
             lab::check(sends ? number_of(box.try_receive()) == 1 : box.try_send(letter(2)) == status::ok, "at last");
           });
}

/// Whoever waits for room hears of the close at once, not when it looks again.
inline void a_close_heard_at_once() {
  tandem::mailbox<letter> box(1);
  const bool sends = lab::choose(2) == 1;
  if (sends) lab::check(box.try_send(letter(1)) == status::ok, "there is room");
  const auto before = tandem::clock::now();
  together(
      [&] {
        const status how = sends ? box.send(letter(2)) : box.receive().error();
        lab::check(how == status::closed && tandem::clock::now() - before < 1ms, "closed, and before the end of a nap");
      },
      [&] { box.close(); });
}

/// For the same place.
inline void a_race_for_room() {
  tandem::mailbox<letter> box(1);
  status one = status::empty;
  status two = status::empty;
  together([&] { one = box.try_send(letter(1)); }, [&] { two = box.try_send(letter(2)); });
  lab::check((one == status::ok) != (two == status::ok), "one of the two");
  lab::check(number_of(box.try_receive()) == (one == status::ok ? 1 : 2), "is there");
  lab::check(box.try_receive().error() == status::empty, "and no more");
}

inline void a_race_for_a_letter() {
  tandem::mailbox<letter> box(2);
  lab::check(box.try_send(letter(1)) == status::ok, "there is room");
  int one = 0;
  int two = 0;
  together([&] { one = number_of(box.try_receive()); }, [&] { two = number_of(box.try_receive()); });
  lab::check(one + two == 1, "one of the two gets it");
}

inline void two_writers() {
  tandem::mailbox<int> box(1);
  int sum = 0;
  together([&] { sum = box.receive().value_or(0) + box.receive().value_or(0); },
           [&] { lab::check(box.send(1) == status::ok, "the first is ok"); },
           [&] { lab::check(box.send(2) == status::ok, "the second is ok"); });
  lab::check(sum == 3, "each arrives once");
}

inline void two_readers() {
  tandem::mailbox<int> box(1);
  std::array<int, 2> got{};
  together([&] { lab::check(box.send(1) == status::ok && box.send(2) == status::ok, "both are ok"); },
           [&] { got[0] = box.receive().value_or(0); }, [&] { got[1] = box.receive().value_or(0); });
  lab::check(got[0] + got[1] == 3 && got[0] != got[1], "each arrives once");
}

/// Two messages, two sleepers: the one who finds a message first lets the other know that there is one more.
inline void a_turn_passed_on() {
  tandem::mailbox<int> box(2);
  std::array<int, 2> got{};
  together([&] { got[0] = box.receive().value_or(0); }, [&] { got[1] = box.receive().value_or(0); },
           [&] { lab::check(box.send(1) == status::ok, "there is room"); },
           [&] { lab::check(box.send(2) == status::ok, "for both"); });
  lab::check(got[0] + got[1] == 3 && got[0] != got[1], "each arrives once");
}

/// The same for room.
inline void a_turn_to_write_passed_on() {
  tandem::mailbox<int> box(2);
  lab::check(box.try_send(1) == status::ok && box.try_send(2) == status::ok, "there is room for two");
  std::array<int, 2> got{};
  together([&] { lab::check(box.send(4) == status::ok, "then for one more"); },
           [&] { lab::check(box.send(8) == status::ok, "and another"); }, [&] { got[0] = box.receive().value_or(0); },
           [&] { got[1] = box.receive().value_or(0); });
  lab::check(got[0] + got[1] == 3, "what was there is got");
  lab::check(box.try_receive().value_or(0) + box.try_receive().value_or(0) == 12, "what was sent is there");
}

/// A stop that came first, comes first: nothing is attempted.
inline void a_letter_not_to_be_sent() {
  tandem::mailbox<letter> box(1);
  const tandem::stop_source stop;
  stop.request_stop();
  letter mine(7);
  lab::check(box.send(std::move(mine), stop.get_token()) == status::stopped, "a send is not attempted");
  lab::check(mine.number() == 7 && box.was_empty(), "what was not sent is still mine");
  lab::check(box.send(letter(8)) == status::ok, "there is room");
  lab::check(box.receive(stop.get_token()).error() == status::stopped && box.was_full(), "nor is a receive attempted");
}

/// What was accepted is delivered, then it is closed, and what the closer did before is seen.
inline void a_mailbox_closed() {
  tandem::mailbox<letter> box(1);
  witness closing;
  const bool full = lab::choose(2) == 1;
  if (full) lab::check(box.try_send(letter(1)) == status::ok, "there is room");
  together(
      [&] {
        if (full) lab::check(number_of(box.receive()) == 1, "what was accepted is delivered");
        lab::check(box.receive().error() == status::closed, "and then no more");
        lab::check(closing == 1, "what came before the close is there");
      },
      [&] {
        closing = 1;
        box.close();
        lab::check(box.try_send(letter(2)) == status::closed, "it takes no more");
      });
}

inline void a_full_mailbox_closed() {
  tandem::mailbox<letter> box(1);
  witness closing;
  lab::check(box.try_send(letter(1)) == status::ok, "there is room");
  together(
      [&] {
        letter mine(2);
        lab::check(box.send(std::move(mine)) == status::closed, "it takes no more");
        lab::check(mine.number() == 2, "what was not sent is still mine");
        lab::check(closing == 1, "what came before the close is there");
      },
      [&] {
        closing = 1;
        box.close();
      });
}

inline void a_mailbox_seen_closed() {
  tandem::mailbox<int> box(1);
  witness closing;
  together(
      [&] {
        if (box.is_closed()) lab::check(closing == 1, "what came before the close is there");
      },
      [&] {
        closing = 1;
        box.close();
      });
}

/// A sender and close(): accepted and delivered, or refused.
inline void a_letter_too_late() {
  tandem::mailbox<int> box(1);
  status sent = status::full;
  tally got;
  together([&] { sent = box.send(7); }, [&] { box.close(); },
           [&] {
             while (const auto l = box.receive()) got.add(*l);
           });
  lab::check(sent == status::ok ? got.count == 1 && got.sum == 7 : sent == status::closed && got.count == 0,
             "accepted and delivered, or refused");
}

inline void a_mailbox_never_empty() {
  tandem::mailbox<int> box(2);
  lab::check(box.try_send(1) == status::ok, "there is room");
  together([&] { lab::check(!box.was_empty(), "there was always something in it"); },
           [&] { lab::check(box.try_send(2) == status::ok && box.try_receive().value_or(0) == 1, "one in, one out"); });
}

inline void a_mailbox_never_full() {
  tandem::mailbox<int> box(2);
  lab::check(box.try_send(1) == status::ok, "there is room");
  together([&] { lab::check(!box.was_full(), "there was always room"); },
           [&] { lab::check(box.try_receive().value_or(0) == 1 && box.try_send(2) == status::ok, "one out, one in"); });
}

/// try_ does not lie: there is always one left for whoever asks, since the others put one in before they take one out.
/// (A try_ makes two attempts, so it takes two others to mislead it.)
inline void one_for_each() {
  tandem::mailbox<int> box(3);
  lab::check(box.try_send(1) == status::ok, "there is room");
  const auto take = [&] { lab::check(box.try_receive().has_value(), "there was always something in it"); };
  const auto other = [&] {
    lab::check(box.try_send(2) == status::ok, "there is room");
    take();
  };
  together(take, other, other);
}

/// And always room.
inline void room_for_each() {
  tandem::mailbox<int> box(3);
  for (int i = 0; i < 2; ++i) lab::check(box.try_send(1) == status::ok, "there is room");
  const auto add = [&] { lab::check(box.try_send(2) == status::ok, "there was always room"); };
  const auto other = [&] {
    lab::check(box.try_receive().has_value(), "there is something");
    add();
  };
  together(add, other, other);
}

/// One's own letter is stored: somebody who is half-way with another may be waited for, but it is not overlooked.
inline void a_letter_of_ones_own() {
  tandem::mailbox<int> box(2);
  together([&] { lab::check(box.try_send(1) == status::ok, "there is room"); },
           [&] {
             lab::check(box.try_send(2) == status::ok, "for both");
             lab::check(box.try_receive().has_value(), "there is something in it");
           });
}

/// try_ does not lie: what happened before is seen.
inline void an_honest_refusal() {
  tandem::mailbox<int> box(1);
  together(
      [&] {
        if (box.try_send(1) != status::ok) return;
        const auto back = box.try_receive();
        lab::check(back || back.error() == status::empty, "not closed");
        lab::check(!back || *back == 1 || *back == 2, "one of the two");
      },
      [&] {
        const status sent = box.try_send(2);
        lab::check(sent == status::ok || sent == status::full, "not closed");
      });
}

inline void a_letter_missed() {
  tandem::mailbox<letter> box(1);
  int received = 0;
  together([&] { received = number_of(box.try_receive_for(1ms)); },
           [&] { lab::check(box.try_send_for(letter(7), 1ms) == status::ok, "there is room"); });
  const int left = number_of(box.try_receive());
  lab::check(received + left == 7, "it was got, or is there");
}

inline void a_reader_called_off() {
  tandem::mailbox<letter> box(1);
  const tandem::stop_source stop;
  status how = status::full;
  together([&] { how = box.receive(stop.get_token()).error(); },
           [&] {
             stop.request_stop();
             lab::check(box.try_send(letter(7)) == status::ok, "there is room");
           });
  const int left = number_of(box.try_receive());
  lab::check(how == status::ok ? left == 0 : how == status::stopped && left == 7, "it was got, or is there");
}

// --- promise and future ----------------------------------------------------------------------------------------------

inline void a_promise_kept() {
  tandem::promise<letter> promised;
  auto later = promised.get_future();
  together([&, mine = std::move(later)]() mutable { lab::check(number_of(mine.get()) == 7, "the value comes"); },
           [&, mine = std::move(promised)]() mutable { lab::check(mine.set_value(letter(7)) == status::ok, "kept"); });
}

/// Neither is there for longer than it must.
inline void a_promise_and_the_end() {
  tandem::promise<letter> promised;
  auto later = promised.get_future();
  witness mine;
  status sent = status::full;
  together(
      [&] {
        mine = 1;
        later = tandem::future<letter>();
      },
      [&] {
        letter value(7);
        sent = promised.set_value(std::move(value));
        lab::check(sent == status::ok || sent == status::abandoned, "kept, or nobody will ask");
        lab::check(value.number() == (sent == status::ok ? 0 : 7), "what was not sent is still mine");
        if (sent == status::abandoned) lab::check(mine == 1, "what came before the end is there");
        promised = tandem::promise<letter>();
      });
}

/// A value that nobody gets goes with the future, or with its own set_value.
inline void a_promise_unheard() {
  struct question {
    tandem::promise<int> answer;
  };
  tandem::promise<question> promised;
  auto later = promised.get_future();
  together([&] { later = tandem::future<question>(); },
           [&] {
             tandem::promise<int> inner;
             auto answer = inner.get_future();
             if (!promised.set_value(question{std::move(inner)})) return;
             lab::check(answer.get().error() == status::abandoned, "nobody will answer");
           });
}

inline void a_promise_broken() {
  tandem::promise<letter> promised;
  auto later = promised.get_future();
  witness mine;
  together(
      [&] {
        lab::check(later.get().error() == status::abandoned, "none will come");
        lab::check(mine == 1, "what came before the end is there");
      },
      [&] {
        mine = 1;
        promised = tandem::promise<letter>();
      });
}

/// Both ends can be handed on.
inline void a_promise_handed_on() {
  tandem::promise<letter> first;
  tandem::promise<letter> promised(std::move(first));
  tandem::future<letter> early = promised.get_future();
  tandem::future<letter> later;
  lab::check(promised && !first && early.valid() && !later.valid(), "one end each");
  later = std::move(early);
  first = std::move(promised);
  lab::check(first && !promised && later.valid() && !early.valid(), "handed on");
  lab::check(first.set_value(letter(7)) == status::ok, "kept");
  lab::check(number_of(later.get()) == 7, "the value comes");
}

/// Nobody will ask: the value stays where it is.
inline void a_promise_to_nobody() {
  tandem::promise<letter> promised;
  promised.get_future() = tandem::future<letter>();
  letter value(7);
  lab::check(promised.set_value(std::move(value)) == status::abandoned, "nobody will ask");
  lab::check(value.number() == 7, "what was not sent is still mine");
}

/// Got in time, or later: once.
inline void a_promise_late() {
  tandem::promise<letter> promised;
  auto later = promised.get_future();
  int first = 0;
  together([&] { first = number_of(later.try_get_for(1ms)); },
           [&] {
             lab::check(promised.set_value(letter(7)) == status::ok, "kept");
             lab::check(promised.set_value(letter(8)) == status::closed, "once");
           });
  lab::check(later.was_ready(), "it is there");
  lab::check(first + number_of(later.get()) == 7, "got once");
  lab::check(later.try_get().error() == status::closed, "and no more");
}

inline void a_question_called_off() {
  tandem::promise<int> promised;
  auto later = promised.get_future();
  const tandem::stop_source stop;
  int got = 0;
  together([&] { got = later.get(stop.get_token()).value_or(0); },
           [&] {
             stop.request_stop();
             lab::check(promised.set_value(7) == status::ok, "kept");
           });
  lab::check(got + later.try_get().value_or(0) == 7, "got once");
}

inline void a_question_not_to_be_asked() {
  tandem::promise<letter> promised;
  auto later = promised.get_future();
  const tandem::stop_source stop;
  stop.request_stop();
  lab::check(later.try_get().error() == status::empty && !later.was_ready(), "it is not there yet");
  lab::check(promised.set_value(letter(7)) == status::ok, "kept");
  lab::check(later.get(stop.get_token()).error() == status::stopped && later.was_ready(), "a get is not attempted");
}

/// Asked now and then.
inline void a_promise_watched() {
  tandem::promise<int> promised;
  auto later = promised.get_future();
  witness mine;
  together(
      [&] {
        if (!later.was_ready()) return;
        lab::check(mine == 1, "what came before is there");
        lab::check(later.try_get().value_or(0) == 7, "so is the value");
      },
      [&] {
        mine = 1;
        lab::check(promised.set_value(7) == status::ok, "kept");
      });
}

// --- ports -----------------------------------------------------------------------------------------------------------

/// The last sender to go closes the channel, after all that any of them did.
inline void the_last_sender_goes() {
  auto [out, in] = tandem::open<tandem::mailbox<int>>(2);
  auto other = out;
  witness first;
  witness second;
  together(
      [&, mine = std::move(in)]() mutable {
        lab::check(mine.receive().error() == status::closed, "nothing comes");
        lab::check(first == 1 && second == 2, "what they did before they went is there");
      },
      [&] {
        first = 1;
        out.reset();
      },
      [&] {
        second = 2;
        other.reset();
      });
}

/// A port that is assigned another lets go of its own channel.
inline void a_port_handed_on() {
  auto [out, in] = tandem::open<tandem::mailbox<int>>(1);
  auto [other_out, other_in] = tandem::open<tandem::mailbox<int>>(1);
  out = std::move(other_out);
  lab::check(out && !other_out, "handed on");
  lab::check(in.try_receive().error() == status::closed, "nobody is left to send there");
  lab::check(out.try_send(7) == status::ok && other_in.try_receive().value_or(0) == 7, "this one is open");
}

/// The last of all ends the channel, with what is in it.
inline void the_last_port_goes() {
  auto [out, in] = tandem::open<tandem::mailbox<letter>>(1);
  status sent = status::full;
  together(
      [&] {
        sent = out.send(letter(7));
        out.reset();
      },
      [&] { in.reset(); });
  lab::check(sent == status::ok || sent == status::closed, "stored, or closed");
}

/// A question that nobody will read goes with the last receiver, or with its own send: whoever asked does not wait.
inline void a_question_unread() {
  struct question {
    tandem::promise<int> answer;
  };
  auto [out, in] = tandem::open<tandem::mailbox<question>>(1);
  together([&] { in.reset(); },
           [&] {
             tandem::promise<int> promised;
             auto answer = promised.get_future();
             if (!out.send(question{std::move(promised)})) return;
             lab::check(answer.get().error() == status::abandoned, "nobody will answer");
           });
  lab::check(out.is_closed(), "nobody is left to receive");
}

/// A letter in the middle of whose way another one is sent, or the last receiver goes: then two are half-way. (There is
/// room, so that neither waits for the other.)
struct sent_within {
  tandem::send_port<tandem::mailbox<sent_within>>* to = nullptr;
  tandem::receive_port<tandem::mailbox<sent_within>>* last = nullptr;
  int* left;
  explicit sent_within(int& count) : left(&count) { ++count; }
  sent_within(sent_within&& other) noexcept
      : to(std::exchange(other.to, nullptr)),
        last(std::exchange(other.last, nullptr)),
        left(std::exchange(other.left, nullptr)) {
    if (to != nullptr) {
      sent_within another(*left);
      another.last = std::exchange(last, nullptr);
      lab::check(std::exchange(to, nullptr)->send(std::move(another)) == status::ok, "there is room");
    } else if (last != nullptr) {
      std::exchange(last, nullptr)->reset();
    }
  }
  sent_within& operator=(sent_within&&) = delete;
  ~sent_within() {
    if (left != nullptr) --*left;
  }
};

inline void two_letters_half_way() {
  auto [out, in] = tandem::open<tandem::mailbox<sent_within>>(2);
  int left = 0;
  sent_within first(left);
  first.to = &out;
  first.last = &in;
  lab::check(out.send(std::move(first)) == status::ok, "there is room");
  lab::check(left == 0, "neither is left");
}

/// On one thread.
inline void letters_unread_on_one_thread() {
  struct question {
    tandem::promise<int> answer;
  };
  tandem::promise<int> promised;
  auto answer = promised.get_future();
  auto [out, in] = tandem::open<tandem::mailbox<question, tandem::one_thread>>(2);
  lab::check(out.try_send(question{std::move(promised)}) == status::ok, "there is room");
  out.close();
  lab::check(answer.try_get().error() == status::empty, "somebody can still receive it");
  in.reset();
  lab::check(answer.try_get().error() == status::abandoned, "nobody will answer");
  lab::check(out.try_send(question{tandem::promise<int>()}) == status::closed, "nobody is left to receive");
}

/// What is there already goes with the last receiver, and after all that any of them did.
inline void letters_unread() {
  struct guarded {
    witness* first;
    witness* second;
    guarded(witness* f, witness* s) : first(f), second(s) {}
    guarded(guarded&& other) noexcept : first(std::exchange(other.first, nullptr)), second(other.second) {}
    guarded& operator=(guarded&&) = delete;
    ~guarded() {
      if (first != nullptr) lab::check(*first == 1 && *second == 1, "no receiver does anything more");
      if (first != nullptr) *first = 2;
    }
  };
  witness first;
  witness second;
  auto [out, in] = tandem::open<tandem::mailbox<guarded>>(1);
  lab::check(out.send(guarded(&first, &second)) == status::ok, "there is room");
  auto other = in;
  together(
      [&] {
        first = 1;
        in.reset();
      },
      [&] {
        second = 1;
        other.reset();
      });
  lab::check(first == 2, "it has gone, though a sender is left");
}

/// Of a channel of one thread: what goes first closes it, on that thread; what goes last may do so on another.
inline void ports_of_one_thread() {
  auto [out, in] = tandem::open<tandem::mailbox<int, tandem::one_thread>>(1);
  together([] {},
           [&] {
             lab::check(out.try_send(7) == status::ok && out.try_send(8) == status::full, "room for one");
             out.reset();
             lab::check(in.try_receive().value_or(0) == 7, "what was stored is delivered");
             lab::check(in.try_receive().error() == status::closed, "nobody is left to send");
           });
}

// --- coroutines, and who runs them -----------------------------------------------------------------------------------

/// Something to be run by a loop, which stops it; and what its poster did before.
struct errand final : tandem::run_item {
  explicit errand(tandem::run_loop& on)
      : run_item([](run_item& item) noexcept {
          auto& me = static_cast<errand&>(item);
          lab::check(me.before == 1, "what its poster did before is there");
          me.loop.stop();
        }),
        loop(on) {}
  void post() {
    before = 1;
    loop.post(*this);
  }
  tandem::run_loop& loop;
  witness before;
};

/// The loop goes as soon as the item has been run, though the poster may have yet to leave.
inline void a_post() {
  std::optional<tandem::run_loop> loop(std::in_place);
  errand item(*loop);
  together(
      [&] {
        loop->run();
        loop.reset();
      },
      [&] { item.post(); });
}

/// The same, when the loop would wake by itself.
inline void a_post_and_an_alarm() {
  struct alarm_clock final : tandem::timer {
    alarm_clock() : timer([](timer&) noexcept {}) {}
  } alarm;
  std::optional<tandem::run_loop> loop(std::in_place);
  errand item(*loop);
  support::calls sets([&] {
    alarm.due = tandem::clock::now() + 1ms;
    loop->start(alarm);
  });
  loop->post(sets);
  together(
      [&] {
        loop->run();
        loop->call_off(alarm);
        loop.reset();
      },
      [&] { item.post(); });
}

/// A stop that comes late is for the next run.
inline void two_stops() {
  tandem::run_loop loop;
  together([&] { loop.run(); }, [&] { loop.stop(); }, [&] { loop.stop(); });
}

inline void a_coroutine_met() {
  tandem::rendezvous<letter> desk;
  witness before_send;
  together(
      [&] {
        tandem::run_loop loop;
        const int got = loop.block_on([](tandem::rendezvous<letter>& from) -> tandem::task<int> {
          const auto one = co_await from.co_receive();
          co_return one ? one->number() : 0;
        }(desk));
        lab::check(got == 7 && before_send == 1, "they met, and what came before that is there");
      },
      [&] {
        before_send = 1;
        lab::check(desk.send(letter(7)) == status::ok, "the send is ok");
      });
}

/// Whoever waits until all are done sees what each of them did; nobody touches the count after that.
inline void all_are_done() {
  std::optional<tandem::detail::head_count> count(std::in_place);
  witness first;
  witness second;
  count->one_more();
  count->one_more();
  const auto does = [&count](witness& mine) {
    return [&count, &mine] {
      mine = 1;
      count->one_less();
    };
  };
  together(
      [&] {
        tandem::run_loop loop;
        loop.block_on([](tandem::detail::head_count& of) -> tandem::task<> {
          co_await tandem::detail::head_count::zero(of);
        }(*count));
        count.reset();
        lab::check(first == 1 && second == 1, "all that they did is there");
      },
      does(first), does(second));
}

/// The first error asks the others to stop, and is told once.
inline void an_error_is_told() {
  tandem::run_loop loop;
  loop.block_on([](tandem::run_loop& where) -> tandem::task<> {
    tandem::scope all(where);
    for (int i = 1; i <= 2; ++i) {
      all.spawn([](int number) -> tandem::task<> {
        if (number != 0) throw number;
        co_return;
      }(i));
    }
    int told = 0;
    try {
      co_await all.join();
    } catch (int what) {
      told = what;
    }
    lab::check(told == 1 && all.stop_token().stop_requested(), "the first error, and a stop");
  }(loop));
}

/// The first to succeed wins; if nobody does, the first to end.
inline void the_first_of_two() {
  tandem::run_loop loop;
  const auto says = [](int number, status how) {
    return [=](const tandem::stop_token&) -> tandem::task<tandem::result<int>> {
      return [](int n, status h) -> tandem::task<tandem::result<int>> {
        co_return h ? tandem::result<int>(n) : tandem::result<int>(h);
      }(number, how);
    };
  };
  const auto won = loop.block_on(tandem::when_any(says(1, status::closed), says(2, status::ok), says(3, status::ok)));
  lab::check(won.index == 1 && won.value.value_or(0) == 2, "the first to succeed");
  const auto lost = loop.block_on(tandem::when_any(says(1, status::closed), says(2, status::timeout)));
  lab::check(lost.index == 0 && lost.value.error() == status::closed, "the first to end");
}

/// What is posted first is run by one thread, what is posted second by another.
class by_turns final : public tandem::scheduler {
 public:
  void post(tandem::run_item& item) noexcept override {
    turn& next = turns_[static_cast<std::size_t>(posted_++)];
    next.item = &item;
    over(next);
  }
  void run(std::size_t number) {
    turn& mine = turns_[number];
    while (mine.there.load(tandem::memory_order::acquire) == 0) {
      tandem::platform::park(mine.there, 0, tandem::platform::no_deadline);
    }
    if (tandem::run_item* const item = mine.item) item->run();
  }
  /// Nobody will post it.
  void leave_out(std::size_t number) { over(turns_[number]); }

 private:
  struct turn {
    tandem::atomic<std::uint32_t> there{0};
    tandem::cell<tandem::run_item*> item;
  };
  static void over(turn& t) {
    t.there.store(1, tandem::memory_order::release);
    tandem::platform::unpark_one(t.there.address());
  }
  std::array<turn, 2> turns_;
  int posted_ = 0;
};

/// A task ends on one thread while the thread that began it is about to leave it to itself; a third may go on.
inline void a_task_that_ends_elsewhere() {
  struct hop final : tandem::run_item {
    explicit hop(witness& w)
        : run_item([](run_item& item) noexcept { static_cast<hop&>(item).waiting.resume(); }), behind(&w) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<tandem::task<>::promise_type> me) noexcept {
      waiting = me;
      witness* const left = behind;
      me.promise().scheduler().post(*this);
      *left = 1;
    }
    void await_resume() const noexcept {}
    std::coroutine_handle<> waiting;
    witness* behind;
  };
  struct first {
    bool is = false;
  };
  by_turns threads;
  witness behind;
  witness done;
  witness went_on;
  bool never_suspended = false;
  together(
      [&] {
        tandem::platform::per_thread<first>().is = true;
        [](tandem::scheduler&, witness& left, witness& ended, witness& end, bool& here) -> support::background {
          co_await [](witness& one, witness& other) -> tandem::task<> {
            co_await hop(one);
            other = 1;
          }(left, ended);
          lab::check(left == 1, "what the one thread did before it left is there");
          lab::check(ended == 1, "and what the task did");
          end = 1;
          here = here || tandem::platform::per_thread<first>().is;
        }(threads, behind, done, went_on, never_suspended);
        if (never_suspended) threads.leave_out(1);
      },
      [&] { threads.run(0); }, [&] { threads.run(1); });
  lab::check(went_on == 1, "it went on");
}

// --- select ----------------------------------------------------------------------------------------------------------

inline void a_choice() {
  tandem::rendezvous<letter> a;
  tandem::rendezvous<letter> b;
  int got = 0;
  const auto take = [&got](const tandem::result<letter>& one) { got = number_of(one); };
  together([&] { lab::check(tandem::select(tandem::receive_from(a, take), tandem::receive_from(b, take)) == 1, "b"); },
           [&] { lab::check(b.send(letter(7)) == status::ok, "the send is ok"); });
  lab::check(got == 7, "they met");
}

/// Whoever only tries leaves nothing behind, so a select on its way to its lines is passed by.
inline void a_choice_passed_by() {
  tandem::rendezvous<letter> a;
  tandem::rendezvous<letter> b;
  int got = 0;
  const auto take = [&got](const tandem::result<letter>& one) { got = number_of(one); };
  together([&] { static_cast<void>(tandem::select(tandem::receive_from(a, take), tandem::receive_from(b, take))); },
           [&] {
             const status tried = a.try_send(letter(7));
             lab::check(tried == status::ok || tried == status::full, "it met the select, or nobody");
             if (tried == status::full) lab::check(b.send(letter(7)) == status::ok, "the send is ok");
           });
  lab::check(got == 7, "they met");
}

/// First a thread waits, then a coroutine: one of the places has been in its line all the time.
inline void a_choice_made_twice() {
  tandem::rendezvous<letter> a;
  tandem::rendezvous<letter> b;
  int sum = 0;
  const auto take = [&sum](const tandem::result<letter>& one) { sum += number_of(one); };
  const auto send = [](tandem::rendezvous<letter>& to, int number) {
    lab::check(to.send(letter(number)) == status::ok, "the send is ok");
  };
  together(
      [&] {
        tandem::selector either;
        either.add(tandem::receive_from(a, take));
        either.add(tandem::receive_from(b, take));
        static_cast<void>(either.select());
        tandem::run_loop loop;
        loop.block_on([](tandem::selector& one) -> tandem::task<> {
          const std::size_t number = co_await one.co_select();
          lab::check(number < 2, "one of them");
        }(either));
      },
      [&] { send(a, 1); }, [&] { send(b, 2); });
  lab::check(sum == 3, "both came");
}

/// Among the coroutines of one thread: both come; one while nobody looks, so that a place is dropped.
inline void a_choice_of_ones_own() {
  using own = tandem::rendezvous<letter, tandem::one_thread>;
  own a;
  own b;
  own aside;
  tandem::run_loop loop;
  int sum = 0;
  const auto take = [&sum](const tandem::result<letter>& one) { sum += number_of(one); };
  const auto chooses = [&]() -> tandem::task<> {
    tandem::selector either;
    either.add(tandem::receive_from(a, take));
    either.add(tandem::receive_from(b, take));
    const std::size_t first = co_await either.co_select();
    const auto meanwhile = co_await aside.co_receive();
    const std::size_t second = co_await either.co_select();
    lab::check(first == 0 && second == 1 && meanwhile, "first the one, then the other");
  };
  const auto sends = [&]() -> tandem::task<> {
    const auto one = co_await a.co_send(letter(1));
    const auto other = co_await aside.co_send(letter(4));
    lab::check(one && other, "the sends are ok");
  };
  const auto sends_meanwhile = [&]() -> tandem::task<> {
    const auto last = co_await b.co_send(letter(2));
    lab::check(static_cast<bool>(last), "the send is ok");
  };
  loop.block_on([](tandem::run_loop& where, auto& mine, auto& theirs, auto& meanwhile) -> tandem::task<> {
    tandem::scope all(where);
    all.spawn(mine());
    all.spawn(theirs());
    all.spawn(meanwhile());
    co_await all.join();
  }(loop, chooses, sends, sends_meanwhile));
  lab::check(sum == 3, "both came");
}

/// Whoever waits is destroyed: it gives up all its places, and nobody meets it.
inline void a_choice_of_ones_own_given_up() {
  using own = tandem::rendezvous<letter, tandem::one_thread>;
  own a;
  own b;
  tandem::run_loop loop;
  const auto chooses = [](tandem::scheduler&, own& one, own& other) -> support::started {
    co_await tandem::co_select(tandem::receive_from(one), tandem::receive_from(other));
  };
  loop.block_on([](tandem::run_loop& where, auto& body, own& one, own& other) -> tandem::task<> {
    const support::started waiting = body(where, one, other);
    lab::check(!waiting.done(), "nobody has come");
    co_return;
  }(loop, chooses, a, b));
  lab::check(a.try_send(letter(1)) == status::full && b.try_send(letter(2)) == status::full, "nobody is in line");
}

/// Nothing is ready, and somebody says so.
inline void a_choice_of_none() {
  tandem::rendezvous<letter> line;
  tandem::mailbox<letter> empty(1);
  tandem::mailbox<letter> filled(1);
  lab::check(filled.try_send(letter(1)) == status::ok, "there was room");
  letter mine(2);
  lab::check(tandem::select(tandem::receive_from(line), tandem::receive_from(empty), tandem::send_to(filled, mine),
                            tandem::otherwise()) == 3,
             "nothing is ready");
  lab::check(mine.number() == 2, "and nothing has happened");
}

/// One killer: its name, and the program.
struct killer {
  const char* name;
  void (*run)();
  lab::options bounds{};
};

inline lab::options polling() {
  lab::options o;
  o.longest_spin = 2000;
  o.longest_yield = 4000;
  return o;
}

/// The clock moves on when nobody can run, and only then; nobody wakes for no reason.
inline lab::options punctual(unsigned preemptions = 2) {
  lab::options o;
  o.preemptions = preemptions;
  o.spurious = 0;
  o.early_timeouts = 0;
  return o;
}

/// What a thread reads may have been old for long. (The lab counts every reading of the same store, and whoever comes
/// to a mailbox has looked at its counters several times before it stands in line.)
inline lab::options seen_late() {
  lab::options o = punctual();
  o.rereads = 4;
  return o;
}

/// Whoever finds somebody half-way goes to sleep at once, and the clock may move on.
inline lab::options impatient() {
  lab::options o;
  o.short_poll = 0;
  return o;
}

/// Every load reads the newest store: for what is about who comes when, and too large to be seen in full.
inline lab::options sequential(unsigned preemptions) {
  lab::options o = punctual(preemptions);
  o.weak_memory = false;
  return o;
}

// --- all of them, by what they are about -----------------------------------------------------------------------------

using list = std::vector<killer>;

inline list of_waiting() {
  return {
      {"a lock", a_lock, {}},
      {"a lock that ends", a_lock_that_ends, {}},
      {"a lock, polled", a_lock_that_ends, polling()},
      {"a line", a_line, {}},
      {"a waiter", a_waiter, {}},
      {"a waiter that polls", a_waiter, polling()},
      {"a waiter in a hurry", a_waiter_in_a_hurry, {}},
      {"a waiter that ends", a_waiter_that_ends, {}},
      {"a waiter that is resumed", a_waiter_that_is_resumed, {}},
      {"a choice that is resumed", a_choice_that_is_resumed, {}},
      {"a waiter that asks", a_waiter_that_asks, {}},
  };
}

inline list of_rendezvous() {
  return {
      {"a meeting", a_meeting, {}},
      {"a meeting and the end", a_meeting_and_the_end, {}},
      {"two senders and a receiver", two_senders_and_a_receiver, punctual(1)},
      {"two receivers and a sender", two_receivers_and_a_sender, punctual(1)},
      {"a meeting missed", a_meeting_missed, {}},
      {"a meeting called off", a_meeting_called_off, {}},
      {"a stop that came first", a_stop_that_came_first, {}},
      {"a meeting place closed", a_meeting_place_closed, {}},
      {"a meeting place closed for two", a_meeting_place_closed_for_two, punctual(1)},
      {"a meeting place seen closed", a_meeting_place_seen_closed, {}},
      {"a meeting at once", a_meeting_at_once, {}},
      {"a meeting in time", a_meeting_in_time, sequential(2)},
      {"a queue at the desk", a_queue_at_the_desk, sequential(1)},
  };
}

inline list of_mailbox() {
  return {
      {"a letter", a_letter, {}},
      {"a letter, seen late", a_letter, seen_late()},
      {"two letters", two_letters, punctual(1)},
      {"a full mailbox", a_full_mailbox, {}},
      {"a full mailbox, seen late", a_full_mailbox, seen_late()},
      {"letters around the ring", letters_around_the_ring, {}},
      {"three places", three_places, {}},
      {"a long wait", a_long_wait, punctual()},
      {"a close heard at once", a_close_heard_at_once, punctual()},
      {"a race for room", a_race_for_room, {}},
      {"a race for a letter", a_race_for_a_letter, {}},
      {"two writers", two_writers, sequential(2)},
      {"two readers", two_readers, sequential(2)},
      {"a turn passed on", a_turn_passed_on, sequential(1)},
      {"a turn to write passed on", a_turn_to_write_passed_on, sequential(1)},
      {"a letter not to be sent", a_letter_not_to_be_sent, {}},
      {"a letter half-way", a_letter, impatient()},
      {"a mailbox closed", a_mailbox_closed, {}},
      {"a full mailbox closed", a_full_mailbox_closed, {}},
      {"a mailbox seen closed", a_mailbox_seen_closed, {}},
      {"a letter too late", a_letter_too_late, sequential(2)},
      {"a mailbox never empty", a_mailbox_never_empty, {}},
      {"a mailbox never full", a_mailbox_never_full, {}},
      {"one for each", one_for_each, punctual()},
      {"room for each", room_for_each, punctual()},
      {"a letter of one's own", a_letter_of_ones_own, punctual()},
      {"an honest refusal", an_honest_refusal, {}},
      {"a letter missed", a_letter_missed, {}},
      {"a reader called off", a_reader_called_off, {}},
      {"a question unread", a_question_unread, {}},
      {"two letters half-way", two_letters_half_way, {}},
      {"letters unread on one thread", letters_unread_on_one_thread, {}},
  };
}

inline list of_future() {
  return {
      {"a promise kept", a_promise_kept, {}},
      {"a promise and the end", a_promise_and_the_end, {}},
      {"a promise unheard", a_promise_unheard, {}},
      {"a promise broken", a_promise_broken, {}},
      {"a promise handed on", a_promise_handed_on, {}},
      {"a promise to nobody", a_promise_to_nobody, {}},
      {"a promise late", a_promise_late, {}},
      {"a question called off", a_question_called_off, {}},
      {"a question not to be asked", a_question_not_to_be_asked, {}},
      {"a promise watched", a_promise_watched, {}},
  };
}

inline list of_ports() {
  return {
      {"the last sender goes", the_last_sender_goes, {}}, {"a port handed on", a_port_handed_on, {}},
      {"the last port goes", the_last_port_goes, {}},     {"letters unread", letters_unread, {}},
      {"ports of one thread", ports_of_one_thread, {}},
  };
}

inline list of_coroutines() {
  return {
      {"a post", a_post, {}},
      {"a post and an alarm", a_post_and_an_alarm, {}},
      {"two stops", two_stops, punctual(1)},
      {"a coroutine met", a_coroutine_met, {}},
      {"a task that ends elsewhere", a_task_that_ends_elsewhere, {}},
      {"all are done", all_are_done, punctual(1)},
      {"an error is told", an_error_is_told, {}},
      {"the first of two", the_first_of_two, {}},
  };
}

inline list of_select() {
  return {
      {"a choice", a_choice, {}},
      {"a choice passed by", a_choice_passed_by, punctual(1)},
      {"a choice made twice", a_choice_made_twice, punctual(1)},
      {"a choice of one's own", a_choice_of_ones_own, {}},
      {"a choice of one's own, given up", a_choice_of_ones_own_given_up, {}},
      {"a choice of none", a_choice_of_none, {}},
  };
}

inline const list& all() {
  static const list killers = [] {
    list together;
    for (const auto group : {of_waiting, of_rendezvous, of_mailbox, of_future, of_ports, of_coroutines, of_select}) {
      for (const killer& k : group()) together.push_back(k);
    }
    return together;
  }();
  return killers;
}

}  // namespace killers
