// scheduler: plug in an executor of your own. This one is a thread with a queue, made of the standard's parts.
#include <condition_variable>
#include <coroutine>
#include <exception>
#include <iostream>
#include <mutex>
#include <queue>
#include <stop_token>
#include <thread>

#include <tandem/coro/scheduler.hpp>
#include <tandem/sync/rendezvous.hpp>

// [executor]
class kitchen final : public tandem::scheduler {
 public:
  void post(tandem::run_item& item) noexcept override {
    const std::lock_guard hold(mutex_);
    orders_.push(&item);
    rings_.notify_one();
  }

 private:
  void work(const std::stop_token& stop) {
    std::unique_lock hold(mutex_);
    while (rings_.wait(hold, stop, [this] { return !orders_.empty(); })) {
      tandem::run_item* const item = orders_.front();
      orders_.pop();
      hold.unlock();
      item->run();
      hold.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any rings_;
  std::queue<tandem::run_item*> orders_;
  std::jthread cook_{[this](const std::stop_token& stop) { work(stop); }};
};
// [/executor]

// [coroutine]
// A coroutine type of your own. All that tandem asks of it is that its promise names the scheduler.
struct course {
  struct promise_type {
    explicit promise_type(kitchen& k, auto&&...) noexcept : where(k) {}
    tandem::scheduler& scheduler() const noexcept { return where; }
    course get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
    kitchen& where;
  };
};

course serve(kitchen&, tandem::rendezvous<int>& hatch, std::thread::id waiter) {
  const auto table = co_await hatch.co_receive();
  std::cout << "for table " << table.value_or(0) << '\n';
  std::cout << "by the waiter: " << (std::this_thread::get_id() == waiter) << '\n';
}
// [/coroutine]

int main() {
  std::cout << std::boolalpha;
  // [use]
  tandem::rendezvous<int> hatch;
  kitchen downstairs;
  serve(downstairs, hatch, std::this_thread::get_id());  // waits, without a thread
  return hatch.send(7) ? 0 : 1;                          // the kitchen goes on with it
  // [/use]
}
