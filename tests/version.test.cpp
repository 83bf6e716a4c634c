// The version of the library, and that it is a part of every name.
#include <tandem/version.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

#if TANDEM_VERSION < 100
#error "the version is too small to be one"
#endif

TEST_CASE("the version is a number that the preprocessor can compare, and a text that says the same", "[version]") {
  constexpr int major = TANDEM_VERSION / 10000;
  constexpr int minor = TANDEM_VERSION / 100 % 100;
  constexpr int patch = TANDEM_VERSION % 100;
  const std::string text = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  CHECK(text == TANDEM_VERSION_STRING);
}

TEST_CASE("this is version 0.1.0", "[version]") {
  static_assert(TANDEM_VERSION == 100);
  static_assert(std::string_view(TANDEM_VERSION_STRING) == "0.1.0");
  SUCCEED();
}
