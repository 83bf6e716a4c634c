// Every interleaving of a scope: its tasks end, fail and are stopped while somebody joins.
#include <tandem/coro/scope.hpp>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

#include "model/support/model.hpp"

using namespace model;
using tandem::run_loop;
using tandem::scope;
using tandem::task;

namespace {

const reach far{.preemptions = 3, .spurious = 1, .rereads = 2};
const reach near{.preemptions = 2};

/// A loop on a thread of its own, stopped at the end.
class helper {
 public:
  explicit helper(const char* name) : thread_(lab::spawn(name, [this] { loop_.run(); })) {}
  helper(const helper&) = delete;
  helper& operator=(const helper&) = delete;
  ~helper() {
    loop_.stop();
    thread_.join();
  }
  tandem::scheduler& where() { return loop_; }

 private:
  run_loop loop_;
  tandem::thread thread_;
};

task<> writes(tandem::cell<int>& to, int number) {
  to = number;
  co_return;
}
task<> breaks() {
  throw std::runtime_error("broken");
  co_return;
}
task<> waits(tandem::mailbox<letter>& from, tandem::stop_token stop, tandem::cell<bool>& stopped) {
  auto got = co_await from.co_receive(stop);
  stopped = got.error() == status::stopped;
}

}  // namespace

TEST_CASE("a join sees what all the tasks did, and is the last to touch the scope", "[model][scope]") {
  holds("one task, elsewhere", 90751, far, [] {
    run_loop mine;
    helper other("helper");
    mine.block_on([](helper& h) -> task<> {
      tandem::cell<int> written(0);
      {
        scope s(h.where());
        s.spawn(writes(written, 1));
        co_await s.join();
      }
      lab::check(written == 1, "it is done");
    }(other));
  });
  holds("two tasks, and the scope goes", 12745, near, [] {
    run_loop mine;
    helper other("helper");
    mine.block_on([](helper& h) -> task<> {
      tandem::cell<int> first(0);
      tandem::cell<int> second(0);
      std::optional<scope> s(std::in_place, h.where());
      s->spawn(writes(first, 1));
      s->spawn(writes(second, 2));
      co_await s->join();
      s.reset();  // no task touches it any more
      lab::check(first == 1 && second == 2, "both are done");
    }(other));
  });
  holds("two who are done at the same time", 138965, {.preemptions = 1}, [] {
    run_loop mine;
    helper one("one");
    helper other("other");
    mine.block_on([](helper& h, helper& g) -> task<> {
      tandem::detail::head_count count;
      tandem::cell<int> first(0);
      tandem::cell<int> second(0);
      const auto ends = [](tandem::cell<int>& to, tandem::detail::head_count& of) -> task<> {
        to = 1;
        co_return of.one_less();
      };
      count.one_more();
      count.one_more();
      scope s(h.where());
      scope t(g.where());
      s.spawn(ends(first, count));
      t.spawn(ends(second, count));
      co_await tandem::detail::head_count::zero(count);
      lab::check(first == 1 && second == 1, "both are done");
      co_await s.join();
      co_await t.join();
    }(one, other));
  });
}

TEST_CASE("an error stops the others, and is told after they have ended", "[model][scope]") {
  holds("one breaks, one waits", 11057, near, [] {
    const no_letter_left at_the_end;
    run_loop mine;
    helper other("helper");
    mine.block_on([](helper& h) -> task<> {
      tandem::mailbox<letter> never(1);
      tandem::cell<bool> stopped(false);
      scope s(h.where());
      s.spawn(waits(never, s.stop_token(), stopped));
      s.spawn(breaks());
      bool told = false;
      try {
        co_await s.join();
      } catch (const std::runtime_error&) {
        told = true;
      }
      lab::check(told && stopped, "the one is told, the other was stopped");
    }(other));
  });
  holds("a letter comes while they are stopped", 35966, near, [] {
    const no_letter_left at_the_end;
    run_loop mine;
    helper other("helper");
    tandem::mailbox<letter> inbox(1);
    mine.block_on([](helper& h, tandem::mailbox<letter>& to) -> task<> {
      tandem::cell<bool> stopped(false);
      scope s(h.where());
      s.spawn(waits(to, s.stop_token(), stopped));
      letter mine_to_send(1);
      const status sent = co_await to.co_send(std::move(mine_to_send));
      s.request_stop();
      co_await s.join();
      const bool is_left = to.try_receive().has_value();
      lab::check(sent == status::ok && is_left == stopped, "it was received, or is still there");
    }(other, inbox));
  });
}

TEST_CASE("two threads spawn into one scope", "[model][scope]") {
  holds("spawn, spawn, join", 22634, {.preemptions = 1}, [] {
    tandem::cell<int> first(0);
    tandem::cell<int> second(0);
    run_loop mine;
    helper other("helper");
    scope s(other.where());
    {
      const auto spawner = lab::spawn("spawner", [&] { s.spawn(writes(first, 1)); });
      s.spawn(writes(second, 2));
    }
    mine.block_on([](scope& of) -> task<> { co_await of.join(); }(s));
    lab::check(first == 1 && second == 2, "both are done");
  });
}
