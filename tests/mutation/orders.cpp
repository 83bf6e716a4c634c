// orders: is every memory order in the library as strong as it has to be, and noticed if it is not?
//
// Each order that is written in the headers is weakened by one step, and each wake-up left out, one at a time, while
// the killers run. Somebody has to notice; a mutant that nobody notices has to be justified in survivors.txt, and one
// that is justified there has to survive. An order that no killer comes across is a failure too. docs/mutation.md has
// the result, and must say what is found here: `orders --update` writes it.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "house/tree.hpp"
#include "mutation/killers.hpp"

namespace {

namespace lab = tandem::lab;
using tandem::memory_order;

// --- what is written in the headers ----------------------------------------------------------------------------------

struct written_order {
  memory_order order;
  std::string edge;  // the name in the comment behind it, if there is one
};

/// A call that takes memory orders, or wakes somebody.
struct call {
  std::string file;  // from include/tandem/ on
  std::size_t first_line;
  std::size_t last_line;
  std::string operation;  // as the lab calls it
  std::vector<written_order> orders;
};

const std::map<std::string, memory_order, std::less<>>& order_names() {
  static const std::map<std::string, memory_order, std::less<>> names{{"relaxed", memory_order::relaxed},
                                                                      {"acquire", memory_order::acquire},
                                                                      {"release", memory_order::release},
                                                                      {"acq_rel", memory_order::acq_rel},
                                                                      {"seq_cst", memory_order::seq_cst}};
  return names;
}

bool is_word(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string word_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  return std::string(text.substr(at, end - at));
}

/// The bracket that is open at `at`.
std::size_t open_bracket(std::string_view code, std::size_t at) {
  for (int depth = 0; at-- > 0;) {
    if (code[at] == ')') ++depth;
    if (code[at] == '(' && depth-- == 0) return at;
  }
  return 0;
}
std::size_t closing_bracket(std::string_view code, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < code.size(); ++at) {
    if (code[at] == '(') ++depth;
    if (code[at] == ')' && --depth == 0) return at;
  }
  return code.size() - 1;
}

std::string edge_behind(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with(" /*")) return {};
  return std::string(text.substr(at + 3, text.find("*/", at) - at - 3));
}

std::string name_in_the_lab(const std::string& operation) {
  if (operation.starts_with("compare_exchange")) return "cas";
  return operation == "unpark_one" ? "unpark" : operation;
}

void find_calls(const std::string& file, const std::string& text, std::vector<call>& found) {
  const std::string code = house::code_of(text, house::keep::code);
  const auto line_of = [&](std::size_t at) {
    return static_cast<std::size_t>(std::count(code.begin(), code.begin() + static_cast<std::ptrdiff_t>(at), '\n')) + 1;
  };
  const auto add = [&](std::size_t open, const written_order* order) {
    std::size_t name = open;
    while (name > 0 && is_word(code[name - 1])) --name;
    const call c{file, line_of(name), line_of(closing_bracket(code, open)), name_in_the_lab(word_at(code, name)), {}};
    const bool known = !found.empty() && found.back().file == file && found.back().first_line == c.first_line &&
                       found.back().operation == c.operation;
    if (!known) found.push_back(c);
    if (order != nullptr) found.back().orders.push_back(*order);
  };
  constexpr std::string_view order = "order::";
  constexpr std::string_view wake = "unpark_one(";
  for (std::size_t at = 0; at < code.size(); ++at) {
    const std::string_view rest = std::string_view(code).substr(at);
    if (at > 0 && is_word(code[at - 1])) continue;
    if (rest.starts_with(order)) {
      const std::string name = word_at(code, at + order.size());
      if (!order_names().contains(name)) continue;
      const written_order w{order_names().at(name), edge_behind(text, at + order.size() + name.size())};
      add(open_bracket(code, at), &w);
    } else if (rest.starts_with(wake)) {
      add(at + wake.size() - 1, nullptr);
    }
  }
}

std::vector<call> calls_in_the_headers() {
  std::vector<call> found;
  for (const auto& [file, text] : house::read_tree(TANDEM_SOURCE_DIR "/include/tandem")) {
    if (!file.starts_with("platform/") && !file.starts_with("lab/")) find_calls(file, text, found);
  }
  return found;
}

// --- where the killers come across them ------------------------------------------------------------------------------

/// A call, as the lab has met it.
struct place {
  const call* written;
  std::string function;
  std::vector<lab::order_site> sites;
  std::set<std::pair<std::uint64_t, std::size_t>> killers;  // that come here: how many executions it has, its number
};

