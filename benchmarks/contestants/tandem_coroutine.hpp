// tandem, awaited: a run_loop, and coroutines that nobody waits for.
#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <string_view>
#include <tandem/async/mailbox.hpp>
#include <tandem/confinement.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <utility>

namespace bench {

template <class T, class Users = tandem::any_thread>
class tandem_coroutines {
 public:
  static constexpr std::string_view name = std::same_as<Users, tandem::one_thread> ? "tandem_one_thread" : "tandem";

  struct rendezvous : tandem::rendezvous<T, Users> {
    explicit rendezvous(tandem_coroutines&) {}
  };
  struct mailbox : tandem::mailbox<T, Users> {
    mailbox(tandem_coroutines&, std::size_t capacity) : tandem::mailbox<T, Users>(capacity) {}
  };

  /// A coroutine as awaitable.hpp asks: its promise names a scheduler.
  struct routine {
    class promise_type {
     public:
      template <class... A>
      explicit promise_type(tandem_coroutines& engine, A&...) noexcept : loop_(engine.loop_) {}
      tandem::scheduler& scheduler() const noexcept { return loop_; }

      routine get_return_object() const noexcept { return {}; }
      std::suspend_never initial_suspend() const noexcept { return {}; }
      std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() const noexcept { std::terminate(); }

     private:
      tandem::run_loop& loop_;
    };
  };

  static auto send(auto& channel, T&& message) { return channel.co_send(std::move(message)); }
  static auto receive(auto& channel) { return channel.co_receive(); }
  static bool is_done(const auto& what) { return static_cast<bool>(what); }
  static const T& content(const tandem::result<T>& letter) { return *letter; }
  static void close(auto& channel) { channel.close(); }

  void start(routine) {}  // it has begun
  void settle() {
    loop_.stop();
    loop_.run();
  }
  void run() { loop_.run(); }
  void stop() { loop_.stop(); }

 private:
  tandem::run_loop loop_;
};

}  // namespace bench
