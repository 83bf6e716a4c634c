// The judge of histories is judged: what it has to accept, and what it has to reject.
#include "support/linearize.hpp"

#include <tandem/async/mailbox.hpp>
#include <tandem/lab/lab.hpp>
#include <tandem/thread.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace lab = tandem::lab;
using support::act;
using support::bounded_queue;
using support::meeting_place;
using support::one_message;
using support::owners;
using tandem::status;

namespace {

/// Instants of one clock that everybody reads.
struct instant {
  int at;
  friend bool happens_before(instant a, instant b) { return a.at < b.at; }
};
using timed = std::vector<support::operation<instant>>;

constexpr support::operation<instant> sends(int number, int from, int to, status::code how = status::ok) {
  return {act::send, number, how, {from}, {to}};
}
constexpr support::operation<instant> receives(int number, int from, int to) {
  return {act::receive, number, status::ok, {from}, {to}};
}
constexpr support::operation<instant> receives(status::code how, int from, int to) {
  return {act::receive, 0, how, {from}, {to}};
}
constexpr support::operation<instant> does(act what, int from, int to) { return {what, 0, status::ok, {from}, {to}}; }

/// Points of several threads' lives: what each knows of the others' is said by hand.
struct point {
  unsigned thread;
  int own;                // the place in its thread
  std::set<int> knows{};  // points, by number, that happened before it
  int number = -1;
  friend bool happens_before(const point& a, const point& b) {
    return a.thread == b.thread ? a.own < b.own : b.knows.contains(a.number);
  }
};

}  // namespace

TEST_CASE("nothing happened: that can be explained", "[linearize]") {
  CHECK(linearizable(timed{}, bounded_queue(1)));
  CHECK(linearizable(timed{}, meeting_place()));
  CHECK(linearizable(timed{}, one_message()));
}

TEST_CASE("a queue is first in, first out", "[linearize]") {
  CHECK(linearizable(timed{sends(1, 0, 1), sends(2, 2, 3), receives(1, 4, 5), receives(2, 6, 7)}, bounded_queue(2)));
  CHECK_FALSE(
      linearizable(timed{sends(1, 0, 1), sends(2, 2, 3), receives(2, 4, 5), receives(1, 6, 7)}, bounded_queue(2)));
  // sends that overlap may be in either order, and so may receives
  CHECK(linearizable(timed{sends(1, 0, 3), sends(2, 1, 2), receives(2, 4, 5), receives(1, 6, 7)}, bounded_queue(2)));
  CHECK(linearizable(timed{sends(1, 0, 1), sends(2, 2, 3), receives(2, 4, 7), receives(1, 5, 6)}, bounded_queue(2)));
}

TEST_CASE("a queue invents nothing, loses nothing, and gives nothing twice", "[linearize]") {
  CHECK_FALSE(linearizable(timed{receives(1, 0, 1)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{receives(1, 0, 1), sends(1, 2, 3)}, bounded_queue(1)));
  CHECK(linearizable(timed{receives(1, 0, 3), sends(1, 1, 2)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), receives(1, 2, 3), receives(1, 4, 5)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), sends(2, 2, 3), receives(2, 4, 5)}, bounded_queue(2)));
}

TEST_CASE("a queue has so many places and no more", "[linearize]") {
  CHECK_FALSE(
      linearizable(timed{sends(1, 0, 1), sends(2, 2, 3), receives(1, 4, 5), receives(2, 6, 7)}, bounded_queue(1)));
  CHECK(linearizable(timed{sends(1, 0, 1), sends(2, 2, 5), receives(1, 3, 4), receives(2, 6, 7)}, bounded_queue(1)));
}

