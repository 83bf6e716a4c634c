// tandem/lab/detail/abi.hpp: the name of the inline namespace of everything that is compiled for the lab.
//
// Contract   Code for the lab and code for real threads do not link against each other: a function that takes or
//            returns one of tandem's types has another name there. All of a program's tandem code is compiled for one
//            of the two: link tandem::lab, which defines TANDEM_PLATFORM_HEADER for whatever includes tandem.
// Tests      tests/mixed/check_mixed.cmake
#pragma once

#if defined(TANDEM_ABI)
#error "tandem: this file has been compiled for real threads already; for the lab, link tandem::lab to all of it"
#endif

#include <tandem/platform/naming.hpp>

#define TANDEM_ABI TANDEM_ABI_OF(v0_1_lab)

// The same in quotes, for reports.
#define TANDEM_ABI_TEXT TANDEM_ABI_TEXT_OF(TANDEM_ABI)
#define TANDEM_ABI_TEXT_OF(name) TANDEM_ABI_QUOTED(name)
#define TANDEM_ABI_QUOTED(name) #name
