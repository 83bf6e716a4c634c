// What the lab shows of the memory model: for each of the small programs that the literature tells memory models apart
// by, the outcomes that it finds are exactly those that C++20 allows, except the few that it is known to hide.
// The names are the literature's: SB is store buffering, MP message passing, and so on. An outcome is written as
// digits: what each load read, in the order of the threads; then, where it matters, what was left in the end.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include <tandem/platform/platform.hpp>

#include "../support/catch.hpp"
#include "../support/sanitizer.hpp"
#include "support/axioms.hpp"
#include "support/litmus.hpp"

using support::all_bits;
using support::everything;
using support::explored;
using support::outcome;
using support::outcomes;
using support::together;
using support::told;
using support::without;
using tandem::lab::options;
using tandem::lab::problem;
using tandem::platform::atomic;
using tandem::platform::cell;
using tandem::platform::order;
using enum std::memory_order;
using namespace std::chrono_literals;

namespace {

/// What a test expects: of C++20's weak memory, and of one that is sequentially consistent.
struct expected {
  outcomes weak;
  outcomes sequential;
  /// How many schedules there are, measured: fewer, and the explorer has lost some. 0: too many to run each of them.
  std::uint64_t schedules = 0;
};

/// The same outcomes for at most so many switches, with reduction and without; more switches never lose any.
template <class Body>
void with_few_switches(const Body& body, const outcomes& all, unsigned most) {
  outcomes fewer;
  for (unsigned switches = 0; switches <= most; ++switches) {
    INFO(switches << " switches");
    options bounded = everything();
    bounded.preemptions = switches;
    const auto reduced = explored(bounded, body);
    REQUIRE(reduced.report.exhausted);
    CHECK(without(fewer, reduced.all) == outcomes{});
    CHECK(without(reduced.all, all) == outcomes{});
    bounded.reduce = false;
    const auto each = explored(bounded, body);
    REQUIRE(each.report.exhausted);
    CHECK(each.all == reduced.all);
    fewer = reduced.all;
  }
}

/// Explores `body` in every way there is, and compares.
template <class Body>
void litmus(const char* name, const expected& wanted, const Body& body) {
  INFO(name);
  const auto reduced = explored(everything(), body);
  REQUIRE(reduced.report.exhausted);
  CHECK(reduced.all == wanted.weak);

  options plain = everything();
  plain.reduce = false;
  std::uint64_t schedules = 0;
  if (wanted.schedules != 0) {
    const auto each = explored(plain, body);
    schedules = each.report.executions;
    REQUIRE(each.report.exhausted);
    CHECK(each.report.complete == schedules);
    CHECK(schedules >= wanted.schedules);
    CHECK(schedules >= reduced.report.executions);
    CHECK(each.all == reduced.all);
  }
  with_few_switches(body, reduced.all, wanted.schedules != 0 ? 4 : 2);
  plain.reduce = true;
  plain.weak_memory = false;
  const auto sequential = explored(plain, body);
  REQUIRE(sequential.report.exhausted);
  CHECK(sequential.all == wanted.sequential);
  std::printf("%-44s %2zu outcomes (%zu sequential); %llu schedules; reduced: %s\n", name, reduced.all.size(),
              sequential.all.size(), static_cast<unsigned long long>(schedules), reduced.report.summary().c_str());
}

/// What the threads of a test share.
struct shared {
  atomic<int> x{0};
  atomic<int> y{0};
  atomic<int> z{0};
};

const outcomes two_bits = all_bits(2);
const outcomes three_bits = all_bits(3);
const outcomes four_bits = all_bits(4);

// --- SB: each thread writes, and looks at what the other writes ------------------------------------------------------

const outcomes sb_strong = without(two_bits, {"00"});

auto sb(order write, order read, order other_write, order other_read) {
  return [=] {
    shared s;
    int a = 0;
    int b = 0;
    together(
        [&] {
          s.x.store(1, write);
          a = s.y.load(read);
        },
        [&] {
          s.y.store(1, other_write);
          b = s.x.load(other_read);
        });
    return told(a, b);
  };
}

auto sb_rmw(order write, order read) {
  return [=] {
    shared s;
    int a = 0;
    int b = 0;
    together(
        [&] {
          s.x.fetch_add(1, write);
          a = s.y.load(read);
        },
        [&] {
          s.y.fetch_add(1, write);
          b = s.x.load(read);
        });
    return told(a, b);
  };
}

}  // namespace

TEST_CASE("SB: both may miss the other's store, unless all four accesses are seq_cst", "[litmus]") {
  // relaxed, release and acquire say nothing about a store and a later load of something else
  litmus("SB relaxed", {two_bits, sb_strong, 220}, sb(relaxed, relaxed, relaxed, relaxed));
  litmus("SB release, acquire", {two_bits, sb_strong, 220}, sb(release, acquire, release, acquire));
  // S orders the four: the store that comes first in S comes before the other thread's load
  litmus("SB seq_cst", {sb_strong, sb_strong, 149}, sb(seq_cst, seq_cst, seq_cst, seq_cst));
  // a load that is not seq_cst is not in S
  litmus("SB seq_cst stores, relaxed loads", {two_bits, sb_strong, 220}, sb(seq_cst, relaxed, seq_cst, relaxed));
  litmus("SB seq_cst stores, acquire loads", {two_bits, sb_strong, 220}, sb(seq_cst, acquire, seq_cst, acquire));
  // nor is a store that is not, and the loads are of different atomics
  litmus("SB relaxed stores, seq_cst loads", {two_bits, sb_strong, 220}, sb(relaxed, seq_cst, relaxed, seq_cst));
  litmus("SB release stores, seq_cst loads", {two_bits, sb_strong, 220}, sb(release, seq_cst, release, seq_cst));
  // three seq_cst accesses are not enough
  litmus("SB seq_cst on one side", {two_bits, sb_strong, 220}, sb(seq_cst, seq_cst, release, acquire));
  litmus("SB seq_cst except one load", {two_bits, sb_strong, 220}, sb(seq_cst, seq_cst, seq_cst, acquire));
  litmus("SB seq_cst except one store", {two_bits, sb_strong, 220}, sb(seq_cst, seq_cst, release, seq_cst));
}

TEST_CASE("SB: a seq_cst read-modify-write is no fence for a weaker load after it", "[litmus]") {
  litmus("SB seq_cst RMW, relaxed loads", {two_bits, sb_strong, 220}, sb_rmw(seq_cst, relaxed));
  litmus("SB seq_cst RMW, acquire loads", {two_bits, sb_strong, 220}, sb_rmw(seq_cst, acquire));
  litmus("SB acq_rel RMW, seq_cst loads", {two_bits, sb_strong, 220}, sb_rmw(acq_rel, seq_cst));
  litmus("SB seq_cst RMW, seq_cst loads", {sb_strong, sb_strong, 149}, sb_rmw(seq_cst, seq_cst));
}

