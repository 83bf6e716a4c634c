// The lab itself: that it explores everything once, finds what is wrong, says so, and can do it again. What a load may
// read is tested in lab/litmus.test.cpp, what it finds in lab/zoo.test.cpp.
#include <tandem/lab/lab.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tandem/tandem.hpp>

#include "support/catch.hpp"
#include "support/death.hpp"
#include "support/sanitizer.hpp"

using namespace std::chrono_literals;
namespace lab = tandem::lab;
using order = tandem::memory_order;

namespace {

lab::options everything() {
  lab::options all;
  all.preemptions = lab::unbounded;
  return all;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Two threads, each of which reads a number and writes one more: an update can be lost.
void lost_update() {
  tandem::atomic<int> counter{0};
  {
    const auto increment = [&] { counter.store(counter.load(order::seq_cst) + 1, order::seq_cst); };
    const auto ana = lab::spawn("ana", increment);
    const auto ben = lab::spawn("ben", increment);
  }
  lab::check(counter.load(order::seq_cst) == 2, "both increments count");
}

/// The same without the mistake.
void lost_update_mended() {
  tandem::atomic<int> counter{0};
  {
    const auto increment = [&] { counter.fetch_add(1, order::seq_cst); };
    const auto ana = lab::spawn("ana", increment);
    const auto ben = lab::spawn("ben", increment);
  }
  lab::check(counter.load(order::seq_cst) == 2, "both increments count");
}

}  // namespace

TEST_CASE("every interleaving is run, and once") {
  // two threads with two steps each, and nothing to read: (2 + 2)! / (2! 2!) = 6 schedules
  lab::options all = everything();
  all.reduce = false;
  all.weak_memory = false;
  std::multiset<std::string> schedules;
  const auto report = lab::explore(all, [&] {
    std::string schedule;
    tandem::atomic<int> ana{0};
    tandem::atomic<int> ben{0};
    const auto twice = [&](tandem::atomic<int>& own, char name) {
      for (int i = 0; i < 2; ++i) {
        own.store(i, order::relaxed);
        schedule += name;
      }
    };
    {
      const auto a = lab::spawn("ana", [&] { twice(ana, 'a'); });
      const auto b = lab::spawn("ben", [&] { twice(ben, 'b'); });
    }
    schedules.insert(schedule);
  });
  REQUIRE(report);
  CHECK(report.exhausted);
  CHECK(report.complete == report.executions);
  const std::set<std::string> different(schedules.begin(), schedules.end());
  CHECK(different == std::set<std::string>{"aabb", "abab", "abba", "baab", "baba", "bbaa"});

  SECTION("what differs in the order of independent steps only is run to its end once, with reduction") {
    all.reduce = true;
    const auto fewer = lab::explore(all, [&] {
      tandem::atomic<int> ana{0};
      tandem::atomic<int> ben{0};
      const auto a = lab::spawn("ana", [&] { ana.store(1, order::relaxed); });
      const auto b = lab::spawn("ben", [&] { ben.store(1, order::relaxed); });
    });
    CHECK(fewer.exhausted);
    CHECK(fewer.complete <= 2);  // main may have had to wait for one of them, or not
    CHECK(fewer.executions < report.executions);
  }
}

TEST_CASE("with reduction, one who polls may go on before whatever it waits for, too") {
  const auto outcomes = [](bool reduce) {
    lab::options few;
    few.preemptions = 3;
    few.weak_memory = false;
    few.looks = 2;
    few.spurious = 0;
    few.reduce = reduce;
    std::set<std::pair<int, int>> found;
    const auto report = lab::explore(few, [&] {
      int first = -1;
      int last = -1;
      tandem::atomic<int> x{0};
      tandem::atomic<int> y{0};
      {
        const auto polls = lab::spawn("polls", [&] {
          tandem::yield();
          first = x.load(order::seq_cst);
          x.store(1, order::seq_cst);
          last = x.load(order::seq_cst);
        });
        static_cast<void>(y.load(order::seq_cst));
        int expected = 0;
        y.compare_exchange_strong(expected, 0, order::seq_cst, order::seq_cst);
        x.store(2, order::seq_cst);
      }
      found.emplace(first, last);
    });
    CHECK(report.exhausted);
    return found;
  };
  CHECK(outcomes(true) == outcomes(false));
  CHECK(outcomes(true).size() == 3);  // what it reads first is 0 or 2; what it reads last is 1, or 2 after a 0
}

TEST_CASE("no more preemptions than allowed") {
  const auto outcomes = [](unsigned preemptions) {
    lab::options few;
    few.preemptions = preemptions;
    few.weak_memory = false;
    std::set<int> found;
    const auto report = lab::explore(few, [&] {
      tandem::atomic<int> counter{0};
      {
        const auto increment = [&] {
          for (int i = 0; i < 2; ++i) counter.store(counter.load(order::seq_cst) + 1, order::seq_cst);
        };
        const auto a = lab::spawn("ana", increment);
        const auto b = lab::spawn("ben", increment);
      }
      found.insert(counter.load(order::seq_cst));
    });
    CHECK(report.exhausted);
    return found;
  };
  CHECK(outcomes(0) == std::set<int>{4});
  CHECK(outcomes(1) == std::set<int>{2, 4});  // whoever is interrupted finds the other done
  CHECK(outcomes(2) == std::set<int>{2, 3, 4});
  CHECK(outcomes(3) == std::set<int>{2, 3, 4});
}

TEST_CASE("a failure is told, and can be had again") {
  const auto report = lab::explore(lost_update);
  REQUIRE_FALSE(report);
  CHECK(report.what == lab::problem::check);
  INFO(report.text);
  CHECK(contains(report.text, "both increments count"));
  CHECK(contains(report.text, "lab.test.cpp"));
  CHECK(contains(report.text, "ana"));
  CHECK(contains(report.text, "TANDEM_LAB_REPLAY=" + report.schedule));

  const auto again = lab::replay(report.schedule, lost_update);
  CHECK(again.what == lab::problem::check);
  CHECK(again.executions == 1);
  CHECK(again.schedule == report.schedule);

  CHECK(lab::replay("0x0", lost_update).passed());
  CHECK(lab::replay("nonsense", lost_update).what == lab::problem::changing);

  SECTION("by the environment") {
    REQUIRE(::setenv("TANDEM_LAB_REPLAY", report.schedule.c_str(), 1) == 0);
    const auto from_outside = lab::explore(lost_update);
    REQUIRE(::unsetenv("TANDEM_LAB_REPLAY") == 0);
    CHECK(from_outside.what == lab::problem::check);
    CHECK(from_outside.executions == 1);
  }
}

TEST_CASE("the random searches find it too, by a seed that finds it again") {
  for (const auto how : {lab::search::random, lab::search::pct}) {
    lab::options chosen;
    chosen.how = how;
    chosen.executions = 1000;
    const auto report = lab::explore(chosen, lost_update);
    REQUIRE(report.what == lab::problem::check);
    CHECK(contains(report.text, "seed " + std::to_string(report.seed)));
    CHECK(lab::replay(chosen, report.schedule, lost_update).what == lab::problem::check);
    chosen.seed = report.seed;
    chosen.executions = 1;
    CHECK(lab::explore(chosen, lost_update).schedule == report.schedule);
  }
}

TEST_CASE("the random searches read an old store as often as it comes") {
  // main has seen that x was written, and reads the old value three times in a row
  const auto thrice_old = [] {
    tandem::atomic<int> x{0};
    tandem::atomic<int> written{0};
    const auto writer = lab::spawn("writer", [&] {
      x.store(1, order::relaxed);
      written.store(1, order::relaxed);
    });
    if (written.load(order::relaxed) == 0) return;
    int old = 0;
    for (int i = 0; i < 3; ++i) old += x.load(order::relaxed) == 0 ? 1 : 0;
    lab::check(old < 3, "not thrice");
  };
  lab::options chosen;
  const auto bounded = lab::explore(chosen, thrice_old);
  CHECK(bounded.exhausted);
  CHECK(bounded.bounds_reached.rereads);
  chosen.executions = 5000;
  for (const auto how : {lab::search::random, lab::search::pct}) {
    chosen.how = how;
    const auto report = lab::explore(chosen, thrice_old);
    REQUIRE(report.what == lab::problem::check);
    CHECK_FALSE(report.bounds_reached.rereads);
    CHECK(lab::replay(chosen, report.schedule, thrice_old).what == lab::problem::check);
  }
}

TEST_CASE("a schedule as text") {
  CHECK(lab::written({}) == "0x0");
  CHECK(lab::written({0, 0, 1, 0, 3, 0, 0}) == "0x2,1,0x1,3");
  CHECK(lab::read_answers("0x2,1,0x1,3") == lab::answers{0, 0, 1, 0, 3});
  CHECK(lab::read_answers("0x0") == lab::answers{});
  for (const char* const wrong : {"x", "1,", ",1", "1;2", "-1", "0x", "0x999999999999"}) {
    CAPTURE(wrong);
    CHECK_FALSE((lab::read_answers(wrong).has_value() && std::string(wrong) != "1,"));
  }
}

TEST_CASE("time is virtual") {
  SECTION("it stands still while somebody runs, and jumps when all wait") {
    const auto report = lab::run([] {
      const auto start = tandem::clock::now();
      tandem::thread other([&] {
        tandem::sleep_for(1h);
        lab::check(tandem::clock::now() - start == 1h, "an hour has passed");
      });
      lab::check(tandem::clock::now() == start, "no time has passed");
      tandem::sleep_for(48h);
      lab::check(tandem::clock::now() - start == 48h, "two days have passed");
    });
    INFO(report.text);
    CHECK(report);
  }
  SECTION("sleepers wake in the order of their deadlines, in every execution") {
    lab::options all = everything();
    all.early_timeouts = 3;
    const auto report = lab::explore(all, [] {
      tandem::atomic<int> woken{0};
      tandem::thread late([&] {
        tandem::sleep_for(2s);
        lab::check(tandem::clock::now() - tandem::clock::time_point() >= 2s, "no sooner");
        woken.fetch_add(1, order::relaxed);
      });
      tandem::sleep_for(1s);
      woken.fetch_add(1, order::relaxed);
    });
    INFO(report.text);
    CHECK(report.exhausted);
  }
  SECTION("a timeout may come before a message that is on its way, if early timeouts are allowed") {
    for (const unsigned early : {0U, 1U}) {
      lab::options bounds = everything();
      bounds.early_timeouts = early;
      std::set<std::string> outcomes;
      const auto report = lab::explore(bounds, [&] {
        tandem::rendezvous<int> channel;
        std::string sent;
        tandem::thread sender([&] { sent = channel.try_send_for(1, 1s).name(); });
        const auto got = channel.try_receive_for(1s);
        sender.join();
        outcomes.insert(sent + "/" + std::string((got ? tandem::status(tandem::status::ok) : got.error()).name()));
      });
      INFO(report.text);
      REQUIRE(report.exhausted);
      CHECK(outcomes.contains("ok/ok"));
      CHECK(outcomes.contains("timeout/timeout") == (early != 0));
      CHECK_FALSE(outcomes.contains("ok/timeout"));
      CHECK_FALSE(outcomes.contains("timeout/ok"));
    }
  }
}

TEST_CASE("what is wrong with a program") {
  const auto problem_of = [](auto body) { return lab::explore(body).what; };

  SECTION("an exception") {
    const auto report = lab::explore([] { tandem::thread t([] { throw std::runtime_error("out of ink"); }); });
    CHECK(report.what == lab::problem::exception);
    CHECK(contains(report.text, "out of ink"));
  }
  SECTION("a deadlock, and who waits for what") {
    const auto report = lab::explore([] {
      tandem::rendezvous<int> questions;
      lab::name(questions, "questions");
      const auto ben = lab::spawn("ben", [&] { static_cast<void>(questions.receive()); });
    });
    CHECK(report.what == lab::problem::deadlock);
    INFO(report.text);
    CHECK(contains(report.text, "ben waits"));
    CHECK(contains(report.text, "on questions"));
    CHECK(contains(report.text, "main waits"));
    CHECK(contains(report.text, "for the end of ben"));
  }
  SECTION("a race on plain data") {
    CHECK(problem_of([] {
            tandem::cell<int> counter;
            tandem::thread t([&] { counter = 1; });
            counter = 2;
          }) == lab::problem::race);
    CHECK(problem_of([] {
            tandem::cell<int> counter;
            tandem::thread t([&] { counter = 1; });
            t.join();
            counter = 2;
          }) == lab::problem::none);
  }
  SECTION("plain data that is read before it has a value") {
    CHECK(problem_of([] {
            const tandem::cell<int> counter(tandem::platform::unset);
            static_cast<void>(static_cast<int>(counter));
          }) == lab::problem::misuse);
    CHECK(problem_of([] {
            tandem::cell<int> counter(tandem::platform::unset);
            static_cast<void>(counter.exchange(1));
          }) == lab::problem::misuse);
    CHECK(problem_of([] {
            tandem::cell<int> counter(tandem::platform::unset);
            counter = 2;
            lab::check(counter == 2, "it has the value that it was given");
          }) == lab::problem::none);
  }
  SECTION("misuse of tandem") {
    const auto report = lab::explore([] { tandem::mailbox<int> none(0); });
    CHECK(report.what == lab::problem::misuse);
    CHECK(contains(report.text, "capacity 0"));
  }
  SECTION("no end") {
    CHECK(problem_of([] {
            tandem::atomic<bool> go{false};
            while (!go.load(order::relaxed)) tandem::sleep_for(1s);
          }) == lab::problem::endless);
  }
  SECTION("a leak") {
    const auto report = lab::explore([] { new tandem::atomic<int>(1); });  // NOLINT: that is the point
    CHECK(report.what == lab::problem::lifetime);
    CHECK(contains(report.text, "an atomic was never destroyed; it was made in"));
    CHECK(contains(report.text, "leaks"));
    const auto two = lab::explore([] {
      new tandem::atomic<int>(1);  // NOLINT
      new tandem::atomic<int>(2);  // NOLINT
    });
    CHECK(contains(two.text, "2 atomics were never destroyed; one was made in"));
    lab::options lenient;
    lenient.leaks = false;
    CHECK(lab::explore(lenient, [] { new tandem::atomic<int>(1); }));  // NOLINT
  }
  SECTION("an atomic destroyed under another's hands") {
    CHECK(problem_of([] {
            auto* const flag = new tandem::atomic<int>(0);
            tandem::thread t([=] { flag->store(1, order::release); });
            while (flag->load(order::relaxed) == 0) tandem::sleep_for(1s);
            delete flag;
          }) == lab::problem::lifetime);
    CHECK(problem_of([] {
            auto* const flag = new tandem::atomic<int>(0);
            tandem::thread t([=] { flag->store(1, order::release); });
            while (flag->load(order::acquire) == 0) tandem::sleep_for(1s);
            delete flag;
          }) == lab::problem::none);
  }
  SECTION("a program that is not a function of the lab's choices") {
    int run = 0;
    const auto report = lab::explore([&] {
      tandem::atomic<int> a{0};
      tandem::thread t([&] { a.store(1, order::relaxed); });
      for (int i = 0; i <= run % 3; ++i) a.store(i, order::relaxed);
      ++run;
    });
    CHECK(report.what == lab::problem::changing);
  }
  SECTION("more threads than it can run") {
    CHECK(problem_of([] {
            std::vector<tandem::thread> crowd;
            for (int i = 0; i < 20; ++i) crowd.emplace_back([] {});
          }) == lab::problem::misuse);
  }
}

TEST_CASE("choose explores every alternative") {
  std::multiset<unsigned> chosen;
  const auto report = lab::explore([&] { chosen.insert(lab::choose(3) * 10 + lab::choose(2)); });
  CHECK(report.exhausted);
  CHECK(chosen == std::multiset<unsigned>{0, 1, 10, 11, 20, 21});
}

TEST_CASE("happens before") {
  const auto report = lab::explore(everything(), [] {
    tandem::atomic<int> flag{0};
    const lab::moment start;
    tandem::thread t([&] {
      const lab::moment begun;
      lab::check(happens_before(start, begun), "starting a thread synchronizes");
      flag.store(1, order::release);
    });
    const lab::moment before_reading;
    const bool seen = flag.load(order::acquire) == 1;
    const lab::moment after_reading;
    lab::check(happens_before(before_reading, after_reading), "one thread is in order");
    lab::check(!happens_before(after_reading, before_reading), "and not the other way round");
    static_cast<void>(seen);
  });
  INFO(report.text);
  CHECK(report.exhausted);
}

TEST_CASE("threads and stop tokens behave as the standard's") {
  const auto report = lab::explore([] {
    {
      tandem::thread t([](const tandem::stop_token& stop) {
        while (!stop.stop_requested()) tandem::sleep_for(1s);
      });
      tandem::thread moved = std::move(t);
      lab::check(!t.joinable() && moved.joinable(), "a thread is moved");
    }
    tandem::stop_source source;
    tandem::cell<int> ran;
    {
      const tandem::stop_callback never(tandem::stop_source().get_token(), [&] { ran = 100; });
      const tandem::stop_callback later(source.get_token(), [&] { ran = 1; });
      tandem::thread asks([&] { lab::check(source.request_stop(), "the first request"); });
      asks.join();
      lab::check(ran == 1, "the callback ran, and is over");
      lab::check(!source.request_stop(), "the second request");
    }
    const tandem::stop_callback at_once(source.get_token(), [&] { ran = 2; });
    lab::check(ran == 2, "at once, in the constructor");
  });
  INFO(report.text);
  CHECK(report.exhausted);
}

TEST_CASE("a callback that runs is waited for by its destructor") {
  lab::options all = everything();
  const auto report = lab::explore(all, [] {
    tandem::stop_source source;
    tandem::cell<int> value;  // written by the callback, read after its end: a race if nobody waits
    tandem::thread asks([&] { source.request_stop(); });
    {
      const tandem::stop_callback callback(source.get_token(), [&] { value = value + 1; });
    }
    value = value + 1;
    asks.join();
  });
  INFO(report.text);
  CHECK(report.exhausted);
}

TEST_CASE("an exploration stops where it is told to, and says that it has not seen everything") {
  lab::options few;
  few.executions = 2;
  const auto report = lab::explore(few, [] {
    tandem::mailbox<int> box(1);
    tandem::thread t([&] { static_cast<void>(box.send(1)); });
    static_cast<void>(box.receive());
  });
  CHECK(report);
  CHECK(report.executions == 2);
  CHECK_FALSE(report.exhausted);
  CHECK(contains(report.summary(), "not exhausted"));
}

TEST_CASE("an exploration whose last execution is the last one allowed has seen everything") {
  lab::options chosen;
  chosen.executions = lab::explore(lost_update_mended).executions;
  const auto report = lab::explore(chosen, lost_update_mended);
  CHECK(report.exhausted);
  CHECK(report.executions == chosen.executions);
  CHECK_FALSE(report.bounds_reached.executions);
  --chosen.executions;
  const auto one_less = lab::explore(chosen, lost_update_mended);
  CHECK_FALSE(one_less.exhausted);
  CHECK(one_less.executions == chosen.executions);
  CHECK(one_less.bounds_reached.executions);
  chosen.executions = 0;
  CHECK(lab::explore(chosen, lost_update_mended).executions == 1);  // the plain one
}

TEST_CASE("an exploration stops after its time, too") {
  for (const auto how : {lab::search::exhaustive, lab::search::random}) {
    lab::options chosen;
    chosen.how = how;
    chosen.max_duration = 1ns;
    const auto report = lab::explore(chosen, lost_update_mended);
    CHECK(report);
    CHECK_FALSE(report.exhausted);
    CHECK(report.executions == 1);
    CHECK(report.bounds_reached.max_duration);
    chosen.max_duration = 1h;
    chosen.executions = 100;
    CHECK_FALSE(lab::explore(chosen, lost_update_mended).bounds_reached.max_duration);
  }
}

TEST_CASE("a report says which bounds were reached") {
  lab::options all = everything();
  all.rereads = 100;
  all.early_timeouts = all.spurious = 100;
  const auto reached = [](const lab::options& chosen, auto body) {
    const auto report = lab::explore(chosen, body);
    INFO(report.text);
    CHECK(report.exhausted);
    CHECK(contains(report.summary(), report.bounds_reached.in_words()));
    return report.bounds_reached.in_words();
  };
  const auto change = [&](auto member, auto to) {
    lab::options chosen = all;
    chosen.*member = to;
    return chosen;
  };
  CHECK(reached(all, lost_update_mended).empty());
  CHECK(contains(lab::explore(all, lost_update_mended).summary(), "exhausted; no bound reached"));
  CHECK(reached(change(&lab::options::preemptions, 1U), lost_update_mended) == "preemptions");
  CHECK(reached(change(&lab::options::weak_memory, false), [] {
          tandem::atomic<int> x{0};
          const tandem::thread t([&] { x.store(1, order::relaxed); });
          static_cast<void>(x.load(order::relaxed));
        }) == "weak_memory");
  const auto look_twice = [] {
    tandem::atomic<int> x{0};
    const tandem::thread t([&] { x.store(1, order::relaxed); });
    for (int i = 0; i < 2; ++i) static_cast<void>(x.load(order::relaxed));
  };
  CHECK(reached(all, look_twice).empty());
  CHECK(reached(change(&lab::options::rereads, 0U), look_twice) == "rereads");
  const auto sleep_once = [] {
    tandem::atomic<std::uint32_t> word{0};
    tandem::thread t([] { tandem::sleep_for(1s); });
    tandem::platform::park(word, 0, tandem::clock::now() + 2s);
  };
  CHECK(reached(all, sleep_once).empty());
  CHECK(reached(change(&lab::options::spurious, 0U), sleep_once) == "spurious");
  CHECK(reached(change(&lab::options::early_timeouts, 0U), sleep_once) == "early_timeouts");
  CHECK(reached(all, [] {
          tandem::atomic<int> x{0};
          for (int i = 0; i < 70; ++i) x.store(i, order::relaxed);
        }) == "old stores");
}

TEST_CASE("who sits before a terminal sees how far it is, and in the end nothing of that") {
  const auto said_on = [](const char* where) {
    const int ours = ::posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(ours >= 0);
    REQUIRE(::grantpt(ours) == 0);
    REQUIRE(::unlockpt(ours) == 0);
    const std::string terminal = std::string(where).empty() ? ::ptsname(ours) : where;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::dup2(::open(terminal.c_str(), O_RDWR | O_NOCTTY), STDERR_FILENO);
      lab::options chosen = everything();
      chosen.max_duration = 2500ms;
      const auto report = lab::explore(chosen, [] {
        tandem::mailbox<int> box(1);
        const auto send = [&] { static_cast<void>(box.send(1)); };
        const tandem::thread a(send), b(send), c(send);
        for (int i = 0; i < 3; ++i) static_cast<void>(box.receive());
      });
      ::_exit(report && !report.exhausted ? 0 : 1);
    }
    const int theirs = ::open(::ptsname(ours), O_RDWR | O_NOCTTY | O_NONBLOCK);
    int how = 1;
    ::waitpid(child, &how, 0);
    CHECK(how == 0);
    ::fcntl(ours, F_SETFL, O_NONBLOCK);
    std::string said(4096, '\0');
    const ssize_t got = ::read(ours, said.data(), said.size());
    said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    ::close(theirs);
    ::close(ours);
    return said;
  };
  const std::string said = said_on("");
  INFO(said);
  CHECK(contains(said, "tandem: "));
  CHECK(contains(said, " executions, "));
  CHECK(said.ends_with("\r\033[K"));
  CHECK(said_on("/dev/null").empty());
}

