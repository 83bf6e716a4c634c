// tandem.hpp is everything: the house in one include, used as a newcomer would.
#include <tandem/tandem.hpp>

#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"
#include "support/watchdog.hpp"

TEST_CASE("one include brings every name", "[tandem]") {
  static_assert(TANDEM_VERSION >= 100);
  static_assert(tandem::synchronous_channel<tandem::rendezvous<int>>);
  static_assert(tandem::asynchronous_channel<tandem::mailbox<int>>);
  static_assert(tandem::asynchronous_channel<tandem::future<int>>);
  static_assert(tandem::sendable<tandem::send_port<tandem::mailbox<int>>>);
  static_assert(std::is_class_v<tandem::promise<int>> && std::is_class_v<tandem::result<int>>);
  static_assert(std::is_class_v<tandem::stop_token> && std::is_class_v<tandem::status>);
  static_assert(std::is_class_v<tandem::thread> && std::is_class_v<tandem::cell<int>>);
  SUCCEED();
}

TEST_CASE("including it twice is including it once", "[tandem]") {
#include <tandem/tandem.hpp>
  SUCCEED();
}

TEST_CASE("a question on the phone is answered by email", "[tandem]") {
  const support::watchdog guard("a question and its answer");
  struct question {
    std::string text;
    tandem::promise<std::string> answer;
  };
  tandem::rendezvous<question> phone;
  auto [outbox, inbox] = tandem::open<tandem::mailbox<std::string>>(8U);
  std::jthread ben([&phone, letters = outbox]() mutable {
    for (auto& asked : phone) {
      static_cast<void>(asked.answer.set_value(asked.text + " Yes."));
      static_cast<void>(letters.send("about: " + asked.text));
    }
  });
  outbox.reset();
  tandem::promise<std::string> promised;
  auto answer = promised.get_future();
  REQUIRE(phone.send(question{"Lunch?", std::move(promised)}));
  phone.close();
  CHECK(answer.get().value() == "Lunch? Yes.");
  CHECK(inbox.receive().value() == "about: Lunch?");
  CHECK(inbox.receive().error() == tandem::status::closed);
}
