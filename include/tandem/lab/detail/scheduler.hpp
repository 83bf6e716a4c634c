// tandem/lab/detail/scheduler.hpp: whose turn it is.
//
// Contract   The threads of an execution, the clock they share, and the choices between them. A thread calls point()
//            before each step that others can notice; there, and whenever it has to wait, a chooser says who goes on.
//            Time is virtual. It stands still while anybody can run, and jumps to the next deadline when nobody can; if
//            early timeouts are allowed, it may jump before, which stands for everybody being slow.
//            It ends when all threads have ended, or at once when something is wrong: then trouble() says what.
// Algorithm  Each thread is a fiber. The thread that is about to take a step asks, and goes on itself, or switches to
//            the one chosen; so a step costs no switch unless there is one in the schedule.
//              runnable   can take its next step
//              parked     until unparked, or until its deadline
//              sleeping   until its deadline
//              blocked    until a condition: the thread it joins has ended, a callback has returned
//              polling    has said (yield, spin_hint) that it waits for others, or goes round in circles (rounds.hpp):
//                         runs again when somebody else has changed something, or would with the next step. If all who
//                         are runnable are polling, a microsecond passes; if that goes on, more and more.
//            Before a choice, and at the end, it looks whether all that can follow is known (states.hpp). If so, the
//            execution is run to its end, so that nothing leaks, but chooses nothing any more. A look costs a cache
//            miss; so the running thread does not look before a step that nobody else could come before, unless the
//            step itself leaves a choice. Most steps are of that kind.
// Invariants One fiber runs. A thread that is not running stands before a step, or in one that waits. Whoever has just
//            been chosen takes a step before the next choice: between the two nothing has changed.
// Tests      tests/lab.test.cpp
#pragma once

#include <tandem/lab/detail/bounds.hpp>
#include <tandem/lab/detail/choices.hpp>
#include <tandem/lab/detail/fiber.hpp>
#include <tandem/lab/detail/memory.hpp>
#include <tandem/lab/detail/rounds.hpp>
#include <tandem/lab/detail/states.hpp>
#include <tandem/lab/detail/transcript.hpp>
#include <tandem/lab/detail/watch.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::inline TANDEM_ABI::lab {

/// What a thread runs.
struct callable {
  virtual ~callable() = default;
  virtual void operator()() = 0;
};

struct trouble_found {
  problem what = problem::none;
  std::string text;
};

class scheduler : public testimony {
 public:
  const bounds& limits() const noexcept { return limits_; }
  const trouble_found& trouble() const noexcept { return trouble_; }
  const answers& given() const noexcept { return given_; }
  const std::vector<std::string>& told() const noexcept { return told_.lines(); }
  std::size_t steps() const noexcept { return steps_; }
  bool was_cut() const noexcept { return cut_; }

  /// If set, what has been explored is not explored again.
  void skip(seen_states* explored) noexcept { states_ = explored; }
  /// Whether each step is written down.
  void tell_steps(bool whether) noexcept { told_.telling = whether; }

  /// Of the execution that is run next, for what is said if the program dies in it; 0: none.
  void is_of_seed(std::uint64_t seed) noexcept { seed_ = seed; }

  void tell_who_runs(plain_writer& out) const noexcept override {
    out << running_->name << ", after a " << running_->step << " in ";
    tell_place(out, running_->at);
  }
  void tell_the_rest(plain_writer& out) const noexcept override {
    for (unsigned i = 0; i < count_; ++i) {
      const thread& t = *threads_[i];
      if (&t == running_ || t.doing == state::done) continue;
      out << "\n        " << t.name << (t.doing == state::runnable ? " is in " : " waits in ");
      tell_place(out, t.at);
    }
    if (seed_ != 0) out << "\n  seed " << seed_;
    out << "\n  to have it again: run this program with TANDEM_LAB_REPLAY=";
    tell_answers(out);
    out << "\n";
  }

  unsigned current_thread() const noexcept { return running_->known.id; }

  /// Blocks until unblock() with the same condition.
  void block_on(const void* condition) {
    running_->waits_for = condition;
    wait(state::blocked, never);
  }
  void unblock(const void* condition) noexcept {
    for (unsigned i = 0; i < count_; ++i) {
      if (threads_[i]->doing == state::blocked && threads_[i]->waits_for == condition) wake(*threads_[i]);
    }
  }

  /// Lets others run first.
  void yield(const site& where) {
    count_step(where, "yield");
    me().event(0x74);
    running_->lately.forget();
    if (surprise()) return;  // the others were slow
    poll();
  }

