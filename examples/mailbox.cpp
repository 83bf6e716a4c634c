// mailbox: a message is left for whoever comes later. It holds as many as it was made for.
#include <iostream>
#include <string>
#include <utility>

#include <tandem/async/mailbox.hpp>
#include <tandem/thread.hpp>

// [drop_oldest]
/// Sends it; of a full mailbox the oldest message goes. ok, or closed.
tandem::status send_latest(tandem::mailbox<std::string>& inbox, std::string news) {
  for (;;) {
    const tandem::status sent = inbox.try_send(std::move(news));
    if (sent != tandem::status::full) return sent;  // on full the news is as it was
    static_cast<void>(inbox.try_receive());         // if somebody else was quicker, there is room as well
  }
}
// [/drop_oldest]

int main() {
  // [leave]
  tandem::mailbox<std::string> inbox(2);  // room for two
  std::cout << "send, nobody there: " << inbox.send("first").name() << '\n';
  std::cout << "send, nobody there: " << inbox.send("second").name() << '\n';
  // [/leave]

  // [full]
  std::string third = "third";
  std::cout << "try_send, no room: " << inbox.try_send(std::move(third)).name() << '\n';
  std::cout << "still in our hands: " << third << '\n';
  // [/full]

  // [push_back]
  // A full mailbox behaves like a phone: the sender waits for the receiver.
  tandem::thread ana([&] {
    if (inbox.send(std::move(third))) inbox.close();  // her last letter
  });
  // [/push_back]

  // [drain]
  // What was accepted before close() is still delivered, in order. Then the loop ends.
  for (const std::string& letter : inbox) std::cout << "received: " << letter << '\n';
  std::cout << "then: " << inbox.receive().error().name() << '\n';
  // [/drain]

  tandem::mailbox<std::string> board(2);
  for (const char* const score : {"1:0", "1:1", "1:2"}) {
    if (!send_latest(board, score)) break;
  }
  board.close();
  for (const std::string& score : board) std::cout << "the latest: " << score << '\n';
}
