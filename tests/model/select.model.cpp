// Every interleaving of small selects: against plain operations, against each other, against a close, a stop, a clock.
#include <tandem/blend/select.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "model/support/model.hpp"
#include "support/started.hpp"

using namespace model;
using namespace std::chrono_literals;
using support::started;
using support::unplaced;
using tandem::after;
using tandem::co_select;
using tandem::get_from;
using tandem::otherwise;
using tandem::receive_from;
using tandem::result;
using tandem::run_loop;
using tandem::select;
using tandem::selector;
using tandem::send_to;
using tandem::stop_requested;
using tandem::task;
using tandem::try_select_for;

namespace {

using meeting = tandem::rendezvous<letter>;
using inbox = tandem::mailbox<letter>;

/// What one thread has sent and received: numbers of letters, 0 for none.
struct account {
  int sent = 0;
  int received = 0;
};

/// A handler that notes what came.
auto note_in(account& a) {
  return [&a](result<letter> r) {
    if (r) a.received = r->number();
  };
}
auto note_in(account& a, const letter& l, int number) {
  return [&a, &l, number](status how) {
    if (how) a.sent = number;
    lab::check(l.number() == (how ? -1 : number), "a letter is gone if it was sent, and else where it was");
  };
}

}  // namespace

TEST_CASE("a ticker of a hundred years comes to the end of time, and not beyond it", "[model][select]") {
  holds("a ticker whose third instant no clock can show", 1, {}, [] {
    constexpr auto century = std::chrono::hours(24 * 36'525);
    tandem::ticker slow(century);
    for (int ticks = 1; ticks <= 2; ++ticks) {
      const auto next = slow.next();
      lab::check(select(tandem::tick(slow)) == 0, "it ticks");
      lab::check(tandem::clock::now() == next, "in time");
    }
    lab::check(slow.next() == tandem::platform::no_deadline, "the third is beyond the clock");
    lab::check(select(tandem::tick(slow), otherwise()) == 1, "so it never comes");
    lab::check(select(tandem::tick(slow), after(24h)) == 1, "nor later");
  });
}

TEST_CASE("a select meets plain operations, on one of its channels", "[model][select]") {
  holds("select receives from two, one sends", 1078, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    status how = status::abandoned;
    {
      const auto other = lab::spawn("sender", [&] { how = b.send(letter(1)); });
      lab::check(select(receive_from(a, note_in(me)), receive_from(b, note_in(me))) == 1, "from b");
    }
    lab::check(how == status::ok && me.received == 1, "they met");
  });
  holds("a select that could send or receive", 2964, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    meeting c;
    account me;
    {
      const auto other = lab::spawn("other", [&] { lab::check(c.receive()->number() == 7, "what the select sent"); });
      letter mine(7);
      lab::check(select(receive_from(c, note_in(me)), send_to(c, mine, note_in(me, mine, 7))) == 1,
                 "never with itself");
    }
    lab::check(me.sent == 7 && me.received == 0, "it has sent");
  });
}

TEST_CASE("a select meets one of two plain operations", "[model][select][long]") {
  holds("select receives from two, two send, and the other gets the rest", 333256, {}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    std::size_t which = 9;
    {
      const auto one = lab::spawn("one", [&] { lab::check(a.send(letter(1)) == status::ok, "sent"); });
      const auto two = lab::spawn("two", [&] { lab::check(b.send(letter(2)) == status::ok, "sent"); });
      which = select(receive_from(a, note_in(me)), receive_from(b, note_in(me)));
      lab::check(me.received == static_cast<int>(which) + 1, "what that one sent");
      auto rest = which == 0 ? b.receive() : a.receive();
      lab::check(rest && rest->number() == 2 - static_cast<int>(which), "the other one is still there");
    }
  });
}

TEST_CASE("two selects meet", "[model][select]") {
  holds("on one channel", 31887, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account giver, taker;
    std::size_t there = 9, here = 9;
    {
      const auto other = lab::spawn("giver", [&] {
        letter mine(1);
        there = select(send_to(a, mine, note_in(giver, mine, 1)), receive_from(b, note_in(giver)));
      });
      here = select(receive_from(a, note_in(taker)), receive_from(b, note_in(taker)));
    }
    lab::check(there == 0 && here == 0, "nobody sends to b");
    lab::check(giver.sent == 1 && taker.received == 1, "one letter");
  });
  holds("on one of two channels, in opposite directions", 7806, {}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account first, second;
    {
      const auto other = lab::spawn("first", [&] {
        letter mine(1);
        select(send_to(a, mine, note_in(first, mine, 1)), receive_from(b, note_in(first)));
      });
      letter mine(2);
      select(receive_from(a, note_in(second)), send_to(b, mine, note_in(second, mine, 2)));
    }
    lab::check(first.sent == second.received && second.sent == first.received, "what one sent the other has");
    lab::check((first.sent != 0) != (second.sent != 0), "one letter");
  });
  holds("both would send and receive on one channel", 15173, {}, [] {
    const no_letter_left at_the_end;
    meeting c;
    account first, second;
    {
      const auto other = lab::spawn("first", [&] {
        letter mine(1);
        select(send_to(c, mine, note_in(first, mine, 1)), receive_from(c, note_in(first)));
      });
      letter mine(2);
      select(send_to(c, mine, note_in(second, mine, 2)), receive_from(c, note_in(second)));
    }
    lab::check(first.sent == second.received && second.sent == first.received, "what one sent the other has");
    lab::check((first.sent != 0) != (second.sent != 0), "one letter");
  });
}

