// tandem in a minute: the same two people, together and apart.
#include <iostream>
#include <string>
#include <utility>

#include <tandem/tandem.hpp>

void in_person() {
  // [in_person]
  // send waits until somebody takes it: the two are there together.
  tandem::rendezvous<std::string> words;
  tandem::thread ben([&] { std::cout << "in person: " << words.receive().value_or("silence") << '\n'; });
  const tandem::status heard = words.send("Are you coming on Saturday?");
  // [/in_person]
  ben.join();
  std::cout << "send: " << heard.name() << '\n';
}

void by_email() {
  // [by_email]
  // send leaves it and goes: nobody has to be there. Ben reads when he likes.
  tandem::mailbox<std::string> inbox(16);
  const tandem::status left = inbox.send("The ferry leaves at nine.");
  inbox.close();
  tandem::thread ben([&] {
    for (const std::string& letter : inbox) std::cout << "by email: " << letter << '\n';
  });
  // [/by_email]
  ben.join();
  std::cout << "send: " << left.name() << '\n';
}

void get_back_to_you() {
  // [get_back_to_you]
  // "I'll get back to you": one answer, once, whenever it is ready.
  tandem::promise<std::string> promise;
  tandem::future<std::string> answer = promise.get_future();
  tandem::thread ben([promise = std::move(promise)]() mutable {
    if (!promise.set_value("Yes, all three of us.")) std::cout << "nobody wants to know any more\n";
  });
  std::cout << "at last: " << answer.get().value_or("no answer") << '\n';
  // [/get_back_to_you]
}

int main() {
  in_person();
  by_email();
  get_back_to_you();
}
