// A program that uses the same channels, loops and pools as a library that hides its symbols, on the same threads. How
// it finds the functions of the library is in find.cpp: this file is compiled once.
//
// its_user            all of it: 0
// its_user pool       blocks one of a pool's own threads, from within the library: a sentence, and it aborts
#include <coroutine>
#include <cstdio>
#include <string_view>
#include <thread>

#include "library.hpp"
#include "support/coroutines.hpp"

void* find(std::string_view name);

namespace {

#define CALL(name) reinterpret_cast<decltype(&::name)>(find(#name))

int failures = 0;
void check(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "FAILED: %s\n", what);
}

void one_thread_uses_a_channel_from_both_sides() {
  tandem::mailbox<int, tandem::one_thread> tray(2);
  check(tray.try_send(1) && CALL(put)(tray, 2), "both put something in");
  check(tray.try_receive().value() + tray.try_receive().value() == 3, "both are there");
}

void the_library_runs_a_loop_of_ours() {
  tandem::run_loop loop;
  check(CALL(run_a_loop)(loop) == 3, "a wait with a deadline on a loop");
  int from_within = 0;
  loop.block_on([](int& to) -> tandem::task<> {
    tandem::run_loop another;
    to = CALL(run_a_loop)(another);
    co_return;
  }(from_within));
  check(from_within == 3, "the same, on a loop within a loop");
}

void the_library_uses_a_pool_of_ours() {
  tandem::thread_pool pool(2);
  check(CALL(run_a_pool)(pool) == 3, "a wait with a deadline on a pool");
}

void the_library_sleeps_and_is_woken() {
  for (int i = 1; i <= 3; ++i) {
    tandem::rendezvous<int> across;
    int got = 0;
    std::thread receiver([&] { got = CALL(receive)(across); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // by now it sleeps
    check(static_cast<bool>(across.send(i)), "sent");
    receiver.join();
    check(got == i, "received");
  }
}

support::detached ping_pong(tandem::rendezvous<int>& to, tandem::rendezvous<int>& from, int rounds, int& last) {
  for (int i = 0; i < rounds; ++i) {
    static_cast<void>(co_await to.co_send(i));
    const auto got = co_await from.co_receive();
    last = got.value_or(-1);
  }
  to.close();
}

/// Each of the two has a queue of its own for what is run on the spot: the stack must not grow with the messages.
void coroutines_of_both_are_run_on_the_spot() {
  constexpr int rounds = 100'000;
  tandem::rendezvous<int> there, back;
  CALL(pass_on)(there, back);
  int last = 0;
  ping_pong(there, back, rounds, last);
  check(last == rounds, "a hundred thousand messages, there and back");
}

void a_thread_of_the_pool_blocks_for_it() {
  tandem::thread_pool pool(2);
  pool.block_on([](tandem::thread_pool& p) -> tandem::task<> {
    CALL(run_a_pool)(p);
    co_return;
  }(pool));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "pool") a_thread_of_the_pool_blocks_for_it();
  one_thread_uses_a_channel_from_both_sides();
  the_library_runs_a_loop_of_ours();
  the_library_uses_a_pool_of_ours();
  the_library_sleeps_and_is_woken();
  coroutines_of_both_are_run_on_the_spot();
  return failures == 0 ? 0 : 1;
}
