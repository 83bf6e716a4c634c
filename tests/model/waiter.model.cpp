// Every interleaving of what all waiting is built from: the waiter, the list, the lock, and the patience before sleep.
#include <tandem/detail/operation.hpp>

#include <tandem/detail/backoff.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/mutex.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/detail/waiter.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "model/support/model.hpp"

using namespace model;
using namespace std::chrono_literals;
using tandem::detail::deadline;
using tandem::detail::firmness;
using tandem::detail::mutex;
using tandem::detail::outcome;
using tandem::detail::part;
using tandem::detail::place;
using tandem::detail::scoped_lock;
using tandem::detail::several;
using tandem::detail::wait_list;
using tandem::detail::waiter;

namespace {

const reach far{.preemptions = 4, .spurious = 1, .early_timeouts = 2, .rereads = 3};
/// For those who sleep until somebody stands in line: time passes only when nobody can do anything else.
const reach in_time{.preemptions = 4, .spurious = 1, .rereads = 3};
const reach polling{.preemptions = 3, .early_timeouts = 1, .rereads = 3, .longest_spin = 1000, .longest_yield = 1000};

/// A count that a lock protects.
struct guarded {
  mutex lock;
  tandem::cell<int> count{0};
  int add() {
    const scoped_lock hold(lock);
    const int seen = count;
    count = seen + 1;
    return seen;
  }
};

/// A lock and a list, as in a channel, and a message that passes with a claim.
struct line {
  mutex lock;
  wait_list list;

  /// Claims the first, hands it a number, and completes it; false if nobody can be claimed.
  bool serve(int number) {
    place* first = nullptr;
    {
      const scoped_lock hold(lock);
      first = list.claim_first();
    }
    if (first == nullptr) return false;
    void* const slot = first->slot;
    *static_cast<tandem::cell<int>*>(slot) = number;
    first->complete(outcome::ok);
    return true;
  }
  /// Stands in line until served, and says with what; 0: until the deadline.
  int wait(deadline until) {
    place here;
    here.waits(until.is_forever() ? firmness::steadfast : firmness::revocable);
    tandem::cell<int> got(0);
    here.slot = &got;
    {
      const scoped_lock hold(lock);
      list.insert(here);
    }
    if (here.wait(until) == outcome::ok) return got;
    const scoped_lock hold(lock);
    list.remove(here);
    return 0;
  }
};

}  // namespace

TEST_CASE("a completed waiter knows the outcome, and all that its partner did before", "[model][waiter]") {
  const auto completed = [] {
    tandem::cell<int> message(0);
    std::optional<waiter> w(std::in_place);
    const auto partner = lab::spawn("partner", [&message, &w = *w] {
      lab::check(w.claim(), "nobody else does");
      message = 1;
      w.complete(outcome::ok);
    });
    lab::check(w->wait(deadline::unlimited()) == outcome::ok, "what was written");
    w.reset();  // the partner may be on its way out: it does not touch the waiter any more
    lab::check(message == 1, "the message is there");
  };
  holds("completed", 656, far, completed);
  holds("completed, after polling", 49, polling, completed);
}

TEST_CASE("the deadline or the partner ends a wait: one of the two", "[model][waiter]") {
  const auto timed = [] {
    tandem::cell<int> message(0);
    waiter w;
    bool claimed = false;
    outcome how = outcome::pending;
    {
      const auto partner = lab::spawn("partner", [&] {
        tandem::sleep_for(1s);
        claimed = w.claim();
        if (!claimed) return;
        message = 1;
        w.complete(outcome::ok);
      });
      how = w.wait(deadline::after(1s));
      if (how == outcome::ok) lab::check(message == 1, "the message is there");
    }
    lab::check(how == (claimed ? outcome::ok : outcome::timeout), "and both know which");
  };
  holds("timed", 1432, far, timed);
  holds("timed, after polling", 565, polling, timed);
}

TEST_CASE("of a partner, another, and the deadline, one ends the wait", "[model][waiter]") {
  holds("three who would", 7220, {.spurious = 1, .early_timeouts = 1, .rereads = 2}, [] {
    waiter w;
    bool first = false;
    bool second = false;
    outcome how = outcome::pending;
    {
      const auto a = lab::spawn("a", [&] { first = w.cancel(outcome::closed); });
      const auto b = lab::spawn("b", [&] { second = w.cancel(outcome::stopped); });
      how = w.wait(deadline::after(1s));
    }
    const int winners = (first ? 1 : 0) + (second ? 1 : 0) + (how == outcome::timeout ? 1 : 0);
    lab::check(winners == 1, "one");
    lab::check(how == (first ? outcome::closed : second ? outcome::stopped : outcome::timeout), "and it knows which");
  });
}

