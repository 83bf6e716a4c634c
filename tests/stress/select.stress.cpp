// Selects under load: threads and coroutines, by select, by selector and by plain operations, on the same channels;
// with deadlines, stops and a close. Every message is tagged: accepted == received, each once.
#include <tandem/blend/selector.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/catch.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/pin.hpp"
#include "support/started.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::dice;
using support::effort;
using support::letter;
using support::started;
using support::tagged;
using tandem::after;
using tandem::co_select;
using tandem::receive_from;
using tandem::result;
using tandem::run_loop;
using tandem::select;
using tandem::selector;
using tandem::send_to;
using tandem::status;
using tandem::stop_requested;
using tandem::task;

namespace {

// Who sent what, and whether it came, once.
class books {
 public:
  books(std::uint32_t senders, std::uint32_t each)
      : each_(each), accepted_(std::size_t{senders} * each), received_(std::size_t{senders} * each) {}

  void sent(const tagged& t) { ++accepted_[at(t)]; }
  void got(const result<tagged>& r) {
    if (!r) return;
    if (!r->intact()) std::abort();
    ++received_[at(*r)];
  }
  int wrong() const {
    int count = 0;
    for (std::size_t i = 0; i < accepted_.size(); ++i) {
      count += accepted_[i] != received_[i] || accepted_[i] > 1 ? 1 : 0;
    }
    return count;
  }
  int accepted() const {
    int count = 0;
    for (const auto& a : accepted_) count += a;
    return count;
  }

 private:
  std::size_t at(const tagged& t) const { return std::size_t{t.sender} * each_ + t.sequence; }
  std::uint32_t each_;
  std::vector<std::atomic<int>> accepted_, received_;
};

// A stop source that somebody else may use up at any time.
class stops {
 public:
  std::stop_token fresh() {
    const std::scoped_lock hold(mutex_);
    source_ = std::stop_source();
    return source_.get_token();
  }
  void request() {
    std::stop_source now;
    {
      const std::scoped_lock hold(mutex_);
      now = source_;
    }
    now.request_stop();
  }

 private:
  std::mutex mutex_;
  std::stop_source source_;
};

struct world {
  tandem::rendezvous<tagged> a, b;
  tandem::mailbox<tagged> c{1}, d{7};
  void close() {
    a.close();
    b.close();
    c.close();
    d.close();
  }
};

// One message, by one of many ways; false: everything is closed.
class sender {
 public:
  sender(world& w, books& account, std::uint32_t number, stops& stop)
      : w_(w), account_(account), number_(number), stop_(stop), chance_(support::seed_of_this_run() + number) {}

  void run(std::uint32_t messages) {
    for (std::uint32_t i = 0; i < messages; ++i) {
      tagged mine = tagged::make(number_, i);
      status how = status::full;
      while (!how && how != status::closed) how = once(mine);
      if (how) account_.sent(tagged::make(number_, i));
      if (!mine.intact()) std::abort();
      if (how == status::closed) return;
    }
  }

  started run_on(tandem::scheduler&, std::uint32_t messages) {
    for (std::uint32_t i = 0; i < messages; ++i) {
      tagged mine = tagged::make(number_, i);
      status how = status::full;
      while (!how && how != status::closed) {
        const auto note = [&how](status s) { how = s; };
        const auto take = [this](result<tagged> r) { account_.got(r); };
        switch (chance_.roll(6)) {
          case 0: how = co_await w_.a.co_send(std::move(mine)); break;
          case 1: how = co_await w_.d.co_send(std::move(mine)); break;
          case 2: co_await co_select(send_to(w_.a, mine, note), send_to(w_.c, mine, note)); break;
          case 3: co_await co_select(send_to(w_.b, mine, note), after(50us)); break;
          case 4: co_await co_select(send_to(w_.b, mine, note), stop_requested(stop_.fresh()), after(10ms)); break;
          default: co_await co_select(send_to(w_.a, mine, note), receive_from(w_.a, take), send_to(w_.b, mine, note));
        }
      }
      if (how) account_.sent(tagged::make(number_, i));
      if (how == status::closed) co_return;
    }
  }

