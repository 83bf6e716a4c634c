// A zoo of bugs: small programs, each with one that others have had, and each with its repaired twin. The lab finds the
// bug, in every way of looking, says what it is and how to have it again; and it explores the twin to the end and finds
// nothing. How many executions each took is printed.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

#include <tandem/platform/platform.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "../support/catch.hpp"
#include "support/litmus.hpp"

using namespace std::chrono_literals;
using support::together;
using tandem::lab::check;
using tandem::lab::options;
using tandem::lab::problem;
using tandem::lab::report;
using tandem::lab::search;
using tandem::platform::atomic;
using tandem::platform::cell;
using tandem::platform::clock;
using tandem::platform::no_deadline;
using tandem::platform::order;
using tandem::platform::park;
using tandem::platform::unpark_one;
using tandem::platform::yield;
using enum std::memory_order;

namespace {

using word = atomic<std::uint32_t>;

struct specimen {
  const char* name;
  problem what;
  /// What the report has to say: whose step it was, or who waits.
  const char* told;
  /// Measured; fewer, and the explorer has lost some of the repaired twin's.
  std::uint64_t repaired = 1;
  /// Whether it takes weak memory: sequentially consistent interleavings do not show it.
  bool only_weak = false;
  options chosen = {};
};

bool says(const report& r, const std::string& what) { return r.text.find(what) != std::string::npos; }

/// The report names what and who, and the execution can be had again from it.
template <class Body>
void explained(const specimen& s, const report& r, const Body& body) {
  INFO(r.summary());
  REQUIRE(r.what == s.what);
  CHECK(says(r, std::string(tandem::lab::name_of(s.what))));
  CHECK(says(r, s.told));
  CHECK(says(r, "\"" + r.schedule + "\", body)"));
  CHECK(says(r, "TANDEM_LAB_REPLAY=" + r.schedule));
  for (int again = 0; again < 2; ++again) {
    const report same = tandem::lab::replay(s.chosen, r.schedule, body);
    CHECK(same.what == s.what);
    CHECK(same.executions == 1);
    CHECK(same.schedule == r.schedule);
  }
}

/// At random, from a fixed seed: within so many executions.
template <class Body>
std::uint64_t hunted(const specimen& s, search how, const Body& body) {
  specimen at_random = s;
  at_random.chosen.how = how;
  at_random.chosen.executions = 20'000;
  const report r = tandem::lab::explore(at_random.chosen, body);
  explained(at_random, r, body);
  if (r.seed != 0) CHECK(says(r, "seed " + std::to_string(r.seed)));  // 0: the plain execution, without a seed, had it
  return r.executions;
}

template <class Broken, class Repaired>
void exhibit(const specimen& s, const Broken& broken, const Repaired& repaired) {
  INFO(s.name);
  const report bug = tandem::lab::explore(s.chosen, broken);
  explained(s, bug, broken);
  const std::uint64_t by_chance = hunted(s, search::random, broken);
  const std::uint64_t by_priorities = hunted(s, search::pct, broken);

  options sequential = s.chosen;
  sequential.weak_memory = false;
  const report strong = tandem::lab::explore(sequential, broken);
  INFO(strong.summary());
  CHECK(strong.what == (s.only_weak ? problem::none : s.what));
  CHECK(strong.exhausted == s.only_weak);

  const report twin = tandem::lab::explore(s.chosen, repaired);
  INFO(twin.summary());
  REQUIRE(twin.passed());
  REQUIRE(twin.exhausted);
  CHECK(twin.executions >= s.repaired);
  std::printf("%-46s found after %3llu (random %3llu, pct %3llu)%s; repaired: %s\n", s.name,
              static_cast<unsigned long long>(bug.executions), static_cast<unsigned long long>(by_chance),
              static_cast<unsigned long long>(by_priorities), s.only_weak ? ", weak memory only" : "",
              twin.summary().c_str());
}

/// The same program with its bug and without.
template <class Program>
void exhibit(const specimen& s, const Program& program) {
  exhibit(s, [&] { program(true); }, [&] { program(false); });
}

/// A lock that is right; its orders can be spoilt.
class lock {
 public:
  explicit lock(order acquiring = acquire, order releasing = release) : acquiring_(acquiring), releasing_(releasing) {}
  void enter() {
    while (word_.exchange(1, acquiring_) != 0) park(word_, 1U, no_deadline);
  }
  void leave() {
    word_.exchange(0, releasing_);
    unpark_one(word_.address());
  }

