#include <tandem/async/mailbox.hpp>

int read(tandem::mailbox<int>& inbox) { return *inbox.receive(); }
