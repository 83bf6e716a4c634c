// tandem/async/mailbox.hpp: email: the medium keeps the message until somebody reads it.
//
// Contract   mailbox<T>(capacity) is a bounded queue, many to many. A send completes when the mailbox has the message,
//            whether or not anybody will ever read it: mode::asynchronous, receipt::stored. A full mailbox pushes back:
//            from there on a send waits for a receiver, as on the phone.
//              Outcomes    send: ok, closed (+ full, timeout, stopped by variant). receive: the message, closed (+
//                          empty, timeout, stopped).
//              Order       Messages leave in the order in which they were stored; those of one sender in the order in
//                          which it sent them. Waiters are woken first come first served, and one that was woken for
//                          nothing keeps its turn; but somebody who arrives just then may be quicker than one who has
//                          to wake.
//              Closing     close() refuses every later send; what was accepted is still delivered, then receivers get
//                          `closed`. It may be called by anybody, any number of times.
//              Lifetime    The mailbox outlives every call on it: it may be destroyed when the calls have returned, not
//                          when the messages have arrived. Where nobody can know that, use ports (port.hpp).
//                          Messages that nobody received are destroyed with it; or, if it was opened with ports, when
//                          the last receive_port goes. Destroying it earlier is misuse, and aborts saying so if
//                          somebody stands in line (one who still polls cannot be seen).
//                          A capacity of 0 or less, or beyond 2^40 or the address space, is misuse as well, and aborts.
//              Exceptions  the constructor: std::bad_alloc. Nothing else throws but T's copy in send(const T&), and a
//                          clock of the caller's own.
//              Allocation  one, in the constructor.
//              Users       any threads. mailbox<T, one_thread> is for the coroutines of one: no atomics, no lock, and
//                          no verb that blocks (confinement.hpp).
//              Progress    blocking, though no lock is on the way of a message: a sender that is preempted between
//                          taking a slot and filling it holds up the receivers of what was stored after it (and the
//                          other way round). try_ operations, too, wait for such a one rather than tell a lie ("empty"
//                          with a stored message inside); timed ones still give up at their deadline. In rare
//                          cases a waiter notices a message up to 1 ms late (see nap, below).
//              Restriction T's move constructor and destructor run without a lock, but in a slot that is half-way: they
//                          must not send to the mailbox they pass through, nor receive from it, for they might wait for
//                          that very slot. All else is fine, close() included.
// Algorithm  A ring of slots, each with a stamp that says whose turn it is. A position counts the laps of the ring and
//            the slot in it; `tail_` is where the next message goes, `head_` where the next one is.
//
//                stamp == p             free, waits for the message of position p        --+
//                stamp == p + 1         holds the message of position p                    |  one lap
//                stamp == p + one lap   free again, waits for the next lap's             <-+
//
//            A sender takes position p by moving tail_ on, if the slot is free for p, fills the slot and stamps it; a
//            receiver likewise with head_. Only the two counters are fought for, and each side reads its own.
//            Closing is a bit in tail_: a sender either got its position before the bit, and will be heard, or fails.
//
//            Whoever has to wait polls the slot it waits for; then it joins a list, under a lock, and looks once more,
//            at the other side's counter. Whoever has moved its counter on, and stamped the slot, looks whether anybody
//            is waiting, and wakes the first. Both write, then read what the other wrote: these four accesses are
//            sequentially consistent, so at least one of the two sees the other. The stamps need not be: if the waiter
//            sees that the counter has moved but not yet the stamp, it stays in line and takes a nap instead of a
//            sleep, which the stamper ends if it sees the waiter, and the clock if not. (So nobody pays for a full
//            fence after filling a slot, and a sender runs ahead of its cache misses.)
//            A woken waiter is not given the message, it is told to look: a thread that runs already may take it first,
//            and the woken one stands in line again, in its old place. (Handing it over would make every message wait
//            for a thread to wake up.)
//
//            When no receiver can come again (`discard_core`), the mailbox closes, and what is in it is taken out and
//            destroyed. If a sender is half-way just then, whoever comes second destroys its message: from then on
//            `waiting_` says for good that there is a receiver, so the sender comes to look, and finds it `unread_`. If
//            it had looked before that, its stamp is on its way, and the one who discards waits for it, a short time.
// Invariants 1. head_ <= tail_ <= head_ + capacity, in messages.
//            2. A slot's stamp grows. Only the sender that took p stores p + 1, only the receiver that took p the lap.
//            3. tail_ does not move once it has the closed bit.
//            4. No waiter is forgotten: if the slot at head_ holds a message, or the mailbox is closed and drained, and
//               a receiver sleeps, then somebody is about to look: the one who stamped, or one who was woken, or naps,
//               and has not left yet. For whoever has stood in line looks again when it leaves (`leave`) and wakes the
//               next one if there is still something to have. The same for senders.
//            5. Once it is unread_, it is closed, and waiting_[receivers] stays true: each message that is stored is
//               destroyed by somebody who looks after it was stamped. (That one of the two sees the other is a matter
//               of time, not of the order of accesses: is_soon_stored(). Else the message lives as long as the
//               mailbox.)
// Order      edge M: stamp p + 1 (release) -> receiver's stamp load (acquire): the message
//            edge F: stamp p + lap (release) -> sender's stamp load (acquire): the slot is empty
//            edge D (Dekker): counter moved on, waiting load / waiting store, counter load: all four seq_cst. With
//            unread_ for a waiter, and the stamp for the counter, the same two accesses to `waiting_`.
//            edge C: tail_ closed bit (release) -> tail_ load (acquire): whatever the closer did before
//            edge N: counter moved on (release) -> the same side's counter load (acquire): what the mover knew of the
//            other side. A receiver that sees that message 7 has been taken, and finds no message 8, must not say
//            "empty" if 8 was stored before 7 was taken.
//            edges L and W: the lists, and the wake-up.
//            Who may use a slot is said by the compare-exchange; what is in it goes by M and F.
// Cost       send, nobody waiting: one read-modify-write on tail_'s line, two stores on the slot's line, one load of a
//            line that is written only when somebody waits, and one of a flag that is seldom written (backoff.hpp). The
//            same for receive. With somebody asleep: a lock, a claim, and one wake-up per sleeper, not per message.
// Source     the stamped ring: [vyukov-mpmc]; the lap in the stamp and the closed bit in the tail: [crossbeam-array];
//            the turn that is passed on: [tokio-notify]
// Tests      tests/mailbox.test.cpp, tests/probe.test.cpp, tests/no_loss.test.cpp, tests/failures_of_others.test.cpp,
//            tests/model/mailbox.model.cpp, tests/stress/mailbox.stress.cpp
#pragma once

