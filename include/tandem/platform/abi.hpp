// tandem/platform/abi.hpp: the small door of the seam, for headers that need no clock and no thread.
//
// Of what platform.hpp promises, this one promises TANDEM_ABI, plain_new, plain_write and die. Where the ground is this
// machine's own, it includes nothing else; where TANDEM_PLATFORM_HEADER names another ground, it is platform.hpp.
#pragma once

#if defined(TANDEM_PLATFORM_HEADER)
#include <tandem/platform/platform.hpp>
#else

#include <tandem/platform/naming.hpp>

#if !defined(TANDEM_ABI)
#if TANDEM_HAS_NATIVE
#define TANDEM_ABI TANDEM_ABI_OF(v0_1_native)
#else
#define TANDEM_ABI TANDEM_ABI_OF(v0_1_portable)
#endif
#endif

#include <tandem/platform/plain.hpp>

#endif
