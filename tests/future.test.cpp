// The contract of promise and future, clause by clause.
#include <tandem/async/future.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/meanwhile.hpp"
#include "support/messages.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using support::letter;
using support::meanwhile;
using support::watchdog;
using tandem::future;
using tandem::promise;
using tandem::result;
using tandem::status;

namespace {

using awkward = std::tuple<letter, support::only_one, support::fixed, support::aligned<64>, support::aligned<128>,
                           support::parcel, support::shy, support::novel, support::fragile>;

std::stop_token already_stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

}  // namespace

TEST_CASE("promise and future are asynchronous, and a kept promise means stored", "[future]") {
  static_assert(tandem::channel<future<int>> && tandem::channel<promise<int>>);
  static_assert(tandem::asynchronous_channel<future<int>> && tandem::asynchronous_channel<promise<int>>);
  static_assert(tandem::mode_of<future<void>> == tandem::mode::asynchronous);
  static_assert(tandem::receipt_of<promise<void>> == tandem::receipt::stored);
  static_assert(!tandem::sendable<promise<int>> && !tandem::receivable<future<int>>);  // their verbs are others
  static_assert(std::is_same_v<future<int>::value_type, int> && std::is_same_v<promise<int>::value_type, int>);
  SUCCEED();
}

TEST_CASE("promise and future are moved, never copied", "[future]") {
  static_assert(!std::is_copy_constructible_v<future<int>> && !std::is_copy_assignable_v<future<int>>);
  static_assert(!std::is_copy_constructible_v<promise<int>> && !std::is_copy_assignable_v<promise<int>>);
  static_assert(std::is_nothrow_move_constructible_v<future<int>> && std::is_nothrow_move_assignable_v<future<int>>);
  static_assert(std::is_nothrow_move_constructible_v<promise<int>> && std::is_nothrow_move_assignable_v<promise<int>>);
  static_assert(tandem::message<future<int>> && tandem::message<promise<int>>);  // so either can be sent to somebody
  SUCCEED();
}

TEST_CASE("a value that was set is got", "[future]") {
  promise<int> word;
  auto kept = word.get_future();
  CHECK_FALSE(kept.was_ready());
  CHECK(word.set_value(1) == status::ok);
  CHECK(kept.was_ready());
  CHECK(kept.get().value() == 1);
}

TEST_CASE("a get that waits is woken by the value", "[future]") {
  const watchdog guard("a waiting get");
  promise<int> word;
  auto kept = word.get_future();
  meanwhile getter([&] { return kept.get(); });
  getter.until_it_waits();
  CHECK_FALSE(getter.over());
  CHECK(word.set_value(2) == status::ok);
  CHECK(getter.outcome().value() == 2);
}

TEST_CASE("every way of getting gets the value", "[future]") {
  const watchdog guard("every way of getting");
  std::stop_source source;
  const auto token = source.get_token();
  const auto check = [](auto get) {
    {
      promise<int> word;
      auto kept = word.get_future();
      REQUIRE(word.set_value(3));
      CHECK(get(kept).value() == 3);
    }
    promise<int> word;
    auto kept = word.get_future();
    meanwhile getter([&] { return get(kept); });
    getter.until_it_waits();
    REQUIRE(word.set_value(4));
    const auto got = getter.outcome();
    CHECK((got ? *got == 4 : got.error() == status::empty));
  };
  check([&](future<int>& f) { return f.get(); });
  check([&](future<int>& f) { return f.get(token); });
  check([&](future<int>& f) { return f.try_get(); });
  check([&](future<int>& f) { return f.try_get_for(1h); });
  check([&](future<int>& f) { return f.try_get_for(std::chrono::hours::max(), token); });
  check([&](future<int>& f) { return f.try_get_until(steady_clock::now() + 1h); });
  check([&](future<int>& f) { return f.try_get_until(system_clock::now() + 1h, token); });
  check([&](future<int>& f) { return f.try_get_until(steady_clock::time_point::max()); });
}

TEST_CASE("a deadline in the past does not hinder getting a value that is there", "[future]") {
  promise<int> word;
  auto kept = word.get_future();
  CHECK(kept.try_get_for(-1h).error() == status::timeout);
  CHECK(kept.try_get_until(system_clock::now() - 1h).error() == status::timeout);
  CHECK(kept.try_get_for(std::chrono::hours::min()).error() == status::timeout);
  REQUIRE(word.set_value(5));
  CHECK(kept.try_get_until(system_clock::now() - 1h).value() == 5);
}

