// messages: the types that the tests send. Each is awkward in one way, and `number()` tells them apart.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace support {

// How many live, how many were ever moved and copied: shared by every thread, so atomic.
struct tally {
  std::atomic<long> live{0};
  std::atomic<long> moves{0};
  std::atomic<long> copies{0};
};

// Counts itself; a moved-from letter is number -1, so that "untouched" can be seen.
class letter {
 public:
  explicit letter(int number) : number_(number) { ++counts().live; }
  letter(letter&& other) noexcept : number_(std::exchange(other.number_, -1)) {
    ++counts().live;
    ++counts().moves;
  }
  letter(const letter& other) : number_(other.number_) {
    ++counts().live;
    ++counts().copies;
  }
  letter& operator=(letter&& other) noexcept {
    number_ = std::exchange(other.number_, -1);
    ++counts().moves;
    return *this;
  }
  letter& operator=(const letter& other) = default;
  ~letter() { --counts().live; }

  int number() const { return number_; }
  static tally& counts() {
    static tally counts;
    return counts;
  }

 private:
  int number_;
};

// Only one of it: can be moved, never copied. The owned integer lets AddressSanitizer see a leak or a double free.
class only_one {
 public:
  explicit only_one(int number) : number_(std::make_unique<int>(number)) {}
  int number() const { return number_ ? *number_ : -1; }

 private:
  std::unique_ptr<int> number_;
};

// Neither default construction nor assignment of any kind.
class fixed {
 public:
  explicit fixed(int number) : number_(number) {}
  fixed(const fixed&) = default;
  fixed(fixed&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  fixed& operator=(const fixed&) = delete;
  fixed& operator=(fixed&&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

// Asks for more alignment than operator new gives by itself, and remembers whether it ever lived where it must not.
template <std::size_t Alignment>
class alignas(Alignment) aligned {
 public:
  explicit aligned(int number) : number_(number) { look(); }
  aligned(const aligned& other) noexcept : number_(other.number_), straight_(other.straight_) { look(); }
  aligned(aligned&& other) noexcept : number_(std::exchange(other.number_, -1)), straight_(other.straight_) { look(); }
  aligned& operator=(const aligned&) = default;
  aligned& operator=(aligned&&) = default;
  int number() const { return straight_ ? number_ : -2; }

 private:
  void look() { straight_ = straight_ && reinterpret_cast<std::uintptr_t>(this) % Alignment == 0; }
  int number_;
  bool straight_ = true;
};

// 4 KiB, every word of which says the same: a torn copy would not.
class parcel {
 public:
  explicit parcel(int number) { words_.fill(number); }
  int number() const {
    for (int word : words_) {
      if (word != words_.front()) return -2;
    }
    return words_.front();
  }

 private:
  std::array<int, 1024> words_;
};

// Its address is nobody's business: generic code has to use std::addressof, and no comma or copy trick.
class shy {
 public:
  explicit shy(int number) : number_(number) {}
  int number() const { return number_; }
  void operator&() const = delete;
  template <class T>
  void operator,(T&&) const = delete;

 private:
  int number_;
};

// A string that is long enough to be on the heap.
class novel {
 public:
  explicit novel(int number) : text_(std::string(64, '-') + std::to_string(number)) {}
  int number() const { return text_.size() > 64 ? std::stoi(text_.substr(64)) : -1; }

 private:
  std::string text_;
};

// Copying throws when it is told to; moving never does.
class fragile {
 public:
  explicit fragile(int number) : number_(number) { ++live(); }
  fragile(const fragile& other) : number_(other.number_) {
    if (breaks()) throw std::runtime_error("the copy broke");
    ++live();
  }
  fragile(fragile&& other) noexcept : number_(std::exchange(other.number_, -1)) { ++live(); }
  fragile& operator=(const fragile&) = delete;
  ~fragile() { --live(); }
  int number() const { return number_; }
  static std::atomic<bool>& breaks() {
    static std::atomic<bool> value{false};
    return value;
  }
  static std::atomic<long>& live() {
    static std::atomic<long> value{0};
    return value;
  }

 private:
  int number_;
};

// In the middle of whose next move something else is done, as if another thread had been preempted there.
class eventful {
 public:
  explicit eventful(int number) : number_(number) {}
  eventful(eventful&& other) noexcept : number_(std::exchange(other.number_, -1)) {
    if (in_the_middle) std::exchange(in_the_middle, nullptr)();
  }
  eventful& operator=(eventful&&) = delete;
  int number() const { return number_; }

  static inline std::function<void()> in_the_middle;

 private:
  int number_;
};

// A message with a sender, a place in that sender's sequence, and a checksum over both.
struct tagged {
  std::uint32_t sender = 0;
  std::uint32_t sequence = 0;
  std::uint64_t checksum = 0;

  static std::uint64_t sum(std::uint32_t sender, std::uint32_t sequence) {
    std::uint64_t x = (std::uint64_t{sender} << 32 | sequence) + 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }
  static tagged make(std::uint32_t sender, std::uint32_t sequence) { return {sender, sequence, sum(sender, sequence)}; }
  bool intact() const { return checksum == sum(sender, sequence); }
};

}  // namespace support
