// tandem/lab/detail/watch.hpp: what the program says that dies, or hangs, in the middle of an execution.
//
// Contract   While a `watch` lives, whoever dies of a signal (an assert of the program's, std::terminate, a division by
//            0, a pointer into nowhere, a stack that is full) says first, on standard error, in which thread of the lab
//            that was and after which step, where the others stand, and how to have this execution again. Then comes
//            what would have come without: the handlers from before are called. If there is no step for so many
//            seconds, the program is taken to wait for something that the lab does not run: a std::mutex, a real sleep,
//            a std::thread. It says the same, and aborts. foreign() is called by a thread that uses an atomic of an
//            execution which is not its own: a std::thread that the program under test has started. The same again.
//            And the same again if the program under test calls std::exit or std::quick_exit: the status that it asks
//            for may say that all is well, so it aborts.
// Algorithm  Handlers of signals, on a stack of their own, which write with write() alone. Two handlers of exits, which
//            the first watch registers, and which ask whether their thread is in an execution. One thread for the whole
//            program looks at a counter of steps once a second; who hangs gets SIGABRT from it, and so tells its own
//            story. It counts its looks, not the time: a program that stands in a debugger does not hang.
// Tests      tests/lab.test.cpp
#pragma once

#include <tandem/lab/detail/fiber.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <pthread.h>
#include <signal.h>
#include <string_view>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace tandem::inline TANDEM_ABI::lab {

/// Writes on standard error, and does nothing that a handler of signals may not do.
class plain_writer {
 public:
  plain_writer() noexcept = default;
  plain_writer(const plain_writer&) = delete;
  plain_writer& operator=(const plain_writer&) = delete;
  ~plain_writer() { flush(); }

  plain_writer& operator<<(std::string_view text) noexcept {
    for (const char c : text) {
      if (used_ == buffer_.size()) flush();
      buffer_[used_++] = c;
    }
    return *this;
  }
  plain_writer& operator<<(std::uint64_t number) noexcept {
    std::array<char, 20> digits{};
    std::size_t first = digits.size();
    do digits[--first] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    return *this << std::string_view(digits.data() + first, digits.size() - first);
  }

 private:
  void flush() noexcept {
    for (std::size_t done = 0; done < used_;) {
      const ssize_t written = ::write(STDERR_FILENO, buffer_.data() + done, used_ - done);
      if (written <= 0 && errno != EINTR) break;
      if (written > 0) done += static_cast<std::size_t>(written);
    }
    used_ = 0;
  }

  std::array<char, 512> buffer_{};
  std::size_t used_ = 0;
};

/// Who can say how an execution stands.
class testimony {
 public:
  testimony(const testimony&) = delete;
  testimony& operator=(const testimony&) = delete;

  /// In a handler of signals: which thread runs, after which step.
  virtual void tell_who_runs(plain_writer&) const noexcept = 0;
  /// Where the others stand, and how to have it again.
  virtual void tell_the_rest(plain_writer&) const noexcept = 0;

  std::uint64_t running() const noexcept { return running_.load(std::memory_order_relaxed); }
  std::uint64_t steps_so_far() const noexcept { return steps_so_far_.load(std::memory_order_relaxed); }

 protected:
  testimony() noexcept = default;
  ~testimony() = default;