 private:
  status once(tagged& mine) {
    status how = status::full;
    const auto note = [&how](status s) { how = s; };
    const auto take = [this](result<tagged> r) { account_.got(r); };
    switch (chance_.roll(10)) {
      case 0: return w_.a.send(std::move(mine));
      case 1: return w_.c.send(std::move(mine));
      case 2: return w_.b.try_send(std::move(mine));
      case 3: return w_.b.try_send_for(std::move(mine), 50us);
      case 4: select(send_to(w_.a, mine, note), send_to(w_.c, mine, note), send_to(w_.b, mine, note)); break;
      case 5: select(send_to(w_.d, mine, note), after(50us)); break;
      case 6: select(send_to(w_.b, mine, note), stop_requested(stop_.fresh()), after(10ms)); break;
      case 7: select(send_to(w_.a, mine, note), tandem::otherwise()); break;
      case 8: select(send_to(w_.a, mine, note), receive_from(w_.a, take), send_to(w_.b, mine, note)); break;
      default: select(send_to(w_.b, mine, note), receive_from(w_.c, take), after(100us));
    }
    return how;
  }

  world& w_;
  books& account_;
  std::uint32_t number_;
  stops& stop_;
  dice chance_;
};

// Receives until every channel is closed and drained.
void receive_by_selector(world& w, books& account) {
  selector all;
  bool last_was_closed = false;
  const auto take = [&](result<tagged> r) {
    account.got(r);
    last_was_closed = !r.has_value();
  };
  all.add(receive_from(w.a, take));
  all.add(receive_from(w.b, take));
  all.add(receive_from(w.c, take));
  all.add(receive_from(w.d, take));
  for (int open = 4; open > 0;) {
    const std::size_t fired = all.select();
    if (last_was_closed) {
      all.switch_on(fired, false);
      --open;
    }
  }
}

void receive_in_many_ways(world& w, books& account, std::uint64_t seed) {
  dice chance(seed);
  bool a = true, b = true, c = true, d = true;
  const auto into = [&](bool& open) {
    return [&account, &open](const result<tagged>& r) {
      account.got(r);
      open = r.has_value();
    };
  };
  const auto keep = [&](const result<tagged>& r, bool& open) {
    account.got(r);
    open = r.has_value() || r.error() != status::closed;
  };
  while (a || b || c || d) {
    switch (chance.roll(5)) {
      case 0: keep(w.a.try_receive_for(20us), a); break;
      case 1: keep(w.c.try_receive(), c); break;
      case 2: keep(w.d.try_receive_for(20us), d); break;
      case 3:
        select(receive_from(w.a, into(a)).only_if(a), receive_from(w.b, into(b)).only_if(b),
               receive_from(w.c, into(c)).only_if(c), receive_from(w.d, into(d)).only_if(d));
        break;
      default: select(receive_from(w.b, into(b)).only_if(b), after(30us));
    }
  }
}

started receive_on(tandem::scheduler&, world& w, books& account) {
  bool a = true, b = true, c = true, d = true;
  const auto into = [&](bool& open) {
    return [&account, &open](const result<tagged>& r) {
      account.got(r);
      open = r.has_value();
    };
  };
  while (a || b || c || d) {
    co_await co_select(receive_from(w.a, into(a)).only_if(a), receive_from(w.b, into(b)).only_if(b),
                       receive_from(w.c, into(c)).only_if(c), receive_from(w.d, into(d)).only_if(d));
  }
}

struct crowd {
  int sending_threads = 2;
  int receiving_threads = 1;
  int loops = 1;
  int sending_coroutines = 3;  // on each loop
  int receiving_coroutines = 2;
};

// True if the books balance.
bool traffic(const crowd& who, std::uint32_t each, bool closed_in_the_middle, bool one_core) {
  const support::watchdog guard("select under load, seed " + std::to_string(support::seed_of_this_run()), 280s);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  const auto senders = static_cast<std::uint32_t>(who.sending_threads + who.loops * who.sending_coroutines);
  books account(senders, each);
  world w;
  std::vector<stops> stop(senders);
  std::atomic<int> sending{static_cast<int>(senders)};
  const auto one_has_sent = [&] {
    if (--sending == 0) w.close();
  };
  std::vector<std::jthread> crew;
  std::uint32_t number = 0;
  for (int i = 0; i < who.sending_threads; ++i, ++number) {
    crew.emplace_back([&, number] {
      sender(w, account, number, stop[number]).run(each);
      one_has_sent();
    });
  }
  for (int i = 0; i < who.loops; ++i) {
    crew.emplace_back([&, first = number] {
      run_loop loop;
      std::vector<std::unique_ptr<sender>> people;
      std::vector<started> all;
      const auto work = [&]() -> task<> {
        for (int k = 0; k < who.receiving_coroutines; ++k) all.push_back(receive_on(loop, w, account));
        for (int k = 0; k < who.sending_coroutines; ++k) {
          const auto n = first + static_cast<std::uint32_t>(k);
          people.push_back(std::make_unique<sender>(w, account, n, stop[n]));
          all.push_back(people.back()->run_on(loop, each));
        }
        int told = 0;
        for (;;) {
          std::size_t over = 0;
          int have_sent = 0;
          for (std::size_t k = 0; k < all.size(); ++k) {
            over += all[k].done() ? 1U : 0U;
            have_sent += k >= static_cast<std::size_t>(who.receiving_coroutines) && all[k].done() ? 1 : 0;
          }
          for (; told < have_sent; ++told) one_has_sent();
          if (over == all.size()) break;
          co_await co_select(after(500us));
        }
      };
      loop.block_on(work());
    });
    number += static_cast<std::uint32_t>(who.sending_coroutines);
  }
  crew.emplace_back([&] { receive_by_selector(w, account); });
  for (int i = 0; i < who.receiving_threads; ++i) {
    crew.emplace_back([&, i] { receive_in_many_ways(w, account, support::seed_of_this_run() + 1000U + unsigned(i)); });
  }
  const std::jthread stopper([&](const std::stop_token& over) {
    dice chance(support::seed_of_this_run() + 7);
    while (!over.stop_requested()) {
      stop[chance.roll(senders)].request();
      std::this_thread::sleep_for(std::chrono::microseconds(20 + chance.roll(100)));
    }
  });
  if (closed_in_the_middle) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    w.close();
  }
  crew.clear();
  return account.wrong() == 0 && (closed_in_the_middle || account.accepted() == static_cast<int>(senders * each));
}