TEST_CASE("full and empty have to be true at some place in the order", "[linearize]") {
  CHECK(linearizable(timed{sends(1, 0, 1), sends(2, 2, 3, status::full), receives(1, 4, 5)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(2, 0, 1, status::full)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), receives(1, 2, 3), sends(2, 4, 5, status::full)}, bounded_queue(1)));
  CHECK(linearizable(timed{receives(status::empty, 0, 1)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), receives(status::empty, 2, 3), receives(1, 4, 5)}, bounded_queue(1)));
  CHECK(linearizable(timed{sends(1, 0, 2), receives(status::empty, 1, 3), receives(1, 4, 5)}, bounded_queue(1)));
  // never empty: the second came before the first went
  CHECK_FALSE(linearizable(
      timed{sends(1, 0, 1), receives(status::empty, 2, 7), sends(2, 3, 4), receives(1, 5, 6), receives(2, 8, 9)},
      bounded_queue(2)));
  // each could be true, both cannot
  CHECK_FALSE(linearizable(
      timed{sends(1, 0, 9), sends(2, 1, 2, status::full), receives(status::empty, 3, 4), receives(1, 10, 11)},
      bounded_queue(1)));
}

TEST_CASE("what timed out or was stopped has had no effect", "[linearize]") {
  CHECK(linearizable(timed{sends(1, 0, 1, status::timeout)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1, status::timeout), receives(1, 2, 3)}, bounded_queue(1)));
  CHECK(linearizable(timed{sends(1, 0, 1), receives(status::timeout, 2, 3), receives(1, 4, 5)}, bounded_queue(1)));
  CHECK(linearizable(timed{does(act::request_stop, 0, 2), receives(status::stopped, 1, 3)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{receives(status::stopped, 0, 1), does(act::request_stop, 2, 3)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1, status::stopped)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{receives(status::stopped, 0, 1)}, one_message()));
}

TEST_CASE("a closed queue refuses, and delivers what it has", "[linearize]") {
  const auto close = does(act::close, 2, 3);
  CHECK(
      linearizable(timed{sends(1, 0, 1), close, receives(1, 4, 5), receives(status::closed, 6, 7)}, bounded_queue(1)));
  CHECK_FALSE(
      linearizable(timed{sends(1, 0, 1), close, receives(status::closed, 4, 5), receives(1, 6, 7)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{close, sends(1, 4, 5), receives(1, 6, 7)}, bounded_queue(1)));
  CHECK(linearizable(timed{close, sends(1, 4, 5, status::closed)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1, status::closed), close}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{close, receives(status::empty, 4, 5)}, bounded_queue(1)));
  CHECK_FALSE(
      linearizable(timed{sends(1, 0, 1), close, sends(2, 4, 5, status::full), receives(1, 6, 7)}, bounded_queue(1)));
}

TEST_CASE("the last owner of a side closes, an earlier one does not", "[linearize]") {
  const auto one_goes = does(act::sender_goes, 0, 1);
  const auto other_goes = does(act::sender_goes, 4, 5);
  CHECK(linearizable(timed{one_goes, sends(1, 2, 3), other_goes, receives(1, 6, 7), receives(status::closed, 8, 9)},
                     bounded_queue(1, owners(2, 1))));
  CHECK_FALSE(linearizable(timed{one_goes, receives(status::closed, 2, 3)}, bounded_queue(1, owners(2, 1))));
  CHECK_FALSE(linearizable(timed{one_goes, other_goes, receives(status::empty, 8, 9)}, bounded_queue(1, owners(2, 1))));
  CHECK_FALSE(linearizable(timed{one_goes, receives(status::closed, 2, 3)}, meeting_place(owners(2, 1))));
  CHECK(linearizable(timed{one_goes, other_goes, receives(status::closed, 6, 7)}, meeting_place(owners(2, 1))));
  // what nobody is left to receive is not lost
  CHECK(linearizable(timed{sends(1, 0, 1), does(act::receiver_goes, 2, 3)}, bounded_queue(1)));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), does(act::sender_goes, 2, 3)}, bounded_queue(1)));
}

