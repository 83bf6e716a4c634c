// tandem/platform/naming.hpp: how a ground makes the name of the inline namespace of everything in tandem.
//
// TANDEM_ABI_OF(v0_1_native) is that name, and more behind it for what is compiled differently on the same ground: code
// that takes or returns one of tandem's types then does not link against code to which that type is something else.
// That is so without exceptions (a task and a scope keep none), with libstdc++'s containers that check (a pool and a
// selector hold some), and with libc++. A ground of your own may use it: #define TANDEM_ABI TANDEM_ABI_OF(my_ground)
//
// TANDEM_HAS_NATIVE is 1 where native.hpp has a ground of its own. It is decided here, once: abi.hpp names that ground
// without including it.
#pragma once

#include <version>

#if defined(__linux__) && defined(__LP64__)  // 32 bits: two system calls, of which we could not test the other
#define TANDEM_HAS_NATIVE 1
#else
#define TANDEM_HAS_NATIVE 0
#endif

#if defined(__cpp_exceptions)
#define TANDEM_ABI_EXCEPTIONS
#else
#define TANDEM_ABI_EXCEPTIONS _no_exceptions
#endif

#if defined(_LIBCPP_VERSION)
#define TANDEM_ABI_LIBRARY _libcpp
#elif defined(_GLIBCXX_DEBUG)
#define TANDEM_ABI_LIBRARY _debug
#else
#define TANDEM_ABI_LIBRARY
#endif

#define TANDEM_ABI_OF(ground) TANDEM_ABI_JOINED(ground, TANDEM_ABI_EXCEPTIONS, TANDEM_ABI_LIBRARY)
#define TANDEM_ABI_JOINED(ground, exceptions, library) TANDEM_ABI_JOIN(ground, exceptions, library)
#define TANDEM_ABI_JOIN(ground, exceptions, library) ground##exceptions##library