#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include <tandem/confinement.hpp>
#include <tandem/detail/backoff.hpp>
#include <tandem/detail/contract.hpp>
#include <tandem/detail/deadline.hpp>
#include <tandem/detail/mutex.hpp>
#include <tandem/detail/operation.hpp>
#include <tandem/detail/room.hpp>
#include <tandem/detail/transfer.hpp>
#include <tandem/detail/wait_list.hpp>
#include <tandem/mode.hpp>
#include <tandem/platform/platform.hpp>
#include <tandem/status.hpp>
#include <tandem/verbs.hpp>

namespace tandem::inline TANDEM_ABI {

/// A bounded queue: a send is done when the message is stored.
template <class T, detail::users_of_a_channel Users = any_thread>
class mailbox : private detail::require_message<T>,
                public send_verbs<mailbox<T, Users>, T>,
                public receive_verbs<mailbox<T, Users>, T> {
 public:
  using value_type = T;
  using users = Users;
  static constexpr mode channel_mode = mode::asynchronous;
  static constexpr receipt channel_receipt = receipt::stored;

  /// Room for `capacity` messages, any number from 1 on. Throws std::bad_alloc.
  explicit mailbox(std::integral auto capacity, detail::call_site from = detail::call_site::here())
      : core_(checked(capacity, from)) {
    detail::require_whole_message<T>();
  }
  mailbox(detail::a_mailbox_needs_a_capacity = {}) = delete;               // such as tandem::mailbox<int> inbox(16);
  mailbox(const mailbox&, detail::a_channel_does_not_move = {}) = delete;  // keep it in a std::deque
  mailbox& operator=(const mailbox&) = delete;
  /// Precondition: no operation is running.
  ~mailbox() = default;

  /// Refuses every later send, and wakes everybody. Idempotent.
  void close() noexcept { core_->shut(false); }

  [[nodiscard]] bool is_closed() const noexcept { return core_->is_closed(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return core_->capacity(); }
  /// True: at one instant of the call there was no message; by now there may be. False says nothing.
  [[nodiscard]] bool was_empty() const noexcept { return core_->was_empty(); }
  /// True: at one instant of the call there was no room; by now there may be. False says nothing.
  [[nodiscard]] bool was_full() const noexcept { return core_->was_full(); }

 private:
  using order = platform::order;
  template <class V>
  using atomic = detail::atomic_for<Users, V>;
  friend detail::core_access;
  using side = detail::side;
  static constexpr side senders = detail::side::senders;
  static constexpr side receivers = detail::side::receivers;
  template <detail::side Side>
  struct party;

  struct slot {
    atomic<std::uint64_t> stamp;
    detail::raw<T> message;
  };

  /// The arithmetic of positions: the slot in the low bits, the closed bit, and the lap above it.
  struct ring {
    explicit ring(std::uint64_t messages) noexcept
        : capacity(messages), closed(std::bit_ceil(capacity + 1)), lap(closed * 2) {}
    std::uint64_t capacity;
    std::uint64_t closed;  // the bit; it only ever stands in tail_
    std::uint64_t lap;

    std::uint64_t index(std::uint64_t position) const noexcept { return position & (closed - 1); }
    std::uint64_t next(std::uint64_t position) const noexcept {
      return index(position) + 1 < capacity ? position + 1 : position - index(position) + lap;
    }
    bool is_closed(std::uint64_t tail) const noexcept { return (tail & closed) != 0; }
    std::uint64_t position(std::uint64_t tail) const noexcept { return tail & ~closed; }
  };

  party<senders> send_operation(T& value) noexcept { return {*core_, std::addressof(value)}; }
  party<receivers> receive_operation(T* to) noexcept { return {*core_, to}; }
  detail::outcome send_core(T& value, detail::deadline until, detail::stop_request stop) {
    return send_operation(value).run(until, stop);
  }
  detail::outcome receive_core(T* to, detail::deadline until, detail::stop_request stop) {
    return receive_operation(to).run(until, stop);
  }

  /// Closes it when no receiver can come again, and has what is inside destroyed, now or when it is stored.
  void discard_core() noexcept { core_->discard(); }
  static std::uint64_t checked(std::integral auto capacity, detail::call_site from) noexcept;

  struct core;
  detail::anywhere<core> core_;
};

/// Any integer, so that a literal reaches us as it was written, and a negative one is found out.
template <class T, detail::users_of_a_channel Users>
std::uint64_t mailbox<T, Users>::checked(std::integral auto capacity, detail::call_site from) noexcept {
  detail::demand(capacity > 0,
                 "a mailbox of capacity 0 (or less) cannot keep a message; for handing over in person use a rendezvous",
                 from);
  const auto messages = static_cast<std::uint64_t>(capacity);
  detail::demand(messages <= std::uint64_t{1} << 40U && messages <= (std::numeric_limits<std::size_t>::max)() / 2,
                 "a mailbox's capacity is 2^40 at most, and no more than the address space holds", from);
  return messages;
}

/// All that a mailbox is. It begins on a line, wherever the mailbox lies.
template <class T, detail::users_of_a_channel Users>
struct mailbox<T, Users>::core {
  explicit core(std::uint64_t messages) : ring_(messages), slots_(std::make_unique_for_overwrite<slot[]>(capacity())) {
    for (std::size_t i = 0; i < capacity(); ++i) slots_[i].stamp.store(i, order::relaxed);  // nobody else knows it yet
  }
  core(const core&) = delete;
  core& operator=(const core&) = delete;
  ~core();

  void shut(bool unread) noexcept;
  void discard() noexcept;
  [[gnu::noinline]] void destroy_messages() noexcept;
  bool is_soon_stored() const noexcept;
  bool is_closed() const noexcept {
    check_user();
    return ring_.is_closed(tail_.load(order::acquire /*C*/));
  }
  std::size_t capacity() const noexcept { return static_cast<std::size_t>(ring_.capacity); }
  bool was_empty() const noexcept {
    check_user();
    const std::uint64_t head = head_.load(order::acquire);      // acquire: the tail is read after it
    return ring_.position(tail_.load(order::relaxed)) == head;  // relaxed: nothing is read after it
  }
  bool was_full() const noexcept {
    check_user();
    const std::uint64_t tail = ring_.position(tail_.load(order::acquire));  // acquire: the head is read after it
    return head_.load(order::relaxed) + ring_.lap == tail;                  // relaxed: nothing is read after it
  }

  void check_user() const noexcept {
    if constexpr (confined_to_one_thread<mailbox>) mutex_.keep_others_out();
  }
  slot& slot_of(std::uint64_t position) const noexcept {
    return slots_[static_cast<std::size_t>(ring_.index(position))];  // there are no more than a size_t counts
  }

  detail::outcome push(T& value) noexcept;
  detail::outcome pop(T* to) noexcept;
  detail::outcome look_for_room() const noexcept;
  detail::outcome look_for_message() const noexcept;
  bool has_room(std::uint64_t tail) const noexcept;
  bool has_message(std::uint64_t head) const noexcept;

  void join(side who, detail::place& here) noexcept;
  bool quit(side who, detail::place& here) noexcept;
  /// The one thread of a channel brings no thread on that waits: to all others it is one that computes.
  static bool movers_leave_traces() noexcept {
    return !confined_to_one_thread<mailbox> && platform::movers_leave_traces();
  }
  void wake_first_of(side who) noexcept;
  void look_who_waits(side who) noexcept;
  [[gnu::noinline]] void serve(side who, bool somebody_waits, std::uint64_t position) noexcept;

  // Four lines: what everybody reads and nobody writes while nobody waits; what the senders fight for; what the
  // receivers fight for; and what is touched only when somebody has to wait.
  alignas(detail::line_for<Users>) const ring ring_;
  const std::unique_ptr<slot[]> slots_;
  atomic<bool> waiting_[2];  // whether lists_ has anybody: written under the lock
  alignas(detail::line_for<Users>) atomic<std::uint64_t> tail_{0};
  alignas(detail::line_for<Users>) atomic<std::uint64_t> head_{0};
  alignas(detail::line_for<Users>) mutable detail::mutex_for<Users> mutex_;
  platform::cell<bool> unread_;  // no receiver can come again: written under the lock
  detail::wait_list lists_[2];
};

template <class T, detail::users_of_a_channel Users>
mailbox<T, Users>::core::~core() {
  detail::demand(lists_[senders].empty() && lists_[receivers].empty(),
                 "a mailbox destroyed while somebody waits on it");
  const std::uint64_t tail = ring_.position(tail_.load(order::relaxed));  // relaxed: nobody else is left
  for (std::uint64_t p = head_.load(order::relaxed); p != tail; p = ring_.next(p)) {
    detail::end_message(slot_of(p).message.value);
  }
}

// --- the ring -------------------------------------------------------------------------------------------------------

/// ok, closed, refused (full), or busy: the slot is being emptied by a receiver who has not finished.
template <class T, detail::users_of_a_channel Users>
detail::outcome mailbox<T, Users>::core::push(T& value) noexcept {
  check_user();
  // The own counter, here and in pop(), with acquire: whoever refuses has to know what those knew who came before
  // (edge N). One that is old is found out by the stamp, or by the compare-exchange.
  std::uint64_t tail = tail_.load(order::acquire /*N, C*/);
  for (;;) {
    if (ring_.is_closed(tail)) return detail::outcome::closed;
    slot& s = slot_of(tail);
    platform::prefetch_to_write(std::addressof(s));  // one fetch, to read the stamp and to fill the slot
    const std::uint64_t stamp = s.stamp.load(order::acquire /*F*/);
    if (stamp == tail) {
      if (tail_.compare_exchange_weak(tail, ring_.next(tail), order::seq_cst /*D, N*/, order::acquire /*N, C*/)) {
        detail::hand_over(value, std::addressof(s.message.value));
        s.stamp.store(tail + 1, order::release /*M*/);
        const bool somebody_waits = waiting_[receivers].load(order::seq_cst /*D*/);
        if (somebody_waits | movers_leave_traces()) serve(receivers, somebody_waits, tail);
        return detail::outcome::ok;
      }
    } else if (stamp < tail) {  // still holds, or waits for, the message of the lap before
      // relaxed: what an older head would hide, the tail has told us
      if (head_.load(order::relaxed) + ring_.lap == tail) return detail::outcome::refused;
      const std::uint64_t again = tail_.load(order::acquire /*N, C*/);
      if (again == tail) return detail::outcome::busy;
      tail = again;
    } else {
      tail = tail_.load(order::acquire /*N, C*/);  // others have been here
    }
  }
}

/// ok, closed (and drained), refused (empty), or busy: the slot is being filled by a sender who has not finished.
template <class T, detail::users_of_a_channel Users>
detail::outcome mailbox<T, Users>::core::pop(T* to) noexcept {
  check_user();
  std::uint64_t head = head_.load(order::acquire /*N*/);
  for (;;) {
    slot& s = slot_of(head);
    const std::uint64_t stamp = s.stamp.load(order::acquire /*M*/);
    if (stamp == head + 1) {
      if (head_.compare_exchange_weak(head, ring_.next(head), order::seq_cst /*D, N*/, order::acquire /*N*/)) {
        detail::hand_over(s.message.value, to);
        detail::end_message(s.message.value);
        s.stamp.store(head + ring_.lap, order::release /*F*/);
        const bool somebody_waits = waiting_[senders].load(order::seq_cst /*D*/);
        if (somebody_waits | movers_leave_traces()) serve(senders, somebody_waits, head);
        return detail::outcome::ok;
      }
    } else if (stamp <= head) {  // nothing there yet
      const std::uint64_t tail = tail_.load(order::acquire /*C*/);
      if (ring_.position(tail) == head) {
        return ring_.is_closed(tail) ? detail::outcome::closed : detail::outcome::refused;
      }
      const std::uint64_t again = head_.load(order::acquire /*N*/);
      if (again == head) return detail::outcome::busy;
      head = again;
    } else {
      head = head_.load(order::acquire /*N*/);  // others have been here
    }
  }
}

/// What one who has joined the senders has to do: look (try again), pending (sleep), or busy (nap: somebody has taken a
/// message out and is about to say so).
template <class T, detail::users_of_a_channel Users>
detail::outcome mailbox<T, Users>::core::look_for_room() const noexcept {
  const std::uint64_t tail = tail_.load(order::relaxed);  // relaxed: if it is old, the stamp says so
  if (ring_.is_closed(tail)) return detail::outcome::look;
  if (head_.load(order::seq_cst /*D*/) + ring_.lap == tail) return detail::outcome::pending;
  return has_room(tail) ? detail::outcome::look : detail::outcome::busy;
}

/// The same for receivers; closed and drained is worth a look as well.
template <class T, detail::users_of_a_channel Users>
detail::outcome mailbox<T, Users>::core::look_for_message() const noexcept {
  const std::uint64_t head = head_.load(order::relaxed);  // relaxed, and first: if it is old, the stamp says so
  const std::uint64_t tail = tail_.load(order::seq_cst /*D, C*/);
  if (ring_.position(tail) == head) return ring_.is_closed(tail) ? detail::outcome::look : detail::outcome::pending;
  return has_message(head) ? detail::outcome::look : detail::outcome::busy;
}

// relaxed, both: push() and pop() decide

template <class T, detail::users_of_a_channel Users>
bool mailbox<T, Users>::core::has_room(std::uint64_t tail) const noexcept {
  return slot_of(tail).stamp.load(order::relaxed) >= tail;
}

template <class T, detail::users_of_a_channel Users>
bool mailbox<T, Users>::core::has_message(std::uint64_t head) const noexcept {
  return slot_of(head).stamp.load(order::relaxed) > head;
}

// --- waiting --------------------------------------------------------------------------------------------------------

/// One send or one receive: `message` is where the message is, or where it shall be.
template <class T, detail::users_of_a_channel Users>
template <detail::side Side>
struct mailbox<T, Users>::party {
  static constexpr bool polls = true;  // a message need not wait for anybody to wake
  static constexpr bool settled = false;

  core& box;
  T* message;

  detail::outcome run(detail::deadline until, detail::stop_request stop) {
    // What is quickly done is done here. Nothing but the slot is looked at before that: see worth_trying().
    if ((stop == nullptr || !stop->stop_requested()) && worth_trying()) {
      const detail::outcome how = attempt();
      if (detail::is_final(how)) return how;
    }
    return detail::run(*this, until, stop);
  }

  detail::outcome attempt() noexcept {
    if constexpr (Side == senders) {
      return box.push(*message);
    } else {
      return box.pop(message);
    }
  }
  detail::outcome poll(detail::deadline end, bool told_to_look) noexcept;
  detail::outcome enlist(detail::place& here) noexcept;
  bool withdraw(detail::place& here) noexcept { return box.quit(Side, here); }
  std::uint64_t version(const detail::waiter&) const noexcept {
    box.check_user();
    // The counter of the other side, and whether it is closed: as long as neither changes, full stays full, and empty
    // stays empty. relaxed, all: attempt() acquires, and what is as it was tells nothing new
    const std::uint64_t tail = box.tail_.load(order::relaxed);
    const std::uint64_t seen = Side == senders ? box.head_.load(order::relaxed) | (tail & box.ring_.closed) : tail;
    return seen * 2 + 1;
  }
  void leave() noexcept {
    // relaxed: whoever was given a turn learned by edges L and W of those behind it; who joins later looks for itself
    if (box.waiting_[Side].load(order::relaxed) && look_again() == detail::outcome::look) box.wake_first_of(Side);
  }

 private:
  detail::outcome look_again() const noexcept { return Side == senders ? box.look_for_room() : box.look_for_message(); }
  /// For polling: looks at one slot, and not at the other side's counter, which would hold up those who move it.
  /// relaxed: a hint; attempt() decides
  bool worth_trying() const noexcept {
    if constexpr (Side == senders) {
      const std::uint64_t tail = box.tail_.load(order::relaxed);
      return box.ring_.is_closed(tail) || box.has_room(tail);
    } else {
      return box.has_message(box.head_.load(order::relaxed));
    }
  }
};

template <class T, detail::users_of_a_channel Users>
template <detail::side Side>
detail::outcome mailbox<T, Users>::party<Side>::poll(detail::deadline end, bool told_to_look) noexcept {
  detail::outcome how = told_to_look ? attempt() : detail::outcome::refused;
  if (detail::is_final(how)) return how;
  const auto done = [&] {
    if (worth_trying()) how = attempt();
    return detail::is_final(how);
  };
  if (detail::backoff::await(done, end, platform::per_thread<detail::patience>())) return how;
  return attempt();  // which looks at everything: whether the mailbox is closed and drained, for one
}

template <class T, detail::users_of_a_channel Users>
template <detail::side Side>
detail::outcome mailbox<T, Users>::party<Side>::enlist(detail::place& here) noexcept {
  box.join(Side, here);
  detail::outcome how = look_again();
  // The stamp is on its way, in all likelihood nanoseconds away: do not nap for that.
  for (int i = 0; how == detail::outcome::busy && i < platform::short_poll(); ++i) {
    platform::spin_hint();
    how = look_again();
  }
  return how;
}

template <class T, detail::users_of_a_channel Users>
void mailbox<T, Users>::core::join(detail::side who, detail::place& here) noexcept {
  const detail::scoped_lock hold(mutex_);
  lists_[who].insert(here);
  waiting_[who].store(true, order::seq_cst /*D*/);
}

template <class T, detail::users_of_a_channel Users>
bool mailbox<T, Users>::core::quit(detail::side who, detail::place& here) noexcept {
  const detail::scoped_lock hold(mutex_);
  const bool stood_in_line = lists_[who].remove(here);
  look_who_waits(who);
  return stood_in_line;
}

/// Under the lock, when somebody has left.
template <class T, detail::users_of_a_channel Users>
void mailbox<T, Users>::core::look_who_waits(detail::side who) noexcept {
  if (!lists_[who].empty() || (who == receivers && unread_)) return;
  // relaxed: it only spares others a look at a list that is empty
  waiting_[who].store(false, order::relaxed);
}

/// For whoever has just moved the message of that position: wakes the first who waits at that side; or leaves a trace,
/// for one who never has to wait, and ends nobody's wait, would leave none (backoff.hpp).
template <class T, detail::users_of_a_channel Users>
void mailbox<T, Users>::core::serve(detail::side who, bool somebody_waits, std::uint64_t position) noexcept {
  if (somebody_waits) wake_first_of(who);
  // one of 16, and not one in a fixed distance: two senders who take turns would leave all traces on the core of one
  if (movers_leave_traces() && position * 0x9E3779B97F4A7C15u >> 60U == 0) platform::leave_trace();
}

template <class T, detail::users_of_a_channel Users>
void mailbox<T, Users>::core::wake_first_of(detail::side who) noexcept {
  detail::place* first = nullptr;
  bool unread = false;
  {
    const detail::scoped_lock hold(mutex_);
    first = lists_[who].claim_first();
    look_who_waits(who);
    unread = who == receivers && unread_;
  }
  if (first != nullptr) first->complete(detail::outcome::look);
  if (unread) destroy_messages();
}

template <class T, detail::users_of_a_channel Users>
void mailbox<T, Users>::core::shut(bool unread) noexcept {
  check_user();
  // release is enough: of those who join, the lock below lets us see the one, and the other see the bit
  tail_.fetch_or(ring_.closed, order::release /*C*/);
  for (const side who : {senders, receivers}) {
    detail::place* all = nullptr;
    {
      const detail::scoped_lock hold(mutex_);
      all = lists_[who].claim_all();
      if (unread && who == receivers) {
        unread_ = true;
        waiting_[receivers].store(true, order::seq_cst /*D*/);
      } else {
        look_who_waits(who);
      }
    }
    detail::complete_all(all, detail::outcome::look);  // not closed: there may be messages left
  }
}

// --- when nobody will receive any more ------------------------------------------------------------------------------

template <class T, detail::users_of_a_channel Users>
void mailbox<T, Users>::core::discard() noexcept {
  check_user();
  // relaxed, both: if it is closed and drained it stays so, and nothing is done
  const std::uint64_t tail = tail_.load(order::relaxed);
  if (ring_.is_closed(tail) && ring_.position(tail) == head_.load(order::relaxed)) return;
  shut(true);
  destroy_messages();
}

/// Each comes out of its slot first: its destructor may do as it likes.
template <class T, detail::users_of_a_channel Users>
void mailbox<T, Users>::core::destroy_messages() noexcept {
  for (;;) {
    detail::raw<T> message;
    const detail::outcome how = pop(std::addressof(message.value));
    if (how == detail::outcome::ok) {
      detail::end_message(message.value);
    } else if (how != detail::outcome::busy || !is_soon_stored()) {
      return;  // there is nothing left; or a sender is half-way, and will find it unread_
    }
  }
}

/// A sender has taken the slot, and may have looked whether it is unread_ before it was: then the stamp is on its way.
/// Else that sender has been preempted, or we run within it, and it is not waited for: it will find it unread_.
/// (The stamp is no part of the order of edge D, so the language allows that neither sees the other, however long we
/// wait. On a machine a store is seen after nanoseconds, and we give up after 100 us at the earliest.)
template <class T, detail::users_of_a_channel Users>
bool mailbox<T, Users>::core::is_soon_stored() const noexcept {
  if constexpr (confined_to_one_thread<mailbox>) return false;
  // relaxed: pop() decides
  const auto is_stored = [this] { return has_message(head_.load(order::relaxed)); };
  constexpr auto longest = std::chrono::microseconds(100);
  for (auto length = std::chrono::microseconds(20); length < longest; length *= 2) {
    if (detail::backoff::await(is_stored, detail::deadline::unlimited(), platform::per_thread<detail::patience>()))
      return true;
    platform::doze(length);
  }
  return is_stored();
}

}  // namespace tandem::inline TANDEM_ABI
