// channel.fuzz: bytes say which channel, who does what with it, and who runs when; what comes of it is held against
// what each of them has done.
//
// The first bytes are a program: a channel, two or three threads, two to four operations each. The others answer the
// lab's questions: who goes on, which store a load reads, when a wake-up has no reason, when time is up. An operation
// that waits for what never comes is told so: when nobody can go on any more, those who wait are looked at (is there
// nothing that they could have had?), and the channel is closed.
//
// With libFuzzer:     clang++-19 -DTANDEM_LIBFUZZER -fsanitize=fuzzer,address ...; channel.fuzz tests/fuzz/corpus
// Without:            the same source is a program that runs the files it is given, or all in a folder.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tandem/tandem.hpp>

#include <tandem/lab/lab.hpp>

namespace {

namespace lab = tandem::lab;
using tandem::status;
using namespace std::chrono_literals;

// --- the program, from bytes -----------------------------------------------------------------------------------------

enum class verb : std::uint8_t {
  send,
  send_or_stop,
  try_send,
  try_send_for,
  receive,
  receive_or_stop,
  try_receive,
  try_receive_for,
  close,
  stop,
};
constexpr unsigned verbs = 10;
constexpr std::size_t most_threads = 3;
constexpr std::size_t most_operations = 4;

enum class subject : std::uint8_t { rendezvous, mailbox_of_1, mailbox_of_2, mailbox_of_3, future };
constexpr unsigned subjects = 5;

struct program {
  subject channel = subject::rendezvous;
  std::vector<std::vector<verb>> threads;
};

/// Takes what it needs from the front of `bytes`.
program read_program(std::span<const std::uint8_t>& bytes) {
  const auto next = [&bytes]() -> unsigned {
    if (bytes.empty()) return 0;
    const unsigned first = bytes.front();
    bytes = bytes.subspan(1);
    return first;
  };
  program p;
  p.channel = static_cast<subject>(next() % subjects);
  const unsigned third = next() & 1U;
  p.threads.resize(p.channel == subject::future ? 2 : 2 + third);
  for (auto& operations : p.threads) {
    operations.resize(2 + next() % (most_operations - 1));
    for (verb& v : operations) v = static_cast<verb>(next() % verbs);
  }
  return p;
}

// --- what is sent ----------------------------------------------------------------------------------------------------

/// The n-th message of a thread; -1 once it has been moved from. The memory it owns is for AddressSanitizer to watch.
class letter {
 public:
  letter(int sender, int number) : content_(std::make_unique<std::pair<int, int>>(sender, number)) {}
  int sender() const { return content_ != nullptr ? content_->first : -1; }
  int number() const { return content_ != nullptr ? content_->second : -1; }

 private:
  std::unique_ptr<std::pair<int, int>> content_;
};

// --- what has happened -----------------------------------------------------------------------------------------------
//
// Plain data, though all threads write it: the lab runs one at a time, and this is looked at from outside, in the order
// in which it really happened, so that nothing here orders anything among them.

struct record {
  std::array<std::vector<int>, most_threads> sent;        // by sender: the numbers of those that were accepted
  std::array<std::vector<int>, most_threads> received;    // by sender: the numbers of those that arrived
  std::array<std::optional<verb>, most_threads> waiting;  // what a thread is in
  int begun_sends = 0;
  int begun_receives = 0;
  bool closing = false;
  bool stopping = false;

  int accepted() const {
    int n = 0;
    for (const auto& numbers : sent) n += static_cast<int>(numbers.size());
    return n;
  }
  int arrived() const {
    int n = 0;
    for (const auto& numbers : received) n += static_cast<int>(numbers.size());
    return n;
  }
};

/// One thread's way through its operations on a channel.
template <class Channel>
class party {
 public:
  party(Channel& channel, int capacity, tandem::stop_source& stop, record& all, int me)
      : channel_(channel), capacity_(capacity), stop_(stop), all_(all), me_(me) {}

  void run(const std::vector<verb>& operations) {
    for (const verb v : operations) {
      all_.waiting[index()] = v;
      one(v);
      all_.waiting[index()].reset();
    }
  }