std::string file_in_tandem(const std::string& path) {
  constexpr std::string_view root = "include/tandem/";
  const std::size_t at = path.rfind(root);
  return at == std::string::npos ? path : path.substr(at + root.size());
}

/// "mailbox<T>::party<Side>::leave" -> "mailbox::party::leave"
std::string without_arguments(const std::string& name) {
  std::string plain;
  int depth = 0;
  for (const char c : name) {
    if (c == '<') ++depth;
    if (depth == 0) plain += c;
    if (c == '>') --depth;
  }
  return plain;
}

int failures = 0;

void fail(const std::string& sentence) {
  ++failures;
  std::printf("FAILED: %s\n", sentence.c_str());
}

/// Runs the killers on the library as it is: none finds fault with it, each comes to an end, and somebody comes to each
/// of the calls.
std::vector<place> places_of(const std::vector<call>& calls) {
  std::uint64_t executions = 0;
  std::vector<place> places;
  for (const call& c : calls) places.push_back({&c, {}, {}, {}});
  for (std::size_t k = 0; k < killers::all().size(); ++k) {
    const killers::killer& killer = killers::all()[k];
    const auto [report, sites] = lab::sites_of(killer.bounds, killer.run);
    executions += report.executions;
    std::printf("%-28s %s\n", killer.name, report.summary().c_str());
    if (!report.passed()) fail(std::string(killer.name) + " finds fault with the library as it is");
    if (report.passed() && !report.exhausted) fail(std::string(killer.name) + " does not come to an end");
    for (const auto& [site, use] : sites) {
      for (place& p : places) {
        if (p.written->file != file_in_tandem(site.file) || p.written->operation != use.operation ||
            site.line < p.written->first_line || site.line > p.written->last_line) {
          continue;
        }
        p.function = without_arguments(use.function);
        p.killers.emplace(report.executions, k);
        if (std::find(p.sites.begin(), p.sites.end(), site) == p.sites.end()) p.sites.push_back(site);
      }
    }
  }
  std::printf("%zu killers, %llu executions\n\n", killers::all().size(), static_cast<unsigned long long>(executions));
  for (const place& p : places) {
    if (!p.killers.empty()) continue;
    fail("no killer comes across " + p.written->file + ":" + std::to_string(p.written->first_line) + ", " +
         p.written->operation);
  }
  return places;
}

// --- mutants ---------------------------------------------------------------------------------------------------------

struct mutant {
  const place* where;
  std::string edge;
  std::string change;  // "acquire -> relaxed", "left out"
  std::string key;     // what survivors.txt calls it
  std::vector<lab::fault> faults;
  std::string killer;  // whoever noticed; nobody
  std::string problem;
  std::uint64_t executions = 0;
};

std::vector<memory_order> one_step_weaker(memory_order o, const std::string& operation, bool on_failure) {
  switch (o) {
    case memory_order::seq_cst:
      if (operation == "load" || on_failure) return {memory_order::acquire};
      return {operation == "store" ? memory_order::release : memory_order::acq_rel};
    case memory_order::acq_rel: return {memory_order::acquire, memory_order::release};
    case memory_order::acquire:
    case memory_order::release: return {memory_order::relaxed};
    default: return {};
  }
}

mutant make_mutant(const place& p, const std::string& edge, const std::string& change, lab::fault f, bool on_failure) {
  mutant m{&p, edge, change, {}, {}, {}, {}};
  m.key = p.written->file + " " + p.function + " " + p.written->operation + (on_failure ? " that fails" : "") + " " +
          change + (edge.empty() ? "" : " [" + edge + "]");
  for (const lab::order_site& s : p.sites) {
    if (f.what == lab::fault::kind::weaken && s.on_failure != on_failure) continue;
    f.file = s.file;
    f.line = s.line;
    f.column = s.column;
    f.on_failure = on_failure;
    m.faults.push_back(f);
  }
  return m;
}

/// All of them; those that would have the same key are numbered.
std::vector<mutant> mutants_of(const std::vector<place>& places) {
  std::vector<mutant> mutants;
  for (const place& p : places) {
    if (p.written->orders.empty()) {
      lab::fault f;
      f.what = lab::fault::kind::omit;
      mutants.push_back(make_mutant(p, "", "left out", f, false));
    }
    for (std::size_t i = 0; i < p.written->orders.size(); ++i) {
      const auto& [order, edge] = p.written->orders[i];
      for (const memory_order to : one_step_weaker(order, p.written->operation, i == 1)) {
        lab::fault f;
        f.to = to;
        const std::string change = std::string(lab::name_of(order)) + " -> " + std::string(lab::name_of(to));
        mutants.push_back(make_mutant(p, edge, change, f, i == 1));
      }
    }
  }
  std::map<std::string, int> seen;
  for (const mutant& m : mutants) ++seen[m.key];
  std::map<std::string, int> numbered;
  for (mutant& m : mutants) {
    if (seen[m.key] > 1) m.key += " #" + std::to_string(++numbered[m.key]);
  }
  return mutants;
}

