// What every wait is built from: park and unpark, the waiter and its claim, the list, the lock, the patience.
#include <tandem/detail/operation.hpp>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/detail/backoff.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/mutex.hpp>
#include <tandem/detail/room.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/detail/waiter.hpp>
#include <tandem/platform/platform.hpp>
#include <tandem/sync/rendezvous.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <thread>
#include <vector>

#if TANDEM_HAS_NATIVE
#include <linux/futex.h>
#endif

#include "support/catch.hpp"
#include "support/pin.hpp"
#include "support/started.hpp"

namespace platform = tandem::platform;
using namespace std::chrono_literals;
using platform::order;
using tandem::detail::backoff;
using tandem::detail::budget;
using tandem::detail::deadline;
using tandem::detail::firmness;
using tandem::detail::outcome;
using tandem::detail::place;
using tandem::detail::wait_list;
using tandem::detail::waiter;

// --- park and unpark -------------------------------------------------------------------------------------------------

TEST_CASE("park returns at once when the word has changed already") {
  const platform::atomic<std::uint32_t> word{1};
  platform::park(word, 0, platform::no_deadline);
  SUCCEED();
}

TEST_CASE("park returns when its deadline has come, and no earlier unless something woke it") {
  const platform::atomic<std::uint32_t> word{0};
  const auto until = platform::clock::now() + 5ms;
  while (platform::clock::now() < until) platform::park(word, 0, until);
  platform::park(word, 0, until);                               // one in the past
  platform::park(word, 0, platform::clock::time_point::min());  // and one before the clock began
  REQUIRE(platform::clock::now() >= until);
}

TEST_CASE("unpark wakes whoever is parked on the word, and needs nobody to be") {
  platform::atomic<std::uint32_t> word{0};
  platform::unpark_one(word.address());
  for (int round = 0; round < 200; ++round) {
    word.store(0, order::seq_cst);
    std::thread sleeper([&] {
      while (word.load(order::acquire) == 0) platform::park(word, 0, platform::no_deadline);
    });
    if (round % 2 == 0) std::this_thread::yield();
    word.store(1, order::seq_cst);
    platform::unpark_one(word.address());
    sleeper.join();
  }
  SUCCEED();
}

#if TANDEM_HAS_NATIVE && !defined(TANDEM_PLATFORM_HEADER)
TEST_CASE("the numbers of the futex calls are the kernel's") {
  namespace futex = platform::futex;
  static_assert((futex::wait_bitset | futex::one_process) == FUTEX_WAIT_BITSET_PRIVATE);
  static_assert((futex::wake | futex::one_process) == FUTEX_WAKE_PRIVATE);
  static_assert(futex::any == static_cast<unsigned>(FUTEX_BITSET_MATCH_ANY));
  SUCCEED();
}
#endif

TEST_CASE("what is fetched together lies together") {
  static_assert(sizeof(place) == 48);
  static_assert(sizeof(tandem::detail::blocked) == platform::cache_line);
  // a channel's lines begin on a line wherever it lies itself: as much as its beginning may be off is added
  constexpr std::size_t off = platform::cache_line - tandem::detail::usual_alignment;
  static_assert(sizeof(tandem::rendezvous<int>) == platform::cache_line + off);
  static_assert(sizeof(tandem::mailbox<int>) == 4 * platform::cache_line + off);
  static_assert(sizeof(tandem::rendezvous<int, tandem::one_thread>) <= platform::cache_line);
  SUCCEED();
}

// --- the waiter ------------------------------------------------------------------------------------------------------

TEST_CASE("a waiter is claimed once") {
  waiter w;
  CHECK(w.claim());
  CHECK_FALSE(w.claim());
  CHECK_FALSE(w.cancel(outcome::stopped));
  w.complete(outcome::ok);
  CHECK(w.wait(deadline::unlimited()) == outcome::ok);
  CHECK_FALSE(w.claim());
}

TEST_CASE("a steadfast waiter belongs to whoever takes it out of its list") {
  place p;
  wait_list list;
  p.waits(firmness::steadfast);
  list.insert(p);
  REQUIRE(list.claim_first() == &p);
  CHECK(list.claim_first() == nullptr);
  CHECK_FALSE(list.remove(p));
  static_cast<waiter&>(p).complete(outcome::ok);
  CHECK(p.wait(deadline::unlimited()) == outcome::ok);
}

TEST_CASE("of many who claim a waiter exactly one succeeds") {
  for (int round = 0; round < 500; ++round) {
    waiter w;
    std::vector<int> won(4, 0);
    std::vector<std::thread> claimants;
    for (std::size_t i = 0; i < won.size(); ++i) {
      claimants.emplace_back([&w, &won, i] { won[i] = w.claim() ? 1 : 0; });
    }
    for (auto& c : claimants) c.join();
    int winners = 0;
    for (const int one : won) winners += one;
    REQUIRE(winners == 1);
  }
}

