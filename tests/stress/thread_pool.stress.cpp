// thread_pool under load: items, timers and coroutines, from everywhere.
#include <tandem/coro/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/pin.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::dice;
using support::effort;
using support::letter;
using tandem::status;
using tandem::task;
using tandem::thread_pool;

namespace {

/// Goes to the back of the queue so many times, then says that it is done.
struct walker final : tandem::run_item {
  walker(thread_pool& p, int n, std::atomic<int>& d)
      : run_item([](run_item& item) noexcept { static_cast<walker&>(item).step(); }), pool(p), left(n), done(d) {}
  void step() noexcept {
    if (--left != 0) return pool.post(*this);
    done.fetch_add(1);
    done.notify_one();
  }
  thread_pool& pool;
  int left;
  std::atomic<int>& done;
};

struct egg_timer final : tandem::timer {
  egg_timer() : timer([](timer& t) noexcept { ++static_cast<egg_timer&>(t).fired; }) {}
  int fired = 0;  // not atomic: after call_off() nobody else touches it
};

/// What the two ends of a channel count.
struct tally {
  std::atomic<long> count{0};
  std::atomic<long> sum{0};
  void add(long number) {
    count += 1;
    sum += number;
  }
};

template <class Channel>
task<> produce(Channel& to, int first, int count, dice chance, tandem::stop_token stop, tally& sent, tally& kept) {
  for (int number = first; number < first + count; ++number) {
    letter mine(number);
    status how = status::full;
    switch (chance.roll(4)) {
      case 0: how = co_await to.co_send(std::move(mine)); break;
      case 1: how = co_await to.co_send(std::move(mine), stop); break;
      case 2: how = co_await to.co_try_send_for(std::move(mine), std::chrono::microseconds(chance.roll(30))); break;
      default: how = co_await to.co_try_send_for(std::move(mine), std::chrono::microseconds(chance.roll(30)), stop);
    }
    (how ? sent : kept).add(number);
    if (mine.number() != (how ? -1 : number)) kept.add(1'000'000);  // it was not left as it was
  }
}

template <class Channel>
task<> consume(Channel& from, dice chance, tandem::stop_token stop, tally& received) {
  for (;;) {
    status how = status::empty;
    const auto note = [&](const tandem::result<letter>& got) {
      how = got.error();
      if (got) received.add(got->number());
    };
    switch (chance.roll(4)) {
      case 0: note(co_await from.co_receive()); break;
      case 1: note(co_await from.co_receive(stop)); break;
      case 2: note(co_await from.co_try_receive_for(std::chrono::microseconds(chance.roll(30)))); break;
      default: note(co_await from.co_try_receive_for(std::chrono::microseconds(chance.roll(30)), stop));
    }
    if (how == status::closed) co_return;
  }
}

/// Producers and consumers of a pool, each started by a thread of its own; one thread in between without a coroutine.
template <class Channel>
void converse(Channel& channel, unsigned threads, int parties, int count) {
  const support::watchdog guard("a conversation on a pool, TANDEM_SEED=" + std::to_string(support::seed_of_this_run()),
                                120s);
  tally sent, kept, received;
  tandem::stop_source stop;
  {
    dice chance(support::seed_of_this_run());
    thread_pool pool(threads);
    std::vector<std::jthread> consumers;
    {
      std::vector<std::jthread> producers;
      for (int i = 0; i < parties; ++i) {
        producers.emplace_back([&, i, mine = chance.another()] {
          pool.block_on(produce(channel, i * count, count, mine, stop.get_token(), sent, kept));
        });
        consumers.emplace_back(
            [&, mine = chance.another()] { pool.block_on(consume(channel, mine, stop.get_token(), received)); });
      }
      consumers.emplace_back([&] {
        while (const auto got = channel.receive()) received.add(got->number());
      });
      producers.emplace_back([&] {
        std::this_thread::sleep_for(1ms);
        stop.request_stop();
      });
    }
    channel.close();
  }
  CHECK(sent.count == received.count);
  CHECK(sent.sum == received.sum);
  CHECK(sent.count + kept.count == static_cast<long>(parties) * count);
}

}  // namespace

TEST_CASE("thread_pool: every item is run, and the pool goes when it likes", "[stress][thread_pool]") {
  const support::watchdog guard("items on a pool", 120s);
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  for (const unsigned threads : {1U, 2U, 8U}) {
    for (int round = effort(300); round > 0; --round) {
      constexpr int posters = 3;
      constexpr int items = 40;
      std::atomic<int> done{0};
      std::vector<std::unique_ptr<walker>> all;
      thread_pool pool(threads);
      for (int i = 0; i < posters * items; ++i) all.push_back(std::make_unique<walker>(pool, 5, done));
      {
        std::vector<std::jthread> posting;
        for (int p = 0; p < posters; ++p) {
          posting.emplace_back([&, p] {
            for (int i = 0; i < items; ++i) pool.post(*all[static_cast<std::size_t>(p * items + i)]);
          });
        }
      }
      for (int seen = 0; seen != posters * items; seen = done.load()) done.wait(seen);
    }
  }
  SUCCEED("none was forgotten");
}

TEST_CASE("thread_pool: timers are started and called off by everybody", "[stress][thread_pool]") {
  const support::watchdog guard("timers on a pool, TANDEM_SEED=" + std::to_string(support::seed_of_this_run()), 120s);
  std::atomic<int> wrong{0};
  std::atomic<int> fired{0};
  {
    dice chance(support::seed_of_this_run());
    thread_pool pool(3);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, mine = chance.another()]() mutable {
        for (int round = effort(20'000); round > 0; --round) {
          egg_timer timers[5];
          for (egg_timer& e : timers) {
            e.due = tandem::clock::now() + std::chrono::microseconds(mine.roll(60));
            pool.start(e);
          }
          if (mine.one_in(2)) std::this_thread::sleep_for(std::chrono::microseconds(mine.roll(60)));
          for (egg_timer& e : timers) {
            pool.call_off(e);
            wrong += e.fired > 1 ? 1 : 0;
            fired += e.fired;
          }
        }
      });
    }
  }
  CHECK(wrong == 0);
  CHECK(fired > 0);
}

TEST_CASE("thread_pool: coroutines lose nothing, and nothing comes twice", "[stress][thread_pool]") {
  const long live = letter::counts().live;
  const unsigned threads = GENERATE(1U, 2U, 6U);
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  {
    tandem::mailbox<letter> inbox(2);
    converse(inbox, threads, 3, effort(20'000));
    tandem::rendezvous<letter> table;
    converse(table, threads, 3, effort(20'000));
  }
  CHECK(letter::counts().live == live);
}