  [[noreturn]] void fail(problem what, std::string text) {
    trouble_ = {what, std::move(text)};
    told_.aside(running_->name + ": " + std::string(name_of(what)) + ": " + trouble_.text);
    leave();
  }

 protected:
  enum class state : std::uint8_t { runnable, parked, sleeping, blocked, done };

  struct thread {
    fiber_context context;
    view known;
    state doing = state::done;
    bool polling = false;
    trace_hash polls_for = 0;  // another situation than this one
    rounds lately;
    bool chosen = false;  // to run, and has not taken a step since
    bool woken = false;   // the same, from waiting: so it stands behind the choice before its next step, not before it
    bool timed_out = false;
    const void* waits_for = nullptr;
    instant_ns until = never;
    std::string name;
    std::unique_ptr<callable> body;
    std::vector<std::pair<const void*, std::shared_ptr<void>>> learned;
    site at{};  // of its last step, or of the one that it stands before
    const char* step = "";
    site before{};  // the last step outside of waiting
    const char* step_before = "";
    std::string last_touched;  // of what has a name
  };

  explicit scheduler(const bounds& limits) : limits_(limits) {}
  ~scheduler() = default;

  view& me() noexcept { return running_->known; }

  /// Runs `body` as the first thread, and all that it starts.
  void run_threads(std::unique_ptr<callable> body, chooser& by) {
    by_ = &by;
    count_ = 0;
    now_ = 0;
    steps_ = 0;
    polling_ = 0;
    values_ = values_before_ = 0;
    moves_ = 0;
    idle_rounds_ = 0;
    cut_ = false;
    preemptions_left_ = (std::min)(limits_.preemptions, seen_states::unbounded);
    unchecked_ = without_pollers_ = false;
    surprises_left_ = limits_.spurious;
    early_left_ = limits_.early_timeouts;
    trouble_ = {};
    given_.clear();
    told_.begin();

    scheduler* const outer = std::exchange(entering(), this);
    running_ = &start_thread(std::move(body), "main", site::current());
    arriving_from_ = &explorer_;
    switch_fibers(explorer_, running_->context, false);
    entering() = outer;
    if (trouble_.what != problem::none) bury();
  }

  thread& start_thread(std::unique_ptr<callable> body, std::string name, const site& where) {
    if (count_ == threads_.size()) threads_.push_back(std::make_unique<thread>());
    thread& t = *threads_[count_];
    t.context.prepare(limits_.stack, &fiber_main);
    t.known.begin(static_cast<std::uint8_t>(count_), count_);
    t.doing = state::runnable;
    t.polling = t.chosen = t.woken = false;
    t.until = never;
    t.waits_for = nullptr;
    t.name = std::move(name);
    t.body = std::move(body);
    t.learned.clear();
    t.at = t.before = where;
    t.step = t.step_before = "";
    t.last_touched.clear();
    t.lately.forget();
    ++moves_;
    ++count_;
    return t;
  }

  // --- who runs ------------------------------------------------------------------------------------------------------

  void count_step(const site& where, const char* name) {
    if (told_.telling && !is_about_waiting(running_->at)) {
      running_->before = running_->at;
      running_->step_before = running_->step;
    }
    running_->at = where;
    running_->step = name;
    unchecked_ = false;
    takes_step();
    if (++steps_ > limits_.steps) {
      fail(problem::endless, "after " + std::to_string(limits_.steps) + " steps it still runs" + who_is_where());
    }
  }

  /// What a thread looks at: an atomic, by its number, or
  static constexpr std::uint32_t the_time = ~std::uint32_t{0};

  /// Before a look at `thing`, or a step that changes nothing but that: whoever goes round in circles lets others go
  /// first.
  void look(const site& where, std::uint32_t thing) {
    const trace_hash now = thing == the_time ? situation() : situation_but_for_time();
    if (!running_->lately.again(where.line(), thing, now, limits_.looks)) return;
    reached_.looks = true;
    poll();
  }

