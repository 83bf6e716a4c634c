// W8 of threads, a select over four channels. What coroutines do is in coroutine.cpp.

#include "contestants/mutex_cv.hpp"
#include "support/payload.hpp"
#include "support/scenario.hpp"
#include "workloads.hpp"

namespace bench {
namespace {

template <class T, selection<T> S>
void add_contestant() {
  add_selects<T, S>(0);
  add_selects<T, S>(64);
}

template <class T>
void add_all() {
  add_contestant<T, mutex_cv_selection<T>>();
}

}  // namespace

void add_select() {
  add_all<payload<8>>();
  add_all<payload<64>>();
}

}  // namespace bench
