// asio_scheduler: runs coroutines that wait at tandem's channels on a Boost.Asio io_context, and keeps their time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <tandem/coro/scheduler.hpp>
#include <tandem/detail/timer_queue.hpp>
#include <tandem/thread.hpp>

namespace support {

/// For an io_context that one thread runs. Both outlive what is posted.
class asio_scheduler final : public tandem::scheduler {
 public:
  explicit asio_scheduler(boost::asio::io_context& context) : context_(context), alarm_(context) {}

  void post(tandem::run_item& item) noexcept override {
    boost::asio::post(context_, [&item] { item.run(); });
  }

  void start(tandem::timer& t) noexcept override {
    timers_.insert(t);
    wait_for_the_first();
  }
  void call_off(tandem::timer& t) noexcept override {
    timers_.remove(t);
    wait_for_the_first();  // for none: then it does not keep run() from returning
  }

 private:
  void wait_for_the_first() {
    if (timers_.empty()) {
      alarm_.cancel();
      return;
    }
    alarm_.expires_at(timers_.next_due());  // which ends the wait before
    alarm_.async_wait([this](const boost::system::error_code& ended_before) {
      if (!ended_before) fire();
    });
  }
  void fire() {
    const auto now = tandem::clock::now();
    while (tandem::timer* const t = timers_.pop(now)) t->fire();
    if (!timers_.empty()) wait_for_the_first();
  }

  boost::asio::io_context& context_;
  boost::asio::steady_timer alarm_;
  tandem::detail::timer_queue timers_;
};

}  // namespace support