TEST_CASE("three selects in a ring: two meet, and the third finds the last", "[model][select]") {
  holds("a ring of three, and one more", 4754, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b, c;
    account one, two, three;
    std::size_t who[3] = {9, 9, 9};
    {
      const auto x = lab::spawn("one", [&] {
        letter mine(1);
        who[0] = select(send_to(a, mine, note_in(one, mine, 1)), receive_from(b, note_in(one)), after(1s));
      });
      const auto y = lab::spawn("two", [&] {
        letter mine(2);
        who[1] = select(send_to(b, mine, note_in(two, mine, 2)), receive_from(c, note_in(two)), after(1s));
      });
      letter mine(3);
      who[2] = select(send_to(c, mine, note_in(three, mine, 3)), receive_from(a, note_in(three)), after(1s));
    }
    const int letters = (one.sent != 0) + (two.sent != 0) + (three.sent != 0);
    lab::check(letters == 1, "two of them meet, and the third has nobody");
    lab::check(one.sent == three.received && two.sent == one.received && three.sent == two.received, "who met whom");
    lab::check((who[0] == 2) + (who[1] == 2) + (who[2] == 2) == 1, "and one is late");
  });
}

TEST_CASE("a select waits at mailboxes", "[model][select]") {
  holds("one of two gets a letter", 1893, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1);
    account me;
    {
      const auto other = lab::spawn("sender", [&] { lab::check(b.send(letter(1)) == status::ok, "there is room"); });
      lab::check(select(receive_from(a, note_in(me)), receive_from(b, note_in(me))) == 1, "from b");
    }
    lab::check(me.received == 1, "received");
  });
  holds("both get one; a second receiver must not miss the other", 8944, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1);
    account me;
    int other_got = 0;
    {
      const auto sender = lab::spawn("sender", [&] {
        lab::check(a.send(letter(1)) == status::ok, "there is room");
        lab::check(b.send(letter(2)) == status::ok, "there is room");
      });
      const auto receiver = lab::spawn("receiver", [&] { other_got = b.receive()->number(); });
      const std::size_t which = select(receive_from(a, note_in(me)), receive_from(b, note_in(me)));
      if (which == 1) lab::check(b.send(letter(3)) == status::ok, "for the one who waits there");
    }
    lab::check(other_got == (me.received == 2 ? 3 : 2), "nobody is forgotten");
    while (a.try_receive()) {
    }
  });
  holds("a full mailbox and a rendezvous", 3084, {}, [] {
    const no_letter_left at_the_end;
    inbox a(1);
    meeting b;
    account me;
    int got = 0;
    lab::check(a.send(letter(9)) == status::ok, "there is room");
    std::size_t which = 9;
    {
      const auto other = lab::spawn("other", [&] {
        lab::check(a.receive()->number() == 9, "the first");
        if (auto r = b.try_receive()) got = r->number();
      });
      letter mine(1);
      which = select(send_to(a, mine, note_in(me, mine, 1)), send_to(b, mine, note_in(me, mine, 1)));
    }
    lab::check(me.sent == 1 && got == (which == 1 ? 1 : 0), "to one of the two");
    while (a.try_receive()) {
    }
  });
}

TEST_CASE("a future is one thing among others", "[model][select]") {
  holds("the value, or a letter", 863, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    tandem::promise<int> p;
    auto f = p.get_future();
    meeting a;
    int value = 0;
    {
      const auto other = lab::spawn("keeper", [&] { lab::check(p.set_value(5) == status::ok, "kept"); });
      lab::check(select(receive_from(a), get_from(f, [&](result<int> r) { value = r.value(); })) == 1, "the value");
    }
    lab::check(value == 5, "moved out");
  });
}

TEST_CASE("what ends a select beside a partner", "[model][select]") {
  holds("a close", 411, {.preemptions = 3}, [] {
    meeting a, b;
    status how = status::ok;
    {
      const auto other = lab::spawn("closer", [&] { b.close(); });
      const auto which = select(receive_from(a), receive_from(b, [&](result<letter> r) { how = r.error(); }));
      lab::check(which == 1, "a is open");
    }
    lab::check(how == status::closed, "closed");
  });
  holds("a stop, or a partner", 24796, {}, [] {
    const no_letter_left at_the_end;
    meeting a;
    tandem::stop_source stop;
    account me;
    status how = status::abandoned;
    std::size_t which = 9;
    {
      const auto stopper = lab::spawn("stopper", [&] { stop.request_stop(); });
      const auto sender = lab::spawn("sender", [&] { how = a.try_send_for(letter(1), 1s); });
      which = select(receive_from(a, note_in(me)), stop_requested(stop.get_token()));
    }
    lab::check(how == (which == 0 ? status::ok : status::timeout), "either they met or not");
    lab::check(me.received == (which == 0 ? 1 : 0), "and both know it");
  });
  holds("its time, or a partner", 4753, {.early_timeouts = 1}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    status how = status::abandoned;
    std::size_t which = 9;
    {
      const auto sender = lab::spawn("sender", [&] { how = b.try_send_for(letter(1), 1s); });
      which = select(receive_from(a, note_in(me)), receive_from(b, note_in(me)), after(1s));
    }
    lab::check(how == (which == 1 ? status::ok : status::timeout), "either they met or not");
    lab::check(me.received == (which == 1 ? 1 : 0), "and both know it");
  });
  // that it waits, only the time says: see rendezvous.model.cpp
  holds("try_send finds a select that waits", 27, {.preemptions = 3, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    const auto other =
        lab::spawn("select", [&] { select(receive_from(a, note_in(me)), receive_from(b, note_in(me))); });
    tandem::sleep_for(1s);
    lab::check(b.try_send(letter(1)) == status::ok, "it stands there");
  });
}

