// linearize: could these operations have been done one after the other, and still have returned what they returned?
//
// Contract   linearizable(history, specification) looks for an order of all operations of a history in which each does
//            what the sequential specification says, and which no operation contradicts that happened before another.
//              history         what was called, what came of it, and the moments at which it began and ended, as they
//                              were noted outside of the call; every operation has ended
//              specification   a value: step(operation) says whether this may happen next, and does it if so;
//                              step(operation, operation) the same for two that have to happen at once, such as a
//                              send and the receive that it meets; finished() whether it may end here; <=> tells states
//                              apart
// Precedence One operation precedes another if its end happens before the other's beginning: in the memory model's
//            sense, by what synchronizes, not by a clock. Under weak memory nobody can observe more: two threads that
//            never synchronized may disagree about which of two calls came first, and both be right. So `empty` is
//            right although a message lies there, if the receiver could not know of it: it is put before that send. It
//            is wrong if the message's send precedes it and whatever took the message out cannot be put before it.
//            (With moments on one line, as in a sequentially consistent run, this is the usual definition.)
// Failures   An operation that did not succeed has had no effect. full, empty, closed and abandoned have to be true at
//            some place in the order, the same order that explains everything else; timeout is true anywhere, stopped
//            after the request.
// Algorithm  Wing and Gong: take any operation that nothing left precedes, or two of them for a meeting, and go on;
//            what was reached once, the same operations done and the same state, is not tried again (Lowe). Exponential
//            at worst; for histories of a dozen operations, microseconds.
// Tests      tests/lab/linearize.test.cpp
#pragma once

#include <tandem/status.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// What was called. An owner that goes is a port, a promise or a future.
enum class act : unsigned char { send, receive, close, request_stop, sender_goes, receiver_goes };

constexpr std::string_view name_of(act what) noexcept {
  switch (what) {
    case act::send: return "send";
    case act::receive: return "receive";
    case act::close: return "close";
    case act::request_stop: return "request_stop";
    case act::sender_goes: return "a sender goes";
    case act::receiver_goes: return "a receiver goes";
  }
  return "?";
}

/// One call, seen from outside. Of Moment, only happens_before(earlier, later) is asked.
template <class Moment>
struct operation {
  act what;
  int number;  // of the message that was to be sent, or was received; else 0
  tandem::status how;
  Moment begin;
  Moment end;

  bool done() const noexcept { return static_cast<bool>(how); }
};

template <class Moment>
bool precedes(const operation<Moment>& a, const operation<Moment>& b) {
  return happens_before(a.end, b.begin);
}
/// Each has begun when the other ends, and knows it.
template <class Moment>
bool meet(const operation<Moment>& a, const operation<Moment>& b) {
  return happens_before(a.begin, b.end) && happens_before(b.begin, a.end);
}

// --- specifications --------------------------------------------------------------------------------------------------

/// How many own each side; the last one to go closes it.
class owners {
 public:
  owners(int senders, int receivers) : senders_(senders), receivers_(receivers) {}
  /// True if this was the last one of its side.
  bool goes(act who) { return --(who == act::sender_goes ? senders_ : receivers_) == 0; }
  bool no_receiver() const { return receivers_ == 0; }
  friend auto operator<=>(const owners&, const owners&) = default;

 private:
  int senders_;
  int receivers_;
};

/// A queue of so many places that can be closed: mailbox, and its ports.
class bounded_queue {
 public:
  explicit bounded_queue(std::size_t capacity, owners who = {1, 1}) : capacity_(capacity), owners_(who) {}
  static constexpr bool pairs = false;

  template <class Operation>
  bool step(const Operation& o) {
    if (o.how == tandem::status::timeout) return true;
    if (o.how == tandem::status::stopped) return stopped_;
    switch (o.what) {
      case act::send: return send(o.how, o.number);
      case act::receive: return receive(o.how, o.number);
      case act::close: return closed_ = true;
      case act::request_stop: return stopped_ = true;
      default: closed_ = owners_.goes(o.what) || closed_; return true;
    }
  }
  /// What was accepted has been received, unless there was nobody left to do so.
  bool finished() const { return messages_.empty() || owners_.no_receiver(); }
  friend auto operator<=>(const bounded_queue&, const bounded_queue&) = default;

 private:
  bool send(tandem::status how, int number) {
    const bool full = messages_.size() == capacity_;
    if (how == tandem::status::closed) return closed_;
    if (how == tandem::status::full) return !closed_ && full;
    if (how != tandem::status::ok || closed_ || full) return false;
    messages_.push_back(number);
    return true;
  }
  bool receive(tandem::status how, int number) {
    const bool empty = messages_.empty();
    if (how == tandem::status::closed) return closed_ && empty;
    if (how == tandem::status::empty) return !closed_ && empty;
    if (how != tandem::status::ok || empty || messages_.front() != number) return false;
    messages_.erase(messages_.begin());
    return true;
  }

  std::size_t capacity_;
  owners owners_;
  std::vector<int> messages_;
  bool closed_ = false;
  bool stopped_ = false;
};

/// A send and a receive that happen at once, or not at all: rendezvous, and its ports. Of full and empty it says only
/// that the channel was not closed: that somebody stands in line is no operation that has ended.
class meeting_place {
 public:
  explicit meeting_place(owners who = {1, 1}) : owners_(who) {}
  static constexpr bool pairs = true;

