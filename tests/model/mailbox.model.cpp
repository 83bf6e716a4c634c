// Every interleaving of a few letters through a mailbox.
#include <tandem/async/mailbox.hpp>

#include <chrono>
#include <optional>
#include <utility>

#include "model/support/memory.hpp"
#include "model/support/model.hpp"

using namespace model;
using namespace std::chrono_literals;
using channel = tandem::mailbox<letter>;
using support::bounded_queue;

TEST_CASE("one sender, one receiver: all that is sent is received, in that order", "[model][mailbox]") {
  const auto exchange = [](int capacity, int messages) {
    return [=] {
      const no_letter_left at_the_end;
      witness sender, receiver;
      channel box(capacity);
      {
        const auto other = lab::spawn("sender", [&] {
          for (int i = 1; i <= messages; ++i) sender.send(box, i);
        });
        for (int i = 1; i <= messages; ++i) receiver.receive(box);
      }
      check_explained(bounded_queue(box.capacity()), sender, receiver);
    };
  };
  // whoever is about to sleep has read a counter once or twice: the last look has to be able to be old as well
  holds("one message", 26191, {.preemptions = 3, .spurious = 1, .rereads = 4}, exchange(1, 1));
  holds("two places, two messages", 20838, {}, exchange(2, 2));
  holds("one place, two messages", 139503, {.spurious = 1, .rereads = 0}, exchange(1, 2));
  holds("one place, three messages", 45932, {.preemptions = 3, .weak_memory = false}, exchange(1, 3));
  holds("two places, three messages", 30738, {.rereads = 0}, exchange(2, 3));
  holds("one place, two messages, after polling", 242, {.rereads = 0, .longest_spin = 1000, .longest_yield = 1000},
        exchange(1, 2));
}

TEST_CASE("two senders and one receiver, and the other way round", "[model][mailbox]") {
  const auto two_senders = [](int capacity) {
    return [=] {
      const no_letter_left at_the_end;
      witness first, second, receiver;
      channel box(capacity);
      {
        const auto one = lab::spawn("first", [&] { first.send(box, 1); });
        const auto two = lab::spawn("second", [&] { second.send(box, 2); });
        receiver.receive(box);
        receiver.receive(box);
      }
      check_explained(bounded_queue(box.capacity()), first, second, receiver);
    };
  };
  const auto two_receivers = [](int capacity) {
    return [=] {
      const no_letter_left at_the_end;
      witness first, second, sender;
      channel box(capacity);
      {
        const auto one = lab::spawn("first", [&] { first.receive(box); });
        const auto two = lab::spawn("second", [&] { second.receive(box); });
        sender.send(box, 1);
        sender.send(box, 2);
      }
      check_explained(bounded_queue(box.capacity()), first, second, sender);
    };
  };
  holds("two senders, one place", 102511, {.preemptions = 3, .weak_memory = false}, two_senders(1));
  holds("two senders, two places", 3834, {.rereads = 0, .weak_memory = false}, two_senders(2));
  holds("two receivers, one place", 128089, {.preemptions = 3, .weak_memory = false}, two_receivers(1));
  holds("two receivers, two places", 48286, {.preemptions = 3, .weak_memory = false}, two_receivers(2));
}

TEST_CASE("a try is done, or leaves no trace and says the truth", "[model][mailbox]") {
  holds("try_send, try_receive", 187, {}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel box(1);
    {
      const auto other = lab::spawn("sender", [&] {
        sender.try_send(box, 1);
        sender.try_send(box, 2);
      });
      receiver.try_receive(box);
      receiver.try_receive(box);
    }
    receiver.drain(box);
    check_explained(bounded_queue(1), sender, receiver);
  });
  holds("try_send, receive", 2253, {}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel box(1);
    {
      const auto other = lab::spawn("sender", [&] {
        sender.try_send(box, 1);
        sender.try_send(box, 2);
      });
      receiver.receive(box);
    }
    receiver.drain(box);
    check_explained(bounded_queue(1), sender, receiver);
  });
  holds("send, try_receive", 95, {}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel box(1);
    {
      const auto other = lab::spawn("sender", [&] { sender.send(box, 1); });
      receiver.try_receive(box);
      receiver.try_receive(box);
    }
    receiver.drain(box);
    check_explained(bounded_queue(1), sender, receiver);
  });
}