namespace {

/// How the program ends that explores this, or replays it; without Catch2's own handlers.
template <class Body>
support::death explored_to_death(const lab::options& chosen, Body body, const std::string& schedule = "") {
  return support::death_of([&] {
    for (const int deadly : {SIGSEGV, SIGFPE}) ::signal(deadly, SIG_DFL);
    if (schedule.empty()) {
      static_cast<void>(lab::explore(chosen, body));
    } else {
      static_cast<void>(lab::replay(chosen, schedule, body));
    }
  });
}

std::string schedule_in(const std::string& said) {
  const std::string before = "TANDEM_LAB_REPLAY=";
  const std::size_t at = said.find(before);
  return at == std::string::npos ? "" : said.substr(at + before.size(), said.find('\n', at) - at - before.size());
}

/// Two that increment, and what happens in the executions in which one increment gets lost.
template <class Function>
auto if_lost(Function happens) {
  return [happens] {
    tandem::atomic<int> counter{0};
    const auto increment = [&] { counter.store(counter.load(order::seq_cst) + 1, order::seq_cst); };
    tandem::thread ana = lab::spawn("ana", increment);
    const auto ben = lab::spawn("ben", [&] {
      increment();
      if (counter.load(order::seq_cst) == 1 && lab::choose(2) == 0) happens();
    });
    ana.join();
  };
}

[[gnu::noinline]] int fills_the_stack(volatile int* above) {
  volatile int here[64] = {};
  here[1] = *above + 1;
  return here[1] < 0 ? 0 : fills_the_stack(here + 1) + here[1];
}

}  // namespace

