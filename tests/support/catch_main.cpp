// The main() of every test program, compiled once per build: in Catch2 2 this is where the whole runner is compiled.

#define CATCH_CONFIG_RUNNER  // read by version 2, unknown to version 3
#include "catch.hpp"

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#endif

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