TEST_CASE("what ends a select on both its arms", "[model][select]") {
  holds("both channels are closed", 1895, {}, [] {
    meeting a, b;
    int endings = 0;
    const auto note = [&](const result<letter>& r) { endings += r.error() == status::closed ? 1 : 0; };
    {
      const auto other = lab::spawn("closer", [&] {
        a.close();
        b.close();
      });
      select(receive_from(a, note), receive_from(b, note));
    }
    lab::check(endings == 1, "closed, once");
  });
  holds("a closer for each", 695, {.rereads = 0, .weak_memory = false}, [] {
    meeting a, b;
    int endings = 0;
    const auto note = [&](const result<letter>& r) { endings += r.error() == status::closed ? 1 : 0; };
    {
      const auto one = lab::spawn("one", [&] { a.close(); });
      const auto two = lab::spawn("two", [&] { b.close(); });
      select(receive_from(a, note), receive_from(b, note));
    }
    lab::check(endings == 1, "closed, once");
  });
  holds("a stop on each of two arms", 100, {}, [] {
    meeting a;
    tandem::stop_source one, two;
    std::size_t which = 9;
    {
      const auto stopper = lab::spawn("stopper", [&] { one.request_stop(); });
      which = select(receive_from(a), stop_requested(one.get_token()), stop_requested(two.get_token()));
    }
    lab::check(which == 1, "the one that was requested");
  });
  holds("two stops, requested by two", 2357, {}, [] {
    meeting a;
    tandem::stop_source one, two;
    std::size_t which = 9;
    {
      const auto first = lab::spawn("first", [&] { one.request_stop(); });
      const auto second = lab::spawn("second", [&] { two.request_stop(); });
      which = select(receive_from(a), stop_requested(one.get_token()), stop_requested(two.get_token()));
    }
    lab::check(which == 1 || which == 2, "one of them");
  });
  holds("a sender, a close and the clock", 6008, {.early_timeouts = 1, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    status how = status::abandoned;
    std::size_t which = 9;
    {
      const auto sender = lab::spawn("sender", [&] { how = a.send(letter(1)); });
      const auto closer = lab::spawn("closer", [&] { a.close(); });
      which = select(receive_from(a, note_in(me)), receive_from(b, note_in(me)), after(1s));
    }
    lab::check(how == (me.received == 1 ? status::ok : status::closed), "either they met or not");
    lab::check(which == 0 || which == 2, "nobody comes to b");
  });
}

TEST_CASE("a coroutine selects", "[model][select]") {
  holds("a thread sends to one of its channels", 425, {}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    status how = status::abandoned;
    std::size_t which = 9;
    {
      const auto other = lab::spawn("sender", [&] { how = b.send(letter(1)); });
      run_loop loop;
      const auto work = [&]() -> task<> {
        which = co_await co_select(receive_from(a, note_in(me)), receive_from(b, note_in(me)));
      };
      loop.block_on(work());
    }
    lab::check(which == 1 && how == status::ok && me.received == 1, "they met");
  });
  holds("a thread selects on the other side", 1742, {.rereads = 0}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account first, second;
    {
      const auto other = lab::spawn("thread", [&] {
        letter mine(1);
        select(send_to(a, mine, note_in(first, mine, 1)), receive_from(b, note_in(first)));
      });
      run_loop loop;
      const auto work = [&]() -> task<> {
        letter mine(2);
        co_await co_select(receive_from(a, note_in(second)), send_to(b, mine, note_in(second, mine, 2)));
      };
      loop.block_on(work());
    }
    lab::check(first.sent == second.received && second.sent == first.received, "what one sent the other has");
    lab::check((first.sent != 0) != (second.sent != 0), "one letter");
  });
  holds("two coroutines, each on a loop of its own", 267, {.rereads = 0, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account first, second;
    const auto one = [&]() -> task<> {
      letter mine(1);
      co_await co_select(send_to(a, mine, note_in(first, mine, 1)), receive_from(b, note_in(first)));
    };
    const auto two = [&]() -> task<> {
      letter mine(2);
      co_await co_select(receive_from(a, note_in(second)), send_to(b, mine, note_in(second, mine, 2)));
    };
    {
      const auto other = lab::spawn("loop", [&] {
        run_loop loop;
        loop.block_on(one());
      });
      run_loop loop;
      loop.block_on(two());
    }
    lab::check(first.sent == second.received && second.sent == first.received, "what one sent the other has");
    lab::check((first.sent != 0) != (second.sent != 0), "one letter");
  });
  holds("a stop, a clock, or a partner", 1418, {.rereads = 0, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a;
    tandem::stop_source stop;
    account me;
    status how = status::abandoned;
    std::size_t which = 9;
    {
      const auto stopper = lab::spawn("stopper", [&] { stop.request_stop(); });
      const auto sender = lab::spawn("sender", [&] { how = a.try_send_for(letter(1), 1s); });
      run_loop loop;
      const auto work = [&]() -> task<> {
        which = co_await co_select(receive_from(a, note_in(me)), stop_requested(stop.get_token()), after(1h));
      };
      loop.block_on(work());
    }
    lab::check(which != 2, "the clock has an hour left");
    lab::check(how == (which == 0 ? status::ok : status::timeout), "either they met or not");
    lab::check(me.received == (which == 0 ? 1 : 0), "and both know it");
  });
  holds("whoever completes it runs it, if it has no scheduler; a slot may be half-way", 2983, {.weak_memory = false},
        [] {
          const no_letter_left at_the_end;
          inbox a(2);
          meeting b;
          account me;
          const auto body = [&]() -> unplaced {
            co_await co_select(receive_from(a, note_in(me)), receive_from(b, note_in(me)));
          };
          {
            std::optional<unplaced> waiting;
            {
              const auto one = lab::spawn("one", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
              const auto two = lab::spawn("two", [&] { lab::check(a.send(letter(2)) == status::ok, "there is room"); });
              waiting.emplace(body());
            }
            lab::check(waiting->done(), "it has one of them");
          }
          const auto rest = a.try_receive();
          lab::check(rest && rest->number() + me.received == 3, "and the other one is still there");
        });
}

