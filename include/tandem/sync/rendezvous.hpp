// tandem/sync/rendezvous.hpp: handing something over in person, to whoever is there.
//
// Contract   rendezvous<T> is the CSP channel of capacity 0, many to many. A send and a receive complete together: each
//            has entered before the other leaves. mode::synchronous, receipt::received.
//              Outcomes    send: ok, closed (+ full, timeout, stopped by variant). ok: a receiver has the message.
//                          receive: the message, closed (+ empty, timeout, stopped).
//              Order       Waiting senders are served in the order in which they came, and so are waiting receivers. (A
//                          wait that a foreign clock prolongs, because it was set back, begins anew.)
//              Closing     close() ends every wait with `closed`; there is nothing to drain, no message is ever stored.
//              Lifetime    An operation does not touch the channel after its meeting. So when a send or a receive has
//                          returned ok, the channel may be destroyed at once, though the partner may still be on its
//                          way out of its own call. Destroying it while somebody stands in line is misuse, and aborts
//                          saying so.
//              Exceptions  nothing throws but T's copy in send(const T&), and a clock of the caller's own.
//              Allocation  none.
//              Users       any threads. rendezvous<T, one_thread> is for the coroutines of one: no lock, and no verb
//                          that blocks (confinement.hpp).
//              Progress    blocking: every operation takes a lock for some dozen instructions, except a try_ that
//                          finds nobody: it only looks. User code (T's move) never runs under the lock, and nobody is
//                          woken under it.
// Algorithm  A lock and two lists of waiters, of which one is empty whenever the lock is free. Whoever comes and finds
//            a partner waiting claims it, lets go of the lock, moves the message straight between its own frame and the
//            partner's, and completes it. Whoever finds none joins the other list and waits on a word of its own.
//
//                sender                                receiver
//                  lock                                  (has enlisted: its slot is known)
//                  claim receiver, unlink it             :
//                  unlock                                :
//                  move message -> receiver's slot       :
//                  complete receiver  ------ W ------->  sees ok, has the message
//
//            Why claim and unlink are one step under the lock, while a deadline or a stop request claims without it:
//            a claim decides who ends the wait; the lock keeps the frame of a waiter that has decided to leave from
//            going away under a partner who still looks at it.
//            A select may stand in both lists of one rendezvous; it passes itself by. While it is on its way to joining
//            others (it is `away`), whoever finds it drops its place, and joins the list opposite; a try_, which joins
//            none, passes it by.
// Invariants 1. Not both lists hold a waiter who can be claimed, except a select that stands in both.
//            2. Once closed, both lists stay empty.
//            3. A waiter that a partner has claimed stays in its frame until that partner completes it.
// Order      edge L (detail/mutex.hpp): enlist -> claim: the waiter, its slot, the sender's message
//            edge C: closed (release) -> is_closed (acquire): whatever the closer did before
//            edge W (detail/waiter.hpp): complete -> wait: the message moved, in either direction
// Cost       the party that comes second: the channel's line, then the waiter's and the message's, fetched together; 2
//            read-modify-writes (lock, complete), and one to claim a partner that has a deadline or a stop token, or is
//            a select. The party that comes first: one to lock, and its own line. If the first is a coroutine that
//            nothing else can end, completing it takes none. No allocation; a wake-up only if the first has gone to
//            sleep.
// Source     [hoare-1978]; two lists of waiters and direct hand-over as in [go-chan]; the claim as in [pcml-2009]
// Tests      tests/rendezvous.test.cpp, tests/probe.test.cpp, tests/no_loss.test.cpp,
//            tests/failures_of_others.test.cpp, tests/model/rendezvous.model.cpp, tests/stress/rendezvous.stress.cpp
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>

#include <tandem/confinement.hpp>
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

/// A meeting place: each message passes from a sender to a receiver while both are there.
template <class T, detail::users_of_a_channel Users = any_thread>
class rendezvous : private detail::require_message<T>,
                   public send_verbs<rendezvous<T, Users>, T>,
                   public receive_verbs<rendezvous<T, Users>, T> {
 public:
  using value_type = T;
  using users = Users;
  static constexpr mode channel_mode = mode::synchronous;
  static constexpr receipt channel_receipt = receipt::received;

  rendezvous() noexcept { detail::require_whole_message<T>(); }
  rendezvous(const rendezvous&, detail::a_channel_does_not_move = {}) = delete;  // keep it in a std::deque
  rendezvous& operator=(const rendezvous&) = delete;
  /// Precondition: nobody waits.
  ~rendezvous() {
    detail::demand(core_->lists_[detail::senders].empty() && core_->lists_[detail::receivers].empty(),
                   "a rendezvous destroyed while somebody waits on it");
  }

  /// Ends every wait, now and in future, with `closed`. Idempotent.
  void close() noexcept;

  [[nodiscard]] bool is_closed() const noexcept {
    if constexpr (confined_to_one_thread<rendezvous>) core_->mutex_.keep_others_out();
    return core_->closed_.load(order::acquire /*C*/);
  }

 private:
  friend detail::core_access;
  using order = platform::order;
  using flag = detail::atomic_for<Users, bool>;
  template <bool Sends>
  struct party;

  party<true> send_operation(T& value) noexcept { return {*core_, std::addressof(value)}; }
  party<false> receive_operation(T* to) noexcept { return {*core_, to}; }
  detail::outcome send_core(T& value, detail::deadline until, detail::stop_request stop) {
    return detail::run(send_operation(value), until, stop);
  }
  detail::outcome receive_core(T* to, detail::deadline until, detail::stop_request stop) {
    return detail::run(receive_operation(to), until, stop);
  }

  /// For one thread all is in its cache.
  struct no_hint {
    void operator=(const void*) noexcept {}
  };
  using hint = std::conditional_t<std::same_as<Users, one_thread>, no_hint, platform::cell<const void*>>;

  /// All on one line: whoever comes fetches it once. (tests/waiter.test.cpp holds the layouts.)
  struct alignas(detail::line_for<Users>) core {
    /// Under the lock, when a list has changed. On one thread nobody looks without the lock.
    void look_who_waits(detail::side who) noexcept {
      // relaxed: whoever finds it true takes the lock, and with it edge L
      if constexpr (!confined_to_one_thread<rendezvous>) waiting_[who].store(!lists_[who].empty(), order::relaxed);
    }

    mutable detail::mutex_for<Users> mutex_;
    flag closed_;      // these three are written under the lock, and read without it
    flag waiting_[2];  // whether lists_ has anybody; once closed, nobody asks
    detail::wait_list lists_[2];
    [[no_unique_address]] hint last_message_;  // of whoever enlisted last and has met nobody; a hint, to fetch its line
  };
  detail::anywhere<core> core_;
};