TEST_CASE("a value that is not there yet: empty, timeout or stopped, and it can still be got later", "[future]") {
  const watchdog guard("a value that is late");
  promise<int> word;
  auto kept = word.get_future();
  std::stop_source source;
  CHECK(kept.try_get().error() == status::empty);
  CHECK(kept.try_get_for(1ms).error() == status::timeout);
  CHECK(kept.try_get_for(1ms, source.get_token()).error() == status::timeout);
  CHECK(kept.try_get_until(steady_clock::now() + 1ms).error() == status::timeout);
  CHECK(kept.try_get_until(system_clock::now() + 1ms, source.get_token()).error() == status::timeout);
  CHECK(kept.get(already_stopped()).error() == status::stopped);
  meanwhile getter([&] { return kept.get(source.get_token()); });
  getter.until_it_waits();
  source.request_stop();
  CHECK(getter.outcome().error() == status::stopped);
  CHECK(word.set_value(6) == status::ok);
  CHECK(kept.get().value() == 6);
}

TEST_CASE("a stop requested before the get: stopped, even if the value is there, and it stays there", "[future]") {
  promise<int> word;
  auto kept = word.get_future();
  REQUIRE(word.set_value(7));
  const auto token = already_stopped();
  CHECK(kept.get(token).error() == status::stopped);
  CHECK(kept.try_get_for(1h, token).error() == status::stopped);
  CHECK(kept.try_get_until(steady_clock::now() - 1h, token).error() == status::stopped);
  CHECK(kept.get().value() == 7);
}

TEST_CASE("a second set_value says closed and leaves its argument untouched", "[future]") {
  promise<letter> word;
  auto kept = word.get_future();
  REQUIRE(word.set_value(letter(8)));
  letter second(9);
  CHECK(word.set_value(std::move(second)) == status::closed);
  CHECK(second.number() == 9);
  CHECK(word.set_value(second) == status::closed);
  CHECK(kept.get().value().number() == 8);
  CHECK(word.set_value(std::move(second)) == status::closed);  // also when the value has been got
  CHECK(second.number() == 9);
}

TEST_CASE("a second get says closed", "[future]") {
  promise<int> word;
  auto kept = word.get_future();
  REQUIRE(word.set_value(10));
  CHECK(kept.get().value() == 10);
  CHECK(kept.get().error() == status::closed);
  CHECK(kept.try_get().error() == status::closed);
  CHECK(kept.try_get_for(1h).error() == status::closed);
  CHECK(kept.try_get_until(system_clock::now() - 1h).error() == status::closed);
  CHECK(kept.valid());
  {
    const promise<int> gone = std::move(word);
  }
  CHECK(kept.get().error() == status::closed);  // not abandoned: it was kept
}

TEST_CASE("a promise that goes without a value has abandoned whoever waits", "[future]") {
  const watchdog guard("a broken promise");
  SECTION("already") {
    std::optional<promise<int>> word(std::in_place);
    auto kept = word->get_future();
    meanwhile getter([&] { return kept.get(); });
    getter.until_it_waits();
    word.reset();
    CHECK(getter.outcome().error() == status::abandoned);
    CHECK(kept.was_ready());
  }
  SECTION("later") {
    std::optional<promise<int>> word(std::in_place);
    auto kept = word->get_future();
    word.reset();
    CHECK(kept.was_ready());
    CHECK(kept.get().error() == status::abandoned);
    CHECK(kept.try_get().error() == status::abandoned);
    CHECK(kept.try_get_for(-1s).error() == status::abandoned);
    CHECK(kept.try_get_for(1h).error() == status::abandoned);
    CHECK(kept.get().error() == status::abandoned);
  }
  SECTION("by being assigned another") {
    promise<int> word;
    auto kept = word.get_future();
    word = promise<int>();
    CHECK(kept.try_get().error() == status::abandoned);
    auto next = word.get_future();
    REQUIRE(word.set_value(1));
    CHECK(next.get().value() == 1);
  }
}

TEST_CASE("a value outlives its promise", "[future]") {
  future<letter> kept;
  {
    promise<letter> word;
    kept = word.get_future();
    REQUIRE(word.set_value(letter(11)));
  }
  CHECK(kept.was_ready());
  CHECK(kept.get().value().number() == 11);
}

TEST_CASE("set_value says abandoned when the future is gone, and leaves its argument untouched", "[future]") {
  promise<letter> word;
  {
    const auto kept = word.get_future();
  }
  letter mine(12);
  CHECK(word.set_value(std::move(mine)) == status::abandoned);
  CHECK(mine.number() == 12);
  CHECK(word.set_value(mine) == status::abandoned);
}

