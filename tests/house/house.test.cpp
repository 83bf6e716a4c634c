// This tree keeps the rules of the house.

#include "code_rules.hpp"
#include "document_rules.hpp"
#include "support/catch.hpp"
#include "tree.hpp"

namespace {

const house::tree& this_tree() {
  static const house::tree files = house::read_tree(TANDEM_SOURCE_DIR);
  return files;
}

void require_none(const house::violations& found) {
  INFO("\n" << house::describe(found));
  REQUIRE(found.empty());
}

}  // namespace

TEST_CASE("the tree is there") { REQUIRE(this_tree().contains("CMakeLists.txt")); }

TEST_CASE("layers: include downward only") { require_none(house::layers(this_tree())); }
TEST_CASE("ground: only platform/ touches threads, clocks and the system") { require_none(house::ground(this_tree())); }
TEST_CASE("fences: none") { require_none(house::fences(this_tree())); }
TEST_CASE("widths: no line beyond 120 columns") { require_none(house::widths(this_tree())); }
TEST_CASE("explanations: a header explains itself") { require_none(house::explanations(this_tree())); }
TEST_CASE("torn: no numbered sentence is") { require_none(house::torn(this_tree())); }
TEST_CASE("sources: every key is in the bibliography") { require_none(house::sources(this_tree())); }
TEST_CASE("pairs: a test, an example, a page, a stress test") { require_none(house::pairs(this_tree())); }
TEST_CASE("listed: every public header") { require_none(house::listed(this_tree())); }
TEST_CASE("included first: by its own test") { require_none(house::included_first(this_tree())); }
TEST_CASE("snippets: documents quote what is compiled") { require_none(house::snippets(this_tree())); }
TEST_CASE("links: lead somewhere") { require_none(house::links(this_tree())); }
TEST_CASE("mentions: of files that exist") { require_none(house::mentions(this_tree())); }
TEST_CASE("tables: no row is torn off") { require_none(house::tables(this_tree())); }
TEST_CASE("leftovers: none") { require_none(house::leftovers(this_tree())); }
TEST_CASE("stumbling: no words over which a reader stumbles") { require_none(house::stumbling(this_tree())); }
TEST_CASE("one version") { require_none(house::one_version(this_tree())); }