TEST_CASE("a coroutine that selects is destroyed while it waits", "[model][select]") {
  holds("at rendezvous", 285, {}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    status how = status::abandoned;
    bool over = false;
    {
      const auto sender = lab::spawn("sender", [&] { how = b.try_send(letter(1)); });
      run_loop loop;
      const auto body = [&](tandem::scheduler&) -> started {
        co_await co_select(receive_from(a, note_in(me)), receive_from(b, note_in(me)));
      };
      const auto work = [&]() -> task<> {
        const started waiting = body(loop);
        over = waiting.done();
        co_return;
      };
      loop.block_on(work());
    }
    lab::check(how == status::ok || how == status::full, "it came in time, or not");
    lab::check(me.received == (over ? 1 : 0), "nobody was told who is not there");
    lab::check(a.try_send(letter(2)) == status::full && b.try_send(letter(3)) == status::full, "nobody is in line");
  });
  holds("at mailboxes: its turn is passed on", 5251, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1);
    account me;
    int got = 0;
    {
      const auto sender = lab::spawn("sender", [&] { lab::check(b.send(letter(1)) == status::ok, "there is room"); });
      const auto receiver = lab::spawn("receiver", [&] { got = b.receive()->number(); });
      run_loop loop;
      const auto body = [&](tandem::scheduler&) -> started {
        co_await co_select(receive_from(a, note_in(me)), receive_from(b, note_in(me)));
      };
      const auto work = [&]() -> task<> {
        const started waiting = body(loop);
        if (waiting.done()) lab::check(b.send(letter(2)) == status::ok, "for the other one");
        co_return;
      };
      loop.block_on(work());
    }
    lab::check(got == (me.received == 1 ? 2 : 1), "nobody is forgotten");
  });
  holds("with a selector, which is used again", 4078, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(2);
    account me;
    int got = 0;
    {
      selector all;
      all.add(receive_from(a, note_in(me)));
      all.add(receive_from(b, note_in(me)));
      const auto sender = lab::spawn("sender", [&] { lab::check(b.send(letter(1)) == status::ok, "there is room"); });
      const auto receiver = lab::spawn("receiver", [&] { got = b.receive()->number(); });
      run_loop loop;
      const auto body = [&](tandem::scheduler&) -> started { co_await all.co_select(); };
      const auto work = [&]() -> task<> {
        const started waiting = body(loop);
        if (waiting.done()) lab::check(b.send(letter(2)) == status::ok, "for the other one");
        co_return;
      };
      loop.block_on(work());
    }
    lab::check(got == (me.received == 1 ? 2 : 1), "nobody is forgotten");
  });
  holds("with a selector at rendezvous, which is used again", 131, {}, [] {
    const no_letter_left at_the_end;
    meeting a;
    account me;
    status how = status::abandoned;
    bool over = false;
    {
      selector all;
      all.add(receive_from(a, note_in(me)));
      {
        const auto sender = lab::spawn("sender", [&] { how = a.try_send(letter(1)); });
        run_loop loop;
        const auto body = [&](tandem::scheduler&) -> started { co_await all.co_select(); };
        const auto work = [&]() -> task<> {
          const started waiting = body(loop);
          over = waiting.done();
          co_return;
        };
        loop.block_on(work());
      }
      lab::check(me.received == (over ? 1 : 0), "nobody was told who is not there");
      a.close();
      all.select();
    }
    lab::check(how == status::ok || how == status::full, "it came in time, or not");
  });
}

