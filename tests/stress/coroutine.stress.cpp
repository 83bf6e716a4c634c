// Threads and coroutines under load, mixed on one channel: coroutines of several loops, and such as belong to nobody
// and are run by whoever completes them. With stops, deadlines and close; destroyed while they wait; and very many.
#include <tandem/awaitable.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>

#include "support/catch.hpp"
#include "support/coroutines.hpp"
#include "support/dice.hpp"
#include "support/messages.hpp"
#include "support/near_miss.hpp"
#include "support/pin.hpp"
#include "support/start_barrier.hpp"
#include "support/subjects.hpp"
#include "support/traffic.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;
using support::account;
using support::dice;
using support::effort;
using support::letter;
using support::loose;
using support::manners;
using support::tagged;
using support::tied;
using tandem::result;
using tandem::run_loop;
using tandem::status;
using tandem::task;

namespace {

std::string seed() { return "TANDEM_SEED=" + std::to_string(support::seed_of_this_run()); }

// --- traffic ---------------------------------------------------------------------------------------------------------

/// Senders and receivers of three kinds on one channel, so many of each.
struct crowd {
  std::size_t threads = 1;    // that send, and that receive
  std::size_t loops = 1;      // each with two coroutines that send, and two that receive
  std::size_t vagabonds = 1;  // coroutines without a scheduler that send, and that receive
  std::uint32_t each = 100;   // messages of each sender
  manners how = manners::plain;

  std::size_t senders() const { return threads + 2 * loops + vagabonds; }
};

template <class Subject>
class mixed_traffic {
 public:
  mixed_traffic(const crowd& c, dice chance)
      : crowd_(c),
        chance_(chance),
        seen_(c.senders() * c.each),
        books_(2 * c.senders()),
        handles_(2 * c.senders()),
        senders_left_(c.senders()),
        vagabonds_left_(2 * c.vagabonds) {}

  account run() {
    const support::watchdog guard(std::string("mixed, ") + Subject::name + ", " + seed(), 120s);
    std::vector<loose> vagabonds;
    {
      std::vector<std::jthread> threads;
      std::size_t next = 0;
      for (std::size_t i = 0; i < crowd_.vagabonds; ++i, ++next) {
        vagabonds.push_back(receives_as_vagabond(receiver(next), chance_.another()));
        vagabonds.push_back(sends_as_vagabond(next, chance_.another()));
      }
      for (std::size_t i = 0; i < crowd_.threads; ++i, ++next) {
        threads.emplace_back([this, next, mine = chance_.another()]() mutable { send_all(next, mine); });
        threads.emplace_back([this, next, mine = chance_.another()]() mutable { receive_all(receiver(next), mine); });
      }
      for (std::size_t i = 0; i < crowd_.loops; ++i, next += 2) {
        threads.emplace_back([this, next, mine = chance_.another()]() mutable { run_a_loop(next, mine); });
      }
      for (auto& each : vagabonds) each.start();
      if (crowd_.how == manners::trouble) make_trouble();
      for (auto left = vagabonds_left_.load(); left != 0; left = vagabonds_left_.load()) vagabonds_left_.wait(left);
    }
    account total;
    for (const account& book : books_) total.add(book);
    return total;
  }

 private:
  std::size_t receiver(std::size_t number) const { return crowd_.senders() + number; }

  // --- what they have in common ---

  tagged write(std::size_t s, std::uint32_t i) { return tagged::make(static_cast<std::uint32_t>(s), i); }
  void enter_sent(std::size_t s, std::uint32_t i, const tagged& message, status how) {
    account& book = books_[s];
    ++book.attempted;
    ++(how ? book.accepted : book.returned);
    if (!how && (!message.intact() || message.sequence != i)) ++book.torn;
    if (how == status::empty || how == status::abandoned) ++book.unexpected;
    if (crowd_.how == manners::plain && !how) ++book.unexpected;
  }
  void sender_is_done() {
    if (--senders_left_ == 0) subject_.out().close();
  }
  /// False: it is over.
  bool enter_received(std::size_t r, std::vector<std::int64_t>& last, const result<tagged>& got) {
    account& book = books_[r];
    if (got.error() == status::closed) return false;
    if (got.error() == status::full || got.error() == status::abandoned) ++book.unexpected;
    if (!got) return true;
    ++book.received;
    if (!got->intact() || got->sender >= crowd_.senders() || got->sequence >= crowd_.each) {
      ++book.torn;
      return true;
    }
    if (got->sequence <= last[got->sender]) ++book.out_of_order;
    last[got->sender] = got->sequence;
    if (seen_[got->sender * crowd_.each + got->sequence].exchange(1) != 0) ++book.twice;
    return true;
  }
  void refresh(std::stop_token& token, std::size_t who) {
    if (!token.stop_possible() || token.stop_requested()) token = handles_[who].fresh();
  }
  std::vector<std::int64_t> nothing_yet() const { return std::vector<std::int64_t>(crowd_.senders(), -1); }