  /// Before a step: others may come first. Whether it changes anything that those who poll might be waiting for.
  void point(const site& where, const char* name, bool changes = true) {
    count_step(where, name);
    running_->woken = false;
    if (std::exchange(running_->chosen, false)) return;  // just now, and has taken no step since
    without_pollers_ = polling_ != 0 && !changes;
    while (!cut_) {
      candidates c;
      c.add(running_->known.id);
      if (preemptions_left_ != 0) {
        add_runnable(c, running_->known.id, false, polling_ != 0 && changes);
      } else if (!reached_.preemptions) {
        reached_.preemptions = is_anybody_else_runnable();
      }
      if (may_time_pass()) c.add(the_clock);
      if (c.count == 1) {
        unchecked_ = true;
        return;
      }
      if (already_explored(running_->known.id)) return;
      const std::uint8_t chosen = c.who[ask_who(c)];
      if (chosen == running_->known.id) return;
      if (chosen == the_clock) {
        --early_left_;
        advance();
        continue;
      }
      if (preemptions_left_ != seen_states::unbounded) --preemptions_left_;
      go_on_with(*threads_[chosen]);
      running_->chosen = false;
      return;
    }
  }

  /// The running thread cannot go on, or need not: somebody else does.
  void hand_over() {
    unchecked_ = false;
    for (;;) {
      candidates c;
      add_runnable(c, running_->known.id, true);
      without_pollers_ = polling_ != 0;
      if (c.count == 0) {
        if (!everybody_polls()) end_or_wait();
        continue;
      }
      if (may_time_pass()) c.add(the_clock);
      std::uint8_t chosen = c.who[0];
      if (!cut_ && !already_explored(max_threads) && c.count > 1) chosen = c.who[ask_who(c)];
      if (chosen == the_clock) {
        --early_left_;
        advance();
        continue;
      }
      go_on_with(*threads_[chosen]);
      return;
    }
  }

  struct candidates {
    std::array<std::uint8_t, max_threads + 1> who{};
    unsigned count = 0;
    void add(std::uint8_t one) noexcept { who[count++] = one; }
  };

  /// In turn from the one after `last`, so that the plain choice is fair.
  void add_runnable(candidates& c, unsigned last, bool and_last, bool and_polling = false) const noexcept {
    for (unsigned k = 1; k < count_ + (and_last ? 1 : 0); ++k) {
      const unsigned i = last + k < count_ ? last + k : last + k - count_;
      if (threads_[i]->doing != state::runnable) continue;
      if (and_polling || !polls(*threads_[i])) c.add(static_cast<std::uint8_t>(i));
    }
  }

  void go_on_with(thread& next) {
    next.chosen = true;
    if (std::exchange(next.polling, false)) --polling_;
    if (&next == running_) return;
    thread& last = *std::exchange(running_, &next);
    arriving_from_ = &last.context;
    switch_fibers(last.context, next.context, last.doing == state::done);
  }

  bool is_anybody_else_runnable() const noexcept {
    for (unsigned i = 0; i < count_; ++i) {
      const thread& t = *threads_[i];
      if (&t != running_ && t.doing == state::runnable && !polls(t)) return true;
    }
    return false;
  }

  /// Whether the next deadline may come though somebody could run.
  bool may_time_pass() noexcept {
    if (early_left_ == 0 && (cut_ || reached_.early_timeouts)) return false;
    if (next_deadline() == never) return false;
    reached_.early_timeouts = reached_.early_timeouts || early_left_ == 0;
    return early_left_ != 0;
  }

  /// Whether time passes here, though nobody waits.
  void offer_clock() {
    constexpr std::array<std::uint8_t, 2> who{0, the_clock};
    while (!cut_ && may_time_pass() && ask({choice::thread, 2, who.data()}) == 1) {
      --early_left_;
      advance();
    }
  }

  void wait(state how, instant_ns until) {
    running_->doing = how;
    running_->until = until;
    running_->timed_out = false;
    hand_over();
  }

  static void wake(thread& t) noexcept {
    t.doing = state::runnable;
    t.woken = true;
    t.until = never;
    t.waits_for = nullptr;
  }

  /// All that somebody may be waiting for.
  trace_hash situation() const noexcept {
    return situation_but_for_time() + static_cast<trace_hash>(now_) * 0x9E3779B97F4A7C15u;
  }
  trace_hash situation_but_for_time() const noexcept { return values_ + moves_ * 0xBF58476D1CE4E5B9u; }

  void poll() {
    running_->polling = true;
    running_->polls_for = situation();
    ++polling_;
    hand_over();
  }
  bool polls(const thread& t) const noexcept { return t.polling && t.polls_for == situation(); }