TEST_CASE("the outcome a waiter gets is the one that was written, whether it polls or sleeps") {
  const bool sleeps = GENERATE(false, true);
  for (int round = 0; round < 1000; ++round) {
    waiter w;
    int message = 0;
    std::thread partner([&] {
      if (round % 3 == 0) std::this_thread::yield();
      if (!w.claim()) return;
      message = round + 1;  // plain: carried by edge W
      w.complete(outcome::closed);
    });
    const outcome how = sleeps ? w.sleep(deadline::unlimited()) : w.wait(deadline::unlimited());
    REQUIRE(how == outcome::closed);
    REQUIRE(message == round + 1);
    partner.join();
  }
}

TEST_CASE("a waiter whose deadline comes claims itself, so that nobody else can") {
  waiter w;
  CHECK(w.wait(deadline::after(1ms)) == outcome::timeout);
  CHECK_FALSE(w.claim());
}

TEST_CASE("a waiter that is claimed when its deadline comes waits for the outcome of the claim") {
  waiter w;
  REQUIRE(w.claim());
  std::thread partner([&] {
    std::this_thread::sleep_for(5ms);
    w.complete(outcome::ok);
  });
  CHECK(w.wait(deadline::after(1ms)) == outcome::ok);
  partner.join();
}

TEST_CASE("either the deadline or the partner ends a wait, never both") {
  int timeouts = 0;
  int meetings = 0;
  for (int round = 0; round < 2000; ++round) {
    waiter w;
    bool delivered = false;
    std::thread partner([&] {
      if (w.claim()) {
        delivered = true;
        w.complete(outcome::ok);
      }
    });
    const outcome how = w.wait(deadline::after(std::chrono::microseconds(round % 60)));
    partner.join();
    REQUIRE(delivered == (how == outcome::ok));
    (how == outcome::ok ? meetings : timeouts) += 1;
  }
  CHECK(meetings + timeouts == 2000);
}

TEST_CASE("a waiter can be armed again once nobody knows it") {
  waiter w;
  REQUIRE(w.cancel(outcome::look));
  REQUIRE(w.wait(deadline::unlimited()) == outcome::look);
  w.rearm();
  REQUIRE(w.cancel(outcome::ok));
  CHECK(w.wait(deadline::unlimited()) == outcome::ok);
}

namespace {
struct counts_posts final : tandem::scheduler {
  void post(tandem::run_item& item) noexcept override { posted.push_back(&item); }
  std::vector<tandem::run_item*> posted;
};
struct awaited : tandem::detail::resumable<place> {
  awaited() noexcept : resumable([](tandem::run_item&) noexcept {}) { belongs_to(home_); }
  std::size_t posted() const { return home_.posted.size(); }

 private:
  counts_posts home_;
};
}  // namespace

TEST_CASE("a waiter that is no thread is posted to its scheduler, once, after the outcome is there") {
  awaited w;
  REQUIRE(w.fall_asleep());
  REQUIRE(w.claim());
  CHECK(w.posted() == 0);
  w.complete(outcome::ok);
  CHECK(w.posted() == 1);
  CHECK(w.written() == outcome::ok);
  CHECK_FALSE(w.cancel(outcome::stopped));
  CHECK(w.posted() == 1);
}

TEST_CASE("a waiter that has not fallen asleep is not posted: it finds the outcome when it would") {
  awaited w;
  REQUIRE(w.cancel(outcome::ok));
  CHECK(w.posted() == 0);
  CHECK_FALSE(w.fall_asleep());
  CHECK(w.written() == outcome::ok);
  CHECK(w.posted() == 0);
}

TEST_CASE("a waiter that is suspended before it is enlisted is posted without falling asleep") {
  awaited w;
  wait_list list;
  w.waits(firmness::suspended);
  list.insert(w);
  REQUIRE(list.claim_first() == &w);
  static_cast<place&>(w).complete(outcome::closed);
  CHECK(w.posted() == 1);
  CHECK(w.written() == outcome::closed);
}

TEST_CASE("either the waiter finds the outcome or it is posted, never both, never neither") {
  for (int round = 0; round < 1000; ++round) {
    awaited w;
    std::thread partner([&] { w.cancel(outcome::ok); });
    const bool asleep = w.fall_asleep();
    partner.join();
    REQUIRE(w.posted() == (asleep ? 1U : 0U));
    REQUIRE(w.written() == outcome::ok);
  }
}

// --- a waiter with several places -----------------------------------------------------------------------------------

namespace {
struct two_places {
  two_places() {
    who.go_away();
    left.insert(first);
    right.insert(second);
  }
  tandem::detail::several who;
  tandem::detail::part first{who, 1};
  tandem::detail::part second{who, 2};
  wait_list left;
  wait_list right;
};
}  // namespace

/// The numbers of the places that were dropped since one last asked, the last one first.
std::vector<int> dropped(two_places& w) {
  std::vector<int> numbers;
  for (int number = w.who.dropped(); number != 0; number = (number == 1 ? w.first : w.second).dropped_before) {
    numbers.push_back(number);
  }
  return numbers;
}
using numbers = std::vector<int>;