  // --- threads ---

  void send_all(std::size_t s, dice& chance) {
    std::stop_token token;
    for (std::uint32_t i = 0; i < crowd_.each; ++i) {
      refresh(token, s);
      tagged message = write(s, i);
      const status how = support::traffic_detail::send_one(subject_.out(), message, crowd_.how, chance, token);
      enter_sent(s, i, message, how);
    }
    sender_is_done();
  }
  void receive_all(std::size_t r, dice& chance) {
    auto last = nothing_yet();
    std::stop_token token;
    do refresh(token, r);
    while (enter_received(r, last, support::traffic_detail::receive_one(subject_.in(), crowd_.how, chance, token)));
  }

  // --- coroutines of a loop ---

  task<status> send_one(tagged& message, dice& chance, const std::stop_token& token) {
    auto& out = subject_.out();
    if (crowd_.how == manners::plain) co_return co_await out.co_send(std::move(message));
    const auto patience = std::chrono::microseconds(chance.roll(100));
    switch (chance.roll(8)) {
      case 0: co_return out.try_send(std::move(message));
      case 1: co_return co_await out.co_try_send_for(std::move(message), patience);
      case 2: co_return co_await out.co_try_send_for(std::move(message), patience, token);
      case 3: co_return co_await out.co_try_send_until(std::move(message), tandem::clock::now() - patience);
      case 4: co_return co_await out.co_send(std::as_const(message), token);
      default: co_return co_await out.co_send(std::move(message), token);
    }
  }
  task<result<tagged>> receive_one(dice& chance, const std::stop_token& token) {
    auto& in = subject_.in();
    if (crowd_.how == manners::plain) co_return co_await in.co_receive();
    const auto patience = std::chrono::microseconds(chance.roll(100));
    switch (chance.roll(6)) {
      case 0: co_return in.try_receive();
      case 1: co_return co_await in.co_try_receive_for(patience);
      case 2: co_return co_await in.co_try_receive_for(patience, token);
      case 3: co_return co_await in.co_try_receive_until(tandem::clock::now() - patience, token);
      default: co_return co_await in.co_receive(token);
    }
  }
  tied sends_on(tandem::scheduler&, std::size_t s, dice chance, int& left, tandem::promise<void>& all) {
    std::stop_token token;
    for (std::uint32_t i = 0; i < crowd_.each; ++i) {
      refresh(token, s);
      tagged message = write(s, i);
      const status how = co_await send_one(message, chance, token);
      enter_sent(s, i, message, how);
    }
    sender_is_done();
    if (--left == 0) static_cast<void>(all.set_value().value());
  }
  tied receives_on(tandem::scheduler&, std::size_t r, dice chance, int& left, tandem::promise<void>& all) {
    auto last = nothing_yet();
    std::stop_token token;
    for (bool more = true; more;) {
      refresh(token, r);
      const result<tagged> got = co_await receive_one(chance, token);
      more = enter_received(r, last, got);
    }
    if (--left == 0) static_cast<void>(all.set_value().value());
  }
  task<> all_of_a_loop(run_loop& loop, std::size_t number, dice chance) {
    tandem::promise<void> all;
    auto over = all.get_future();
    int left = 4;
    std::vector<tied> coroutines;
    for (std::size_t i = number; i < number + 2; ++i) {
      coroutines.push_back(sends_on(loop, i, chance.another(), left, all));
      coroutines.push_back(receives_on(loop, receiver(i), chance.another(), left, all));
    }
    for (auto& each : coroutines) each.start();
    static_cast<void>(co_await over.co_get());
  }
  void run_a_loop(std::size_t number, dice chance) {
    run_loop loop;
    loop.block_on(all_of_a_loop(loop, number, chance));
  }

  // --- coroutines without a scheduler: they begin here, and go on wherever somebody completes them ---