TEST_CASE("a try waits for whoever is half-way through a slot, rather than tell a lie", "[model][mailbox]") {
  // The other one may have taken its place in the ring, and not yet filled or emptied the slot. What came after it is
  // done, so the mailbox is neither empty nor full.
  holds("try_receive, after a send that overtook another", 564, {.rereads = 2}, [] {
    const no_letter_left at_the_end;
    witness one, other;
    channel box(2);
    {
      const auto thread = lab::spawn("other", [&] { other.send(box, 1); });
      one.send(box, 2);
      lab::check(one.try_receive(box) == status::ok, "there is a letter");
    }
    one.drain(box);
    check_explained(bounded_queue(2), one, other);
  });
  holds("try_send, after a receive that overtook another", 564, {.rereads = 2}, [] {
    const no_letter_left at_the_end;
    witness one, other;
    channel box(2);
    one.try_send(box, 1);
    one.try_send(box, 2);
    {
      const auto thread = lab::spawn("other", [&] { other.receive(box); });
      one.receive(box);
      lab::check(one.try_send(box, 3) == status::ok, "there is room");
    }
    one.drain(box);
    check_explained(bounded_queue(2), one, other);
  });
}

TEST_CASE("empty and full do not deny what one knows of", "[model][mailbox]") {
  holds("a try_receive that knows of a message, and another receiver", 309, {.rereads = 2}, [] {
    const no_letter_left at_the_end;
    witness one, two, other;
    channel box(2);
    tandem::atomic<int> sent(0);
    {
      const auto thread = lab::spawn("other", [&] {
        if (sent.load(std::memory_order_acquire) == 1) other.try_receive(box);
      });
      one.try_send(box, 1);
      sent.store(1, std::memory_order_release);
      one.try_send(box, 2);
      one.try_receive(box);
    }
    one.drain(box);
    check_explained(bounded_queue(2), one, other);
  });
  holds("a try_send that knows of room, and another sender", 309, {.rereads = 2}, [] {
    const no_letter_left at_the_end;
    witness one, other;
    channel box(2);
    tandem::atomic<int> room(0);
    one.try_send(box, 1);
    one.try_send(box, 2);
    {
      const auto thread = lab::spawn("other", [&] {
        if (room.load(std::memory_order_acquire) == 1) other.try_send(box, 4);
      });
      one.try_receive(box);
      room.store(1, std::memory_order_release);
      one.try_receive(box);
      one.try_send(box, 3);
    }
    one.drain(box);
    check_explained(bounded_queue(2), one, other);
  });
}

TEST_CASE("full: a sender waits for room, and whoever makes it wakes that sender", "[model][mailbox]") {
  const auto wait_for_room = [](int senders) {
    return [=] {
      const no_letter_left at_the_end;
      witness first, second, receiver;
      channel box(1);
      receiver.try_send(box, 9);
      {
        const auto one = lab::spawn("first", [&] { first.send(box, 1); });
        const auto two = lab::spawn("second", [&] {
          if (senders == 2) second.send(box, 2);
        });
        for (int i = 0; i < senders; ++i) receiver.receive(box);
      }
      receiver.drain(box);
      check_explained(bounded_queue(1), first, second, receiver);
    };
  };
  holds("one sender waits for room", 73980, {.spurious = 1, .rereads = 4}, wait_for_room(1));
  holds("two senders wait for room", 128089, {.preemptions = 3, .weak_memory = false}, wait_for_room(2));
}

TEST_CASE("a wait that times out has had no effect", "[model][mailbox]") {
  holds("try_receive_for", 7503, {.spurious = 1, .early_timeouts = 1, .rereads = 2}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel box(1);
    {
      const auto other = lab::spawn("sender", [&] { sender.send(box, 1); });
      receiver.try_receive_for(box, 1s);
    }
    receiver.drain(box);
    check_explained(bounded_queue(1), sender, receiver);
  });
  holds("try_send_for", 12309, {.spurious = 1, .early_timeouts = 1, .rereads = 2}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel box(1);
    receiver.try_send(box, 9);
    {
      const auto other = lab::spawn("sender", [&] { sender.try_send_for(box, 1, 1s); });
      receiver.receive(box);
    }
    receiver.drain(box);
    check_explained(bounded_queue(1), sender, receiver);
  });
  // whoever gives up was the first in line: the message is the other one's
  holds("two receivers, one of whom gives up", 34471, {.preemptions = 3, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    witness timed, patient, sender;
    channel box(1);
    {
      const auto one = lab::spawn("timed", [&] { timed.try_receive_for(box, 1s); });
      const auto two = lab::spawn("patient", [&] { patient.receive(box); });
      tandem::sleep_for(1s);
      sender.send(box, 1);
      sender.close(box);
    }
    sender.drain(box);
    check_explained(bounded_queue(1), timed, patient, sender);
  });
}