TEST_CASE("a select with limits: a partner comes, the time or a stop, and it is what it says", "[model][select]") {
  const auto agree = [](const result<std::size_t>& how, const account& me, status sent) {
    lab::check(how ? *how == 0 : how.error() == status::timeout || how.error() == status::stopped,
               "an arm, or a limit");
    lab::check(how.has_value() == (me.received == 1), "the message came with the arm");
    lab::check((sent == status::ok) == how.has_value(), "the partner says the same");
  };
  holds("at a rendezvous, a stop", 16410, {}, [&] {
    const no_letter_left at_the_end;
    meeting a;
    tandem::stop_source stop;
    account me;
    status sent = status::abandoned;
    result<std::size_t> how = status::abandoned;
    {
      const auto sender = lab::spawn("sender", [&] { sent = a.try_send(letter(1)); });
      const auto stopper = lab::spawn("stopper", [&] { stop.request_stop(); });
      how = select(receive_from(a, note_in(me)), stop.get_token());
    }
    agree(how, me, sent);
  });
  holds("at a rendezvous, the time", 2037, {.early_timeouts = 1}, [&] {
    const no_letter_left at_the_end;
    meeting a;
    account me;
    status sent = status::abandoned;
    result<std::size_t> how = status::abandoned;
    {
      const auto sender = lab::spawn("sender", [&] { sent = a.try_send(letter(1)); });
      how = try_select_for(receive_from(a, note_in(me)), 1ms);
    }
    agree(how, me, sent);
  });
  holds("a selector, which is used again without", 1961, {.early_timeouts = 1, .weak_memory = false}, [&] {
    const no_letter_left at_the_end;
    meeting a;
    tandem::stop_source stop;
    account me;
    status sent = status::abandoned;
    selector all;
    all.add(receive_from(a, note_in(me)));
    {
      const auto sender = lab::spawn("sender", [&] { sent = a.try_send_for(letter(1), 1ms); });
      const auto stopper = lab::spawn("stopper", [&] { stop.request_stop(); });
      const auto how = all.try_select_for(1ms, stop.get_token());
      if (!how && all.try_select()) {
        lab::check(me.received == 1, "it came after the limit");
      } else {
        lab::check(how.has_value() == (me.received == 1), "the message came with the arm");
      }
    }
    lab::check((sent == status::ok) == (me.received == 1), "the partner says the same");
    a.close();
    lab::check(all.select() == 0, "no limit is left");
  });
  holds("a coroutine that waits with a limited selector is destroyed", 186, {.early_timeouts = 1}, [&] {
    const no_letter_left at_the_end;
    inbox a(1);
    account me;
    selector all;
    all.add(receive_from(a, note_in(me)));
    {
      const auto sender = lab::spawn("sender", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
      run_loop loop;
      const auto body = [&](tandem::scheduler&) -> started { static_cast<void>(co_await all.co_try_select_for(1ms)); };
      const auto work = [&]() -> task<> {
        const started waiting = body(loop);
        co_return;
      };
      loop.block_on(work());
    }
    if (me.received == 0) lab::check(all.select() == 0, "no limit is left, and nothing is lost");
    lab::check(me.received == 1, "it came");
  });
}

TEST_CASE("a selector stays in line", "[model][select]") {
  holds("a sender comes and goes while it is idle", 728, {.early_timeouts = 1, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    status first = status::abandoned, second = status::abandoned;
    selector all;
    all.add(receive_from(a, note_in(me)));
    all.add(receive_from(b, note_in(me)));
    {
      const auto one = lab::spawn("one", [&] {
        first = a.send(letter(1));
        second = b.try_send_for(letter(2), 1s);
      });
      lab::check(all.select() == 0 && me.received == 1, "a comes first");
      const auto which = all.try_select();
      lab::check(!which || (*which == 1 && me.received == 2), "b next, if it is there");
    }
    lab::check(first == status::ok, "sent");
    lab::check((second == status::ok) == (me.received == 2), "either they met or not");
  });
  holds("what it would send may change while it is idle", 12221, {}, [] {
    tandem::rendezvous<tandem::cell<int>*> a;
    meeting b;
    tandem::cell<int> what;
    tandem::cell<int>* parcel = &what;
    selector all;
    all.add(send_to(a, parcel));
    all.add(receive_from(b, [](const result<letter>&) {}));
    const auto other = lab::spawn("other", [&] {
      lab::check(b.send(letter(1)) == status::ok, "to the selector");
      lab::check(*a.receive().value() == 7, "as it was when the selector was used");
    });
    lab::check(all.select() == 1, "there is no receiver yet");
    what = 7;
    lab::check(all.select() == 0, "now there is");
  });
  holds("two of them, twice", 423, {.rereads = 0, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account giver;
    const auto other = lab::spawn("giver", [&] {
      letter one(1), two(2);
      selector all;
      all.add(send_to(a, one, note_in(giver, one, 1)));
      all.add(send_to(b, two, note_in(giver, two, 2)));
      for (int i = 0; i < 2; ++i) {
        const std::size_t sent = all.select();
        all.switch_on(sent, false);
      }
    });
    selector all;
    int sum = 0;
    const auto add_up = [&](const result<letter>& r) { sum += r->number(); };
    all.add(receive_from(a, add_up));
    all.add(receive_from(b, add_up));
    const std::size_t first = all.select();
    lab::check(all.select() != first, "each channel once");
    lab::check(sum == 3, "each letter once");
  });
  holds("a second receiver is served while it is idle", 8750, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1);
    account me;
    int got = 0;
    selector all;
    all.add(receive_from(a, note_in(me)));
    all.add(receive_from(b, note_in(me)));
    const auto sender = lab::spawn("sender", [&] {
      lab::check(a.send(letter(1)) == status::ok, "there is room");
      lab::check(b.send(letter(2)) == status::ok, "there is room");
    });
    const auto receiver = lab::spawn("receiver", [&] { got = b.receive()->number(); });
    if (all.select() == 1) lab::check(b.send(letter(3)) == status::ok, "for the one who waits there");
    lab::check(true, "and never again");
    while (a.try_receive()) {
    }
  });
}

TEST_CASE("a slot that is half-way is looked at again, whatever happens elsewhere", "[model][select][long]") {
  holds("a selector that is told of another", 387855, {.short_poll = 0}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1);
    int sum = 0;
    const auto add_up = [&](const result<letter>& r) { sum += r->number(); };
    selector all;
    all.add(receive_from(a, add_up));
    all.add(receive_from(b, add_up));
    const auto one = lab::spawn("one", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
    const auto two = lab::spawn("two", [&] { lab::check(b.send(letter(2)) == status::ok, "there is room"); });
    all.select();
    all.select();
    lab::check(sum == 3, "each once");
  });
}

TEST_CASE("a slot that is half-way is looked at again, though another was spoken of for nothing", "[model][select]") {
  holds("a select that is told of another for nothing", 60326, {.rereads = 0, .short_poll = 0}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1);
    account me;
    {
      const auto one = lab::spawn("one", [&] {
        lab::check(a.send(letter(1)) == status::ok, "there is room");
        static_cast<void>(a.try_receive());
      });
      const auto two = lab::spawn("two", [&] { lab::check(b.send(letter(2)) == status::ok, "there is room"); });
      select(receive_from(a, note_in(me)), receive_from(b, note_in(me)));
    }
    lab::check(me.received != 0, "one of them");
    while (a.try_receive() || b.try_receive()) {
    }
  });
}

