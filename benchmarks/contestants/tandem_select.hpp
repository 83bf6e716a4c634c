// tandem's select, for threads and for coroutines: made anew each time, over arms that are made once, or kept in a
// selector, which stays in line between two selects.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <tandem/blend/select.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/confinement.hpp>
#include <utility>

#include "../support/scenario.hpp"

namespace bench {

/// What came last, if anything; an arm calls it.
template <class T>
struct tandem_catcher {
  T last;
  bool caught = false;

  auto arm(auto& channel) {
    return tandem::receive_from(channel, [this](tandem::result<T> letter) {
      caught = static_cast<bool>(letter);
      if (caught) {
        last = *letter;
      }
    });
  }
  std::size_t visit(const auto& visitor) const {
    if (caught) {
      visitor(last);
    }
    return caught ? 1 : 0;
  }
};

template <class T, class Channel>
class tandem_select {
 public:
  static constexpr std::string_view name = tandem::confined_to_one_thread<Channel> ? "tandem_one_thread" : "tandem";

  explicit tandem_select(std::array<Channel, ways>& links)
      : arms_{caught_.arm(links[0]), caught_.arm(links[1]), caught_.arm(links[2]), caught_.arm(links[3])} {}

  void wait() { tandem::select(arms_[0], arms_[1], arms_[2], arms_[3]); }
  auto wait_for_one() { return tandem::co_select(arms_[0], arms_[1], arms_[2], arms_[3]); }
  std::size_t each_of(std::size_t, const auto& visitor) const { return caught_.visit(visitor); }

 private:
  using arm = decltype(std::declval<tandem_catcher<T>&>().arm(std::declval<Channel&>()));
  tandem_catcher<T> caught_;
  std::array<arm, ways> arms_;
};

template <class T, class Channel>
class tandem_selector {
 public:
  static constexpr std::string_view name =
      tandem::confined_to_one_thread<Channel> ? "tandem_one_thread_selector" : "tandem_selector";

  explicit tandem_selector(std::array<Channel, ways>& links) {
    for (Channel& each : links) {
      arms_.add(caught_.arm(each));
    }
  }

  void wait() { arms_.select(); }
  auto wait_for_one() { return arms_.co_select(); }
  std::size_t each_of(std::size_t, const auto& visitor) const { return caught_.visit(visitor); }

 private:
  tandem_catcher<T> caught_;
  tandem::selector arms_;
};

/// The same for threads: the channels, and one that looks at all of them.
template <class T, class Channel, template <class, class> class Select>
class tandem_selection {
 public:
  static constexpr std::string_view name = Select<T, Channel>::name;
  static constexpr waiting how_it_waits = waiting::parks;

  template <class... A>
  explicit tandem_selection(A... arguments)
      : links_{Channel(arguments...), Channel(arguments...), Channel(arguments...), Channel(arguments...)} {}

  bool send(std::size_t way, const T& message) { return static_cast<bool>(links_[way].send(message)); }
  bool receive_any(T& message) {
    any_.wait();
    return any_.each_of(0, [&](const T& caught) { message = caught; }) == 1;
  }

 private:
  std::array<Channel, ways> links_;
  Select<T, Channel> any_{links_};
};

}  // namespace bench
