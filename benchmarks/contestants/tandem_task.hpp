// tandem as its users write it: tasks, run to their end by a run_loop, several of them by when_all.
//
// tandem_coroutine.hpp shows what a channel costs between coroutines that know their loop; this one what a program pays
// that is written from tandem's own parts. A crowd (W9) is no such program: its coroutines outlive each round.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <tandem/async/mailbox.hpp>
#include <tandem/confinement.hpp>
#include <tandem/coro/compose.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <utility>
#include <vector>

namespace bench {

template <class T, class Users = tandem::any_thread>
class tandem_tasks {
 public:
  static constexpr std::string_view name =
      std::same_as<Users, tandem::one_thread> ? "tandem_one_thread_task" : "tandem_task";

  struct rendezvous : tandem::rendezvous<T, Users> {
    explicit rendezvous(tandem_tasks&) {}
  };
  struct mailbox : tandem::mailbox<T, Users> {
    mailbox(tandem_tasks&, std::size_t capacity) : tandem::mailbox<T, Users>(capacity) {}
  };
  using routine = tandem::task<>;

  static auto send(auto& channel, T&& message) { return channel.co_send(std::move(message)); }
  static auto receive(auto& channel) { return channel.co_receive(); }
  static bool is_done(const auto& what) { return static_cast<bool>(what); }
  static const T& content(const tandem::result<T>& letter) { return *letter; }

  void start(routine work) { all_.push_back(std::move(work)); }
  void run() { loop_.block_on(tandem::when_all(std::move(all_))); }
  void stop() {}  // it runs until all are done

 private:
  tandem::run_loop loop_;
  std::vector<routine> all_;
};

}  // namespace bench