TEST_CASE("a program that dies in an execution says which thread it was, and how to have that again") {
  const auto tells = [](auto happens, std::initializer_list<int> signals) {
    for (const auto how : {lab::search::exhaustive, lab::search::random}) {
      lab::options chosen;
      chosen.how = how;
      const auto body = if_lost(happens);
      const support::death end = explored_to_death(chosen, body);
      INFO(end.said);
      CHECK(std::ranges::count(signals, end.signal) == 1);
      CHECK(contains(end.said, "in ben, after a "));
      CHECK(contains(end.said, "lab.test.cpp:"));
      CHECK(contains(end.said, "\n        main "));
      CHECK(contains(end.said, "seed ") == (how == lab::search::random));
      const std::string schedule = schedule_in(end.said);
      REQUIRE_FALSE(schedule.empty());
      const support::death again = explored_to_death(chosen, body, schedule);
      CHECK(again.signal == end.signal);
      CHECK(schedule_in(again.said) == schedule);
    }
  };
  SECTION("an assert") {
    tells([] { std::abort(); }, {SIGABRT});
  }
  SECTION("std::terminate") {
    tells([] { std::terminate(); }, {SIGABRT});
  }
  SECTION("std::exit") {
    tells([] { std::exit(EXIT_SUCCESS); }, {SIGABRT});
  }
  SECTION("std::quick_exit") {
    tells([] { std::quick_exit(EXIT_SUCCESS); }, {SIGABRT});
  }
  if (support::sanitized) return;  // there these are for the sanitizer
  SECTION("a division by 0") {
    tells([] { static_cast<void>(::raise(SIGFPE)); }, {SIGFPE});
  }
  SECTION("a pointer into nowhere") {
    tells(
        [] {
          volatile int* volatile nowhere = nullptr;
          *nowhere = 1;
        },
        {SIGSEGV, SIGILL, SIGTRAP});
  }
  SECTION("a stack that is full") {
    tells(
        [] {
          volatile int first = 1;
          static_cast<void>(fills_the_stack(&first));
        },
        {SIGSEGV, SIGBUS});
  }
}

