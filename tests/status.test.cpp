// The contract of status and result.
#include <tandem/status.hpp>

#include <concepts>
#include <memory>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/messages.hpp"

using support::letter;
using tandem::result;
using tandem::status;

namespace {

constexpr status::code every_code[] = {status::ok,      status::full,    status::empty,    status::closed,
                                       status::timeout, status::stopped, status::abandoned};

// Where a result comes from that the compiler knows nothing about.
[[gnu::noinline]] result<letter> nothing() { return status::empty; }

constexpr int answer(result<int> r) {
  return std::move(r)
      .and_then([](int x) { return x > 0 ? result<int>(x * 2) : result<int>(status::empty); })
      .transform([](int x) { return x + 1; })
      .value_or(-1);
}

}  // namespace

TEST_CASE("a status is true in a condition iff it is ok", "[status]") {
  for (const status::code code : every_code) CHECK(static_cast<bool>(status(code)) == (code == status::ok));
  static_assert(status(status::ok));
  static_assert(!status(status::closed));
  static_assert(!std::is_convertible_v<status, bool>);
  static_assert(std::is_convertible_v<status::code, status>);
}

TEST_CASE("a status is equal to its code and to no other", "[status]") {
  for (const status::code one : every_code) {
    for (const status::code other : every_code) {
      CHECK((status(one) == status(other)) == (one == other));
      CHECK((status(one) == other) == (one == other));
      CHECK((one == status(other)) == (one == other));
      CHECK((status(one) != other) == (one != other));
    }
  }
  static_assert(status(status::full) == status::full);
  static_assert(status(status::full) != status::empty);
}

TEST_CASE("value() of a status is for a switch", "[status]") {
  constexpr status s = status::timeout;
  switch (s.value()) {
    case status::timeout: SUCCEED(); break;
    case status::ok:
    case status::full:
    case status::empty:
    case status::closed:
    case status::stopped:
    case status::abandoned: FAIL("the switch took a wrong turn"); break;
  }
}

TEST_CASE("every status has a name and a sentence of its own", "[status]") {
  constexpr std::string_view names[] = {"ok", "full", "empty", "closed", "timeout", "stopped", "abandoned"};
  for (std::size_t i = 0; i < 7; ++i) {
    const status s = every_code[i];
    CHECK(s.name() == names[i]);
    CHECK(s.sentence().size() > 4);
    CHECK(s.sentence().find(' ') != std::string_view::npos);
    CHECK(s.sentence().back() == '.');
    for (std::size_t j = 0; j < i; ++j) CHECK(s.sentence() != status(every_code[j]).sentence());
  }
  static_assert(status(status::stopped).name() == "stopped");
  static_assert(!status(status::stopped).sentence().empty());
}

TEST_CASE("a status is a small trivial value", "[status]") {
  static_assert(std::is_trivially_copyable_v<status>);
  static_assert(sizeof(status) == 1);
  static_assert(std::is_nothrow_constructible_v<status, status::code>);
  SUCCEED();
}

TEST_CASE("a result has a value or says why not", "[result]") {
  result<int> with = 5;
  CHECK(with.has_value());
  CHECK(static_cast<bool>(with));
  CHECK(*with == 5);
  CHECK(with.value() == 5);
  CHECK(with.error() == status::ok);
  *with = 6;
  CHECK(with.value() == 6);
  const result<int> without = status::timeout;
  CHECK_FALSE(without.has_value());
  CHECK_FALSE(static_cast<bool>(without));
  CHECK(without.error() == status::timeout);
  for (const status::code code : every_code) {
    if (code != status::ok) CHECK(result<int>(status(code)).error() == code);
  }
}

TEST_CASE("the arrow reaches the members of the value, const or not", "[result]") {
  result<std::string> got = std::string("letter");
  got->push_back('s');
  const auto& seen = got;
  CHECK(seen->size() == 7);
  CHECK(*seen == "letters");
  result<support::shy> shy = support::shy(3);
  CHECK(shy->number() == 3);
}

TEST_CASE("a result of a move-only value is moved, and gives the value out by move", "[result]") {
  using owner = std::unique_ptr<int>;
  static_assert(!std::is_copy_constructible_v<result<owner>> && !std::is_copy_assignable_v<result<owner>>);
  static_assert(std::is_nothrow_move_constructible_v<result<owner>>);
  static_assert(std::is_copy_constructible_v<result<int>>);
  result<owner> got = std::make_unique<int>(4);
  result<owner> moved = std::move(got);
  const owner mine = *std::move(moved);
  CHECK(*mine == 4);
  result<owner> again = std::make_unique<int>(5);
  CHECK(**std::move(again) == 5);
  CHECK(result<owner>(status::empty).value_or(std::make_unique<int>(6)) != nullptr);
}

TEST_CASE("a result's value need neither be default constructible nor assignable", "[result]") {
  result<support::fixed> got = support::fixed(7);
  const result<support::fixed> moved = std::move(got);
  CHECK(moved->number() == 7);
  const result<support::fixed> none = status::closed;
  CHECK(none.error() == status::closed);
}

