// Channels of one thread, beside other threads: who stops a wait from elsewhere, and selects that wait there and there.
#include <tandem/confinement.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "model/support/model.hpp"
#include "support/coroutines.hpp"
#include "support/started.hpp"

using namespace model;
using support::detached;
using support::turn;
using tandem::one_thread;
using tandem::receive_from;
using tandem::result;
using tandem::run_loop;
using tandem::task;

namespace {

using phone = tandem::rendezvous<letter, one_thread>;
using box = tandem::mailbox<letter, one_thread>;
using far_box = tandem::mailbox<letter>;

template <class C, class Partner>
task<int> receives_or_is_stopped(C& from, tandem::stop_token stop, run_loop& where, Partner& partner) {
  partner(where);  // on the loop, so that its turn comes before what is posted below
  const auto got = co_await from.co_receive(stop);
  co_await turn(where);  // so that the partner has had its turn
  co_return got ? got->number() : 0;
}

/// How many steps two threads take, each of which passes messages to itself.
template <class Box>
std::uint64_t steps_of(int messages) {
  const auto report = lab::explore({}, [&] {
    const auto traffic = [&] {
      Box own(2);
      for (int i = 0; i < messages; ++i) {
        lab::check(static_cast<bool>(own.try_send(letter(i))), "there is room");
        const auto got = own.try_receive();
        lab::check(got && got->number() == i, "it is there");
      }
    };
    const auto other = lab::spawn("other", traffic);
    traffic();
  });
  REQUIRE(report.passed());
  return report.steps;
}

}  // namespace

TEST_CASE("a mailbox of one thread takes no step that another thread could see", "[model][confinement]") {
  CHECK(steps_of<box>(3) == steps_of<box>(0));
  CHECK(steps_of<far_box>(1) > steps_of<far_box>(0));  // so that there is something to see
}

TEST_CASE("a stop from elsewhere against a partner on the same thread", "[model][confinement]") {
  const auto race = [](auto make) {
    return [make] {
      const no_letter_left at_the_end;
      auto channel = make();
      run_loop loop;
      tandem::stop_source stop;
      const auto other = lab::spawn("stopper", [&] { stop.request_stop(); });
      bool sent = false;
      const auto partner = [&](run_loop& where) -> detached {
        co_await turn(where);
        letter l(1);
        const auto how = channel.try_send(std::move(l));
        sent = static_cast<bool>(how);
        lab::check(l.number() == (sent ? -1 : 1), "a letter is gone if it was sent, and else where it was");
      };
      const int got = loop.block_on(receives_or_is_stopped(channel, stop.get_token(), loop, partner));
      const auto left = channel.try_receive();
      lab::check(sent == (got == 1 || (left && left->number() == 1)), "the letter is in one place");
    };
  };
  holds("rendezvous of one thread: a stop", 271, {.preemptions = 4}, race([] { return phone(); }));
  holds("mailbox of one thread: a stop", 272, {.preemptions = 4}, race([] { return box(1); }));
}

TEST_CASE("a selector at a channel of its own thread, and at one of all", "[model][confinement]") {
  holds("selector: its own channel, another's, and its own alone", 5681, {}, [] {
    const no_letter_left at_the_end;
    phone near;
    far_box far(1);
    run_loop loop;
    const auto other = lab::spawn("writer", [&] { static_cast<void>(far.send(letter(10))); });
    const auto neighbour = [](run_loop& where, phone& to) -> detached {
      co_await turn(where);
      static_cast<void>(co_await to.co_send(letter(1)));
      static_cast<void>(co_await to.co_send(letter(2)));
    };
    neighbour(loop, near);
    int sum = 0;
    const auto work = [&](phone& a, far_box& b) -> task<> {
      tandem::selector all;
      const auto note = [&](result<letter> r) { sum += r->number(); };
      all.add(receive_from(a, note));
      const auto by_mail = all.add(receive_from(b, note));
      static_cast<void>(co_await all.co_select());
      all.switch_on(by_mail, false);  // the waiter is its own thread's alone
      static_cast<void>(co_await all.co_select());
      all.switch_on(by_mail, true);  // and is not any more
      while (sum < 13) static_cast<void>(co_await all.co_select());
    };
    loop.block_on(work(near, far));
    lab::check(sum == 13, "each letter came, once");
  });
}

namespace {

/// The read-modify-writes of waiters, lists and selects in one run of the body, alone: who makes them, and with what.
template <class Body>
std::vector<std::string> read_modify_writes_of(Body&& body) {
  const auto [report, sites] = lab::sites_of({}, body);
  REQUIRE(report.passed());
  std::vector<std::string> found;
  for (const auto& [site, use] : sites) {
    const std::string_view what = use.operation;
    const bool is_ours = site.file.ends_with("detail/waiter.hpp") || site.file.ends_with("detail/wait_list.hpp") ||
                         site.file.ends_with("detail/selection.hpp");
    if (is_ours && what != "load" && what != "store") found.push_back(use.function + ": " + use.operation);
  }
  return found;
}

/// Waits twice, is told of what it dropped meanwhile, looks and finds nothing, and is destroyed while it waits.
template <class Channel>
void selects_at(Channel& a, Channel& b, auto&... more_arms) {
  run_loop loop;
  int sum = 0;
  const auto take = [&sum](const result<letter>& one) { sum += one ? one->number() : 0; };
  tandem::selector either;
  either.add(receive_from(a, take));
  either.add(receive_from(b, take));
  (either.add(more_arms()), ...);
  const auto selects = [&](tandem::scheduler&) -> support::started {
    for (int i = 0; i < 2; ++i) co_await either.co_select();
  };
  const auto sends = [](tandem::scheduler&, Channel& to, int number) -> support::started {
    const auto sent = co_await to.co_send(letter(number));
    lab::check(sent == tandem::status::ok, "the send is ok");
  };
  const auto work = [&]() -> task<> {
    const support::started waiting = selects(loop);
    const support::started one = sends(loop, a, 1);
    const support::started other = sends(loop, b, 2);
    while (!waiting.done() || !one.done() || !other.done()) co_await turn(loop);
    lab::check(!either.try_select(), "nothing is there any more");
    const support::started given_up = selects(loop);
  };
  loop.block_on(work());
  lab::check(sum == 3, "both came");
}

}  // namespace

TEST_CASE("one thread: a select makes no read-modify-write, and one that has a limit does", "[model][confinement]") {
  CHECK(read_modify_writes_of([] {
          phone a, b;
          selects_at(a, b);
        }) == std::vector<std::string>{});
  CHECK(read_modify_writes_of([] {
          phone a, b;
          const auto never = [] { return tandem::otherwise().only_if(false); };
          selects_at(a, b, never);
        }) == std::vector<std::string>{});
  CHECK_FALSE(read_modify_writes_of([] {
                phone a, b;
                const auto late = [] { return tandem::after(std::chrono::hours(1)); };
                selects_at(a, b, late);
              }).empty());
}
