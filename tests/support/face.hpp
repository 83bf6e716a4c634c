// face: one type before objects of many, so that a test is compiled once and not once for each of them; which one it is
// put to is chosen when it runs.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>

#include "support/catch.hpp"

namespace support {

class face {
 public:
  face() = default;
  face(const face&) = delete;
  face& operator=(const face&) = delete;
  virtual ~face() = default;
};

/// A subject (subjects.hpp) that can be made, behind a Face.
template <class Face>
struct kind_of_subject {
  const char* name;
  std::size_t room;
  std::unique_ptr<Face> (*make)();
};

template <class Face, template <class> class Behind, class... Subjects>
constexpr std::array<kind_of_subject<Face>, sizeof...(Subjects)> kinds_of(std::type_identity<std::tuple<Subjects...>>) {
  return {kind_of_subject<Face>{Subjects::name, Subjects::room,
                                []() -> std::unique_ptr<Face> { return std::make_unique<Behind<Subjects>>(); }}...};
}

/// The test case runs once for each of them: Behind<Subject> is what stands behind the Face.
template <class Face, template <class> class Behind, class Subjects>
kind_of_subject<Face> each_kind() {
  static constexpr auto kinds = kinds_of<Face, Behind>(std::type_identity<Subjects>());
  return kinds[GENERATE(range(std::size_t{0}, std::tuple_size_v<Subjects>))];
}

}  // namespace support
