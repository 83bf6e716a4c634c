// The verbs: the same on every channel. Plain, try_, timed, and with a stop token.
#include <chrono>
#include <iostream>

#include <tandem/async/mailbox.hpp>
#include <tandem/thread.hpp>
#include <tandem/verbs.hpp>

int main() {
  using namespace std::chrono_literals;
  tandem::mailbox<int> numbers(1);
  const auto say = [](const char* what, tandem::status s) { std::cout << what << ": " << s.name() << '\n'; };

  // [try]
  say("try_receive", numbers.try_receive().error());  // nothing there
  say("try_send", numbers.try_send(1));
  say("try_send", numbers.try_send(2));  // no room
  // [/try]

  // [timed]
  say("try_send_for 10ms", numbers.try_send_for(2, 10ms));
  const auto past = tandem::clock::now() - 1h;
  say("try_send_until an hour ago", numbers.try_send_until(2, past));
  say("try_receive_until an hour ago", numbers.try_receive_until(past).error());  // what is there is there
  // [/timed]

  // [stop]
  tandem::status ending = tandem::status::ok;
  tandem::thread listener([&](const tandem::stop_token& stop) { ending = numbers.receive(stop).error(); });
  listener.request_stop();
  listener.join();
  say("receive, then stop", ending);

  tandem::stop_source enough;
  enough.request_stop();
  say("send, stop already requested", numbers.send(3, enough.get_token()));  // nothing is attempted
  // [/stop]

  // [iterate]
  tandem::thread counter([&] {
    for (int i = 1; i <= 3; ++i) {
      if (!numbers.send(i)) return;
    }
    numbers.close();
  });
  for (const int number : numbers) std::cout << "number " << number << '\n';
  // [/iterate]
  say("receive", numbers.receive().error());
}
