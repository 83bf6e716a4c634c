// Every interleaving of a few owners of a channel's two halves, who come and go.
#include <tandem/port.hpp>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/sync/rendezvous.hpp>

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

#include "model/support/memory.hpp"
#include "model/support/model.hpp"

using namespace model;
using namespace std::chrono_literals;
using support::bounded_queue;
using support::meeting_place;
using box = tandem::mailbox<letter>;
using meeting = tandem::rendezvous<letter>;

namespace {

/// A sender and a receiver, each with its port; both let go at the end. The channel has to be gone then: the lab sees
/// an atomic that is left over.
template <class Channel, class Specification, class Sends, class Receives>
auto both(Specification specification, Sends sends, Receives receives) {
  return [=] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    {
      auto [out, in] = [] {
        if constexpr (std::is_same_v<Channel, box>) {
          return tandem::open<box>(1);
        } else {
          return tandem::open<Channel>();
        }
      }();
      const auto other = lab::spawn("sender", [&sender, sends, mine = std::move(out)]() mutable {
        sends(sender, mine);
        if (mine) sender.let_go(act::sender_goes, mine);
      });
      receives(receiver, in);
      if (in) receiver.let_go(act::receiver_goes, in);
    }
    check_explained(specification, sender, receiver);
  };
}

constexpr auto until_closed = [](witness& me, auto& in) {
  while (me.receive(in) == status::ok) {
  }
};

}  // namespace

TEST_CASE("when the last sender goes, what was accepted is delivered, then closed", "[model][port]") {
  holds("a mailbox, one letter", 76626, {},
        both<box>(bounded_queue(1), [](witness& me, auto& out) { me.send(out, 1); }, until_closed));
  holds("a rendezvous, one letter", 7560, {.spurious = 1, .rereads = 2},
        both<meeting>(meeting_place(), [](witness& me, auto& out) { me.send(out, 1); }, until_closed));
  holds("nobody sends anything", 25380, {.preemptions = 3, .spurious = 1, .rereads = 3},
        both<box>(bounded_queue(1), [](witness&, auto&) {}, until_closed));
  holds("two senders", 25657, {.rereads = 0}, [] {
    const no_letter_left at_the_end;
    witness first, second, receiver;
    {
      auto [out, in] = tandem::open<box>(2);
      const auto a = lab::spawn("first", [&first, mine = out]() mutable {
        first.send(mine, 1);
        first.let_go(act::sender_goes, mine);
      });
      const auto b =
          lab::spawn("second", [&second, mine = std::move(out)]() mutable { second.let_go(act::sender_goes, mine); });
      until_closed(receiver, in);
      lab::check(receiver.seen().size() == 2 && receiver.seen()[0].number == 1, "the letter, then closed");
    }
    check_explained(bounded_queue(2, owners(2, 1)), first, second, receiver);
  });
  holds("two senders at a rendezvous", 3337, {}, [] {
    const no_letter_left at_the_end;
    witness first, second, receiver;
    {
      auto [out, in] = tandem::open<meeting>();
      const auto a = lab::spawn("first", [&first, mine = out]() mutable {
        first.send(mine, 1);
        first.let_go(act::sender_goes, mine);
      });
      const auto b =
          lab::spawn("second", [&second, mine = std::move(out)]() mutable { second.let_go(act::sender_goes, mine); });
      until_closed(receiver, in);
    }
    check_explained(meeting_place(owners(2, 1)), first, second, receiver);
  });
}

TEST_CASE("when the last receiver goes, senders are told, and what nobody received goes with the channel",
          "[model][port]") {
  const auto goes = [](witness& me, auto& in) { me.let_go(act::receiver_goes, in); };
  holds("a mailbox", 611322, {.spurious = 1, .rereads = 2},
        both<box>(
            bounded_queue(1),
            [](witness& me, auto& out) {
              me.send(out, 1);
              me.send(out, 2);
            },
            goes));
  holds("a rendezvous", 268, {.spurious = 1, .rereads = 2},
        both<meeting>(meeting_place(), [](witness& me, auto& out) { me.send(out, 1); }, goes));
  holds("a mailbox, after one letter", 3700, {},
        both<box>(
            bounded_queue(1),
            [](witness& me, auto& out) {
              me.send(out, 1);
              me.try_send(out, 2);
            },
            [](witness& me, auto& in) { me.try_receive(in); }));
  holds("two receivers", 215112, {.rereads = 0}, [] {
    const no_letter_left at_the_end;
    witness first, second, sender;
    {
      auto [out, in] = tandem::open<box>(1);
      const auto a = lab::spawn("first", [&first, mine = in]() mutable {
        first.receive(mine);
        first.let_go(act::receiver_goes, mine);
      });
      const auto b =
          lab::spawn("second", [&second, mine = std::move(in)]() mutable { second.let_go(act::receiver_goes, mine); });
      sender.send(out, 1);
      sender.send(out, 2);
      sender.let_go(act::sender_goes, out);
    }
    check_explained(bounded_queue(1, owners(1, 2)), first, second, sender);
  });
}