TEST_CASE("SB: what lies between the store and the load is no fence either", "[litmus]") {
  const auto with_between = [](auto between, auto other_between) {
    return [=] {
      shared s;
      int a = 0;
      int b = 0;
      together(
          [&] {
            s.x.store(1, relaxed);
            between(s);
            a = s.y.load(relaxed);
          },
          [&] {
            s.y.store(1, relaxed);
            other_between(s);
            b = s.x.load(relaxed);
          });
      return told(a, b);
    };
  };
  const auto modify = [](shared& s) { s.z.fetch_add(1, seq_cst); };
  const auto read = [](shared& s) { static_cast<void>(s.z.load(seq_cst)); };
  const auto write = [](shared& s) { s.z.store(1, seq_cst); };
  const auto nothing = [](shared&) {};
  litmus("SB with a seq_cst RMW in one", {two_bits, sb_strong, 524}, with_between(modify, nothing));
  litmus("SB with seq_cst loads between", {two_bits, sb_strong, 1374}, with_between(read, read));
  litmus("SB with seq_cst stores between", {two_bits, sb_strong, 2748}, with_between(write, write));
  litmus("SB with seq_cst RMW and load between", {two_bits, sb_strong, 1846}, with_between(modify, read));
  // RMWs of different atomics
  litmus("SB with unrelated seq_cst RMWs between", {two_bits, sb_strong, 1374}, [] {
    shared s;
    atomic<int> other{0};
    int a = 0;
    int b = 0;
    together(
        [&] {
          s.x.store(1, relaxed);
          s.z.fetch_add(1, seq_cst);
          a = s.y.load(relaxed);
        },
        [&] {
          s.y.store(1, relaxed);
          other.fetch_add(1, seq_cst);
          b = s.x.load(relaxed);
        });
    return told(a, b);
  });
  // RMWs of the same: the second reads the first, acquires what that released, and knows of its thread's store
  litmus("SB with RMWs of one atomic between", {sb_strong, sb_strong, 687}, with_between(modify, modify));
  const auto acq_rel_modify = [](shared& s) { s.z.fetch_add(1, acq_rel); };
  litmus("SB with acq_rel RMWs of one atomic", {sb_strong, sb_strong, 687},
         with_between(acq_rel_modify, acq_rel_modify));
  const auto relaxed_modify = [](shared& s) { s.z.fetch_add(1, relaxed); };
  litmus("SB with relaxed RMWs of one atomic", {two_bits, sb_strong, 1374},
         with_between(relaxed_modify, relaxed_modify));
}

// --- MP: one thread writes, then says so; the other sees that it was said --------------------------------------------

namespace {

const outcomes mp_strong = without(two_bits, {"10"});

auto mp(order data, order say, order see, order read) {
  return [=] {
    shared s;
    int seen = 0;
    int value = 0;
    together(
        [&] {
          s.x.store(1, data);
          s.y.store(1, say);
        },
        [&] {
          seen = s.y.load(see);
          value = s.x.load(read);
        });
    return told(seen, value);
  };
}

/// The same with a message that is no atomic.
template <class Say, class See>
tandem::lab::report mp_plain(Say say, See see) {
  return tandem::lab::explore(everything(), [=] {
    shared s;
    cell<int> message{0};
    together(
        [&] {
          message = 7;
          say(s);
        },
        [&] {
          if (see(s)) tandem::lab::check(message == 7, "the message has arrived");
        });
  });
}

}  // namespace

TEST_CASE("MP: the message arrives with a release and an acquire, and with nothing less", "[litmus]") {
  litmus("MP relaxed", {two_bits, mp_strong, 191}, mp(relaxed, relaxed, relaxed, relaxed));
  litmus("MP release, acquire", {mp_strong, mp_strong, 164}, mp(relaxed, release, acquire, relaxed));
  litmus("MP release, relaxed", {two_bits, mp_strong, 191}, mp(relaxed, release, relaxed, relaxed));
  litmus("MP relaxed, acquire", {two_bits, mp_strong, 191}, mp(relaxed, relaxed, acquire, relaxed));
  litmus("MP seq_cst", {mp_strong, mp_strong, 164}, mp(seq_cst, seq_cst, seq_cst, seq_cst));
  // seq_cst includes release and acquire
  litmus("MP seq_cst flag", {mp_strong, mp_strong, 164}, mp(relaxed, seq_cst, seq_cst, relaxed));
  litmus("MP seq_cst flag, read acquire", {mp_strong, mp_strong, 164}, mp(relaxed, seq_cst, acquire, relaxed));
  // the store of the flag is no release, whatever the order of the store before it
  litmus("MP release on the wrong store", {two_bits, mp_strong, 191}, mp(release, relaxed, acquire, relaxed));
  // S holds the store and the load of the data only, and may have the load first
  litmus("MP relaxed flag, seq_cst data", {two_bits, mp_strong, 191}, mp(seq_cst, relaxed, relaxed, seq_cst));
}

TEST_CASE("MP: a message that is no atomic is a race without release and acquire", "[litmus]") {
  const auto say = [](order o) { return [=](shared& s) { s.x.store(1, o); }; };
  const auto see = [](order o) { return [=](shared& s) { return s.x.load(o) == 1; }; };
  CHECK(mp_plain(say(release), see(acquire)).exhausted);
  CHECK(mp_plain(say(seq_cst), see(seq_cst)).exhausted);
  CHECK(mp_plain(say(relaxed), see(acquire)).what == problem::race);
  CHECK(mp_plain(say(release), see(relaxed)).what == problem::race);
  CHECK(mp_plain(say(relaxed), see(relaxed)).what == problem::race);
  CHECK(mp_plain(say(release), [](shared&) { return true; }).what == problem::race);
  // by read-modify-writes
  const auto add = [](order o) { return [=](shared& s) { s.x.fetch_add(1, o); }; };
  const auto take = [](order o) { return [=](shared& s) { return s.x.exchange(0, o) == 1; }; };
  CHECK(mp_plain(add(release), take(acquire)).exhausted);
  CHECK(mp_plain(add(acq_rel), take(acq_rel)).exhausted);
  CHECK(mp_plain(add(acquire), take(acquire)).what == problem::race);
  CHECK(mp_plain(add(release), take(release)).what == problem::race);
}