TEST_CASE("the handlers of signals are the program's own again after an exploration") {
  struct sigaction before{};
  struct sigaction meanwhile{};
  struct sigaction after{};
  ::sigaction(SIGABRT, nullptr, &before);
  CHECK(lab::explore([&] { ::sigaction(SIGABRT, nullptr, &meanwhile); }));
  ::sigaction(SIGABRT, nullptr, &after);
  CHECK(before.sa_sigaction == after.sa_sigaction);
  CHECK(before.sa_sigaction != meanwhile.sa_sigaction);
  const support::death elsewhere = support::death_of([] {
    static_cast<void>(lab::explore([] {}));
    std::abort();
  });
  CHECK(elsewhere.aborted);
  CHECK(elsewhere.said.empty());
}

TEST_CASE("a program may exit when no execution runs, and with the status that it likes") {
  using function = void (*)(int);
  for (const function exits : {function(&std::exit), function(&std::quick_exit)}) {
    const support::death end = support::death_of([exits] {
      static_cast<void>(lab::explore([] {}));
      exits(7);
    });
    CHECK(end.status == 7);
    CHECK(end.said.empty());
  }
}

TEST_CASE("a program that waits for what the lab does not run says who it is, and where the others stand") {
  lab::options impatient;
  impatient.patience = 1s;
  const support::death end = explored_to_death(impatient, [] {
    std::mutex real;
    tandem::atomic<int> x{0};
    const auto work = [&] {
      const std::lock_guard lock(real);
      x.store(1, order::relaxed);
      x.store(2, order::relaxed);
    };
    const auto ana = lab::spawn("ana", work);
    const auto ben = lab::spawn("ben", work);
  });
  INFO(end.said);
  CHECK(end.saying("tandem: no step for 1 s by "));
  CHECK(contains(end.said, "std::mutex"));
  CHECK((contains(end.said, "ana is in ") || contains(end.said, "ben is in ")));
  CHECK(contains(end.said, "lab.test.cpp:"));
  CHECK_FALSE(schedule_in(end.said).empty());
}