/// One send or one receive, for whoever runs it: `message` is where the message is, or where it shall be.
template <class T, detail::users_of_a_channel Users>
template <bool Sends>
struct rendezvous<T, Users>::party {
  static constexpr bool polls = false;  // whoever waits is in the list while it polls, so that it can be met
  static constexpr bool settled = true;

  core& channel;
  T* message;

  static constexpr detail::side own = Sends ? detail::senders : detail::receivers;
  static constexpr detail::side partners = Sends ? detail::receivers : detail::senders;

  /// Whoever asks again and again whether somebody is there must not keep those out who come: it looks before it
  /// locks. Who came before this call is seen; if only the time says that it was before, then as soon as a store is
  /// seen by another core, which takes nanoseconds.
  detail::outcome attempt() noexcept {
    if constexpr (!confined_to_one_thread<rendezvous>) {
      // relaxed, both: meet() decides
      if (!channel.waiting_[partners].load(order::relaxed) && !channel.closed_.load(order::relaxed))
        return detail::outcome::refused;
    }
    return meet(nullptr);
  }
  detail::outcome enlist(detail::place& here) noexcept {
    here.slot = message;
    return meet(&here);
  }
  bool withdraw(detail::place& here) noexcept {
    const detail::scoped_lock hold(channel.mutex_);
    channel.last_message_ = nullptr;
    const bool stood_in_line = channel.lists_[own].remove(here);
    channel.look_who_waits(own);
    return stood_in_line;
  }
  /// As long as nobody comes to an empty line there is nobody there.
  std::uint64_t version(const detail::waiter& self) noexcept {
    const detail::scoped_lock hold(channel.mutex_);
    const detail::wait_list& line = channel.lists_[partners];
    // relaxed: the lock is ours
    if (channel.closed_.load(order::relaxed) || line.has_others_than(self)) return detail::undecided;
    return line.arrivals() * 2 + 1;
  }
  void leave() noexcept {}  // a claim hands over the message itself: there is never a turn to pass on

  detail::outcome meet(detail::place* here) noexcept {
    detail::place* partner = nullptr;
    {
      const detail::scoped_lock hold(channel.mutex_);
      // relaxed: the lock is ours
      if (channel.closed_.load(order::relaxed)) return detail::outcome::closed;
      // With one waiter, which is the usual case, the line of its message is on its way while we wait for its own.
      if constexpr (!confined_to_one_thread<rendezvous>) platform::prefetch_to_write(channel.last_message_);
      detail::wait_list& line = channel.lists_[partners];
      partner = here != nullptr ? line.claim_first(here) : line.claim_first_there();
      channel.last_message_ = nullptr;
      channel.look_who_waits(partners);
      if (partner == nullptr) {
        if (here == nullptr) return detail::outcome::refused;
        channel.lists_[own].insert(*here);
        channel.look_who_waits(own);
        channel.last_message_ = message;
        return detail::outcome::pending;
      }
    }
    void* const slot = partner->slot;
    T* const theirs = static_cast<T*>(slot);
    if constexpr (Sends) {
      detail::hand_over(*message, theirs);
    } else {
      detail::hand_over(*theirs, message);
    }
    partner->complete(detail::outcome::ok);
    return detail::outcome::ok;
  }
};

template <class T, detail::users_of_a_channel Users>
void rendezvous<T, Users>::close() noexcept {
  detail::place* waiting_senders = nullptr;
  detail::place* waiting_receivers = nullptr;
  {
    const detail::scoped_lock hold(core_->mutex_);
    core_->closed_.store(true, order::release /*C*/);
    waiting_senders = core_->lists_[detail::senders].claim_all();
    waiting_receivers = core_->lists_[detail::receivers].claim_all();
  }
  detail::complete_all(waiting_senders, detail::outcome::closed);
  detail::complete_all(waiting_receivers, detail::outcome::closed);
}

}  // namespace tandem::inline TANDEM_ABI
