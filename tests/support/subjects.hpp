// subjects: one face for every primitive, so that a test which holds for a concept is written once.
//
// A subject owns a channel and shows its two sides, out() and in(), each with the verbs of tandem. `room` is how many
// sends can succeed with the receiver absent: the number that the absent-receiver probe has to find by itself.
// promise and future wear the same face through a thin adaptor, for one message only.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <tuple>
#include <utility>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/mode.hpp>
#include <tandem/port.hpp>
#include <tandem/status.hpp>
#include <tandem/sync/rendezvous.hpp>

namespace support {

template <class T>
class rendezvous_subject {
 public:
  using value_type = T;
  using declared = tandem::rendezvous<T>;
  static constexpr const char* name = "rendezvous";
  static constexpr std::size_t room = 0;

  auto& out() { return channel_; }
  auto& in() { return channel_; }

 private:
  tandem::rendezvous<T> channel_;
};

template <class T, std::size_t Capacity>
class mailbox_subject {
 public:
  using value_type = T;
  using declared = tandem::mailbox<T>;
  static constexpr const char* name = "mailbox";
  static constexpr std::size_t room = Capacity;

  auto& out() { return channel_; }
  auto& in() { return channel_; }

 private:
  tandem::mailbox<T> channel_{Capacity};
};

template <class T>
class rendezvous_ports_subject {
 public:
  using value_type = T;
  using declared = tandem::send_port<tandem::rendezvous<T>>;
  static constexpr const char* name = "the ports of a rendezvous";
  static constexpr std::size_t room = 0;

  auto& out() { return ports_.out; }
  auto& in() { return ports_.in; }

 private:
  tandem::ports<tandem::rendezvous<T>> ports_ = tandem::open<tandem::rendezvous<T>>();
};

template <class T, std::size_t Capacity>
class mailbox_ports_subject {
 public:
  using value_type = T;
  using declared = tandem::send_port<tandem::mailbox<T>>;
  static constexpr const char* name = "the ports of a mailbox";
  static constexpr std::size_t room = Capacity;

  auto& out() { return ports_.out; }
  auto& in() { return ports_.in; }

 private:
  tandem::ports<tandem::mailbox<T>> ports_ = tandem::open<tandem::mailbox<T>>(Capacity);
};

// promise and future in the clothes of a channel. A promise never has to wait, so the timed forms are set_value.
template <class T>
class one_shot_subject {
 public:
  using value_type = T;
  using declared = tandem::future<T>;
  static constexpr const char* name = "promise and future";
  static constexpr std::size_t room = 1;

  class giver {
   public:
    tandem::status send(T&& value) { return promise.set_value(std::move(value)); }
    tandem::status send(T&& value, std::stop_token token) {
      return token.stop_requested() ? tandem::status(tandem::status::stopped) : promise.set_value(std::move(value));
    }
    tandem::status try_send(T&& value) { return promise.set_value(std::move(value)); }
    template <class R, class P>
    tandem::status try_send_for(T&& value, std::chrono::duration<R, P>, std::stop_token token = {}) {
      return send(std::move(value), token);
    }
    tandem::promise<T> promise;
  };
  class taker {
   public:
    explicit taker(tandem::future<T> f) : future(std::move(f)) {}
    tandem::result<T> receive() { return future.get(); }
    tandem::result<T> receive(std::stop_token token) { return future.get(token); }
    tandem::result<T> try_receive() { return future.try_get(); }
    template <class R, class P>
    tandem::result<T> try_receive_for(std::chrono::duration<R, P> patience, std::stop_token token = {}) {
      return future.try_get_for(patience, token);
    }
    auto co_receive() { return future.co_get(); }
    auto co_receive(const std::stop_token& token) { return future.co_get(token); }
    template <class R, class P>
    auto co_try_receive_for(std::chrono::duration<R, P> patience) {
      return future.co_try_get_for(patience);
    }
    template <class R, class P>
    auto co_try_receive_for(std::chrono::duration<R, P> patience, const std::stop_token& token) {
      return future.co_try_get_for(patience, token);
    }
    template <class TimePoint>
    auto co_try_receive_until(TimePoint when) {
      return future.co_try_get_until(when);
    }
    template <class TimePoint>
    auto co_try_receive_until(TimePoint when, const std::stop_token& token) {
      return future.co_try_get_until(when, token);
    }
    tandem::future<T> future;
  };

  giver& out() { return giver_; }
  taker& in() { return taker_; }

 private:
  giver giver_;
  taker taker_{giver_.promise.get_future()};
};

// Everything with the whole family of verbs.
template <class T>
using channels = std::tuple<rendezvous_subject<T>, mailbox_subject<T, 1>, mailbox_subject<T, 3>,
                            rendezvous_ports_subject<T>, mailbox_ports_subject<T, 2>>;

// And those that can only be used once.
template <class T>
using primitives = std::tuple<rendezvous_subject<T>, mailbox_subject<T, 1>, mailbox_subject<T, 7>,
                              rendezvous_ports_subject<T>, mailbox_ports_subject<T, 2>, one_shot_subject<T>>;

// Sends until the next send would have to wait; the numbers are first, first + 1, ... Returns how many went.
template <class Subject>
std::size_t fill(Subject& subject, int first = 1000) {
  std::size_t sent = 0;
  while (subject.out().try_send(typename Subject::value_type(first + static_cast<int>(sent)))) ++sent;
  return sent;
}

}  // namespace support
