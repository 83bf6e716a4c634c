#include "office.hpp"

int oldest(tandem::mailbox<int>& inbox) { return inbox.try_receive().value_or(-1); }
