// expect: send
#include <tandem/async/mailbox.hpp>

#include <string>

struct parcel {};

int main() {
  tandem::mailbox<std::string> box(1);
#ifdef TANDEM_CONTROL
  return box.send("text") ? 0 : 1;
#else
  return box.send(parcel{}) ? 0 : 1;
#endif
}