 private:
  word word_{0};
  order acquiring_;
  order releasing_;
};

class holding {
 public:
  explicit holding(lock& one) : lock_(one) { lock_.enter(); }
  holding(const holding&) = delete;
  holding& operator=(const holding&) = delete;
  ~holding() { lock_.leave(); }

 private:
  lock& lock_;
};

void wait_for(word& flag, order o = acquire) {
  while (flag.load(o) == 0) park(flag, 0U, no_deadline);
}
void announce(word& flag, order o = release) {
  const void* const address = flag.address();
  flag.store(1, o);
  unpark_one(address);
}

}  // namespace

// --- wake-ups that are lost, or reach the wrong one ------------------------------------------------------------------

TEST_CASE("a read-modify-write, then a relaxed look for waiters: a wake-up is lost, in weak memory only", "[zoo]") {
  exhibit({"lost wake-up: RMW, then a relaxed load", problem::deadlock, "T2 waits in", 68, true}, [](bool broken) {
    word ready{0};
    word waiters{0};
    together(
        [&] {
          ready.exchange(1, broken ? acq_rel : seq_cst);
          if (waiters.load(broken ? relaxed : seq_cst) != 0) unpark_one(ready.address());
        },
        [&] {
          waiters.fetch_add(1, seq_cst);
          wait_for(ready, seq_cst);
        });
  });
}

TEST_CASE("nobody is woken who came between the store and the look", "[zoo]") {
  exhibit({"lost wake-up: looks before it stores", problem::deadlock, "T2 waits in", 50}, [](bool broken) {
    word ready{0};
    word waiters{0};
    together(
        [&] {
          const bool anybody = broken && waiters.load(seq_cst) != 0;
          ready.store(1, seq_cst);
          if (broken ? anybody : waiters.load(seq_cst) != 0) unpark_one(ready.address());
        },
        [&] {
          waiters.fetch_add(1, seq_cst);
          wait_for(ready, seq_cst);
        });
  });
}

TEST_CASE("a late wake-up reaches the next waiter at the same address", "[zoo]") {
  options no_surprises;  // a park may return for no reason anyway; here it has one
  no_surprises.spurious = 0;
  exhibit({"stale waker, and no second look", problem::check, "main: a check failed", 11, false, no_surprises},
          [](bool broken) {
            std::optional<word> flag;
            const auto wait_until = [&](clock::time_point deadline) {
              if (broken) {
                if (flag->load(acquire) == 0) park(*flag, 0U, deadline);
              } else {
                while (flag->load(acquire) == 0 && clock::now() < deadline) park(*flag, 0U, deadline);
              }
              check(flag->load(acquire) == 1 || clock::now() >= deadline, "it was told, or it is late");
            };
            flag.emplace(0U);
            auto first = tandem::lab::spawn("first", [w = &*flag] { announce(*w); });
            wait_until(no_deadline);
            flag.reset();
            flag.emplace(0U);  // where the first was; nobody will say anything
            wait_until(clock::now() + 1ms);
            first.join();
          });
}

TEST_CASE("a notifier touches what the one it has told may have destroyed", "[zoo]") {
  exhibit({"notifier touches a dead flag", problem::lifetime, " by T", 43}, [](bool broken) {
    std::optional<word> flag(0U);
    together(
        [&, w = &*flag] {
          if (!broken) return announce(*w);
          w->store(1, release);
          if (w->load(relaxed) != 0) unpark_one(w->address());
        },
        [&] {
          wait_for(*flag);
          flag.reset();
        });
  });
}

