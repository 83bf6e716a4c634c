#pragma once

// A pool of workers, of the size that programs write for themselves: jobs go in by a mailbox, and each has a future.
// It says tandem::thread and tandem::atomic, so it runs on real threads and in the lab alike.

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <tandem/async/future.hpp>
#include <tandem/async/mailbox.hpp>
#include <tandem/thread.hpp>

namespace office {

/// How the workers are told that the day is over.
enum class ending {
  by_note,   // a flag for those who submit, and for each worker a note in the mailbox: "go home"
  by_close,  // the mailbox is closed
};

template <ending How>
class worker_pool {
 public:
  using task = std::function<int()>;

  worker_pool(int workers, int capacity) : jobs_(capacity) {
    for (int i = 0; i < workers; ++i) workers_.emplace_back([this] { work(); });
  }
  ~worker_pool() { finish(); }

  // [submit]
  /// What the task will return; nothing if the pool takes no more. What it takes, it does.
  std::optional<tandem::future<int>> submit(task what) {
    if (finishing_.load(tandem::memory_order::acquire)) return {};
    job next{std::move(what), {}};
    auto result = next.result.get_future();
    if (!jobs_.send(std::move(next))) return {};
    return result;
  }
  // [/submit]

  // [finish]
  /// Takes no more, and returns when all that was taken is done.
  void finish() {
    if constexpr (How == ending::by_note) {
      if (finishing_.exchange(true, tandem::memory_order::acq_rel)) return;
      for (std::size_t i = 0; i < workers_.size(); ++i) static_cast<void>(jobs_.send(job{}));
    } else {
      jobs_.close();
    }
    workers_.clear();  // joins them
  }
  // [/finish]

 private:
  struct job {
    task what;  // none: go home
    tandem::promise<int> result;
  };

  // [work]
  void work() {
    for (job& next : jobs_) {
      if (!next.what) return;
      static_cast<void>(next.result.set_value(next.what()));  // nobody may be interested any more
    }
  }
  // [/work]

  tandem::mailbox<job> jobs_;
  tandem::atomic<bool> finishing_{false};
  std::vector<tandem::thread> workers_;
};

}  // namespace office