TEST_CASE("a stop request and a message: one of the two wins", "[model][mailbox]") {
  holds("a receiver is stopped while somebody sends", 3119, {.spurious = 1}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel box(1);
    tandem::stop_source stop;
    {
      const auto other = lab::spawn("receiver", [&] { receiver.receive(box, stop.get_token()); });
      sender.send(box, 1);
      sender.request(stop);
    }
    sender.drain(box);
    check_explained(bounded_queue(1), sender, receiver);
  });
  holds("a sender is stopped by a third while somebody receives", 2600, {.rereads = 0}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver, third;
    channel box(1);
    receiver.try_send(box, 9);
    tandem::stop_source stop;
    {
      const auto one = lab::spawn("sender", [&] { sender.send(box, 1, stop.get_token()); });
      const auto two = lab::spawn("third", [&] { third.request(stop); });
      receiver.receive(box);
    }
    receiver.drain(box);
    check_explained(bounded_queue(1), sender, receiver, third);
  });
  holds("two receivers, one of whom is stopped", 55136, {.preemptions = 3, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    witness stopped, patient, sender;
    channel box(1);
    tandem::stop_source stop;
    {
      const auto one = lab::spawn("stopped", [&] { stopped.receive(box, stop.get_token()); });
      const auto two = lab::spawn("patient", [&] { patient.receive(box); });
      sender.send(box, 1);
      sender.request(stop);
      sender.close(box);
    }
    sender.drain(box);
    check_explained(bounded_queue(1), stopped, patient, sender);
  });
}

TEST_CASE("close wakes everybody, and what was accepted is still delivered", "[model][mailbox]") {
  const reach far{.spurious = 1, .rereads = 3};
  holds("close against a blocked receiver", 4940, far, [] {
    const no_letter_left at_the_end;
    witness receiver, closer;
    channel box(1);
    {
      const auto other = lab::spawn("receiver", [&] { receiver.receive(box); });
      closer.close(box);
      closer.try_send(box, 1);
    }
    check_explained(bounded_queue(1), receiver, closer);
  });
  holds("close against a blocked sender", 6713, far, [] {
    const no_letter_left at_the_end;
    witness sender, closer;
    channel box(1);
    closer.try_send(box, 9);
    {
      const auto other = lab::spawn("sender", [&] { sender.send(box, 1); });
      closer.close(box);
    }
    closer.drain(box);
    check_explained(bounded_queue(1), sender, closer);
  });
  holds("send, close; the receiver receives until it is closed", 39589, {}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    channel box(1);
    {
      const auto other = lab::spawn("sender", [&] {
        sender.send(box, 1);
        sender.close(box);
      });
      while (receiver.receive(box) == status::ok) {
      }
    }
    lab::check(receiver.seen().size() == 2, "the one letter, then closed");
    check_explained(bounded_queue(1), sender, receiver);
  });
  holds("a sender, a receiver, and a third who closes", 421895, {.rereads = 0}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver, closer;
    channel box(1);
    {
      const auto one = lab::spawn("sender", [&] {
        sender.send(box, 1);
        sender.send(box, 2);
      });
      const auto two = lab::spawn("receiver", [&] { receiver.receive(box); });
      closer.close(box);
    }
    lab::check(box.is_closed(), "for good");
    closer.drain(box);
    check_explained(bounded_queue(1), sender, receiver, closer);
  });
  holds("two receivers, one message, and close", 47677, {.preemptions = 3, .weak_memory = false}, [] {
    const no_letter_left at_the_end;
    witness first, second, sender;
    channel box(1);
    {
      const auto one = lab::spawn("first", [&] { first.receive(box); });
      const auto two = lab::spawn("second", [&] { second.receive(box); });
      sender.send(box, 1);
      sender.close(box);
    }
    check_explained(bounded_queue(1), first, second, sender);
  });
  holds("closed by two", 382093, {.rereads = 0}, [] {
    witness receiver, one, two;
    channel box(1);
    {
      const auto other = lab::spawn("receiver", [&] { receiver.receive(box); });
      const auto third = lab::spawn("third", [&] { one.close(box); });
      two.close(box);
    }
    check_explained(bounded_queue(1), receiver, one, two);
  });
  holds("what nobody received goes with the mailbox", 194, {}, [] {
    const no_letter_left at_the_end;
    channel box(2);
    const auto other = lab::spawn("sender", [&] { lab::check(box.send(letter(1)) == status::ok, "there is room"); });
    lab::check(box.send(letter(2)) == status::ok, "there is room");
  });
}

