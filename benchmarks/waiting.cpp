// W0: how to wait. A bare flag passed to and fro; each contestant is a rule of waiting.

#include <cstddef>
#include <cstdint>
#include <string>

#include "contestants/raw_hand_off.hpp"
#include "contestants/waiting_rules.hpp"
#include "support/catalog.hpp"
#include "support/payload.hpp"
#include "support/placement.hpp"
#include "support/scenario.hpp"
#include "workloads.hpp"

namespace bench {
namespace {

/// Some rules collapse at some placements; there a round does not end, and is given up.
template <class T, class Rule>
void add_rule() {
  using ruled = raw_hand_off<T, by_rule<Rule>>;
  for (const placement where : every_placement) {
    if (where == placement::own_2) continue;  // these rules look at the time alone: to them it is busy_2
    const std::size_t pairs = where == placement::crowd ? crowd_size() : 1;
    add({"W0/waiting", std::string(ruled::name), sizeof(T), where,
         [=](std::uint64_t messages) { return round_trips<T, ruled>(messages, pairs); }});
  }
}

template <class T, class... Rules>
void add_rules() {
  (add_rule<T, Rules>(), ...);
}

}  // namespace

void add_waiting() {
  using namespace rules;
  add_rules<payload<8>, park_at_once, spin4_park, spin4_learned_park, spin25_learned_park, spin4_yield50_learned,
            spin4_yield50_learned_ban_20us, spin4_yield50_learned_ban, spin4_25_yield50_learned_ban,
            spin25_yield50_learned_ban, aware_spin25_yield50_ban>();
}

}  // namespace bench
