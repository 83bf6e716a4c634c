// Every interleaving of small selects: against plain operations, against each other, against a close, a stop, a clock.
#include <tandem/blend/select.hpp>
#include <tandem/blend/selector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "model/support/model.hpp"

using namespace model;
using namespace std::chrono_literals;
using tandem::after;
using tandem::get_from;
using tandem::otherwise;
using tandem::receive_from;
using tandem::result;
using tandem::select;
using tandem::send_to;
using tandem::stop_requested;

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
  holds("its time, or a partner", 12035, {.early_timeouts = 1}, [] {
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
  holds("try_send finds a select that waits", 198, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account me;
    const auto other =
        lab::spawn("select", [&] { select(receive_from(a, note_in(me)), receive_from(b, note_in(me))); });
    tandem::sleep_for(1s);
    lab::check(b.try_send(letter(1)) == status::ok, "it stands there");
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
  holds("three times from two mailboxes", 22080, {.weak_memory = false}, [] {
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
  holds("between two selects it takes nobody's turn", 828, {.preemptions = 3}, [] {
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
  holds("two selectors, twice", 423, {.weak_memory = false}, [] {
    const no_letter_left at_the_end;
    meeting a, b;
    account first, second;
    int sum = 0;
    {
      const auto other = lab::spawn("first", [&] {
        letter mine(1), more(2);
        tandem::selector s;
        s.add(send_to(a, mine, note_in(first, mine, 1)));
        s.add(send_to(b, more, note_in(first, more, 2)));
        const auto done = s.select();
        s.switch_on(done, false);
        lab::check(s.select() == 1 - done, "the other one");
      });
      tandem::selector s;
      s.add(receive_from(a, note_in(second)));
      s.add(receive_from(b, note_in(second)));
      for (int i = 0; i < 2; ++i) {
        s.select();
        sum += second.received;
      }
    }
    lab::check(sum == 3, "each once");
  });
}