  /// If those who are runnable all poll, some time passes and they look again.
  bool everybody_polls() noexcept {
    bool any = false;
    for (unsigned i = 0; i < count_; ++i) any = any || (threads_[i]->doing == state::runnable && polls(*threads_[i]));
    if (!any) return false;
    idle_rounds_ = std::exchange(values_before_, values_) == values_ ? idle_rounds_ + 1 : 0;
    const instant_ns pause = instant_ns{1000} << (std::min)(idle_rounds_ < 8 ? 0U : idle_rounds_ - 8, 30U);
    if (next_deadline() <= now_ + pause) {
      advance();
    } else if (now_ < never / 4) {
      now_ += pause;
      if (told_.telling) told_.aside("it is " + time_text(now_) + ", and all who can run only look");
    }
    for (unsigned i = 0; i < count_; ++i) threads_[i]->polling = false;
    polling_ = 0;
    return true;
  }

  instant_ns next_deadline() const noexcept {
    instant_ns next = never;
    for (unsigned i = 0; i < count_; ++i) next = (std::min)(next, threads_[i]->until);
    return next;
  }

  /// Time jumps to the next deadline, and everybody whose time has come can run.
  void advance() noexcept {
    now_ = (std::max)(now_, next_deadline());
    told_.aside("it is " + time_text(now_));
    for (unsigned i = 0; i < count_; ++i) {
      thread& t = *threads_[i];
      if (t.until > now_) continue;
      wake(t);
      t.timed_out = true;
    }
  }

  // --- choices -------------------------------------------------------------------------------------------------------

  unsigned ask(choice kind, unsigned alternatives) { return ask({kind, alternatives, nullptr}); }
  unsigned ask_who(const candidates& c) { return ask({choice::thread, c.count, c.who.data()}); }
  unsigned ask(const question& q) {
    if (q.alternatives == 1 || cut_) return 0;
    if (q.kind != choice::thread && std::exchange(unchecked_, false) && already_explored(running_->known.id)) return 0;
    const unsigned answer = by_->answer(q);
    given_.push_back(answer);
    return answer;
  }

  bool surprise() {
    if (cut_) return false;
    if (surprises_left_ == 0) {
      reached_.spurious = true;
      return false;
    }
    if (ask(choice::spurious, 2) == 0) return false;
    --surprises_left_;
    return true;
  }

  /// Whether that is how tandem waits, and says nothing about for what.
  static bool is_about_waiting(const site& where) noexcept {
    const std::string_view file = file_of(where.file_name());
    return file == "waiter.hpp" || file == "mutex.hpp" || file == "backoff.hpp" || file == "operation.hpp";
  }

  void tell(const std::string& what, const site& where) {
    if (told_.telling) told_.step(steps_, running_->name, what, where);
  }

  bounds limits_;
  std::vector<std::unique_ptr<thread>> threads_;  // the first count_ are this execution's
  unsigned count_ = 0;
  thread* running_ = nullptr;
  instant_ns now_ = 0;
  transcript told_;
  trouble_found trouble_;
  refusals reached_;       // in any execution so far
  trace_hash values_ = 0;  // of the atomics
  trace_hash moves_ = 0;   // threads that began, were woken, or ended
  unsigned polling_ = 0;   // so many threads do, or did when they were last asked

 private:
  /// Nobody can run.
  void end_or_wait() {
    if (next_deadline() != never) return advance();
    bool all_done = true;
    for (unsigned i = 0; i < count_; ++i) all_done = all_done && threads_[i]->doing == state::done;
    if (!all_done) fail(problem::deadlock, who_waits_for_what());
    // an end that is known is not counted once more, whatever was left to get there
    if (states_ != nullptr && !cut_) cut_ = !states_->reached(mix(graph(0), 0x84), max_threads, seen_states::unbounded);
    leave();
  }

  std::string who_waits_for_what() const {
    std::string text = "nobody can go on";
    for (unsigned i = 0; i < count_; ++i) {
      const thread& t = *threads_[i];
      if (t.doing == state::done) continue;
      text += "\n        " + t.name + " waits in " + in_words(t.at);
      if (t.doing != state::blocked && !t.last_touched.empty()) {
        text += ", on " + t.last_touched;
      } else if (t.step_before[0] != '\0') {
        text += ", after a " + std::string(t.step_before) + " in " + in_words(t.before);
      }
      if (t.doing == state::blocked) {
        for (unsigned k = 0; k < count_; ++k) {
          if (t.waits_for == threads_[k].get()) text += ", for the end of " + threads_[k]->name;
        }
      }
    }
    return text;
  }

