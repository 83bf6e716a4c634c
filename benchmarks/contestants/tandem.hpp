// tandem itself, as a user would call it.
#pragma once

#include <cstddef>
#include <string_view>
#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <utility>

#include "../support/scenario.hpp"

namespace bench {

template <class T, class Channel>
class tandem_channel {
 public:
  static constexpr std::string_view name = "tandem";
  static constexpr waiting how_it_waits = waiting::parks;
  static constexpr bool serves_many = true;

  template <class... A>
  explicit tandem_channel(A... arguments) : channel_(arguments...) {}

  bool send(const T& message) { return static_cast<bool>(channel_.send(message)); }
  bool receive(T& message) {
    auto letter = channel_.receive();
    if (!letter) {
      return false;
    }
    message = *letter;
    return true;
  }

 private:
  Channel channel_;
};

template <class T>
using tandem_rendezvous = tandem_channel<T, tandem::rendezvous<T>>;

template <class T>
using tandem_mailbox = tandem_channel<T, tandem::mailbox<T>>;

template <class T>
struct tandem_future {
  static constexpr std::string_view name = "tandem";
  using promise = tandem::promise<T>;
  using future = tandem::future<T>;

  static std::pair<promise, future> make() {
    promise giver;
    future taker = giver.get_future();
    return {std::move(giver), std::move(taker)};
  }
  static bool keep(promise& giver, const T& message) { return static_cast<bool>(giver.set_value(message)); }
  static bool collect(future& taker, T& message) {
    auto answer = taker.get();
    if (!answer) {
      return false;
    }
    message = *answer;
    return true;
  }
};

}  // namespace bench
