// W8 of threads: a select over four channels; and over many, of which one has a message. What coroutines do is in
// coroutine.cpp.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <tandem/async/mailbox.hpp>
#include <tandem/blend/selector.hpp>
#include <tandem/sync/rendezvous.hpp>
#include <utility>
#include <vector>

#include "contestants/mutex_cv.hpp"
#include "contestants/tandem_select.hpp"
#include "support/catalog.hpp"
#include "support/measure.hpp"
#include "support/payload.hpp"
#include "support/placement.hpp"
#include "support/scenario.hpp"
#include "workloads.hpp"

namespace bench {
namespace {

template <class T, template <class, class> class Select>
void add_tandem() {
  add_selects<T, tandem_selection<T, tandem::rendezvous<T>, Select>>("W8/select_4_cap0");
  add_selects<T, tandem_selection<T, tandem::mailbox<T>, Select>>("W8/select_4_cap64", std::size_t{64});
}

template <class T>
void add_all() {
  add_tandem<T, tandem_select>();
  add_tandem<T, tandem_selector>();
  add_selects<T, mutex_cv_selection<T>>("W8/select_4_cap0", std::size_t{0});
  add_selects<T, mutex_cv_selection<T>>("W8/select_4_cap64", std::size_t{64});
}

/// Mailboxes, one of which is drawn for each message: of all, or of a few that lie far apart.
struct many_mailboxes {
  many_mailboxes(std::size_t count, std::size_t drawn) : drawn_from(drawn) {
    for (std::size_t i = 0; i < count; ++i) {
      boxes.emplace_back(4);
    }
  }
  tandem::mailbox<std::uint64_t>& draw() {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return boxes[(state >> 33U) % drawn_from * (boxes.size() / drawn_from)];
  }

  std::deque<tandem::mailbox<std::uint64_t>> boxes;
  std::size_t drawn_from;
  std::uint64_t state = 1;
};

/// A selector finds out which mailbox has the message.
struct found_by_selector {
  found_by_selector(std::size_t count, std::size_t drawn) : all(count, drawn) {
    for (auto& box : all.boxes) {
      arms.add(tandem::receive_from(box, [this](tandem::result<std::uint64_t> letter) { sum += letter.value_or(0); }));
    }
    for (int i = 0; i < 100; ++i) {  // until it stands in its lines
      pass_on(0);
    }
  }
  void pass_on(std::uint64_t message) {
    static_cast<void>(all.draw().try_send(message));
    arms.select();
  }

  many_mailboxes all;
  tandem::selector arms;
  std::uint64_t sum = 0;
};

/// The limit: who receives knows which mailbox it is. It goes through as much memory.
struct known {
  known(std::size_t count, std::size_t drawn) : all(count, drawn) {}
  void pass_on(std::uint64_t message) {
    auto& box = all.draw();
    static_cast<void>(box.try_send(message));
    sum += box.try_receive().value_or(0);
  }

  many_mailboxes all;
  std::uint64_t sum = 0;
};

template <class Contestant>
void add_one_of(std::size_t count, std::size_t drawn, std::string contestant) {
  add({.workload = "W8/one_of_" + (drawn == count ? "" : std::to_string(drawn) + "_in_") + std::to_string(count),
       .contestant = std::move(contestant),
       .bytes = sizeof(std::uint64_t),
       .where = placement::one_core,
       .make_cast = [count, drawn](std::uint64_t messages) {
         auto mine = std::make_shared<Contestant>(count, drawn);
         return std::vector<role>{role([mine, messages] {
           const std::uint64_t before = mine->sum;
           for (std::uint64_t i = 0; i < messages; ++i) {
             mine->pass_on(1);
           }
           return mine->sum - before == messages;
         })};
       }});
}

}  // namespace

void add_select() {
  for (const std::size_t count : {10U, 100U, 1'000U, 10'000U}) {
    add_one_of<found_by_selector>(count, count, "tandem_selector");
    add_one_of<known>(count, count, "known");
  }
  for (const std::size_t count : {100U, 1'000U, 10'000U}) {
    add_one_of<found_by_selector>(count, 10, "tandem_selector");
  }
  add_all<payload<8>>();
  add_all<payload<64>>();
}

}  // namespace bench
