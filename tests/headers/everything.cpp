// A user of everything: each verb, each channel, each way to wait, once. Without a caller the compiler only parses a
// template; here it makes code of them all, and that is run even where no test library can be: with another standard
// library, for another machine. It prints nothing, and returns the line of the first thing that is wrong (255 at most).
#include <tandem/tandem.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

int line_of_the_first_mistake = 0;

void expect(bool holds, int line) {
  if (!holds && line_of_the_first_mistake == 0) line_of_the_first_mistake = line;
}
#define EXPECT(...) expect((__VA_ARGS__) ? true : false, __LINE__)

/// Moves only, and is not made from nothing.
class parcel {
 public:
  explicit parcel(int what) : inside_(std::make_unique<int>(what)) {}
  int inside() const { return *inside_; }

 private:
  std::unique_ptr<int> inside_;
};

template <class Out, class In, class Make>
void every_verb_of_a_thread(Out& out, In& in, const Make& make) {
  const tandem::stop_source never;
  const auto nobody = never.get_token();
  const auto later = [] { return tandem::clock::now() + 10s; };
  const auto by_the_wall = [] { return std::chrono::system_clock::now() + 10s; };
  tandem::thread ana([&] {
    EXPECT(out.send(make(1)));
    EXPECT(out.send(make(2), nobody));
    EXPECT(out.try_send_for(make(3), 10s));
    EXPECT(out.try_send_for(make(4), 10s, nobody));
    EXPECT(out.try_send_until(make(5), later()));
    EXPECT(out.try_send_until(make(6), by_the_wall(), nobody));
    while (!out.try_send(make(7))) tandem::sleep_for(1ms);
    EXPECT(out.send(make(8)));
    EXPECT(out.send(make(9)));
    out.close();
    EXPECT(out.send(make(10)) == tandem::status::closed);
  });
  EXPECT(in.receive());
  EXPECT(in.receive(nobody));
  EXPECT(in.try_receive_for(10s));
  EXPECT(in.try_receive_for(10.5s, nobody));
  EXPECT(in.try_receive_until(later()));
  EXPECT(in.try_receive_until(by_the_wall(), nobody));
  EXPECT(in.receive());
  while (!in.try_receive()) tandem::sleep_for(1ms);  // one of the two waits: who only tries meets nobody who does
  int left = 0;
  for (auto& message : in) {
    static_cast<void>(message);
    ++left;
  }
  EXPECT(left == 1);
  EXPECT(in.receive().error() == tandem::status::closed && in.is_closed());
}

template <class C, class Make>
tandem::task<> sends_in_every_way(C& to, Make make) {
  const tandem::stop_source never;
  const auto nobody = never.get_token();
  EXPECT(co_await to.co_send(make(1)));
  EXPECT(co_await to.co_send(make(2), nobody));
  EXPECT(co_await to.co_try_send_for(make(3), 10s));
  EXPECT(co_await to.co_try_send_for(make(4), 10s, nobody));
  EXPECT(co_await to.co_try_send_until(make(5), tandem::clock::now() + 10s));
  EXPECT(co_await to.co_try_send_until(make(6), tandem::clock::now() + 10s, nobody));
  to.close();
}

template <class C>
tandem::task<> receives_in_every_way(C& from) {
  const tandem::stop_source never;
  const auto nobody = never.get_token();
  EXPECT(co_await from.co_receive());
  EXPECT(co_await from.co_receive(nobody));
  EXPECT(co_await from.co_try_receive_for(10s));
  EXPECT(co_await from.co_try_receive_for(10s, nobody));
  EXPECT(co_await from.co_try_receive_until(tandem::clock::now() + 10s));
  EXPECT(co_await from.co_try_receive_until(tandem::clock::now() + 10s, nobody));
  const auto last = co_await from.co_receive();
  EXPECT(last.error() == tandem::status::closed);
}

template <class C, class Make>
tandem::task<> every_verb_of_a_coroutine(tandem::scheduler& where, C& channel, Make make) {
  tandem::scope both(where);
  both.spawn(sends_in_every_way(channel, make));
  both.spawn(receives_in_every_way(channel));
  co_await both.join();
}

template <class T, class Make>
void every_channel(const Make& make) {
  {
    tandem::rendezvous<T> in_person;
    every_verb_of_a_thread(in_person, in_person, make);
    tandem::mailbox<T> inbox(2);
    EXPECT(inbox.was_empty() && !inbox.was_full() && inbox.capacity() == 2);
    every_verb_of_a_thread(inbox, inbox, make);
    auto [out, in] = tandem::open<tandem::mailbox<T>>(2);
    every_verb_of_a_thread(out, in, make);
    auto [there, here] = tandem::open<tandem::rendezvous<T>>();
    every_verb_of_a_thread(there, here, make);
  }
  tandem::run_loop loop;
  tandem::rendezvous<T> in_person;
  loop.block_on(every_verb_of_a_coroutine(loop, in_person, make));
  tandem::mailbox<T> inbox(2);
  loop.block_on(every_verb_of_a_coroutine(loop, inbox, make));
  tandem::rendezvous<T, tandem::one_thread> across_the_counter;
  loop.block_on(every_verb_of_a_coroutine(loop, across_the_counter, make));
  tandem::mailbox<T, tandem::one_thread> tray(2);
  loop.block_on(every_verb_of_a_coroutine(loop, tray, make));

  tandem::thread_pool pool(2);
  tandem::rendezvous<T> in_the_pool;
  pool.block_on(every_verb_of_a_coroutine(pool, in_the_pool, make));
}