TEST_CASE("when the last receiver goes, what nobody received is destroyed, though a sender is left", "[model][port]") {
  // Sends end, and letters are destroyed, in whatever order the two come by: `out` stays to the end.
  const auto discarded = [](int capacity, int letters, int received) {
    return [=] {
      const no_letter_left at_the_end;
      auto [out, in] = tandem::open<box>(capacity);
      {
        const auto other = lab::spawn("sender", [letters, mine = out] {
          for (int i = 1; i <= letters; ++i) {
            if (!mine.send(letter(i))) return;
          }
        });
        for (int i = 0; i < received; ++i) static_cast<void>(in.try_receive());
        in.reset();
      }
      lab::check(out.is_closed(), "nobody is left to receive");
      lab::check(letter::counts().live == 0, "no letter outlives the last receiver and its own send");
    };
  };
  holds("one letter", 9529, {.preemptions = 3, .spurious = 1, .rereads = 3}, discarded(1, 1, 0));
  holds("two letters", 5058, {.spurious = 1, .rereads = 2}, discarded(2, 2, 0));
  holds("two letters, no room for the second", 1409, {}, discarded(1, 2, 0));
  holds("two letters, one received", 3827, {}, discarded(1, 2, 1));
  // Whoever discards gives up waiting for the one that is half-way. That its store is seen by then is a matter of time
  // (mailbox.hpp, is_soon_stored), of which weak memory knows nothing.
  holds("one letter, a slow sender", 245, {.spurious = 3, .weak_memory = false}, discarded(1, 1, 0));
  holds("two letters, a slow sender", 875, {.spurious = 3, .weak_memory = false}, discarded(2, 2, 0));
  holds("two senders", 119353, {.rereads = 2}, [] {
    const no_letter_left at_the_end;
    auto [out, in] = tandem::open<box>(2);
    {
      const auto sends = [](int number) {
        return [number](auto mine) { static_cast<void>(mine.send(letter(number))); };
      };
      const auto first = lab::spawn("first", [mine = out, send = sends(1)] { send(mine); });
      const auto second = lab::spawn("second", [mine = out, send = sends(2)] { send(mine); });
      in.reset();
    }
    lab::check(letter::counts().live == 0, "no letter outlives the last receiver and its own send");
  });
  holds("two receivers, the first of whom takes what it can", 2273, {.rereads = 2}, [] {
    const no_letter_left at_the_end;
    auto [out, in] = tandem::open<box>(2);
    {
      const auto sender = lab::spawn("sender", [mine = out] { static_cast<void>(mine.send(letter(1))); });
      const auto first = lab::spawn("first", [mine = in]() mutable {
        static_cast<void>(mine.try_receive());
        mine.reset();
      });
      in.reset();
    }
    lab::check(letter::counts().live == 0, "no letter outlives the last receiver and its own send");
  });
}

TEST_CASE("whoever put a promise into a message hears of it, though nobody receives", "[model][port]") {
  struct request {
    tandem::promise<int> answer;
  };
  holds("an asker, and the receiver goes", 12255, {.spurious = 1}, [] {
    auto [out, in] = tandem::open<tandem::mailbox<request>>(1);
    const auto asker = lab::spawn("asker", [mine = out] {
      tandem::promise<int> promised;
      auto answer = promised.get_future();
      if (mine.send(request{std::move(promised)})) {
        lab::check(answer.get().error() == status::abandoned, "nobody will answer");
      }
    });
    in.reset();
  });
}

