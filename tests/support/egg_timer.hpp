// egg_timer: a timer of a scheduler that calls a function.
//
//   support::egg_timer rings([&] { fired = true; });
//   rings.starts(loop, 5ms);   // or rings.starts(loop): it is due now
//   ...
//   loop.call_off(rings);
#pragma once

#include <functional>
#include <utility>

#include <tandem/coro/scheduler.hpp>
#include <tandem/platform/platform.hpp>

namespace support {

struct egg_timer final : tandem::timer {
  explicit egg_timer(std::function<void()> f)
      : timer([](timer& me) noexcept { static_cast<egg_timer&>(me).what(); }), what(std::move(f)) {}
  void starts(tandem::scheduler& where, tandem::platform::clock::duration after = {}) {
    due = tandem::platform::clock::now() + after;
    where.start(*this);
  }
  std::function<void()> what;
};

}  // namespace support
