// run_loop: one thread that runs what coroutines have to do next.
#include <chrono>
#include <iostream>
#include <string>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

using namespace std::chrono_literals;

// [coroutine]
tandem::task<int> read_all(tandem::mailbox<std::string>& inbox) {
  int letters = 0;
  while (const auto letter = co_await inbox.co_receive()) {
    std::cout << "read: " << *letter << '\n';
    ++letters;
  }
  co_return letters;
}
// [/coroutine]

// [deadline]
tandem::task<tandem::status> ring(tandem::rendezvous<std::string>& line) {
  const auto how = co_await line.co_try_send_for("Are you there?", 5ms);
  co_return how;
}
// [/deadline]

int main() {
  {
    // [block_on]
    tandem::run_loop loop;
    tandem::mailbox<std::string> inbox(4);
    tandem::thread ben([&] {  // a thread writes, a coroutine reads
      for (const char* const line : {"The ferry", "leaves at", "nine."}) static_cast<void>(inbox.send(line));
      inbox.close();
    });
    std::cout << loop.block_on(read_all(inbox)) << " letters\n";
    // [/block_on]

    tandem::rendezvous<std::string> line;
    std::cout << "nobody answers: " << loop.block_on(ring(line)).name() << '\n';
  }
  {
    // [run]
    tandem::run_loop loop;
    tandem::thread office([&] { loop.run(); });  // until it is stopped
    struct errand final : tandem::run_item {
      errand() : run_item([](run_item&) noexcept { std::cout << "done by the office\n"; }) {}
    } coffee;
    loop.post(coffee);
    loop.stop();  // when what was posted before has been run
    office.join();
    // [/run]
  }
}
