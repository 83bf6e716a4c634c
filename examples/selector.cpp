// selector: many inboxes, one reader; made once, used often.
#include <cstddef>
#include <deque>
#include <iostream>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/thread.hpp>

int main() {
  constexpr std::size_t authors = 20;
  std::deque<tandem::mailbox<int>> inboxes;
  for (std::size_t i = 0; i < authors; ++i) inboxes.emplace_back(4);

  // [add]
  tandem::selector reader;
  int letters = 0, sum = 0;
  for (auto& inbox : inboxes) {
    const auto read = [&](tandem::result<int> letter) {
      if (!letter) return;  // closed
      ++letters;
      sum += *letter;
    };
    reader.add(tandem::receive_from(inbox, read).until_closed());  // a closed channel is ready for ever: not this arm
  }
  // [/add]

  std::vector<tandem::thread> writers;
  for (auto& inbox : inboxes) {
    writers.emplace_back([&inbox] {
      for (int i = 1; i <= 50; ++i) {
        if (!inbox.send(i)) return;
      }
      inbox.close();
    });
  }

  // [read]
  while (letters < 100) reader.select();  // wherever one has come

  tandem::run_loop loop;  // and on, without a thread of its own
  const auto the_rest = [&]() -> tandem::task<> {
    while (reader.has_channels()) co_await reader.co_select();
  };
  loop.block_on(the_rest());
  // [/read]
  std::cout << letters << " letters, sum " << sum << '\n';
}
