// A library that hides its symbols: it has its own copy of all that tandem defines, thread_local variables included.
#include <tandem/tandem.hpp>

#include <chrono>

#include "library.hpp"
#include "support/coroutines.hpp"

using namespace std::chrono_literals;

namespace {

tandem::task<int> waits_for_a_moment() {
  tandem::mailbox<int> nobody_writes(1);
  const auto got = co_await nobody_writes.co_try_receive_for(1ms);
  co_return got.error() == tandem::status::timeout ? 3 : 0;
}

support::detached passes_on(tandem::rendezvous<int>& from, tandem::rendezvous<int>& to) {
  for (;;) {
    const auto got = co_await from.co_receive();
    if (!got) break;
    static_cast<void>(co_await to.co_send(*got + 1));
  }
}

}  // namespace

bool put(tandem::mailbox<int, tandem::one_thread>& tray, int what) { return static_cast<bool>(tray.try_send(what)); }

int run_a_loop(tandem::run_loop& loop) { return loop.block_on(waits_for_a_moment()); }
int run_a_pool(tandem::thread_pool& pool) { return pool.block_on(waits_for_a_moment()); }

int receive(tandem::rendezvous<int>& from) { return from.receive().value_or(0); }

void pass_on(tandem::rendezvous<int>& from, tandem::rendezvous<int>& to) { passes_on(from, to); }