TEST_CASE("whoever sees a slot half-way, and will be told by nobody, looks again", "[model][select]") {
  holds("a thread", 529, {.short_poll = 0}, [] {
    const no_letter_left at_the_end;
    inbox a(1);
    meeting nobody;
    account me;
    {
      const auto other = lab::spawn("other", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
      select(receive_from(a, note_in(me)), receive_from(nobody));
    }
    lab::check(me.received == 1, "received");
  });
  holds("a coroutine", 1144, {.short_poll = 0}, [] {
    const no_letter_left at_the_end;
    inbox a(1);
    meeting nobody;
    account me;
    {
      const auto other = lab::spawn("other", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
      run_loop loop;
      const auto work = [&]() -> task<> { co_await co_select(receive_from(a, note_in(me)), receive_from(nobody)); };
      loop.block_on(work());
    }
    lab::check(me.received == 1, "received");
  });
  holds("a selector that looks where it was told to", 58458, {.short_poll = 0}, [] {
    const no_letter_left at_the_end;
    inbox a(2);
    meeting nobody;
    account me;
    {
      const auto other = lab::spawn("other", [&] {
        for (int i = 1; i <= 2; ++i) lab::check(a.send(letter(i)) == status::ok, "there is room");
      });
      selector all;
      all.add(receive_from(a, note_in(me)));
      all.add(receive_from(nobody));
      for (int i = 1; i <= 2; ++i) lab::check(all.select() == 0 && me.received == i, "in this order");
    }
  });
  holds("a coroutine, which a partner at another channel may meet meanwhile", 4282,
        {.weak_memory = false, .short_poll = 0}, [] {
          const no_letter_left at_the_end;
          inbox a(1);
          meeting b;
          account me;
          int sum = 0;
          {
            const auto one = lab::spawn("one", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
            const auto two = lab::spawn("two", [&] { lab::check(b.send(letter(2)) == status::ok, "sent"); });
            run_loop loop;
            const auto work = [&]() -> task<> {
              for (int i = 0; i < 2; ++i) {
                const std::size_t which =
                    co_await co_select(receive_from(a, note_in(me)), receive_from(b, note_in(me)), after(1h));
                lab::check(which != 2, "the clock has an hour left");
                sum += me.received;
              }
            };
            loop.block_on(work());
          }
          lab::check(sum == 3, "each once");
        });
}

TEST_CASE("whoever was woken twice passes one turn on", "[model][select]") {
  // one is half-way when two wakes the first in line, who finds nothing, and is woken again by one
  holds("a selector that is idle then", 61958, {.rereads = 0, .weak_memory = false, .short_poll = 0}, [] {
    const no_letter_left at_the_end;
    inbox a(2);
    meeting nobody;
    account me;
    int got = 0;
    selector all;
    all.add(receive_from(a, note_in(me)));
    all.add(receive_from(nobody));
    {
      const auto receiver = lab::spawn("receiver", [&] { got = a.receive()->number(); });
      const auto one = lab::spawn("one", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
      const auto two = lab::spawn("two", [&] { lab::check(a.send(letter(2)) == status::ok, "there is room"); });
      all.select();
    }
    lab::check(got + me.received == 3, "each once");
  });
}

TEST_CASE("a stop that has ended one wait of a selector, and is left out, does not end the next", "[model][select]") {
  holds("a coroutine, and then a slot half-way", 364, {.weak_memory = false, .short_poll = 0}, [] {
    const no_letter_left at_the_end;
    inbox a(1);
    tandem::stop_source stop;
    account me;
    {
      const auto other = lab::spawn("other", [&] {
        stop.request_stop();
        lab::check(a.send(letter(1)) == status::ok, "there is room");
      });
      run_loop loop;
      const auto work = [&]() -> task<> {
        selector all;
        all.add(receive_from(a, note_in(me)));
        const std::size_t stopping = all.add(stop_requested(stop.get_token()));
        if (co_await all.co_select() == stopping) {
          all.switch_on(stopping, false);
          const std::size_t next = co_await all.co_select();
          lab::check(next == 0, "the letter");
        }
      };
      loop.block_on(work());
    }
    lab::check(me.received == 1, "received");
  });
}

TEST_CASE("what was sent before is there, though another slot is half-way", "[model][select]") {
  holds("a select that looks", 415, {}, [] {
    const no_letter_left at_the_end;
    inbox a(2);
    account me;
    {
      const auto other = lab::spawn("other", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
      lab::check(a.send(letter(2)) == status::ok, "there is room");
      lab::check(select(receive_from(a, note_in(me)), otherwise()) == 0, "that letter, or one before it");
    }
    const auto rest = a.try_receive();
    lab::check(rest && rest->number() + me.received == 3, "and the other one is still there");
  });
  holds("a selector that looks where it was told to", 475, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    inbox a(3);
    meeting nobody;
    account me;
    int sum = 0;
    {
      const auto other = lab::spawn("other", [&] {
        lab::check(a.send(letter(1)) == status::ok, "there is room");
        lab::check(a.send(letter(4)) == status::ok, "there is room");
      });
      selector all;
      all.add(receive_from(a, note_in(me)));
      all.add(receive_from(nobody));
      lab::check(all.select() == 0 && me.received == 1, "in this order");
      sum += me.received;
      lab::check(a.send(letter(2)) == status::ok, "there is room");
      lab::check(all.try_select().has_value(), "that letter, or one before it");
      sum += me.received;
    }
    const auto rest = a.try_receive();
    lab::check(rest && rest->number() + sum == 7, "and the other one is still there");
  });
}

TEST_CASE("a coroutine's selector that has napped stands in line the next time", "[model][select]") {
  holds("a slot half-way, and then a try_send", 1325, {.weak_memory = false, .short_poll = 0}, [] {
    const no_letter_left at_the_end;
    inbox a(2);
    meeting b;
    account me;
    {
      const auto one = lab::spawn("one", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
      const auto two = lab::spawn("two", [&] {
        tandem::sleep_for(1s);
        lab::check(b.try_send(letter(2)) == status::ok, "it stands there");
      });
      run_loop loop;
      const auto work = [&]() -> task<> {
        selector all;
        all.add(receive_from(a, note_in(me)));
        all.add(receive_from(b, note_in(me)));
        const std::size_t first = co_await all.co_select();
        lab::check(first == 0 && me.received == 1, "the clock has a second left");
        const std::size_t second = co_await all.co_select();
        lab::check(second == 1 && me.received == 2, "it was found");
      };
      loop.block_on(work());
    }
  });
}

TEST_CASE("a selector that was told of a letter does not forget the time", "[model][select]") {
  holds("letters, and a ticker that ticks twice", 2556, {}, [] {
    const no_letter_left at_the_end;
    inbox a(1);
    account me;
    tandem::ticker clockwork(1s);
    selector all;
    all.add(receive_from(a, note_in(me)));
    const std::size_t ticking = all.add(tandem::tick(clockwork));
    const auto other = lab::spawn("other", [&] { lab::check(a.send(letter(1)) == status::ok, "there is room"); });
    lab::check(all.select() == 0 && me.received == 1, "the clock has a second left");
    for (int i = 0; i < 2; ++i) {
      const auto due = clockwork.next();
      lab::check(all.select() == ticking, "it ticks");
      lab::check(tandem::clock::now() == due, "in time");
    }
  });
}

TEST_CASE("an instant that is left out wakes nobody", "[model][select]") {
  holds("one that is left out, and a later one", 1, {}, [] {
    meeting nobody;
    const auto begin = tandem::clock::now();
    lab::check(select(receive_from(nobody), after(1s).only_if(false), after(2s)) == 2, "the later one");
    lab::check(tandem::clock::now() - begin == 2s, "in time");
  });
}

TEST_CASE("nobody touches a select that is over", "[model][select]") {
  holds("a stop that comes late, at an arm that is still there", 178, {}, [] {
    meeting a;
    tandem::stop_source stop;
    std::size_t which = 9;
    auto stopped = stop_requested(stop.get_token());
    {
      const auto closer = lab::spawn("closer", [&] { a.close(); });
      which = select(receive_from(a), stopped);
    }
    lab::check(which == 0, "closed");
    stop.request_stop();
  });
}

namespace {

/// The first of two channels has a letter; the other one is closed, which is ready for ever; and only then the first is
/// emptied. So at every instant one of them is ready.
struct never_both_empty {
  inbox a{1};
  inbox b{1};

  never_both_empty() { lab::check(a.send(letter(1)) == status::ok, "there is room"); }
  void change() {
    b.close();
    static_cast<void>(a.try_receive());
  }
};

}  // namespace

TEST_CASE("what is ready is taken: no otherwise, no instant and no try_select says that nothing was",
          "[model][select]") {
  holds("otherwise", 558, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    never_both_empty two;
    const auto other = lab::spawn("other", [&] { two.change(); });
    lab::check(select(receive_from(two.a), receive_from(two.b), otherwise()) != 2, "one of them was ready");
  });
  holds("in order", 383, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    never_both_empty two;
    const auto other = lab::spawn("other", [&] { two.change(); });
    lab::check(select(tandem::in_order, receive_from(two.a), receive_from(two.b), otherwise()) != 2, "one was ready");
  });
  holds("in order, an instant after both", 558, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    never_both_empty two;
    const auto other = lab::spawn("other", [&] { two.change(); });
    lab::check(select(tandem::in_order, receive_from(two.b), receive_from(two.a), after(0s)) != 2, "one was ready");
  });
  holds("an instant that has passed", 397, {}, [] {
    const no_letter_left at_the_end;
    never_both_empty two;
    const auto other = lab::spawn("other", [&] { two.change(); });
    lab::check(select(receive_from(two.a), receive_from(two.b), after(0s)) != 2, "one of them was ready");
  });
  holds("try_select", 397, {}, [] {
    const no_letter_left at_the_end;
    never_both_empty two;
    selector all;
    all.add(receive_from(two.a));
    all.add(receive_from(two.b));
    const auto other = lab::spawn("other", [&] { two.change(); });
    lab::check(all.try_select().has_value(), "one of them was ready");
  });
  holds("a coroutine", 580, {}, [] {
    const no_letter_left at_the_end;
    never_both_empty two;
    std::size_t which = 9;
    const auto other = lab::spawn("other", [&] { two.change(); });
    run_loop loop;
    const auto work = [&]() -> task<> {
      which = co_await co_select(receive_from(two.a), receive_from(two.b), otherwise());
    };
    loop.block_on(work());
    lab::check(which != 2, "one of them was ready");
  });
  holds("to send", 484, {}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1);
    lab::check(b.send(letter(1)) == status::ok, "b is full, and there is room in a");
    {
      const auto other = lab::spawn("other", [&] {
        static_cast<void>(b.try_receive());
        lab::check(a.try_send(letter(2)) != status::closed, "unless the select was quicker");
      });
      letter mine(3), another(4);
      lab::check(select(send_to(a, mine), send_to(b, another), otherwise()) != 2, "there was room in one of them");
    }
    while (a.try_receive() || b.try_receive()) {
    }
  });
  holds("a future", 297, {}, [] {
    const no_letter_left at_the_end;
    inbox a(1);
    lab::check(a.send(letter(1)) == status::ok, "there is room");
    tandem::promise<int> p;
    auto f = p.get_future();
    const auto other = lab::spawn("other", [&] {
      lab::check(p.set_value(5) == status::ok, "kept");
      static_cast<void>(a.try_receive());
    });
    lab::check(select(receive_from(a), get_from(f), otherwise()) != 2, "one of them was ready");
  });
  holds("a rendezvous", 746, {}, [] {
    const no_letter_left at_the_end;
    inbox a(1);
    meeting b;
    lab::check(a.send(letter(1)) == status::ok, "there is room");
    const auto other = lab::spawn("other", [&] {
      b.close();
      static_cast<void>(a.try_receive());
    });
    lab::check(select(receive_from(a), receive_from(b), otherwise()) != 2, "one of them was ready");
  });
}