  loose sends_as_vagabond(std::size_t s, dice chance) {
    std::stop_token token;
    for (std::uint32_t i = 0; i < crowd_.each; ++i) {
      refresh(token, s);
      tagged message = write(s, i);
      status how = status::empty;
      if (crowd_.how == manners::plain || chance.one_in(2)) {
        how = co_await subject_.out().co_send(std::move(message));
      } else {
        how = co_await subject_.out().co_send(std::move(message), token);
      }
      enter_sent(s, i, message, how);
    }
    sender_is_done();
    vagabond_is_done();
  }
  loose receives_as_vagabond(std::size_t r, dice chance) {
    auto last = nothing_yet();
    std::stop_token token;
    for (bool more = true; more;) {
      refresh(token, r);
      if (crowd_.how == manners::plain || chance.one_in(2)) {
        const result<tagged> got = co_await subject_.in().co_receive();
        more = enter_received(r, last, got);
      } else {
        const result<tagged> got = co_await subject_.in().co_receive(token);
        more = enter_received(r, last, got);
      }
    }
    vagabond_is_done();
  }
  void vagabond_is_done() {
    if (--vagabonds_left_ == 0) vagabonds_left_.notify_all();
  }

  // --- trouble ---

  void make_trouble() {
    const bool closes = chance_.one_in(2);
    for (int i = 0; senders_left_ != 0 && !subject_.in().is_closed(); ++i) {
      handles_[chance_.roll(static_cast<std::uint32_t>(handles_.size()))].pull();
      std::this_thread::sleep_for(std::chrono::microseconds(chance_.roll(100)));
      if (closes && i > 20 && chance_.one_in(40)) subject_.out().close();
    }
  }

  crowd crowd_;
  dice chance_;
  Subject subject_;
  std::vector<std::atomic<unsigned char>> seen_;
  std::vector<account> books_;
  std::vector<support::stop_handle> handles_;
  std::atomic<std::size_t> senders_left_;
  std::atomic<std::size_t> vagabonds_left_;
};

template <class Subject>
bool mixed_traffic_balances(const crowd& c, int runs) {
  dice chance(support::seed_of_this_run());
  bool all = true;
  for (int i = 0; i < runs; ++i) {
    const auto traffic = std::make_unique<mixed_traffic<Subject>>(c, chance.another());
    const account books = traffic->run();
    if (!books.balanced()) support::print_account(Subject::name, {}, books);
    all = all && books.balanced();
  }
  return all;
}

using subjects = std::tuple<support::rendezvous_subject<tagged>, support::mailbox_subject<tagged, 1>,
                            support::mailbox_subject<tagged, 7>, support::rendezvous_ports_subject<tagged>>;

}  // namespace

