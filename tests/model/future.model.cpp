// Every interleaving of one promise and its future.
#include <tandem/async/future.hpp>

#include <chrono>
#include <optional>
#include <utility>

#include "model/support/memory.hpp"
#include "model/support/model.hpp"

using namespace model;
using namespace std::chrono_literals;
using support::one_message;

namespace {

using promise = tandem::promise<letter>;
using future = tandem::future<letter>;

/// What the holder of one end does to it, written down.
class holder : public witness {
 public:
  status::code keep(promise& p, int number) {
    return sends(number, [&](letter&& l) { return p.set_value(std::move(l)); });
  }
  status::code get(future& f) {
    return receives([&] { return f.get(); });
  }
  status::code get(future& f, const tandem::stop_token& stop) {
    return receives([&] { return f.get(stop); });
  }
  status::code try_get(future& f) {
    return receives([&] { return f.try_get(); });
  }
  status::code try_get_for(future& f, std::chrono::seconds patience) {
    return receives([&] { return f.try_get_for(patience); });
  }
  void let_go(promise& p) { witness::let_go(act::sender_goes, p); }
  void let_go(future& f) { witness::let_go(act::receiver_goes, f); }
};

/// `promises` and `gets` run on two threads, each with its own end.
template <class Promises, class Gets>
auto both(Promises promises, Gets gets) {
  return [=] {
    const no_letter_left at_the_end;
    holder one, other;
    {
      promise p;
      future f = p.get_future();
      const auto thread = lab::spawn("promise", [&, mine = std::move(p)]() mutable {
        promises(one, mine);
        if (mine) one.let_go(mine);
      });
      gets(other, f);
      if (f) other.let_go(f);
    }
    check_explained(one_message(), one, other);
  };
}

const reach far{.preemptions = 4, .spurious = 1, .early_timeouts = 1, .rereads = 3};
const reach less_far{.preemptions = 2, .spurious = 1, .early_timeouts = 1, .rereads = 1};

}  // namespace

TEST_CASE("a promise that is kept, whoever comes first", "[model][future]") {
  holds("set_value, get", 6850, far,
        both([](holder& me, promise& p) { lab::check(me.keep(p, 1) == status::ok, "once"); },
             [](holder& me, future& f) {
               lab::check(me.get(f) == status::ok, "it is kept");
               lab::check(me.get(f) == status::closed, "once");
             }));
  holds("set_value, get, after polling", 903, {.preemptions = 4, .longest_spin = 1000, .longest_yield = 1000},
        both([](holder& me, promise& p) { me.keep(p, 1); }, [](holder& me, future& f) { me.get(f); }));
  holds("set_value twice, try_get twice", 129, far,
        both(
            [](holder& me, promise& p) {
              me.keep(p, 1);
              me.keep(p, 2);
            },
            [](holder& me, future& f) {
              me.try_get(f);
              me.try_get(f);
            }));
  holds("was_ready stays true", 91, far,
        both([](holder& me, promise& p) { me.keep(p, 1); },
             [](holder& me, future& f) {
               const bool ready = f.was_ready();
               if (ready) lab::check(f.was_ready(), "for good");
               const bool got = me.try_get(f) == status::ok;
               lab::check(got || !ready, "then a try gets it");
             }));
}

TEST_CASE("a promise that is broken", "[model][future]") {
  holds("gone, get", 4080, far,
        both([](holder& me, promise& p) { me.let_go(p); },
             [](holder& me, future& f) {
               lab::check(me.get(f) == status::abandoned, "no value will come");
               lab::check(me.get(f) == status::abandoned, "and none does");
             }));
  holds("gone, try_get", 49, far,
        both([](holder& me, promise& p) { me.let_go(p); },
             [](holder& me, future& f) {
               me.try_get(f);
               me.try_get(f);
             }));
}

TEST_CASE("a future that goes first", "[model][future]") {
  holds("set_value, the future goes", 88, far,
        both([](holder& me, promise& p) { me.keep(p, 1); }, [](holder& me, future& f) { me.let_go(f); }));
  holds("set_value twice, the future goes after a look", 165, far,
        both(
            [](holder& me, promise& p) {
              me.keep(p, 1);
              me.keep(p, 2);
            },
            [](holder& me, future& f) {
              me.try_get(f);
              me.let_go(f);
            }));
  holds("a promise without a future", 13, far, [] {
    const no_letter_left at_the_end;
    promise p;
    const auto thread = lab::spawn("promise", [mine = std::move(p)]() mutable {
      lab::check(mine.set_value(letter(1)) == status::ok, "nobody has said that there will be no future");
    });
  });
}

