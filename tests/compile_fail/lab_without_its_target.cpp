// expect: tandem: code for the lab is compiled for it as a whole: link tandem::lab instead of tandem::tandem
#ifdef TANDEM_CONTROL
#define TANDEM_PLATFORM_HEADER <tandem/lab/platform.hpp>
#endif
#include <tandem/lab/lab.hpp>

int main() {}
