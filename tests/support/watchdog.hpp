// watchdog: a wait that lasts too long ends the program, and says which one and what every thread was doing.
//
// A test never asserts on time. It waits for as long as it takes, under a watchdog that is an order of magnitude more
// patient than the slowest machine; what is lost when a wake-up is lost is then a named abort, not a silent hang.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace support {

// One line per thread of this process: its number, its state and what it waits for, as the kernel tells it.
inline void print_threads() {
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    const auto first_line = [&task](const char* name) {
      std::ifstream file(task.path() / name);
      std::string line;
      std::getline(file, line);
      return line;
    };
    const std::string stat = first_line("stat");
    const std::size_t paren = stat.rfind(')');
    std::fprintf(stderr, "  thread %s: state %s, waits in '%s', syscall '%s'\n",
                 task.path().filename().string().c_str(),
                 paren == std::string::npos ? "?" : stat.substr(paren + 2, 1).c_str(), first_line("wchan").c_str(),
                 first_line("syscall").c_str());
  }
}

class watchdog {
 public:
  explicit watchdog(std::string what, std::chrono::seconds patience = std::chrono::seconds(60))
      : what_(std::move(what)), thread_([this, patience] { watch(patience); }) {}
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;
  ~watchdog() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
      told_.notify_one();
    }
    thread_.join();
  }

 private:
  void watch(std::chrono::seconds patience) {
    std::unique_lock lock(mutex_);
    if (told_.wait_for(lock, patience, [this] { return over_; })) return;
    std::fprintf(stderr, "watchdog: '%s' is not over after %lld s\n", what_.c_str(),
                 static_cast<long long>(patience.count()));
    print_threads();
    std::abort();
  }

  std::string what_;
  std::mutex mutex_;
  std::condition_variable told_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace support
