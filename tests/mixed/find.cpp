// Where its_user.cpp finds the functions of the library. With -DOPENED it opens the library, for itself alone
// (RTLD_LOCAL); else it is linked to it.
#include <dlfcn.h>

#include <string_view>

#if defined(OPENED)

void* find(std::string_view name) {
  static void* const opened = ::dlopen(OPENED, RTLD_NOW | RTLD_LOCAL);
  return ::dlsym(opened, name.data());
}

#else

// Only their names count: tandem is not included here.
extern "C" {
void put();
void run_a_loop();
void run_a_pool();
void receive();
void pass_on();
}

void* find(std::string_view name) {
#define FIND(its_name) \
  if (name == #its_name) return reinterpret_cast<void*>(&::its_name)
  FIND(put);
  FIND(run_a_loop);
  FIND(run_a_pool);
  FIND(receive);
  FIND(pass_on);
  return nullptr;
}

#endif
