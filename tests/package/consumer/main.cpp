#include <thread>

#include <tandem/sync/rendezvous.hpp>

int main() {
  tandem::rendezvous<int> in_person;
  std::jthread ana([&] { static_cast<void>(in_person.send(42)); });
  const auto answer = in_person.receive();
  return answer && *answer == 42 ? 0 : 1;
}
