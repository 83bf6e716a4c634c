// The version, for the compiler and for people.
#include <iostream>

#include <tandem/version.hpp>

// [version]
static_assert(TANDEM_VERSION >= 100, "this program needs tandem 0.1.0 or later");
// [/version]

int main() { std::cout << "tandem " << TANDEM_VERSION_STRING << ", as a number " << TANDEM_VERSION << '\n'; }