TEST_CASE("a load may read an old store again and again, but only as often as the options say", "[litmus]") {
  const auto look_thrice = [] {
    shared s;
    int before = 0;
    int seen = 0;
    int after = 0;
    together(
        [&] {
          s.x.store(1, relaxed);
          s.y.store(1, relaxed);
        },
        [&] {
          before = s.x.load(relaxed);
          seen = s.y.load(relaxed);
          after = s.x.load(relaxed);
        });
    return told(before, seen, after);
  };
  const outcomes wanted = without(three_bits, {"100", "110"});  // CoRR
  litmus("MP with a look before", {wanted, without(wanted, {"010"}), 641}, look_thrice);
  options impatient = everything();
  impatient.rereads = 0;
  CHECK(explored(impatient, look_thrice).all == without(wanted, {"010"}));  // hidden: the second look at the same store
  impatient.rereads = 1;
  CHECK(explored(impatient, look_thrice).all == wanted);
}

// --- LB: each thread reads what the other writes afterwards ----------------------------------------------------------

TEST_CASE("LB: two loads that read each other's later store are hidden", "[litmus]") {
  const auto lb = [](order read, order write) {
    return [=] {
      shared s;
      int a = 0;
      int b = 0;
      together(
          [&] {
            a = s.x.load(read);
            s.y.store(1, write);
          },
          [&] {
            b = s.y.load(read);
            s.x.store(1, write);
          });
      return told(a, b);
    };
  };
  const outcomes strong = without(two_bits, {"11"});
  // Hidden: 11, which C++20 allows. A load would have to read what has not been written yet.
  litmus("LB relaxed (11 is hidden)", {strong, strong, 103}, lb(relaxed, relaxed));
  // forbidden: each store would happen before the load that reads the other
  litmus("LB release, acquire", {strong, strong, 103}, lb(acquire, release));
  litmus("LB seq_cst", {strong, strong, 103}, lb(seq_cst, seq_cst));
}

// --- coherence: each atomic by itself is sequentially consistent, whatever the orders --------------------------------

TEST_CASE("CoWW: a thread's stores to one atomic stay in order", "[litmus]") {
  litmus("CoWW", {{"2"}, {"2"}, 26}, [] {
    shared s;
    together(
        [&] {
          s.x.store(1, relaxed);
          s.x.store(2, relaxed);
        },
        [] {});
    return told(s.x.load(relaxed));
  });
  litmus("CoWW and another", {{"2", "3"}, {"2", "3"}, 78}, [] {
    shared s;
    together(
        [&] {
          s.x.store(1, relaxed);
          s.x.store(2, relaxed);
        },
        [&] { s.x.store(3, relaxed); });
    return told(s.x.load(relaxed));
  });
}

TEST_CASE("CoRR: two loads of one atomic do not go back", "[litmus]") {
  const outcomes wanted{"00", "01", "02", "11", "12", "22"};
  litmus("CoRR", {wanted, wanted, 311}, [] {
    shared s;
    int a = 0;
    int b = 0;
    together(
        [&] {
          s.x.store(1, relaxed);
          s.x.store(2, relaxed);
        },
        [&] {
          a = s.x.load(relaxed);
          b = s.x.load(relaxed);
        });
    return told(a, b);
  });
}

TEST_CASE("CoRR: two readers agree on the order of two writers", "[litmus]") {
  outcomes wanted;  // each reads on along one of the two modification orders
  for (const auto& in_order : {std::array{0, 1, 2}, std::array{0, 2, 1}}) {
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = a; b < 3; ++b) {
        for (std::size_t c = 0; c < 3; ++c) {
          for (std::size_t d = c; d < 3; ++d) wanted.insert(told(in_order[a], in_order[b], in_order[c], in_order[d]));
        }
      }
    }
  }
  litmus("CoRR, two readers", {wanted, wanted}, [] {
    shared s;
    int a = 0;
    int b = 0;
    int c = 0;
    int d = 0;
    together([&] { s.x.store(1, relaxed); }, [&] { s.x.store(2, relaxed); },
             [&] {
               a = s.x.load(relaxed);
               b = s.x.load(relaxed);
             },
             [&] {
               c = s.x.load(relaxed);
               d = s.x.load(relaxed);
             });
    return told(a, b, c, d);
  });
}

TEST_CASE("CoWR: who has written reads that or something later", "[litmus]") {
  const outcomes wanted{"11", "12", "22"};  // with 1 read, 2 may come before or after; with 2 read, it comes after
  litmus("CoWR", {wanted, wanted, 63}, [] {
    shared s;
    int a = 0;
    together(
        [&] {
          s.x.store(1, relaxed);
          a = s.x.load(relaxed);
        },
        [&] { s.x.store(2, relaxed); });
    return told(a, s.x.load(relaxed));
  });
}

TEST_CASE("CoRW: who has read writes behind that", "[litmus]") {
  const outcomes wanted{"01", "02", "21"};  // 22 would put the store before what was read; 1 is not written yet
  litmus("CoRW", {wanted, wanted, 56}, [] {
    shared s;
    int a = 0;
    together(
        [&] {
          a = s.x.load(relaxed);
          s.x.store(1, relaxed);
        },
        [&] { s.x.store(2, relaxed); });
    return told(a, s.x.load(relaxed));
  });
}

TEST_CASE("coherence holds through what others say, too", "[litmus]") {
  // CoWR across threads: the store happens before the load
  litmus("a store that happens before a load", {{"00", "11"}, {"00", "11"}, 53}, [] {
    shared s;
    int seen = 0;
    int value = 0;
    together(
        [&] {
          s.x.store(1, relaxed);
          s.y.store(1, release);
        },
        [&] {
          seen = s.y.load(acquire);
          if (seen == 1) value = s.x.load(relaxed);
        });
    return told(seen, value);
  });
  // CoWW across threads: the stores are in the order in which they happen
  litmus("stores that happen in order", {{"01", "02", "12"}, {"01", "02", "12"}, 169}, [] {
    shared s;
    int seen = 0;
    together(
        [&] {
          s.x.store(1, relaxed);
          s.y.store(1, release);
        },
        [&] {
          seen = s.y.load(acquire);
          s.x.store(2, relaxed);
        });
    return told(seen, s.x.load(relaxed));
  });
}

// --- two readers that disagree ---------------------------------------------------------------------------------------

