// Every interleaving of small meetings with a coroutine: on a loop of its own, or resumed by whoever completes it.
#include <tandem/awaitable.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "model/support/model.hpp"
#include "support/coroutines.hpp"

using namespace model;
using namespace std::chrono_literals;
using phone = tandem::rendezvous<letter>;
using box = tandem::mailbox<letter>;
using promise = tandem::promise<letter>;
using future = tandem::future<letter>;
using support::bounded_queue;
using support::detached;
using support::meeting_place;
using support::one_message;
using support::tied;
using support::turn;
using tandem::run_loop;
using tandem::task;

namespace {

template <class Make>
task<support::awaited<std::invoke_result_t<Make&>>> one(Make make) {
  co_return co_await make();
}

/// What a thread did by coroutines that ran on its loop, and saw.
class talker : public witness {
 public:
  template <class Channel, class... Limits>
  status::code co_send(Channel& to, int number, const Limits&... limit) {
    return sends(number, [&](letter&& l) { return run([&] { return to.co_send(std::move(l), limit...); }); });
  }
  template <class Channel, class... Limits>
  status::code co_receive(Channel& from, const Limits&... limit) {
    return receives([&] { return run([&] { return from.co_receive(limit...); }); });
  }
  template <class Channel, class... Limits>
  status::code co_try_send_for(Channel& to, int number, const Limits&... limit) {
    return sends(number, [&](letter&& l) { return run([&] { return to.co_try_send_for(std::move(l), limit...); }); });
  }
  template <class Channel, class... Limits>
  status::code co_try_receive_for(Channel& from, const Limits&... limit) {
    return receives([&] { return run([&] { return from.co_try_receive_for(limit...); }); });
  }
  template <class... Limits>
  status::code co_get(future& f, const Limits&... limit) {
    return receives([&] { return run([&] { return f.co_get(limit...); }); });
  }
  template <class... Limits>
  status::code co_try_get_for(future& f, const Limits&... limit) {
    return receives([&] { return run([&] { return f.co_try_get_for(limit...); }); });
  }
  status::code keep(promise& p, int number) {
    return sends(number, [&](letter&& l) { return p.set_value(std::move(l)); });
  }

 private:
  template <class Make>
  auto run(Make make) {
    return loop_.block_on(one(std::move(make)));
  }
  run_loop loop_;
};

/// A party that waits as a thread, and one that waits as a coroutine.
struct waits_as_thread : witness {
  template <class Channel>
  void sends_to(Channel& c, int number) {
    send(c, number);
  }
  template <class Channel>
  void receives_from(Channel& c) {
    receive(c);
  }
};
struct waits_as_coroutine : talker {
  template <class Channel>
  void sends_to(Channel& c, int number) {
    co_send(c, number);
  }
  template <class Channel>
  void receives_from(Channel& c) {
    co_receive(c);
  }
};

/// One sends twice, the other receives twice.
template <class Sender, class Receiver, class Channel, class Specification>
void two_letters_through(Channel& c, const Specification& by) {
  const no_letter_left at_the_end;
  Sender sender;
  Receiver receiver;
  {
    const auto other = lab::spawn("sender", [&] {
      sender.sends_to(c, 1);
      sender.sends_to(c, 2);
    });
    receiver.receives_from(c);
    receiver.receives_from(c);
  }
  lab::check(receiver.seen()[0].number == 1 && receiver.seen()[1].number == 2, "in the order in which they were sent");
  check_explained(by, sender, receiver);
}

/// On a loop: begins to wait, and is destroyed before it has come to anything, or after: true.
template <class Make>
task<bool> waits_and_is_destroyed(run_loop& loop, Make make) {
  std::optional<support::awaited<std::invoke_result_t<Make&>>> outcome;
  tied waiting = support::await_into(loop, make, outcome);
  waiting.start();
  if (lab::choose(2) == 1) co_await turn(loop);
  waiting.destroy();
  co_return outcome.has_value();
}

}  // namespace

TEST_CASE("a thread and a coroutine meet at a rendezvous", "[model][coroutine]") {
  holds("rendezvous: a thread sends, a coroutine receives", 23326, {.spurious = 1}, [] {
    phone c;
    two_letters_through<waits_as_thread, waits_as_coroutine>(c, meeting_place());
  });
  holds("rendezvous: a coroutine sends, a thread receives", 16525, {.spurious = 1}, [] {
    phone c;
    two_letters_through<waits_as_coroutine, waits_as_thread>(c, meeting_place());
  });
}