void hunt(mutant& m) {
  for (const auto& [executions, k] : m.where->killers) {  // those that have the least to do come first
    const killers::killer& killer = killers::all()[k];
    lab::options with_faults = killer.bounds;
    with_faults.faults = m.faults;
    const lab::report report = lab::explore(with_faults, killer.run);
    m.executions += report.executions;
    if (report.passed()) continue;
    m.killer = killer.name;
    m.problem = lab::name_of(report.what);
    return;
  }
}

// --- what was found --------------------------------------------------------------------------------------------------

/// survivors.txt: a key in a line of its own, and indented below it why nothing notices.
std::map<std::string, std::string> justifications() {
  std::map<std::string, std::string> found;
  std::ifstream in(TANDEM_SOURCE_DIR "/tests/mutation/survivors.txt");
  std::string* last = nullptr;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.front() != ' ') {
      last = &found[house::trimmed(line)];
    } else if (last != nullptr) {
      *last += (last->empty() ? "" : " ") + house::trimmed(line);
    }
  }
  return found;
}

std::string table_of(const std::vector<mutant>& mutants, const std::map<std::string, std::string>& reasons) {
  std::string table = "| Where | What | Edge | Weakened | Noticed by |\n|---|---|---|---|---|\n";
  for (const mutant& m : mutants) {
    const auto reason = reasons.find(m.key);
    const std::string fate = !m.killer.empty()         ? m.killer + ": " + m.problem
                             : reason != reasons.end() ? "*nobody:* " + reason->second
                                                       : "**nobody**";
    table += "| `" + m.where->written->file + "`<br>`" + m.where->function + "` | " + m.where->written->operation +
             " | " + m.edge + " | " + m.change + " | " + fate + " |\n";
  }
  return table;
}

const std::string document = TANDEM_SOURCE_DIR "/docs/mutation.md";
constexpr std::string_view table_begins = "<!-- orders: made by tests/mutation/orders.cpp -->\n";
constexpr std::string_view table_ends = "<!-- orders: end -->\n";

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// The document with this table in it.
std::string document_with(const std::string& table) {
  const std::string text = text_of(document);
  const std::size_t begin = text.find(table_begins);
  const std::size_t end = text.find(table_ends);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  return text.substr(0, begin) + std::string(table_begins) + "\n" + table + "\n" + text.substr(end);
}

}  // namespace

int main(int count, char** arguments) {
  const bool update = count == 2 && std::string_view(arguments[1]) == "--update";
  const std::vector<call> calls = calls_in_the_headers();
  const std::vector<place> places = places_of(calls);
  std::vector<mutant> mutants = mutants_of(places);
  std::map<std::string, std::string> reasons = justifications();
  const auto begin = std::chrono::steady_clock::now();
  std::size_t killed = 0;
  for (mutant& m : mutants) {
    if (m.faults.empty()) continue;  // not reached: said already
    hunt(m);
    std::printf("%-100s %s (%llu executions)\n", m.key.c_str(), m.killer.empty() ? "SURVIVES" : m.killer.c_str(),
                static_cast<unsigned long long>(m.executions));
    std::fflush(stdout);
    killed += m.killer.empty() ? 0 : 1;
    if (m.killer.empty() && !reasons.contains(m.key)) fail("nobody notices: " + m.key);
    if (!m.killer.empty() && reasons.contains(m.key))
      fail("survivors.txt lists what " + m.killer + " notices: " + m.key);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  for (const auto& [key, reason] : reasons) {
    if (std::none_of(mutants.begin(), mutants.end(), [&k = key](const mutant& m) { return m.key == k; })) {
      fail("survivors.txt lists what there is not: " + key);
    }
    if (reason.empty()) fail("survivors.txt gives no reason for " + key);
  }

  const std::string table = table_of(mutants, reasons);
  std::printf("\n%s\n%zu mutants, %zu noticed, in %.1f s\n", table.c_str(), mutants.size(), killed, took.count());
  const std::string wanted = document_with(table);
  if (wanted.empty()) {
    fail("docs/mutation.md has no place for the table");
  } else if (update) {
    std::ofstream(document, std::ios::binary) << wanted;
  } else if (wanted != text_of(document)) {
    fail("docs/mutation.md does not say what was found: run this program with --update");
  }
  return failures == 0 ? 0 : 1;
}
