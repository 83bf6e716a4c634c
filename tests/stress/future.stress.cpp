// promise and future under load: kept, broken, abandoned, late and stopped, in every order.
#include <tandem/async/future.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/near_miss.hpp"
#include "support/pin.hpp"
#include "support/start_barrier.hpp"
#include "support/watchdog.hpp"

using support::dice;
using support::effort;
using support::letter;
using tandem::future;
using tandem::promise;
using tandem::status;

namespace {

enum class keeping { kept, broken };
enum class getting { waits, polls, times_out_first, is_stopped, leaves };

// What one exchange came to, on both sides.
struct outcome {
  status set = status::empty;
  status got = status::empty;
  int number = -1;    // that was got
  int left_over = 0;  // that the promise's side still holds
};

void keep(std::optional<promise<letter>>& word, keeping how, int number, outcome& out) {
  if (how == keeping::kept) {
    letter mine(number);
    out.set = word->set_value(std::move(mine));
    out.left_over = mine.number();
  }
  word.reset();
}

void get(std::optional<future<letter>>& kept, getting how, dice& chance, std::stop_source& source, outcome& out) {
  const auto note = [&out](const tandem::result<letter>& got) {
    out.got = got.error();
    if (got) out.number = got->number();
    return got.has_value() || got.error() == status::abandoned;
  };
  switch (how) {
    case getting::waits: note(kept->get()); break;
    case getting::polls:
      while (!note(kept->try_get())) std::this_thread::yield();
      break;
    case getting::times_out_first:
      while (!note(kept->try_get_for(std::chrono::microseconds(chance.roll(30))))) {
      }
      break;
    case getting::is_stopped:
      if (!note(kept->get(source.get_token()))) note(kept->get());
      break;
    case getting::leaves: break;
  }
  kept.reset();
}

// True if both sides tell the same story.
bool agree(keeping kept, getting got, int number, const outcome& o) {
  if (kept == keeping::broken) return got == getting::leaves || o.got == status::abandoned;
  if (got == getting::leaves) {
    return (o.set == status::ok && o.left_over == -1) || (o.set == status::abandoned && o.left_over == number);
  }
  return o.set == status::ok && o.left_over == -1 && o.got == status::ok && o.number == number;
}

// `pairs` pairs of threads, each exchanging one promise after the other, while another thread stops them at random.
int disagreements(int pairs, int rounds) {
  const support::watchdog guard("promises, TANDEM_SEED=" + std::to_string(support::seed_of_this_run()),
                                std::chrono::seconds(120));
  dice chance(support::seed_of_this_run());
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  struct pair_of_threads {
    support::start_barrier together{2};
    std::optional<promise<letter>> word;
    std::optional<future<letter>> kept;
    std::stop_source source;
    outcome result;
    keeping how_kept = keeping::kept;
    getting how_got = getting::waits;
  };
  std::vector<std::unique_ptr<pair_of_threads>> all;
  for (int p = 0; p < pairs; ++p) {
    all.push_back(std::make_unique<pair_of_threads>());
    pair_of_threads& us = *all.back();
    threads.emplace_back([&us, rounds, mine = chance.another()]() mutable {
      for (int i = 0; i < rounds; ++i) {
        us.together.arrive_and_wait();
        if (us.how_got == getting::is_stopped && mine.one_in(2)) us.source.request_stop();
        keep(us.word, us.how_kept, i, us.result);
        if (us.how_got == getting::is_stopped) us.source.request_stop();
        us.together.arrive_and_wait();
      }
    });
    threads.emplace_back([&us, &wrong, rounds, mine = chance.another()]() mutable {
      for (int i = 0; i < rounds; ++i) {
        us.word.emplace();
        us.kept.emplace(us.word->get_future());
        us.source = std::stop_source();
        us.result = outcome();
        us.how_kept = mine.one_in(4) ? keeping::broken : keeping::kept;
        us.how_got = std::array{getting::waits, getting::polls, getting::times_out_first, getting::is_stopped,
                                getting::leaves}[mine.roll(5)];
        us.together.arrive_and_wait();
        get(us.kept, us.how_got, mine, us.source, us.result);
        us.together.arrive_and_wait();
        wrong += agree(us.how_kept, us.how_got, i, us.result) ? 0 : 1;
      }
    });
  }
  threads.clear();
  return wrong;
}

}  // namespace

TEST_CASE("future: both sides tell the same story, whatever the order", "[stress][future]") {
  const long live = letter::counts().live;
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  CHECK(disagreements(1, effort(30'000)) == 0);
  CHECK(disagreements(3, effort(10'000)) == 0);
  CHECK(letter::counts().live == live);
}

TEST_CASE("future: ten threads a core neither hang nor lose anything", "[stress][future]") {
  const long live = letter::counts().live;
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  CHECK(disagreements(10, effort(3'000)) == 0);
  CHECK(letter::counts().live == live);
}

TEST_CASE("future: a value that comes while get lies down to wait is not missed", "[stress][future]") {
  const support::watchdog guard("a value set while get lies down", std::chrono::seconds(120));
  // Beside other programs each meeting of the two may cost a time slice: then fewer rounds have to do.
  const int most_rounds = effort(60'000);
  const auto enough = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  constexpr std::uint32_t distances[] = {300, 20'000, 100'000, 300'000};  // it polls for a while before it lies down
  support::near_miss both(2);
  std::optional<promise<int>> word;
  std::atomic<bool> is_last{false};
  const int here = support::core_number(0);
  const int there = support::core_number(1);  // on one core the two would hardly ever come between each other
  std::jthread keeping([&, mine = dice(support::seed_of_this_run())]() mutable {
    const support::pinned_to core(there);
    bool over = false;
    for (int i = 0; !over; ++i) {
      both.meet(mine, 0);
      over = is_last;
      both.meet(mine, distances[i % 4]);
      static_cast<void>(word->set_value(int{i}));
      both.meet(mine, 0);
    }
  });
  const support::pinned_to core(here);
  dice chance(support::seed_of_this_run() + 1);
  int got = 0;
  int played = 0;
  while (!is_last) {
    word.emplace();
    auto kept = word->get_future();
    is_last = played + 1 == most_rounds || std::chrono::steady_clock::now() > enough;
    both.meet(chance, 0);
    both.meet(chance, 300);
    const auto value = kept.get();
    got += value && *value == played ? 1 : 0;
    ++played;
    both.meet(chance, 0);
  }
  CHECK(got == played);
}
