#pragma once

// Catch2, whichever is there: version 3, or the single header of version 2.13 that Debian 12 ships. Include this one
// and neither of theirs. What both understand and the tests may use: TEST_CASE, SECTION, TEMPLATE_TEST_CASE,
// TEMPLATE_LIST_TEST_CASE, GENERATE (with values, range, from_range), REQUIRE, REQUIRE_FALSE, CHECK, CHECK_FALSE, INFO,
// CAPTURE, WARN, SUCCEED, FAIL.
//
// Assertions belong on the thread that runs the test case: Catch2 2 does not lock, nor does a default build of
// Catch2 3. Another thread reports by value (its return, an atomic, a vector joined on), and the test case asserts on
// that.

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_adapters.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#elif __has_include(<catch2/catch.hpp>)
#include <catch2/catch.hpp>
#else
#error "the tests need Catch2: version 3, or 2.13 (Debian: apt-get install catch2)"
#endif
