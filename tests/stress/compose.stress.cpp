// when_all, when_any and then under load: letters come just as somebody else wins, and promises go in any order.
#include <tandem/coro/compose.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
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
using tandem::mailbox;
using tandem::stop_token;
using tandem::task;

namespace {

/// Receives one letter, or is stopped; counts what it has received, whether or not it wins.
auto receiving(mailbox<letter>& from, std::atomic<long>& received) {
  return [&](stop_token stop) -> task<tandem::result<letter>> {
    auto got = co_await from.co_receive(stop);
    if (got) received += got->number();
    co_return got;
  };
}
task<> feeds(mailbox<letter>& to, int first, int count, std::atomic<long>& sent) {
  for (int number = first; number < first + count; ++number) {
    letter mine(number);
    if (co_await to.co_send(std::move(mine))) sent += number;
  }
}

}  // namespace

TEST_CASE("compose: what is received by one who loses is received once, and nothing is lost", "[stress][compose]") {
  const support::watchdog guard("when_any over mailboxes", 120s);
  const long live = letter::counts().live;
  const unsigned threads = GENERATE(1U, 2U, 6U);
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  {
    std::atomic<long> sent{0};
    std::atomic<long> received{0};
    mailbox<letter> first(1);
    mailbox<letter> second(2);
    mailbox<letter> third(3);
    const auto chooses = [&]() -> task<> {
      for (;;) {
        const auto won = co_await tandem::when_any(receiving(first, received), receiving(second, received),
                                                   receiving(third, received));
        if (!won.value) co_return;  // all of them are closed
      }
    };
    tandem::thread_pool pool(threads);
    std::jthread reader([&] { pool.block_on(tandem::when_all(chooses(), chooses())); });
    const int count = effort(5'000);
    pool.block_on(tandem::when_all(feeds(first, 0, count, sent), feeds(second, count, count, sent),
                                   feeds(third, 2 * count, count, sent)));
    first.close();
    second.close();
    third.close();
    reader.join();
    CHECK(sent == received);
    CHECK(sent == 3L * count * (3L * count - 1) / 2);
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("compose: chains of then, kept, broken and unheard", "[stress][compose]") {
  const support::watchdog guard("chains, TANDEM_SEED=" + std::to_string(support::seed_of_this_run()), 120s);
  const long live = letter::counts().live;
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  int wrong = 0;
  {
    dice chance(support::seed_of_this_run());
    tandem::thread_pool pool(3);
    const int rounds = effort(5'000);
    std::vector<std::optional<tandem::promise<letter>>> promises;
    std::vector<tandem::future<letter>> ends;
    const auto still_following = std::make_shared<int>();
    for (int round = 0; round < rounds; ++round) {
      const auto passes = [still_following](letter l) { return letter(l.number() + 1); };
      promises.emplace_back(std::in_place);
      auto end = tandem::then(tandem::then(promises.back()->get_future(), pool, passes), pool, passes);
      if (!chance.one_in(3)) ends.push_back(std::move(end));
      if (promises.size() < 8 && round + 1 != rounds) continue;
      bool all_kept = true;
      std::jthread keeps([&, mine = chance.another()]() mutable {
        for (auto& p : promises) {
          if (mine.one_in(4)) {
            all_kept = false;
          } else {
            static_cast<void>(p->set_value(letter(1)));
          }
          p.reset();
        }
      });
      const auto got = pool.block_on(tandem::when_all(std::exchange(ends, {})));
      keeps.join();
      for (const auto& one : got) {
        if (one ? one->number() != 3 : all_kept || one.error() != tandem::status::abandoned) ++wrong;
      }
      promises.clear();
    }
    // before the pool goes, so have those whose end nobody has asked for
    while (still_following.use_count() > 1) std::this_thread::yield();
  }
  CHECK(wrong == 0);
  CHECK(letter::counts().live == live);
}