TEST_CASE("those who meet are there together", "[linearize]") {
  CHECK(linearizable(timed{sends(1, 0, 2), receives(1, 1, 3)}, meeting_place()));
  CHECK(linearizable(timed{receives(1, 0, 3), sends(1, 1, 2)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), receives(1, 2, 3)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 2), receives(2, 1, 3)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 2)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{receives(1, 0, 2)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 9), receives(1, 1, 8), receives(1, 2, 7)}, meeting_place()));
  CHECK(linearizable(timed{sends(1, 0, 9), sends(2, 1, 8), receives(2, 2, 7), receives(1, 3, 6)}, meeting_place()));
  CHECK(linearizable(timed{sends(1, 0, 9), receives(1, 1, 8), sends(2, 2, 3, status::full)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 9, status::empty)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{receives(status::full, 0, 9)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{does(act::close, 0, 1), sends(1, 2, 9), receives(1, 3, 8)}, meeting_place()));
  CHECK(linearizable(timed{does(act::close, 0, 3), sends(1, 1, 9), receives(1, 2, 8)}, meeting_place()));
  CHECK_FALSE(linearizable(timed{does(act::close, 0, 1), receives(status::empty, 2, 3)}, meeting_place()));
}

TEST_CASE("a meeting drags both its sides to one place in the order", "[linearize]") {
  // the first pair has to come before the close, since its send does; its receive ends long after
  CHECK(linearizable(timed{sends(1, 0, 2), receives(1, 1, 9), does(act::close, 3, 4)}, meeting_place()));
  // one pair's send precedes the other's receive, and the other way round: each alone is fine
  CHECK_FALSE(
      linearizable(timed{sends(1, 0, 2), receives(2, 3, 9), sends(2, 1, 4), receives(1, 5, 8)}, meeting_place()));
}

TEST_CASE("one message, once", "[linearize]") {
  const auto promise_goes = does(act::sender_goes, 4, 5);
  const auto future_goes = does(act::receiver_goes, 4, 5);
  CHECK(linearizable(timed{sends(1, 0, 1), receives(1, 2, 3), receives(status::closed, 4, 5)}, one_message()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), receives(1, 2, 3), receives(1, 4, 5)}, one_message()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), receives(2, 2, 3)}, one_message()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), receives(status::empty, 2, 3)}, one_message()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), sends(2, 2, 3)}, one_message()));
  CHECK(linearizable(timed{sends(1, 0, 1), sends(2, 2, 3, status::closed)}, one_message()));
  CHECK_FALSE(linearizable(timed{sends(2, 2, 3, status::closed)}, one_message()));
  CHECK(linearizable(timed{promise_goes, receives(status::abandoned, 6, 7)}, one_message()));
  CHECK_FALSE(linearizable(timed{receives(status::abandoned, 2, 3), promise_goes}, one_message()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1), promise_goes, receives(status::abandoned, 6, 7)}, one_message()));
  CHECK_FALSE(linearizable(timed{promise_goes, receives(status::empty, 6, 7)}, one_message()));
  CHECK(linearizable(timed{future_goes, sends(1, 6, 7, status::abandoned)}, one_message()));
  CHECK_FALSE(linearizable(timed{sends(1, 0, 1, status::abandoned), future_goes}, one_message()));
  CHECK_FALSE(linearizable(timed{future_goes, sends(1, 6, 7)}, one_message()));
}

TEST_CASE("who never synchronized may disagree, who did may not", "[linearize]") {
  // thread 0 sends 1 and 2 and receives 1; thread 1 knows of the first send, or of nothing, and finds it empty;
  // then thread 0, which knows that, receives 2
  const auto told = [](bool knows) {
    const point sent{0, 1, {}, 7};
    const point looks{1, 0, knows ? std::set<int>{7} : std::set<int>{}};
    const point looked{1, 1, {}, 8};
    return std::vector<support::operation<point>>{{act::send, 1, status::ok, {0, 0}, sent},
                                                  {act::send, 2, status::ok, {0, 2}, {0, 3}},
                                                  {act::receive, 1, status::ok, {0, 4}, {0, 5}},
                                                  {act::receive, 0, status::empty, looks, looked},
                                                  {act::receive, 2, status::ok, {0, 6, {8}}, {0, 7}}};
  };
  CHECK(linearizable(told(false), bounded_queue(2)));
  CHECK_FALSE(linearizable(told(true), bounded_queue(2)));
}