TEST_CASE("IRIW: two readers may see two stores in different orders, unless S forbids it", "[litmus]") {
  const auto iriw = [](order write, order first, order second) {
    return [=] {
      shared s;
      int a = 0;
      int b = 0;
      int c = 0;
      int d = 0;
      together([&] { s.x.store(1, write); }, [&] { s.y.store(1, write); },
               [&] {
                 a = s.x.load(first);
                 b = s.y.load(second);
               },
               [&] {
                 c = s.y.load(first);
                 d = s.x.load(second);
               });
      return told(a, b, c, d);
    };
  };
  const outcomes strong = without(four_bits, {"1010"});
  litmus("IRIW relaxed", {four_bits, strong}, iriw(relaxed, relaxed, relaxed));
  litmus("IRIW release, acquire", {four_bits, strong}, iriw(release, acquire, acquire));
  // all six are in S: each reader puts the store it sees before the one it misses
  litmus("IRIW seq_cst", {strong, strong}, iriw(seq_cst, seq_cst, seq_cst));
  // the loads are not in S
  litmus("IRIW seq_cst stores, acquire loads", {four_bits, strong}, iriw(seq_cst, acquire, acquire));
  // A load that misses a store is coherence-ordered before one that reads it, so S has d before a and b before c.
  litmus("IRIW relaxed stores, seq_cst loads", {strong, strong}, iriw(relaxed, seq_cst, seq_cst));
  litmus("IRIW release stores, seq_cst loads", {strong, strong}, iriw(release, seq_cst, seq_cst));
  // only two loads are in S, and of different atomics
  litmus("IRIW release stores, seq_cst first loads", {four_bits, strong}, iriw(release, seq_cst, acquire));
  litmus("IRIW release stores, seq_cst second loads", {four_bits, strong}, iriw(release, acquire, seq_cst));
  litmus("IRIW seq_cst except the second loads", {four_bits, strong}, iriw(seq_cst, seq_cst, acquire));
  // S has each second load before the store that the other's first load has acquired from, against happens-before: the
  // store does not strongly happen before it.
  litmus("IRIW seq_cst except the first loads", {four_bits, strong}, iriw(seq_cst, acquire, seq_cst));
}

// --- release sequences -----------------------------------------------------------------------------------------------

namespace {

/// What a reader of z may see of the data in x, which a store of 1 to z released: `others` do something to z meanwhile.
template <class Self, class Others>
auto released(Self self, Others others) {
  return [=] {
    shared s;
    int seen = 0;
    int value = 0;
    together(
        [&] {
          s.x.store(1, relaxed);
          s.z.store(1, release);
          self(s);
        },
        [&] { others(s); },
        [&] {
          seen = s.z.load(acquire);
          value = s.x.load(relaxed);
        });
    return told(seen, value);
  };
}

}  // namespace

TEST_CASE("a release sequence goes on through read-modify-writes, and ends with any other store", "[litmus]") {
  const auto nothing = [](shared&) {};
  const auto relaxed_add = [](shared& s) { s.z.fetch_add(2, relaxed); };
  const auto relaxed_cas = [](shared& s) {
    int expected = 1;
    s.z.compare_exchange_strong(expected, 3, relaxed, relaxed);
  };
  const auto relaxed_store = [](shared& s) { s.z.store(3, relaxed); };
  const auto store_if_seen = [](shared& s) {
    if (s.z.load(relaxed) == 1) s.z.store(3, relaxed);
  };
  const outcomes before{"00", "01"};
  const auto with = [](outcomes a, const outcomes& b) {
    a.insert(b.begin(), b.end());
    return a;
  };
  // 3 is the sum: the RMW has read the released 1, so its 3 is of the sequence. 2 is that of an RMW that came first.
  const outcomes goes_on = with(before, {"11", "31", "20", "21"});
  litmus("release sequence: RMW of another", {goes_on, goes_on, 3699}, released(nothing, relaxed_add));
  const outcomes compared = with(before, {"11", "31"});
  litmus("release sequence: CAS of another", {compared, compared, 4439}, released(nothing, relaxed_cas));
  litmus("release sequence: RMW of the same", {with(before, {"11", "31"}), with(before, {"11", "31"}), 9142},
         released(relaxed_add, nothing));
  // C++20: a relaxed store of the same thread is no part of it any more
  litmus("release sequence: store of the same", {with(before, {"11", "31", "30"}), with(before, {"11", "31"}), 10362},
         released(relaxed_store, nothing));
  litmus("release sequence: store of another", {with(before, {"11", "31", "30"}), with(before, {"11", "31"}), 7431},
         released(nothing, store_if_seen));
  // a store that comes between the release and the RMW ends it: 5 = 3 + 2
  litmus(
      "release sequence: store, then RMW",
      {with(before, {"11", "20", "21", "30", "31", "50", "51"}), with(before, {"11", "20", "21", "31", "51"}), 12995},
      released(relaxed_store, relaxed_add));
  // an RMW on an RMW on the release
  litmus("release sequence: two RMWs",
         {with(before, {"11", "31", "51", "20", "21", "41", "40"}),
          with(before, {"11", "31", "51", "20", "21", "41", "40"}), 19201},
         released(nothing, [](shared& s) {
           s.z.fetch_add(2, relaxed);
           s.z.fetch_add(2, relaxed);
         }));
}

TEST_CASE("a read-modify-write hands on what it read, and adds what it releases", "[litmus]") {
  // T3 acquires from T2's RMW alone, and knows of T1's data through the sequence and of T2's through the release.
  const auto chain = [](order second) {
    return [=] {
      shared s;
      int seen = 0;
      int first = 0;
      int other = 0;
      together(
          [&] {
            s.x.store(1, relaxed);
            s.z.fetch_add(1, release);
          },
          [&] {
            s.y.store(1, relaxed);
            s.z.fetch_add(2, second);
          },
          [&] {
            seen = s.z.load(acquire);
            first = s.x.load(relaxed);
            other = s.y.load(relaxed);
          });
      return told(seen, first, other);
    };
  };
  const outcomes both{"000", "001", "010", "011", "110", "111", "201", "211", "311"};
  litmus("chain of releasing RMWs", {both, both, 65576}, chain(release));
  outcomes first_only = both;
  first_only.insert({"200", "210", "310"});
  litmus("chain of an RMW that releases and one not", {first_only, both, 71065}, chain(relaxed));
}

// --- read-modify-writes and compare-exchange -------------------------------------------------------------------------

TEST_CASE("read-modify-writes of one atomic come one after the other", "[litmus]") {
  const outcomes permutations{"0123", "0213", "1023", "1203", "2013", "2103"};
  litmus("three fetch_add", {permutations, permutations, 100}, [] {
    shared s;
    int a = 0;
    int b = 0;
    int c = 0;
    together([&] { a = s.x.fetch_add(1, relaxed); }, [&] { b = s.x.fetch_add(1, relaxed); },
             [&] { c = s.x.fetch_add(1, relaxed); });
    return told(a, b, c, s.x.load(relaxed));
  });
  litmus("two exchanges", {{"012", "201"}, {"012", "201"}, 11}, [] {
    shared s;
    int a = 0;
    int b = 0;
    together([&] { a = s.x.exchange(1, relaxed); }, [&] { b = s.x.exchange(2, relaxed); });
    return told(a, b, s.x.load(relaxed));
  });
  litmus("two compare-exchanges", {{"101", "012"}, {"101", "012"}, 11}, [] {
    shared s;
    bool a = false;
    bool b = false;
    const auto set = [&](int to, bool& done) {
      int expected = 0;
      done = s.x.compare_exchange_strong(expected, to, relaxed, relaxed);
    };
    together([&] { set(1, a); }, [&] { set(2, b); });
    return told(a, b, s.x.load(relaxed));
  });
  // nothing comes between an RMW and the store that it read
  litmus("an RMW and a store", {{"02", "12", "23"}, {"02", "12", "23"}, 26}, [] {
    shared s;
    int a = 0;
    together([&] { a = s.x.fetch_add(1, relaxed); },
             [&] {
               s.x.store(1, relaxed);
               s.x.store(2, relaxed);
             });
    return told(a, s.x.load(relaxed));
  });
}

