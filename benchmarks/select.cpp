// W8 of threads, a select over four channels. What coroutines do is in coroutine.cpp.

#include <cstddef>
#include <tandem/async/mailbox.hpp>
#include <tandem/sync/rendezvous.hpp>

#include "contestants/mutex_cv.hpp"
#include "contestants/tandem_select.hpp"
#include "support/payload.hpp"
#include "support/scenario.hpp"
#include "workloads.hpp"

namespace bench {
namespace {

template <class T, template <class, class> class Select>
void add_tandem() {
  add_selects<T, tandem_selection<T, tandem::rendezvous<T>, Select>>("W8/select_4_cap0");
  add_selects<T, tandem_selection<T, tandem::mailbox<T>, Select>>("W8/select_4_cap64", std::size_t{64});
}

template <class T>
void add_all() {
  add_tandem<T, tandem_select>();
  add_tandem<T, tandem_selector>();
  add_selects<T, mutex_cv_selection<T>>("W8/select_4_cap0", std::size_t{0});
  add_selects<T, mutex_cv_selection<T>>("W8/select_4_cap64", std::size_t{64});
}

}  // namespace

void add_select() {
  add_all<payload<8>>();
  add_all<payload<64>>();
}

}  // namespace bench
