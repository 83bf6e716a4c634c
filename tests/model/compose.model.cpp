// Every interleaving of when_all, when_any and then: who is first, who is stopped, and what is left.
#include <tandem/coro/compose.hpp>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/thread_pool.hpp>

#include <stdexcept>
#include <utility>

#include "model/support/model.hpp"

using namespace model;
using tandem::mailbox;
using tandem::run_loop;
using tandem::stop_token;
using tandem::task;
using tandem::when_all;
using tandem::when_any;

namespace {

const reach near{.preemptions = 4, .spurious = 1, .rereads = 2};

auto receiving(mailbox<letter>& from) {
  return [&from](stop_token stop) -> task<tandem::result<letter>> { co_return co_await from.co_receive(stop); };
}
auto writing(tandem::cell<int>& to) {
  return [&to](stop_token) -> task<int> {
    to = 1;
    co_return 7;
  };
}
auto breaking() {
  return [](stop_token) -> task<int> {
    throw std::runtime_error("broken");
    co_return 0;
  };
}

}  // namespace

TEST_CASE("when_any: a letter that comes for one of two is received once, and no other is lost", "[model][compose]") {
  holds("when_any, a letter for the second", 141890, near, [] {
    const no_letter_left at_the_end;
    mailbox<letter> first(1);
    mailbox<letter> second(1);
    const auto sender =
        lab::spawn("sender", [&] { lab::check(second.send(letter(2)) == status::ok, "there is room"); });
    run_loop loop;
    auto won = loop.block_on(when_any(receiving(first), receiving(second)));
    lab::check(won.index == 1 && won.value && won.value->number() == 2, "it is the second who wins");
    lab::check(!second.try_receive().has_value(), "its letter came once");
  });
  holds("when_any, a letter for each", 813, near, [] {
    const no_letter_left at_the_end;
    mailbox<letter> first(1);
    mailbox<letter> second(1);
    lab::check(first.send(letter(1)) == status::ok, "there is room");
    const auto sender =
        lab::spawn("sender", [&] { lab::check(second.send(letter(2)) == status::ok, "there is room"); });
    run_loop loop;
    auto won = loop.block_on(when_any(receiving(first), receiving(second)));
    lab::check(won.index == 0 && won.value->number() == 1, "the first does not have to wait");
  });
}

TEST_CASE("when_any: a stop from outside against a letter", "[model][compose]") {
  holds("when_any, stopped", 25752, {.preemptions = 2}, [] {
    const no_letter_left at_the_end;
    mailbox<letter> inbox(1);
    tandem::stop_source stop;
    bool got = false;
    {
      const auto sender =
          lab::spawn("sender", [&] { lab::check(inbox.send(letter(1)) == status::ok, "there is room"); });
      const auto stopper = lab::spawn("stopper", [&] { stop.request_stop(); });
      run_loop loop;
      got = loop.block_on(when_any(stop.get_token(), receiving(inbox))).value.has_value();
    }
    lab::check(got != inbox.try_receive().has_value(), "it was received, or is still there");
  });
}

TEST_CASE("when_all and when_any on a pool: the last one wakes whoever waits", "[model][compose]") {
  holds("when_all, one thread", 41036, {.preemptions = 3, .spurious = 1}, [] {
    tandem::cell<int> first(0);
    tandem::cell<int> second(0);
    tandem::thread_pool pool(1);
    const auto [a, b] = pool.block_on(when_all(writing(first), writing(second)));
    lab::check(a == 7 && b == 7 && first == 1 && second == 1, "all that they did is there");
  });
  survives("when_all, two threads", [] {
    tandem::cell<int> first(0);
    tandem::cell<int> second(0);
    tandem::thread_pool pool(2);
    const auto [a, b] = pool.block_on(when_all(writing(first), writing(second)));
    lab::check(a == 7 && b == 7 && first == 1 && second == 1, "all that they did is there");
  });
  survives("when_any, two threads", [] {
    tandem::cell<int> first(0);
    tandem::thread_pool pool(2);
    const auto won = pool.block_on(when_any(breaking(), writing(first)));
    lab::check(won.index == 1 && won.value == 7 && first == 1, "the other is no success");
  });
  survives("when_all, one breaks", [] {
    tandem::cell<int> first(0);
    tandem::thread_pool pool(2);
    bool broken = false;
    try {
      pool.block_on(when_all(breaking(), writing(first)));
    } catch (const std::runtime_error&) {
      broken = true;
    }
    lab::check(broken && first == 1, "the other has ended");
  });
}

TEST_CASE("then: the promise is kept, broken, or nobody asks, whoever comes first", "[model][compose]") {
  const auto followed = [](bool kept, bool asked) {
    return [kept, asked] {
      const no_letter_left at_the_end;
      tandem::cell<int> called(0);
      tandem::promise<letter> p;
      run_loop loop;
      auto end = tandem::then(p.get_future(), loop, [&](letter l) {
        called = called + 1;
        if (!asked) loop.stop();
        return l;
      });
      const auto promiser = lab::spawn("promise", [kept, mine = std::move(p)]() mutable {
        if (kept) lab::check(mine.set_value(letter(1)) == status::ok, "the one who follows is there");
      });
      if (asked) {
        const bool got = loop.block_on([](tandem::future<letter>& from) -> task<bool> {
          auto one = co_await from.co_get();
          co_return one.has_value();
        }(end));
        lab::check(got == kept, "what it comes to");
      } else {
        const auto gone = std::move(end);
        loop.run();
      }
      lab::check(called == (kept ? 1 : 0), "the function is called if there is a value");
    };
  };
  // by clang; by g++, which destroys the parameters of a coroutine in another order, a few more
  holds("then, kept", 58716, near, followed(true, true));
  holds("then, broken", 29752, near, followed(false, true));
  holds("then, nobody asks", 64236, near, followed(true, false));
}
