// What lies around the channels: fork, exit, a loop or a pool in the wrong hands. docs/reference/surroundings.md says
// what holds; this shows what of it can be shown.
#include <tandem/tandem.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/sanitizer.hpp"
#include "support/watchdog.hpp"

using namespace std::chrono_literals;

namespace {

/// A detached thread that waits at `box`; returns when it sleeps there, in all likelihood.
[[maybe_unused]] void leave_a_reader(tandem::mailbox<int>& box) {
  std::thread([&box] { static_cast<void>(box.receive()); }).detach();
  std::this_thread::sleep_for(50ms);
}

[[maybe_unused]] tandem::task<> does_nothing() { co_return; }

}  // namespace

#if !TANDEM_TEST_THREAD_SANITIZER

#if !defined(TANDEM_PLATFORM_HEADER)  // not on a ground where all channels share mutexes

TEST_CASE("fork: in the child, channels that are made there work", "[surroundings]") {
  const support::watchdog guard("a fork");
  tandem::mailbox<int> before(1);
  tandem::thread reader([&] { static_cast<void>(before.receive()); });
  std::this_thread::sleep_for(10ms);  // it sleeps, and will not be there in the child

  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(20);
    tandem::rendezvous<int> phone;
    int heard = 0;
    {
      tandem::thread ben([&] { heard = phone.receive().value_or(0); });
      static_cast<void>(phone.send(42));
    }
    ::_exit(heard == 42 ? 0 : 1);  // no destructor of what was before
  }
  int how = 0;
  REQUIRE(::waitpid(child, &how, 0) == child);
  CHECK(WIFEXITED(how));
  CHECK(WEXITSTATUS(how) == 0);
  REQUIRE(before.send(1));
}

#endif

TEST_CASE("exit while a detached thread waits at a static channel says so", "[surroundings]") {
  const auto end = support::death_of([] {
    static tandem::mailbox<int> inbox(1);
    leave_a_reader(inbox);
    std::exit(0);
  });
  CHECK(end.saying("a mailbox destroyed while somebody waits on it"));
}

TEST_CASE("exit does no harm to a channel that is never destroyed", "[surroundings]") {
  const auto end = support::death_of([] {
    static auto& inbox = *new tandem::mailbox<int>(1);
    leave_a_reader(inbox);
    std::exit(0);
  });
  CHECK(!end.aborted);
}

#endif

TEST_CASE("a pool destroyed by one of its own threads says so", "[surroundings]") {
  const auto end = support::death_of([] {
    struct last_one final : tandem::run_item {
      explicit last_one(std::unique_ptr<tandem::thread_pool>& p) noexcept
          : run_item([](tandem::run_item& posted) noexcept { static_cast<last_one&>(posted).pool.reset(); }), pool(p) {}
      std::unique_ptr<tandem::thread_pool>& pool;
    };
    auto pool = std::make_unique<tandem::thread_pool>(1);
    last_one item(pool);
    pool->post(item);
    std::this_thread::sleep_for(20s);
  });
  CHECK(end.saying("a thread_pool was destroyed by one of its own threads"));
}

#if !TANDEM_TEST_THREAD_SANITIZER  // which lets no thread be started in the child of a program with threads

TEST_CASE("a loop that another thread runs already says so", "[surroundings]") {
  const auto end = support::death_of([] {
    tandem::run_loop loop;
    tandem::mailbox<int> running(1);
    struct first_item final : tandem::run_item {
      explicit first_item(tandem::mailbox<int>& told) noexcept
          : run_item(
                [](run_item& posted) noexcept { static_cast<void>(static_cast<first_item&>(posted).box.try_send(1)); }),
            box(told) {}
      tandem::mailbox<int>& box;
    };
    first_item item(running);
    loop.post(item);
    const tandem::thread one([&] { loop.run(); });
    static_cast<void>(running.receive());
    loop.block_on(does_nothing());
  });
  CHECK(end.saying("a run_loop was run by a thread while another thread runs it"));
}

#endif

TEST_CASE("a loop may be run again within itself, and on another thread when it is left", "[surroundings]") {
  tandem::run_loop loop;
  const auto outer = [](tandem::run_loop& again) -> tandem::task<> {
    again.block_on(does_nothing());
    co_return;
  };
  loop.block_on(outer(loop));
  const tandem::thread other([&] { loop.block_on(does_nothing()); });
}

TEST_CASE("an exception between spawn and join says so", "[surroundings]") {
  const auto end = support::death_of([] {
    tandem::run_loop loop;
    const auto careless = [](tandem::run_loop& where) -> tandem::task<> {
      tandem::scope tasks(where);
      tasks.spawn(does_nothing());
      throw std::runtime_error("on the way to the join");
    };
    loop.block_on(careless(loop));
  });
  CHECK(end.saying("a scope was destroyed with tasks that are not done"));
}