  /// The number of the execution that runs, 0: none. Read by others, without an order: they look again.
  void says_that_runs(std::uint64_t number) noexcept { running_.store(number, std::memory_order_relaxed); }
  void takes_step() noexcept { steps_so_far_.store(steps_so_far() + 1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> running_{0};
  std::atomic<std::uint64_t> steps_so_far_{0};
};

class watch {
 public:
  /// Of what runs on this thread; never thought to hang if `patience` is 0.
  watch(const testimony& who, std::chrono::seconds patience) : who_(who), patience_(patience.count()) {
    has_own_stack().make_sure();
    outer_ = std::exchange(innermost(), this);
    const std::scoped_lock lock(room().mutex);
    next_ = std::exchange(room().first, this);
    if (next_ == nullptr) install();
    if (patience_ != 0 && !room().has_keeper) start_keeper();
  }
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  ~watch() {
    const std::scoped_lock lock(room().mutex);
    watch** at = &room().first;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
    if (room().first == nullptr) uninstall();
    innermost() = outer_;
  }

  /// A thread that runs no execution uses what belongs to this one (0: to any). If that runs now, it is the end.
  static void foreign(std::uint64_t execution) noexcept {
    {
      const std::scoped_lock lock(room().mutex);
      watch* w = room().first;
      while (w != nullptr && (w->who_.running() == 0 || (execution != 0 && w->who_.running() != execution)))
        w = w->next_;
      if (w == nullptr || ::pthread_equal(w->owner_, ::pthread_self()) != 0) return;
      w->end(reason::foreign);
    }
    pause(10);
    std::abort();
  }

  /// How often this thread has waited in the kernel.
  static std::uint64_t real_waits() noexcept {
#if defined(RUSAGE_THREAD)
    rusage used{};
    if (::getrusage(RUSAGE_THREAD, &used) == 0) return static_cast<std::uint64_t>(used.ru_nvcsw);
#endif
    return 0;
  }

 private:
  enum class reason : std::uint8_t { a_signal, no_step, foreign };

  struct deadly_signal {
    int number;
    std::string_view name;
  };
  static constexpr std::array<deadly_signal, 7> deadly{{{SIGABRT, "SIGABRT"},
                                                        {SIGSEGV, "SIGSEGV"},
                                                        {SIGBUS, "SIGBUS"},
                                                        {SIGFPE, "SIGFPE"},
                                                        {SIGILL, "SIGILL"},
                                                        {SIGTRAP, "SIGTRAP"},
                                                        {SIGSYS, "SIGSYS"}}};

  struct meeting_room {
    std::mutex mutex;
    watch* first = nullptr;
    std::array<struct sigaction, deadly.size()> before{};
    bool has_keeper = false;
    bool forks_safely = false;
    bool hears_of_exits = false;
  };
  static meeting_room& room() noexcept {
    static constinit meeting_room one{};
    return one;
  }
  static watch*& innermost() noexcept {
    static constinit thread_local watch* one = nullptr;
    return one;
  }

  // --- signals -------------------------------------------------------------------------------------------------------

  /// Where handlers run: the stack of the lab's thread may be what is full.
  class handlers_stack {
   public:
    handlers_stack() noexcept = default;
    handlers_stack(const handlers_stack&) = delete;
    handlers_stack& operator=(const handlers_stack&) = delete;
    ~handlers_stack() {
      if (memory_ == nullptr) return;
      stack_t now{};
      if (::sigaltstack(nullptr, &now) == 0 && now.ss_sp == memory_) {
        now.ss_flags = SS_DISABLE;
        ::sigaltstack(&now, nullptr);
      }
      ::munmap(memory_, size);
    }
    void make_sure() noexcept {
      stack_t now{};
      if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
      if (memory_ == nullptr) {
        void* const got = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (got == MAP_FAILED) return;
        memory_ = got;
      }
      now.ss_sp = memory_;
      now.ss_size = size;
      now.ss_flags = 0;
      ::sigaltstack(&now, nullptr);
    }

   private:
    static constexpr std::size_t size = std::size_t{1} << 16U;
    void* memory_ = nullptr;
  };
  static handlers_stack& has_own_stack() noexcept {
    static thread_local handlers_stack one;
    return one;
  }

  static void install() noexcept {
    if (!std::exchange(room().hears_of_exits, true)) {
      static_cast<void>(std::atexit([] { on_exit("std::exit"); }));
      static_cast<void>(std::at_quick_exit([] { on_exit("std::quick_exit"); }));
    }
    for (std::size_t i = 0; i < deadly.size(); ++i) {
      struct sigaction ours{};
      ours.sa_sigaction = &on_signal;
      ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
      ::sigemptyset(&ours.sa_mask);
      ::sigaction(deadly[i].number, &ours, &room().before[i]);
    }
#if TANDEM_LAB_ASAN
    __sanitizer_set_death_callback(&on_death);
#endif
  }
  static void uninstall() noexcept {
    for (std::size_t i = 0; i < deadly.size(); ++i) ::sigaction(deadly[i].number, &room().before[i], nullptr);
#if TANDEM_LAB_ASAN
    __sanitizer_set_death_callback(nullptr);
#endif
  }

  static void on_signal(int number, siginfo_t* info, void*) noexcept {
    const int error = errno;
    std::size_t i = 0;
    while (deadly[i].number != number) ++i;
    if (innermost() != nullptr) innermost()->tell(deadly[i].name);
    ::sigaction(number, &room().before[i], nullptr);
    // where the processor has trapped, it does so again; what was sent is sent once more
    if (info->si_code <= 0) ::raise(number);
    errno = error;
  }
  static void on_death() noexcept {
    if (innermost() != nullptr) innermost()->tell("an error that the sanitizer has told above");
  }

  /// On the thread that has called it.
  static void on_exit(std::string_view called) noexcept {
    if (innermost() == nullptr || innermost()->who_.running() == 0) return;
    innermost()->tell(called);
    std::abort();
  }

  void tell(std::string_view what) noexcept {
    if (who_.running() == 0 || std::exchange(has_told_, true)) return;
    plain_writer out;
    out << "tandem: ";
    const reason why = why_.load(std::memory_order_relaxed);
    if (why == reason::no_step) {
      out << "no step for " << static_cast<std::uint64_t>(patience_) << " s by ";
    } else if (why == reason::foreign) {
      out << "a thread that the lab does not run uses what belongs to an execution, during that, while it is up to ";
    } else {
      out << what << " in ";
    }
    who_.tell_who_runs(out);
    if (why != reason::a_signal) {
      out << "\n  The lab runs all threads of a body on one: a std::thread runs beside it, and a std::mutex, a real "
             "sleep"
             "\n  or a loop on a plain variable stops them all. Use tandem's (tandem/thread.hpp).";
    }
    who_.tell_the_rest(out);
  }

  // --- the keeper ----------------------------------------------------------------------------------------------------

  /// Precondition: the lock is held, so the owner is there.
  void end(reason why) noexcept {
    why_.store(why, std::memory_order_relaxed);
    ::pthread_kill(owner_, SIGABRT);
  }

  static void pause(time_t seconds) noexcept {
    timespec left{seconds, 0};
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
  }

  /// Precondition: the lock is held.
  static void start_keeper() noexcept {
    if (!std::exchange(room().forks_safely, true)) {
      ::pthread_atfork([] { room().mutex.lock(); }, [] { room().mutex.unlock(); },
                       [] {
                         room().has_keeper = false;
                         room().mutex.unlock();
                       });
    }
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t keeper{};
    if (::pthread_create(&keeper, nullptr, &keep_watch, nullptr) == 0) {
      ::pthread_detach(keeper);
      room().has_keeper = true;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  static void* keep_watch(void*) noexcept {
    for (;;) {
      pause(1);
      const std::scoped_lock lock(room().mutex);
      for (watch* w = room().first; w != nullptr; w = w->next_) w->look();
    }
  }
  void look() noexcept {
    const std::uint64_t steps = who_.steps_so_far();
    const bool goes_on = steps != std::exchange(seen_, steps) || who_.running() == 0;
    idle_ = goes_on ? 0 : idle_ + 1;
    if (patience_ != 0 && idle_ == patience_) end(reason::no_step);
  }

  const testimony& who_;
  const std::int64_t patience_;
  const pthread_t owner_ = ::pthread_self();
  watch* next_ = nullptr;
  watch* outer_ = nullptr;
  std::uint64_t seen_ = 0;  // the keeper's: how many steps there were a second ago
  std::int64_t idle_ = 0;   // for how many seconds
  std::atomic<reason> why_{reason::a_signal};
  bool has_told_ = false;
};

}  // namespace tandem::inline TANDEM_ABI::lab
