// tandem/detail/room.hpp: room for what has to be aligned, in what need not be.
//
// Contract   A coroutine's frame comes from a plain operator new, which aligns for `usual_alignment`. The compiler does
//            not pass on that a variable in the frame asks for more; it takes for granted that it has more, and may use
//            instructions that fault if it has not. So no type of tandem's that may lie in a frame asks for more than
//            usual. What does ask for more (a channel's lines, an over-aligned message) lies in one of these:
//              room<T>      memory for one T, which somebody else constructs and destroys
//              anywhere<T>  a T
//            A promise of ours is an aligned_frame besides: what the user keeps in the frame of a task, and what we
//            keep there of the user's, may ask for as much as a cache line. In a frame of a foreign promise it is
//            between the user and the compiler.
//            If T asks for no more than usual, these are as large as a T, and what they do may be a constant
//            expression. Neither is copied or moved: where the T lies within depends on where the room lies.
// Algorithm  The memory is as much larger than a T as its beginning may be off. Where the T begins is computed from the
//            room's address, each time: that is quicker than to look it up, and touches no line that the T is not on.
//            The byte before an aligned frame says how far it lies behind the beginning of its memory.
// Cost       three instructions; alignof(T) - usual_alignment bytes, or 64 for a frame. docs/decisions/0014 says what
//            else was considered.
// Tests      tests/frames.test.cpp
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <tandem/platform/abi.hpp>

namespace tandem::inline TANDEM_ABI::detail {

/// What every operator new gives. Not __STDCPP_DEFAULT_NEW_ALIGNMENT__, which an option changes, and with it would the
/// layout of every channel.
inline constexpr std::size_t usual_alignment = alignof(std::max_align_t);

/// Says that a T is made from what converts to it, implicitly; as a function returns it.
struct converted_t {};
inline constexpr converted_t converted{};

template <class T, class From>
constexpr T convert(From&& from) noexcept(std::is_nothrow_convertible_v<From, T>) {
  if constexpr (std::is_scalar_v<T> && !std::is_same_v<std::remove_cvref_t<From>, T>) {
    return static_cast<T>(std::forward<From>(from));  // no warning: whoever wrote it in a coroutine has got his
  } else {
    return std::forward<From>(from);
  }
}

template <class T, bool = (alignof(T) > usual_alignment)>
class room {
 public:
  constexpr room() noexcept {}
  template <class... Arguments>
  constexpr explicit room(std::in_place_t,
                          Arguments&&... arguments) noexcept(std::is_nothrow_constructible_v<T, Arguments...>)
      : value_(std::forward<Arguments>(arguments)...) {}
  template <class From>
  constexpr room(converted_t, From&& from) noexcept(std::is_nothrow_convertible_v<From, T>)
      : value_(detail::convert<T>(std::forward<From>(from))) {}
  room(const room&) = delete;
  room& operator=(const room&) = delete;
  constexpr ~room() {}

  /// Where to construct it.
  constexpr T* place() noexcept { return std::addressof(value_); }
  /// Once it is there.
  constexpr T& value() noexcept { return value_; }
  constexpr const T& value() const noexcept { return value_; }

 private:
  union {
    T value_;
  };
};

template <class T>
class room<T, true> {
 public:
  room() noexcept {}  // NOLINT(modernize-use-equals-default): that would clear it, in a value-initialisation
  template <class... Arguments>
  explicit room(std::in_place_t, Arguments&&... arguments) noexcept(std::is_nothrow_constructible_v<T, Arguments...>) {
    ::new (static_cast<void*>(place())) T(std::forward<Arguments>(arguments)...);
  }
  template <class From>
  room(converted_t, From&& from) noexcept(std::is_nothrow_convertible_v<From, T>) {
    ::new (static_cast<void*>(place())) T(detail::convert<T>(std::forward<From>(from)));
  }
  room(const room&) = delete;
  room& operator=(const room&) = delete;
  ~room() = default;

  T* place() noexcept { return reinterpret_cast<T*>(memory_ + begin(memory_)); }
  T& value() noexcept { return *std::launder(place()); }
  const T& value() const noexcept { return *std::launder(reinterpret_cast<const T*>(memory_ + begin(memory_))); }

 private:
  static std::size_t begin(const std::byte* memory) noexcept {
    return (alignof(T) - reinterpret_cast<std::uintptr_t>(memory) % alignof(T)) % alignof(T);
  }

  alignas(usual_alignment) std::byte memory_[sizeof(T) + alignof(T) - usual_alignment];
};

template <class T>
class anywhere {
 public:
  template <class... Arguments>
  constexpr explicit anywhere(Arguments&&... arguments) noexcept(std::is_nothrow_constructible_v<T, Arguments...>)
      : room_(std::in_place, std::forward<Arguments>(arguments)...) {}
  template <class From>
  constexpr anywhere(converted_t how, From&& from) noexcept(std::is_nothrow_convertible_v<From, T>)
      : room_(how, std::forward<From>(from)) {}
  anywhere(const anywhere&) = delete;
  anywhere& operator=(const anywhere&) = delete;
  constexpr ~anywhere() { std::destroy_at(std::addressof(room_.value())); }

  constexpr T& operator*() noexcept { return room_.value(); }
  constexpr const T& operator*() const noexcept { return room_.value(); }
  constexpr T* operator->() noexcept { return std::addressof(room_.value()); }
  constexpr const T* operator->() const noexcept { return std::addressof(room_.value()); }

 private:
  room<T> room_;
};

/// Both out of line: g++ would see through one of the two, and warn that what it deletes came from the other.
struct aligned_frame {
  static constexpr std::size_t alignment = 64;

  [[gnu::noinline]] static void* operator new(std::size_t size) {
    auto* const memory = static_cast<std::byte*>(::operator new(size + alignment));
    const std::size_t ahead = alignment - reinterpret_cast<std::uintptr_t>(memory) % alignment;
    memory[ahead - 1] = static_cast<std::byte>(ahead);
    return memory + ahead;
  }
  [[gnu::noinline]] static void operator delete(void* frame) noexcept {
    auto* const begin = static_cast<std::byte*>(frame);
    ::operator delete(begin - std::to_integer<std::size_t>(*(begin - 1)));
  }
};

}  // namespace tandem::inline TANDEM_ABI::detail