TEST_CASE("a selector that stands in its lines does not say that nothing is ready either", "[model][select]") {
  holds("try_select, after a wait", 758, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1), c(1);
    selector all;
    all.add(receive_from(a));
    all.add(receive_from(b));
    all.add(receive_from(c));
    const auto first = lab::spawn("first", [&] { lab::check(c.send(letter(9)) == status::ok, "to end a wait"); });
    lab::check(all.select() == 2, "the only one that is ready");
    lab::check(a.send(letter(1)) == status::ok, "there is room");
    const auto other = lab::spawn("other", [&] {
      b.close();
      static_cast<void>(a.try_receive());
    });
    lab::check(all.try_select().has_value(), "one of them was ready");
  });
  holds("its time is over, and something is there", 2631, {.early_timeouts = 1}, [] {
    const no_letter_left at_the_end;
    inbox a(1);
    std::size_t which = 9;
    bool sent = false;
    {
      const auto other = lab::spawn("other", [&] { sent = a.try_send(letter(1)) == status::ok; });
      which = select(receive_from(a), after(1s));
    }
    lab::check(sent, "there was room");
    if (which == 1) lab::check(a.try_receive().value().number() == 1, "it is there still");
  });
}

TEST_CASE("one who polls with otherwise, and one who lines up", "[model][select]") {
  holds("they meet, or the one who polls finds nobody", 332, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    bool met = false;
    {
      const auto other = lab::spawn("other", [&] {
        letter mine(1), another(1);
        select(send_to(a, mine), send_to(b, another), after(1s));
      });
      met = select(receive_from(a, note_in(me)), receive_from(b, note_in(me)), otherwise()) != 2;
    }
    lab::check((me.received == 1) == met, "a letter, if they have met");
  });
}

