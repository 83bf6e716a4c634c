// The workloads, written once for every contestant.
//
// A contestant is a channel as simple as possible: `send` and `receive` wait as long as it takes and return false when
// the channel is broken (which no run survives). How many messages each thread handles is agreed beforehand, because
// half of the rivals cannot be closed.
//
// A stopwatch times what one caller waits for: of a round trip a question and its answer, of a stream one `send`, of a
// select one message received.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog.hpp"
#include "measure.hpp"
#include "payload.hpp"
#include "placement.hpp"
#include "stopwatch.hpp"
#include "work.hpp"

namespace bench {

/// What a contestant does while it waits.
enum class waiting {
  parks,   ///< it gives the core away in the end
  yields,  ///< it offers the core again and again
  spins    ///< it keeps the core: on one core, a partner waits for the end of the time slice (8 ms a round trip)
};

template <class C, class T>
concept contestant = requires(C& channel, const T& in, T& out) {
  { C::name } -> std::convertible_to<std::string_view>;
  { C::how_it_waits } -> std::convertible_to<waiting>;
  { C::serves_many } -> std::convertible_to<bool>;  // more than one thread at an end
  { channel.send(in) } -> std::same_as<bool>;
  { channel.receive(out) } -> std::same_as<bool>;
};

/// Whether it makes sense to run it there. Contestants that spin without a bound run only with a core for each thread.
constexpr bool runs_on(waiting how, placement where) noexcept {
  return how != waiting::spins || where == placement::two_cores;
}

/// Keeps neighbours off a contestant's cache lines (two, because cores fetch lines in pairs).
template <class C>
struct alignas(128) set_apart {
  C channel;
  template <class... A>
  explicit set_apart(const A&... arguments) : channel(arguments...) {}
};

/// The index-th of `ways` fair shares of `total`.
constexpr std::uint64_t share(std::uint64_t total, std::size_t ways, std::size_t index) noexcept {
  return total / ways + (index < total % ways ? 1 : 0);
}

/// Questions one way, the same message back the other: `messages` round trips by `pairs` pairs of threads, each pair
/// with two channels of its own.
template <class T, contestant<T> C, class... A>
std::vector<role> round_trips(std::uint64_t messages, std::size_t pairs, const A&... arguments) {
  struct line {
    set_apart<C> there, back;
    explicit line(const A&... a) : there(a...), back(a...) {}
  };
  std::vector<role> cast;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    const auto shared = std::make_shared<line>(arguments...);
    const std::uint64_t count = share(messages, pairs, pair);
    const auto watch = std::make_shared<stopwatch>(count, pairs);
    cast.emplace_back(watch, [shared, pair, watch] {
      bool sound = true;
      const bool whole = watch->time([&](std::uint64_t sequence) {
        const T question = stamped<T>(pair, sequence);
        T answer;
        if (!shared->there.channel.send(question) || !shared->back.channel.receive(answer)) {
          return false;
        }
        sound = sound && is_same(answer, question);
        return true;
      });
      return whole && sound;
    });
    cast.push_back([shared, count] {
      ledger questions;
      for (std::uint64_t left = count; left > 0; --left) {
        T question;
        if (!shared->there.channel.receive(question) || !shared->back.channel.send(question)) {
          return false;
        }
        questions.enter(question);
      }
      return questions.sound();
    });
  }
  return cast;
}

/// Who takes part in a stream, and how long each works for a message besides.
struct company {
  std::size_t senders;
  std::size_t receivers;
  work of_sender = {};
  work of_receiver = {};
};

/// `messages` one way over one channel, from those who send to those who receive.
template <class T, contestant<T> C, class... A>
std::vector<role> stream(std::uint64_t messages, const company& who, const A&... arguments) {
  const auto [senders, receivers, of_sender, of_receiver] = who;
  struct line {
    set_apart<C> link;
    std::atomic<std::uint64_t> outstanding{0};  // the sum of all stamps sent and not yet accounted for
    std::atomic<std::size_t> still_receiving;
    line(std::size_t receiving, const A&... a) : link(a...), still_receiving(receiving) {}
  };
  const auto shared = std::make_shared<line>(receivers, arguments...);
  std::vector<role> cast;
  for (std::size_t sender = 0; sender < senders; ++sender) {
    const std::uint64_t count = share(messages, senders, sender);
    shared->outstanding += sum_of(sender, count);
    const auto watch = std::make_shared<stopwatch>(count, senders);
    cast.emplace_back(watch, [shared, sender, watch, works = of_sender] {
      return watch->time([&](std::uint64_t sequence) {
        works();
        return shared->link.channel.send(stamped<T>(sender, sequence));
      });
    });
  }
  for (std::size_t receiver = 0; receiver < receivers; ++receiver) {
    const std::uint64_t count = share(messages, receivers, receiver);
    cast.push_back([shared, count, works = of_receiver] {
      ledger arrivals;
      for (std::uint64_t left = count; left > 0; --left) {
        T message;
        if (!shared->link.channel.receive(message)) {
          return false;
        }
        arrivals.enter(message);
        works();
      }
      shared->outstanding -= arrivals.sum();
      const bool last = --shared->still_receiving == 0;
      return arrivals.sound() && (!last || shared->outstanding == 0);
    });
  }
  return cast;
}

