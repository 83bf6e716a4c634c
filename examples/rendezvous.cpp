// rendezvous: a message passes from hand to hand, while both are there.
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

using namespace std::chrono_literals;

void meet() {
  // [meet]
  tandem::rendezvous<std::string> counter;
  tandem::thread ben([&] {
    tandem::sleep_for(10ms);  // Ben is late
    if (auto parcel = counter.receive()) std::cout << "ben has " << *parcel << '\n';
  });
  const tandem::status given = counter.send("a parcel");  // Ana waits for him
  // [/meet]
  ben.join();
  std::cout << "send: " << given.name() << '\n';
}

void nobody_there() {
  // [nobody_there]
  tandem::rendezvous<std::unique_ptr<std::string>> counter;
  auto letter = std::make_unique<std::string>("a letter");
  std::cout << "try_send, nobody there: " << counter.try_send(std::move(letter)).name() << '\n';
  std::cout << "try_send_for, nobody comes: " << counter.try_send_for(std::move(letter), 10ms).name() << '\n';
  std::cout << "still in our hands: " << *letter << '\n';  // a send that fails leaves it alone
  // [/nobody_there]
}

void hang_up() {
  // [close]
  tandem::rendezvous<int> counter;
  tandem::status ending = tandem::status::ok;
  tandem::thread waiting([&] { ending = counter.receive().error(); });
  counter.close();  // ends every wait, now and later
  waiting.join();
  // [/close]
  std::cout << "receive, then close: " << ending.name() << '\n';
  std::cout << "send after close: " << counter.send(1).name() << '\n';
}

int main() {
  meet();
  nobody_there();
  hang_up();
}
