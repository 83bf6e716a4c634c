// The worst of a million: how long one operation may take beside a thread that asks without end.
//
// A table of p50 and p99 says nothing of the one wait in a million that a user remembers. So here one thread does an
// operation a million times and times each; another, on a core of its own, polls the same channel with a try_ that
// never rests. If the poller could keep the other one out (of a lock, say), it would show. Each row is a process of its
// own.
//
// The machine has pauses of its own: other programs, the host of a virtual machine. The row `clock` shows them: it
// reads the clock until half a microsecond has gone by, beside a poller of a flag. In two rows both take a lock and
// give it back without end: a std::mutex, and the lock that every channel has inside.
//
// usage: tandem_worst [operations [rounds [name]]]; `benchmarks/run --worst` builds and runs it. The table shows the
// median of all rounds, and of `worst` also the worst of all.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/detail/mutex.hpp>
#include <tandem/tandem.hpp>

#include "support/apart.hpp"
#include "support/neighbours.hpp"
#include "support/placement.hpp"

namespace {

using wall_clock = std::chrono::steady_clock;

/// One operation, and what disturbs it: `poll` is called without end until `over` is set, on a thread of its own.
struct row {
  const char* name;
  const char* poller;
  std::function<bool(std::uint64_t number)> operate;  ///< what is timed; false: it went wrong
  std::function<void(const std::atomic<bool>& over)> poll;
  std::function<bool(std::uint64_t number)> prepare = {};  ///< before each of them, if not empty; not timed
};

/// What one round has found, in nanoseconds.
struct times {
  double p50 = 0;
  double p99 = 0;
  double p9999 = 0;
  double worst = 0;
  bool sound = false;
};

// Polls `attempt(n)` until it has held for n = 1, 2, 3 ...; `over` ends it.
template <std::predicate<std::uint64_t> Attempt>
void until_over(const std::atomic<bool>& over, Attempt attempt) {
  for (std::uint64_t number = 1; !over.load(std::memory_order::relaxed);) {
    if (attempt(number)) ++number;
  }
}

/// As long as most others take, so that it meets as many of the machine's own pauses.
row of_the_clock() {
  const auto flag = std::make_shared<std::atomic<std::uint64_t>>(0);
  const auto half_a_microsecond = [](std::uint64_t) {
    for (const auto begin = wall_clock::now(); wall_clock::now() - begin < std::chrono::nanoseconds(500);) {
    }
    return true;
  };
  return {"clock, half a microsecond", "a load", half_a_microsecond,
          [flag](const auto& over) { until_over(over, [&](std::uint64_t n) { return flag->load() == n; }); }};
}

/// The section is as long as one at a rendezvous.
template <class Mutex>
row of_a_lock(const char* name) {
  struct guarded {
    Mutex mutex;
    volatile unsigned inside = 0;
  };
  const auto shared = std::make_shared<guarded>();
  const auto take = [shared](std::uint64_t) {
    shared->mutex.lock();
    for (int i = 0; i < 20; ++i) shared->inside = shared->inside + 1;
    shared->mutex.unlock();
    return true;
  };
  return {name, "lock, unlock", take, [take](const auto& over) { until_over(over, take); }};
}

template <class Channel>
row of_receiving(const char* name, std::shared_ptr<Channel> channel) {
  return {name, "try_send", [channel](std::uint64_t number) { return channel->receive().value_or(0) == number; },
          [channel](const auto& over) {
            until_over(over, [&](std::uint64_t n) { return channel->try_send(n) == tandem::status::ok; });
          }};
}

template <class Channel>
row of_sending(const char* name, std::shared_ptr<Channel> channel) {
  return {name, "try_receive", [channel](std::uint64_t number) { return channel->send(number) == tandem::status::ok; },
          [channel](const auto& over) {
            until_over(over, [&](std::uint64_t n) { return channel->try_receive().value_or(0) == n; });
          }};
}

/// A promise is kept while its future is polled. Each has a fresh pair: the poller takes the future from `handed`.
row of_a_promise() {
  struct meeting {
    std::optional<tandem::promise<std::uint64_t>> promise;
    std::optional<tandem::future<std::uint64_t>> handed;
    std::atomic<int> stage{0};  // 1: there is a future, 2: it is being polled, 0: the poller has the value
  };
  const auto shared = std::make_shared<meeting>();
  const auto await_stage = [shared](int stage) {
    while (shared->stage.load(std::memory_order::acquire) != stage) std::this_thread::yield();
  };
  return {"promise set_value", "try_get",
          [=](std::uint64_t number) { return shared->promise->set_value(number) == tandem::status::ok; },
          [=](const auto& over) {
            std::optional<tandem::future<std::uint64_t>> mine;
            until_over(over, [&](std::uint64_t number) {
              if (!mine) {
                if (shared->stage.load(std::memory_order::acquire) != 1) return false;
                mine = std::exchange(shared->handed, std::nullopt);
                shared->stage.store(2, std::memory_order::release);
              }
              if (mine->try_get().value_or(0) != number) return false;
              mine.reset();
              shared->stage.store(0, std::memory_order::release);
              return true;
            });
          },
          [=](std::uint64_t) {
            await_stage(0);
            shared->promise.emplace();
            shared->handed = shared->promise->get_future();
            shared->stage.store(1, std::memory_order::release);
            await_stage(2);
            return true;
          }};
}

/// A select waits for one of two rendezvous; the poller tries each in turn.
row of_a_select() {
  struct two {
    std::array<tandem::rendezvous<std::uint64_t>, 2> channels;
    std::uint64_t got = 0;
    auto arm(std::size_t which) {
      return tandem::receive_from(channels[which],
                                  [this](tandem::result<std::uint64_t> message) { got = message.value_or(0); });
    }
  };
  using receiving = decltype(std::declval<two&>().arm(0));
  struct with_arms : two {
    receiving first = arm(0), second = arm(1);
  };
  const auto shared = std::make_shared<with_arms>();
  return {"select of two rendezvous", "try_send to each",
          [shared](std::uint64_t number) {
            tandem::select(shared->first, shared->second);
            return shared->got == number;
          },
          [shared](const auto& over) {
            std::uint64_t attempts = 0;
            until_over(over, [&](std::uint64_t number) {
              return shared->channels[++attempts % 2].try_send(number) == tandem::status::ok;
            });
          }};
}

std::vector<row> rows() {
  using number = std::uint64_t;
  return {of_the_clock(),
          of_a_lock<std::mutex>("std::mutex lock"),
          of_a_lock<tandem::detail::mutex>("a channel's lock"),
          of_receiving("rendezvous receive", std::make_shared<tandem::rendezvous<number>>()),
          of_sending("rendezvous send", std::make_shared<tandem::rendezvous<number>>()),
          of_receiving("mailbox(1) receive", std::make_shared<tandem::mailbox<number>>(1)),
          of_sending("mailbox(1) send", std::make_shared<tandem::mailbox<number>>(1)),
          of_a_promise(),
          of_a_select()};
}

times play(const row& which, std::uint64_t operations) {
  std::atomic<bool> over = false;
  std::thread poller([&] {
    bench::pin_this_thread(bench::placement::two_cores, 1);
    which.poll(over);
  });
  times result;
  result.sound = true;
  std::vector<float> all(operations);  // a float holds 16 ms to the nanosecond
  std::thread operating([&] {
    bench::pin_this_thread(bench::placement::two_cores, 0);
    for (std::uint64_t number = 1; number <= operations && result.sound; ++number) {
      if (which.prepare) result.sound = which.prepare(number);
      const auto begin = wall_clock::now();
      const bool sound = which.operate(number);
      all[number - 1] = std::chrono::duration<float, std::nano>(wall_clock::now() - begin).count();
      result.sound = result.sound && sound;
    }
  });
  operating.join();
  over = true;
  poller.join();
  std::sort(all.begin(), all.end());
  const auto at = [&](double share) {
    return all[static_cast<std::size_t>(static_cast<double>(operations - 1) * share)];
  };
  result.p50 = at(0.5);
  result.p99 = at(0.99);
  result.p9999 = at(0.9999);
  result.worst = at(1);
  return result;
}

double median_of(const std::vector<times>& rounds, double times::* figure) {
  std::vector<double> values;
  for (const times& each : rounds) values.push_back(each.*figure);
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const auto number_at = [&](int index, std::uint64_t otherwise) {
    const std::uint64_t given = argc > index ? std::strtoull(argv[index], nullptr, 10) : 0;
    return given > 0 ? given : otherwise;
  };
  const std::uint64_t operations = number_at(1, 1'000'000);
  const std::uint64_t count = number_at(2, 5);
  if (bench::cores() < 2) {
    std::puts("skipped: a poller needs a core of its own");
    return EXIT_SUCCESS;
  }
  std::vector<row> all = rows();
  if (argc > 3)
    std::erase_if(all,
                  [&](const row& each) { return std::string_view(each.name).find(argv[3]) == std::string_view::npos; });
  std::vector<std::vector<times>> rounds(all.size());
  const bench::neighbours others;
  bool sound = true;
  for (std::uint64_t round = 0; round < count; ++round) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      rounds[i].push_back(bench::apart(120, [&] { return play(all[i], operations); }).value_or(times{}));
      sound = sound && rounds[i].back().sound;
    }
  }
  std::printf(
      "Nanoseconds of one operation beside a thread that polls without end, each on a core of its own: medians\n"
      "of %llu rounds of %llu operations, and the worst of all.\n",
      static_cast<unsigned long long>(count), static_cast<unsigned long long>(operations));
  if (const auto share = others.share()) std::printf("Others used %.0f %% of the machine.\n", *share * 100);
  std::printf("\n  %-26s %-18s %9s %9s %9s %11s %11s\n", "operation", "polled by", "p50", "p99", "p99.99", "worst",
              "worst of all");
  for (std::size_t i = 0; i < all.size(); ++i) {
    double worst = 0;
    bool whole = true;
    for (const times& each : rounds[i]) {
      worst = std::max(worst, each.worst);
      whole = whole && each.sound;
    }
    std::printf("  %-26s %-18s %9.0f %9.0f %9.0f %11.0f %11.0f%s\n", all[i].name, all[i].poller,
                median_of(rounds[i], &times::p50), median_of(rounds[i], &times::p99),
                median_of(rounds[i], &times::p9999), median_of(rounds[i], &times::worst), worst,
                whole ? "" : "  a message was lost, or it did not end");
  }
  return sound ? EXIT_SUCCESS : EXIT_FAILURE;
}