TEST_CASE("two senders, the second of which is done first: nobody who waits is forgotten", "[model][mailbox]") {
  // The one who is woken for the second message cannot have it before the first is there; it stands in line again, as
  // the first, and is woken once more. Whoever leaves the line looks whether there is something for the next. (Time
  // passes only when nobody can do anything else: after a second those who wait first stand in line and sleep.)
  const reach far{.weak_memory = false};
  holds("two receivers, then two senders", 13284, far, [] {
    const no_letter_left at_the_end;
    witness first, second, one, two;
    channel box(2);
    {
      const auto a = lab::spawn("receiver 1", [&] { one.receive(box); });
      const auto b = lab::spawn("receiver 2", [&] { two.receive(box); });
      const auto c = lab::spawn("sender 1", [&] {
        tandem::sleep_for(1s);
        first.send(box, 1);
      });
      tandem::sleep_for(1s);
      second.send(box, 2);
    }
    check_explained(bounded_queue(2), first, second, one, two);
  });
  holds("two senders without room, then two receivers", 13284, far, [] {
    const no_letter_left at_the_end;
    witness first, second, one, two;
    channel box(2);
    one.try_send(box, 8);
    one.try_send(box, 9);
    {
      const auto a = lab::spawn("sender 1", [&] { first.send(box, 1); });
      const auto b = lab::spawn("sender 2", [&] { second.send(box, 2); });
      const auto c = lab::spawn("receiver 2", [&] {
        tandem::sleep_for(1s);
        two.receive(box);
      });
      tandem::sleep_for(1s);
      one.receive(box);
    }
    one.drain(box);
    check_explained(bounded_queue(2), first, second, one, two);
  });
  holds("two receivers, one of whom has a deadline, then two senders", 44174, far, [] {
    const no_letter_left at_the_end;
    witness first, second, one, two;
    channel box(2);
    {
      const auto a = lab::spawn("receiver 1", [&] { one.try_receive_for(box, 1s); });
      const auto b = lab::spawn("receiver 2", [&] { two.receive(box); });
      const auto c = lab::spawn("sender 1", [&] {
        tandem::sleep_for(1s);
        first.send(box, 1);
      });
      tandem::sleep_for(1s);
      second.send(box, 2);
    }
    second.drain(box);
    check_explained(bounded_queue(2), first, second, one, two);
  });
}

TEST_CASE("a copy that breaks has sent nothing", "[model][mailbox]") {
  holds("send(const T&)", 975, {}, [] {
    tandem::mailbox<fragile> box(1);
    const fragile original(1);
    {
      const auto other = lab::spawn("sender", [&] {
        if (broke([&] { lab::check(box.send(original) == status::ok, "there is room"); })) box.close();
        lab::check(original.number() == 1, "untouched");
      });
      const auto got = box.receive();
      lab::check(got ? got->number() == 1 : got.error() == status::closed, "a copy, or closed since it broke");
    }
    lab::check(box.was_empty(), "nothing is left");
  });
}

TEST_CASE("a mailbox that there is no memory for is not made", "[model][mailbox]") {
  holds("mailbox(1)", 393, {}, [] {
    const no_letter_left at_the_end;
    const unsigned failing = lab::choose(2);
    std::optional<channel> box;
    const bool failed = out_of_memory(failing, [&] { box.emplace(1); });
    lab::check(failed == (failing == 1), "it throws, and leaks nothing");
    if (failed) return;
    const auto thread = lab::spawn("sender", [&] { lab::check(box->send(letter(1)) == status::ok, "there is room"); });
    lab::check(box->receive().value().number() == 1, "that one");
  });
}