TEST_CASE("what is told of a history names each operation, and what precedes it", "[linearize]") {
  CHECK(support::told(timed{sends(5, 0, 1), receives(status::empty, 2, 3), does(act::close, 0, 9)}) ==
        "1 send 5: ok; 2 receive: empty, after 1; 3 close: ok");
}

TEST_CASE("it is the search that finds the order, not luck: all orders of writing a history down are alike",
          "[linearize]") {
  timed good{sends(1, 0, 5), sends(2, 1, 6), receives(2, 2, 7), receives(1, 3, 8), receives(status::empty, 4, 9)};
  timed bad{sends(1, 0, 1), sends(2, 2, 3), receives(2, 4, 5), receives(1, 6, 7), receives(status::empty, 8, 9)};
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  int orders = 0;
  do {
    timed good_so;
    timed bad_so;
    for (const std::size_t i : order) {
      good_so.push_back(good[i]);
      bad_so.push_back(bad[i]);
    }
    REQUIRE(linearizable(good_so, bounded_queue(2)));
    REQUIRE_FALSE(linearizable(bad_so, bounded_queue(2)));
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(orders == 120);
}

TEST_CASE("the lab's moments tell what happens before what", "[linearize]") {
  int before = 0;
  int neither = 0;
  const auto report = lab::explore([&] {
    tandem::atomic<int> flag(0);
    const lab::moment first;
    std::vector<lab::moment> theirs;
    bool seen = false;
    {
      const auto other = lab::spawn("other", [&] {
        seen = flag.load(std::memory_order_acquire) == 1;
        theirs.emplace_back();
      });
      theirs.emplace_back();
      flag.store(1, std::memory_order_release);
    }
    const lab::moment last;
    const bool other_wrote_first = happens_before(theirs[0], theirs[1]) && happens_before(theirs[1], theirs[0]);
    lab::check(!other_wrote_first, "it is an order");
    lab::check(happens_before(first, last) && !happens_before(last, first), "as a thread goes");
    for (const lab::moment& m : theirs) {
      lab::check(happens_before(first, m) && happens_before(m, last),
                 "a thread begins after its start, before its join");
    }
    const bool ordered = happens_before(theirs[0], theirs[1]) || happens_before(theirs[1], theirs[0]);
    lab::check(ordered == seen, "in between, what was acquired orders them");
    ++(ordered ? before : neither);
  });
  INFO(report.summary());
  REQUIRE(report.passed());
  REQUIRE(report.exhausted);
  CHECK(before > 0);
  CHECK(neither > 0);
}

TEST_CASE("a history of the lab's that is wrong is found among those that are right", "[linearize]") {
  // a mailbox that is looked at as if it had one place less: wrong if both letters were there before the first receive
  const auto with_places = [](std::size_t places) {
    return [places] {
      using record = support::operation<lab::moment>;
      tandem::mailbox<int> box(2);
      tandem::atomic<bool> all_sent(false);
      std::vector<record> sent;
      std::vector<record> received;
      {
        const auto other = lab::spawn("sender", [&] {
          for (int i = 1; i < 3; ++i) {
            const lab::moment begin;
            const status how = box.send(i);
            sent.push_back({act::send, i, how, begin, lab::moment()});
          }
          all_sent.store(true, std::memory_order_release);
        });
        static_cast<void>(all_sent.load(std::memory_order_acquire));
        for (int i = 1; i < 3; ++i) {
          const lab::moment begin;
          const auto got = box.receive();
          received.push_back({act::receive, got.value_or(0), got.error(), begin, lab::moment()});
        }
      }
      sent.insert(sent.end(), received.begin(), received.end());
      lab::check(linearizable(sent, bounded_queue(places)), "explained");
    };
  };
  lab::options sequential;
  sequential.weak_memory = false;
  CHECK(lab::explore(sequential, with_places(2)).passed());
  CHECK(lab::explore(sequential, with_places(1)).what == lab::problem::check);
}
