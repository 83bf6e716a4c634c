// traffic: N senders and M receivers on one channel, every message tagged, everything accounted for.
//
// Each message carries its sender, its place in that sender's sequence and a checksum. Whatever goes wrong on purpose
// (deadlines, stops, close), at the end: accepted == received, attempted == accepted + returned, nothing twice, nothing
// torn, and each receiver has seen the messages of each sender in the order in which they were sent.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tandem/status.hpp>

#include "dice.hpp"
#include "messages.hpp"
#include "pin.hpp"
#include "start_barrier.hpp"
#include "watchdog.hpp"

namespace support {

enum class manners {
  plain,   // send and receive, which wait as long as it takes
  trouble  // every variant, with deadlines that are too short, stops at random, and a close in the middle, perhaps
};

struct plan {
  int senders = 1;
  int receivers = 1;
  int messages = 1000;  // of all senders together
  manners how = manners::plain;
  bool one_core = false;

  std::string name() const {
    return std::to_string(senders) + " -> " + std::to_string(receivers) +
           (how == manners::plain ? ", plain" : ", with trouble") + (one_core ? ", on one core" : "") +
           ", TANDEM_SEED=" + std::to_string(seed_of_this_run());
  }
};

struct account {
  long attempted = 0;
  long accepted = 0;
  long returned = 0;
  long received = 0;
  long twice = 0;
  long torn = 0;
  long out_of_order = 0;
  long unexpected = 0;  // an outcome that this call cannot have

  bool balanced() const {
    return attempted == accepted + returned && accepted == received && twice == 0 && torn == 0 && out_of_order == 0 &&
           unexpected == 0;
  }
  void add(const account& other) {
    attempted += other.attempted;
    accepted += other.accepted;
    returned += other.returned;
    received += other.received;
    twice += other.twice;
    torn += other.torn;
    out_of_order += other.out_of_order;
    unexpected += other.unexpected;
  }
};

// Where a thread leaves the stop_source of its present calls, for somebody else to pull.
class stop_handle {
 public:
  std::stop_token fresh() {
    const std::lock_guard lock(mutex_);
    source_ = std::stop_source();
    return source_.get_token();
  }
  void pull() {
    std::stop_source mine = [this] {
      const std::lock_guard lock(mutex_);
      return source_;
    }();
    mine.request_stop();
  }