TEST_CASE("whoever claims a waiter with several places says which") {
  two_places w;
  REQUIRE(w.who.step_up());
  REQUIRE(w.right.claim_first() == &w.second);
  w.second.complete(outcome::ok);
  CHECK(w.who.wait(deadline::unlimited()) == outcome::ok);
  CHECK(w.who.number_of_place() == 2);
  CHECK(w.left.claim_first() == nullptr);  // the other place is dropped
  CHECK(w.left.empty());
  CHECK(w.who.step_back() == 2);
  CHECK(dropped(w) == numbers{1});
}

TEST_CASE("a waiter that is away cannot be claimed, but knows that somebody tried, and where") {
  two_places w;
  CHECK(w.left.claim_first() == nullptr);
  CHECK(w.left.empty());
  CHECK_FALSE(w.who.step_up());
  CHECK(w.who.step_back() == 1);
  CHECK(dropped(w) == numbers{1});
  CHECK(dropped(w).empty());  // it has been told
  w.left.insert(w.first);
  REQUIRE(w.who.step_up());
  CHECK(w.left.claim_first() == &w.first);
}

TEST_CASE("a waiter of which only its own thread can know is told as well, of a single try") {
  two_places w;
  w.who.waits(tandem::detail::firmness::several_here);
  CHECK_FALSE(w.who.was_disturbed());
  CHECK(w.left.claim_first() == nullptr);
  CHECK(w.who.was_disturbed());
  CHECK_FALSE(w.who.step_up());
  CHECK(w.who.step_back() == 1);
  CHECK(dropped(w) == numbers{1});
  w.left.insert(w.first);
  REQUIRE(w.who.step_up());
  CHECK(w.left.claim_first() == &w.first);
  CHECK_FALSE(w.who.claim());  // nor can it be ended otherwise
  w.first.complete(outcome::ok);
  CHECK(w.who.written() == outcome::ok);
  CHECK(w.who.step_back() == 1);
}

TEST_CASE("a waiter with several places is told of a place that was dropped while it was claimed through another") {
  two_places w;
  REQUIRE(w.who.step_up());
  REQUIRE(w.left.claim_first() == &w.first);
  CHECK(w.right.claim_first() == nullptr);
  w.first.complete(outcome::look);
  CHECK(w.who.wait(deadline::unlimited()) == outcome::look);
  CHECK(w.who.step_back() == 2);
  CHECK(w.who.number_of_place() == 1);
  CHECK(dropped(w) == numbers{2});
}

TEST_CASE("a waiter with several places is told of all that were dropped, and of claims through none it is not") {
  two_places w;
  CHECK_FALSE(w.who.claim());  // a stop, a time: it is away
  CHECK(w.left.claim_first() == nullptr);
  CHECK(w.right.claim_first() == nullptr);
  CHECK(w.who.step_back(true) == 2);
  CHECK(dropped(w) == numbers{2, 1});
  w.left.insert(w.first);
  REQUIRE(w.who.step_up());
  CHECK(w.who.claim());
  CHECK_FALSE(w.who.claim());
  CHECK(w.left.claim_first() == nullptr);
  CHECK(w.who.step_back() == 1);
  CHECK(dropped(w) == numbers{1});
}

TEST_CASE("a list knows how often somebody has joined, and whether anybody is there but oneself") {
  two_places w;
  place other;
  CHECK(w.left.arrivals() == 1);
  CHECK_FALSE(w.left.has_others_than(w.who));
  w.left.insert(other);
  CHECK(w.left.arrivals() == 2);
  CHECK(w.left.has_others_than(w.who));
  w.left.remove(other);
  w.left.insert(other);  // where its ticket says, but it has come again
  CHECK(w.left.arrivals() == 3);
  CHECK(w.left.claim_first_there() == &other);
  CHECK_FALSE(w.left.has_others_than(w.who));
}

TEST_CASE("who leaves nothing behind passes by a waiter that lines up, and does not keep it from stepping up") {
  two_places w;
  place other;
  w.left.insert(other);
  CHECK(w.left.claim_first_there() == &other);  // who stands behind it is met
  CHECK(w.left.claim_first_there() == nullptr);
  CHECK(w.right.claim_first_there() == nullptr);
  CHECK_FALSE(w.who.was_disturbed());
  REQUIRE(w.who.step_up());
  CHECK(w.left.claim_first_there() == &w.first);
  CHECK(w.left.empty());
  CHECK(w.right.claim_first_there() == nullptr);  // claimed, elsewhere
  CHECK(w.right.empty());
  w.first.complete(outcome::ok);
  w.who.step_back();
  CHECK(dropped(w) == numbers{2});
}

