// ports: the two halves of a channel, which own it together. The last one of a side to go closes it.
#include <iostream>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/port.hpp>
#include <tandem/thread.hpp>

// [reply_to]
struct hello {
  tandem::send_port<tandem::mailbox<hello>> reply_to;
};
// [/reply_to]

int main() {
  // [open]
  auto [out, in] = tandem::open<tandem::mailbox<int>>(8);
  // [/open]

  // [last_one_closes]
  std::vector<tandem::thread> senders;
  for (int first = 0; first < 3; ++first) {
    senders.emplace_back([port = out, first] {  // a port each
      for (int i = first; i < 30; i += 3) {
        if (!port.send(i)) return;
      }
    });  // and each lets go of it at its end
  }
  out.reset();  // so do we: nobody has to say who is the last

  int count = 0, sum = 0;
  for (const int number : in) {
    ++count;
    sum += number;
  }
  // [/last_one_closes]
  std::cout << count << " numbers, sum " << sum << '\n';
  std::cout << "receive: " << in.receive().error().name() << '\n';

  auto [mine, answers] = tandem::open<tandem::mailbox<hello>>(1);
  auto [yours, greetings] = tandem::open<tandem::mailbox<hello>>(1);
  if (yours.send(hello{mine})) {
    const auto got = greetings.receive();
    std::cout << "the answer to a hello: " << got->reply_to.send(hello{}) << '\n';
  }

  // [nobody_reads]
  auto [letters, reader] = tandem::open<tandem::mailbox<int>>(8);
  reader.reset();  // the only reader goes
  std::cout << "send: " << letters.send(1) << '\n';
  // [/nobody_reads]

  // [unanswered]
  struct question {
    tandem::promise<int> answer;
  };
  auto [questions, oracle] = tandem::open<tandem::mailbox<question>>(8);
  tandem::promise<int> promised;
  tandem::future<int> answer = promised.get_future();
  std::cout << "send: " << questions.send(question{std::move(promised)}) << '\n';
  oracle.reset();  // whoever could have answered goes, and so does the question
  std::cout << "the answer: " << answer.get() << '\n';
  // [/unanswered]

  // [empty_port]
  auto moved = std::move(letters);
  std::cout << std::boolalpha << "moved from: " << static_cast<bool>(letters)
            << ", moved to: " << static_cast<bool>(moved) << '\n';
  // [/empty_port]
}