TEST_CASE("checked, then enlisted, and no second check before it sleeps", "[zoo]") {
  exhibit({"missing re-check before parking", problem::deadlock, "T2 waits in", 83}, [](bool broken) {
    word ready{0};
    word told{0};
    atomic<word*> waiting{nullptr};
    together(
        [&] {
          ready.store(1, seq_cst);
          if (word* const w = waiting.exchange(nullptr, seq_cst); w != nullptr) announce(*w);
        },
        [&] {
          if (ready.load(seq_cst) == 1) return;
          waiting.exchange(&told, seq_cst);
          if (!broken && ready.load(seq_cst) == 1 && waiting.exchange(nullptr, seq_cst) != nullptr) return;
          wait_for(told);
        });
  });
}

TEST_CASE("two sleep, and one is woken", "[zoo]") {
  exhibit({"one wake-up for two waiters", problem::deadlock, "main waits in", 1063}, [](bool broken) {
    word flag{0};
    together([&] { wait_for(flag); }, [&] { wait_for(flag); },
             [&] {
               announce(flag);
               if (!broken) unpark_one(flag.address());
             });
  });
}

// --- messages that are lost, or come too early -----------------------------------------------------------------------

TEST_CASE("a timeout races a delivery: the message is lost", "[zoo]") {
  exhibit({"timeout races delivery", problem::check, "main: a check failed", 93}, [](bool broken) {
    constexpr std::uint32_t empty = 0;
    constexpr std::uint32_t full = 1;
    constexpr std::uint32_t gone = 2;
    word state{empty};
    bool sent = false;
    bool received = false;
    together(
        [&] {
          std::uint32_t expected = empty;
          sent = state.compare_exchange_strong(expected, full, acq_rel, relaxed);
          unpark_one(state.address());
        },
        [&] {
          const auto deadline = clock::now() + 1ms;
          while (state.load(acquire) == empty && clock::now() < deadline) park(state, empty, deadline);
          if (broken) {
            received = state.load(acquire) == full;
            if (!received) state.store(gone, release);
          } else {
            std::uint32_t expected = empty;
            received = !state.compare_exchange_strong(expected, gone, acq_rel, acquire);
          }
        });
    check(sent == received, "what was sent has been received");
  });
}

TEST_CASE("a stack that takes a node for the one it was", "[zoo]") {
  // Nodes are 1 and 2, 0 is none. The head says how often it was changed, unless it is broken.
  exhibit({"ABA on a Treiber stack", problem::check, "main: a check failed", 255}, [](bool broken) {
    std::array<atomic<std::uint32_t>, 3> next;
    word head{1};
    next[1].store(2, relaxed);
    const auto node = [](std::uint32_t h) { return h & 3U; };
    const auto successor = [&](std::uint32_t h, std::uint32_t n) { return broken ? n : ((h & ~3U) + 4U) | n; };
    const auto pop = [&] {
      std::uint32_t h = head.load(acquire);
      while (node(h) != 0 &&
             !head.compare_exchange_strong(h, successor(h, next[node(h)].load(relaxed)), acq_rel, acquire)) {
      }
      return node(h);
    };
    const auto push = [&](std::uint32_t n) {
      std::uint32_t h = head.load(relaxed);
      do next[n].store(node(h), relaxed);
      while (!head.compare_exchange_strong(h, successor(h, n), acq_rel, relaxed));
    };
    std::uint32_t mine = 0;
    std::uint32_t theirs = 0;
    together([&] { mine = pop(); },
             [&] {
               const std::uint32_t first = pop();
               theirs = pop();
               if (first != 0) push(first);
             });
    check(mine == 0 || mine != theirs, "nobody has another's node");
    check(theirs == 0 || node(head.load(relaxed)) != theirs, "the stack has nobody's node");
  });
}

TEST_CASE("a ring whose index is published before its slot", "[zoo]") {
  exhibit({"SPSC ring: index before slot", problem::race, "of plain data by T2", 1121}, [](bool broken) {
    std::array<cell<int>, 2> slots;
    word tail{0};
    word head{0};
    together(
        [&] {
          for (std::uint32_t i = 0; i < 3; ++i) {
            while (i - head.load(acquire) == slots.size()) yield();
            if (broken) tail.store(i + 1, release);
            slots[i % slots.size()] = static_cast<int>(i) + 10;
            if (!broken) tail.store(i + 1, release);
          }
        },
        [&] {
          for (std::uint32_t i = 0; i < 3; ++i) {
            while (tail.load(acquire) == i) yield();
            check(slots[i % slots.size()] == static_cast<int>(i) + 10, "in order, each once");
            head.store(i + 1, release);
          }
        });
  });
}

