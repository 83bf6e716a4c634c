// Who did what, from when to when, by a clock that runs fast; whom they met; and whether anybody can still move.
//
// A person who is inside a send or a receive, or at work on an answer, is *engaged* in the conversation. Time of one's
// own (cooking, the garden) is not.
//
// People who are all inside a send or a receive that only one of them could end are *stuck*. That is no guess after a
// long silence: what each line holds has been written down before anybody begins the next thing, so it is known.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tandem/tandem.hpp>

namespace story {

/// Counts story minutes from the moment it is made. A story minute is a few real milliseconds.
class story_clock {
 public:
  using real_time = std::chrono::duration<double>;

  explicit story_clock(real_time minute) : minute_(minute) {}

  /// How many minutes of the story have passed.
  double elapsed() const { return (tandem::clock::now() - start_) / minute_; }
  int now() const { return static_cast<int>(std::lround(elapsed())); }
  void sleep_until(double minute) const {
    tandem::sleep_until(start_ + std::chrono::duration_cast<tandem::clock::duration>(minute_ * minute));
  }

 private:
  real_time minute_;
  tandem::clock::time_point start_ = tandem::clock::now();
};

enum class activity { own, sending, receiving, working };

struct entry {
  activity what = activity::own;
  int from = 0;
  int to = 0;
  std::string name;        ///< of time of one's own: what it was spent on
  std::size_t letter = 0;  ///< of a send or a receive that was done: which one, in record::letters
};

/// A question, or an answer, on its way.
struct letter {
  std::size_t number = 0;  ///< of the question
  bool is_answer = false;
  std::size_t from = 0, to = 0;                           ///< people
  bool met = false;                                       ///< handed over: the sender knows that it was received
  int offered = -1;                                       ///< when the sender came with it; -1: not yet
  int posted = -1;                                        ///< when the send returned
  int taken = -1;                                         ///< when the receive returned
  int offered_step = 0, posted_step = 0, taken_step = 0;  ///< in the order in which it was written down

  bool was_sent() const { return posted >= 0; }
  bool was_taken() const { return taken >= 0; }
  /// "q3", "a1"
  std::string name() const { return (is_answer ? "a" : "q") + std::to_string(number + 1); }
};

/// Two people who met, for as long as both stayed with it.
struct meeting {
  std::size_t one = 0, other = 0;
  int from = 0, to = 0;
};

/// Somebody who is stuck: in front of whom, with or for what, and since when.
struct holding {
  std::size_t who = 0, whom = 0;
  bool sends = false;
  std::size_t letter = 0;  ///< if it sends
  int since = 0;
};

/// All that was written down, up to some minute.
struct record {
  std::vector<std::string> people;       ///< those who ask, and last the one who answers
  std::vector<std::vector<entry>> days;  ///< of each of them
  std::vector<letter> letters;           ///< in the order in which they were offered
  std::vector<meeting> meetings;         ///< in the order in which they began
  std::vector<int> interruptions;        ///< of each
  std::vector<holding> stuck;            ///< empty: nobody is
  int stuck_at = -1;                     ///< since then
  int end = 0;
  bool stores = false;   ///< the lines keep letters
  std::size_t room = 0;  ///< for so many each, then
};

/// Written by all of them, each on a thread of its own, and read by whoever draws.
class ledger {
 public:
  ledger(std::vector<std::string> people, std::size_t questions, story_clock clock, bool stores, std::size_t room)
      : clock_(clock), questions_(questions), days_(people.size()), known_(2 * people.size() * questions) {
    written_.people = std::move(people);
    written_.stores = stores;
    written_.room = room;
    written_.interruptions.resize(days_.size());
  }

  /// Stop is requested when nobody can move any more.
  tandem::stop_token nobody_can_move() const { return standstill_.get_token(); }

  /// A line from some people to others. Returns its number.
  std::size_t add_line(std::vector<std::size_t> senders, std::vector<std::size_t> receivers) {
    lines_.push_back({std::move(senders), std::move(receivers), 0, false});
    return lines_.size() - 1;
  }
  /// The letter by this name; one is as good as another until it is offered.
  std::size_t letter_of(std::size_t asker, std::size_t number, bool is_answer) const {
    return (is_answer ? known_.size() / 2 : 0) + asker * questions_ + number;
  }

