// A message may hold a port, a promise or a future of a channel of messages of its own type: the actor's idiom.
//
// Inside of its own definition a type is incomplete. What is declared here needs no more of it than its name; what is
// done with it, further below, does.
#include <tandem/coro/run_loop.hpp>
#include <tandem/coro/task.hpp>
#include <tandem/tandem.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using tandem::status;

namespace {

struct hello {
  tandem::send_port<tandem::mailbox<hello>> reply_to;
  int number = 0;
};

struct invitation {
  tandem::receive_port<tandem::mailbox<invitation>> listen_to;
  tandem::send_port<tandem::rendezvous<invitation>> answer_in_person;
  tandem::receive_port<tandem::rendezvous<invitation>> wait_for;
  tandem::ports<tandem::mailbox<invitation>> both;
  std::vector<tandem::send_port<tandem::mailbox<invitation>>> all_of_us;
  std::optional<tandem::send_port<tandem::mailbox<invitation>>> perhaps;
  std::variant<std::monostate, tandem::receive_port<tandem::mailbox<invitation>>> either;
};

struct of_one_thread {
  tandem::send_port<tandem::mailbox<of_one_thread, tandem::one_thread>> reply_to;
  tandem::receive_port<tandem::rendezvous<of_one_thread, tandem::one_thread>> wait_for;
};

struct request {
  std::optional<tandem::promise<request>> answer;
  std::optional<tandem::future<request>> later;
  int number = 0;
};

struct node {
  explicit node(int n) : number(n) {}
  std::vector<tandem::task<node>> children;
  tandem::task<node>* parent = nullptr;
  int number;
};

struct owner {
  std::unique_ptr<tandem::mailbox<owner>> inbox;
  std::shared_ptr<tandem::rendezvous<owner>> phone;
  tandem::mailbox<owner>* borrowed = nullptr;
  tandem::mailbox<owner*>* pointers = nullptr;
  tandem::send_port<tandem::mailbox<std::unique_ptr<owner>>> children;
  std::function<tandem::status(tandem::mailbox<owner>&)> visit;
  std::function<tandem::result<owner>(tandem::future<owner>&)> wait;
  tandem::send_arm<tandem::mailbox<owner>, void (*)(tandem::status)>* sends = nullptr;
  tandem::receive_arm<tandem::mailbox<owner>, void (*)(tandem::result<owner>)>* receives = nullptr;
};

/// A channel of its own messages, as a member: it stores none in itself.
struct person {
  explicit person(int n) : number(n) {}
  int number;
  tandem::selector waits_for;
  tandem::rendezvous<std::unique_ptr<person>> door;
  tandem::mailbox<std::unique_ptr<person>> letters{2};
};

/// Declared, and no more: whoever keeps a port, and neither uses it nor lets go of it, need not know the message.
struct secret;
class keeper {
 public:
  explicit keeper(const tandem::send_port<tandem::mailbox<secret>>& out);
  keeper(const keeper&) = delete;
  keeper& operator=(const keeper&) = delete;
  ~keeper();
  const tandem::send_port<tandem::mailbox<secret>>& port() const { return port_; }

 private:
  tandem::send_port<tandem::mailbox<secret>> port_;
};

struct secret {
  int number;
};
keeper::keeper(const tandem::send_port<tandem::mailbox<secret>>& out) : port_(out) {}
keeper::~keeper() = default;

tandem::task<node> grow(int number) {
  node grown(number);
  if (number > 0) grown.children.push_back(grow(number - 1));
  co_return grown;
}

}  // namespace

TEST_CASE("a message says where to send the answer", "[incomplete]") {
  auto [out, in] = tandem::open<tandem::mailbox<hello>>(1);
  auto [back, answers] = tandem::open<tandem::mailbox<hello>>(1);
  REQUIRE(out.send(hello{back, 1}));
  auto got = in.receive();
  REQUIRE(got);
  REQUIRE(got->reply_to.send(hello{{}, got->number + 1}));
  CHECK(answers.receive()->number == 2);
}

TEST_CASE("a message holds ports of every kind of its own channel", "[incomplete]") {
  auto [out, in] = tandem::open<tandem::mailbox<invitation>>(1);
  auto [call, phone] = tandem::open<tandem::rendezvous<invitation>>();
  invitation first;
  first.answer_in_person = call;
  first.all_of_us.push_back(out);
  first.perhaps = out;
  REQUIRE(out.send(std::move(first)));
  const auto got = in.receive();
  REQUIRE(got);
  CHECK(got->answer_in_person.try_send(invitation{}) == status::full);
  CHECK(phone.try_receive().error() == status::empty);
  CHECK(got->perhaps->try_send(invitation{}) == status::ok);
  CHECK(in.receive()->perhaps == std::nullopt);
}

TEST_CASE("a message holds ports of a channel of one thread", "[incomplete]") {
  auto [out, in] = tandem::open<tandem::mailbox<of_one_thread, tandem::one_thread>>(1);
  CHECK(out.try_send(of_one_thread{out, {}}) == status::ok);
  CHECK(static_cast<bool>(in.try_receive()->reply_to));
}

TEST_CASE("a value holds a promise and a future of its own type", "[incomplete]") {
  tandem::promise<request> promised;
  auto answer = promised.get_future();
  tandem::promise<request> next;
  request first;
  first.later = next.get_future();
  first.answer = std::move(next);
  REQUIRE(promised.set_value(std::move(first)));
  auto got = answer.get();
  REQUIRE(got);
  REQUIRE(got->answer->set_value(request{{}, {}, 3}));
  CHECK(got->later->get()->number == 3);
}

TEST_CASE("a task returns what holds tasks of its own type", "[incomplete]") {
  tandem::run_loop loop;
  auto root = loop.block_on(grow(1));
  CHECK(root.number == 1);
  CHECK(loop.block_on(std::move(root.children.front())).number == 0);
}

TEST_CASE("a port is kept by a class that does not know the message", "[incomplete]") {
  auto [out, in] = tandem::open<tandem::mailbox<secret>>(1);
  {
    const keeper kept(std::exchange(out, {}));
    REQUIRE(kept.port().send(secret{1}));
    CHECK_FALSE(in.is_closed());
  }
  CHECK(in.receive()->number == 1);
  CHECK(in.is_closed());
}

TEST_CASE("a message owns, or knows, channels of its own type", "[incomplete]") {
  tandem::mailbox<owner> letters(1);
  owner first;
  first.inbox = std::make_unique<tandem::mailbox<owner>>(1);
  first.borrowed = &letters;
  REQUIRE(letters.send(std::move(first)));
  auto got = letters.receive();
  REQUIRE(got);
  CHECK(got->borrowed == &letters);
  CHECK(got->inbox->try_receive().error() == status::empty);
  person ben(1);
  REQUIRE(ben.letters.send(std::make_unique<person>(2)));
  CHECK((*ben.letters.receive())->number == 2);
}