TEST_CASE("a ring that gives a slot back with a relaxed store", "[zoo]") {
  exhibit({"SPSC ring: slot given back relaxed", problem::race, "of plain data by T1", 180}, [](bool broken) {
    cell<int> slot{0};
    word tail{0};
    word head{0};
    together(
        [&] {
          for (std::uint32_t i = 0; i < 2; ++i) {
            while (i - head.load(acquire) == 1) yield();
            slot = static_cast<int>(i) + 10;
            tail.store(i + 1, release);
          }
        },
        [&] {
          for (std::uint32_t i = 0; i < 2; ++i) {
            while (tail.load(acquire) == i) yield();
            check(slot == static_cast<int>(i) + 10, "in order, each once");
            head.store(i + 1, broken ? relaxed : release);
          }
        });
  });
}

// --- what is published too early, or seen too early ------------------------------------------------------------------

TEST_CASE("an awaiter that touches itself after it has been published", "[zoo]") {
  exhibit({"awaiter touched after publication", problem::race, "of plain data by T2", 9}, [](bool broken) {
    struct awaiter {
      cell<int> state;
    };
    awaiter mine;
    atomic<awaiter*> published{nullptr};
    together(
        [&] {
          if (!broken) mine.state = 1;
          published.store(&mine, release);
          if (broken) mine.state = 1;
        },
        [&] {
          if (awaiter* const a = published.load(acquire); a != nullptr) a->state = 2;
        });
  });
}

TEST_CASE("double-checked locking with a relaxed flag", "[zoo]") {
  exhibit({"double-checked locking, relaxed flag", problem::race, "of plain data by T", 152}, [](bool broken) {
    lock mutex;
    word made{0};
    cell<int> singleton{0};
    const auto use = [&] {
      if (made.load(broken ? relaxed : acquire) == 0) {
        const holding hold(mutex);
        if (made.load(relaxed) == 0) {
          singleton = 7;
          made.store(1, broken ? relaxed : release);
        }
      }
      check(singleton == 7, "it has been made");
    };
    together(use, use);
  });
}

TEST_CASE("a pointer published relaxed: the atomic it points to may not have begun", "[zoo]") {
  exhibit({"pointer published relaxed", problem::lifetime, "used by T2", 10}, [](bool broken) {
    std::optional<word> made;
    atomic<word*> published{nullptr};
    together(
        [&] {
          made.emplace(7U);
          published.store(&*made, broken ? relaxed : release);
        },
        [&] {
          if (word* const w = published.load(acquire); w != nullptr) check(w->load(relaxed) == 7, "it has begun");
        });
  });
}

TEST_CASE("an atomic that nobody destroys", "[zoo]") {
  exhibit({"leak", problem::lifetime, "something leaks", 7}, [](bool broken) {
    alignas(word) std::array<std::byte, sizeof(word)> memory;
    word* const w = new (memory.data()) word(0U);
    together([&] { w->fetch_add(1, relaxed); },
             [&] {
               if (w->fetch_add(1, relaxed) == 0 || !broken) return;
               w->store(5, relaxed);
             });
    if (!broken || w->load(relaxed) != 5) std::destroy_at(w);
  });
}

TEST_CASE("a sequence lock whose data is relaxed", "[zoo]") {
  exhibit({"seqlock, relaxed data", problem::check, "T2: a check failed", 164, true}, [](bool broken) {
    word sequence{0};
    word a{0};
    word b{0};
    const order writing = broken ? relaxed : release;
    const order reading = broken ? relaxed : acquire;
    together(
        [&] {
          sequence.store(1, relaxed);
          a.store(1, writing);
          b.store(1, writing);
          sequence.store(2, release);
        },
        [&] {
          const std::uint32_t before = sequence.load(acquire);
          const std::uint32_t first = a.load(reading);
          const std::uint32_t second = b.load(reading);
          if (before % 2 == 0 && sequence.load(relaxed) == before) check(first == second, "a and b belong together");
        });
  });
}