  /// Minutes of somebody's own, or at work. False if meanwhile it came out that nobody can move any more.
  bool pass(std::size_t who, activity what, std::string_view name, int minutes) {
    int until = 0;
    {
      const std::lock_guard hold(mutex_);
      person& p = days_[who];
      p.doing = {what, p.end, p.end, std::string(name), 0};
      p.is_doing = true;
      until = p.end + minutes;
      if (what == activity::own) part(who, p.end);
    }
    clock_.sleep_until(until);
    const int now = clock_.now();
    const std::lock_guard hold(mutex_);
    leave(who, std::max(now, until));
    return written_.stuck.empty();
  }

  /// Somebody begins a send or a receive that may wait.
  void enters(std::size_t who, std::size_t line, activity what, std::size_t letter = none) {
    const double now = clock_.elapsed();
    bool all_stuck = false;
    {
      const std::lock_guard hold(mutex_);
      person& p = days_[who];
      p.doing = {what, p.end, p.end, "", letter};
      p.is_doing = true;
      p.entered = now;
      p.line = line;
      if (what == activity::sending) offer(letter, who);
      all_stuck = look_for_stuck(now);
    }
    if (all_stuck) standstill_.request_stop();
  }
  /// And ends it: with this letter, or with none.
  void leaves(std::size_t who, std::size_t letter = none) {
    const double now = clock_.elapsed();
    bool all_stuck = false;
    {
      const std::lock_guard hold(mutex_);
      person& p = days_[who];
      const bool at_once = now - p.entered < 0.5;
      int minute = at_once ? p.end : static_cast<int>(std::lround(now));
      const bool sends = p.doing.what == activity::sending;
      if (letter != none) minute = passed(letter, sends, p.line, who, std::max(minute, p.end));
      p.doing.letter = letter;
      leave(who, std::max(minute, p.end), letter != none || !at_once);
      all_stuck = look_for_stuck(now);
    }
    if (all_stuck) standstill_.request_stop();
  }
  /// A look that found a letter: it took no time.
  void finds(std::size_t who, std::size_t line, std::size_t letter) {
    const std::lock_guard hold(mutex_);
    person& p = days_[who];
    p.doing = {activity::receiving, p.end, p.end, "", letter};
    p.line = line;
    static_cast<void>(passed(letter, false, line, who, p.end));
    leave(who, p.end);
  }
  /// Nobody will send on this line any more, says one of those who did. True for the last of them.
  bool ends_line(std::size_t line) {
    const std::lock_guard hold(mutex_);
    lines_[line].closed_by += 1;
    lines_[line].closed = lines_[line].closed_by == lines_[line].senders.size();
    return lines_[line].closed;
  }
  /// Somebody has done all that there was to do.
  void goes(std::size_t who) {
    const double now = clock_.elapsed();
    bool all_stuck = false;
    {
      const std::lock_guard hold(mutex_);
      days_[who].gone = true;
      part(who, days_[who].end);
      all_stuck = look_for_stuck(now);
    }
    if (all_stuck) standstill_.request_stop();
  }

  bool all_are_gone() const {
    const std::lock_guard hold(mutex_);
    return std::ranges::all_of(days_, &person::gone);
  }

  /// What has been written so far, with what everybody is doing at this minute.
  record so_far() const {
    const int now = clock_.now();
    const std::lock_guard hold(mutex_);
    record copy = written_;
    bool all_gone = true;
    for (const person& p : days_) {
      copy.days.push_back(p.entries);
      if (p.is_doing) {
        copy.days.back().push_back(p.doing);
        copy.days.back().back().to = std::max(p.doing.from, now);
      }
      all_gone = all_gone && p.gone;
      copy.end = std::max(copy.end, p.end);
    }
    if (!all_gone) copy.end = std::max(copy.end, now);
    if (!written_.stuck.empty()) copy.end = written_.stuck_at;  // what they did after that was to give up
    for (const std::size_t which : offered_) copy.letters.push_back(known_[which]);
    for (auto& day : copy.days) {
      for (entry& e : day) {
        e.from = std::min(e.from, copy.end);
        e.to = std::min(e.to, copy.end);
        if (e.what != activity::sending && e.what != activity::receiving) continue;
        e.letter = static_cast<std::size_t>(std::ranges::find(offered_, e.letter) - offered_.begin());
      }
    }
    for (holding& h : copy.stuck) {
      h.letter = static_cast<std::size_t>(std::ranges::find(offered_, h.letter) - offered_.begin());
    }
    for (const open_meeting& m : open_) {
      if (m.is_open) copy.meetings[m.which].to = std::max(copy.meetings[m.which].to, copy.end);
    }
    return copy;
  }