TEST_CASE("a program whose own threads use the lab's atomics is told") {
  const auto tells = [](auto uses) {
    const support::death end = explored_to_death({}, [uses] {
      tandem::atomic<int> x{0};
      tandem::cell<int> c;
      c = 1;
      std::thread real([&] { uses(x, c); });
      real.join();
    });
    INFO(end.said);
    CHECK(end.saying("tandem: a thread that the lab does not run uses what belongs to an execution"));
    CHECK(contains(end.said, "std::thread"));
    CHECK_FALSE(schedule_in(end.said).empty());
  };
  tells([](auto& x, auto&) { x.store(1, order::relaxed); });
  tells([](auto& x, auto&) { static_cast<void>(x.load(order::relaxed)); });
  tells([](auto& x, auto&) { static_cast<void>(x.fetch_add(1, order::relaxed)); });
  tells([](auto&, auto& c) { c = 2; });
  tells([](auto&, auto&) { tandem::sleep_for(1ms); });
}

TEST_CASE("a program that really sleeps is told so") {
  const auto report = lab::explore([] {
    tandem::atomic<int> x{0};
    const tandem::thread t([&] { x.store(1, order::relaxed); });
    std::this_thread::sleep_for(1ms);
  });
  CHECK(report);
  CHECK(report.real_waits >= report.executions);
  CHECK(contains(report.summary(), "really waited"));
}