TEST_CASE("a promise may be kept before anybody asks for its future", "[future]") {
  promise<letter> word;
  CHECK(word.set_value(letter(13)) == status::ok);
  auto kept = word.get_future();
  CHECK(kept.get().value().number() == 13);
}

TEST_CASE("a value that nobody got is destroyed when the future goes", "[future]") {
  const long live = letter::counts().live;
  SECTION("the future goes last") {
    auto word = std::make_unique<promise<letter>>();
    auto kept = std::make_unique<future<letter>>(word->get_future());
    REQUIRE(word->set_value(letter(1)));
    word.reset();
    CHECK(letter::counts().live == live + 1);
    kept.reset();
  }
  SECTION("the promise goes last") {
    promise<letter> word;
    {
      auto kept = word.get_future();
      REQUIRE(word.set_value(letter(1)));
      CHECK(letter::counts().live == live + 1);
    }
    CHECK(letter::counts().live == live);
    CHECK(word.set_value(letter(2)) == status::closed);
  }
  SECTION("the future is assigned another") {
    promise<letter> word;
    auto kept = word.get_future();
    REQUIRE(word.set_value(letter(1)));
    kept = future<letter>();
    CHECK(letter::counts().live == live);
  }
  SECTION("what it got stays with it") {
    promise<letter> word;
    auto got = [&] {
      auto kept = word.get_future();
      REQUIRE(word.set_value(letter(1)));
      return kept.get();
    }();
    CHECK(letter::counts().live == live + 1);
    CHECK(got->number() == 1);
  }
  SECTION("nobody asked for the future") {
    promise<letter> word;
    REQUIRE(word.set_value(letter(1)));
  }
  SECTION("the value was got") {
    promise<letter> word;
    auto kept = word.get_future();
    REQUIRE(word.set_value(letter(1)));
    CHECK(kept.get().value().number() == 1);
  }
  SECTION("never kept") {
    promise<letter> word;
    auto kept = word.get_future();
    future<letter> moved = std::move(kept);
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("a promise that lies in a value that nobody gets is abandoned", "[future]") {
  struct question {
    promise<int> answer;
  };
  promise<question> word;
  promise<int> inner;
  auto answer = inner.get_future();
  {
    auto kept = word.get_future();
    REQUIRE(word.set_value(question{std::move(inner)}));
    CHECK(answer.try_get().error() == status::empty);
  }
  CHECK(answer.try_get().error() == status::abandoned);
}

TEST_CASE("a future that goes while its value moves in: the value is destroyed by the promise", "[future]") {
  struct lets_go {
    letter inner{1};
    future<lets_go>* asked = nullptr;
    explicit lets_go(future<lets_go>& f) : asked(&f) {}
    lets_go(lets_go&& other) noexcept : inner(std::move(other.inner)), asked(std::exchange(other.asked, nullptr)) {
      if (asked != nullptr) *std::exchange(asked, nullptr) = future<lets_go>();
    }
  };
  const long live = letter::counts().live;
  promise<lets_go> word;
  auto kept = word.get_future();
  CHECK(word.set_value(lets_go(kept)) == status::ok);
  CHECK(letter::counts().live == live);
  CHECK(word.set_value(lets_go(kept)) == status::closed);
}

TEST_CASE("a promise may lie in its own value", "[future]") {
  struct itself {
    letter inner{1};
    promise<itself> word;
    future<itself>* asked = nullptr;
    itself() = default;
    itself(itself&& other) noexcept
        : inner(std::move(other.inner)), word(std::move(other.word)), asked(std::exchange(other.asked, nullptr)) {
      if (asked != nullptr) *std::exchange(asked, nullptr) = future<itself>();
    }
  };
  const long live = letter::counts().live;
  {
    itself own;
    auto kept = own.word.get_future();
    SECTION("the future goes later") {}
    SECTION("the future goes meanwhile") { own.asked = &kept; }
    CHECK(own.word.set_value(std::move(own)) == status::ok);
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("either end can be moved between set and get", "[future]") {
  promise<int> word;
  auto kept = word.get_future();
  promise<int> moved_word = std::move(word);
  future<int> moved = std::move(kept);
  CHECK_FALSE(kept.valid());
  CHECK(moved.valid());
  CHECK(static_cast<bool>(moved));
  CHECK_FALSE(static_cast<bool>(future<int>()));
  REQUIRE(moved_word.set_value(14));
  kept = std::move(moved);
  CHECK(kept.valid());
  CHECK(kept.get().value() == 14);
}

TEST_CASE("a promise of void is kept with nothing", "[future]") {
  const watchdog guard("a promise of void");
  promise<void> word;
  auto kept = word.get_future();
  CHECK(kept.try_get().error() == status::empty);
  meanwhile getter([&] { return kept.get(); });
  getter.until_it_waits();
  CHECK(word.set_value() == status::ok);
  CHECK(word.set_value() == status::closed);
  CHECK(getter.outcome().has_value());
  CHECK(kept.get().error() == status::closed);
  promise<void> unheard;
  {
    const auto gone = unheard.get_future();
  }
  CHECK(unheard.set_value() == status::abandoned);
}

TEST_CASE("a copy that throws sets nothing", "[future]") {
  const long live = support::fragile::live();
  {
    promise<support::fragile> word;
    auto kept = word.get_future();
    const support::fragile original(15);
    bool thrown = false;
    support::fragile::breaks() = true;
    try {
      static_cast<void>(word.set_value(original));
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    support::fragile::breaks() = false;
    CHECK(thrown);
    CHECK_FALSE(kept.was_ready());
    CHECK(word.set_value(original) == status::ok);
    CHECK(kept.get().value().number() == 15);
  }
  CHECK(support::fragile::live() == live);
}

TEMPLATE_LIST_TEST_CASE("any message that moves without throwing can be promised", "[future]", awkward) {
  const watchdog guard("awkward values");
  const bool early = GENERATE(true, false);
  promise<TestType> word;
  auto kept = word.get_future();
  if (early) {
    REQUIRE(word.set_value(TestType(16)));
    CHECK(kept.get().value().number() == 16);
  } else {
    meanwhile getter([&] { return kept.get(); });
    getter.until_it_waits();
    REQUIRE(word.set_value(TestType(17)));
    CHECK(getter.outcome().value().number() == 17);
  }
}

TEST_CASE("a promise is one allocation, its value is moved in once and out once, and copied never", "[future]") {
  const std::size_t before = support::allocations_of_this_thread;
  promise<letter> word;
  auto kept = word.get_future();
  letter mine(18);
  const long moves = letter::counts().moves;
  const long copies = letter::counts().copies;
  const bool set = static_cast<bool>(word.set_value(std::move(mine)));
  const long moved_in = letter::counts().moves - moves;
  const auto got = kept.get();
  const std::size_t used = support::allocations_of_this_thread - before;
  CHECK(set);
  CHECK(used == (support::allocations_are_counted ? 1U : 0U));
  CHECK(moved_in == 1);
  CHECK(letter::counts().moves == moves + 2);
  CHECK(letter::counts().copies == copies);
  CHECK(got->number() == 18);
}

TEST_CASE("a second get_future is misuse, and the sentence says so", "[future][death]") {
  const auto end = support::death_of([] {
    promise<int> word;
    const auto first = word.get_future();
    const auto second = word.get_future();
  });
  INFO(end.said);
  CHECK(end.in_one_sentence());
  CHECK(end.saying("future"));
}

TEST_CASE("a second get_future is misuse also when the first future is gone", "[future][death]") {
  const auto end = support::death_of([] {
    promise<int> word;
    {
      const auto first = word.get_future();
    }
    const auto second = word.get_future();
  });
  INFO(end.said);
  CHECK(end.in_one_sentence());
}

TEST_CASE("using a promise or a future that was moved from is misuse", "[future][death]") {
  const auto dies = [](auto use) {
    const auto end = support::death_of([use] {
      promise<int> word;
      auto kept = word.get_future();
      const promise<int> other_word = std::move(word);
      const future<int> other = std::move(kept);
      use(word, kept);
    });
    INFO(end.said);
    CHECK(end.in_one_sentence());
  };
  dies([](promise<int>& word, future<int>&) { static_cast<void>(word.set_value(1)); });
  dies([](promise<int>& word, future<int>&) { static_cast<void>(word.get_future()); });
  dies([](promise<int>&, future<int>& kept) { static_cast<void>(kept.get()); });
  dies([](promise<int>&, future<int>& kept) { static_cast<void>(kept.try_get()); });
  dies([](promise<int>&, future<int>& kept) { static_cast<void>(kept.try_get_for(1ms)); });
  dies([](promise<int>&, future<int>& kept) { static_cast<void>(kept.try_get_until(steady_clock::now())); });
  dies([](promise<int>&, future<int>& kept) { static_cast<void>(kept.was_ready()); });
  const auto never_attached = support::death_of([] { static_cast<void>(future<int>().get()); });
  CHECK(never_attached.in_one_sentence());
}