  static constexpr std::size_t none = static_cast<std::size_t>(-1);

 private:
  struct person {
    std::vector<entry> entries;
    entry doing;
    bool is_doing = false;
    bool gone = false;
    double entered = 0;
    std::size_t line = 0;  // of the send or receive
    int end = 0;           // of the last entry: nobody's day has holes
  };
  struct line_state {
    std::vector<std::size_t> senders, receivers;
    std::size_t closed_by = 0;
    bool closed = false;
    int inside = 0;  // sends that were done, less receives; below zero if one of a pair was written down first
  };
  struct open_meeting {
    std::size_t which = 0;
    bool is_open = true;
  };

  void leave(std::size_t who, int minute, bool worth_a_line = true) {
    person& p = days_[who];
    p.doing.to = std::max(p.doing.from, minute);
    if (worth_a_line) {
      p.entries.push_back(p.doing);
      p.end = p.doing.to;
    }
    p.is_doing = false;
  }

  void offer(std::size_t which, std::size_t from) {
    letter& l = known_[which];
    const std::size_t half = known_.size() / 2;
    const std::size_t answerer = days_.size() - 1;
    l.is_answer = which >= half;
    l.number = (which % half) % questions_;
    l.from = from;
    l.to = l.is_answer ? (which % half) / questions_ : answerer;
    l.met = !written_.stores;
    l.offered = days_[from].end;
    l.offered_step = ++step_;
    offered_.push_back(which);
  }

  // One side of a letter is done. Returns at which minute: two who met were there in the same one.
  int passed(std::size_t which, bool sent, std::size_t on, std::size_t who, int minute) {
    letter& l = known_[which];
    if (l.met) {
      const int other = sent ? l.taken : l.posted;
      if (other >= 0) minute = other;
      if (other < 0) meet(l, minute);
      if (!sent) count_interruption(l, who);
    }
    (sent ? l.posted : l.taken) = minute;
    (sent ? l.posted_step : l.taken_step) = ++step_;
    lines_[on].inside += sent ? 1 : -1;
    return minute;
  }

  // Interrupted is who leaves time of its own for somebody who stands there already.
  void count_interruption(const letter& l, std::size_t who) {
    const auto& day = days_[who].entries;
    if (!day.empty() && day.back().what == activity::own && day.back().from < day.back().to &&
        l.offered < day.back().to) {
      ++written_.interruptions[who];
    }
  }

  void meet(const letter& l, int minute) {
    for (open_meeting& m : open_) {
      meeting& known = written_.meetings[m.which];
      if (!m.is_open) continue;
      const bool same = (known.one == l.from && known.other == l.to) || (known.one == l.to && known.other == l.from);
      if (same) {
        known.to = minute;
        return;
      }
      if (known.one == l.from || known.other == l.from || known.one == l.to || known.other == l.to) end(m, minute);
    }
    std::erase_if(open_, [](const open_meeting& m) { return !m.is_open; });
    open_.push_back({written_.meetings.size()});
    written_.meetings.push_back({l.from, l.to, minute, minute});
  }
  void part(std::size_t who, int minute) {
    for (open_meeting& m : open_) {
      const meeting& known = written_.meetings[m.which];
      if (m.is_open && (known.one == who || known.other == who)) end(m, minute);
    }
  }
  void end(open_meeting& m, int minute) {
    meeting& known = written_.meetings[m.which];
    known.to = std::max(known.to, minute);
    m.is_open = false;
  }

  // --- stuck ---------------------------------------------------------------------------------------------------------

  // Whether what this person waits for could come without anybody doing anything more: then it will.
  bool will_move(const person& p) const {
    if (!p.is_doing || p.doing.what == activity::own || p.doing.what == activity::working) return true;
    const line_state& l = lines_[p.line];
    const bool sends = p.doing.what == activity::sending;
    const bool other_side_waits = std::ranges::any_of(days_, [&](const person& other) {
      return other.is_doing && other.line == p.line &&
             other.doing.what == (sends ? activity::receiving : activity::sending);
    });
    const bool has_room = l.inside < static_cast<int>(written_.stores ? written_.room : 0);
    return l.closed || other_side_waits || (sends ? has_room : l.inside > 0);
  }

