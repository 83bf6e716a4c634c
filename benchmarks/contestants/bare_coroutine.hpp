// The limit of coroutines on one thread: they resume each other through a plain queue, and a message is handed over in
// a variable. No lock, no atomics, no closing (but of the crowd's), no timeout, no third party, one thread.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

/// What waits, in the frame of the coroutine that does.
struct bare_waiter {
  std::coroutine_handle<> who;
  bare_waiter* next = nullptr;
};

/// First come, first served.
class bare_queue {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  void push(bare_waiter& waiter) noexcept {
    waiter.next = nullptr;
    (first_ != nullptr ? last_->next : first_) = &waiter;
    last_ = &waiter;
  }
  bare_waiter& pop() noexcept { return *std::exchange(first_, first_->next); }

 private:
  bare_waiter* first_ = nullptr;
  bare_waiter* last_ = nullptr;
};

template <class T>
class bare_coroutines {
 public:
  static constexpr std::string_view name = "bare_coroutine";

  struct routine {
    struct promise_type {
      routine get_return_object() const noexcept { return {}; }
      std::suspend_never initial_suspend() const noexcept { return {}; }
      std::suspend_never final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() const noexcept { std::terminate(); }
    };
  };

  /// For one sender and any number of receivers.
  class rendezvous {
   public:
    explicit rendezvous(bare_coroutines& engine) : ready_(engine.ready_) {}

    struct sending : bare_waiter {
      rendezvous& meeting;
      T message;
      sending(rendezvous& m, T&& value) : meeting(m), message(std::move(value)) {}
      bool await_ready() noexcept {
        if (meeting.receivers_.empty()) {
          return false;
        }
        auto& receiver = static_cast<receiving&>(meeting.receivers_.pop());
        receiver.message = message;
        receiver.met = true;
        meeting.ready_.push(receiver);
        return true;
      }
      void await_suspend(std::coroutine_handle<> waiting) noexcept {
        this->who = waiting;
        meeting.sender_ = this;
      }
      bool await_resume() const noexcept { return true; }
    };

    struct receiving : bare_waiter {
      rendezvous& meeting;
      T message;
      bool met = false;
      explicit receiving(rendezvous& m) : meeting(m) {}
      bool await_ready() noexcept {
        if (meeting.sender_ == nullptr) {
          return false;
        }
        sending& sender = *std::exchange(meeting.sender_, nullptr);
        message = sender.message;
        met = true;
        meeting.ready_.push(sender);
        return true;
      }
      void await_suspend(std::coroutine_handle<> waiting) noexcept {
        this->who = waiting;
        meeting.receivers_.push(*this);
      }
      std::pair<bool, T> await_resume() const noexcept { return {met, message}; }
    };

    void close() noexcept {
      while (!receivers_.empty()) {
        ready_.push(receivers_.pop());
      }
    }

   private:
    bare_queue& ready_;
    bare_queue receivers_;
    sending* sender_ = nullptr;
  };

  /// A ring, for one sender and one receiver.
  class mailbox {
   public:
    mailbox(bare_coroutines& engine, std::size_t capacity) : ready_(engine.ready_), slots_(capacity) {}

    struct sending : bare_waiter {
      mailbox& box;
      T message;
      sending(mailbox& b, T&& value) : box(b), message(std::move(value)) {}
      bool await_ready() const noexcept { return box.stored_ < box.slots_.size(); }
      void await_suspend(std::coroutine_handle<> waiting) noexcept {
        this->who = waiting;
        box.sender_ = this;
      }
      bool await_resume() noexcept {
        box.slots_[box.tail_] = message;
        box.tail_ = box.after(box.tail_);
        ++box.stored_;
        box.wake(box.receiver_);
        return true;
      }
    };

    struct receiving : bare_waiter {
      mailbox& box;
      explicit receiving(mailbox& b) : box(b) {}
      bool await_ready() const noexcept { return box.stored_ != 0; }
      void await_suspend(std::coroutine_handle<> waiting) noexcept {
        this->who = waiting;
        box.receiver_ = this;
      }
      std::pair<bool, T> await_resume() noexcept {
        const T message = box.slots_[box.head_];
        box.head_ = box.after(box.head_);
        --box.stored_;
        box.wake(box.sender_);
        return {true, message};
      }
    };

   private:
    std::size_t after(std::size_t index) const noexcept { return index + 1 == slots_.size() ? 0 : index + 1; }
    void wake(bare_waiter*& whom) noexcept {
      if (whom != nullptr) {
        ready_.push(*std::exchange(whom, nullptr));
      }
    }

    bare_queue& ready_;
    std::vector<T> slots_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    std::size_t stored_ = 0;
    bare_waiter* sender_ = nullptr;
    bare_waiter* receiver_ = nullptr;
  };

  static auto send(auto& channel, T&& message) { return sending_on(channel, std::move(message)); }
  static auto receive(auto& channel) { return receiving_on(channel); }
  static bool is_done(bool sent) { return sent; }
  static bool is_done(const std::pair<bool, T>& letter) { return letter.first; }
  static const T& content(const std::pair<bool, T>& letter) { return letter.second; }
  static void close(rendezvous& meeting) { meeting.close(); }

  void start(routine) {}  // it has begun
  void settle() { run(); }
  void run() {
    while (!ready_.empty()) {
      ready_.pop().who.resume();
    }
  }
  void stop() {}  // it stops when everybody waits

 private:
  template <class Channel>
  static typename Channel::sending sending_on(Channel& channel, T&& message) {
    return {channel, std::move(message)};
  }
  template <class Channel>
  static typename Channel::receiving receiving_on(Channel& channel) {
    return typename Channel::receiving(channel);
  }

  bare_queue ready_;
};

}  // namespace bench
