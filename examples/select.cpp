// select: the phone, the inbox or the alarm, whichever comes first.
#include <chrono>
#include <iostream>
#include <string>

#include <tandem/async/mailbox.hpp>
#include <tandem/blend/select.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

using namespace std::chrono_literals;

void whichever_comes_first(tandem::rendezvous<std::string>& phone, tandem::mailbox<std::string>& inbox) {
  // [first]
  tandem::select(
      tandem::receive_from(phone, [](auto call) { std::cout << "phone: " << call.value_or("gone") << '\n'; }),
      tandem::receive_from(inbox, [](auto text) { std::cout << "inbox: " << text.value_or("gone") << '\n'; }),
      tandem::after(10s, [] { std::cout << "alarm\n"; }));
  // [/first]
}

int main() {
  tandem::rendezvous<std::string> phone;
  tandem::mailbox<std::string> inbox(4);
  if (inbox.send("the ferry leaves at nine")) whichever_comes_first(phone, inbox);
  {
    tandem::thread ana([&] { std::cout << (phone.send("are you up?") ? "" : "nobody answers\n"); });
    whichever_comes_first(phone, inbox);
  }

  // [number]
  // Each arm has a number. What is not taken is untouched: nobody answers, so the question is still ours.
  std::string question = "where are you?";
  const auto fired = tandem::select(tandem::send_to(phone, question), tandem::receive_from(inbox), tandem::after(5ms));
  std::cout << "arm " << fired << ", still in our hands: " << question << '\n';
  // [/number]
  // [otherwise]
  tandem::select(tandem::send_to(phone, question), tandem::otherwise([] { std::cout << "nobody there\n"; }));
  // [/otherwise]
  // [limits]
  // What limits a select comes after its arms, as in every other verb.
  tandem::stop_source evening;
  const auto in_time = tandem::try_select_for(tandem::receive_from(phone), tandem::receive_from(inbox), 5ms);
  std::cout << "within 5 ms: " << in_time.error() << '\n';
  evening.request_stop();
  const auto by_day = tandem::select(tandem::receive_from(phone), tandem::receive_from(inbox), evening.get_token());
  std::cout << "until the evening: " << by_day.error() << '\n';
  // [/limits]
  // [until_closed]
  // A closed channel is ready, at once and for ever. So this arm fires once for that, and then leaves itself out.
  auto letters = tandem::receive_from(inbox, [](auto text) { std::cout << text.value_or("no more letters") << '\n'; });
  letters.until_closed();
  inbox.close();
  for (int i = 0; i < 2; ++i) tandem::select(letters, tandem::otherwise([] { std::cout << "nothing\n"; }));
  // [/until_closed]

  // [coroutine]
  tandem::run_loop loop;
  const auto sleeper = [&]() -> tandem::task<std::string> {
    const auto which = co_await tandem::co_select(tandem::receive_from(phone), tandem::after(5ms));
    co_return which == 0 ? "woken by the phone" : "woken by the alarm";
  };
  std::cout << loop.block_on(sleeper()) << '\n';
  // [/coroutine]
}