/// How many channels a select looks at.
inline constexpr std::size_t ways = 4;

/// What all messages of `senders` senders add up to, who send a fair share each.
constexpr std::uint64_t sum_of_all(std::size_t senders, std::uint64_t messages) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t sender = 0; sender < senders; ++sender) {
    sum += sum_of(sender, share(messages, senders, sender));
  }
  return sum;
}

/// Several channels, of which one receiver takes what comes first.
template <class S, class T>
concept selection = requires(S& channels, std::size_t way, const T& in, T& out) {
  { S::name } -> std::convertible_to<std::string_view>;
  { S::how_it_waits } -> std::convertible_to<waiting>;
  { channels.send(way, in) } -> std::same_as<bool>;
  { channels.receive_any(out) } -> std::same_as<bool>;
};

/// From one thread over each of the channels to one that takes what comes first.
template <class T, selection<T> S, class... A>
std::vector<role> select_streams(std::uint64_t messages, const A&... arguments) {
  const auto shared = std::make_shared<set_apart<S>>(arguments...);
  std::vector<role> cast;
  const auto watch = std::make_shared<stopwatch>(messages, 1);
  cast.emplace_back(watch, [shared, messages, watch] {
    ledger arrivals;
    const bool whole = watch->time([&](std::uint64_t) {
      T message;
      if (!shared->channel.receive_any(message)) {
        return false;
      }
      arrivals.enter(message);
      return true;
    });
    return whole && arrivals.sound() && arrivals.sum() == sum_of_all(ways, messages);
  });
  for (std::size_t way = 0; way < ways; ++way) {
    const std::uint64_t count = share(messages, ways, way);
    cast.push_back([shared, way, count] {
      for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
        if (!shared->channel.send(way, stamped<T>(way, sequence))) {
          return false;
        }
      }
      return true;
    });
  }
  return cast;
}

/// Adds a round trip of contestant C everywhere it can run.
template <class T, contestant<T> C, class... A>
void add_round_trips(const std::string& workload, const A&... arguments) {
  for (const placement where : every_placement) {
    if (runs_on(C::how_it_waits, where)) {
      const std::size_t pairs = where == placement::crowd ? crowd_size() : 1;
      add({workload, std::string(C::name), sizeof(T), where,
           [=](std::uint64_t messages) { return round_trips<T, C>(messages, pairs, arguments...); }});
    }
  }
}

/// Adds the streams 1to1, 4to1 and 4to4 of contestant C everywhere it can run, and NtoN in a crowd.
template <class T, contestant<T> C, class... A>
void add_streams(const std::string& workload, const std::string& suffix, const A&... arguments) {
  const auto add_one = [&](const std::string& shape, std::size_t senders, std::size_t receivers, placement where) {
    if (runs_on(C::how_it_waits, where) && (C::serves_many || senders + receivers == 2)) {
      add({workload + '_' + shape + suffix, std::string(C::name), sizeof(T), where,
           [=](std::uint64_t messages) { return stream<T, C>(messages, {senders, receivers}, arguments...); }});
    }
  };
  for (const placement where : few_threads) {
    add_one("1to1", 1, 1, where);
    add_one("4to1", 4, 1, where);
    add_one("4to4", 4, 4, where);
  }
  add_one("NtoN", crowd_size(), crowd_size(), placement::crowd);
}

/// Adds streams in which threads work for each message, so that they wait for one another now and then.
template <class T, contestant<T> C, class... A>
void add_working_streams(const std::string& workload, const A&... arguments) {
  using std::chrono::nanoseconds;
  const auto add_one = [&](const std::string& shape, std::size_t senders, nanoseconds of_sender,
                           nanoseconds of_receiver) {
    for (const placement where : few_threads) {
      if (!runs_on(C::how_it_waits, where)) continue;
      add({workload + '_' + shape, std::string(C::name), sizeof(T), where, [=](std::uint64_t messages) {
             return stream<T, C>(messages, {senders, 1, work(of_sender), work(of_receiver)}, arguments...);
           }});
    }
  };
  add_one("1to1_1100_0", 1, nanoseconds(1100), nanoseconds(0));
  add_one("1to1_3000_0", 1, nanoseconds(3000), nanoseconds(0));
  add_one("2to1_0_2000", 2, nanoseconds(0), nanoseconds(2000));
  add_one("4to1_3000_500", 4, nanoseconds(3000), nanoseconds(500));
  add_one("8to1_0_1200", 8, nanoseconds(0), nanoseconds(1200));
}

/// Adds the select of contestant S.
template <class T, selection<T> S, class... A>
void add_selects(const std::string& workload, const A&... arguments) {
  for (const placement where : few_threads) {
    if (runs_on(S::how_it_waits, where)) {
      add({workload, std::string(S::name), sizeof(T), where,
           [=](std::uint64_t messages) { return select_streams<T, S>(messages, arguments...); }});
    }
  }
}

}  // namespace bench