TEST_CASE("a thread and a coroutine share a mailbox", "[model][coroutine]") {
  holds("mailbox: a thread sends, a coroutine receives", 12308, {.preemptions = 3, .weak_memory = false}, [] {
    box c(1);
    two_letters_through<waits_as_thread, waits_as_coroutine>(c, bounded_queue(1));
  });
  holds("mailbox: a coroutine sends, a thread receives", 14938, {.preemptions = 3, .weak_memory = false}, [] {
    box c(1);
    two_letters_through<waits_as_coroutine, waits_as_thread>(c, bounded_queue(1));
  });
}

TEST_CASE("two coroutines on two loops", "[model][coroutine]") {
  holds("rendezvous: two loops", 2199, {.spurious = 1}, [] {
    const no_letter_left at_the_end;
    talker sender, receiver;
    phone c;
    {
      const auto other = lab::spawn("sender", [&] { sender.co_send(c, 1); });
      receiver.co_receive(c);
    }
    check_explained(meeting_place(), sender, receiver);
  });
  holds("mailbox: two loops", 18517, {.preemptions = 3, .weak_memory = false}, [] {
    box c(1);
    two_letters_through<waits_as_coroutine, waits_as_coroutine>(c, bounded_queue(1));
  });
}

TEST_CASE("a stop request against a partner", "[model][coroutine]") {
  holds("rendezvous: a third stops the receiving coroutine", 8728, {}, [] {
    const no_letter_left at_the_end;
    witness sender, third;
    talker receiver;
    phone c;
    tandem::stop_source stop;
    {
      const auto one_thread = lab::spawn("sender", [&] { sender.try_send(c, 1); });
      const auto other = lab::spawn("third", [&] { third.request(stop); });
      receiver.co_receive(c, stop.get_token());
    }
    check_explained(meeting_place(), sender, receiver, third);
  });
  holds("rendezvous: a third stops the sending coroutine", 8728, {}, [] {
    const no_letter_left at_the_end;
    witness receiver, third;
    talker sender;
    phone c;
    tandem::stop_source stop;
    {
      const auto one_thread = lab::spawn("receiver", [&] { receiver.try_receive(c); });
      const auto other = lab::spawn("third", [&] { third.request(stop); });
      sender.co_send(c, 1, stop.get_token());
    }
    check_explained(meeting_place(), sender, receiver, third);
  });
  holds("mailbox: the sender stops the receiving coroutine", 1167, {}, [] {
    const no_letter_left at_the_end;
    witness sender;
    talker receiver;
    box c(1);
    tandem::stop_source stop;
    {
      const auto other = lab::spawn("sender", [&] {
        sender.send(c, 1);
        sender.request(stop);
      });
      receiver.co_receive(c, stop.get_token());
    }
    receiver.drain(c);
    check_explained(bounded_queue(1), sender, receiver);
  });
}

TEST_CASE("a deadline against a partner", "[model][coroutine]") {
  const reach far{.early_timeouts = 1};
  holds("rendezvous: the receiving coroutine's time is up", 1532, far, [] {
    const no_letter_left at_the_end;
    witness sender;
    talker receiver;
    phone c;
    {
      const auto other = lab::spawn("sender", [&] { sender.try_send(c, 1); });
      receiver.co_try_receive_for(c, 1s);
    }
    check_explained(meeting_place(), sender, receiver);
  });
  holds("rendezvous: the sending coroutine's time is up", 1532, far, [] {
    const no_letter_left at_the_end;
    witness receiver;
    talker sender;
    phone c;
    {
      const auto other = lab::spawn("receiver", [&] { receiver.try_receive(c); });
      sender.co_try_send_for(c, 1, 1s);
    }
    check_explained(meeting_place(), sender, receiver);
  });
  holds("mailbox: the receiving coroutine's time is up", 2451, far, [] {
    const no_letter_left at_the_end;
    witness sender;
    talker receiver;
    box c(1);
    {
      const auto other = lab::spawn("sender", [&] { sender.send(c, 1); });
      receiver.co_try_receive_for(c, 1s);
    }
    receiver.drain(c);
    check_explained(bounded_queue(1), sender, receiver);
  });
  holds("rendezvous: deadline, stop and partner at once", 3083, far, [] {
    const no_letter_left at_the_end;
    witness sender;
    talker receiver;
    phone c;
    tandem::stop_source stop;
    {
      const auto other = lab::spawn("sender", [&] {
        sender.try_send(c, 1);
        sender.request(stop);
      });
      receiver.co_try_receive_for(c, 1s, stop.get_token());
    }
    check_explained(meeting_place(), sender, receiver);
  });
}