TEST_CASE("a port is copied while others go", "[model][port]") {
  holds("a copy keeps its side open", 4704, {.preemptions = 3, .rereads = 2}, [] {
    auto [out, in] = tandem::open<box>(1);
    const auto a = lab::spawn("copies", [mine = out]() mutable {
      const auto copy = mine;
      mine.reset();
      lab::check(!copy.is_closed(), "there is a sender, and a receiver");
    });
    out.reset();
    lab::check(in.receive().error() == status::closed, "when the last one has gone");
  });
}

TEST_CASE("both sides go at once: the channel goes once, with the second", "[model][port]") {
  holds("a mailbox with a letter in it", 11913, {.preemptions = 4, .rereads = 3},
        both<box>(bounded_queue(1), [](witness& me, auto& out) { me.try_send(out, 1); }, [](witness&, auto&) {}));
  holds("a rendezvous", 101, {.preemptions = 4, .rereads = 3},
        both<meeting>(meeting_place(), [](witness&, auto&) {}, [](witness&, auto&) {}));
  holds("what every receiver did comes before the end of what none received", 40, {.preemptions = 4, .rereads = 3}, [] {
    struct guarded {  // a message that looks, when it goes, at what both receivers have written
      tandem::cell<int>* left;
      tandem::cell<int>* right;
      guarded(tandem::cell<int>* l, tandem::cell<int>* r) : left(l), right(r) {}
      guarded(guarded&& other) noexcept : left(std::exchange(other.left, nullptr)), right(other.right) {}
      guarded& operator=(guarded&&) = delete;
      ~guarded() {
        if (left != nullptr) lab::check(*left == 1 && *right == 1, "both are done with it");
      }
    };
    tandem::cell<int> left(0);
    tandem::cell<int> right(0);
    auto [out, in] = tandem::open<tandem::mailbox<guarded>>(1);
    lab::check(out.send(guarded(&left, &right)) == status::ok, "there is room");
    const auto other = lab::spawn("receiver", [&left, mine = in]() mutable {
      left = 1;
      mine.reset();
    });
    right = 1;
    in.reset();
  });
}

TEST_CASE("close by one of many owners is for all", "[model][port]") {
  holds("the receiver closes, a sender sends", 142265, {.rereads = 2},
        both<box>(
            bounded_queue(1),
            [](witness& me, auto& out) {
              me.send(out, 1);
              me.send(out, 2);
            },
            [](witness& me, auto& in) {
              me.close(in);
              me.drain(in);
            }));
  holds("a third closes while the last sender goes", 140507, {.rereads = 2}, [] {
    witness sender, receiver, third;
    {
      auto [out, in] = tandem::open<meeting>();
      const auto a =
          lab::spawn("sender", [&sender, mine = std::move(out)]() mutable { sender.let_go(act::sender_goes, mine); });
      const auto b = lab::spawn("third", [&third, mine = in]() mutable {
        third.close(mine);
        third.let_go(act::receiver_goes, mine);
      });
      receiver.receive(in);
      receiver.let_go(act::receiver_goes, in);
    }
    check_explained(meeting_place(owners(1, 2)), sender, receiver, third);
  });
}

TEST_CASE("a wait through a port is timed and stopped as on the channel", "[model][port]") {
  holds("the last sender goes as a receiver's time is up", 104744, {.early_timeouts = 1},
        both<box>(
            bounded_queue(1), [](witness& me, auto& out) { me.try_send_for(out, 1, 1s); },
            [](witness& me, auto& in) { me.try_receive_for(in, 1s); }));
  holds("a sender is stopped while the last receiver goes", 1583, {.spurious = 1}, [] {
    const no_letter_left at_the_end;
    witness sender, receiver;
    tandem::stop_source stop;
    {
      auto [out, in] = tandem::open<meeting>();
      const auto a = lab::spawn("sender", [&sender, &stop, mine = std::move(out)]() mutable {
        sender.send(mine, 1, stop.get_token());
        sender.let_go(act::sender_goes, mine);
      });
      receiver.request(stop);
      receiver.let_go(act::receiver_goes, in);
    }
    check_explained(meeting_place(), sender, receiver);
  });
}

TEST_CASE("a channel that there is no memory for is not opened", "[model][port]") {
  holds("open", 3, {}, [] {
    const unsigned failing = lab::choose(3);  // nothing, the block of the ports, or the ring
    std::optional<tandem::ports<box>> both_halves;
    const bool failed = out_of_memory(failing, [&] { both_halves.emplace(tandem::open<box>(1)); });
    lab::check(failed == (failing != 0), "it throws, and leaks nothing");
  });
}