  // Finds the largest set of people each of whom waits for something that only others of them could bring.
  bool look_for_stuck(double now) {
    if (!written_.stuck.empty()) return false;
    std::vector<bool> is_stuck(days_.size());
    for (std::size_t who = 0; who < days_.size(); ++who) is_stuck[who] = !days_[who].gone && !will_move(days_[who]);
    const auto can_help = [&](std::size_t helper) { return !is_stuck[helper] && !days_[helper].gone; };
    for (bool again = true; again;) {
      again = false;
      for (std::size_t who = 0; who < days_.size(); ++who) {
        if (is_stuck[who] && std::ranges::any_of(helpers(who), can_help)) {
          is_stuck[who] = false;
          again = true;
        }
      }
    }
    for (std::size_t who = 0; who < days_.size(); ++who) {
      if (!is_stuck[who]) continue;
      const auto& those = helpers(who);
      const person& p = days_[who];
      // in front of one of those who are stuck as well; of somebody who has gone if there is nobody else
      const auto whom = std::ranges::find_if(those, [&](std::size_t helper) { return is_stuck[helper]; });
      written_.stuck.push_back(
          {who, whom != those.end() ? *whom : those.front(), p.doing.what == activity::sending, p.doing.letter, p.end});
    }
    if (written_.stuck.empty()) return false;
    written_.stuck_at = static_cast<int>(std::lround(now));
    return true;
  }
  const std::vector<std::size_t>& helpers(std::size_t who) const {
    const line_state& l = lines_[days_[who].line];
    return days_[who].doing.what == activity::sending ? l.receivers : l.senders;
  }

  const story_clock clock_;
  const std::size_t questions_;
  tandem::stop_source standstill_;
  mutable std::mutex mutex_;  // never held while anything of tandem's is called
  std::vector<person> days_;
  std::vector<line_state> lines_;
  std::vector<letter> known_;
  std::vector<std::size_t> offered_;
  std::vector<open_meeting> open_;
  record written_;
  int step_ = 0;
};

/// One person's day: what the person does besides sending and receiving.
class diary {
 public:
  diary(ledger& book, std::size_t who) : book_(&book), who_(who) {}
  ~diary() { book_->goes(who_); }
  diary(const diary&) = delete;
  diary& operator=(const diary&) = delete;

  std::size_t who() const { return who_; }
  /// Minutes of one's own. False if nobody can move any more.
  bool live(std::string_view name, int minutes) { return book_->pass(who_, activity::own, name, minutes); }
  /// Minutes spent on the other's question.
  void work(int minutes) { static_cast<void>(book_->pass(who_, activity::working, "", minutes)); }

 private:
  ledger* book_;
  std::size_t who_;
};

/// One person's end of a line to others: the verbs of the channel, each written down. Whoever sends on it closes it
/// when done; the line is closed by the last of them.
template <class Channel>
class end {
 public:
  using message = typename Channel::value_type;

  end(Channel& line, ledger& book, std::size_t number, std::size_t who, std::size_t asker = ledger::none)
      : line_(&line), book_(&book), number_(number), who_(who), asker_(asker) {}

  tandem::status send(message m) {
    const std::size_t which = name_of(m);
    book_->enters(who_, number_, activity::sending, which);
    const tandem::status sent = line_->send(std::move(m), book_->nobody_can_move());
    book_->leaves(who_, sent ? which : ledger::none);
    return sent;
  }
  tandem::result<message> receive() {
    book_->enters(who_, number_, activity::receiving);
    auto received = line_->receive(book_->nobody_can_move());
    book_->leaves(who_, received ? name_of(*received) : ledger::none);
    return received;
  }
  tandem::result<message> try_receive() {
    auto received = line_->try_receive();
    if (received) book_->finds(who_, number_, name_of(*received));
    return received;
  }
  void close() {
    if (book_->ends_line(number_)) line_->close();
  }

 private:
  // a question says whose it is; on a line of answers they are all one person's
  std::size_t name_of(const message& m) const {
    if constexpr (requires { m.asker; }) {
      return book_->letter_of(m.asker, m.number, false);
    } else {
      return book_->letter_of(asker_, m.number, true);
    }
  }

  Channel* line_;
  ledger* book_;
  std::size_t number_;
  std::size_t who_;
  std::size_t asker_;
};

}  // namespace story