TEST_CASE("a stop request ends a wait, before it, during it, or not at all", "[model][waiter]") {
  holds("wait_or_stop", 533, {.preemptions = 3, .spurious = 1, .rereads = 2}, [] {
    tandem::stop_source stop;
    const auto third = lab::spawn("third", [&] { stop.request_stop(); });
    std::optional<waiter> w(std::in_place);
    const auto token = stop.get_token();
    const outcome how = tandem::detail::wait_or_stop<false>(*w, deadline::unlimited(), &token);
    w.reset();  // no callback runs any more
    lab::check(how == outcome::stopped, "nobody else ends it");
  });
  holds("wait_or_stop, and a partner", 1983, {.spurious = 1, .rereads = 1}, [] {
    tandem::stop_source stop;
    waiter w;
    bool served = false;
    outcome how = outcome::pending;
    {
      const auto third = lab::spawn("third", [&] { stop.request_stop(); });
      const auto partner = lab::spawn("partner", [&] { served = w.cancel(outcome::ok); });
      const auto token = stop.get_token();
      how = tandem::detail::wait_or_stop<true>(w, deadline::unlimited(), &token);
    }
    lab::check(how == (served ? outcome::ok : outcome::stopped), "one of the two");
  });
}

TEST_CASE("a waiter that is no thread is woken once, or finds the outcome itself", "[model][waiter]") {
  holds("a post", 17, far, [] {
    struct runs_at_once final : tandem::scheduler {
      void post(tandem::run_item& item) noexcept override { item.run(); }
    };
    struct suspended : tandem::detail::resumable<place> {
      suspended() noexcept : resumable([](tandem::run_item& me) noexcept { static_cast<suspended&>(me).go_on(); }) {
        belongs_to(home);
      }
      runs_at_once home;
      tandem::cell<int> left_behind{0};
      tandem::cell<int> message{0};
      tandem::atomic<int> went_on{0};
      void go_on() noexcept {
        lab::check(written() == outcome::ok, "the outcome is there");
        lab::check(left_behind == 1 && message == 1, "and what either side did before");
        lab::check(went_on.fetch_add(1, std::memory_order_relaxed) == 0, "once");
      }
    };
    suspended s;
    {
      const auto partner = lab::spawn("partner", [&] {
        lab::check(s.claim(), "nobody else does");
        s.message = 1;
        s.complete(outcome::ok);
      });
      s.left_behind = 1;
      if (!s.fall_asleep()) s.go_on();
    }
    lab::check(s.went_on.load(std::memory_order_relaxed) == 1, "it has gone on");
  });
}

TEST_CASE("a select is claimed while it waits, or learns that somebody has come by", "[model][waiter]") {
  holds("one comes by", 702, far, [] {
    several w;
    part here{w, 3};
    tandem::cell<int> before{0};  // what the select has done before it stepped up
    tandem::cell<int> left{0};    // what who comes by has done before it tried
    tandem::cell<int> message{0};
    w.go_away();
    const auto other = lab::spawn("who comes by", [&] {
      left = 1;
      if (!here.claim()) return;
      lab::check(before == 1, "who claims it sees what it did before it stepped up");
      message = 7;
      here.complete(outcome::ok);
    });
    before = 1;
    const bool waits = w.step_up();
    if (waits) {
      lab::check(w.wait(deadline::unlimited()) == outcome::ok, "it is completed");
      lab::check(message == 7 && w.number_of_place() == 3, "with a message, at that place");
    } else {
      lab::check(w.was_disturbed(), "it could not step up: somebody has come by");
    }
    lab::check(w.step_back() == 1, "one has come by");
    if (!waits) {
      std::uint16_t dropped = 0;
      while ((dropped = w.dropped()) == 0) tandem::yield();
      lab::check(dropped == 3 && here.dropped_before == 0, "at that place");
    }
    lab::check(left == 1, "and what it did before is seen");
  });
}

TEST_CASE("of two who claim a select one ends its wait at most, and both are counted", "[model][waiter]") {
  holds("two come by, and it looks again if it failed", 3984, {.preemptions = 3, .rereads = 2}, [] {
    several w;
    part first{w, 1};
    part second{w, 2};
    int claims = 0;  // of the two threads, after they have been joined
    int ended = 0;
    std::uint32_t seen = 0;
    w.go_away();
    {
      bool won[2] = {false, false};
      const auto come_by = [&](bool& mine, part& here) {
        mine = here.claim();
        if (mine) here.complete(outcome::ok);
      };
      auto one = lab::spawn("one", [&] { come_by(won[0], first); });
      auto two = lab::spawn("two", [&] { come_by(won[1], second); });
      for (bool waits = false; !waits && seen < 2;) {
        waits = w.step_up();
        if (waits) {
          lab::check(w.wait(deadline::unlimited()) == outcome::ok, "it is completed");
          ++ended;
        }
        seen += w.step_back();
      }
      one.join();
      two.join();
      seen += w.step_back();
      claims = (won[0] ? 1 : 0) + (won[1] ? 1 : 0);
    }
    lab::check(claims == ended, "who has claimed it has ended its wait, and nobody else");
    lab::check(seen == 2, "each of the two is counted once");
    int dropped = 0;
    for (std::uint16_t number = w.dropped(); number != 0; ++dropped) {
      number = (number == 1 ? first : second).dropped_before;
    }
    lab::check(dropped == 2 - claims, "and is found, if it has failed");
  });
}

