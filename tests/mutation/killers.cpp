// killers: runs them all, or one group of them (-DKILLERS=of_mailbox). Exit code 1, and the name of the first that
// finds fault, if one does.

#include "mutation/killers.hpp"

#include <cstdio>
#include <string>

#if !defined(KILLERS)
#define KILLERS all
#endif

int main() {
  for (const killers::killer& k : killers::KILLERS()) {
    const killers::lab::report report = killers::lab::explore(k.bounds, k.run);
    if (report.passed()) continue;
    std::printf("%s\n%s: %s\n", report.text.c_str(), k.name, std::string(killers::lab::name_of(report.what)).c_str());
    return 1;
  }
  return 0;
}