TEST_CASE("SB with read-modify-writes for loads", "[litmus]") {
  const auto program = [](order write, order modify) {
    return [=] {
      shared s;
      int a = 0;
      int b = 0;
      together(
          [&] {
            s.x.store(1, write);
            a = s.y.fetch_add(2, modify);
          },
          [&] {
            s.y.store(1, write);
            b = s.x.fetch_add(2, modify);
          });
      return told(a, b);
    };
  };
  // 00: each store is behind the other thread's RMW, though one of the two was made first
  litmus("SB relaxed store, relaxed RMW", {two_bits, sb_strong, 71}, program(relaxed, relaxed));
  litmus("SB release store, acq_rel RMW", {two_bits, sb_strong, 71}, program(release, acq_rel));
  // forbidden: S
  litmus("SB seq_cst store, seq_cst RMW", {sb_strong, sb_strong, 149}, program(seq_cst, seq_cst));
}

TEST_CASE("a compare-exchange that fails may have found an old value", "[litmus]") {
  const auto program = [](order say, order see) {
    return [=] {
      shared s;
      int seen = 0;
      int found = 1;
      bool done = false;
      together(
          [&] {
            s.x.store(1, relaxed);
            s.y.store(1, say);
          },
          [&] {
            seen = s.y.load(see);
            done = s.x.compare_exchange_strong(found, 2, relaxed, relaxed);
          });
      return told(seen, done, found);
    };
  };
  const outcomes strong{"000", "011", "111"};
  litmus("CAS finds an old value", {{"000", "011", "111", "100"}, strong, 191}, program(relaxed, relaxed));
  litmus("CAS after an acquire", {strong, strong, 164}, program(release, acquire));
}

TEST_CASE("a compare-exchange that fails has the order for that", "[litmus]") {
  const auto program = [](int expect, order success, order failure) {
    return [=] {
      shared s;
      int found = expect;
      int value = 0;
      bool done = false;
      together(
          [&] {
            s.x.store(1, relaxed);
            s.y.store(1, release);
          },
          [&] {
            done = s.y.compare_exchange_strong(found, 2, success, failure);
            value = s.x.load(relaxed);
          });
      return told(done, found, value);
    };
  };
  // expecting 5 it always fails
  const outcomes fails{"000", "001", "011"};
  litmus("CAS fails, acquire", {fails, fails, 164}, program(5, relaxed, acquire));
  litmus("CAS fails, relaxed", {{"000", "001", "011", "010"}, fails, 191}, program(5, acq_rel, relaxed));
  litmus("CAS fails, seq_cst", {fails, fails, 164}, program(5, seq_cst, seq_cst));
  // expecting 1 it succeeds if it comes second
  const outcomes both{"000", "001", "111"};
  litmus("CAS succeeds, acquire", {both, both, 164}, program(1, acquire, relaxed));
  litmus("CAS succeeds, relaxed", {{"000", "001", "111", "110"}, both, 191}, program(1, relaxed, acquire));
}

TEST_CASE("a weak compare-exchange may fail for no reason, as often as the options say; a strong one does not",
          "[litmus]") {
  const auto twice = [](auto change) {
    return [=] {
      shared s;
      int zero = 0;
      const bool first = change(s.x, zero, 1);
      int seen = first ? 1 : 0;
      const bool second = change(s.x, seen, seen + 1);
      return told(first, second, s.x.load(relaxed));
    };
  };
  const auto weak = twice(
      [](auto& x, int& expected, int desired) { return x.compare_exchange_weak(expected, desired, relaxed, relaxed); });
  const auto strong = twice([](auto& x, int& expected, int desired) {
    return x.compare_exchange_strong(expected, desired, relaxed, relaxed);
  });
  options chosen = everything();
  CHECK(explored(chosen, weak).all == outcomes{"112"});
  chosen.spurious = 1;
  CHECK(explored(chosen, weak).all == outcomes{"112", "011", "101"});
  CHECK(explored(chosen, strong).all == outcomes{"112"});
  chosen.spurious = 2;
  CHECK(explored(chosen, weak).all == outcomes{"112", "011", "101", "000"});
}

TEST_CASE("a weak compare-exchange that fails for no reason may have found an old value that was the expected one",
          "[litmus]") {
  // T2 sees that x was written, and its compare-exchange still finds 0, as expected. It may not succeed: the
  // read-modify-write has gone behind the 0 already. A load of x could find the 0, so one that fails may, too.
  const auto program = [](order failure, bool weak) {
    return [=] {
      shared s;
      int seen = 0;
      int found = 0;
      bool done = false;
      together(
          [&] {
            s.x.fetch_add(1, seq_cst);
            s.y.store(1, relaxed);
          },
          [&] {
            seen = s.y.load(relaxed);
            done = weak ? s.x.compare_exchange_weak(found, 2, relaxed, failure)
                        : s.x.compare_exchange_strong(found, 2, relaxed, failure);
          });
      return told(seen, done, found);
    };
  };
  options chosen = everything();
  const outcomes strong{"001", "101", "010"};
  CHECK(explored(chosen, program(relaxed, false)).all == strong);
  chosen.spurious = 1;
  CHECK(explored(chosen, program(relaxed, false)).all == strong);
  CHECK(explored(chosen, program(relaxed, true)).all == outcomes{"001", "101", "010", "000", "100"});
  CHECK(explored(chosen, program(acquire, true)).all == outcomes{"001", "101", "010", "000", "100"});
}