TEST_CASE("whoever stands in line is served, or has left", "[model][waiter]") {
  const auto one_in_line = [](bool timed) {
    return [=] {
      line l;
      int got = -1;
      bool served = false;
      {
        const auto other =
            lab::spawn("waits", [&] { got = l.wait(timed ? deadline::after(1s) : deadline::unlimited()); });
        tandem::sleep_for(1s);  // until it waits there, or its deadline comes
        served = l.serve(1);
        lab::check(served || timed, "it stands there");
      }
      lab::check(got == (served ? 1 : 0), "served, or neither");
      lab::check(l.list.empty(), "and gone");
    };
  };
  holds("one in line", 289, in_time, one_in_line(false));
  holds("one in line, with a deadline", 7732, {.preemptions = 3, .spurious = 1, .early_timeouts = 1, .rereads = 2},
        one_in_line(true));
  holds("the first in line gives up, the second is served", 242854, {}, [] {
    line l;
    int first = -1;
    int second = -1;
    {
      const auto a = lab::spawn("first", [&] { first = l.wait(deadline::after(1s)); });
      const auto b = lab::spawn("second", [&] { second = l.wait(deadline::after(2s)); });
      tandem::sleep_for(1s);
      lab::check(l.serve(1), "the second stands there");
    }
    lab::check((first == 1) != (second == 1) && first + second == 1, "one of the two");
  });
  holds("two serve two", 81158, {.rereads = 0}, [] {
    line l;
    int first = -1;
    int second = -1;
    {
      const auto a = lab::spawn("first", [&] { first = l.wait(deadline::unlimited()); });
      const auto b = lab::spawn("second", [&] { second = l.wait(deadline::unlimited()); });
      const auto c = lab::spawn("serves", [&] {
        tandem::sleep_for(1s);
        lab::check(l.serve(1), "they stand there");
      });
      tandem::sleep_for(1s);
      lab::check(l.serve(2), "they stand there");
    }
    lab::check((first == 1 && second == 2) || (first == 2 && second == 1), "each once");
  });
  holds("all are claimed at once", 37322, {.rereads = 0}, [] {
    line l;
    outcome first = outcome::pending;
    outcome second = outcome::pending;
    const auto wait = [&l](outcome& how, deadline until) {
      place here;
      {
        const scoped_lock hold(l.lock);
        l.list.insert(here);
      }
      how = here.wait(until);
      const scoped_lock hold(l.lock);
      l.list.remove(here);
    };
    {
      const auto a = lab::spawn("first", [&] { wait(first, deadline::unlimited()); });
      const auto b = lab::spawn("second", [&] { wait(second, deadline::after(1s)); });
      tandem::sleep_for(1s);
      place* all = nullptr;
      {
        const scoped_lock hold(l.lock);
        all = l.list.claim_all();
      }
      complete_all(all, outcome::closed);
    }
    lab::check(first == outcome::closed, "it stood there");
    lab::check(second == outcome::closed || second == outcome::timeout, "it stood there, or had left");
  });
}

TEST_CASE("one that was woken for nothing waits again", "[model][waiter]") {
  holds("rearm", 39937, in_time, [] {
    mutex lock;
    wait_list list;
    {
      const auto wakes = lab::spawn("wakes", [&] {
        for (int i = 0; i < 2; ++i) {
          tandem::sleep_for(1s);
          place* first = nullptr;
          {
            const scoped_lock hold(lock);
            first = list.claim_first();
          }
          lab::check(first != nullptr, "it stands there");
          first->complete(i == 0 ? outcome::look : outcome::ok);
        }
      });
      place here;
      outcome how = outcome::look;
      for (int i = 0; how == outcome::look; ++i) {
        lab::check(i < 2, "it is told so once");
        here.rearm();
        {
          const scoped_lock hold(lock);
          list.insert(here);
        }
        how = here.wait(deadline::unlimited());
      }
      lab::check(how == outcome::ok, "and then served");
    }
    lab::check(list.empty(), "and gone");
  });
}

TEST_CASE("a mutex lets one in at a time, and wakes who sleeps for it", "[model][waiter]") {
  const auto counted_by = [](int threads, int times) {
    return [=] {
      guarded g;
      {
        const auto count = [&g, times] {
          for (int i = 0; i < times; ++i) g.add();
        };
        std::optional<tandem::thread> third;
        const auto second = lab::spawn("second", count);
        if (threads == 3) third.emplace(lab::spawn("third", count));
        count();
      }
      lab::check(g.add() == threads * times, "each time counts");
    };
  };
  holds("two threads, twice each", 5007, far, counted_by(2, 2));
  holds("two threads, twice each, after polling", 1044, polling, counted_by(2, 2));
  holds("three threads", 21117, {.preemptions = 3, .spurious = 1, .rereads = 2}, counted_by(3, 1));
  holds("three threads, twice each", 474, {.weak_memory = false}, counted_by(3, 2));
}

TEST_CASE("whoever an unlock let in may destroy the lock", "[model][waiter]") {
  holds("the last one out", 93, far, [] {
    auto* const shared = new guarded;
    const auto leave = [shared] {
      if (shared->add() == 1) delete shared;
    };
    const auto other = lab::spawn("other", leave);
    leave();
  });
}
