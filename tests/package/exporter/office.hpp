#pragma once

#include <tandem/async/mailbox.hpp>

int oldest(tandem::mailbox<int>& inbox);
