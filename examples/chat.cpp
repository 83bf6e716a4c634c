// chat: the core of a chat server. A room tells all what one has said. Two members are coroutines, the third a thread.
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/scope.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/thread.hpp>

struct member {
  std::string name;
  std::map<std::string, std::string> replies;  // to what is heard
  tandem::mailbox<std::string> inbox{8};
};
using remarks = tandem::mailbox<std::pair<member*, std::string>>;

tandem::task<> takes_part(member& me, remarks& spoken) {
  int heard = 0;
  for (; const auto line = co_await me.inbox.co_receive(); ++heard) {
    if (!me.replies.contains(*line)) continue;
    std::pair<member*, std::string> reply(&me, me.replies.at(*line));
    static_cast<void>(co_await spoken.co_send(std::move(reply)));
  }
  std::cout << me.name << " has heard " << heard << '\n';
}

tandem::task<> room(remarks& spoken, std::vector<member*> present) {
  while (!present.empty()) {
    const auto [speaker, words] = (co_await spoken.co_receive()).value();
    const std::string line = speaker->name + ": " + words;
    std::cout << line << '\n';
    for (member* who : present) {
      if (who != speaker) static_cast<void>(who->inbox.try_send(line));  // the room waits for nobody who is slow
    }
    if (words != "bye") continue;
    speaker->inbox.close();  // who leaves still reads what has come before
    std::erase(present, speaker);
  }
}

tandem::task<> evening(tandem::run_loop& loop, remarks& spoken, member& ana, member& ben, member& cleo) {
  tandem::scope all(loop);
  all.spawn(room(spoken, {&ana, &ben, &cleo}));
  for (member* who : {&ana, &ben}) all.spawn(takes_part(*who, spoken));
  co_await all.join();
}

int main() {
  remarks spoken(8);
  member ana{"ana", {{"cleo: bye", "two of us, then"}, {"ben: bye", "bye"}}};
  member ben{"ben", {{"ana: beach?", "me!"}, {"ana: two of us, then", "bye"}}};
  member cleo{"cleo", {{"ben: me!", "bye"}}};
  tandem::thread a_thread([&] {
    for (const std::string& line : cleo.inbox) {
      if (cleo.replies.contains(line)) static_cast<void>(spoken.send({&cleo, cleo.replies.at(line)}));
    }
  });
  static_cast<void>(spoken.send({&ana, "beach?"}));
  tandem::run_loop loop;
  loop.block_on(evening(loop, spoken, ana, ben, cleo));
}