TEST_CASE("a waiter is passed by so often, and then it is dropped") {
  two_places w;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < tandem::detail::part::most_passed_by; ++i) CHECK(w.left.claim_first_there() == nullptr);
    REQUIRE_FALSE(w.left.empty());
    CHECK(w.left.claim_first_there() == nullptr);
    CHECK(w.left.empty());
    CHECK_FALSE(w.who.step_up());
    w.who.step_back(true);
    CHECK(dropped(w) == numbers{1});
    w.left.insert(w.first);
  }
}

TEST_CASE("a waiter that is away and does not line up is not passed by") {
  two_places w;
  REQUIRE(w.who.step_up());
  REQUIRE(w.left.claim_first() == &w.first);
  w.first.complete(outcome::ok);
  CHECK(w.who.step_back() == 1);
  CHECK(w.right.claim_first_there() == nullptr);
  CHECK(w.right.empty());
  CHECK_FALSE(w.who.step_up());  // somebody has tried
  CHECK(w.who.step_back(true) == 1);
  w.right.insert(w.second);
  CHECK(w.right.claim_first_there() == nullptr);
  CHECK_FALSE(w.right.empty());  // now it does
  CHECK(w.who.step_up());
}

TEST_CASE("whoever looks for a partner passes itself by") {
  two_places w;
  place other;
  w.left.insert(other);
  CHECK(w.left.claim_first(&w.second) == &other);
  CHECK(w.left.claim_first(&w.second) == nullptr);
  CHECK_FALSE(w.left.empty());
  CHECK(w.who.step_up());
}

// --- the list --------------------------------------------------------------------------------------------------------

TEST_CASE("a wait list serves first come first served") {
  wait_list list;
  place a;
  place b;
  place c;
  CHECK(list.claim_first() == nullptr);
  CHECK(list.claim_first_there() == nullptr);
  for (place* p : {&a, &b, &c}) list.insert(*p);
  CHECK(list.claim_first() == &a);
  CHECK(list.claim_first_there() == &b);
  CHECK(list.claim_first_there() == &c);
  CHECK(list.claim_first() == nullptr);
  CHECK(list.claim_first_there() == nullptr);
  CHECK(list.empty());
}

TEST_CASE("a waiter may leave from wherever it stands, and may leave twice") {
  for (int leaver = 0; leaver < 3; ++leaver) {
    wait_list list;
    std::vector<place> all(3);
    for (place& p : all) list.insert(p);
    CHECK(list.remove(all[static_cast<std::size_t>(leaver)]));
    CHECK_FALSE(list.remove(all[static_cast<std::size_t>(leaver)]));
    for (int i = 0; i < 3; ++i) {
      if (i != leaver) CHECK(list.claim_first() == &all[static_cast<std::size_t>(i)]);
    }
    CHECK(list.empty());
  }
}

TEST_CASE("whoever cannot be claimed any more is passed and dropped") {
  wait_list list;
  place a;
  place b;
  list.insert(a);
  list.insert(b);
  REQUIRE(static_cast<waiter&>(a).claim());
  CHECK(list.claim_first() == &b);
  CHECK(list.empty());
  CHECK_FALSE(a.listed());
  CHECK_FALSE(list.remove(a));  // what its own operation does then: nothing left to do
}

TEST_CASE("one that was woken for nothing stands where it stood before") {
  wait_list list;
  std::vector<place> all(4);
  for (place& p : all) list.insert(p);
  place* const first = list.claim_first();
  place* const second = list.claim_first();
  REQUIRE(first == &all[0]);
  REQUIRE(second == &all[1]);
  first->complete(outcome::look);
  second->complete(outcome::look);
  first->rearm();
  second->rearm();
  list.insert(*second);
  list.insert(*first);
  for (place& p : all) CHECK(list.claim_first() == &p);
}

TEST_CASE("all are claimed as a chain, in order, and completed") {
  wait_list list;
  std::vector<place> all(3);
  for (place& p : all) list.insert(p);
  REQUIRE(all[1].claim());
  place* const chain = list.claim_all();
  REQUIRE(chain == &all[0]);
  REQUIRE(chain->next == &all[2]);
  REQUIRE(chain->next->next == nullptr);
  complete_all(chain, outcome::closed);
  CHECK(all[0].written() == outcome::closed);
  CHECK(all[1].written() == outcome::pending);
  CHECK(all[2].written() == outcome::closed);
  CHECK(list.empty());
}

// --- the lock --------------------------------------------------------------------------------------------------------

TEST_CASE("a mutex lets one in at a time, with more threads than cores") {
  tandem::detail::mutex m;
  long counted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        const tandem::detail::scoped_lock hold(m);
        ++counted;
      }
    });
  }
  for (auto& t : threads) t.join();
  CHECK(counted == 12L * 5000);
}

TEST_CASE("a mutex wakes those who had to sleep for it") {
  tandem::detail::mutex m;
  int entered = 0;
  m.lock();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const tandem::detail::scoped_lock hold(m);
      ++entered;
    });
  }
  std::this_thread::sleep_for(5ms);  // long enough for patience to end: they sleep
  m.unlock();
  for (auto& t : threads) t.join();
  CHECK(entered == 4);
}