TEMPLATE_LIST_TEST_CASE("coroutine: the books of threads and coroutines on one channel balance", "[stress][coroutine]",
                        subjects) {
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  const auto each = static_cast<std::uint32_t>(effort(10'000));
  CHECK(mixed_traffic_balances<TestType>({.threads = 1, .loops = 1, .vagabonds = 0, .each = each}, 1));
  CHECK(mixed_traffic_balances<TestType>({.threads = 2, .loops = 2, .vagabonds = 2, .each = each}, 1));
  CHECK(mixed_traffic_balances<TestType>({.threads = 0, .loops = 2, .vagabonds = 0, .each = each}, 1));
}

TEMPLATE_LIST_TEST_CASE("coroutine: and so they do whatever the deadlines, the stops and close do",
                        "[stress][coroutine]", subjects) {
  const bool one_core = GENERATE(false, true);
  const support::pinned_to core(one_core ? support::present_core() : -1);
  const auto each = static_cast<std::uint32_t>(effort(10'000));
  const auto trouble = manners::trouble;
  CHECK(mixed_traffic_balances<TestType>({.threads = 1, .loops = 1, .vagabonds = 0, .each = each, .how = trouble}, 6));
  CHECK(mixed_traffic_balances<TestType>({.threads = 2, .loops = 2, .vagabonds = 2, .each = each, .how = trouble}, 6));
}

// --- destroyed while they wait ---------------------------------------------------------------------------------------

namespace {

/// Until the loop has nothing else to do.
task<> idle() {
  tandem::mailbox<int> nothing(1);
  static_cast<void>(co_await nothing.co_try_receive_for(0s));
}

/// What became of the coroutines that were destroyed, or were not.
struct fates {
  long sent = 0;
  long received = 0;
};

/// Begins to wait, again and again, and is destroyed at any time; meanwhile a thread comes to meet it, and perhaps
/// somebody stops it.
template <class Channel>
task<> waits_and_is_destroyed(run_loop& loop, Channel& channel, support::near_miss& miss, std::stop_source& stop,
                              int rounds, bool sends, dice chance, fates& mine) {
  for (int i = 0; i < rounds; ++i) {
    letter message(i);
    std::optional<result<letter>> got;
    std::optional<status> how;
    tied waiting = [&] {
      const auto token = stop.get_token();
      if (sends && chance.one_in(2)) {
        return support::await_into(loop, [&] { return channel.co_send(std::move(message)); }, how);
      }
      if (sends) {
        return support::await_into(loop, [&, token] { return channel.co_send(std::move(message), token); }, how);
      }
      if (chance.one_in(2)) return support::await_into(loop, [&] { return channel.co_receive(); }, got);
      return support::await_into(loop, [&, token] { return channel.co_try_receive_for(1h, token); }, got);
    }();
    miss.meet(chance, 100);
    waiting.start();
    support::near_miss::idle(chance.roll(400));
    if (chance.one_in(3)) co_await idle();
    waiting.destroy();
    if (message.number() < 0) ++mine.sent;
    if (got && *got) ++mine.received;
  }
}

template <class Channel, class... Arguments>
void destroyed_at_any_time(bool sends, const Arguments&... arguments) {
  const support::watchdog guard("destroyed while they wait, " + seed(), 120s);
  dice chance(support::seed_of_this_run());
  const int rounds = effort(60'000);
  const long live = letter::counts().live;
  fates coroutine, thread;
  long left_over = 0;
  {
    Channel channel(arguments...);
    support::near_miss miss(2);
    std::stop_source stop;
    std::jthread partner([&, mine = chance.another()]() mutable {
      for (int i = 0; i < rounds; ++i) {
        miss.meet(mine, 100);
        support::near_miss::idle(mine.roll(400));
        if (sends) {
          thread.received += channel.try_receive() ? 1 : 0;
        } else {
          thread.sent += channel.try_send(letter(i)) ? 1 : 0;
        }
      }
    });
    run_loop loop;
    loop.block_on(waits_and_is_destroyed(loop, channel, miss, stop, rounds, sends, chance.another(), coroutine));
    partner.join();
    while (channel.try_receive()) ++left_over;
  }
  CHECK(letter::counts().live == live);
  if (sends) {
    CHECK(coroutine.sent == thread.received + left_over);
  } else {
    // what a rendezvous has handed over may have been destroyed with the coroutine, before it knew
    CHECK(thread.sent >= coroutine.received + left_over);
    if (Channel::channel_mode == tandem::mode::asynchronous) CHECK(thread.sent == coroutine.received + left_over);
  }
}

}  // namespace

TEST_CASE("coroutine: destroyed at any time, a message is where its sender thinks it is", "[stress][coroutine]") {
  const bool sends = GENERATE(false, true);
  destroyed_at_any_time<tandem::rendezvous<letter>>(sends);
  destroyed_at_any_time<tandem::mailbox<letter>>(sends, 1);
}

TEST_CASE("coroutine: destroyed at any time, one that could be stopped at that very time", "[stress][coroutine]") {
  const support::watchdog guard("destroyed while it is stopped, " + seed(), 120s);
  dice chance(support::seed_of_this_run());
  const int rounds = effort(60'000);
  std::vector<std::stop_source> stops(static_cast<std::size_t>(rounds));
  tandem::mailbox<letter> channel(1);
  support::near_miss miss(2);
  std::jthread stopper([&, mine = chance.another()]() mutable {
    for (auto& stop : stops) {
      miss.meet(mine, 100);
      support::near_miss::idle(mine.roll(400));
      stop.request_stop();
    }
  });
  run_loop loop;
  int other = 0;
  const auto waits = [&]() -> task<> {
    for (auto& stop : stops) {
      std::optional<result<letter>> got;
      tied waiting = support::await_into(loop, [&] { return channel.co_try_receive_for(1h, stop.get_token()); }, got);
      miss.meet(chance, 100);
      waiting.start();
      support::near_miss::idle(chance.roll(400));
      if (chance.one_in(3)) co_await idle();
      waiting.destroy();
      if (got && got->error() != status::stopped) ++other;
    }
  };
  loop.block_on(waits());
  stopper.join();
  CHECK(other == 0);
  CHECK(channel.try_send(letter(1)) == status::ok);
}

// --- very many -------------------------------------------------------------------------------------------------------

namespace {

/// Counts the memory of its frames.
struct counted {
  static inline std::atomic<std::size_t> frames{0};
  static inline std::atomic<std::size_t> bytes{0};
  static void* operator new(std::size_t size) {
    ++frames;
    bytes += size;
    return ::operator new(size);
  }
  static void operator delete(void* memory, std::size_t size) {
    --frames;
    bytes -= size;
    ::operator delete(memory);
  }
};
struct counted_and_tied : counted, support::tied_promise {
  using support::tied_promise::tied_promise;
};
using counted_coroutine = support::held<counted_and_tied>;

/// How many ended in which way; keeps a promise when all have.
class tally {
 public:
  explicit tally(std::size_t expected) : left_(expected) {}
  void enter(status how) {
    ++ended_[static_cast<std::size_t>(how.value())];
    if (--left_ == 0) static_cast<void>(all_.set_value().value());
  }
  std::size_t operator[](status::code how) const { return ended_[static_cast<std::size_t>(how)]; }
  std::size_t left() const { return left_; }
  tandem::future<void> all() { return all_.get_future(); }

 private:
  std::array<std::size_t, 8> ended_{};
  std::size_t left_;
  tandem::promise<void> all_;
};

template <class Channel>
counted_coroutine receives_once(tandem::scheduler&, Channel& channel, std::stop_token stop, tally& outcomes) {
  const auto got = co_await channel.co_receive(stop);
  outcomes.enter(got.error());
}
template <class Channel>
counted_coroutine receives_once(tandem::scheduler&, Channel& channel, tally& outcomes) {
  const auto got = co_await channel.co_receive();
  outcomes.enter(got.error());
}

template <class Channel, class... Arguments>
void very_many(const char* name, const Arguments&... arguments) {
  const support::watchdog guard(std::string("very many on a ") + name, 120s);
  const auto many = static_cast<std::size_t>(effort(100'000));
  const auto third = many / 3;
  tally outcomes(many);
  {
    Channel channel(arguments...);
    std::stop_source stop;
    run_loop loop;
    std::vector<counted_coroutine> crowd;
    crowd.reserve(many);
    const std::size_t before = counted::bytes;
    for (std::size_t i = 0; i < many; ++i) {
      if (i % 3 == 1) {
        crowd.push_back(receives_once(loop, channel, stop.get_token(), outcomes));
      } else {
        crowd.push_back(receives_once(loop, channel, outcomes));
      }
    }
    INFO(name << ": " << (counted::bytes - before) / many << " bytes each");
    CHECK(counted::frames == many);
    CHECK((counted::bytes - before) / many <= 320);
    std::optional<std::jthread> others;
    const auto all = [&]() -> task<> {
      for (auto& each : crowd) each.start();
      CHECK(outcomes.left() == many);  // all of them wait
      others.emplace([&] {
        stop.request_stop();
        for (std::size_t i = 0; i < third; ++i) {
          if (!channel.send(letter(1))) break;
        }
        channel.close();
      });
      auto over = outcomes.all();
      static_cast<void>(co_await over.co_get());
    };
    loop.block_on(all());
  }
  CHECK(counted::frames == 0U);
  CHECK(counted::bytes == 0U);
  CHECK(outcomes[status::ok] == third);
  CHECK(outcomes[status::stopped] == (many + 1) / 3);
  CHECK(outcomes[status::closed] == many - third - (many + 1) / 3);
}

}  // namespace

TEST_CASE("coroutine: a hundred thousand wait on one channel; stopped, served and closed", "[stress][coroutine]") {
  const long live = letter::counts().live;
  very_many<tandem::rendezvous<letter>>("rendezvous");
  very_many<tandem::mailbox<letter>>("mailbox", 4);
  CHECK(letter::counts().live == live);
}

TEST_CASE("coroutine: a hundred thousand that wait are destroyed, and leave no trace", "[stress][coroutine]") {
  const auto many = static_cast<std::size_t>(effort(100'000));
  tally outcomes(many);
  tandem::rendezvous<letter> channel;
  support::by_hand where;
  for (int round = 0; round < 2; ++round) {
    std::vector<counted_coroutine> crowd;
    for (std::size_t i = 0; i < many; ++i) {
      crowd.push_back(receives_once(where, channel, outcomes));
      crowd.back().start();
    }
    while (crowd.size() > many / 2) crowd.pop_back();  // from the end of the line
    crowd.clear();                                     // and from its beginning
    CHECK(channel.try_send(letter(1)) == status::full);
  }
  CHECK(counted::frames == 0U);
  CHECK(outcomes.left() == many);
}
