// tandem/version.hpp: which tandem this is.
//
// Contract   Two macros and nothing else, so that a program can ask before it includes anything more.
//            TANDEM_VERSION is major * 10000 + minor * 100 + patch, and only ever grows.
//            Every name of the library lives in an inline namespace that carries the version and the
//            platform (`tandem::v0_1_native`), and whether there are exceptions, so that functions which take or return
//            tandem's types do not link across incompatible builds (platform/naming.hpp).
// Tests      tests/version.test.cpp
#pragma once

/// The version as one number: 10203 is 1.2.3.
#define TANDEM_VERSION 100

/// The version as people write it.
#define TANDEM_VERSION_STRING "0.1.0"
