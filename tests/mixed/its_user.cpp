#include <tandem/async/mailbox.hpp>

bool put(tandem::mailbox<int, tandem::one_thread>& tray, int what);

int main() {
  tandem::mailbox<int, tandem::one_thread> tray(2);
  if (!tray.try_send(1) || !put(tray, 2)) return 1;
  return tray.try_receive().value() + tray.try_receive().value() == 3 ? 0 : 1;
}