TEST_CASE("bytes steer") {
  const std::vector<std::uint8_t> plain;
  CHECK(lab::steer(plain, lost_update));
  bool found = false;
  for (unsigned seed = 0; seed < 200 && !found; ++seed) {
    std::vector<std::uint8_t> bytes(32);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>((seed * 31 + i * i * 7) >> 2);
    found = !lab::steer(bytes, lost_update).passed();
  }
  CHECK(found);
}

TEST_CASE("where memory orders are written, and what happens with weaker ones") {
  const auto publish = [] {
    tandem::cell<int> data;
    tandem::atomic<bool> ready{false};
    tandem::thread t([&] {
      data = 1;
      ready.store(true, order::release);
    });
    if (ready.load(order::acquire)) lab::check(data == 1, "published");
  };
  const auto [found, sites] = lab::sites_of({}, publish);
  CHECK(found.passed());
  CHECK(lab::explore(publish).exhausted);
  int killed = 0;
  for (const auto& [where, use] : sites) {
    if (!where.file.ends_with("lab.test.cpp")) continue;
    lab::options mutated;
    mutated.faults.push_back({lab::fault::kind::weaken, where.file, where.line, where.column, false, order::relaxed});
    killed += lab::explore(mutated, publish).what == lab::problem::race ? 1 : 0;
  }
  CHECK(killed == 2);
}

