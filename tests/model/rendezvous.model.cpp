// Every interleaving of small meetings at a rendezvous.
#include <tandem/sync/rendezvous.hpp>

#include <chrono>
#include <memory>
#include <utility>

#include "model/support/model.hpp"

using namespace model;
using namespace std::chrono_literals;
using channel = tandem::rendezvous<letter>;
using support::meeting_place;

TEST_CASE("one sender and one receiver meet, and each is there before the other leaves", "[model][rendezvous]") {
  holds("two messages", 5165, {.spurious = 1}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel c;
    {
      const auto other = lab::spawn("sender", [&] {
        lab::check(sender.send(c, 1) == status::ok, "nobody closes");
        lab::check(sender.send(c, 2) == status::ok, "nobody closes");
      });
      receiver.receive(c);
      receiver.receive(c);
    }
    lab::check(receiver.seen()[0].number == 1 && receiver.seen()[1].number == 2,
               "in the order in which they were sent");
    check_explained(meeting_place(), sender, receiver);
  });
  holds("two messages, after polling", 1608, {.longest_spin = 1000, .longest_yield = 2000}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel c;
    {
      const auto other = lab::spawn("sender", [&] {
        sender.send(c, 1);
        sender.send(c, 2);
      });
      receiver.receive(c);
      receiver.receive(c);
    }
    check_explained(meeting_place(), sender, receiver);
  });
}

TEST_CASE("two senders and one receiver, and the other way round", "[model][rendezvous]") {
  holds("two senders, one receiver", 116288, {}, [] {
    const no_letter_left at_the_end;
    witness first, second, receiver;
    channel c;
    {
      const auto one = lab::spawn("first", [&] { first.send(c, 1); });
      const auto two = lab::spawn("second", [&] { second.send(c, 2); });
      receiver.receive(c);
      receiver.receive(c);
    }
    check_explained(meeting_place(), first, second, receiver);
  });
  holds("one sender, two receivers", 116288, {}, [] {
    const no_letter_left at_the_end;
    witness first, second, sender;
    channel c;
    {
      const auto one = lab::spawn("first", [&] { first.receive(c); });
      const auto two = lab::spawn("second", [&] { second.receive(c); });
      sender.send(c, 1);
      sender.send(c, 2);
    }
    check_explained(meeting_place(), first, second, sender);
  });
}

TEST_CASE("those who stand in line are met, in the order in which they came", "[model][rendezvous]") {
  // Time passes only when nobody can do anything else: after a second the other one stands in line and sleeps. That it
  // did so before, only the time says; so without weak memory, in which a try_ could see what was there a second ago.
  constexpr reach on_time{.weak_memory = false};
  holds("a receiver waits, try_send finds it", 13, on_time, [] {
    channel c;
    const auto other = lab::spawn("receiver", [&] { lab::check(c.receive().value().number() == 1, "that one"); });
    tandem::sleep_for(1s);
    lab::check(c.try_send(letter(1)) == status::ok, "a receiver is there");
    lab::check(c.try_send(letter(2)) == status::full, "nobody else is");
  });
  holds("a sender waits, try_receive finds it", 13, on_time, [] {
    channel c;
    const auto other = lab::spawn("sender", [&] { lab::check(c.send(letter(1)) == status::ok, "it is met"); });
    tandem::sleep_for(1s);
    lab::check(c.try_receive().value().number() == 1, "a sender is there");
    lab::check(c.try_receive().error() == status::empty, "nobody else is");
  });
  holds("three senders one after the other, the second of which gives up", 31174, {.rereads = 0}, [] {
    const no_letter_left at_the_end;
    channel c;
    const auto sends_at = [&](std::chrono::seconds when, int number) {
      return [&c, when, number] {
        tandem::sleep_for(when);
        lab::check(c.send(letter(number)) == status::ok, "it is met");
      };
    };
    const auto first = lab::spawn("first", sends_at(0s, 1));
    const auto second = lab::spawn("second", [&] {
      tandem::sleep_for(1s);
      lab::check(c.try_send_for(letter(2), 2s) == status::timeout, "its time is up before the receiver comes");
    });
    const auto third = lab::spawn("third", sends_at(2s, 3));
    tandem::sleep_for(4s);
    lab::check(c.receive().value().number() == 1, "first come, first served");
    lab::check(c.receive().value().number() == 3, "and who has left is not waited for");
  });
}

TEST_CASE("a try meets its partner, or leaves no trace", "[model][rendezvous]") {
  holds("try_send, a receiver, close", 205, {}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel c;
    {
      const auto other = lab::spawn("receiver", [&] { receiver.receive(c); });
      sender.try_send(c, 1);
      sender.try_send(c, 2);
      sender.close(c);
    }
    check_explained(meeting_place(), sender, receiver);
  });
  holds("try_receive, a sender, close", 205, {}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel c;
    {
      const auto other = lab::spawn("sender", [&] { sender.send(c, 1); });
      receiver.try_receive(c);
      receiver.try_receive(c);
      receiver.close(c);
    }
    check_explained(meeting_place(), sender, receiver);
  });
}

