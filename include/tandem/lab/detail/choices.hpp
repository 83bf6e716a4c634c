// tandem/lab/detail/choices.hpp: who decides, wherever an execution could go on in more than one way.
//
// Contract   A chooser answers questions with a number below `alternatives`. An execution is the function of its
//            answers: the same answers give the same execution. Answer 0 is always the plain one: go on with the same
//            thread, read the newest store, no spurious wake-up.
//              every_choice   depth first, all of them: begin() .. next() until that says false
//              chance         at random, by a seed
//              priorities     PCT: the runnable thread of the highest priority runs, priorities are random, and at
//                             depth - 1 random steps the running thread's drops below all. A bug that takes d ordering
//                             constraints shows up with probability >= 1 / (threads * steps^(d - 1)) per execution.
//              from_bytes     as a fuzzer says
//              as_recorded    what was answered before, then 0
// Source     [pct-2010]; [chess-2008] the bound on preemptions, in execution.hpp
// Tests      tests/lab.test.cpp, tests/lab/zoo.test.cpp
#pragma once

#include <tandem/lab/detail/abi.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::inline TANDEM_ABI::lab {

enum class choice : std::uint8_t {
  thread,    // who runs next; the alternatives are threads, or the clock
  store,     // which store a load reads, or what a compare-exchange finds
  place,     // where a store goes in the modification order
  spurious,  // 1: a park returns, or a weak compare-exchange fails, for no reason
  wake,      // which of those parked is woken
  user,      // lab::choose
};

/// Among the alternatives of choice::thread: nobody runs, the clock moves on to the next deadline.
inline constexpr std::uint8_t the_clock = 255;

struct question {
  choice kind;
  unsigned alternatives;
  const std::uint8_t* threads = nullptr;  // choice::thread: which thread each alternative is
};

using answers = std::vector<std::uint32_t>;

class chooser {
 public:
  chooser() = default;
  chooser(const chooser&) = delete;
  chooser& operator=(const chooser&) = delete;
  virtual ~chooser() = default;

  virtual unsigned answer(const question&) = 0;
  /// Whether the answers repeat an earlier execution's so far, so that nothing here is new.
  virtual bool repeating() const noexcept { return false; }
};

/// Depth first through everything.
class every_choice final : public chooser {
 public:
  unsigned answer(const question& q) override {
    if (depth_ < path_.size()) {
      consistent_ = consistent_ && path_[depth_].alternatives == q.alternatives;
      return (std::min)(path_[depth_++].taken, q.alternatives - 1);
    }
    path_.push_back({0, q.alternatives});
    ++depth_;
    return 0;
  }
  bool repeating() const noexcept override { return depth_ < path_.size(); }

  void begin() noexcept { depth_ = 0; }
  /// On to the next answers that have not been given; false if there are none.
  bool next() {
    path_.resize(depth_);  // an execution that was cut short has asked less
    while (!path_.empty() && path_.back().taken + 1 == path_.back().alternatives) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    depth_ = 0;
    return true;
  }
  /// False: the same answers led to other questions. Something else than the lab decides in that program.
  bool consistent() const noexcept { return consistent_; }

 private:
  struct step {
    unsigned taken;
    unsigned alternatives;
  };
  std::vector<step> path_;
  std::size_t depth_ = 0;
  bool consistent_ = true;
};

class chance : public chooser {
 public:
  explicit chance(std::uint64_t seed) noexcept : state_(seed * 0x9E3779B97F4A7C15u + 1) {}

  unsigned answer(const question& q) override {
    // the newest store and no surprises more often than not, or else long programs drown in them
    if (q.kind == choice::spurious) return below(16) == 0 ? 1 : 0;
    if ((q.kind == choice::store || q.kind == choice::place) && below(2) == 0) return 0;
    if (q.kind == choice::thread && q.threads[q.alternatives - 1] == the_clock && below(16) != 0) {
      return q.alternatives == 1 ? 0 : below(q.alternatives - 1);
    }
    return below(q.alternatives);
  }

 protected:
  /// splitmix64, the high half scaled: the same numbers everywhere.
  unsigned below(unsigned n) noexcept {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30u)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27u)) * 0x94D049BB133111EBu;
    z ^= z >> 31u;
    return static_cast<unsigned>(((z >> 32u) * n) >> 32u);
  }

 private:
  std::uint64_t state_;
};

class priorities final : public chance {
 public:
  /// `steps`: about how many an execution has.
  priorities(std::uint64_t seed, unsigned depth, std::size_t steps) noexcept : chance(seed) {
    for (std::size_t i = 0; i < priority_.size(); ++i) priority_[i] = 1'000'000 + below(1'000'000);
    for (unsigned i = 1; i < depth; ++i)
      drops_.push_back(below(static_cast<unsigned>(std::max<std::size_t>(steps, 1))));
  }

  unsigned answer(const question& q) override {
    if (q.kind != choice::thread) return chance::answer(q);
    const unsigned now = first(q);
    const std::size_t step = steps_++;
    for (std::size_t i = 0; i < drops_.size(); ++i) {
      if (drops_[i] == step && q.threads[now] != the_clock) priority_[q.threads[now]] = static_cast<unsigned>(i);
    }
    return first(q);
  }

 private:
  /// The alternative of the highest priority; the clock now and then.
  unsigned first(const question& q) noexcept {
    unsigned best = 0;
    for (unsigned i = 1; i < q.alternatives; ++i) {
      if (q.threads[i] == the_clock) return below(16) == 0 ? i : best;  // it comes last
      if (priority_[q.threads[i]] > priority_[q.threads[best]]) best = i;
    }
    return best;
  }

  std::array<unsigned, 256> priority_{};
  std::vector<std::size_t> drops_;
  std::size_t steps_ = 0;
};

class from_bytes final : public chooser {
 public:
  explicit from_bytes(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}

  unsigned answer(const question& q) override {
    if (bytes_.empty()) return 0;
    const unsigned said = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return said % q.alternatives;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

class as_recorded final : public chooser {
 public:
  explicit as_recorded(const answers& recorded) noexcept : recorded_(recorded) {}

  unsigned answer(const question& q) override {
    if (next_ == recorded_.size()) return 0;
    const std::uint32_t said = recorded_[next_++];
    return said < q.alternatives ? said : 0;
  }

 private:
  const answers& recorded_;
  std::size_t next_ = 0;
};

/// Answers as text: numbers, and 0x7 for seven plain ones. "0x12,1,0x3,2". Trailing zeros are not written.
inline std::string written(const answers& given) {
  std::string text;
  std::size_t plain = 0;
  const auto add = [&text](const std::string& item) { text += (text.empty() ? "" : ",") + item; };
  for (const std::uint32_t a : given) {
    if (a == 0) {
      ++plain;
      continue;
    }
    if (plain != 0) add("0x" + std::to_string(plain));
    plain = 0;
    add(std::to_string(a));
  }
  return text.empty() ? "0x0" : text;
}

/// What written() wrote; nothing if it did not.
inline std::optional<answers> read_answers(std::string_view text) {
  answers given;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix((std::min)(text.size(), item.size() + 1));
    const bool plain = item.starts_with("0x");
    const std::string_view digits = plain ? item.substr(2) : item;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || (plain && number > 100'000'000)) return {};
    if (plain) {
      given.insert(given.end(), number, 0U);
    } else {
      given.push_back(number);
    }
  }
  return given;
}

}  // namespace tandem::inline TANDEM_ABI::lab
