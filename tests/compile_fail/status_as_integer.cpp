// expect: status
#include <tandem/status.hpp>

int as_number(tandem::status s) {
#ifdef TANDEM_CONTROL
  return s.value();
#else
  return s;
#endif
}