TEST_CASE("a weak compare-exchange that fails has the order for that, though it found what it expected", "[litmus]") {
  // the first value of x is older than the store of T1, which T2 knows of in S if its failing compare-exchange is there
  const auto program = [](order failure) {
    return [=] {
      shared s;
      int seen = 0;
      int found = 0;
      bool done = false;
      together(
          [&] {
            s.x.store(1, seq_cst);
            s.y.store(1, seq_cst);
          },
          [&] {
            seen = s.y.load(seq_cst);
            done = s.x.compare_exchange_weak(found, 2, relaxed, failure);
          });
      return told(seen, done, found);
    };
  };
  const auto store_buffer = [](order failure) {
    return [=] {
      shared s;
      int seen = 0;
      int found = 0;
      bool done = false;
      together(
          [&] {
            s.x.store(1, seq_cst);
            seen = s.y.load(seq_cst);
          },
          [&] {
            s.y.store(1, seq_cst);
            done = s.x.compare_exchange_weak(found, 2, relaxed, failure);
          });
      return told(seen, done, found);
    };
  };
  options chosen = everything();
  chosen.spurious = 1;
  const outcomes after_all{"001", "010", "000", "101"};
  CHECK(explored(chosen, program(seq_cst)).all == after_all);
  CHECK(explored(chosen, program(relaxed)).all == after_all);  // the load of y has acquired
  // 000: each misses the other's store. One that succeeds is not in S here, one that fails is.
  CHECK_FALSE(explored(chosen, store_buffer(seq_cst)).all.contains("000"));
  CHECK(explored(chosen, store_buffer(relaxed)).all.contains("000"));
  CHECK(explored(chosen, store_buffer(seq_cst)).all.contains("010"));
}

// --- stores in another order -----------------------------------------------------------------------------------------

TEST_CASE("2+2W: two pairs of stores may end in opposite orders, unless S forbids it", "[litmus]") {
  const auto program = [](order first, order second, order other_first, order other_second) {
    return [=] {
      shared s;
      together(
          [&] {
            s.x.store(1, first);
            s.y.store(2, second);
          },
          [&] {
            s.y.store(1, other_first);
            s.x.store(2, other_second);
          });
      return told(s.x.load(relaxed), s.y.load(relaxed));
    };
  };
  const outcomes weak{"11", "12", "21", "22"};
  const outcomes strong = without(weak, {"11"});  // both second stores lost
  litmus("2+2W relaxed", {weak, strong, 284}, program(relaxed, relaxed, relaxed, relaxed));
  litmus("2+2W release", {weak, strong, 284}, program(release, release, release, release));
  litmus("2+2W seq_cst on one side", {weak, strong, 284}, program(seq_cst, seq_cst, release, release));
  litmus("2+2W seq_cst except one", {weak, strong, 284}, program(seq_cst, seq_cst, seq_cst, release));
  // S has the stores of x and of y in modification order, and those of a thread in program order: no room for 11
  litmus("2+2W seq_cst", {strong, strong, 213}, program(seq_cst, seq_cst, seq_cst, seq_cst));
}

TEST_CASE("S: a store after a load may come before the store that it saw announced, unless synchronized", "[litmus]") {
  const auto program = [](order say, order see) {
    return [=] {
      shared s;
      int seen = 0;
      together(
          [&] {
            s.x.store(2, relaxed);
            s.y.store(1, say);
          },
          [&] {
            seen = s.y.load(see);
            s.x.store(1, relaxed);
          });
      return told(seen, s.x.load(relaxed));
    };
  };
  const outcomes strong{"01", "02", "11"};
  const outcomes weak{"01", "02", "11", "12"};
  litmus("S relaxed", {weak, strong, 196}, program(relaxed, relaxed));
  litmus("S release, relaxed", {weak, strong, 196}, program(release, relaxed));
  litmus("S release, acquire", {strong, strong, 169}, program(release, acquire));  // CoWW: 2 happens before 1
}

TEST_CASE("R: a store may come before one that its thread has overtaken, unless S forbids it", "[litmus]") {
  const auto program = [](order write, order last, order read) {
    return [=] {
      shared s;
      int seen = 0;
      together(
          [&] {
            s.x.store(1, write);
            s.y.store(1, last);
          },
          [&] {
            s.y.store(2, last);
            seen = s.x.load(read);
          });
      return told(s.y.load(relaxed), seen);
    };
  };
  const outcomes weak{"10", "11", "20", "21"};
  const outcomes strong = without(weak, {"20"});
  litmus("R relaxed", {weak, strong, 274}, program(relaxed, relaxed, relaxed));
  litmus("R release, acquire", {weak, strong, 274}, program(release, release, acquire));
  litmus("R seq_cst except the load", {weak, strong, 274}, program(seq_cst, seq_cst, acquire));
  // S: y = 1 before y = 2, so x = 1 before the load
  litmus("R seq_cst", {strong, strong, 203}, program(seq_cst, seq_cst, seq_cst));
  // x = 1 is not in S
  litmus("R seq_cst except the first store", {weak, strong, 274}, program(relaxed, seq_cst, seq_cst));
}

// --- what one thread hands on from another ---------------------------------------------------------------------------

TEST_CASE("WRC: what a thread has read, it hands on with a release", "[litmus]") {
  const auto program = [](order say, order see) {
    return [=] {
      shared s;
      int a = 0;
      int b = 0;
      int c = 0;
      together([&] { s.x.store(1, relaxed); },
               [&] {
                 a = s.x.load(relaxed);
                 s.y.store(1, say);
               },
               [&] {
                 b = s.y.load(see);
                 c = s.x.load(relaxed);
               });
      return told(a, b, c);
    };
  };
  const outcomes strong = without(three_bits, {"110"});
  litmus("WRC relaxed", {three_bits, strong, 4556}, program(relaxed, relaxed));
  litmus("WRC release, relaxed", {three_bits, strong, 4556}, program(release, relaxed));
  // CoRR: the one load of x happens before the other, relaxed as they are
  litmus("WRC release, acquire", {strong, strong, 4393}, program(release, acquire));
}

TEST_CASE("ISA2: synchronization goes on from thread to thread", "[litmus]") {
  const auto program = [](order say, order see, order say_on, order see_on) {
    return [=] {
      shared s;
      int a = 0;
      int b = 0;
      int c = 0;
      together(
          [&] {
            s.x.store(1, relaxed);
            s.y.store(1, say);
          },
          [&] {
            a = s.y.load(see);
            s.z.store(1, say_on);
          },
          [&] {
            b = s.z.load(see_on);
            c = s.x.load(relaxed);
          });
      return told(a, b, c);
    };
  };
  const outcomes strong = without(three_bits, {"110"});
  litmus("ISA2 release, acquire", {strong, strong, 15211}, program(release, acquire, release, acquire));
  litmus("ISA2 first not released", {three_bits, strong, 15532}, program(relaxed, acquire, release, acquire));
  litmus("ISA2 first not acquired", {three_bits, strong, 15532}, program(release, relaxed, release, acquire));
  litmus("ISA2 second not released", {three_bits, strong, 15532}, program(release, acquire, relaxed, acquire));
  litmus("ISA2 second not acquired", {three_bits, strong, 15532}, program(release, acquire, release, relaxed));
}

