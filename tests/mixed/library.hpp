// What the library has, and its user calls: by the linker, or by its name (extern "C") where the user opens it.
#pragma once

#include <tandem/tandem.hpp>

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED bool put(tandem::mailbox<int, tandem::one_thread>& tray, int what);

/// 3, after a wait with a deadline on that loop, or pool.
EXPORTED int run_a_loop(tandem::run_loop& loop);
EXPORTED int run_a_pool(tandem::thread_pool& pool);

/// Blocks.
EXPORTED int receive(tandem::rendezvous<int>& from);

/// Begins a coroutine without a scheduler, which sends on what it receives, and one more; until the first is closed.
EXPORTED void pass_on(tandem::rendezvous<int>& from, tandem::rendezvous<int>& to);