namespace {

/// Two threads that count under a lock, which is entered and left by these.
template <class Enter, class Leave>
void counts_under(const Enter& enter, const Leave& leave) {
  tandem::atomic<int> lock{0};
  tandem::cell<int> counter;
  {
    const auto count = [&] {
      enter(lock);
      counter = counter + 1;
      leave(lock);
    };
    const auto ana = lab::spawn("ana", count);
    count();
  }
  lab::check(counter == 2, "both have counted");
}

void leave_it(tandem::atomic<int>& lock) { lock.store(0, order::release); }

}  // namespace

TEST_CASE("three wait for one lock by exchanges that change nothing") {
  lab::options chosen;
  chosen.preemptions = 1;
  chosen.weak_memory = false;  // else each exchange may go before what others have stored
  for (const bool yields : {false, true}) {
    const auto report = lab::explore(chosen, [yields] {
      tandem::atomic<int> lock{1};
      const auto enter = [&] {
        while (lock.exchange(1, order::acquire) != 0) {
          if (yields) tandem::yield();
        }
        leave_it(lock);
      };
      const auto ana = lab::spawn("ana", enter);
      const auto ben = lab::spawn("ben", enter);
      leave_it(lock);
      enter();
    });
    INFO(report.summary());
    CHECK(report.exhausted);
  }
}

TEST_CASE("a loop that looks until another thread has done something is right, however it looks") {
  const auto explored = [](unsigned preemptions, auto body) {
    for (const auto how : {lab::search::exhaustive, lab::search::random, lab::search::pct}) {
      lab::options chosen;
      chosen.preemptions = preemptions;
      chosen.how = how;
      if (how != lab::search::exhaustive) chosen.executions = 100;
      const auto report = lab::explore(chosen, body);
      INFO(report.summary());
      CHECK(report.passed());
      CHECK(report.exhausted == (how == lab::search::exhaustive));
    }
    const auto once = lab::run(body);
    INFO(once.summary());
    CHECK(once.passed());
  };
  SECTION("by loads") {
    explored(3, [] {
      tandem::atomic<bool> flag{false};
      tandem::cell<int> value;
      const tandem::thread sets([&] {
        value = 1;
        flag.store(true, order::release);
      });
      while (!flag.load(order::acquire)) {
      }
      lab::check(value == 1, "the value has come with the flag");
    });
  }
  SECTION("by loads, and a yield that the lab does not see") {
    explored(3, [] {
      tandem::atomic<bool> flag{false};
      const tandem::thread sets([&] { flag.store(true, order::release); });
      while (!flag.load(order::acquire)) std::this_thread::yield();
    });
  }
  SECTION("by loads, and tandem::yield") {
    explored(2, [] {
      tandem::atomic<bool> flag{false};
      const tandem::thread sets([&] { flag.store(true, order::release); });
      while (!flag.load(order::acquire)) tandem::yield();
    });
  }
  SECTION("each for the other, by several atomics") {
    explored(2, [] {
      std::array<tandem::atomic<int>, 3> steps;
      const tandem::thread follows([&] {
        while (steps[0].load(order::acquire) + steps[2].load(order::acquire) == 0) {
        }
        steps[1].store(1, order::release);
      });
      steps[0].store(1, order::release);
      while (steps[1].load(order::acquire) == 0 && steps[2].load(order::acquire) == 0) {
      }
    });
  }
  SECTION("at a stop token") {
    explored(2, [] {
      tandem::thread works([](const tandem::stop_token& stop) {
        while (!stop.stop_requested()) {
        }
      });
      tandem::sleep_for(1ms);
    });
  }
  SECTION("at the clock") {
    explored(2, [] {
      const auto end = tandem::clock::now() + 3h;
      const tandem::thread sleeps([] { tandem::sleep_for(1h); });
      while (tandem::clock::now() < end) {
      }
      lab::check(tandem::clock::now() >= end, "three hours have passed");
    });
  }
  SECTION("by compare-exchanges that fail") {
    explored(1, [] {
      const auto enter = [](tandem::atomic<int>& lock) {
        for (int free = 0; !lock.compare_exchange_weak(free, 1, order::acquire, order::relaxed);) free = 0;
      };
      counts_under(enter, leave_it);
    });
  }
  SECTION("by exchanges that change nothing") {
    explored(0, [] {
      const auto enter = [](tandem::atomic<int>& lock) {
        while (lock.exchange(1, order::acquire) != 0) {
        }
      };
      counts_under(enter, leave_it);
    });
  }
  SECTION("by exchanges that change nothing, and tandem::yield") {
    explored(0, [] {
      const auto enter = [](tandem::atomic<int>& lock) {
        while (lock.exchange(1, order::acquire) != 0) tandem::yield();
      };
      counts_under(enter, leave_it);
    });
  }
  SECTION("at a channel, which takes a lock and leaves it") {
    lab::options chosen;
    chosen.preemptions = 1;
    chosen.weak_memory = false;  // else there are too many ways to find the lock taken that no longer is
    const auto report = lab::explore(chosen, [] {
      tandem::rendezvous<int> channel;
      const tandem::thread sends([&] { static_cast<void>(channel.send(1)); });
      while (!channel.try_receive()) {
      }
    });
    INFO(report.summary());
    CHECK(report.exhausted);
  }
  SECTION("two of them at a channel") {
    lab::options chosen;
    chosen.preemptions = chosen.spurious = 0;
    chosen.weak_memory = false;
    const auto report = lab::explore(chosen, [] {
      tandem::mailbox<int> box(1);
      const auto take = [&] {
        while (!box.try_receive()) tandem::yield();
      };
      const auto ana = lab::spawn("ana", take);
      const auto ben = lab::spawn("ben", take);
      static_cast<void>(box.send(1));
      static_cast<void>(box.send(2));
    });
    INFO(report.summary());
    CHECK(report.exhausted);
  }
}

