// mode and receipt: what kind of communication this is, said by the type.
#include <iostream>
#include <string_view>

#include <tandem/async/mailbox.hpp>
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

int main() {
  tandem::rendezvous<int> phone;
  tandem::mailbox<int> email(1);
  std::cout << std::boolalpha;
  std::cout << "rendezvous: " << mode_name<decltype(phone)>() << ", sends alone: " << succeeds_alone(phone) << '\n';
  std::cout << "mailbox: " << mode_name<decltype(email)>() << ", sends alone: " << succeeds_alone(email) << '\n';

  tandem::thread cashier([&] {
    if (auto amount = phone.receive()) std::cout << "cashier: " << *amount << '\n';
  });
  const bool paid = pay(phone, 12);
  cashier.join();
  std::cout << "paid: " << paid << '\n';
}
