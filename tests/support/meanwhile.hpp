// meanwhile: one call made by another thread, whose outcome the test asks for later.
//
//   support::meanwhile receiver([&] { return channel.receive(); });
//   receiver.until_it_waits();        // the call has nothing left to do but wait
//   ...
//   auto letter = receiver.outcome(); // joins; under a watchdog
//
// until_it_waits is how the tests line waiters up one after the other without depending on time: it returns once the
// kernel reports the thread asleep, several times in a row. A call that parks has enlisted before it sleeps.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "watchdog.hpp"

namespace support {

inline long this_thread_number() { return static_cast<long>(::syscall(SYS_gettid)); }

// 'S' for a thread that sleeps, 'R' for one that runs or could; '?' when there is no such thread (any more).
inline char state_of_thread(long number) {
  std::ifstream file("/proc/self/task/" + std::to_string(number) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t paren = line.rfind(')');
  return paren == std::string::npos || paren + 2 >= line.size() ? '?' : line[paren + 2];
}

// All of it that does not depend on what is called: there are hundreds of calls.
class call_elsewhere {
 public:
  call_elsewhere(const call_elsewhere&) = delete;
  call_elsewhere& operator=(const call_elsewhere&) = delete;

  // Returns once the call sleeps, or is over.
  void until_it_waits() const {
    const watchdog guard("a call that should begin to wait");
    int asleep = 0;
    while (asleep < 4 && !over()) {
      const long number = number_.load();
      asleep = number != 0 && state_of_thread(number) == 'S' ? asleep + 1 : 0;
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
  }
  bool over() const { return over_.load(); }

 protected:
  struct work {
    virtual ~work() = default;
    virtual void run() = 0;
  };

  call_elsewhere() = default;
  ~call_elsewhere() = default;

  void begin(std::unique_ptr<work> what) {
    thread_ = std::thread([this, what = std::move(what)] {
      number_.store(this_thread_number());
      what->run();
      over_.store(true);
    });
  }
  void join() {
    if (!thread_.joinable()) return;
    const watchdog guard("the outcome of a call made by another thread");
    thread_.join();
  }

 private:
  std::atomic<long> number_{0};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

template <class Outcome>
class meanwhile : public call_elsewhere {
 public:
  template <class Call>
    requires std::is_same_v<std::invoke_result_t<Call&>, Outcome>
  explicit meanwhile(Call call) {
    // not make_unique, which would have a unique_ptr compiled for each of hundreds of calls
    begin(std::unique_ptr<work>(new work_of<Call>(std::move(call), outcome_)));
  }
  ~meanwhile() { join(); }

  Outcome outcome() {
    join();
    return std::move(*outcome_);
  }

 private:
  template <class Call>
  struct work_of final : work {
    work_of(Call&& c, std::optional<Outcome>& o) : call(std::move(c)), outcome(o) {}
    void run() override { outcome.emplace(call()); }
    Call call;
    std::optional<Outcome>& outcome;
  };

  std::optional<Outcome> outcome_;
};

template <class Call>
meanwhile(Call) -> meanwhile<std::invoke_result_t<Call&>>;

}  // namespace support