// --- locks -----------------------------------------------------------------------------------------------------------

namespace {

/// Two threads, each of which counts under a lock.
template <class Lock>
void count_under(Lock& mutex) {
  cell<int> counter{0};
  const auto count = [&](unsigned self) {
    mutex.enter(self);
    counter = counter + 1;
    mutex.leave(self);
  };
  together([&] { count(0); }, [&] { count(1); });
  check(counter == 2, "both have counted");
}

struct parking_lock : lock {
  using lock::lock;
  void enter(unsigned) { lock::enter(); }
  void leave(unsigned) { lock::leave(); }
};

class spinlock {
 public:
  explicit spinlock(bool broken) : broken_(broken) {}
  void enter(unsigned) {
    if (broken_) {
      while (word_.load(acquire) != 0) yield();
      word_.store(1, relaxed);
    } else {
      while (word_.exchange(1, acquire) != 0) yield();
    }
  }
  void leave(unsigned) { word_.store(0, release); }

 private:
  word word_{0};
  bool broken_;
};

class ticket_lock {
 public:
  explicit ticket_lock(order releasing) : releasing_(releasing) {}
  void enter(unsigned) {
    const std::uint32_t mine = next_.fetch_add(1, relaxed);
    while (serving_.load(acquire) != mine) yield();
  }
  void leave(unsigned) { serving_.store(serving_.load(relaxed) + 1, releasing_); }

 private:
  word next_{0};
  word serving_{0};
  order releasing_;
};

class peterson {
 public:
  explicit peterson(bool broken) : writing_(broken ? release : seq_cst), reading_(broken ? acquire : seq_cst) {}
  void enter(unsigned self) {
    const unsigned other = 1 - self;
    wants_[self].store(1, writing_);
    turn_.store(other, writing_);
    while (wants_[other].load(reading_) == 1 && turn_.load(reading_) == other) yield();
  }
  void leave(unsigned self) { wants_[self].store(0, release); }

 private:
  std::array<word, 2> wants_;
  word turn_{0};
  order writing_;
  order reading_;
};

class dekker {
 public:
  explicit dekker(bool broken) : writing_(broken ? release : seq_cst), reading_(broken ? acquire : seq_cst) {}
  void enter(unsigned self) {
    const unsigned other = 1 - self;
    wants_[self].store(1, writing_);
    while (wants_[other].load(reading_) == 1) {
      if (turn_.load(acquire) == self) {
        yield();
        continue;
      }
      wants_[self].store(0, writing_);
      while (turn_.load(acquire) != self) yield();
      wants_[self].store(1, writing_);
    }
  }
  void leave(unsigned self) {
    turn_.store(1 - self, release);
    wants_[self].store(0, release);
  }

 private:
  std::array<word, 2> wants_;
  word turn_{0};
  order writing_;
  order reading_;
};

}  // namespace

TEST_CASE("a lock that is left with a relaxed operation, or entered with one", "[zoo]") {
  exhibit({"unlock relaxed", problem::race, "of plain data by T", 56}, [](bool broken) {
    parking_lock mutex(acquire, broken ? relaxed : release);
    count_under(mutex);
  });
  exhibit({"lock relaxed", problem::race, "of plain data by T", 56}, [](bool broken) {
    parking_lock mutex(broken ? relaxed : acquire, release);
    count_under(mutex);
  });
}

TEST_CASE("a spinlock that looks, and then takes", "[zoo]") {
  exhibit({"spinlock: test, then set", problem::race, "of plain data by T", 18}, [](bool broken) {
    spinlock mutex(broken);
    count_under(mutex);
  });
}

TEST_CASE("a ticket that is sold twice", "[zoo]") {
  exhibit({"counter read, then written", problem::check, "main: a check failed", 7}, [](bool broken) {
    word next{0};
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    const auto buy = [&](std::uint32_t& ticket) {
      ticket = broken ? next.load(acquire) : next.fetch_add(1, acq_rel);
      if (broken) next.store(ticket + 1, release);
    };
    together([&] { buy(first); }, [&] { buy(second); });
    check(first != second, "each has a ticket of its own");
  });
}