 private:
  std::mutex mutex_;
  std::stop_source source_;
};

namespace traffic_detail {

template <class Out, class Message>
tandem::status send_one(Out& out, Message& message, manners how, dice& chance, const std::stop_token& token) {
  if (how == manners::plain) return out.send(std::move(message));
  const auto patience = std::chrono::microseconds(chance.roll(100));
  switch (chance.roll(8)) {
    case 0: return out.try_send(std::move(message));
    case 1: return out.try_send_for(std::move(message), patience);
    case 2: return out.try_send_for(std::move(message), patience, token);
    case 3: return out.try_send_until(std::move(message), std::chrono::system_clock::now() + patience);
    case 4: return out.try_send_until(std::move(message), std::chrono::steady_clock::now() - patience, token);
    case 5: return out.send(std::as_const(message), token);
    default: return out.send(std::move(message), token);
  }
}

template <class In>
auto receive_one(In& in, manners how, dice& chance, const std::stop_token& token) {
  if (how == manners::plain) return in.receive();
  const auto patience = std::chrono::microseconds(chance.roll(100));
  switch (chance.roll(7)) {
    case 0: return in.try_receive();
    case 1: return in.try_receive_for(patience);
    case 2: return in.try_receive_for(patience, token);
    case 3: return in.try_receive_until(std::chrono::system_clock::now() + patience);
    case 4: return in.try_receive_until(std::chrono::steady_clock::now() - patience, token);
    default: return in.receive(token);
  }
}

}  // namespace traffic_detail

template <class Subject>
account run_traffic(Subject& subject, const plan& p, dice chance) {
  const watchdog guard(std::string(Subject::name) + ", " + p.name(), std::chrono::seconds(120));
  const pinned_to core(p.one_core ? present_core() : -1);
  const auto senders = static_cast<std::size_t>(p.senders);
  const auto receivers = static_cast<std::size_t>(p.receivers);
  const auto each = static_cast<std::uint32_t>(p.messages / p.senders);
  std::vector<std::atomic<unsigned char>> seen(senders * each);
  std::vector<account> accounts(senders + receivers);
  std::vector<stop_handle> handles(senders + receivers);
  std::atomic<std::size_t> senders_left{senders};
  start_barrier together(senders + receivers);
  {
    std::vector<std::jthread> threads;
    for (std::size_t s = 0; s < senders; ++s) {
      threads.emplace_back([&, s, mine = chance.another()]() mutable {
        account& book = accounts[s];
        std::stop_token token = handles[s].fresh();
        together.arrive_and_wait();
        for (std::uint32_t i = 0; i < each; ++i) {
          if (token.stop_requested()) token = handles[s].fresh();
          tagged message = tagged::make(static_cast<std::uint32_t>(s), i);
          const tandem::status how = traffic_detail::send_one(subject.out(), message, p.how, mine, token);
          ++book.attempted;
          ++(how ? book.accepted : book.returned);
          if (!how && (!message.intact() || message.sequence != i)) ++book.torn;
          if (how == tandem::status::empty || how == tandem::status::abandoned) ++book.unexpected;
          if (p.how == manners::plain && !how) ++book.unexpected;
        }
        if (--senders_left == 0) subject.out().close();
      });
    }
    for (std::size_t r = 0; r < receivers; ++r) {
      threads.emplace_back([&, r, mine = chance.another()]() mutable {
        account& book = accounts[senders + r];
        std::vector<std::int64_t> last(senders, -1);
        std::stop_token token = handles[senders + r].fresh();
        together.arrive_and_wait();
        for (;;) {
          if (token.stop_requested()) token = handles[senders + r].fresh();
          const auto got = traffic_detail::receive_one(subject.in(), p.how, mine, token);
          if (got.error() == tandem::status::closed) return;
          if (got.error() == tandem::status::full || got.error() == tandem::status::abandoned) ++book.unexpected;
          if (!got) continue;
          ++book.received;
          if (!got->intact() || got->sender >= senders || got->sequence >= each) {
            ++book.torn;
            continue;
          }
          if (got->sequence <= last[got->sender]) ++book.out_of_order;
          last[got->sender] = got->sequence;
          if (seen[got->sender * each + got->sequence].exchange(1) != 0) ++book.twice;
        }
      });
    }
    if (p.how == manners::trouble) {
      const bool closes = chance.one_in(2);
      for (int i = 0; senders_left != 0 && !subject.in().is_closed(); ++i) {
        handles[chance.roll(static_cast<std::uint32_t>(handles.size()))].pull();
        std::this_thread::sleep_for(std::chrono::microseconds(chance.roll(100)));
        if (closes && i > 20 && chance.one_in(40)) subject.out().close();
      }
      while (!subject.in().is_closed()) {  // the last sender closes; stops must not be the reason that it can not
        for (auto& handle : handles) handle.pull();
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    }
  }
  account total;
  for (const account& book : accounts) total.add(book);
  return total;
}

// Prints the books of a run that does not balance.
inline void print_account(const char* what, const plan& p, const account& books) {
  std::fprintf(
      stderr,
      "%s, %s: attempted %ld, accepted %ld, returned %ld, received %ld, twice %ld, torn %ld, out of order %ld, "
      "unexpected %ld\n",
      what, p.name().c_str(), books.attempted, books.accepted, books.returned, books.received, books.twice, books.torn,
      books.out_of_order, books.unexpected);
}

// A fresh subject per run; true if every run's books balance.
template <class Subject>
bool traffic_balances(const plan& p, int runs) {
  dice chance(seed_of_this_run());
  bool all = true;
  for (int i = 0; i < runs; ++i) {
    auto subject = std::make_unique<Subject>();
    const account books = run_traffic(*subject, p, chance.another());
    if (!books.balanced()) print_account(Subject::name, p, books);
    all = all && books.balanced();
  }
  return all;
}

}  // namespace support