TEST_CASE("results are assigned in every combination, and nothing leaks", "[result]") {
  const long live = letter::counts().live;
  {
    result<letter> a = letter(1);
    result<letter> b = letter(2);
    result<letter> none = nothing();
    a = b;
    CHECK(a->number() == 2);
    a = std::move(b);
    CHECK(a->number() == 2);
    a = none;
    CHECK(a.error() == status::empty);
    a = result<letter>(letter(3));
    CHECK(a->number() == 3);
    none = a;
    CHECK(none->number() == 3);
    auto& same = a;
    a = same;
    CHECK(a->number() == 3);
  }
  CHECK(letter::counts().live == live);
}

TEST_CASE("a copy that throws while a result is assigned leaks nothing and leaves a result that can be used",
          "[result]") {
  const long live = support::fragile::live();
  {
    const result<support::fragile> source = support::fragile(1);
    result<support::fragile> target = support::fragile(2);
    support::fragile::breaks() = true;
    bool thrown = false;
    try {
      target = source;
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    support::fragile::breaks() = false;
    CHECK(thrown);
    if (target) CHECK(target->number() == 2);
    target = source;
    CHECK(target->number() == 1);
  }
  CHECK(support::fragile::live() == live);
}

TEST_CASE("value_or converts as a function returns: implicitly, or not at all", "[result]") {
  using numbers = std::vector<int>;
  const auto takes = []<class T, class U>(result<T>, U&& otherwise) {
    return requires(const result<T>& r) { r.value_or(std::forward<U>(otherwise)); };
  };
  static_assert(!takes(result<numbers>(status::empty), 5));
  CHECK(result<numbers>(status::empty).value_or({1, 2}).size() == 2);
  CHECK(result<std::string>(status::empty).value_or("text") == "text");
}

TEST_CASE("value_or gives the value, or what it was given", "[result]") {
  CHECK(result<int>(1).value_or(2) == 1);
  CHECK(result<int>(status::full).value_or(2) == 2);
  const result<std::string> kept = std::string("a");
  CHECK(kept.value_or("b") == "a");
  CHECK(kept.has_value());
  static_assert(result<int>(1).value_or(2) == 1);
}

TEST_CASE("and_then, transform and or_else chain, and pass a failure on unseen", "[result]") {
  CHECK(answer(result<int>(3)) == 7);
  CHECK(answer(result<int>(0)) == -1);
  CHECK(answer(result<int>(status::closed)) == -1);
  bool called = false;
  const auto failed = result<int>(status::stopped).transform([&](int x) {
    called = true;
    return std::to_string(x);
  });
  static_assert(std::is_same_v<decltype(failed), const result<std::string>>);
  CHECK(failed.error() == status::stopped);
  CHECK_FALSE(called);
  CHECK(result<int>(8).transform([](int x) { return std::to_string(x); }).value() == "8");
  CHECK(result<int>(status::timeout)
            .or_else([](status s) -> result<int> { return static_cast<int>(s.value()); })
            .value() == static_cast<int>(status::timeout));
  CHECK(result<int>(9).or_else([](status) -> result<int> { return 0; }).value() == 9);
}

TEST_CASE("and_then, transform and or_else leave an lvalue as it was", "[result]") {
  result<std::string> got(std::string("kept"));
  CHECK(got.transform([](const std::string& text) { return text.size(); }).value() == 4);
  CHECK(got.and_then([](std::string text) -> result<char> { return text[0]; }).value() == 'k');
  CHECK(got.or_else([](status) -> result<std::string> { return std::string("other"); }).value() == "kept");
  CHECK(got.value() == "kept");
  const result<std::string> failed(status::closed);
  CHECK(failed.transform([](const std::string& text) { return text.size(); }).error() == status::closed);
  CHECK(failed.or_else([](status s) -> result<std::string> { return std::string(s.name()); }).value() == "closed");
}

TEST_CASE("transform moves a move-only value through, and may end in void", "[result]") {
  result<std::unique_ptr<int>> got = std::make_unique<int>(10);
  auto number = std::move(got).transform([](std::unique_ptr<int> p) { return *p; });
  CHECK(number.value() == 10);
  int seen = 0;
  const result<void> done = result<int>(11).transform([&](int x) { seen = x; });
  CHECK(done.has_value());
  CHECK(seen == 11);
  const result<void> not_done = result<int>(status::empty).transform([&](int) { seen = 0; });
  CHECK(not_done.error() == status::empty);
  CHECK(seen == 11);
}

TEST_CASE("a result of void says that it was done, or why not", "[result]") {
  const result<void> done;
  CHECK(done.has_value());
  CHECK(done.error() == status::ok);
  *done;
  done.value();
  const result<void> failed = status::abandoned;
  CHECK_FALSE(static_cast<bool>(failed));
  CHECK(failed.error() == status::abandoned);
  CHECK(done.transform([] { return 1; }).value() == 1);
  CHECK(failed.transform([] { return 1; }).error() == status::abandoned);
  CHECK(done.and_then([]() -> result<int> { return 2; }).value() == 2);
  CHECK(failed.and_then([]() -> result<int> { return 2; }).error() == status::abandoned);
  CHECK(failed.or_else([](status) { return result<void>(); }).has_value());
  CHECK(done.or_else([](status s) { return result<void>(s); }).has_value());
}

TEST_CASE("results are compared as what they hold, and with a value or a status", "[result]") {
  using number = result<int>;
  constexpr number five = 5;
  static_assert(five == result<int>(5) && five != result<int>(6));
  static_assert(number(status::empty) == result<int>(status::empty) &&
                number(status::empty) != result<int>(status::closed));
  static_assert(five != number(status::empty) && number(status::empty) != five);
  static_assert(five == result<long>(5) && number(status::empty) == result<long>(status::empty) &&
                five != result<long>(6));
  static_assert(five == 5 && 5 == five && five != 6 && number(status::empty) != 5 && five == 5L);
  static_assert(number(status::empty) == status::empty && status::empty == number(status::empty) &&
                number(status::empty) != status::closed);
  static_assert(number(status::empty) == status(status::empty) && five == status::ok && five != status::empty);
  constexpr result<int> three = static_cast<int>(status::closed);  // a number, not a status
  static_assert(three != status::closed && three == 3);
  static_assert(result<void>() == result<void>() && result<void>() == status::ok);
  static_assert(result<void>(status::full) == status::full && result<void>(status::full) != result<void>());
  // a status that a result is made from is its value
  static_assert(result<status>(status::full) == status::full && result<status>(status::full) != status::ok);
  static_assert(result<result<int>>(result<int>(1)) == result<int>(1));
  CHECK(result<std::string>(std::string("a")) == "a");
  CHECK(result<std::string>(std::string("a")) != std::string("b"));
  CHECK(result<std::unique_ptr<int>>(nullptr) == nullptr);
  CHECK(result<std::unique_ptr<int>>(status::closed) != nullptr);
  // what T cannot, a result cannot
  static_assert(!std::equality_comparable<result<letter>>);
  static_assert(!std::equality_comparable_with<result<int>, std::string>);
  static_assert(requires(result<letter> r) { r == status::closed; });
  static_assert(std::equality_comparable<result<int>> && std::equality_comparable<result<void>>);
}

namespace {

struct greeting {
  const char* text;
  friend std::ostream& operator<<(std::ostream& out, const greeting& g) { return out << g.text; }
};

template <class... Things>
std::string printed(const Things&... things) {
  std::ostringstream out;
  (out << ... << things);
  return out.str();
}

}  // namespace

TEST_CASE("a status prints its name, a result its value or else its status", "[status][result]") {
  for (const status::code code : every_code) {
    CHECK(printed(status(code)) == status(code).name());
    CHECK(printed(code) == status(code).name());
  }
  CHECK(printed(result<int>(5), ' ', result<int>(status::closed)) == "5 closed");
  CHECK(printed(result<std::string>(std::string("hello"))) == "hello");
  CHECK(printed(result<greeting>(greeting{"hi"})) == "hi");
  CHECK(printed(result<letter>(letter(1)), ' ', result<letter>(status::timeout)) == "ok timeout");
  CHECK(printed(result<status>(status(status::full))) == "full");
  CHECK(printed(result<void>(), ' ', result<void>(status::abandoned)) == "ok abandoned");
  CHECK(printed(result<result<int>>(result<int>(3))) == "3");
  std::ostringstream narrow;
  std::ostream& same = (narrow << status(status::ok) << result<int>(1));
  CHECK(&same == &narrow);
}

TEST_CASE("a result can be used in constant expressions", "[result]") {
  static_assert(answer(result<int>(3)) == 7);
  static_assert(result<int>(status::full).error() == status::full);
  static_assert(result<int>(4).value() == 4 && *result<int>(4) == 4);
  static_assert(result<void>().has_value());
  SUCCEED();
}

TEST_CASE("asking a result for the value it does not have is misuse, and so is a failure called ok",
          "[result][death]") {
  const auto dies = [](auto misuse) {
    const auto end = support::death_of(misuse);
    INFO(end.said);
    CHECK(end.in_one_sentence());
  };
  dies([] { static_cast<void>(result<int>(status::empty).value()); });
  dies([] {
    result<int> none = status::empty;
    static_cast<void>(*none);
  });
  dies([] {
    const result<int> none = status::empty;
    static_cast<void>(none.value());
  });
  dies([] {
    const result<std::string> none = status::empty;
    static_cast<void>(none->size());
  });
  dies([] { static_cast<void>(*result<std::unique_ptr<int>>(status::closed)); });
  dies([] { result<void>(status::closed).value(); });
  dies([] { *result<void>(status::closed); });
  dies([] { static_cast<void>(result<int>(status(status::ok))); });
  dies([] { static_cast<void>(result<void>(status(status::ok))); });
}
