// pipeline: source, worker and sink, with a small mailbox between them. Who is quick waits for who is slow.
#include <chrono>
#include <iostream>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/coro/compose.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>

using mailbox = tandem::mailbox<int>;

// [stages]
tandem::task<> source(mailbox& out, int& made) {
  constexpr int parts = 8;
  while (made < parts) {
    const auto sent = co_await out.co_send(made + 1);  // waits while `out` is full
    if (!sent) break;
    ++made;
  }
  out.close();
}

tandem::task<> worker(mailbox& in, mailbox& out) {
  bool wanted = true;
  while (wanted) {
    const auto part = co_await in.co_receive();
    if (!part) break;
    wanted = static_cast<bool>(co_await out.co_send(*part * *part));
  }
  in.close();  // nobody makes what nobody wants
  out.close();
}

tandem::task<> sink(mailbox& in, const int& made) {
  for (int taken = 0;; ++taken) {
    co_await tandem::co_select(tandem::after(std::chrono::milliseconds(2)));  // slow: the others get as far as they can
    const auto part = co_await in.co_receive();
    if (!part) break;
    std::cout << "taken " << taken << " of " << made << ", next: " << *part << '\n';
  }
}
// [/stages]

int main() {
  // [back_pressure]
  // Ahead of the sink are at most two in each mailbox, and one in the worker's hands.
  mailbox raw(2);
  mailbox done(2);
  int made = 0;
  tandem::run_loop loop;
  loop.block_on(tandem::when_all(source(raw, made), worker(raw, done), sink(done, made)));
  // [/back_pressure]
}