TEST_CASE("a value that nobody gets is destroyed when the future goes, though the promise stays", "[model][future]") {
  const auto destroyed = [](auto gets) {
    return [=] {
      const no_letter_left at_the_end;
      promise p;
      {
        future f = p.get_future();
        const auto thread = lab::spawn("future", [gets, mine = std::move(f)]() mutable {
          gets(mine);
          mine = future();
        });
        static_cast<void>(p.set_value(letter(1)));
      }
      lab::check(letter::counts().live == 0, "no value outlives the future and its own set_value");
    };
  };
  holds("set_value, the future goes", 26, far, destroyed([](future&) {}));
  holds("set_value, the future goes after a look", 37, far,
        destroyed([](future& f) { static_cast<void>(f.try_get()); }));
  holds("set_value, the future goes after a wait", 1751, less_far,
        destroyed([](future& f) { static_cast<void>(f.try_get_for(1s)); }));
}

TEST_CASE("a get that gives up, and what comes just then", "[model][future]") {
  holds("set_value, try_get_for, get", 112667, less_far,
        both([](holder& me, promise& p) { me.keep(p, 1); },
             [](holder& me, future& f) {
               const auto how = me.try_get_for(f, 1s);
               const auto then = me.get(f);
               lab::check((how == status::ok) == (then == status::closed), "what did not come in time comes later");
             }));
  holds("gone, try_get_for twice", 132830, less_far,
        both([](holder& me, promise& p) { me.let_go(p); },
             [](holder& me, future& f) {
               me.try_get_for(f, 1s);
               me.try_get_for(f, 1s);
             }));
  holds("try_get_for, then the future goes", 8383, less_far,
        both([](holder& me, promise& p) { me.keep(p, 1); },
             [](holder& me, future& f) {
               me.try_get_for(f, 1s);
               me.let_go(f);
             }));
  holds("set_value, a third stops the get", 104603, {.spurious = 1}, [] {
    const no_letter_left at_the_end;
    holder one, other, third;
    tandem::stop_source stop;
    {
      promise p;
      future f = p.get_future();
      const auto a = lab::spawn("promise", [&, mine = std::move(p)]() mutable {
        one.keep(mine, 1);
        one.let_go(mine);
      });
      const auto b = lab::spawn("third", [&] { third.request(stop); });
      other.get(f, stop.get_token());
      other.let_go(f);
    }
    check_explained(one_message(), one, other, third);
  });
  holds("the promise stops the get, and keeps its word", 50121, less_far, [] {
    const no_letter_left at_the_end;
    holder one, other;
    tandem::stop_source stop;
    {
      promise p;
      future f = p.get_future();
      const auto a = lab::spawn("promise", [&, mine = std::move(p)]() mutable {
        one.request(stop);
        one.keep(mine, 1);
        one.let_go(mine);
      });
      other.get(f, stop.get_token());
      other.get(f);
      other.let_go(f);
    }
    check_explained(one_message(), one, other);
  });
}

TEST_CASE("promise<void> carries what came before it", "[model][future]") {
  holds("set_value, get", 4353, far, [] {
    tandem::cell<int> before(0);
    tandem::promise<void> p;
    auto f = p.get_future();
    const auto thread = lab::spawn("promise", [&, mine = std::move(p)]() mutable {
      before = 1;
      lab::check(mine.set_value() == status::ok, "once");
    });
    lab::check(f.get().has_value(), "it is kept");
    lab::check(before == 1, "and what was done before is seen");
  });
}

TEST_CASE("a copy that breaks has kept nothing", "[model][future]") {
  holds("set_value(const T&)", 8706, far, [] {
    tandem::promise<fragile> p;
    auto f = p.get_future();
    const auto thread = lab::spawn("promise", [mine = std::move(p)]() mutable {
      const fragile original(1);
      if (broke([&] { lab::check(mine.set_value(original) == status::ok, "once"); })) {
        lab::check(original.number() == 1, "untouched");
        lab::check(mine.set_value(fragile(2)) == status::ok, "it can still be kept");
      }
    });
    const auto got = f.get();
    lab::check(got.has_value() && (got->number() == 1 || got->number() == 2), "one of the two");
  });
}

TEST_CASE("a promise that there is no memory for is not made", "[model][future]") {
  holds("promise()", 4354, far, [] {
    const no_letter_left at_the_end;
    const unsigned failing = lab::choose(2);
    std::optional<promise> p;
    const bool failed = out_of_memory(failing, [&] { p.emplace(); });
    lab::check(failed == (failing == 1), "it throws, and leaks nothing");
    if (failed) return;
    future f = p->get_future();
    const auto thread = lab::spawn(
        "promise", [mine = *std::move(p)]() mutable { lab::check(mine.set_value(letter(1)) == status::ok, "once"); });
    lab::check(f.get().has_value(), "it is kept");
  });
}