TEST_CASE("close against a coroutine", "[model][coroutine]") {
  holds("rendezvous: closed while a coroutine receives", 5859, {.spurious = 1}, [] {
    const no_letter_left at_the_end;
    witness closer;
    talker receiver;
    phone c;
    {
      const auto other = lab::spawn("closer", [&] {
        closer.try_send(c, 1);
        closer.close(c);
      });
      receiver.co_receive(c);
      receiver.co_receive(c);
    }
    check_explained(meeting_place(), closer, receiver);
  });
  holds("mailbox: closed while a coroutine receives", 35179, {}, [] {
    const no_letter_left at_the_end;
    witness closer;
    talker receiver;
    box c(1);
    {
      const auto other = lab::spawn("closer", [&] {
        closer.send(c, 1);
        closer.close(c);
      });
      receiver.co_receive(c);
      receiver.co_receive(c);
    }
    check_explained(bounded_queue(1), closer, receiver);
  });
  holds("mailbox: closed while a coroutine sends", 1168, {}, [] {
    const no_letter_left at_the_end;
    witness closer;
    talker sender;
    box c(1);
    {
      const auto other = lab::spawn("closer", [&] { closer.close(c); });
      sender.co_send(c, 1);
      sender.co_send(c, 2);
    }
    closer.drain(c);
    check_explained(bounded_queue(1), closer, sender);
  });
}

TEST_CASE("a coroutine is destroyed while a partner comes", "[model][coroutine]") {
  holds("rendezvous: a receiver is destroyed", 473, {}, [] {
    const no_letter_left at_the_end;
    phone c;
    run_loop loop;
    const auto other = lab::spawn("sender", [&] {
      letter mine(1);
      const status how = c.try_send(std::move(mine));
      lab::check((how == status::ok) == (mine.number() == -1), "sent, or not");
    });
    loop.block_on(waits_and_is_destroyed(loop, [&] { return c.co_receive(); }));
  });
  holds("rendezvous: a sender is destroyed", 473, {}, [] {
    const no_letter_left at_the_end;
    phone c;
    run_loop loop;
    letter mine(1);
    bool received = false;
    {
      const auto other = lab::spawn("receiver", [&] { received = c.try_receive().has_value(); });
      loop.block_on(waits_and_is_destroyed(loop, [&] { return c.co_send(std::move(mine)); }));
    }
    lab::check(received == (mine.number() == -1), "it is in one place");
  });
  holds("rendezvous: a receiver that can be stopped is destroyed", 690, {}, [] {
    const no_letter_left at_the_end;
    phone c;
    run_loop loop;
    tandem::stop_source stop;
    const auto other = lab::spawn("sender", [&] {
      static_cast<void>(c.try_send(letter(1)).value());
      stop.request_stop();
    });
    loop.block_on(waits_and_is_destroyed(loop, [&] { return c.co_try_receive_for(1s, stop.get_token()); }));
  });
  holds("rendezvous: a receiver is destroyed while it is stopped", 55, {.early_timeouts = 1}, [] {
    phone c;
    run_loop loop;
    tandem::stop_source stop;
    const auto other = lab::spawn("other", [&] { stop.request_stop(); });
    loop.block_on(waits_and_is_destroyed(loop, [&] { return c.co_try_receive_for(1s, stop.get_token()); }));
  });
  holds("mailbox: a receiver is destroyed, and the next has its turn", 17512, {}, [] {
    const no_letter_left at_the_end;
    box c(1);
    run_loop loop;
    tandem::promise<void> got_one;
    auto whether = got_one.get_future();
    const auto receives_one = [&](tandem::scheduler&) -> tied {
      const auto got = co_await c.co_receive();
      lab::check(got.has_value() && got_one.set_value() == status::ok, "nobody closes");
    };
    const auto both = [&]() -> task<> {
      std::optional<tandem::result<letter>> outcome;
      const auto receive = [&] { return c.co_receive(); };
      tied first = support::await_into(loop, receive, outcome);
      tied next = receives_one(loop);
      first.start();
      next.start();
      if (lab::choose(2) == 1) co_await turn(loop);
      first.destroy();
      if (outcome) lab::check(c.send(letter(2)) == status::ok, "for the next one");
      lab::check((co_await whether.co_get()).has_value(), "it is not forgotten");
    };
    const auto sender = lab::spawn("sender", [&] { lab::check(c.send(letter(1)) == status::ok, "there is room"); });
    loop.block_on(both());
  });
  holds("future: a getter is destroyed", 123586, {.preemptions = 3}, [] {
    const no_letter_left at_the_end;
    promise p;
    future f = p.get_future();
    run_loop loop;
    const auto other = lab::spawn("promise", [mine = std::move(p)]() mutable {
      lab::check(mine.set_value(letter(1)) == status::ok, "the future is still there");
    });
    loop.block_on(waits_and_is_destroyed(loop, [&] { return f.co_get(); }));
    if (lab::choose(2) == 1) {
      const auto got = f.get();
      lab::check(got.has_value() || got.error() == status::closed, "it was not lost");
    } else {
      const auto wait_for_it = f.get();
    }
  });
}

