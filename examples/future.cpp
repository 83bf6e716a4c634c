// promise and future: "I'll get back to you", once.
#include <iostream>
#include <string>
#include <utility>

#include <tandem/async/future.hpp>
#include <tandem/thread.hpp>

int main() {
  // [get_back_to_you]
  tandem::promise<std::string> promise;
  tandem::future<std::string> answer = promise.get_future();
  std::cout << "try_get, too early: " << answer.try_get().error().name() << '\n';

  tandem::thread ben([promise = std::move(promise)]() mutable {
    const auto kept = promise.set_value("the 14, from the station");
    std::cout << "set_value: " << kept.name() << '\n';
  });
  ben.join();  // Ben is gone; what he promised is there
  std::cout << "get: " << answer.get().value_or("nothing") << '\n';
  std::cout << "get again: " << answer.get().error().name() << '\n';
  // [/get_back_to_you]

  // [once]
  tandem::promise<int> number;
  auto reader = number.get_future();
  std::cout << "set_value: " << number.set_value(1).name() << '\n';
  std::cout << "set_value again: " << number.set_value(2).name() << '\n';
  // [/once]

  // [abandoned]
  tandem::future<int> broken;
  {
    tandem::promise<int> forgotten;
    broken = forgotten.get_future();
  }  // gone without a word
  std::cout << "get, a broken promise: " << broken.get().error().name() << '\n';

  tandem::promise<int> unheard;
  {
    auto nobody = unheard.get_future();
  }
  std::cout << "set_value, nobody left to tell: " << unheard.set_value(3).name() << '\n';
  // [/abandoned]
}
