#include <tandem/async/mailbox.hpp>

__attribute__((visibility("default"))) bool put(tandem::mailbox<int, tandem::one_thread>& tray, int what) {
  return static_cast<bool>(tray.try_send(what));
}
