// What travels: messages that carry their own proof, so that no benchmark can measure a broken channel.
//
// A message is stamped with who sent it and the how-manieth of that sender it is, in every one of its words. A ledger
// checks each arrival (whole, and later than the one before from the same sender) and adds it up; the sums of both
// sides are compared at the end, which finds what was lost or delivered twice. It costs about a nanosecond a message,
// the same for every contestant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bench {

template <std::size_t Bytes>
struct payload {
  static_assert(Bytes >= 8 && Bytes % 8 == 0, "a payload is made of whole 8-byte words");
  std::array<std::uint64_t, Bytes / 8> words;
};

inline constexpr unsigned sequence_bits = 48;
inline constexpr std::size_t most_senders = 256;

/// The message number `sequence` (counted from 1) of `sender`.
template <class T>
constexpr T stamped(std::size_t sender, std::uint64_t sequence) noexcept {
  T message;
  message.words.fill((static_cast<std::uint64_t>(sender) << sequence_bits) | sequence);
  return message;
}

/// Whether they are the same message. Word by word: to compare the arrays as a whole calls memcmp, which costs as much
/// as a bare hand-over.
template <class T>
constexpr bool is_same(const T& one, const T& other) noexcept {
  bool same = true;
  for (std::size_t i = 0; i < one.words.size(); ++i) {
    same = same && one.words[i] == other.words[i];
  }
  return same;
}

/// What all messages 1..count of `sender` add up to, modulo 2^64.
constexpr std::uint64_t sum_of(std::size_t sender, std::uint64_t count) noexcept {
  return (static_cast<std::uint64_t>(sender) << sequence_bits) * count +
         (count % 2 == 0 ? count / 2 * (count + 1) : (count + 1) / 2 * count);
}

/// One receiver's account of what arrived.
class ledger {
 public:
  template <class T>
  void enter(const T& message) noexcept {
    const std::uint64_t stamp = message.words.front();
    const std::size_t sender = (stamp >> sequence_bits) % most_senders;
    const std::uint64_t sequence = stamp & ((std::uint64_t{1} << sequence_bits) - 1);
    sound_ = sound_ && message.words.back() == stamp && sequence > latest_[sender];
    latest_[sender] = sequence;
    sum_ += stamp;
  }
  bool sound() const noexcept { return sound_; }
  std::uint64_t sum() const noexcept { return sum_; }

 private:
  std::array<std::uint64_t, most_senders> latest_{};
  std::uint64_t sum_ = 0;
  bool sound_ = true;
};

}  // namespace bench
