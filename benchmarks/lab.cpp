// How fast the lab explores: executions and steps a second, on models of the usual size. One iteration is a whole
// exploration; `benchmarks/run --lab` runs it.
#include <cstdint>

#include <benchmark/benchmark.h>

#include <tandem/lab/lab.hpp>
#include <tandem/tandem.hpp>

namespace {

namespace lab = tandem::lab;
using order = tandem::memory_order;

/// The smallest thing worth a model: a ring for one sender and one receiver, with room for one message.
class ring {
 public:
  bool push(int value) {
    const unsigned tail = tail_.load(order::relaxed);
    if (tail - head_.load(order::acquire) == 1) return false;
    slot_ = value;
    tail_.store(tail + 1, order::release);
    return true;
  }
  bool pop(int& value) {
    const unsigned head = head_.load(order::relaxed);
    if (tail_.load(order::acquire) == head) return false;
    value = slot_;
    head_.store(head + 1, order::release);
    return true;
  }

 private:
  tandem::atomic<unsigned> head_{0};
  tandem::atomic<unsigned> tail_{0};
  tandem::cell<int> slot_;
};

void ring_of_one(int messages) {
  ring r;
  const auto receiver = lab::spawn("receiver", [&] {
    for (int i = 0; i < messages; ++i) {
      int got = -1;
      while (!r.pop(got)) tandem::platform::yield();
      lab::check(got == i, "in order");
    }
  });
  for (int i = 0; i < messages; ++i) {
    while (!r.push(i)) tandem::platform::yield();
  }
}

void rendezvous(int messages) {
  tandem::rendezvous<int> channel;
  const auto receiver = lab::spawn("receiver", [&] {
    for (int i = 0; i < messages; ++i) lab::check(channel.receive().value_or(-1) == i, "in order");
  });
  for (int i = 0; i < messages; ++i) lab::check(static_cast<bool>(channel.send(i)), "sent");
}

void mailbox(int messages) {
  tandem::mailbox<int> box(1);
  const auto receiver = lab::spawn("receiver", [&] {
    for (int i = 0; i < messages; ++i) lab::check(box.receive().value_or(-1) == i, "in order");
  });
  for (int i = 0; i < messages; ++i) lab::check(static_cast<bool>(box.send(i)), "sent");
}

void future(int) {
  tandem::promise<int> promise;
  auto future = promise.get_future();
  const auto getter = lab::spawn("getter", [&] { lab::check(future.get().value_or(-1) == 3, "kept"); });
  lab::check(static_cast<bool>(promise.set_value(3)), "set");
}

/// `messages` through `model`, at `preemptions`, and with the reduction or without.
void explore(benchmark::State& state, void (*model)(int)) {
  const auto messages = static_cast<int>(state.range(0));
  lab::options chosen;
  chosen.preemptions = static_cast<unsigned>(state.range(1));
  chosen.reduce = state.range(2) != 0;
  chosen.rereads = 0;  // as in those models that would otherwise take too long
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  for (auto _ : state) {
    const auto report = lab::explore(chosen, [&] { model(messages); });
    if (!report.exhausted) state.SkipWithError(report.summary().c_str());
    executions += report.executions;
    steps += report.steps;
    state.counters["executions"] = static_cast<double>(report.executions);
    state.counters["complete"] = static_cast<double>(report.complete);
    state.counters["states"] = static_cast<double>(report.states);
  }
  state.counters["executions/s"] = benchmark::Counter(static_cast<double>(executions), benchmark::Counter::kIsRate);
  state.counters["steps/s"] = benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}

}  // namespace

BENCHMARK_CAPTURE(explore, ring, ring_of_one)
    ->ArgNames({"messages", "preemptions", "reduce"})
    ->Args({2, 2, 0})
    ->Args({2, 2, 1})
    ->Args({3, 4, 0})
    ->Args({3, 4, 1});
BENCHMARK_CAPTURE(explore, rendezvous, rendezvous)
    ->ArgNames({"messages", "preemptions", "reduce"})
    ->Args({2, 2, 0})
    ->Args({2, 2, 1})
    ->Args({2, 3, 1});
BENCHMARK_CAPTURE(explore, mailbox, mailbox)
    ->ArgNames({"messages", "preemptions", "reduce"})
    ->Args({1, 2, 0})
    ->Args({1, 2, 1})
    ->Args({2, 2, 1});
BENCHMARK_CAPTURE(explore, future, future)
    ->ArgNames({"messages", "preemptions", "reduce"})
    ->Args({1, 2, 0})
    ->Args({1, 3, 1});

BENCHMARK_MAIN();
