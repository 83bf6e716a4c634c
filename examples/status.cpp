// status and result: how an operation ended, and what it brought.
#include <iostream>
#include <string>

#include <tandem/status.hpp>

// [switch]
// Every outcome has a name, so a switch can be complete.
bool worth_another_try(tandem::status outcome) {
  switch (outcome.value()) {
    case tandem::status::ok:
    case tandem::status::closed:
    case tandem::status::stopped:
    case tandem::status::abandoned: return false;
    case tandem::status::full:
    case tandem::status::empty:
    case tandem::status::timeout: return true;
  }
  return false;
}
// [/switch]

// [result]
// A receive returns one of these, and so can a function of yours: a value, or why there is none.
tandem::result<int> book_seats(int wanted) {
  constexpr int seats = 3;
  if (wanted > seats) return tandem::status::full;
  return seats - wanted;
}
// [/result]

// [chain]
std::string seats_left(int wanted) {
  return book_seats(wanted).transform([](int left) { return std::to_string(left) + " left"; }).value_or("too many");
}
// [/chain]

int main() {
  for (const tandem::status s :
       {tandem::status::ok, tandem::status::full, tandem::status::empty, tandem::status::closed,
        tandem::status::timeout, tandem::status::stopped, tandem::status::abandoned}) {
    std::cout << s.name() << (worth_another_try(s) ? " (try again)" : "") << ": " << s.sentence() << '\n';
  }

  // [condition]
  if (auto left = book_seats(2)) std::cout << "booked, " << *left << " left\n";
  if (auto left = book_seats(4); !left) std::cout << "not booked: " << left.error().name() << '\n';
  // [/condition]
  std::cout << "one: " << seats_left(1) << ", five: " << seats_left(5) << '\n';
}
