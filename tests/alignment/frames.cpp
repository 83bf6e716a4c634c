// Everything of tandem's that may lie in the frame of a coroutine, in frames of every kind, with messages that ask for
// more alignment than a frame has. It is compiled with instructions that fault, and with a sanitizer that speaks up,
// where an address is not what its type promises (check_alignment.cmake).
#include <tandem/tandem.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

namespace {

using wide = float __attribute__((vector_size(32)));

struct alignas(sizeof(wide)) message {
  explicit message(float number) : numbers(wide{} + number) {}
  float sum() const {
    float all = 0;
    for (int i = 0; i < 8; ++i) all += numbers[i];
    return all;
  }
  wide numbers;
};

/// A promise that tandem has never heard of.
struct foreign {
  struct promise_type {
    template <class... Arguments>
    explicit promise_type(tandem::run_loop& l, Arguments&...) : loop(&l) {}
    tandem::scheduler& scheduler() const noexcept { return *loop; }
    foreign get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
    tandem::run_loop* loop;
  };
};

float total = 0;

// --- channels in frames: as locals, one after the other, so that they lie at every distance from a line --------------

template <std::size_t Bytes, class Users>
tandem::task<> channels_in_a_task(tandem::run_loop& loop) {
  std::array<char, Bytes> before{};
  tandem::rendezvous<int, Users> across;
  tandem::mailbox<int, Users> box(2);
  std::array<char, Bytes> after{};
  tandem::scope both(loop);
  both.spawn([](auto& a, auto& b) -> tandem::task<> {
    for (int i = 0; i < 10; ++i) {
      static_cast<void>(co_await a.co_send(i));
      static_cast<void>(co_await b.co_send(i));
    }
  }(across, box));
  for (int i = 0; i < 10; ++i) {
    const auto one = co_await across.co_receive();
    const auto other = co_await box.co_receive();
    total += static_cast<float>(*one + *other + before[0] + after[Bytes - 1]);
  }
  co_await both.join();
}

foreign sends_to_both(tandem::run_loop&, tandem::rendezvous<int>& a, tandem::mailbox<int>& b) {
  for (int i = 0; i < 10; ++i) {
    static_cast<void>(co_await a.co_send(i));
    static_cast<void>(co_await b.co_send(i));
  }
}
template <std::size_t Bytes>
foreign channels_in_a_foreign_frame(tandem::run_loop& loop) {
  std::array<char, Bytes> before{};
  tandem::rendezvous<int> across;
  tandem::mailbox<int> box(2);
  std::array<char, Bytes> after{};
  sends_to_both(loop, across, box);
  for (int i = 0; i < 10; ++i) {
    const auto one = co_await across.co_receive();
    const auto other = co_await box.co_receive();
    total += static_cast<float>(*one + *other + before[0] + after[Bytes - 1]);
  }
  loop.stop();
}

tandem::task<> a_loop_in_a_task() {
  tandem::run_loop inner;
  tandem::rendezvous<int> across;
  total += inner.block_on([](tandem::rendezvous<int>& r) -> tandem::task<float> {
    const auto got = co_await r.co_try_receive_for(std::chrono::microseconds(1));
    co_return got ? 1.0F : 0.0F;
  }(across));
  co_return;
}

// --- messages that ask for more --------------------------------------------------------------------------------------

template <class Channel>
tandem::task<> writes(Channel& to, int messages) {
  for (int i = 0; i < messages; ++i) {
    static_cast<void>(co_await to.co_send(message(1)));
    const message kept(2);
    static_cast<void>(co_await to.co_send(kept));
  }
}
template <class Channel>
tandem::task<message> reads(Channel& from, int messages) {
  message last(0);
  for (int i = 0; i < messages; ++i) {
    const auto one = co_await from.co_receive();
    const auto other = co_await from.co_try_receive_for(std::chrono::seconds(10));
    total += one->sum() + other->sum();
    last = *one;
  }
  co_return last;
}
template <class Channel>
tandem::task<> selects(Channel& from, int messages) {
  for (int i = 0; i < messages; ++i) {
    auto arm = tandem::receive_from(from);
    static_cast<void>(co_await tandem::co_select(arm, tandem::after(std::chrono::seconds(10))));
    const auto got = arm.result();
    total += got->sum();
  }
}
/// In a foreign frame only what is ours: the compiler puts a message of the user's own there as it likes.
template <class Channel>
foreign reads_in_a_foreign_frame(tandem::run_loop& loop, Channel& from, int messages) {
  for (int i = 0; i < messages; ++i) {
    const auto one = co_await from.co_receive();
    total += one->sum();
    auto arm = tandem::receive_from(from);
    static_cast<void>(co_await tandem::co_select(arm));
    const auto other = arm.result();
    total += other->sum();
  }
  loop.stop();
}
template <class Channel>
foreign writes_in_a_foreign_frame(tandem::run_loop&, Channel& to, const message& what, int messages) {
  for (int i = 0; i < messages; ++i) static_cast<void>(co_await to.co_send(what));
}

template <class Channel>
void messages_through(tandem::run_loop& loop, Channel& channel) {
  loop.block_on([](tandem::run_loop& l, Channel& c) -> tandem::task<> {
    tandem::scope all(l);
    all.spawn(writes(c, 10));
    const message last = co_await reads(c, 10);
    total += last.sum();
    co_await all.join();
    all.spawn(writes(c, 5));
    co_await selects(c, 10);
    co_await all.join();
  }(loop, channel));
  const message what(3);
  writes_in_a_foreign_frame(loop, channel, what, 20);
  reads_in_a_foreign_frame(loop, channel, 10);
  loop.run();
}

tandem::task<message> brings(float number) { co_return message(number); }

tandem::task<> composes(tandem::scheduler& where) {
  const auto [one, other] = co_await tandem::when_all(brings(1), brings(2));
  std::vector<tandem::task<message>> many;
  for (int i = 0; i < 3; ++i) many.push_back(brings(3));
  const auto all = co_await tandem::when_all(std::move(many));
  const message captured(4);
  const auto first =
      co_await tandem::when_any([captured](const tandem::stop_token&) -> tandem::task<message> { co_return captured; });
  total += one.sum() + other.sum() + all.back().sum() + first.value.sum();
  tandem::promise<message> asked;
  auto answer = tandem::then(asked.get_future(), where,
                             [captured](const message& m) { return message(m.numbers[0] + captured.numbers[1]); });
  static_cast<void>(asked.set_value(message(5)));
  const auto answered = co_await answer.co_get();
  total += answered->sum();
}

}  // namespace

int main() {
  tandem::run_loop loop;
  loop.block_on(channels_in_a_task<16, tandem::any_thread>(loop));
  loop.block_on(channels_in_a_task<32, tandem::any_thread>(loop));
  loop.block_on(channels_in_a_task<48, tandem::one_thread>(loop));
  for (int i = 0; i < 10; ++i) {
    const std::vector<char> shifts_the_next_frame(static_cast<std::size_t>(16 * i + 1));
    channels_in_a_foreign_frame<16>(loop);
    loop.run();
    channels_in_a_foreign_frame<64>(loop);
    loop.run();
    tandem::rendezvous<message> across;
    messages_through(loop, across);
    tandem::mailbox<message> box(3);
    messages_through(loop, box);
    loop.block_on(a_loop_in_a_task());
    loop.block_on(composes(loop));
  }
  std::printf("%g\n", static_cast<double>(total));
}
