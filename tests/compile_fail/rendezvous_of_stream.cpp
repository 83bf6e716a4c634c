// expect: So are streams: send the text
// lines: 20
#include <tandem/sync/rendezvous.hpp>

#include <sstream>
#include <string>

int main() {
#ifdef TANDEM_CONTROL
  tandem::rendezvous<std::string> channel;
#else
  tandem::rendezvous<std::stringstream> channel;
#endif
}
