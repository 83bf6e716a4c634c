#include "measure.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <latch>
#include <new>
#include <stdexcept>
#include <thread>

#include "strangers.hpp"

namespace {

thread_local std::uint64_t allocations_here = 0;
thread_local std::uint64_t yields_here = 0;
thread_local std::uint64_t futexes_here = 0;

/// The function of libc in front of which this program has put its own. Not a static variable of a function: its guard
/// makes a system call if two threads come at once.
template <class Function>
class behind_ours {
 public:
  constexpr explicit behind_ours(const char* name) noexcept : name_(name) {}
  Function* operator*() noexcept {
    if (Function* const known = found_.load(std::memory_order::relaxed)) return known;
    auto* const found = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name_));
    found_.store(found, std::memory_order::relaxed);
    return found;
  }

 private:
  const char* name_;
  std::atomic<Function*> found_{nullptr};
};
constinit behind_ours<int()> libcs_yield("sched_yield");
constinit behind_ours<long(long, ...)> libcs_syscall("syscall");

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations_here;
  const std::size_t wanted = std::max<std::size_t>(size, 1);
  void* const memory = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                           ? std::malloc(wanted)
                           : std::aligned_alloc(alignment, (wanted + alignment - 1) / alignment * alignment);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

// Whoever yields calls this, and whoever makes a system call by its number calls the other. libc does not call itself:
// so the futexes of a mutex or a condition variable are not seen.
extern "C" int sched_yield() noexcept {
  ++yields_here;
  return (*libcs_yield)();
}
extern "C" long syscall(long number, ...) noexcept {
  if (number == SYS_futex) ++futexes_here;
  std::array<long, 6> given{};
  std::va_list arguments;
  va_start(arguments, number);
  for (long& each : given) each = va_arg(arguments, long);
  va_end(arguments);
  return (*libcs_syscall)(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

// The array forms and the nothrow forms call these.
void* operator new(std::size_t size) { return counted(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace bench {
namespace {

using wall_clock = std::chrono::steady_clock;

double cpu_seconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double context_switches() noexcept {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_nvcsw + used.ru_nivcsw);
}

// What the heap has handed out and not got back, in all threads, with the headers of its chunks.
double heap_bytes() noexcept {
#if defined(__GLIBC__)
  const struct mallinfo2 now = ::mallinfo2();
  return static_cast<double>(now.uordblks) + static_cast<double>(now.hblkhd);
#else
  return 0;
#endif
}

struct part {
  wall_clock::time_point done;
  std::uint64_t allocations = 0;
  std::uint64_t yields = 0;
  std::uint64_t futexes = 0;
  double prepared_bytes = 0;
  bool sound = false;
};

// The far end of the pipe: an answer of full length, or none.
bool write_all(int to, const measurement& answer) noexcept {
  return ::write(to, &answer, sizeof answer) == static_cast<ssize_t>(sizeof answer);
}

[[noreturn]] void be_the_child(int answer_to, placement where, const std::function<std::vector<role>()>& make_cast) {
  int exit_code = EXIT_FAILURE;
  try {
    const std::vector<role> cast = make_cast();
    exit_code = write_all(answer_to, play(where, cast)) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception&) {
    exit_code = EXIT_FAILURE;
  }
  ::_exit(exit_code);
}

void add_percentiles(measurement& sum, const std::vector<role>& cast) {
  std::vector<double> times;
  for (const role& each : cast) {
    if (each.watch) {
      each.watch->report(times);
    }
  }
  sum.timed = static_cast<double>(times.size());
  sum.p50_ns = percentile_ns(times, 0.50);
  sum.p99_ns = percentile_ns(times, 0.99);
}

}  // namespace

measurement play(placement where, const std::vector<role>& cast) {
  const auto size = static_cast<std::ptrdiff_t>(cast.size());
  std::latch ready(size);
  std::latch go(1);
  std::latch done(size);
  std::latch clear_up(1);
  busy_threads beside(busy_threads_at(where));
  std::vector<part> parts(cast.size());
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < cast.size(); ++index) {
    threads.emplace_back([&, index] {
      pin_this_thread(where, index);
      const role& mine = cast[index];
      double prepared_bytes = 0;
      if (mine.prepare) {
        ::operator delete(::operator new(1));  // with which the heap of a thread begins
        const double bytes_before = heap_bytes();
        mine.prepare();
        prepared_bytes = heap_bytes() - bytes_before;
      }
      ready.count_down();
      go.wait();
      const std::uint64_t allocated = allocations_here;
      const std::uint64_t yielded = yields_here;
      const std::uint64_t called = futexes_here;
      const bool sound = mine.play();
      parts[index] = {wall_clock::now(),     allocations_here - allocated,
                      yields_here - yielded, futexes_here - called,
                      prepared_bytes,        sound};
      done.count_down();
      clear_up.wait();
      if (mine.clear_up) {
        mine.clear_up();
      }
    });
  }
  ready.wait();
  const double cpu_before = cpu_seconds() - beside.cpu_seconds();
  const double switches_before = context_switches();
  const auto begin = wall_clock::now();
  go.count_down();
  done.wait();
  measurement sum;
  sum.cpu_seconds = cpu_seconds() - beside.cpu_seconds() - cpu_before;
  sum.context_switches = context_switches() - switches_before;
  clear_up.count_down();
  for (std::thread& thread : threads) {
    thread.join();
  }
  sum.sound = true;
  for (const part& each : parts) {
    sum.wall_seconds = std::max(sum.wall_seconds, std::chrono::duration<double>(each.done - begin).count());
    sum.allocations += static_cast<double>(each.allocations);
    sum.yields += static_cast<double>(each.yields);
    sum.futexes += static_cast<double>(each.futexes);
    sum.prepared_bytes += each.prepared_bytes;
    sum.sound = sum.sound && each.sound;
  }
  add_percentiles(sum, cast);
  return sum;
}

namespace {

outcome play_in_a_child(placement where, const std::function<std::vector<role>()>& make_cast,
                        std::chrono::seconds limit) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) {
    return {{}, "no pipe to the child process"};
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe_ends[0]);
    be_the_child(pipe_ends[1], where, make_cast);
  }
  ::close(pipe_ends[1]);
  outcome result;
  if (child < 0) {
    result.failure = "no child process";
  } else {
    pollfd answer{pipe_ends[0], POLLIN, 0};
    const int milliseconds = static_cast<int>(std::chrono::milliseconds(limit).count());
    if (::poll(&answer, 1, milliseconds) == 0) {
      ::kill(child, SIGKILL);
      result.failure = "no end in sight: killed after " + std::to_string(limit.count()) + " s";
    } else if (::read(pipe_ends[0], &result.measured, sizeof result.measured) !=
               static_cast<ssize_t>(sizeof result.measured)) {
      result.failure = "the contestant died";
    } else if (!result.measured.sound) {
      result.failure = "messages were lost or repeated or out of order";
    }
    ::waitpid(child, nullptr, 0);
  }
  ::close(pipe_ends[0]);
  return result;
}

}  // namespace

outcome play_apart(placement where, const std::function<std::vector<role>()>& make_cast, std::chrono::seconds limit) {
  most_timed();  // measures the clock while nothing else goes on, and once for all children
  try {
    const strangers beside(strangers_at(where), limit + std::chrono::seconds(10));
    return play_in_a_child(where, make_cast, limit);
  } catch (const std::runtime_error& none) {
    return {{}, none.what()};
  }
}

}  // namespace bench
