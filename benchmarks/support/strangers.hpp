// Strangers: what a busy machine is made of. Each is a process of its own, pinned to a core, that computes without end.
//
// A stranger makes no system call and touches no memory, so all that it takes from the contestants is processor time.
// It runs at the same niceness as they do, but never at real-time priority. It ends in one of three ways: its owner
// kills it, by its process id, and waits for it; or the kernel does, when the owner's thread has ended, however that
// happened; or an alarm does, when the owner has held it for too long.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

namespace bench {

/// Starts strangers, and ends them when it is destroyed. The thread that makes it must outlive it.
class strangers {
 public:
  /// Starts `count` of them, pinned in turn to the cores that this process may use, and waits until each is pinned and
  /// holds no file any more. `limit` bounds their lives, whatever happens. Throws std::runtime_error if one of them
  /// could not be started; then none is left.
  strangers(std::size_t count, std::chrono::seconds limit);
  ~strangers();
  strangers(const strangers&) = delete;
  strangers& operator=(const strangers&) = delete;

  /// Their process ids, in the order of the cores.
  const std::vector<pid_t>& ids() const noexcept { return ids_; }

 private:
  strangers() = default;

  std::vector<pid_t> ids_;
};

/// Threads of this program that do as strangers do: they compute, each pinned to a core, until they are destroyed.
class busy_threads {
 public:
  explicit busy_threads(std::size_t count);
  ~busy_threads();
  busy_threads(const busy_threads&) = delete;
  busy_threads& operator=(const busy_threads&) = delete;

  /// The processor time that they have used.
  double cpu_seconds();

 private:
  std::atomic<bool> over_{false};
  std::vector<std::thread> threads_;
};

}  // namespace bench
