// many_to_many: four threads send numbers through a channel, and three receive them until it is closed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace support {

struct many_to_many {
  std::ptrdiff_t accepted = 0;       // sends that were ok
  std::ptrdiff_t received_once = 0;  // numbers that came out, and not twice
};

/// Each of the four sends so many numbers, all of them different. Closes the channel.
template <class Channel>
many_to_many send_many_to_many(Channel& channel, int each) {
  std::atomic<int> accepted{0};
  std::vector<std::atomic<int>> seen(static_cast<std::size_t>(4 * each));
  {
    std::vector<std::jthread> receivers;
    for (int r = 0; r < 3; ++r) {
      receivers.emplace_back([&] {
        for (const int number : channel) ++seen[static_cast<std::size_t>(number)];
      });
    }
    {
      std::vector<std::jthread> senders;
      for (int s = 0; s < 4; ++s) {
        senders.emplace_back([&, s] {
          for (int i = 0; i < each; ++i) {
            if (channel.send(each * s + i)) ++accepted;
          }
        });
      }
    }
    channel.close();
  }
  return {accepted, std::count(seen.begin(), seen.end(), 1)};
}

}  // namespace support
