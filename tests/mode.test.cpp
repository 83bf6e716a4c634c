// The vocabulary: which types are messages, which are channels, and what generic code may ask of them.
#include <tandem/mode.hpp>

#include <any>
#include <array>
#include <deque>
#include <fstream>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <sstream>
#include <stack>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <tandem/async/mailbox.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "support/catch.hpp"
#include "support/messages.hpp"

namespace {

struct throws_when_moved {
  throws_when_moved(throws_when_moved&&) noexcept(false) {}
};
struct throws_when_destroyed {
  throws_when_destroyed(throws_when_destroyed&&) noexcept {}
  ~throws_when_destroyed() noexcept(false) {}
};
struct immovable {
  immovable(immovable&&) = delete;
};
struct only_copied_and_may_throw {
  only_copied_and_may_throw(const only_copied_and_may_throw&) {}
};
struct only_copied {
  only_copied(const only_copied&) noexcept {}
};
struct abstract {
  virtual ~abstract() = default;
  virtual void speak() = 0;
};
enum class colour { red };

// A channel that somebody else wrote: the traits are all it takes.
struct telegraph {
  using value_type = int;
  static constexpr tandem::mode channel_mode = tandem::mode::asynchronous;
  static constexpr tandem::receipt channel_receipt = tandem::receipt::answered;
  void close() {}
  bool is_closed() const { return false; }
};
struct stone {
  using value_type = int;
};

template <tandem::confirms<tandem::receipt::received> C>
constexpr std::string_view what_a_send_tells() {
  return "a receiver has it";
}
template <tandem::channel C>
constexpr std::string_view what_a_send_tells() {
  return "the medium has it";
}

}  // namespace

TEST_CASE("a message is an object that moves and dies without throwing", "[mode]") {
  static_assert(tandem::message<int> && tandem::message<double*> && tandem::message<colour>);
  static_assert(tandem::message<std::string> && tandem::message<std::unique_ptr<int>> &&
                tandem::message<std::array<int, 4>> && tandem::message<std::monostate>);
  static_assert(tandem::message<std::reference_wrapper<int>> && tandem::message<std::function<void()>>);
  static_assert(tandem::message<support::letter> && tandem::message<support::fixed> &&
                tandem::message<support::only_one> && tandem::message<support::aligned<128>> &&
                tandem::message<support::fragile>);
  static_assert(tandem::message<only_copied>);
  static_assert(!tandem::message<throws_when_moved> && !tandem::message<throws_when_destroyed>);
  static_assert(!tandem::message<immovable> && !tandem::message<only_copied_and_may_throw>);
  static_assert(!tandem::message<abstract>);
  SUCCEED();
}

TEST_CASE("references, arrays, void, functions and what is const are no messages", "[mode]") {
  static_assert(!tandem::message<int&> && !tandem::message<int&&> && !tandem::message<const int&>);
  static_assert(!tandem::message<const int> && !tandem::message<volatile int>);
  static_assert(!tandem::message<int[3]> && !tandem::message<int[]>);
  static_assert(!tandem::message<void> && !tandem::message<int()>);
  SUCCEED();
}

TEST_CASE("receipts are ordered: stored, received, answered", "[mode]") {
  static_assert(tandem::receipt::stored < tandem::receipt::received);
  static_assert(tandem::receipt::received < tandem::receipt::answered);
  static_assert(tandem::confirms<telegraph, tandem::receipt::stored>);
  static_assert(tandem::confirms<telegraph, tandem::receipt::received>);
  static_assert(tandem::confirms<telegraph, tandem::receipt::answered>);
  SUCCEED();
}

TEST_CASE("a channel written elsewhere is a channel by its traits", "[mode]") {
  static_assert(tandem::channel<telegraph> && !tandem::channel<stone> && !tandem::channel<int>);
  static_assert(tandem::asynchronous_channel<telegraph> && !tandem::synchronous_channel<telegraph>);
  static_assert(!tandem::sendable<telegraph> && !tandem::receivable<telegraph>);
  static_assert(!tandem::sendable<int> && !tandem::confirms<stone, tandem::receipt::stored>);
  static_assert(tandem::mode_of<telegraph> == tandem::mode::asynchronous);
  static_assert(tandem::receipt_of<telegraph> == tandem::receipt::answered);
  SUCCEED();
}

TEST_CASE("generic code can choose by what a successful send means", "[mode]") {
  static_assert(what_a_send_tells<tandem::rendezvous<int>>() == "a receiver has it");
  static_assert(what_a_send_tells<tandem::mailbox<int>>() == "the medium has it");
  static_assert(what_a_send_tells<telegraph>() == "a receiver has it");
  SUCCEED();
}

TEST_CASE("which types of the standard library are messages", "[mode]") {
  using tandem::message;
  static_assert(message<std::string> && message<std::vector<int>> && message<std::list<int>>);
  static_assert(message<std::map<int, int>> && message<std::unordered_map<int, int>>);
  static_assert(message<std::unique_ptr<int>> && message<std::shared_ptr<int>> && message<std::function<void()>>);
  static_assert(message<std::optional<std::string>> && message<std::variant<int, std::string>> && message<std::any>);
  static_assert(message<std::queue<int, std::list<int>>>);
  static_assert(!message<std::mutex> && !message<std::once_flag> && !message<std::stringstream>);
  static_assert(!message<std::ifstream> && !message<std::pair<int, std::stringstream>>);
#if defined(__GLIBCXX__)  // a new std::deque allocates
  static_assert(!message<std::deque<int>> && !message<std::queue<int>> && !message<std::stack<int>>);
  static_assert(!message<std::optional<std::deque<int>>>);
#endif
  SUCCEED();
}