TEST_CASE("three that could meet", "[model][select]") {
  holds("a sender, and two selects that would receive", 2316, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account one, two;
    {
      const auto x = lab::spawn("one", [&] { select(receive_from(a, note_in(one)), receive_from(b, note_in(one))); });
      const auto y = lab::spawn("two", [&] { select(receive_from(b, note_in(two)), receive_from(a, note_in(two))); });
      lab::check(a.send(letter(1)) == status::ok, "to one of them");
      lab::check(b.send(letter(2)) == status::ok, "to the other");
    }
    lab::check(one.received + two.received == 3, "each has one");
  });
  holds("a select between a coroutine and a thread", 2386, {.rereads = 0, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account left, middle, right;
    {
      const auto x = lab::spawn("left", [&] {
        run_loop loop;
        const auto work = [&]() -> task<> {
          letter mine(1);
          co_await co_select(send_to(a, mine, note_in(left, mine, 1)), after(1s));
        };
        loop.block_on(work());
      });
      const auto y = lab::spawn("right", [&] {
        if (auto r = b.try_receive_for(1s)) right.received = r->number();
      });
      letter mine(2);
      select(receive_from(a, note_in(middle)), send_to(b, mine, note_in(middle, mine, 2)));
    }
    lab::check(left.sent == middle.received && middle.sent == right.received, "what one sent another has");
    lab::check((middle.received != 0) != (middle.sent != 0), "one letter");
  });
}

TEST_CASE("a selector stays in line, and misses nothing", "[model][select]") {
  holds("twice from two, one sends to both", 11982, {}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    {
      const auto other = lab::spawn("sender", [&] {
        lab::check(a.send(letter(1)) == status::ok, "sent");
        lab::check(b.send(letter(2)) == status::ok, "sent");
      });
      tandem::selector s;
      s.add(receive_from(a, note_in(me)));
      s.add(receive_from(b, note_in(me)));
      lab::check(s.select() == 0 && me.received == 1, "in this order");
      lab::check(s.select() == 1 && me.received == 2, "in this order");
    }
  });
  holds("twice from two, two send", 2250, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    int sum = 0;
    {
      const auto one = lab::spawn("one", [&] { lab::check(a.send(letter(1)) == status::ok, "sent"); });
      const auto two = lab::spawn("two", [&] { lab::check(b.send(letter(2)) == status::ok, "sent"); });
      tandem::selector s;
      s.add(receive_from(a, note_in(me)));
      s.add(receive_from(b, note_in(me)));
      for (int i = 0; i < 2; ++i) {
        s.select();
        sum += me.received;
      }
    }
    lab::check(sum == 3, "each once");
  });
  holds("three times from two mailboxes", 22054, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    inbox a(1), b(1);
    account me;
    int sum = 0;
    {
      const auto one = lab::spawn("one", [&] {
        lab::check(a.send(letter(1)) == status::ok, "sent");
        lab::check(a.send(letter(4)) == status::ok, "sent");
      });
      const auto two = lab::spawn("two", [&] { lab::check(b.send(letter(2)) == status::ok, "sent"); });
      tandem::selector s;
      s.add(receive_from(a, note_in(me)));
      s.add(receive_from(b, note_in(me)));
      for (int i = 0; i < 3; ++i) {
        s.select();
        sum += me.received;
      }
    }
    lab::check(sum == 7, "each once");
  });
  holds("between two selects it takes nobody's turn", 488, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    {
      const auto other =
          lab::spawn("other", [&] { lab::check(b.receive()->number() == 2, "while the selector idles"); });
      tandem::selector s;
      s.add(receive_from(a, note_in(me)));
      s.add(receive_from(b, note_in(me)));
      s.add(otherwise());
      s.select();
      lab::check(b.send(letter(2)) == status::ok, "to the other");
    }
    lab::check(me.received == 0, "not to us");
  });
}