std::uint32_t messages(int rounds) { return static_cast<std::uint32_t>(effort(rounds)); }

}  // namespace

TEST_CASE("select: the books balance between threads, coroutines, selectors and plain operations", "[stress][select]") {
  const bool one_core = GENERATE(false, true);
  CHECK(traffic({1, 0, 0, 0, 0}, messages(60'000), false, one_core));
  CHECK(traffic({2, 1, 1, 3, 2}, messages(20'000), false, one_core));
  CHECK(traffic({4, 3, 2, 5, 5}, messages(10'000), false, one_core));
}

TEST_CASE("select: the books balance when all is closed in the middle", "[stress][select]") {
  const bool one_core = GENERATE(false, true);
  for (int i = 0; i < effort(60); ++i) CHECK(traffic({2, 1, 1, 3, 2}, 50'000, true, one_core));
}

TEST_CASE("select: two selects on both sides of two channels, again and again", "[stress][select]") {
  const support::watchdog guard("two selects, again and again", 280s);
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  const int rounds = effort(200'000);
  tandem::rendezvous<int> a, b;
  long sent = 0, received = 0;
  const auto both_ways = [&](long& gave, long& took, tandem::rendezvous<int>& out, tandem::rendezvous<int>& in) {
    for (int i = 0; i < rounds; ++i) {
      int value = i;
      select(send_to(out, value, [&](status how) { gave += how ? i : 0; }),
             receive_from(in, [&](result<int> r) { took += *r; }));
    }
  };
  long gave = 0, took = 0;
  std::jthread other([&] { both_ways(gave, took, a, b); });
  both_ways(sent, received, b, a);
  other.join();
  CHECK(sent == took);
  CHECK(gave == received);
}

TEST_CASE("select: coroutines that are destroyed while partners come lose nothing and leak nothing",
          "[stress][select]") {
  const support::watchdog guard("destroyed while partners come", 280s);
  const long before = letter::counts().live;
  const int rounds = effort(40'000);
  long sent = 0;
  std::atomic<long> received{0};
  {
    tandem::rendezvous<letter> a, b;
    tandem::mailbox<letter> c(1);
    std::jthread sends([&] {
      dice chance(support::seed_of_this_run());
      for (;;) {
        const status how = chance.one_in(2) ? a.try_send_for(letter(1), 200us) : c.send(letter(1));
        if (how) ++sent;
        if (how == status::closed) return;
      }
    });
    std::jthread receives([&] {
      while (auto l = c.receive()) ++received;
    });
    run_loop loop;
    selector all;
    const auto note = [&](const result<letter>& r) { received += r ? 1 : 0; };
    all.add(receive_from(a, note));
    all.add(receive_from(b, note));
    all.add(receive_from(c, note));
    const auto by_select = [&](tandem::scheduler&) -> started {
      co_await co_select(receive_from(a, note), receive_from(b, note), receive_from(c, note), after(1h));
    };
    const auto by_selector = [&](tandem::scheduler&) -> started { co_await all.co_select(); };
    const auto work = [&]() -> task<> {
      dice chance(support::seed_of_this_run() + 1);
      for (int i = 0; i < rounds; ++i) {
        const started one = by_select(loop);
        const started two = by_selector(loop);
        if (chance.one_in(4)) co_await co_select(after(std::chrono::microseconds(chance.roll(50))));
        for (std::uint32_t spin = chance.roll(300); spin > 0; --spin)
          std::atomic_signal_fence(std::memory_order_seq_cst);
      }
    };
    loop.block_on(work());
    a.close();
    c.close();
    sends.join();
    receives.join();
  }
  CHECK(received <= sent);  // what came to those who were gone, went with them
  CHECK(letter::counts().live == before);
}

TEST_CASE("select: what is ready at every instant is taken, not the otherwise, nor an instant that has passed",
          "[stress][select]") {
  const int rounds = effort(60'000);
  struct two {
    tandem::mailbox<int> a{1};
    tandem::mailbox<int> b{1};
  };
  std::vector<std::unique_ptr<two>> all;
  for (int round = 0; round < rounds; ++round) {
    all.push_back(std::make_unique<two>());
    REQUIRE(all.back()->a.try_send(1) == status::ok);
  }
  std::atomic<int> at{-1};  // the round that has begun
  const auto dawdle = [](unsigned steps) {
    std::atomic<unsigned> step{0};
    while (step.load(std::memory_order_relaxed) < steps) step.fetch_add(1, std::memory_order_relaxed);
  };
  const std::jthread other([&] {
    dice d(1);
    for (int round = 0; round < rounds; ++round) {
      while (at.load() < round) {
      }
      dawdle(d.roll(200));
      two& mine = *all[static_cast<std::size_t>(round)];
      mine.b.close();
      static_cast<void>(mine.a.try_receive());
    }
  });
  dice d(2);
  int otherwise_was_taken = 0;
  int time_was_taken = 0;
  int nothing_was_said = 0;
  for (int round = 0; round < rounds; ++round) {
    auto& [a, b] = *all[static_cast<std::size_t>(round)];
    selector both;
    both.add(receive_from(a));
    both.add(receive_from(b));
    at = round;
    dawdle(d.roll(4'000));  // a line takes up to a microsecond to reach the other core
    switch (round % 3) {
      case 0: otherwise_was_taken += select(receive_from(a), receive_from(b), tandem::otherwise()) == 2 ? 1 : 0; break;
      case 1: time_was_taken += select(receive_from(a), receive_from(b), after(0s)) == 2 ? 1 : 0; break;
      default: nothing_was_said += both.try_select() ? 0 : 1;
    }
  }
  CHECK(otherwise_was_taken == 0);
  CHECK(time_was_taken == 0);
  CHECK(nothing_was_said == 0);
}