TEST_CASE("WWC: a store that follows what was handed on comes behind it", "[litmus]") {
  const auto program = [](order say, order see) {
    return [=] {
      shared s;
      int a = 0;
      int b = 0;
      together([&] { s.x.store(2, relaxed); },
               [&] {
                 a = s.x.load(relaxed);
                 s.y.store(1, say);
               },
               [&] {
                 b = s.y.load(see);
                 s.x.store(1, relaxed);
               });
      return told(a, b, s.x.load(relaxed));
    };
  };
  const outcomes strong{"001", "002", "101", "102", "201", "202", "011", "012", "211"};
  outcomes weak = strong;
  weak.insert("212");
  // Hidden: 111 and 112, which C++20 allows: load buffering. The load of 1 would have caused the store of it.
  litmus("WWC relaxed (111, 112 are hidden)", {weak, strong, 4898}, program(relaxed, relaxed));
  litmus("WWC release, acquire", {strong, strong, 4735},
         program(release, acquire));  // CoRW: the load of 2 happens before
}

TEST_CASE("Z6.U: S may contradict happens-before, where that is not strong", "[litmus]") {
  const outcomes strong{"001", "003", "101", "103", "012", "112", "113", "034", "031", "134", "131"};
  // 013, which C++20 allows and its forerunners did not. S is T2's RMW, T3's store of y, its load of x, and T1's store
  // of x, although that happens before T2's RMW, through the release of y: not strongly.
  outcomes weak = strong;
  weak.insert("013");
  litmus("Z6.U", {weak, strong, 58603}, [] {
    shared s;
    int a = 0;
    int b = 0;
    int c = 0;
    together(
        [&] {
          s.x.store(1, seq_cst);
          s.y.store(1, release);
        },
        [&] {
          b = s.y.fetch_add(1, seq_cst);
          c = s.y.load(relaxed);
        },
        [&] {
          s.y.store(3, seq_cst);
          a = s.x.load(seq_cst);
        });
    return told(a, b, c);
  });
}

// --- threads ---------------------------------------------------------------------------------------------------------

TEST_CASE("a thread's start and its end synchronize", "[litmus]") {
  litmus("start", {{"1"}, {"1"}, 2}, [] {
    shared s;
    int a = 0;
    s.x.store(1, relaxed);
    together([&] { a = s.x.load(relaxed); });
    return told(a);
  });
  litmus("end", {{"1"}, {"1"}, 2}, [] {
    shared s;
    together([&] { s.x.store(1, relaxed); });
    return told(s.x.load(relaxed));
  });
  litmus("what comes after the start", {{"0", "1"}, {"0", "1"}, 5}, [] {
    shared s;
    int a = 0;
    auto thread = tandem::lab::spawn("T1", [&] { a = s.x.load(relaxed); });
    s.x.store(1, relaxed);
    thread.join();
    return told(a);
  });
  litmus("from one thread to the next", {{"1"}, {"1"}, 4}, [] {
    shared s;
    int a = 0;
    together([&] { s.x.store(1, relaxed); });
    together([&] { a = s.x.load(relaxed); });
    return told(a);
  });
  const auto message = [](bool written_after_the_start, bool read_before_the_end) {
    return tandem::lab::explore(everything(), [=] {
      cell<int> value{0};
      if (!written_after_the_start) value = 1;
      auto thread = tandem::lab::spawn("T1", [&] { value = value + 1; });
      if (written_after_the_start) value = 1;
      if (read_before_the_end) tandem::lab::check(value >= 0, "there is one");
      thread.join();
      tandem::lab::check(value == 2, "both have written");
    });
  };
  CHECK(message(false, false).exhausted);
  CHECK(message(true, false).what == problem::race);
  CHECK(message(false, true).what == problem::race);
}

TEST_CASE("parking and waking do not synchronize", "[litmus]") {
  // Whoever was woken, rather than having slept its time, may still miss what was stored before the wake-up.
  litmus("park, unpark", {{"00", "01", "10", "11"}, {"01", "11"}, 80}, [] {
    using tandem::platform::clock;
    shared s;
    atomic<std::uint32_t> word{0};
    bool woken = false;
    int a = 0;
    together(
        [&] {
          s.x.store(1, relaxed);
          tandem::platform::unpark_one(word.address());
        },
        [&] {
          tandem::platform::park(word, 0, clock::time_point(1us));
          woken = clock::now() == clock::time_point();
          a = s.x.load(relaxed);
        });
    return told(woken, a);
  });
  const auto message = [](order say, order see) {
    return tandem::lab::explore(everything(), [=] {
      atomic<std::uint32_t> word{0};
      cell<int> value{0};
      together(
          [&] {
            value = 1;
            word.store(1, say);
            tandem::platform::unpark_one(word.address());
          },
          [&] {
            while (word.load(see) == 0) tandem::platform::park(word, 0, tandem::platform::no_deadline);
            tandem::lab::check(value == 1, "it has been written");
          });
    });
  };
  CHECK(message(release, acquire).exhausted);
  CHECK(message(release, relaxed).what == problem::race);
  CHECK(message(relaxed, acquire).what == problem::race);
}

// --- any program -----------------------------------------------------------------------------------------------------

