// mode and receipt: what kind of communication this is, said by the type.
#include <chrono>
#include <iostream>
#include <string_view>

#include <tandem/async/mailbox.hpp>
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/mode.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <tandem/thread.hpp>

template <tandem::channel Channel>
std::string_view mode_name() {
  return tandem::mode_of<Channel> == tandem::mode::synchronous ? "synchronous" : "asynchronous";
}

// [confirms]
// Paying needs a channel whose send means that the other side has the money. Any such channel will do.
template <tandem::confirms<tandem::receipt::received> Channel>
bool pay(Channel& till, int amount) {
  return static_cast<bool>(till.send(amount));
}

template <class Channel>
concept can_pay = requires(Channel& till) { pay(till, 1); };

static_assert(can_pay<tandem::rendezvous<int>>);
static_assert(!can_pay<tandem::mailbox<int>>);  // stored is not received
// [/confirms]

// [absent_receiver]
// The test that tells the modes apart: nobody is there to receive. Can a send succeed?
template <tandem::sendable Channel>
bool succeeds_alone(Channel& channel) {
  return static_cast<bool>(channel.try_send(1));
}
// [/absent_receiver]

// [coroutine]
// The same test by a coroutine, which can wait without a thread. It may wait as long as it likes.
template <tandem::sendable Channel>
tandem::task<bool> co_succeeds_alone(Channel& channel) {
  const auto how = co_await channel.co_try_send_for(1, std::chrono::milliseconds(10));
  co_return static_cast<bool>(how);
}
// [/coroutine]

int main() {
  tandem::rendezvous<int> phone;
  tandem::mailbox<int> email(2);
  std::cout << std::boolalpha;
  std::cout << "rendezvous: " << mode_name<decltype(phone)>() << ", sends alone: " << succeeds_alone(phone) << '\n';
  std::cout << "mailbox: " << mode_name<decltype(email)>() << ", sends alone: " << succeeds_alone(email) << '\n';
  tandem::run_loop loop;
  std::cout << "a coroutine to a rendezvous, alone: " << loop.block_on(co_succeeds_alone(phone)) << '\n';
  std::cout << "a coroutine to a mailbox, alone: " << loop.block_on(co_succeeds_alone(email)) << '\n';

  tandem::thread cashier([&] {
    if (auto amount = phone.receive()) std::cout << "cashier: " << *amount << '\n';
  });
  const bool paid = pay(phone, 12);
  cashier.join();
  std::cout << "paid: " << paid << '\n';
}
