// scope under load: tasks of a pool that spawn, end, break and are stopped, in any order.
#include <tandem/coro/scope.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/thread_pool.hpp>

#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/pin.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::dice;
using support::effort;
using support::letter;
using tandem::scope;
using tandem::task;

namespace {

struct tally {
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::atomic<int> broken{0};
};

/// Does one thing or another, after some children of the same scope have been spawned.
task<> lives(scope& in, tandem::mailbox<letter>& channel, dice chance, int height, tally& all) {
  ++all.begun;
  if (height > 0) {
    for (std::uint32_t children = chance.roll(4); children > 0; --children) {
      in.spawn(lives(in, channel, chance.another(), height - 1, all));
    }
  }
  switch (chance.roll(6)) {
    case 0: static_cast<void>(co_await channel.co_receive(in.stop_token())); break;
    case 1: static_cast<void>(co_await channel.co_send(letter(1), in.stop_token())); break;
    case 2: static_cast<void>(co_await channel.co_try_receive_for(std::chrono::microseconds(chance.roll(50)))); break;
    case 3:
      if (chance.one_in(8)) {
        ++all.broken;
        ++all.ended;
        throw std::runtime_error("broken");
      }
      break;
    default: break;
  }
  ++all.ended;
}

/// One scope after the other; how many of them told something else than what had happened.
task<int> families(tandem::thread_pool& pool, dice chance, int rounds) {
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    tally all;
    tandem::mailbox<letter> channel(2);
    bool told = false;
    {
      scope s(pool);
      s.spawn(lives(s, channel, chance.another(), 4, all));
      s.spawn(lives(s, channel, chance.another(), 4, all));
      if (chance.one_in(2)) static_cast<void>(co_await channel.co_try_receive_for(20us));
      s.request_stop();  // or those who wait for a letter that nobody sends would wait for good
      try {
        co_await s.join();
      } catch (const std::runtime_error&) {
        told = true;
      }
    }
    wrong += all.begun == all.ended && told == (all.broken != 0) ? 0 : 1;
  }
  co_return wrong;
}

}  // namespace

TEST_CASE("scope: nobody is left, and every error is told", "[stress][scope]") {
  const support::watchdog guard("scopes, TANDEM_SEED=" + std::to_string(support::seed_of_this_run()), 120s);
  const long live = letter::counts().live;
  const unsigned threads = GENERATE(1U, 2U, 6U);
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  {
    dice chance(support::seed_of_this_run());
    tandem::thread_pool pool(threads);
    std::atomic<int> wrong{0};
    std::vector<std::jthread> callers;
    for (int i = 0; i < 3; ++i) {
      callers.emplace_back([&, mine = chance.another(), by_loop = i == 0]() mutable {
        auto work = families(pool, mine, effort(2'000));
        if (by_loop) {
          tandem::run_loop loop;  // then the joins go on here
          wrong += loop.block_on(std::move(work));
        } else {
          wrong += pool.block_on(std::move(work));
        }
      });
    }
    callers.clear();
    CHECK(wrong == 0);
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("scope: several threads spawn while others are done", "[stress][scope]") {
  const support::watchdog guard("spawns from several threads", 120s);
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  tandem::thread_pool pool(2);
  const int rounds = effort(300);
  int wrong = 0;
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> done{0};
    auto s = std::make_unique<scope>(pool);
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
          for (int i = 0; i < 50; ++i) {
            s->spawn([](std::atomic<int>& count) -> task<> {
              ++count;
              co_return;
            }(done));
          }
        });
      }
    }
    pool.block_on([](scope& of) -> task<> { co_await of.join(); }(*s));
    wrong += done == 150 ? 0 : 1;
    s.reset();
  }
  CHECK(wrong == 0);
}