namespace {

using support::litmus_access;
using support::litmus_program;
using support::litmus_thread;

/// Programs by number, always the same ones: two or three threads, two atomics, at most seven accesses.
litmus_program some_program(std::uint64_t number) {
  std::mt19937_64 random(number);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  constexpr std::array loads{relaxed, acquire, seq_cst, seq_cst};
  constexpr std::array stores{relaxed, release, seq_cst, seq_cst};
  constexpr std::array exchanges{relaxed, acquire, release, acq_rel, seq_cst};
  constexpr std::array failures{relaxed, acquire, seq_cst};
  litmus_program program(2 + below(2));
  int value = 0;
  const auto next_value = [&] { return below(5) == 0 && value != 0 ? value : ++value; };  // or the last one once more
  for (litmus_thread& thread : program) {
    const std::uint64_t length = program.size() == 2 ? 2 + below(2) : 1 + below(3);
    for (std::uint64_t i = 0; i < length; ++i) {
      const auto at = static_cast<unsigned>(below(2));
      const std::uint64_t dice = below(12);
      if (dice < 4) {
        thread.push_back({litmus_access::kind::load, at, loads[below(loads.size())], 0});
      } else if (dice < 8) {
        thread.push_back({litmus_access::kind::store, at, stores[below(stores.size())], next_value()});
      } else if (dice < 9) {
        thread.push_back({litmus_access::kind::exchange, at, exchanges[below(exchanges.size())], next_value()});
      } else {
        const auto expected = static_cast<int>(below(static_cast<std::uint64_t>(value) + 2));
        thread.push_back({dice < 10 ? litmus_access::kind::strong : litmus_access::kind::weak, at,
                          exchanges[below(exchanges.size())], next_value(), expected,
                          failures[below(failures.size())]});
      }
    }
  }
  return program;
}

std::string described(const litmus_program& program) {
  std::string text;
  for (const litmus_thread& thread : program) {
    for (const litmus_access& a : thread) {
      text += (a.reads() ? "r = " : "") + std::string(a.at == 0 ? "x" : "y");
      text += std::array{"", " = ", " exchange ", " strong ", " weak "}[static_cast<std::size_t>(a.what)];
      if (a.compares()) text += std::to_string(a.expected) + " -> ";
      if (a.what != litmus_access::kind::load) text += std::to_string(a.value);
      text += " (" + std::string(tandem::lab::name_of(a.order));
      if (a.compares()) text += ", " + std::string(tandem::lab::name_of(a.failure));
      text += "); ";
    }
    text += "| ";
  }
  return text;
}

outcome run_once(const litmus_program& program) {
  std::array<atomic<int>, 2> atomics;
  std::vector<outcome> read(program.size());
  const auto run = [&](std::size_t t) {
    for (const litmus_access& a : program[t]) {
      atomic<int>& x = atomics[a.at];
      int found = a.expected;
      bool done = false;
      switch (a.what) {
        case litmus_access::kind::load: read[t] += told(x.load(a.order)); break;
        case litmus_access::kind::store: x.store(a.value, a.order); break;
        case litmus_access::kind::exchange: read[t] += told(x.exchange(a.value, a.order)); break;
        case litmus_access::kind::strong:
          done = x.compare_exchange_strong(found, a.value, a.order, a.failure);
          read[t] += told(done, found);
          break;
        case litmus_access::kind::weak:
          done = x.compare_exchange_weak(found, a.value, a.order, a.failure);
          read[t] += told(done, found);
          break;
      }
    }
  };
  std::vector<tandem::platform::thread> threads;
  for (std::size_t t = 0; t < program.size(); ++t) {
    threads.push_back(tandem::lab::spawn("T" + std::to_string(t + 1), [&, t] { run(t); }));
  }
  for (auto& thread : threads) thread.join();
  outcome all;
  for (const outcome& one : read) all += one;
  return all + told(atomics[0].load(relaxed), atomics[1].load(relaxed));
}

}  // namespace

TEST_CASE("of any program the lab finds what the axioms of C++20 allow, as far as it can be run step by step",
          "[litmus]") {
  std::size_t found = 0;
  std::size_t hidden = 0;
  std::size_t weak = 0;
  constexpr std::uint64_t programs = support::cases(1000, 100);
  for (std::uint64_t number = 0; number < programs; ++number) {
    const litmus_program program = some_program(number);
    INFO("program " << number << ": " << described(program));
    support::axioms axioms(program, 2);
    const outcomes allowed = axioms.allowed(support::model::cpp20);
    const outcomes runnable = axioms.allowed(support::model::runnable);
    const outcomes sequential = axioms.allowed(support::model::sequential);
    const auto body = [&] { return run_once(program); };

    options all = everything();
    all.spurious = 9;  // each weak compare-exchange may fail for no reason
    const auto reduced = explored(all, body);
    REQUIRE(reduced.report.exhausted);
    REQUIRE(reduced.all == runnable);
    REQUIRE(without(runnable, allowed) == outcomes{});
    REQUIRE(without(sequential, runnable) == outcomes{});
    options plain = all;
    plain.weak_memory = false;
    REQUIRE(explored(plain, body).all == sequential);
    plain = all;
    plain.reduce = false;
    plain.preemptions = static_cast<unsigned>(number % 4);
    const auto each = explored(plain, body);
    plain.reduce = true;
    REQUIRE(explored(plain, body).all == each.all);

    found += runnable.size();
    hidden += allowed.size() - runnable.size();
    weak += runnable.size() - sequential.size();
  }
  std::printf("%llu programs: %zu outcomes found, %zu of them weak; %zu more allowed\n",
              static_cast<unsigned long long>(programs), found, weak, hidden);
  CHECK(weak > 0);
  CHECK(hidden > 0);
}

TEST_CASE("what the lab finds is allowed, and of the rest only what would have to be read before it is written",
          "[litmus]") {
  using enum litmus_access::kind;
  struct sample {
    const char* name;
    litmus_program program;
    outcome weak;  // the reads, and then x and y
    bool allowed;
    bool found;
  };
  const std::array samples{
      sample{"LB relaxed",
             {{{load, 0, relaxed, 0}, {store, 1, relaxed, 1}}, {{load, 1, relaxed, 0}, {store, 0, relaxed, 2}}},
             "2121",
             true,
             false},
      sample{"MP relaxed flag, seq_cst data",
             {{{store, 0, seq_cst, 1}, {store, 1, relaxed, 2}}, {{load, 1, relaxed, 0}, {load, 0, seq_cst, 0}}},
             "2012",
             true,
             true},
      sample{"IRIW seq_cst except the first loads",
             {{{store, 0, seq_cst, 1}},
              {{store, 1, seq_cst, 2}},
              {{load, 0, acquire, 0}, {load, 1, seq_cst, 0}},
              {{load, 1, acquire, 0}, {load, 0, seq_cst, 0}}},
             "102012",
             true,
             true},
      sample{"Z6.U",
             {{{store, 0, seq_cst, 1}, {store, 1, release, 2}},
              {{exchange, 1, seq_cst, 3}, {load, 1, relaxed, 0}},
              {{store, 1, seq_cst, 4}, {load, 0, seq_cst, 0}}},
             "24014",
             true,
             true},
      sample{"LB release, acquire",
             {{{load, 0, acquire, 0}, {store, 1, release, 1}}, {{load, 1, acquire, 0}, {store, 0, release, 2}}},
             "2121",
             false,
             false},
      sample{"IRIW relaxed stores, seq_cst loads",
             {{{store, 0, relaxed, 1}},
              {{store, 1, relaxed, 2}},
              {{load, 0, seq_cst, 0}, {load, 1, seq_cst, 0}},
              {{load, 1, seq_cst, 0}, {load, 0, seq_cst, 0}}},
             "102012",
             false,
             false},
  };
  for (const sample& s : samples) {
    INFO(s.name);
    support::axioms axioms(s.program, 2);
    CHECK(axioms.allowed(support::model::cpp20).contains(s.weak) == s.allowed);
    const outcomes runnable = axioms.allowed(support::model::runnable);
    CHECK(runnable.contains(s.weak) == s.found);
    CHECK(explored(everything(), [&] { return run_once(s.program); }).all == runnable);
  }
}