void promises() {
  tandem::promise<std::string> question;
  tandem::future<std::string> answer = question.get_future();
  EXPECT(!answer.try_get() && !answer.was_ready());
  EXPECT(answer.try_get_for(1ms).error() == tandem::status::timeout);
  EXPECT(question.set_value("yes"));
  EXPECT(answer.get().value() == "yes");

  tandem::future<void> broken;
  {
    tandem::promise<void> forgotten;
    broken = forgotten.get_future();
  }
  EXPECT(broken.get().error() == tandem::status::abandoned);
}

void selects() {
  tandem::mailbox<int> inbox(1);
  tandem::rendezvous<int> phone;
  tandem::ticker metronome(1ms);
  const tandem::stop_source never;
  int number = 1;
  EXPECT(tandem::select(tandem::receive_from(inbox), tandem::send_to(phone, number), tandem::after(1ms)) == 2);
  EXPECT(tandem::select(tandem::tick(metronome), tandem::stop_requested(never.get_token())) == 0);
  EXPECT(tandem::select(tandem::in_order, tandem::send_to(inbox, number), tandem::otherwise()) == 0);
  EXPECT(tandem::select(tandem::receive_from(inbox, [](tandem::result<int> got) { EXPECT(got); }), tandem::never()) ==
         0);

  const auto token = never.get_token();
  const auto now = tandem::clock::now();
  EXPECT(tandem::select(tandem::after(0s), token).value() == 0);
  EXPECT(tandem::try_select(tandem::receive_from(inbox)).error() == tandem::status::empty);
  EXPECT(tandem::try_select_for(tandem::receive_from(inbox), 0s, token).error() == tandem::status::timeout);
  EXPECT(tandem::try_select_until(tandem::in_order, tandem::receive_from(inbox), now).error() ==
         tandem::status::timeout);

  tandem::selector reader;
  reader.add(tandem::receive_from(inbox).until_closed());
  EXPECT(inbox.send(2) && reader.select() == 0);
  EXPECT(inbox.send(2) && reader.select(token).value() == 0);
  EXPECT(reader.try_select().error() == tandem::status::empty);
  EXPECT(reader.try_select_for(0s, token).error() == tandem::status::timeout);
  EXPECT(reader.try_select_until(now).error() == tandem::status::timeout);
  EXPECT(reader.has_channels());

  tandem::run_loop loop;
  const auto waits = [&]() -> tandem::task<std::size_t> {
    co_return co_await tandem::co_select(tandem::receive_from(inbox), tandem::after(1ms));
  };
  EXPECT(loop.block_on(waits()) == 1);
  const auto waits_in_vain = [&]() -> tandem::task<bool> {
    const auto one = co_await tandem::co_try_select_for(tandem::receive_from(inbox), 0s);
    const auto other = co_await tandem::co_try_select_until(tandem::receive_from(inbox), now, token);
    const auto again = co_await reader.co_try_select_for(0s);
    const auto last = co_await reader.co_try_select_until(now, token);
    co_return one || other || again || last;
  };
  EXPECT(!loop.block_on(waits_in_vain()));
}

void composed() {
  const auto number = [](int n) -> tandem::task<int> { co_return n; };
  const auto stoppable = [](tandem::stop_token) -> tandem::task<int> { co_return 3; };
  tandem::run_loop loop;
  const auto [one, two] = loop.block_on(tandem::when_all(number(1), number(2)));
  EXPECT(one == 1 && two == 2);
  EXPECT(loop.block_on(tandem::when_any(stoppable, stoppable)).value == 3);
  std::vector<tandem::task<int>> several;
  several.push_back(number(1));
  several.push_back(number(2));
  EXPECT(loop.block_on(tandem::when_all(std::move(several))).size() == 2);

  tandem::thread_pool pool(1);
  tandem::promise<int> asked;
  auto text = tandem::then(asked.get_future(), pool, [](int n) { return std::to_string(n); });
  EXPECT(asked.set_value(42));
  EXPECT(text.get().value() == "42");
}

void results() {
  const tandem::result<int> one(1);
  const tandem::result<int> none(tandem::status::empty);
  EXPECT(one.transform([](int n) { return n + 1; }).value() == 2);
  EXPECT(none.value_or(7) == 7 && none.or_else([](tandem::status) { return tandem::result<int>(8); }).value() == 8);
  EXPECT(one.and_then([](int n) { return tandem::result<std::string>(std::to_string(n)); }).value() == "1");
  for (const auto code : {tandem::status::ok, tandem::status::full, tandem::status::empty, tandem::status::closed,
                          tandem::status::timeout, tandem::status::stopped, tandem::status::abandoned}) {
    EXPECT(!tandem::status(code).name().empty() && !tandem::status(code).sentence().empty());
  }
}

}  // namespace

int main() {
  every_channel<int>([](int n) { return n; });
  every_channel<std::string>([](int n) { return std::string(static_cast<std::size_t>(n), 'x'); });
  every_channel<parcel>([](int n) { return parcel(n); });
  promises();
  selects();
  composed();
  results();
  return line_of_the_first_mistake > 255 ? 255 : line_of_the_first_mistake;
}