TEST_CASE("a ticket lock that is handed over relaxed", "[zoo]") {
  exhibit({"ticket lock: handed over relaxed", problem::race, "of plain data by T", 60}, [](bool broken) {
    ticket_lock mutex(broken ? relaxed : release);
    count_under(mutex);
  });
}

TEST_CASE("Peterson's and Dekker's locks need seq_cst", "[zoo]") {
  exhibit({"Peterson's lock, release and acquire", problem::race, "of plain data by T", 119, true}, [](bool broken) {
    peterson mutex(broken);
    count_under(mutex);
  });
  exhibit({"Dekker's lock, release and acquire", problem::race, "of plain data by T", 159, true}, [](bool broken) {
    dekker mutex(broken);
    count_under(mutex);
  });
}

TEST_CASE("two locks, taken in opposite orders", "[zoo]") {
  exhibit({"lock order", problem::deadlock, "T1 waits in", 137}, [](bool broken) {
    lock a;
    lock b;
    together(
        [&] {
          const holding first(a);
          const holding second(b);
        },
        [&] {
          const holding first(broken ? b : a);
          const holding second(broken ? a : b);
        });
  });
}

TEST_CASE("one lock, taken twice", "[zoo]") {
  exhibit({"self-deadlock", problem::deadlock, "T1 waits in", 7}, [](bool broken) {
    lock a;
    lock b;
    together([&] {
      const holding first(a);
      const holding second(broken ? a : b);
    });
  });
}

TEST_CASE("a stop_callback that wants the lock under which it is destroyed", "[zoo]") {
  exhibit({"stop_callback destroyed under its lock", problem::deadlock, "T1 waits in", 21}, [](bool broken) {
    lock mutex;
    tandem::platform::stop_source source;
    together(
        [&] {
          std::optional<holding> hold;
          {
            const tandem::platform::stop_callback callback(source.get_token(), [&] { const holding inside(mutex); });
            if (broken) hold.emplace(mutex);
          }
        },
        [&] { source.request_stop(); });
  });
}

// --- no end, exceptions, misuse --------------------------------------------------------------------------------------

TEST_CASE("each waits, polling, for the other to go first", "[zoo]") {
  options impatient;
  impatient.steps = 500;
  exhibit({"livelock", problem::endless, ": no end: ", 12, false, impatient}, [](bool broken) {
    std::array<word, 2> gone;
    const auto after_you = [&](unsigned self, bool first) {
      while (!first && gone[1 - self].load(acquire) == 0) yield();
      gone[self].store(1, release);
    };
    together([&] { after_you(0, !broken); }, [&] { after_you(1, false); });
  });
}

TEST_CASE("an exception leaves a thread", "[zoo]") {
  exhibit({"exception leaves a thread", problem::exception, "T2: an exception: one left T2: too late", 9},
          [](bool broken) {
            word flag{0};
            together([&] { flag.store(1, relaxed); },
                     [&] {
                       const bool late = flag.load(relaxed) == 1;
                       try {
                         if (late) throw std::runtime_error("too late");
                       } catch (const std::runtime_error&) {
                         if (broken) throw;
                       }
                     });
          });
}

TEST_CASE("a rendezvous destroyed while somebody waits on it", "[zoo]") {
  options on_time;  // the clock moves on when all wait, so that somebody does
  on_time.early_timeouts = 0;
  exhibit({"rendezvous destroyed under a waiter", problem::misuse,
           "main: misuse: a rendezvous destroyed while somebody waits", 21, false, on_time},
          [](bool broken) {
            std::optional<tandem::rendezvous<int>> meeting(std::in_place);
            auto waiter = tandem::lab::spawn("T1", [&] { static_cast<void>(meeting->receive()); });
            tandem::platform::sleep_until(clock::now() + 1s);
            check(!meeting->try_receive_for(1ns), "nobody sends");  // and main knows who waits there
            if (!broken) {
              meeting->close();
              waiter.join();
            }
            meeting.reset();
            if (broken) waiter.join();
          });
}
