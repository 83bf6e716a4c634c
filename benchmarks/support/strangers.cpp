#include "strangers.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <latch>
#include <stdexcept>
#include <string>

#include "placement.hpp"

namespace bench {
namespace {

[[noreturn]] void compute_without_end() noexcept {
  for (std::uint64_t number = 1;; number = number * 6364136223846793005U + 1) {
    asm volatile("" : "+r"(number));  // a loop without an effect would be undefined behaviour
  }
}

// Everything that could fail is done, or the stranger is over, before its owner hears of it.
[[noreturn]] void be_a_stranger(std::size_t turn, pid_t owner, std::chrono::seconds limit, int report_to) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != owner) {
    ::_exit(EXIT_FAILURE);  // the owner ended before the kernel knew what we want then
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGALRM, SIG_DFL);  // which ends the process
  ::alarm(static_cast<unsigned>(limit.count()));
  const sched_param no_priority{};
  if (::sched_setscheduler(0, SCHED_OTHER, &no_priority) != 0 || !pin_to_core(turn)) {
    ::_exit(EXIT_FAILURE);
  }
  const char here = 1;
  if (::write(report_to, &here, 1) != 1) {
    ::_exit(EXIT_FAILURE);
  }
  // Who reads from a pipe waits for the end of the last process that could write to it: that must not be a stranger.
  ::close(report_to);
  ::syscall(SYS_close_range, 0U, ~0U, 0U);
  compute_without_end();
}

// How many bytes arrive before the last writer has closed its end.
std::size_t bytes_until_the_end(int from) noexcept {
  std::size_t count = 0;
  for (;;) {
    char byte = 0;
    const ssize_t got = ::read(from, &byte, 1);
    if (got == 1) {
      ++count;
    } else if (got == 0 || errno != EINTR) {
      return count;
    }
  }
}

}  // namespace

// It delegates, so that the destructor ends those who run already when another cannot be started.
strangers::strangers(std::size_t count, std::chrono::seconds limit) : strangers() {
  ids_.reserve(count);
  cores();  // looks at them here: a stranger is about to be pinned, and sees only one
  int reports[2];
  if (::pipe(reports) != 0) {
    throw std::runtime_error("no pipe to the strangers");
  }
  const pid_t owner = ::getpid();
  while (ids_.size() < count) {
    const pid_t id = ::fork();
    if (id == 0) {
      be_a_stranger(ids_.size(), owner, limit, reports[1]);
    }
    if (id < 0) {
      break;
    }
    ids_.push_back(id);
  }
  ::close(reports[1]);
  const std::size_t running = bytes_until_the_end(reports[0]);
  ::close(reports[0]);
  if (running != count) {
    throw std::runtime_error("only " + std::to_string(running) + " of " + std::to_string(count) +
                             " strangers could be started");
  }
}

strangers::~strangers() {
  for (const pid_t id : ids_) {
    ::kill(id, SIGKILL);  // until waitpid has returned, its id is nobody else's
  }
  for (const pid_t id : ids_) {
    while (::waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

busy_threads::busy_threads(std::size_t count) {
  std::latch pinned(static_cast<std::ptrdiff_t>(count));
  for (std::size_t turn = 0; turn < count; ++turn) {
    threads_.emplace_back([this, &pinned, turn] {
      pin_to_core(turn);
      pinned.count_down();
      while (!over_.load(std::memory_order::relaxed)) {  // relaxed: nothing else is said by it
      }
    });
  }
  pinned.wait();
}

busy_threads::~busy_threads() {
  over_.store(true, std::memory_order::relaxed);
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

double busy_threads::cpu_seconds() {
  double sum = 0;
  for (std::thread& thread : threads_) {
    clockid_t its_clock{};
    timespec used{};
    if (::pthread_getcpuclockid(thread.native_handle(), &its_clock) == 0) {
      ::clock_gettime(its_clock, &used);
    }
    sum += static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
  }
  return sum;
}

}  // namespace bench