  template <class Operation>
  bool step(const Operation& o) {
    if (o.how == tandem::status::timeout) return true;
    if (o.how == tandem::status::stopped) return stopped_;
    switch (o.what) {
      case act::send: return fails(o.how, tandem::status::full);
      case act::receive: return fails(o.how, tandem::status::empty);
      case act::close: return closed_ = true;
      case act::request_stop: return stopped_ = true;
      default: closed_ = owners_.goes(o.what) || closed_; return true;
    }
  }
  template <class Operation>
  bool step(const Operation& a, const Operation& b) {
    if (a.what == act::receive && b.what == act::send) return step(b, a);
    const bool pair = a.what == act::send && b.what == act::receive && a.done() && b.done();
    return pair && a.number == b.number && !closed_ && meet(a, b);
  }
  bool finished() const { return true; }
  friend auto operator<=>(const meeting_place&, const meeting_place&) = default;

 private:
  bool fails(tandem::status how, tandem::status alone) const {
    return how == tandem::status::closed ? closed_ : how == alone && !closed_;
  }

  owners owners_;
  bool closed_ = false;
  bool stopped_ = false;
};

/// One message, once: promise and future. set_value is a send, get a receive.
class one_message {
 public:
  static constexpr bool pairs = false;

  template <class Operation>
  bool step(const Operation& o) {
    if (o.how == tandem::status::timeout) return true;
    if (o.how == tandem::status::stopped) return stopped_;
    switch (o.what) {
      case act::send: return send(o.how, o.number);
      case act::receive: return receive(o.how, o.number);
      case act::request_stop: return stopped_ = true;
      case act::sender_goes: return std::exchange(promise_, false);
      case act::receiver_goes: return std::exchange(future_, false);
      default: return false;
    }
  }
  bool finished() const { return true; }
  friend auto operator<=>(const one_message&, const one_message&) = default;

 private:
  bool send(tandem::status how, int number) {
    if (how == tandem::status::closed) return value_.has_value();
    if (how == tandem::status::abandoned) return !value_ && !future_;
    if (how != tandem::status::ok || value_ || !future_) return false;
    value_ = number;
    return true;
  }
  bool receive(tandem::status how, int number) {
    if (how == tandem::status::closed) return taken_;
    if (how == tandem::status::abandoned) return !value_ && !promise_;
    if (how == tandem::status::empty) return !value_ && promise_;
    if (how != tandem::status::ok || taken_ || value_ != number) return false;
    return taken_ = true;
  }

  std::optional<int> value_;
  bool taken_ = false;
  bool promise_ = true;
  bool future_ = true;
  bool stopped_ = false;
};

// --- the search ------------------------------------------------------------------------------------------------------

template <class Specification, class Moment>
class linearization {
 public:
  using history = std::vector<operation<Moment>>;

  explicit linearization(const history& operations) : operations_(operations), before_(operations.size(), 0) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
      for (std::size_t k = 0; k < operations.size(); ++k) {
        if (k != i && precedes(operations[k], operations[i])) before_[i] |= bit(k);
      }
    }
  }

  /// Whether the rest can follow, once those of `done` have led to `state`.
  bool follows(const Specification& state, std::uint64_t done = 0) {
    if (done == bit(operations_.size()) - 1) return state.finished();
    for (const auto& [mask, known] : seen_) {
      if (mask == done && known == state) return false;
    }
    seen_.emplace_back(done, state);
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (!ready(i, done)) continue;
      if (Specification next = state; next.step(operations_[i]) && follows(next, done | bit(i))) return true;
      if constexpr (Specification::pairs) {
        for (std::size_t k = i + 1; k < operations_.size(); ++k) {
          if (!ready(k, done)) continue;
          Specification next = state;
          if (next.step(operations_[i], operations_[k]) && follows(next, done | bit(i) | bit(k))) return true;
        }
      }
    }
    return false;
  }

 private:
  static constexpr std::uint64_t bit(std::size_t i) noexcept { return std::uint64_t{1} << i; }
  bool ready(std::size_t i, std::uint64_t done) const { return (done & bit(i)) == 0 && (before_[i] & ~done) == 0; }

  const history& operations_;
  std::vector<std::uint64_t> before_;  // of each, those that precede it
  std::vector<std::pair<std::uint64_t, Specification>> seen_;
};

/// At most 63 operations.
template <class Specification, class Moment>
bool linearizable(const std::vector<operation<Moment>>& history, const Specification& initial) {
  return history.size() < 64 && linearization<Specification, Moment>(history).follows(initial);
}

/// "1 send 5: ok; 2 receive 5: ok, after 1"
template <class Moment>
std::string told(const std::vector<operation<Moment>>& history) {
  std::string text;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const operation<Moment>& o = history[i];
    text += (i == 0 ? "" : "; ") + std::to_string(i + 1) + " " + std::string(name_of(o.what));
    if (o.number != 0) text += " " + std::to_string(o.number);
    text += ": " + std::string(o.how.name());
    for (std::size_t k = 0, found = 0; k < history.size(); ++k) {
      if (k != i && precedes(history[k], o)) text += (found++ == 0 ? ", after " : " and ") + std::to_string(k + 1);
    }
  }
  return text;
}

}  // namespace support