TEST_CASE("when the time is up on both sides at once, both or neither have met", "[model][rendezvous]") {
  const reach far{.spurious = 1, .early_timeouts = 2};
  holds("try_send_for, try_receive_for", 6528, far, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel c;
    {
      const auto other = lab::spawn("sender", [&] { sender.try_send_for(c, 1, 1s); });
      receiver.try_receive_for(c, 1s);
    }
    check_explained(meeting_place(), sender, receiver);
  });
  holds("two timed senders, a timed receiver", 12315, {.rereads = 0}, [] {
    const no_letter_left at_the_end;
    witness first, second, receiver;
    channel c;
    {
      const auto one = lab::spawn("first", [&] { first.try_send_for(c, 1, 1s); });
      const auto two = lab::spawn("second", [&] { second.try_send_for(c, 2, 2s); });
      receiver.try_receive_for(c, 1s);
    }
    check_explained(meeting_place(), first, second, receiver);
  });
  holds("a sender comes as a receiver's time is up, and meets whoever is left", 209815, {}, [] {
    const no_letter_left at_the_end;
    witness timed, patient, sender;
    channel c;
    {
      const auto one = lab::spawn("timed", [&] { timed.try_receive_for(c, 1s); });
      const auto two = lab::spawn("patient", [&] { patient.receive(c); });
      tandem::sleep_for(1s);
      lab::check(sender.send(c, 1) == status::ok, "the patient one stays");
      sender.close(c);
    }
    check_explained(meeting_place(), timed, patient, sender);
  });
}

TEST_CASE("a stop request meets a partner, and one of the two wins", "[model][rendezvous]") {
  holds("a receiver is stopped while somebody sends", 1305, {.spurious = 1}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel c;
    tandem::stop_source stop;
    {
      const auto other = lab::spawn("receiver", [&] { receiver.receive(c, stop.get_token()); });
      sender.try_send(c, 1);
      sender.request(stop);
      sender.try_send(c, 2);
    }
    check_explained(meeting_place(), sender, receiver);
  });
  holds("a sender is stopped by a third while somebody receives", 33393, {.early_timeouts = 1}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver, third;
    channel c;
    tandem::stop_source stop;
    {
      const auto one = lab::spawn("sender", [&] { sender.send(c, 1, stop.get_token()); });
      const auto two = lab::spawn("third", [&] { third.request(stop); });
      receiver.try_receive_for(c, 1s);
    }
    check_explained(meeting_place(), sender, receiver, third);
  });
}

TEST_CASE("close ends every wait, and what had met before it has met", "[model][rendezvous]") {
  holds("close between a sender and a receiver", 68002, {}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver, closer;
    channel c;
    {
      const auto one = lab::spawn("sender", [&] { sender.send(c, 1); });
      const auto two = lab::spawn("receiver", [&] { receiver.receive(c); });
      closer.close(c);
      closer.try_send(c, 2);
    }
    lab::check(c.is_closed(), "for good");
    check_explained(meeting_place(), sender, receiver, closer);
  });
  holds("two senders, closed by two", 24914, {}, [] {
    const no_letter_left at_the_end;
    witness first, second, closer;
    channel c;
    {
      const auto one = lab::spawn("first", [&] { first.send(c, 1); });
      const auto two = lab::spawn("second", [&] {
        second.send(c, 2);
        second.close(c);
      });
      closer.close(c);
    }
    check_explained(meeting_place(), first, second, closer);
  });
  holds("close against a timeout and a stop request", 5806, {.early_timeouts = 1}, [] {
    const no_letter_left at_the_end;
    witness receiver, closer;
    channel c;
    tandem::stop_source stop;
    {
      const auto other =
          lab::spawn("receiver", [&] { receiver.receives([&] { return c.try_receive_for(1s, stop.get_token()); }); });
      const auto third = lab::spawn("third", [&] { stop.request_stop(); });
      closer.close(c);
    }
    const auto how = receiver.seen()[0].how;
    lab::check(how == status::closed || how == status::timeout || how == status::stopped, "one of the three");
  });
}

TEST_CASE("after an ok the channel may be destroyed at once", "[model][rendezvous]") {
  // the other one may be on its way out of its call; it does not touch the channel any more
  const reach far{.spurious = 1, .early_timeouts = 1};
  holds("by the receiver", 213, far, [] {
    const no_letter_left at_the_end;
    auto c = std::make_unique<channel>();
    const auto other = lab::spawn("sender", [&c = *c] { lab::check(c.send(letter(1)) == status::ok, "it is met"); });
    lab::check(c->receive().value().number() == 1, "that one");
    c.reset();
  });
  holds("by the sender", 213, far, [] {
    const no_letter_left at_the_end;
    auto c = std::make_unique<channel>();
    const auto other = lab::spawn("receiver", [&c = *c] { lab::check(c.receive().value().number() == 1, "that one"); });
    lab::check(c->send(letter(1)) == status::ok, "it is met");
    c.reset();
  });
  holds("by a sender whose partner was about to be stopped or to give up", 12470, far, [] {
    const no_letter_left at_the_end;
    auto c = std::make_unique<channel>();
    tandem::stop_source stop;
    const auto third = lab::spawn("third", [&] { stop.request_stop(); });
    const auto other = lab::spawn("receiver", [&c = *c, token = stop.get_token()] {
      // what is not ok ends here: then the sender has not met us, and does not destroy it
      return c.try_receive_for(1s, token).has_value();
    });
    if (c->try_send(letter(1)) == status::ok) c.reset();
    stop.request_stop();
  });
}

TEST_CASE("a copy that breaks has sent nothing", "[model][rendezvous]") {
  holds("send(const T&)", 161, {}, [] {
    tandem::rendezvous<fragile> c;
    const fragile original(1);
    bool sent = false;
    {
      const auto other = lab::spawn("receiver", [&] {
        const auto got = c.receive();
        sent = got.has_value();
        if (sent) lab::check(got->number() == 1, "a copy");
      });
      const bool failed = broke([&] { lab::check(c.send(original) == status::ok, "it is met"); });
      if (failed) c.close();
      lab::note(failed ? "it broke" : "it did not");
      lab::check(original.number() == 1, "untouched");
    }
    lab::check(sent == !c.is_closed(), "sent, or closed since it broke");
  });
}
