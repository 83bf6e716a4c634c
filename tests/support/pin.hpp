// pinned_to: keeps this thread, and the threads it starts meanwhile, on one core; gives the cores back at the end.
#pragma once

#include <sched.h>

namespace support {

// The core this thread runs on just now: on a machine that others use as well, likely the one with time to spare.
inline int present_core() { return sched_getcpu(); }

// Some core this process may run on, a different one for each number as long as there are so many.
inline int core_number(int number) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0) return -1;
  int left = number % CPU_COUNT(&allowed);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<unsigned>(core), &allowed) && left-- == 0) return core;
  }
  return -1;
}

class pinned_to {
 public:
  explicit pinned_to(int core) {
    CPU_ZERO(&before_);
    known_ = core >= 0 && sched_getaffinity(0, sizeof before_, &before_) == 0;
    if (!known_) return;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<unsigned>(core), &only);
    pinned_ = sched_setaffinity(0, sizeof only, &only) == 0;
  }
  pinned_to(const pinned_to&) = delete;
  pinned_to& operator=(const pinned_to&) = delete;
  ~pinned_to() {
    if (known_) sched_setaffinity(0, sizeof before_, &before_);
  }

  // False when the machine refused: what follows then runs free, and is still a test.
  bool holds() const { return pinned_; }

 private:
  cpu_set_t before_;
  bool known_ = false;
  bool pinned_ = false;
};

}  // namespace support
