// W6, a promise and its future: on one thread, and as a round trip between two.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contestants/mutex_cv.hpp"
#include "contestants/raw_hand_off.hpp"
#include "contestants/standard_future.hpp"
#include "contestants/tandem.hpp"
#include "support/payload.hpp"
#include "support/scenario.hpp"
#include "support/stopwatch.hpp"
#include "workloads.hpp"
#if BENCH_HAS_BOOST_FIBER
#include "contestants/boost_fiber.hpp"
#endif

namespace bench {
namespace {

template <class F, class T>
concept one_shot = requires(typename F::promise& giver, typename F::future& taker, const T& in, T& out) {
  { F::name } -> std::convertible_to<std::string_view>;
  { F::make() } -> std::same_as<std::pair<typename F::promise, typename F::future>>;
  { F::keep(giver, in) } -> std::same_as<bool>;
  { F::collect(taker, out) } -> std::same_as<bool>;
};

/// Make, keep, collect, forget: what the mechanism costs when nobody waits.
template <class T, one_shot<T> F>
std::vector<role> same_thread(std::uint64_t messages) {
  return {[messages] {
    ledger arrivals;
    for (std::uint64_t sequence = 1; sequence <= messages; ++sequence) {
      auto [giver, taker] = F::make();
      T message;
      if (!F::keep(giver, stamped<T>(0, sequence)) || !F::collect(taker, message)) {
        return false;
      }
      arrivals.enter(message);
    }
    return arrivals.sound() && arrivals.sum() == sum_of(0, messages);
  }};
}

/// Two fresh pairs a round trip, one for the question and one for the answer, and nothing else between the threads:
/// before it keeps the promise of a question, the asker lays down what the helper needs next (the promise of its
/// answer, the future of the next question), and the question itself is what makes that visible.
template <class T, one_shot<T> F>
class correspondence {
 public:
  bool ask(std::size_t asker, stopwatch& watch) {
    bool sound = true;
    const bool whole = watch.time([&](std::uint64_t sequence) {
      auto [answering, answer] = F::make();
      auto next = F::make();
      enclosure& with_it = enclosures_[sequence % 2];
      with_it.answering.emplace(std::move(answering));
      with_it.next_question.emplace(std::move(next.second));
      const T question = stamped<T>(asker, sequence);
      T reply;
      if (!F::keep(asking_, question) || !F::collect(answer, reply)) {
        return false;
      }
      sound = sound && is_same(reply, question);
      asking_ = std::move(next.first);
      return true;
    });
    return whole && sound;
  }
  bool help(std::uint64_t count) {
    ledger questions;
    for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
      T question;
      if (!F::collect(asked_, question)) {
        return false;
      }
      questions.enter(question);
      enclosure& with_it = enclosures_[sequence % 2];
      auto answering = std::move(*with_it.answering);
      asked_ = std::move(*with_it.next_question);
      if (!F::keep(answering, question)) {
        return false;
      }
    }
    return questions.sound();
  }

 private:
  struct alignas(128) enclosure {
    std::optional<typename F::promise> answering;
    std::optional<typename F::future> next_question;
  };

  explicit correspondence(std::pair<typename F::promise, typename F::future> first)
      : asking_(std::move(first.first)), asked_(std::move(first.second)) {}

  std::array<enclosure, 2> enclosures_;      // written again two questions later: by then both were read
  alignas(128) typename F::promise asking_;  // the asker's alone
  alignas(128) typename F::future asked_;    // the helper's alone

 public:
  correspondence() : correspondence(F::make()) {}
};

template <class T, one_shot<T> F>
std::vector<role> correspond(std::uint64_t messages, std::size_t pairs) {
  std::vector<role> cast;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const auto shared = std::make_shared<correspondence<T, F>>();
    const std::uint64_t count = share(messages, pairs, pair);
    const auto watch = std::make_shared<stopwatch>(count, pairs);
    cast.emplace_back(watch, [=] { return shared->ask(pair, *watch); });
    cast.push_back([=] { return shared->help(count); });
  }
  return cast;
}

template <class T, one_shot<T> F>
void add_same_thread() {
  add({"W6/future_same_thread", std::string(F::name), sizeof(T), placement::one_core, same_thread<T, F>});
}

template <class T, one_shot<T> F>
void add_contestant() {
  add_same_thread<T, F>();
  for (const placement where : every_placement) {
    const std::size_t pairs = where == placement::crowd ? crowd_size() : 1;
    add({"W6/future_round_trip", std::string(F::name), sizeof(T), where,
         [=](std::uint64_t messages) { return correspond<T, F>(messages, pairs); }});
  }
}

template <class T>
void add_all() {
  add_contestant<T, tandem_future<T>>();
  add_same_thread<T, heap_slot<T>>();
  add_round_trips<T, raw_hand_off<T, by_spinning>>("W6/future_round_trip");
  add_round_trips<T, raw_hand_off<T, by_yielding>>("W6/future_round_trip");
  add_contestant<T, standard_future<T>>();
  add_contestant<T, mutex_cv_future<T>>();
#if BENCH_HAS_BOOST_FIBER
  add_contestant<T, boost_fiber_future<T>>();
#endif
}

}  // namespace

void add_future() {
  add_all<payload<8>>();
  add_all<payload<64>>();
}

}  // namespace bench
