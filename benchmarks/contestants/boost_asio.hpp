// Boost.Asio's channels and coroutines, on an io_context that is told it has one thread. Executor and completion token
// are the ones that cost least: no type erasure, and no coroutine of its own around an operation.
#pragma once

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

namespace bench {

template <class T>
class boost_asio_coroutines {
  using error = boost::system::error_code;
  using executor = boost::asio::io_context::executor_type;
  using channel = boost::asio::experimental::channel<executor, void(error, T)>;
  static constexpr auto awaited = boost::asio::as_tuple(boost::asio::deferred);

 public:
  static constexpr std::string_view name = "boost_asio";

  struct rendezvous : channel {
    explicit rendezvous(boost_asio_coroutines& engine) : channel(engine.context_.get_executor()) {}
  };
  struct mailbox : channel {
    mailbox(boost_asio_coroutines& engine, std::size_t capacity) : channel(engine.context_.get_executor(), capacity) {}
  };
  using routine = boost::asio::awaitable<void, executor>;

  static auto send(channel& to, T&& message) { return to.async_send(error(), std::move(message), awaited); }
  static auto receive(channel& from) { return from.async_receive(awaited); }
  static bool is_done(const std::tuple<error>& sent) { return !std::get<0>(sent); }
  static bool is_done(const std::tuple<error, T>& letter) { return !std::get<0>(letter); }
  static const T& content(const std::tuple<error, T>& letter) { return std::get<1>(letter); }
  static void close(channel& which) { which.close(); }

  void start(routine which) { boost::asio::co_spawn(context_, std::move(which), boost::asio::detached); }
  void settle() {
    context_.restart();
    context_.poll();
  }
  void run() {
    context_.restart();
    context_.run();
  }
  void stop() { context_.stop(); }

 private:
  boost::asio::io_context context_{1};
};

/// Each channel is asked to give a message, and to give none once another one has. So several may have.
template <class T, class Channel>
class boost_asio_group {
 public:
  static constexpr std::string_view name = "boost_asio";

  explicit boost_asio_group(std::array<Channel, 4>& links) : links_(links) {}

  auto wait_for_one() {
    const auto from = [this](std::size_t i) { return links_[i].async_receive(boost::asio::deferred); };
    return boost::asio::experimental::make_parallel_group(from(0), from(1), from(2), from(3))
        .async_wait(boost::asio::experimental::wait_for_one(), boost::asio::deferred);
  }
  static std::size_t each_of(const auto& arrived, const auto& visitor) {
    const auto& [order, e0, m0, e1, m1, e2, m2, e3, m3] = arrived;
    std::size_t how_many = 0;
    const auto look = [&](const boost::system::error_code& why, const T& message) {
      if (!why) {
        ++how_many;
        visitor(message);
      }
    };
    look(e0, m0);
    look(e1, m1);
    look(e2, m2);
    look(e3, m3);
    return how_many;
  }

 private:
  std::array<Channel, 4>& links_;
};

}  // namespace bench