  void take(const letter& l) {
    const int sender = l.sender();
    lab::check(sender >= 0 && sender < static_cast<int>(most_threads), "what arrives was sent");
    auto& numbers = all_.received[static_cast<std::size_t>(sender)];
    lab::check(std::find(numbers.begin(), numbers.end(), l.number()) == numbers.end(), "nothing arrives twice");
    numbers.push_back(l.number());
    int& last = last_from_[static_cast<std::size_t>(sender)];
    lab::check(l.number() > last, "one sender's messages arrive in their order");
    last = l.number();
  }

 private:
  static constexpr std::chrono::milliseconds patience{2};

  std::size_t index() const { return static_cast<std::size_t>(me_); }

  void one(verb v) {
    const bool stopped_before = i_stopped_;
    const auto begun = tandem::clock::now();
    switch (v) {
      case verb::send: return sent(v, begun, stopped_before, [&](letter& l) { return channel_.send(std::move(l)); });
      case verb::send_or_stop:
        return sent(v, begun, stopped_before,
                    [&](letter& l) { return channel_.send(std::move(l), stop_.get_token()); });
      case verb::try_send:
        return sent(v, begun, stopped_before, [&](letter& l) { return channel_.try_send(std::move(l)); });
      case verb::try_send_for:
        return sent(v, begun, stopped_before, [&](letter& l) { return channel_.try_send_for(std::move(l), patience); });
      case verb::receive: return received(v, begun, stopped_before, [&] { return channel_.receive(); });
      case verb::receive_or_stop:
        return received(v, begun, stopped_before, [&] { return channel_.receive(stop_.get_token()); });
      case verb::try_receive: return received(v, begun, stopped_before, [&] { return channel_.try_receive(); });
      case verb::try_receive_for:
        return received(v, begun, stopped_before, [&] { return channel_.try_receive_for(patience); });
      case verb::close:
        all_.closing = true;
        channel_.close();
        i_closed_ = true;
        return;
      case verb::stop:
        all_.stopping = true;
        stop_.request_stop();
        i_stopped_ = true;
        return;
    }
  }

  template <class Send>
  void sent(verb v, tandem::clock::time_point begun, bool stopped_before, const Send& send) {
    letter mine(me_, ++last_number_);
    ++all_.begun_sends;
    const status how = send(mine);
    lab::check(mine.number() == (how == status::ok ? -1 : last_number_), "a message is sent, or still the sender's");
    legal(v, how, begun, stopped_before);
    lab::check(!(i_closed_ && how == status::ok), "whoever has closed it sends no more");
    lab::check(how != status::full || capacity_ == 0 || all_.begun_sends - 1 >= capacity_, "full means full");
    if (how == status::ok) all_.sent[index()].push_back(last_number_);
  }

  template <class Receive>
  void received(verb v, tandem::clock::time_point begun, bool stopped_before, const Receive& receive) {
    ++all_.begun_receives;
    const auto got = receive();
    legal(v, got.error(), begun, stopped_before);
    if (got) {
      take(*got);
    } else if (capacity_ != 0 && (got.error() == status::empty || got.error() == status::closed)) {
      // what this thread has sent itself, it cannot overlook, unless others may have taken it
      const auto mine = static_cast<int>(all_.sent[index()].size());
      lab::check(mine <= all_.begun_receives - 1, "nothing was lost");
    }
  }

  /// What an operation may say, and when.
  void legal(verb v, status how, tandem::clock::time_point begun, bool stopped_before) {
    const bool sends = v <= verb::try_send_for;
    const bool stoppable = v == verb::send_or_stop || v == verb::receive_or_stop;
    const bool timed = v == verb::try_send_for || v == verb::try_receive_for;
    const bool at_once = v == verb::try_send || v == verb::try_receive;
    switch (how.value()) {
      case status::ok: lab::check(!(stoppable && stopped_before), "a stop that came first, comes first"); break;
      case status::closed:
        lab::check(all_.closing, "closed means that somebody has closed it");
        lab::check(!(stoppable && stopped_before), "a stop that came first, comes first");
        break;
      case status::full: lab::check(sends && at_once, "only a try_send says full"); break;
      case status::empty: lab::check(!sends && at_once, "only a try_receive says empty"); break;
      case status::timeout:
        lab::check(timed && tandem::clock::now() >= begun + patience, "only a timed one times out, and not too early");
        break;
      case status::stopped: lab::check(stoppable && all_.stopping, "stopped means that somebody asked for it"); break;
      default: lab::check(false, "nothing else is said");
    }
  }

