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
  // [until_closed]
  // A closed channel is ready, at once and for ever: it is left out from then on.
  inbox.close();
  bool open = true;
  while (open) {
    tandem::select(tandem::receive_from(inbox, [&](auto text) { open = text.has_value(); }).only_if(open));
  }
  std::cout << "the inbox is closed\n";
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