TEST_CASE("a coroutine gets what a promise holds", "[model][coroutine]") {
  const auto both = [](auto promises, auto gets) {
    return [=] {
      const no_letter_left at_the_end;
      talker one_end, other_end;
      {
        promise p;
        future f = p.get_future();
        const auto thread = lab::spawn("promise", [&, mine = std::move(p)]() mutable {
          promises(one_end, mine);
          one_end.let_go(act::sender_goes, mine);
        });
        gets(other_end, f);
        other_end.let_go(act::receiver_goes, f);
      }
      check_explained(one_message(), one_end, other_end);
    };
  };
  const auto keeps = [](talker& me, promise& p) { me.keep(p, 1); };
  const auto breaks = [](talker&, promise&) {};
  const reach far{.preemptions = 3, .spurious = 1, .early_timeouts = 1};
  holds("future: set_value, co_get twice", 10285, far, both(keeps, [](talker& me, future& f) {
          me.co_get(f);
          me.co_get(f);
        }));
  holds("future: gone, co_get", 4973, far, both(breaks, [](talker& me, future& f) { me.co_get(f); }));
  holds("future: set_value, co_try_get_for, co_get", 65669, {.early_timeouts = 1},
        both(keeps, [](talker& me, future& f) {
          me.co_try_get_for(f, 1s);
          me.co_get(f);
        }));
  holds("future: the promise stops the co_get, and keeps its word", 19279, {}, [] {
    const no_letter_left at_the_end;
    talker one_end, other_end;
    tandem::stop_source stop;
    {
      promise p;
      future f = p.get_future();
      const auto thread = lab::spawn("promise", [&, mine = std::move(p)]() mutable {
        one_end.request(stop);
        one_end.keep(mine, 1);
        one_end.let_go(act::sender_goes, mine);
      });
      other_end.co_get(f, stop.get_token());
      other_end.co_get(f);
      other_end.let_go(act::receiver_goes, f);
    }
    check_explained(one_message(), one_end, other_end);
  });
}

TEST_CASE("without a scheduler, what the coroutine does next comes after what it did before", "[model][coroutine]") {
  // On whichever thread: a cell shows whether it knows. It begins on one, and is resumed on the other.
  const auto passes = [](auto& c, auto receive, auto send) {
    tandem::cell<int> steps(0);
    bool over = false;
    const auto receives_two = [&]() -> detached {
      steps = 1;
      auto first = co_await receive();
      lab::check(first.has_value() && first->number() == steps, "the first");
      steps = 2;
      auto second = co_await receive();
      lab::check(second.has_value() && second->number() == steps, "the second");
      over = true;
    };
    {
      const auto other = lab::spawn("sender", [&] {
        lab::check(send(1) == status::ok, "nobody closes");
        lab::check(send(2) == status::ok, "nobody closes");
      });
      receives_two();
    }
    lab::check(over, "when both have returned, it is over");
    static_cast<void>(c);
  };
  holds("rendezvous: on the spot", 2446, {.preemptions = 3, .spurious = 1}, [&] {
    const no_letter_left at_the_end;
    phone c;
    passes(c, [&] { return c.co_receive(); }, [&](int number) { return c.send(letter(number)); });
  });
  holds("rendezvous: on the spot, with a token", 2051, {.preemptions = 3}, [&] {
    const no_letter_left at_the_end;
    phone c;
    const tandem::stop_source stop;
    passes(c, [&] { return c.co_receive(stop.get_token()); }, [&](int number) { return c.send(letter(number)); });
  });
  holds("mailbox: on the spot", 2380, {}, [&] {
    const no_letter_left at_the_end;
    box c(2);
    passes(c, [&] { return c.co_receive(); }, [&](int number) { return c.send(letter(number)); });
  });
  holds("rendezvous: a stop on the spot, against a partner", 1865, {}, [] {
    const no_letter_left at_the_end;
    phone c;
    tandem::stop_source stop;
    tandem::cell<int> steps(0);
    status how = status::empty;
    const auto receives_one = [&]() -> detached {
      steps = 1;
      const auto got = co_await c.co_receive(stop.get_token());
      lab::check(steps == 1, "it knows what it did");
      steps = 2;
      how = got.error();
    };
    status sent = status::empty;
    {
      const auto sender = lab::spawn("sender", [&] { sent = c.try_send(letter(1)); });
      const auto stopper = lab::spawn("stopper", [&] { stop.request_stop(); });
      receives_one();
    }
    lab::check(how == (sent ? status::ok : status::stopped), "one or the other");
    lab::check(steps == 2, "and it went on");
  });
}