  static void tell_place(plain_writer& out, const site& where) noexcept {
    out << where.function_name() << " (" << file_of(where.file_name()) << ":" << std::uint64_t{where.line()} << ")";
  }
  /// As written() does.
  void tell_answers(plain_writer& out) const noexcept {
    std::uint64_t plain = 0;
    bool any = false;
    for (const std::uint32_t a : given_) {
      if (a == 0) {
        ++plain;
        continue;
      }
      if (any) out << ",";
      if (plain != 0) out << "0x" << std::exchange(plain, 0) << ",";
      out << std::uint64_t{a};
      any = true;
    }
    if (!any) out << "0x0";
  }

  /// Of an execution that does not end.
  std::string who_is_where() const {
    std::string text;
    for (unsigned i = 0; i < count_; ++i) {
      const thread& t = *threads_[i];
      if (t.doing == state::done) continue;
      const char* const does = t.lately.goes_round()        ? " looks again and again in "
                               : t.doing == state::runnable ? " is in "
                                                            : " waits in ";
      text += "\n        " + t.name + does + in_words(t.at);
    }
    return text + "\n        (a loop that waits for another thread, and writes, may say so: tandem::yield())";
  }

  /// What all threads have done, and where they are.
  trace_hash graph(trace_hash h) const noexcept {
    for (unsigned i = 0; i < count_; ++i) {
      const thread& t = *threads_[i];
      const unsigned polling = (t.polling ? 4U : 0U) + (polls(t) ? 2U : 0U);
      h = mix(h, t.known.trace + static_cast<unsigned>(t.doing) * 8 + polling + (t.woken ? 1 : 0));
    }
    return h;
  }

  /// Whether all that can follow is known. The rest of the execution is then run, but chooses nothing any more.
  bool already_explored(unsigned running) {
    if (states_ == nullptr || by_->repeating()) return false;
    trace_hash h = graph(mix(mix(static_cast<trace_hash>(now_), surprises_left_), early_left_));
    if (without_pollers_) h = mix(h, 0x85);
    cut_ = !states_->reached(h, running, preemptions_left_);
    return cut_;
  }

  // --- a thread's life -----------------------------------------------------------------------------------------------

  /// Whose fiber_main begins.
  static scheduler*& entering() noexcept {
    static constinit thread_local scheduler* running = nullptr;
    return running;
  }
  static void fiber_main() {
    scheduler& s = *entering();
    fiber_context::arrived(*s.arriving_from_);
    s.live();
  }

  [[noreturn]] void live() {
#if defined(__cpp_exceptions)
    try {
      (*running_->body)();
    } catch (const std::exception& e) {
      fail(problem::exception, std::string("one left ") + running_->name + ": " + e.what());
    } catch (...) {
      fail(problem::exception, std::string("one left ") + running_->name);
    }
#else
    (*running_->body)();
#endif
    running_->body.reset();
    running_->learned.clear();
    running_->doing = state::done;
    ++moves_;
    me().event(0x83);
    unblock(running_);
    tell("end", running_->at);
    hand_over();
    std::abort();  // nobody goes on with a thread that is done
  }

  [[noreturn]] void leave() {
    arriving_from_ = &running_->context;
    switch_fibers(running_->context, explorer_, true);
    std::abort();
  }

  /// After trouble: what the threads that have not ended had is left as it is, for somebody may refer to it. Their
  /// stacks are used again; but a sanitizer, which knows what lies there, would not have that.
  void bury() {
    for (unsigned i = 0; i < count_; ++i) {
      thread& t = *threads_[i];
      if (t.doing == state::done) continue;
      static_cast<void>(t.body.release());
      t.doing = state::done;
#if TANDEM_LAB_ASAN
      static thread_local auto* const buried = new std::vector<std::unique_ptr<thread>>();
      t.context.abandon();
      buried->push_back(std::exchange(threads_[i], std::make_unique<thread>()));
#endif
    }
  }

  fiber_context explorer_;
  fiber_context* arriving_from_ = nullptr;
  chooser* by_ = nullptr;
  seen_states* states_ = nullptr;
  answers given_;
  std::uint64_t seed_ = 0;
  std::size_t steps_ = 0;
  unsigned preemptions_left_ = 0;
  unsigned surprises_left_ = 0;
  unsigned early_left_ = 0;
  trace_hash values_before_ = 0;  // the last time that everybody polled
  unsigned idle_rounds_ = 0;      // since they have changed
  bool without_pollers_ = false;  // those who poll could not be chosen here: this is not the state in which they could
  bool unchecked_ = false;        // nobody could come before this step, so already_explored() has not been asked
  bool cut_ = false;
};

}  // namespace tandem::inline TANDEM_ABI::lab
