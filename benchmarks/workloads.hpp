// What main asks each of the other files to add to the catalog.
#pragma once

namespace bench {

void add_rendezvous();
void add_mailbox();
void add_future();
void add_select();
void add_coroutine();
void add_waiting();

}  // namespace bench
