// run_loop under load: posts, stops, deadlines and the end of the loop, from many threads, in every order.
#include <tandem/coro/run_loop.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/background.hpp"
#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/pin.hpp"
#include "support/watchdog.hpp"

using support::background;
using support::dice;
using support::effort;
using support::letter;
using tandem::run_loop;
using tandem::status;
using tandem::task;

namespace {

support::watchdog guard_for(const std::string& what) {
  return support::watchdog(what + ", TANDEM_SEED=" + std::to_string(support::seed_of_this_run()),
                           std::chrono::seconds(120));
}

/// An item that is posted, run, and free to be posted again.
struct ball final : tandem::run_item {
  ball() noexcept : run_item([](run_item& me) noexcept { static_cast<ball&>(me).land(); }) {}
  void land() noexcept {
    landed = landed + 1;  // plain: the loop's thread, then its poster
    in_the_air.store(false, std::memory_order_release);
  }
  long landed = 0;
  std::atomic<bool> in_the_air{false};
};

/// Posts `times` times, each time some ball of its own that is not in the air. How often.
long throws(run_loop& loop, int times, dice chance) {
  std::vector<std::unique_ptr<ball>> balls;
  for (int i = 0; i < 5; ++i) balls.push_back(std::make_unique<ball>());
  long thrown = 0;
  for (int i = 0; i < times; ++i) {
    ball& one = *balls[chance.roll(5)];
    while (one.in_the_air.load(std::memory_order_acquire)) std::this_thread::yield();
    one.in_the_air.store(true, std::memory_order_relaxed);
    loop.post(one);
    ++thrown;
    if (chance.one_in(50)) std::this_thread::sleep_for(std::chrono::microseconds(chance.roll(40)));
  }
  long landed = 0;
  for (const auto& one : balls) {
    while (one->in_the_air.load(std::memory_order_acquire)) std::this_thread::yield();
    landed += one->landed;
  }
  return landed - thrown;
}

void juggle(int threads, int times) {
  const auto guard = guard_for("balls in the air");
  dice chance(support::seed_of_this_run());
  run_loop loop;
  std::atomic<long> wrong{0};
  std::atomic<int> left{threads};
  {
    std::vector<std::jthread> throwers;
    for (int t = 0; t < threads; ++t) {
      throwers.emplace_back([&, mine = chance.another()] {
        wrong += throws(loop, times, mine);
        if (--left == 0) loop.stop();
      });
    }
    loop.run();
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("run_loop: every post is run once, from many threads", "[stress][run_loop]") {
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  juggle(1, effort(100'000));
  juggle(4, effort(30'000));
  juggle(20, effort(2'000));
}

TEST_CASE("run_loop: loops come and go while somebody serves them", "[stress][run_loop]") {
  const auto guard = guard_for("loops that come and go");
  const long live = letter::counts().live;
  const int rounds = effort(40'000);
  constexpr int servers = 2;
  tandem::rendezvous<letter> desk;
  std::atomic<long> sent{0};
  long received = 0;
  {
    std::vector<std::jthread> serving;
    for (int s = 0; s < servers; ++s) {
      serving.emplace_back([&] {
        while (desk.send(letter(1)) == status::ok) ++sent;
      });
    }
    alignas(run_loop) std::byte place[sizeof(run_loop)];  // the same again and again: whoever comes too late is seen
    for (int i = 0; i < rounds; ++i) {
      run_loop* const loop = ::new (static_cast<void*>(place)) run_loop;
      received += loop->block_on([](tandem::rendezvous<letter>& from) -> task<int> {
        auto got = co_await from.co_receive();
        co_return got ? got->number() : 0;
      }(desk));
      loop->~run_loop();
    }
    desk.close();
  }
  CHECK(received == rounds);
  CHECK(sent == rounds);
  CHECK(letter::counts().live == live);
}

TEST_CASE("run_loop: deadlines, stops and partners end waits, and each message is in one place", "[stress][run_loop]") {
  const auto guard = guard_for("deadlines against partners");
  const long live = letter::counts().live;
  const int rounds = effort(6'000);
  constexpr int loops = 3;
  dice chance(support::seed_of_this_run());
  tandem::rendezvous<letter> desk;
  std::atomic<long> sent{0};
  std::atomic<long> received{0};
  std::atomic<long> given_up{0};
  std::atomic<int> left{loops};
  {
    std::vector<std::jthread> threads;
    for (int l = 0; l < loops; ++l) {
      threads.emplace_back([&, mine = chance.another()]() mutable {
        run_loop loop;
        for (int i = 0; i < rounds / 10; ++i) {
          loop.block_on([](tandem::rendezvous<letter>& from, dice& die, std::atomic<long>& got,
                           std::atomic<long>& lost) -> task<> {
            for (int n = 0; n < 10; ++n) {
              const auto patience = std::chrono::microseconds(die.roll(60));
              const auto one = co_await from.co_try_receive_for(patience);
              ++(one ? got : lost);
            }
          }(desk, mine, received, given_up));
        }
        if (--left == 0) desk.close();
      });
    }
    threads.emplace_back([&, mine = chance.another()]() mutable {
      for (;;) {
        const status how = desk.try_send_for(letter(1), std::chrono::microseconds(mine.roll(30)));
        if (how == status::ok) ++sent;
        if (how == status::closed) break;
      }
    });
  }
  CHECK(sent == received);
  CHECK(received + given_up == loops * (rounds / 10) * 10);
  CHECK(letter::counts().live == live);
}

TEST_CASE("run_loop: coroutines are destroyed while they are served, and each message is in one place",
          "[stress][run_loop]") {
  const auto guard = guard_for("coroutines destroyed while they are served");
  const long live = letter::counts().live;
  const int rounds = effort(60'000);
  tandem::mailbox<letter> box(4);
  long sent = 0;
  long received = 0;
  long left_over = 0;
  {
    std::jthread sender([&, mine = dice(support::seed_of_this_run())]() mutable {
      while (box.send(letter(1)) == status::ok) {
        ++sent;
        if (mine.one_in(8)) std::this_thread::yield();
      }
    });
    run_loop loop;
    loop.block_on([](run_loop& on, tandem::mailbox<letter>& from, int times, long& got) -> task<> {
      dice die(support::seed_of_this_run() + 1);
      for (int i = 0; i < times; ++i) {
        bool over = false;
        const background waiting = [](tandem::scheduler&, tandem::mailbox<letter>& in, long& count,
                                      bool& done) -> background {
          const auto one = co_await in.co_receive();
          if (one) ++count;
          done = true;
        }(on, from, got, over);
        for (std::uint32_t turns = die.roll(3); !over && turns > 0; --turns) co_await support::next_turn();
        if (!over) waiting.coroutine.destroy();
      }
    }(loop, box, rounds, received));
    box.close();
  }
  while (box.try_receive()) ++left_over;
  CHECK(sent == received + left_over);  // a mailbox's receiver takes its letter when it goes on, and not before
  CHECK(letter::counts().live == live);
}

TEST_CASE("run_loop: runs and stops follow one another", "[stress][run_loop]") {
  const auto guard = guard_for("runs and stops");
  run_loop loop;
  std::atomic<bool> over{false};
  std::atomic<int> runs{0};
  const int rounds = effort(20'000);
  std::vector<std::jthread> stopping;
  for (int t = 0; t < 2; ++t) {
    stopping.emplace_back([&, mine = dice(support::seed_of_this_run() + static_cast<std::uint64_t>(t))]() mutable {
      while (!over.load()) {
        loop.stop();
        if (mine.one_in(4)) std::this_thread::yield();
      }
    });
  }
  while (runs < rounds) {
    loop.run();
    ++runs;
  }
  over = true;
  stopping.clear();
  CHECK(runs == rounds);
}
