// What of tandem's may lie in the frame of a coroutine: it asks for no more alignment than a frame has, keeps what asks
// for more where that belongs, and still keeps cache lines apart.
#include <tandem/detail/room.hpp>

#include <tandem/tandem.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/coroutines.hpp"
#include "support/messages.hpp"

using support::aligned;
using tandem::detail::anywhere;
using tandem::detail::room;
using tandem::detail::usual_alignment;

namespace {

template <class T>
constexpr bool fits = alignof(T) <= usual_alignment;

template <class Channel>
constexpr bool fits_with_its_verbs =
    fits<Channel> && fits<decltype(std::declval<Channel&>().co_receive())> &&
    fits<decltype(std::declval<Channel&>().co_receive(tandem::stop_token()))> &&
    fits<decltype(std::declval<Channel&>().co_send(std::declval<typename Channel::value_type>()))> &&
    fits<decltype(std::declval<Channel&>().co_send(std::declval<const typename Channel::value_type&>()))> &&
    fits<decltype(std::declval<Channel&>().co_try_receive_for(std::chrono::seconds(1)))> &&
    fits<decltype(tandem::receive_from(std::declval<Channel&>()))> &&
    fits<decltype(tandem::send_to(std::declval<Channel&>(), std::declval<typename Channel::value_type&>()))> &&
    fits<tandem::result<typename Channel::value_type>> && fits<decltype(std::declval<Channel&>().try_receive())>;

std::uintptr_t number_of(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

/// Something that says where it lies.
struct alignas(64) set_apart {
  explicit set_apart(int n) noexcept : number(n) {}
  int number;
};

/// Memory that begins as far behind a line as operator new may place it.
class shifted {
 public:
  void* by(std::size_t bytes) { return memory_ + bytes; }

 private:
  alignas(64) std::byte memory_[1024];
};

}  // namespace

TEST_CASE("nothing that may lie in a coroutine's frame asks for more alignment than operator new gives", "[frames]") {
  using tandem::mailbox;
  using tandem::one_thread;
  using tandem::rendezvous;
  static_assert(fits_with_its_verbs<rendezvous<int>> && fits_with_its_verbs<rendezvous<int, one_thread>>);
  static_assert(fits_with_its_verbs<mailbox<int>> && fits_with_its_verbs<mailbox<int, one_thread>>);
  static_assert(fits_with_its_verbs<rendezvous<aligned<64>>> && fits_with_its_verbs<mailbox<aligned<64>>>);
  static_assert(fits_with_its_verbs<rendezvous<aligned<4096>>> &&
                fits_with_its_verbs<mailbox<aligned<4096>, one_thread>>);
  static_assert(fits<tandem::run_loop> && fits<tandem::thread_pool> && fits<tandem::scope> && fits<tandem::selector>);
  static_assert(fits<tandem::promise<aligned<64>>> && fits<tandem::future<aligned<64>>> && fits<tandem::ticker>);
  static_assert(fits<tandem::task<aligned<64>>> && fits<tandem::task<aligned<64>>::promise_type>);
  static_assert(fits<decltype(std::declval<tandem::future<aligned<64>>&>().co_get())>);
  static_assert(fits<decltype(tandem::get_from(std::declval<tandem::future<aligned<64>>&>()))>);
  SUCCEED();
}

TEST_CASE("a room for something usual is as large as that, and may be a constant", "[frames]") {
  static_assert(sizeof(room<int>) == sizeof(int) && sizeof(anywhere<std::string>) == sizeof(std::string));
  static_assert([] {
    anywhere<int> number(3);
    *number += 4;
    return *number;
  }() == 7);
  static_assert(tandem::result<int>(3).value_or(4) == 3);
  SUCCEED();
}

TEST_CASE("what lies in a room is aligned as it asks, wherever the room lies", "[frames]") {
  shifted memory;
  for (std::size_t shift = 0; shift < 256; shift += usual_alignment) {
    auto* const kept = ::new (memory.by(shift)) anywhere<set_apart>(7);
    CHECK(number_of(std::addressof(**kept)) % 64 == 0);
    CHECK(number_of(std::addressof(**kept)) >= number_of(kept));
    CHECK(number_of(std::addressof(**kept)) + sizeof(set_apart) <= number_of(kept + 1));
    CHECK((*kept)->number == 7);
    CHECK(std::as_const(*kept)->number == 7);
    std::destroy_at(kept);
  }
}

TEST_CASE("a channel is used from wherever it may lie", "[frames]") {
  shifted memory;
  for (std::size_t shift = 0; shift < 128; shift += usual_alignment) {
    auto* const box = ::new (memory.by(shift)) tandem::mailbox<int>(2);
    CHECK(box->send(1));
    CHECK(box->try_receive().value() == 1);
    std::destroy_at(box);
    auto* const across = ::new (memory.by(shift)) tandem::rendezvous<int>;
    CHECK(across->try_send(1) == tandem::status::full);
    std::destroy_at(across);
    auto* const loop = ::new (memory.by(shift)) tandem::run_loop;
    CHECK(loop->block_on([]() -> tandem::task<int> { co_return 3; }()) == 3);
    std::destroy_at(loop);
  }
}

TEST_CASE("a result keeps an over-aligned value straight, also when it is moved, copied and assigned", "[frames]") {
  using value = aligned<128>;
  shifted memory;
  for (std::size_t shift = 0; shift < 256; shift += usual_alignment) {
    using result = tandem::result<value>;
    auto* const one = ::new (memory.by(shift)) result(value(1));
    CHECK((*one)->number() == 1);
    auto* const other = ::new (memory.by(512 + shift)) result(*one);
    CHECK((*other)->number() == 1);
    *other = result(value(2));
    CHECK((*other)->number() == 2);
    *one = std::move(*other);
    CHECK((*one)->number() == 2);
    *other = tandem::status::closed;
    CHECK(other->value_or(value(3)).number() == 3);
    CHECK(std::move(*one).transform([](value&& v) { return value(v.number() + 1); }).value().number() == 3);
    std::destroy_at(one);
    std::destroy_at(other);
  }
}

TEMPLATE_TEST_CASE("an over-aligned message lies straight wherever it passes, in frames of foreign promises",
                   "[frames]", tandem::rendezvous<aligned<64>>, tandem::mailbox<aligned<64>>,
                   (tandem::mailbox<aligned<64>, tandem::one_thread>)) {
  support::by_hand where;
  for (int round = 0; round < 8; ++round) {
    const std::vector<char> shifts_the_next_frame(static_cast<std::size_t>(16 * round + 1));
    const auto channel = [] {
      if constexpr (std::is_constructible_v<TestType, int>) {
        return std::make_unique<TestType>(1);
      } else {
        return std::make_unique<TestType>();
      }
    }();
    const aligned<64> message(round);
    auto receiver = support::party_of(where, [&] { return channel->co_receive(); });
    auto sender = support::party_of(where, [&] { return channel->co_send(message); });  // of a copy
    if (round % 2 == 0) receiver.start();
    sender.start();
    if (round % 2 != 0) receiver.start();
    where.run();
    REQUIRE(sender.is_over());
    REQUIRE(receiver.is_over());
    CHECK(receiver.outcome()->number() == round);
  }
}

TEST_CASE("a task's result, and what a task keeps, lie straight", "[frames]") {
  tandem::run_loop loop;
  const auto brings = [](int number) -> tandem::task<aligned<64>> { co_return aligned<64>(number); };
  const auto brings_a_page = [](int number) -> tandem::task<aligned<4096>> { co_return aligned<4096>(number); };
  for (int i = 0; i < 8; ++i) {
    const std::vector<char> shifts_the_next_frame(static_cast<std::size_t>(16 * i + 1));
    CHECK(loop.block_on(brings(i)).number() == i);
    CHECK(loop.block_on(brings_a_page(i)).number() == i);
    const auto [one, other] = loop.block_on(tandem::when_all(brings(1), brings(2)));
    CHECK(one.number() + other.number() == 3);
    // what the user keeps in a frame of ours
    CHECK(loop.block_on([](auto make) -> tandem::task<int> {
      const aligned<64> kept(1);
      const aligned<64> brought = co_await make(2);
      co_return kept.number() + brought.number();
    }(brings)) == 3);
    // what we keep there of the user's
    tandem::promise<int> asked;
    const aligned<64> captured(4);
    auto answer = tandem::then(asked.get_future(), loop, [captured](int n) { return n + captured.number(); });
    static_cast<void>(asked.set_value(3));
    loop.block_on([]() -> tandem::task<> { co_return; }());
    loop.stop();
    loop.run();
    CHECK(answer.try_get().value_or(0) == 7);
  }
}