// --- the patience ----------------------------------------------------------------------------------------------------

namespace {
constexpr unsigned full = 1024;
budget exhausted() {
  budget b;
  while (b.allowance(full) != 0) b.failed(full);
  return b;
}
}  // namespace

TEST_CASE("a budget halves with every failure, until nothing is left") {
  budget b;
  for (unsigned left = full; left != 0; left /= 2) {
    REQUIRE(b.allowance(full) == left);
    b.failed(full);
  }
  CHECK(b.allowance(full) == 0);
}

TEST_CASE("with nothing left, one wait in many tries again") {
  budget b = exhausted();
  unsigned tries = 0;
  for (unsigned i = 0; i < 10 * budget::probe_every; ++i) {
    const unsigned allowed = b.allowance(full);
    if (allowed == 0) continue;
    REQUIRE(allowed == full);
    b.failed(full);
    ++tries;
  }
  CHECK(tries == 10);
}

TEST_CASE("a budget that has paid is whole again") {
  budget b = exhausted();
  b.paid();
  CHECK(b.allowance(full) == full);
}

TEST_CASE("whoever yields outlasts a wake-up of the partner") {
  // or else two threads that had to park once would park for ever: see the header
  CHECK(platform::longest_yield() >= 40'000);
}

TEST_CASE("waiting for what never comes ends: nothing polls without a bound") {
  tandem::detail::patience learned;
  for (int i = 0; i < 100; ++i) {
    long polls = 0;
    CHECK_FALSE(backoff::await(
        [&] {
          ++polls;
          return false;
        },
        deadline::unlimited(), learned));
    CHECK(polls >= 1);
  }
}

TEST_CASE("what is there already is seen by the first poll") {
  tandem::detail::patience learned;
  int polls = 0;
  CHECK(backoff::await([&] { return ++polls == 1; }, deadline::unlimited(), learned));
  CHECK(polls == 1);
}

TEST_CASE("yields that were dear are banned, for longer each time") {
  const platform::clock::time_point start{1h};
  tandem::detail::ban b;
  const auto holds_at = [&b](platform::clock::time_point now) {
    b.lift_if_over(now);
    return b.holds();
  };
  CHECK_FALSE(holds_at(start));
  b.begin(start, 3ms);
  CHECK(b.holds());
  CHECK(holds_at(start + 191ms));
  CHECK_FALSE(holds_at(start + 192ms));
  CHECK_FALSE(holds_at(start));  // over is over

  auto now = start + 192ms;
  for (const auto length : {384ms, 768ms, 768ms}) {  // twice as long, up to 256 times
    b.begin(now, 3ms);
    CHECK(holds_at(now + length - 1ms));
    now += length;
    CHECK_FALSE(holds_at(now));
  }
  now += 768ms;  // as long without a ban as with one
  b.begin(now, 3ms);
  CHECK(holds_at(now + 191ms));
  CHECK_FALSE(holds_at(now + 192ms));
}

TEST_CASE("yields are banned on the core where they were dear, and on all if they are dear on a second one") {
  const support::pinned_to one(support::core_number(0));  // where there is one
  const unsigned here = platform::core();
  const platform::clock::time_point now{1h};
  tandem::detail::ban b;
  b.begin(now, 3ms, here + 1);
  CHECK(b.holds());
  CHECK_FALSE(b.holds_here());
  b.begin(now, 3ms, here);
  CHECK(b.holds_here());
  b.begin(now, 3ms, here);  // there alone, the last time
  CHECK(b.holds_here());
  b.begin(now, 3ms, here + 1);
  CHECK(b.holds_here());  // on all
  b.begin(now, 3ms, here + 1);
  CHECK_FALSE(b.holds_here());
  b.begin(now + 1h, 3ms, here + 1);
  CHECK_FALSE(b.holds_here());
  b.begin(now + 1h, 3ms, here + 1);  // once more on the same core
  CHECK_FALSE(b.holds_here());
  b.begin(now + 2h, 3ms);
  CHECK(b.holds_here());

  tandem::detail::patience learned;
  learned.no_yields.begin(platform::clock::now(), 1h, here + 1);
  CHECK(learned.yield());
  learned.no_yields.begin(platform::clock::now(), 1h, here);
  CHECK_FALSE(learned.yield());
}

TEST_CASE("of a yield during which the thread was moved to another core, nothing can be told") {
  const support::pinned_to one(support::core_number(0));  // where there is one
  const unsigned here = platform::core();
  const platform::lent_core lent(false);
  CHECK(lent.can_be_told());
  const support::pinned_to other(support::core_number(1));
  CHECK(lent.can_be_told() == (platform::core() == here));  // one core, or a ground that knows none
}

TEST_CASE("a thread to which yields are banned does not yield, and spins for longer") {
  const support::pinned_to one(support::core_number(0));  // where there is one
  tandem::detail::patience learned;
  const auto before = platform::clock::now();
  CHECK(learned.yield());
  CHECK(learned.yielded_at() >= before);
  const auto yielded_at = learned.yielded_at();
  learned.no_yields.begin(platform::clock::now(), 1h);
  CHECK_FALSE(learned.yield());
  CHECK_FALSE(backoff::await([] { return false; }, deadline::unlimited(), learned));
  CHECK(learned.yielded_at() == yielded_at);
  CHECK(platform::longest_spin_without_yields() > platform::longest_spin());
}

TEST_CASE("three long yields in a row have to go to strangers; one is enough soon after a ban") {
  tandem::detail::patience learned;
  const auto is_banned_after = [&learned](std::initializer_list<bool> went_to_strangers) {
    for (const bool each : went_to_strangers) learned.judge(3ms, each);
    return learned.no_yields.holds();
  };
  CHECK_FALSE(is_banned_after({true, true, false, true, true, false}));
  CHECK(is_banned_after({true, true, true}));
  learned.no_yields.lift_if_over(platform::clock::time_point::max());
  CHECK_FALSE(is_banned_after({false}));
  CHECK(is_banned_after({true}));
}

/// Of a ground that cannot tell cores apart: it guesses.
template <class LentCore>
void check_guess() {
  if constexpr (requires { LentCore::is_little(1ms, 1ms); }) {
    CHECK(LentCore::is_little(0ms, 3ms));        // nothing of ours ran
    CHECK(LentCore::is_little(1500us, 3ms));     // half of another core, which we share with a stranger as well
    CHECK_FALSE(LentCore::is_little(3ms, 3ms));  // one of ours had this core
    CHECK_FALSE(LentCore::is_little(6ms, 3ms));
    LentCore lent(false);
    std::this_thread::sleep_for(20ms);
    CHECK(lent.went_to_strangers());
  }
}

TEST_CASE("where nobody can say who had a core, the processor time of the program tells") {
  check_guess<platform::lent_core>();
}

#if TANDEM_HAS_NATIVE && !defined(TANDEM_PLATFORM_HEADER)

namespace {

std::uint32_t traces_here() { return platform::traces::here()->weight.load(order::relaxed); }

/// What another thread leaves here that does it on that core.
template <class Deed>
std::uint32_t leaves(int its_core, const Deed& deed) {
  const auto before = traces_here();
  std::jthread another([&] {
    const support::pinned_to there(its_core);
    deed();
  });
  another.join();
  return traces_here() - before;
}

}  // namespace

TEST_CASE("who begins or ends a wait leaves a trace on its core, for one who has lent it") {
  const int core = support::core_number(0);
  const int another_core = support::core_number(1);
  const support::pinned_to here(core);
  if (!here.holds() || another_core == core) return;  // then others of this program may come to any
  const auto compute = [] {
    volatile unsigned work = 0;
    for (int i = 0; i < 1'000; ++i) work = work + 1;
  };
  const auto begin_a_wait = [] {
    tandem::detail::patience learned;
    static_cast<void>(backoff::await([] { return false; }, deadline::after(0s), learned));
  };
  const auto end_a_wait = [] {
    tandem::detail::waiter w;
    CHECK(w.cancel(outcome::ok));
  };
  CHECK(leaves(core, begin_a_wait) == 0);  // nobody asks
  CHECK(leaves(core, end_a_wait) == 0);
  const platform::lent_core lent(false);
  CHECK(leaves(core, compute) == 0);
  CHECK(leaves(core, begin_a_wait) == 32);
  CHECK(leaves(core, end_a_wait) == 32);
  if (&platform::traces::cores[core] != &platform::traces::cores[another_core]) {
    CHECK(leaves(another_core, end_a_wait) == 0);
  }
}

TEST_CASE("who moves messages leaves traces if all are asked") {
  const int core = support::core_number(0);
  const support::pinned_to here(core);
  if (!here.holds()) return;
  tandem::mailbox<int> inbox(1'000);
  const auto sends = [&] {
    for (int i = 0; i < 1'000; ++i) CHECK(inbox.try_send(i) == tandem::status::ok);
  };
  const auto receives = [&] {
    for (int i = 0; i < 1'000; ++i) CHECK(inbox.try_receive().value() == i);
  };
  {
    const platform::lent_core lent(false);
    CHECK(leaves(core, sends) == 0);
    CHECK(leaves(core, receives) == 0);
  }
  const platform::lent_core lent(true);
  for (int round = 0; round < 2; ++round) {  // about one of 16, also of every second one
    for (const auto traces : {leaves(core, sends), leaves(core, receives)}) {
      CHECK(traces > 32 * 40);
      CHECK(traces < 32 * 90);
    }
  }
}

TEST_CASE("between coroutines, and at a channel of one thread, there are no traces: no thread is brought on") {
  const int core = support::core_number(0);
  const support::pinned_to here(core);
  if (!here.holds()) return;
  const platform::lent_core lent(true);
  const auto meet = [] {
    tandem::rendezvous<int> meeting;
    int got = 0;
    const auto waits = [&]() -> support::unplaced {
      const tandem::result<int> came = co_await meeting.co_receive();
      got = came.value();
    };
    const support::unplaced waiting = waits();
    CHECK(meeting.try_send(7) == tandem::status::ok);
    CHECK(got == 7);
  };
  const auto send_and_receive = [] {
    tandem::mailbox<int, tandem::one_thread> inbox(1'000);
    for (int i = 0; i < 1'000; ++i) CHECK(inbox.try_send(i) == tandem::status::ok);
    for (int i = 0; i < 1'000; ++i) CHECK(inbox.try_receive().value() == i);
  };
  CHECK(leaves(core, meet) == 0);
  CHECK(leaves(core, send_and_receive) == 0);
}

TEST_CASE("a core went to strangers if there was no trace on it for as long as a dear yield takes") {
  const support::pinned_to here(support::core_number(0));
  if (!here.holds()) return;
  auto& core = *platform::traces::here();
  const auto now = [] { return platform::clock::now().time_since_epoch().count(); };
  constexpr platform::clock::rep long_ago = std::chrono::nanoseconds(2 * platform::dear_yield()).count();
  constexpr platform::clock::rep ahead = std::chrono::nanoseconds(1h).count();  // so that nobody is too slow for it
  {
    platform::lent_core lent(false);
    core.last.store(now() + ahead, order::relaxed);  // somebody was here just now
    CHECK_FALSE(lent.went_to_strangers());
    core.last.store(now() - long_ago, order::relaxed);
    CHECK(lent.went_to_strangers());
  }
  {
    core.last.store(now() - long_ago, order::relaxed);
    platform::lent_core lent(false);  // what was before it does not count
    core.last.store(now() + ahead, order::relaxed);
    CHECK_FALSE(lent.went_to_strangers());
    core.last.store(now() - long_ago, order::relaxed);
    for (int i = 0; i < 2; ++i) platform::leave_trace();  // one of them comes back after the silence
    core.last.store(now() + ahead, order::relaxed);
    CHECK(lent.went_to_strangers());
  }
  core.last.store(now(), order::relaxed);
}

TEST_CASE("a child does not go on leaving traces for one who was in a yield when it was forked") {
  auto& asked = platform::traces::asked_for;
  asked.by_so_many.fetch_add(1, order::relaxed);  // who has not come along
  asked.last.store(platform::clock::now().time_since_epoch().count() - std::chrono::nanoseconds(1100ms).count(),
                   order::relaxed);
  for (int i = 0; i < 2; ++i) platform::leave_trace();
  CHECK(asked.by_so_many.load(order::relaxed) == 0);
}

namespace {

struct yields_beside_one_who_computes {
  bool are_banned = false;
  bool all_were_asked = false;
  int took_long = 0;

  /// On the same core, until they are banned, or `most` of them have taken over a millisecond; for two seconds at most,
  /// since a scheduler may give the core back at once.
  explicit yields_beside_one_who_computes(int most) {
    const support::pinned_to here(support::core_number(0));
    if (!here.holds()) return;
    std::atomic<bool> over{false};
    std::atomic<bool> asked{false};
    std::jthread computes([&] {  // which comes to this core as well
      volatile unsigned work = 0;
      while (!over.load(std::memory_order_relaxed)) {
        work = work + 1;
        if (platform::movers_leave_traces()) asked = true;
      }
    });
    tandem::detail::patience learned;
    const auto give_up = platform::clock::now() + 2s;
    while (took_long < most && !are_banned && platform::clock::now() < give_up) {
      const auto before = platform::clock::now();
      learned.yield();
      if (platform::clock::now() - before > 1ms) ++took_long;
      are_banned = learned.no_yields.holds();
    }
    over = true;
    computes.join();
    all_were_asked = asked;
  }
};

}  // namespace

TEST_CASE("threads of the program that compute are strangers: nobody goes on yielding to them") {
  constexpr int most = 64;
  const yields_beside_one_who_computes yields(most);
  CHECK((yields.are_banned || yields.took_long < most));
  if (yields.are_banned) {
    CHECK(yields.took_long >= 3);  // not the first time that it seems so
    CHECK(yields.all_were_asked);  // before it is said, those who move messages leave traces as well
  } else {
    WARN("nothing was proved: yields beside a thread that computes take no time here");
  }
}

#endif

// --- deadlines -------------------------------------------------------------------------------------------------------

TEST_CASE("a duration too long for the clock is forever, a negative one has passed") {
  CHECK(deadline::after(std::chrono::hours::max()).is_forever());
  CHECK(deadline::after(std::chrono::nanoseconds::max()).is_forever());
  CHECK(deadline::after(std::chrono::duration<double>(std::numeric_limits<double>::infinity())).is_forever());
  CHECK(deadline::after(std::chrono::duration<double>(1e30)).is_forever());
  CHECK(deadline::after(std::chrono::hours::min()).has_passed());
  CHECK(deadline::after(-1ns).has_passed());
  CHECK(deadline::after(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())).has_passed());
  CHECK(deadline::after(0s).has_passed());
  CHECK_FALSE(deadline::after(1h).has_passed());
  CHECK_FALSE(deadline::after(1h).is_forever());
}

TEST_CASE("a duration shorter than a tick is rounded up: nobody gives up too early") {
  const auto before = platform::clock::now();
  const auto until = deadline::after(std::chrono::duration<double, std::nano>(0.25)).when();
  CHECK(until > before);
}

TEST_CASE("an instant of any unit, however far, is a deadline") {
  using far = std::chrono::duration<std::int64_t, std::ratio<3600>>;
  CHECK(deadline::at_or_forever(far::max()).is_forever());
  CHECK(deadline::at_or_forever(far::min()).has_passed());
  CHECK(deadline::at_or_forever(std::chrono::duration<double>(1e300)).is_forever());
  CHECK(deadline::at_or_forever(platform::clock::now().time_since_epoch()).has_passed());
  CHECK(deadline::at_or_forever(platform::no_deadline.time_since_epoch()).is_forever());
  const auto soon = platform::clock::now() + 1h;
  CHECK_FALSE(deadline::at_or_forever(soon.time_since_epoch()).has_passed());
}

TEST_CASE("an instant of the platform's own clock is taken as it is") {
  const auto when = platform::clock::now() + 1h + 7ns;
  CHECK(deadline::at_or_forever(when.time_since_epoch()).when() == when);
  using hours_since = std::chrono::duration<std::int32_t, std::ratio<3600>>;
  CHECK(deadline::at_or_forever(hours_since(7)).when() == platform::clock::time_point(7h));
  CHECK(deadline::at_or_forever(std::chrono::duration<unsigned char>(255)).when() == platform::clock::time_point(255s));
  CHECK(deadline::at_or_forever(std::chrono::duration<std::uint64_t>(~std::uint64_t{0})).is_forever());
  CHECK(deadline::after(std::chrono::duration<std::uint64_t>(~std::uint64_t{0})).is_forever());
  CHECK(deadline::at_or_forever(-1h).has_passed());
  // libc++ counts from there to now, which must not overflow
  CHECK(deadline::at_or_forever(platform::clock::duration::min()).when() >= platform::clock::time_point());
}

TEST_CASE("a duration of any integer is a deadline, exactly") {
  const auto lasts = [](auto patience, platform::clock::duration exactly) {
    const auto before = platform::clock::now();
    const auto until = deadline::after(patience).when();
    return until >= before + exactly && until <= platform::clock::now() + exactly;
  };
  CHECK(lasts(std::chrono::duration<char>(7), 7s));
  CHECK(lasts(std::chrono::duration<bool>(true), 1s));
  CHECK(lasts(std::chrono::duration<char16_t, std::milli>(65'535), 65'535ms));
  CHECK(lasts(std::chrono::duration<std::uint64_t, std::nano>(1), 1ns));
  CHECK(lasts(std::chrono::duration<std::int32_t, std::ratio<3600>>(24), 24h));
}

TEST_CASE("the time between two instants is told in any unit, rounded up, and never overflows") {
  using far = std::chrono::duration<std::int64_t, std::ratio<3600>>;
  using ticks_90khz = std::chrono::duration<std::int64_t, std::ratio<1, 90'000>>;
  constexpr auto most = platform::clock::duration::max();
  CHECK(deadline::between(1s, 3s) == 2s);
  CHECK(deadline::between(3s, 1s) == 0s);
  CHECK(deadline::between(0s, std::chrono::duration<double, std::nano>(0.5)) == 1ns);
  CHECK(deadline::between(0s, std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())) == 0s);
  CHECK(deadline::between(0s, far::max()) == most);
  CHECK(deadline::between(0s, far::min()) == 0s);
  CHECK(deadline::between(far::min(), far::max()) == most);
  // the year 2044, counted from 1970 and, backwards, from 2174; and today, in ticks that are no whole nanoseconds
  CHECK(deadline::between(2335219200s, 2335219205s) == 5s);
  CHECK(deadline::between(-4102444800s, -4102444795s) == 5s);
  const ticks_90khz today(1'795'346'094LL * 90'000);
  CHECK(deadline::between(today, today + ticks_90khz(90'000)) == 1s);
  CHECK_FALSE(deadline::after(std::chrono::duration<std::int64_t, std::ratio<1, 3>>(10'000'000'000)).has_passed());
}

TEST_CASE("at once and forever are deadlines of their own") {
  CHECK(deadline::at_once().is_at_once());
  CHECK_FALSE(deadline::at(platform::clock::time_point::min()).is_at_once());
  CHECK(deadline::at(platform::clock::time_point::min()).has_passed());
  CHECK(deadline::unlimited().is_forever());
  CHECK_FALSE(deadline::unlimited().has_passed());
}