TEST_CASE("who looks a few times, and gives up, does so before others go on, too") {
  const auto looks = [](int times) {
    return [times](lab::options chosen) {
      bool in_vain = false;
      chosen.weak_memory = false;
      const auto report = lab::explore(chosen, [&, times] {
        tandem::atomic<int> x{0};
        const tandem::thread t([&] { x.store(1, order::relaxed); });
        bool seen = false;
        for (int i = 0; i < times; ++i) seen = seen || x.load(order::relaxed) == 1;
        in_vain = in_vain || !seen;
      });
      CHECK(report.exhausted);
      CHECK(report.bounds_reached.looks == (static_cast<unsigned>(times) > chosen.looks));
      return in_vain;
    };
  };
  lab::options chosen = everything();
  CHECK(looks(4)(chosen));
  CHECK_FALSE(looks(5)(chosen));  // before the fifth look others go first: it counts as one who polls
  chosen.looks = 9;
  CHECK(looks(5)(chosen));
}

TEST_CASE("who waits for what nobody will do never ends, and the report says who that is") {
  const auto endless = [](const char* who, auto body) {
    for (const auto how : {lab::search::exhaustive, lab::search::random}) {
      lab::options chosen;
      chosen.how = how;
      chosen.executions = 100;
      const auto report = lab::explore(chosen, body);
      INFO(report.text);
      CHECK(report.what == lab::problem::endless);
      CHECK(contains(report.text, who));
      CHECK(contains(report.text, "lab.test.cpp"));
    }
  };
  endless("main looks again and again in", [] {
    tandem::atomic<bool> flag{false};
    while (!flag.load(order::acquire)) {
    }
  });
  endless("ben looks again and again in", [] {
    tandem::atomic<int> flag{0};
    const auto ana = lab::spawn("ana", [&] { flag.store(1, order::release); });
    const auto ben = lab::spawn("ben", [&] {
      while (flag.load(order::acquire) != 2) {
      }
    });
  });
  endless("main is in", [] {
    tandem::atomic<int> x{0};
    for (int i = 0;; ++i) x.store(i, order::relaxed);
  });
}

TEST_CASE("two who poll for what a third does later do not keep time from passing") {
  lab::options bounds;
  bounds.preemptions = 1;
  const auto report = lab::explore(bounds, [] {
    tandem::atomic<bool> go{false};
    const auto poll = [&] {
      while (!go.load(order::acquire)) tandem::yield();
    };
    const auto ana = lab::spawn("ana", poll);
    const auto ben = lab::spawn("ben", poll);
    tandem::sleep_for(5us);
    go.store(true, order::release);
  });
  INFO(report.text);
  CHECK(report.exhausted);
}

namespace trapped {

/// A user's function, in whose namespace the lab's own names mean something else.
struct program {
  int* runs;
  void operator()() const { ++*runs; }
};
template <class Body>
void explore(const lab::options&, Body&&) = delete;
template <class Body>
void replay(const lab::options&, std::string_view, Body&&) = delete;
template <class Body>
void steer(const lab::options&, std::span<const std::uint8_t>, Body&&) = delete;
template <class T>
void operator&(T&&) = delete;
template <class T, class U>
void operator,(T&&, U&&) = delete;

}  // namespace trapped

TEST_CASE("the lab calls what it means, whatever there is in the namespace of a program") {
  int runs = 0;
  const trapped::program body{std::addressof(runs)};
  REQUIRE(lab::explore(body));
  REQUIRE(lab::run(body));
  REQUIRE(lab::steer(std::span<const std::uint8_t>(), body));
  const auto replayed = lab::replay("", body);
  CHECK((replayed.passed() || !replayed.text.empty()));
  CHECK(runs >= 3);
}
