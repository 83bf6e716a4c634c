// expect: constraint
#include <tandem/async/mailbox.hpp>

#ifdef TANDEM_CONTROL
tandem::mailbox<int, tandem::any_thread> box(1);
#else
tandem::mailbox<int, int> box(1);
#endif