  Channel& channel_;
  int capacity_;
  tandem::stop_source& stop_;
  record& all_;
  int me_;
  int last_number_ = 0;
  bool i_closed_ = false;
  bool i_stopped_ = false;
  std::array<int, most_threads> last_from_{};
};

/// Bounds on surprises, not on anything else: the bytes decide.
lab::options generous() {
  lab::options o;
  o.preemptions = lab::unbounded;
  o.spurious = 4;
  o.early_timeouts = 3;
  o.rereads = 4;
  return o;
}

/// Until nobody can go on: time may jump too early as often as the bounds allow, and then once for real.
void wait_for_the_others(const lab::options& bounds) {
  for (unsigned i = 0; i <= bounds.early_timeouts; ++i) tandem::sleep_for(1h);
}

/// Whoever still waits has reason to.
void look_at_those_who_wait(const record& all, int capacity) {
  int senders = 0;
  int receivers = 0;
  for (const auto& v : all.waiting) {
    if (!v) continue;
    const bool stoppable = *v == verb::send_or_stop || *v == verb::receive_or_stop;
    lab::check(!(stoppable && all.stopping), "a stop ends a wait");
    lab::check(*v == verb::send || *v == verb::receive || stoppable, "only these wait for ever");
    ++(*v <= verb::try_send_for ? senders : receivers);
  }
  lab::check(!all.closing || senders + receivers == 0, "a close ends every wait");
  const int inside = all.accepted() - all.arrived();
  lab::check(capacity == 0 ? inside == 0 : inside >= 0 && inside <= capacity,
             "as many are inside as there is room for");
  lab::check(receivers == 0 || inside == 0, "nobody waits for a message that is there");
  lab::check(senders == 0 || inside == capacity, "nobody waits for room that is there");
  lab::check(capacity != 0 || senders == 0 || receivers == 0, "those who could meet have met");
}

template <class Channel>
void run_channel(const program& p, const lab::options& bounds, Channel& channel, int capacity) {
  tandem::stop_source stop;
  record all;
  std::vector<party<Channel>> parties;
  for (std::size_t i = 0; i < p.threads.size(); ++i)
    parties.emplace_back(channel, capacity, stop, all, static_cast<int>(i));
  std::vector<tandem::thread> threads;
  for (std::size_t i = 0; i < p.threads.size(); ++i) {
    threads.push_back(lab::spawn("party " + std::to_string(i), [&, i] { parties[i].run(p.threads[i]); }));
  }
  wait_for_the_others(bounds);
  look_at_those_who_wait(all, capacity);
  all.closing = true;
  channel.close();
  for (tandem::thread& t : threads) t.join();

  party<Channel> last(channel, capacity, stop, all, 0);
  auto got = channel.try_receive();
  for (; got; got = channel.try_receive()) last.take(*got);
  lab::check(got.error() == status::closed, "closed and drained");
  for (std::size_t sender = 0; sender < most_threads; ++sender) {
    std::sort(all.received[sender].begin(), all.received[sender].end());
    lab::check(all.sent[sender] == all.received[sender], "all that was accepted has arrived, and nothing else");
  }
}

// --- promise and future: the first thread keeps or breaks, the second asks -------------------------------------------

struct promise_record {
  bool kept = false;
  bool keeping = false;
  bool broken = false;
  bool future_gone = false;
  bool stopping = false;
  int got = 0;
};

void keep(const std::vector<verb>& operations, tandem::promise<letter> mine, tandem::stop_source& stop,
          promise_record& all) {
  for (const verb v : operations) {
    if (v == verb::stop) {
      all.stopping = true;
      stop.request_stop();
    } else if (v == verb::close) {
      all.broken = !all.kept;
      mine = tandem::promise<letter>();
      return;
    } else if (v <= verb::try_send_for) {
      letter value(0, 1);
      all.keeping = true;
      const bool was_kept = all.kept;
      const status how = mine.set_value(std::move(value));
      lab::check(value.number() == (how == status::ok ? -1 : 1), "a value is sent, or still the sender's");
      lab::check(how == status::ok || how == status::closed || how == status::abandoned, "nothing else is said");
      lab::check(how != status::abandoned || all.future_gone, "abandoned means that nobody will ask");
      if (!all.future_gone || was_kept) lab::check((how == status::closed) == was_kept, "a promise is kept once");
      all.kept = all.kept || how == status::ok;
    } else {
      tandem::sleep_for(1ms);
    }
  }
  all.broken = !all.kept;
}

void ask(const std::vector<verb>& operations, tandem::future<letter> mine, tandem::stop_source& stop,
         promise_record& all) {
  for (const verb v : operations) {
    if (v == verb::stop || v == verb::send) {
      all.stopping = true;
      stop.request_stop();
      continue;
    }
    if (v == verb::close || v == verb::try_send) {
      all.future_gone = true;
      mine = tandem::future<letter>();
      return;
    }
    const bool was_ready = mine.was_ready();
    const bool stoppable = v == verb::receive_or_stop || v == verb::send_or_stop;
    const bool at_once = v == verb::try_receive;
    const bool timed = v == verb::try_receive_for || v == verb::try_send_for;
    const auto begun = tandem::clock::now();
    const auto got = stoppable ? mine.get(stop.get_token())
                     : at_once ? mine.try_get()
                     : timed   ? mine.try_get_for(2ms)
                               : mine.get();
    switch (got.error().value()) {
      case status::ok:
        lab::check(got->number() == 1 && all.keeping, "what is got was sent");
        lab::check(++all.got == 1, "it is got once");
        break;
      case status::closed: lab::check(all.got == 1, "closed means that it was got"); break;
      case status::abandoned: lab::check(all.broken, "abandoned means that none will come"); break;
      case status::empty: lab::check(at_once && !was_ready, "empty means not yet"); break;
      case status::timeout:
        lab::check(timed && !was_ready && tandem::clock::now() >= begun + 2ms, "a timeout comes in time");
        break;
      case status::stopped: lab::check(stoppable && all.stopping, "stopped means that somebody asked for it"); break;
      default: lab::check(false, "nothing else is said");
    }
  }
  all.future_gone = true;
}

void run_future(const program& p) {
  tandem::stop_source stop;
  promise_record all;
  tandem::promise<letter> promised;
  tandem::future<letter> later = promised.get_future();
  auto keeper = lab::spawn(
      "keeper", [&, mine = std::move(promised)]() mutable { keep(p.threads[0], std::move(mine), stop, all); });
  auto asker =
      lab::spawn("asker", [&, mine = std::move(later)]() mutable { ask(p.threads[1], std::move(mine), stop, all); });
  keeper.join();
  asker.join();
}

// --- all of it -------------------------------------------------------------------------------------------------------

lab::report run(std::span<const std::uint8_t> bytes) {
  const program p = read_program(bytes);
  const lab::options bounds = generous();
  const auto body = [&] {
    if (p.channel == subject::future) return run_future(p);
    if (p.channel == subject::rendezvous) {
      tandem::rendezvous<letter> desk;
      return run_channel(p, bounds, desk, 0);
    }
    const int capacity = static_cast<int>(p.channel) - static_cast<int>(subject::rendezvous);
    tandem::mailbox<letter> box(capacity);
    run_channel(p, bounds, box, capacity);
  };
  return lab::steer(bounds, bytes, body);
}

}  // namespace

// AddressSanitizer may put locals elsewhere than on their stack, where another's come later; the lab would take the two
// for one variable.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_stack_use_after_return=0"; }

#if defined(TANDEM_LIBFUZZER)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const lab::report report = run({data, size});
  if (!report.passed()) {
    std::fprintf(stderr, "%s\n", report.text.c_str());
    std::abort();
  }
  return 0;
}

#else

int main(int count, char** arguments) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < count; ++i) {
    if (std::filesystem::is_directory(arguments[i])) {
      for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) files.push_back(entry.path());
    } else {
      files.emplace_back(arguments[i]);
    }
  }
  std::sort(files.begin(), files.end());
  int failures = 0;
  std::size_t steps = 0;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> content(std::istreambuf_iterator<char>(in), {});
    std::vector<std::uint8_t> bytes(content.size());
    std::transform(content.begin(), content.end(), bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
    const lab::report report = run(bytes);
    steps += report.steps;
    if (report.passed()) continue;
    ++failures;
    std::printf("%s: %s\n", file.c_str(), report.text.c_str());
  }
  std::printf("%zu files, %zu steps, %d failures\n", files.size(), steps, failures);
  return failures == 0 && !files.empty() ? 0 : 1;
}

#endif
