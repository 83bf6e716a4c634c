// Each rule of the house, put to small trees that break it and to ones that keep it: a rule that cannot fail is none.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "code_rules.hpp"
#include "document_rules.hpp"
#include "support/catch.hpp"
#include "tree.hpp"

using house::tree;
using house::violations;

namespace {

/// Exactly one violation, at this place, whose sentence says this.
void require_one(const violations& found, const std::string& path, std::size_t line, const std::string& part) {
  INFO(house::describe(found));
  REQUIRE(found.size() == 1);
  CHECK(found[0].path == path);
  CHECK(found[0].line == line);
  CHECK(found[0].sentence.find(part) != std::string::npos);
}

void require_none(const violations& found) {
  INFO(house::describe(found));
  REQUIRE(found.empty());
}

tree header(const std::string& name, const std::string& text) { return {{"include/tandem/" + name, text}}; }

}  // namespace

TEST_CASE("code_of blanks comments and, if asked, strings, and keeps every line in its place") {
  const std::string text = "a // x\nb /* y\n z */ c\n\"s // t\" d 'q' 1'000 e\nR\"k(r\n)k\" f \"\\\"g\" h\n";
  CHECK(house::code_of(text, house::keep::code) ==
        "a     \nb     \n      c\n\"      \" d ' ' 1'000 e\n     \n    f \"   \" h\n");
  CHECK(house::code_of(text, house::keep::code_and_strings) ==
        "a     \nb     \n      c\n\"s // t\" d 'q' 1'000 e\nR\"k(r\n)k\" f \"\\\"g\" h\n");
}

TEST_CASE("read_tree reads a folder, except what is built there") {
  namespace fs = std::filesystem;
  const fs::path root = fs::temp_directory_path() / "tandem_house_rules_test";
  fs::remove_all(root);
  for (const char* folder : {"docs", "build/dev", ".git"}) {
    fs::create_directories(root / folder);
    std::ofstream(root / folder / "file") << folder << '\n';
  }
  const tree files = house::read_tree(root);
  fs::remove_all(root);
  CHECK(files == tree{{"docs/file", "docs\n"}});
}

TEST_CASE("layers") {
  const auto check = [](const std::string& from, const std::string& to) {
    return house::layers(header(from, "#pragma once\n#include <tandem/" + to + ">\n"));
  };
  SECTION("downward is allowed, and so is the same floor where there are no primitives") {
    require_none(check("tandem.hpp", "sync/rendezvous.hpp"));
    require_none(check("sync/rendezvous.hpp", "detail/waiter.hpp"));
    require_none(check("async/mailbox.hpp", "mode.hpp"));
    require_none(check("port.hpp", "mode.hpp"));
    require_none(check("detail/waiter.hpp", "detail/parker.hpp"));
    require_none(check("detail/waiter.hpp", "platform/platform.hpp"));
  }
  SECTION("upward is not") {
    require_one(check("platform/native.hpp", "detail/waiter.hpp"), "include/tandem/platform/native.hpp", 2, "downward");
    require_one(check("detail/waiter.hpp", "status.hpp"), "include/tandem/detail/waiter.hpp", 2, "downward");
    require_one(check("mode.hpp", "sync/rendezvous.hpp"), "include/tandem/mode.hpp", 2, "downward");
    require_one(check("sync/rendezvous.hpp", "tandem.hpp"), "include/tandem/sync/rendezvous.hpp", 2, "downward");
  }
  SECTION("sideways between primitives is not") {
    require_one(check("sync/rendezvous.hpp", "async/mailbox.hpp"), "include/tandem/sync/rendezvous.hpp", 2, "sideways");
    require_one(check("async/mailbox.hpp", "sync/rendezvous.hpp"), "include/tandem/async/mailbox.hpp", 2, "sideways");
    require_one(check("async/mailbox.hpp", "async/future.hpp"), "include/tandem/async/mailbox.hpp", 2, "sideways");
  }
  SECTION("nobody but the lab includes the lab, whose public header stands above all that it runs") {
    require_none(check("lab/lab.hpp", "lab/detail/execution.hpp"));
    require_none(check("lab/platform.hpp", "lab/detail/execution.hpp"));
    require_none(check("lab/lab.hpp", "platform/platform.hpp"));
    const std::string memory = "lab/detail/memory.hpp";
    require_one(check(memory, "detail/waiter.hpp"), "include/tandem/" + memory, 2, "downward");
    require_one(check(memory, "lab/lab.hpp"), "include/tandem/" + memory, 2, "downward");
    require_one(check("lab/platform.hpp", "lab/lab.hpp"), "include/tandem/lab/platform.hpp", 2, "downward");
    require_one(check("detail/waiter.hpp", "lab/platform.hpp"), "include/tandem/detail/waiter.hpp", 2, "downward");
    require_one(check("trace/x.hpp", memory), "include/tandem/trace/x.hpp", 2, "downward");
    require_one(check("tandem.hpp", "lab/lab.hpp"), "include/tandem/tandem.hpp", 2, "downward");
  }
  SECTION("a quoted include would get around the rule") {
    require_one(house::layers(header("mode.hpp", "#include \"status.hpp\"\n")), "include/tandem/mode.hpp", 1, "quotes");
  }
  SECTION("a new folder needs a floor") {
    require_one(house::layers(header("attic/x.hpp", "")), "include/tandem/attic/x.hpp", 0, "floor");
    require_one(house::layers(header("sync/attic/x.hpp", "")), "include/tandem/sync/attic/x.hpp", 0, "floor");
  }
  SECTION("an include in a comment is none") {
    require_none(house::layers(header("mode.hpp", "// #include <tandem/tandem.hpp>\n")));
  }
}

TEST_CASE("ground") {
  for (const std::string name : {"atomic", "thread", "mutex", "condition_variable", "stop_token", "semaphore", "latch",
                                 "barrier", "future", "shared_mutex", "ctime", "unistd.h", "sys/syscall.h",
                                 "linux/futex.h", "pthread.h", "windows.h", "mach/mach_time.h"}) {
    CAPTURE(name);
    const std::string text = "#pragma once\n#  include <" + name + ">\n";
    require_one(house::ground(header("detail/waiter.hpp", text)), "include/tandem/detail/waiter.hpp", 2, name);
    require_none(house::ground(header("platform/native.hpp", text)));
    require_none(house::ground(header("lab/platform.hpp", text)));
    require_none(house::ground(header("lab/detail/memory.hpp", text)));
    require_one(house::ground(header("lab/lab.hpp", text)), "include/tandem/lab/lab.hpp", 2, name);
  }
  for (const std::string use : {"std::atomic<int> a;", "auto t = std::chrono::steady_clock::now();", "std::jthread t;",
                                "std::this_thread::yield();", "std::memory_order_relaxed", "std::unique_lock l(m);"}) {
    CAPTURE(use);
    require_one(house::ground(header("sync/x.hpp", use)), "include/tandem/sync/x.hpp", 1, "only platform/");
    require_none(house::ground(header("platform/native.hpp", use)));
    require_none(house::ground(header("sync/x.hpp", "// unlike " + use)));
  }
  require_none(house::ground(header("sync/x.hpp",
                                    "#include <chrono>\n#include <memory>\nstd::chrono::seconds s;\n"
                                    "auto now = platform::clock::now();\nmutex m;\nfuture<int> f;\n")));
}

TEST_CASE("fences") {
  const std::string fence = "std::atomic_thread_fence(order);";
  require_one(house::fences({{"include/tandem/platform/native.hpp", "\n" + fence}}),
              "include/tandem/platform/native.hpp", 2, "fences");
  require_one(house::fences({{"benchmarks/rival.cpp", "__sync_synchronize();"}}), "benchmarks/rival.cpp", 1, "fences");
  require_none(house::fences({{"docs/x.md", fence},
                              {"tests/x.test.cpp", "// no " + fence},
                              {"tests/y.test.cpp", "std::atomic_signal_fence(order);"}}));
}

TEST_CASE("widths") {
  const std::string full(120, 'x');
  require_none(house::widths({{"tests/x.test.cpp", full + "\n\n" + full + "\n"}, {"docs/x.md", full + "y"}}));
  require_one(house::widths({{"tests/x.test.cpp", full + "\n" + full + "y\n"}}), "tests/x.test.cpp", 2, "121 columns");
  require_one(house::widths(header("mode.hpp", "// " + full)), "include/tandem/mode.hpp", 1, "123 columns");

  std::string umlauts;  // two bytes each, one column
  for (int i = 0; i < 120; ++i) umlauts += "\xC3\xBC";
  require_none(house::widths({{"examples/x.cpp", umlauts}}));
  require_one(house::widths({{"examples/x.cpp", umlauts + "\xC3\xBC"}}), "examples/x.cpp", 1, "121 columns");
}

TEST_CASE("explanations") {
  const std::string all =
      "// x.hpp: a thing\n//\n// Contract   a\n//            b\n// Algorithm  c\n// Invariants d\n// Order      e\n"
      "// Cost       f\n// Source     [k]\n// Tests      g\n#pragma once\n";
  require_none(house::explanations(header("sync/x.hpp", all)));
  require_none(house::explanations(header("mode.hpp", "// Contract  a\n// Tests  b\n")));
  require_none(house::explanations(header("platform/x.hpp", "")));
  CHECK(house::explanations(header("detail/x.hpp", "")).size() == 2);
  CHECK(house::explanations(header("lab/platform.hpp", "")).size() == 2);
  CHECK(house::explanations(header("lab/detail/x.hpp", "")).size() == 2);
  require_none(house::explanations(header("tandem.hpp", "")));

  std::string without = all;
  without.erase(without.find("// Order"), std::string("// Order      e\n").size());
  require_one(house::explanations(header("sync/x.hpp", without)), "include/tandem/sync/x.hpp", 0, "// Order");
  require_none(house::explanations(header("mode.hpp", without)));
  require_one(house::explanations(header("mode.hpp", "// Tests  b\n// Contract  a\n")), "include/tandem/mode.hpp", 2,
              "\"Contract\" comes too late");
  require_one(house::explanations(header("mode.hpp", "// Contract  a\n#pragma once\n// Tests  b\n")),
              "include/tandem/mode.hpp", 0, "// Tests");
}

TEST_CASE("sources") {
  tree files =
      header("sync/x.hpp", "// Contract [not-a-key]\n// Source  [hoare-1978]; see\n//   also [go-chan]\n// Tests\n");
  files["docs/bibliography.md"] = "- **[hoare-1978]** C. A. R. Hoare\n- **[go-chan]**\n";
  require_none(house::sources(files));
  files["docs/bibliography.md"] = "- **[hoare-1978]** C. A. R. Hoare\n";
  require_one(house::sources(files), "include/tandem/sync/x.hpp", 2, "[go-chan]");
  files.erase("docs/bibliography.md");
  CHECK(house::sources(files).size() == 2);
}

TEST_CASE("pairs") {
  const tree complete{{"include/tandem/sync/x.hpp", ""},
                      {"tests/x.test.cpp", ""},
                      {"examples/x.cpp", ""},
                      {"docs/reference/x.md", ""},
                      {"tests/stress/x.stress.cpp", ""}};
  require_none(house::pairs(complete));
  for (const auto& [partner, text] : complete) {
    if (partner.ends_with(".hpp")) continue;
    CAPTURE(partner);
    tree files = complete;
    files.erase(partner);
    require_one(house::pairs(files), "include/tandem/sync/x.hpp", 0, partner);
  }
  CHECK(house::pairs(header("mode.hpp", "")).size() == 3);  // no stress test wanted
  require_none(house::pairs(header("detail/x.hpp", "")));
  require_none(house::pairs(header("platform/x.hpp", "")));
  require_none(house::pairs(header("lab/platform.hpp", "")));
  require_none(house::pairs(header("lab/detail/x.hpp", "")));
  CHECK(house::pairs(header("lab/x.hpp", "")).size() == 3);
  CHECK(house::pairs(header("tandem.hpp", "")).size() == 3);
}

TEST_CASE("listed") {
  tree files{{"include/tandem/tandem.hpp", "#include <tandem/sync/x.hpp>\n"},
             {"include/tandem/sync/x.hpp", ""},
             {"include/tandem/detail/y.hpp", ""},
             {"docs/README.md", "[sync/x.hpp](reference/x.md) [tandem.hpp](reference/tandem.md)"},
             {"docs/reference/tandem.md", "[sync/x.hpp](x.md)"}};
  require_none(house::listed(files));
  files["docs/reference/tandem.md"] = "sync/x.hpp";
  require_one(house::listed(files), "docs/reference/tandem.md", 0, "[sync/x.hpp]");
  files["docs/reference/tandem.md"] = "[sync/x.hpp](x.md)";
  files["docs/README.md"] = "[sync/x.hpp](reference/x.md)";
  require_one(house::listed(files), "docs/README.md", 0, "[tandem.hpp]");
}

TEST_CASE("tables") {
  require_none(house::tables({{"x.md", "text\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |\n"}}));
  require_none(house::tables({{"x.md", "```text\n| a |\n```\n"}, {"x.txt", "| a |\n"}}));
  require_one(house::tables({{"x.md", "| a |\n|---|\n| 1 |\n\n| 2 |\n"}}), "x.md", 5, "no table");
  require_one(house::tables({{"x.md", "| a |"}}), "x.md", 1, "no table");
}

TEST_CASE("torn") {
  const std::string whole =
      "// Invariants 1. One and\n//               one.\n//            2. Two.\n// Tests      all\n";
  require_none(house::torn(header("x.hpp", whole)));
  require_one(house::torn(header("x.hpp", "// Invariants 1. One and\n//            one.\n")), "include/tandem/x.hpp", 2,
              "below the text");
  require_none(house::torn(header("x.hpp", "#pragma once\n// 1. One\n// and\n")));
}

TEST_CASE("included first") {
  tree files = header("sync/x.hpp", "");
  files["tests/x.test.cpp"] = "// a test\n#include <tandem/sync/x.hpp>\n#include <vector>\n";
  require_none(house::included_first(files));
  files["tests/x.test.cpp"] = "// a test\n#include <vector>\n#include <tandem/sync/x.hpp>\n";
  require_one(house::included_first(files), "tests/x.test.cpp", 2, "<tandem/sync/x.hpp> first");
  require_none(house::included_first({{"include/tandem/detail/x.hpp", ""}, {"tests/x.test.cpp", ""}}));
}

TEST_CASE("snippets") {
  tree files{{"examples/x.cpp",
              "int a;\n  // [r]\n  if (a) {\n    // [inner]\n    b();\n    // [/inner]\n\n  }\n  // [/r]\n"}};
  const std::string quote = "```cpp\nif (a) {\n  b();\n\n}\n```\n";
  const auto page = [&](const std::string& text) {
    files["docs/p.md"] = text;
    return house::snippets(files);
  };
  SECTION("a quotation, to the letter") {
    require_none(page("<!-- snippet: examples/x.cpp#r -->\n" + quote));
    require_none(page("<!-- snippet: examples/x.cpp#r -->\n\n" + quote));
    require_none(page("<!-- snippet: examples/x.cpp#inner -->\n```cpp\nb();\n```\n"));
  }
  SECTION("no origin") { require_one(page("Text.\n\n" + quote), "docs/p.md", 3, "without"); }
  SECTION("an origin that belongs to an earlier block") {
    require_one(page("<!-- snippet: examples/x.cpp#r -->\n" + quote + "\n" + quote), "docs/p.md", 9, "without");
  }
  SECTION("no such file, no such region") {
    require_one(page("<!-- snippet: examples/y.cpp#r -->\n" + quote), "docs/p.md", 2, "no region");
    require_one(page("<!-- snippet: examples/x.cpp#q -->\n" + quote), "docs/p.md", 2, "no region");
  }
  SECTION("a line that differs, is missing, or is too many") {
    const std::string origin = "<!-- snippet: examples/x.cpp#inner -->\n";
    require_one(page(origin + "```cpp\nc();\n```\n"), "docs/p.md", 3, "b();");
    require_one(page(origin + "```cpp\n```\n"), "docs/p.md", 3, "b();");
    require_one(page(origin + "```cpp\nb();\nc();\n```\n"), "docs/p.md", 4, "nothing more");
    require_one(page(origin + "```cpp\n b();\n```\n"), "docs/p.md", 3, "b();");
  }
  SECTION("other languages are free, a block without one is not") {
    require_none(page("```sh\nls\n```\n~~~text\nx\n~~~\n"));
    require_one(page("```\nint a;\n```\n"), "docs/p.md", 1, "language");
    require_one(page("```c++\nint a;\n```\n"), "docs/p.md", 1, "language");
  }
  SECTION("the README is a document, a CHANGELOG is not") {
    files["README.md"] = quote;
    files["CHANGELOG.md"] = quote;
    require_one(house::snippets(files), "README.md", 1, "without");
  }
}

TEST_CASE("links") {
  tree files{{"README.md", "# tandem\n"},
             {"docs/a/b.md", "# The `try_` *way*, at once\n\n## Twice\n\n## Twice\n\n<a id=\"here\"></a>\n"},
             {"docs/c.md", ""}};
  const auto page = [&](const std::string& text) {
    files["docs/p.md"] = text;
    return house::links(files);
  };
  require_none(page("[b](a/b.md) [up](../README.md) [a folder](a/) [web](https://x.org/y.md) [me](#top)\n# Top\n"));
  require_none(page("[1](a/b.md#the-try_-way-at-once) [2](a/b.md#twice) [3](a/b.md#twice-1) [4](a/b.md#here)\n"));
  require_none(page("`[x](nowhere.md)`\n```text\n[x](nowhere.md)\n```\n"));
  require_none(page("see [b][1]\n\n[1]: a/b.md\n"));
  require_one(page("\n[x](nowhere.md)\n"), "docs/p.md", 2, "nowhere.md");
  require_one(page("see [b][1]\n\n[1]: a/nowhere.md\n"), "docs/p.md", 3, "a/nowhere.md");
  require_one(page("[x](a/b.md#thrice)\n"), "docs/p.md", 1, "heading");
  require_one(page("[x](#gone)\n"), "docs/p.md", 1, "heading");
  require_one(page("[x](a/b.md) [y](b.md)\n"), "docs/p.md", 1, "links to b.md");
}

TEST_CASE("mentions") {
  tree files = header("mode.hpp", "// Tests  tests/mode.test.cpp, tests/stress/mode.stress.cpp\n");
  files["tests/mode.test.cpp"] = "";
  require_one(house::mentions(files), "include/tandem/mode.hpp", 1, "tests/stress/mode.stress.cpp");
  files["tests/stress/mode.stress.cpp"] = "";
  require_none(house::mentions(files));
  files["README.md"] = "Look at `examples/first.cpp`.\n";
  require_one(house::mentions(files), "README.md", 1, "examples/first.cpp");
}

TEST_CASE("leftovers") {
  const std::string word = std::string("TO") + "DO";
  require_one(house::leftovers({{"cmake/x.cmake", "\n# " + word + ": more\n"}}), "cmake/x.cmake", 2, "left for later");
  require_one(house::leftovers({{"x", "FIX" + std::string("ME\n")}}), "x", 1, "left for later");
  require_none(house::leftovers({{"x", word + "S are not words\nmasto" + word + "n\n"}}));
  for (const char sign : {'<', '=', '>', '|'}) {
    const std::string mark(7, sign);
    const std::string name = sign == '=' ? "" : " main";
    require_one(house::leftovers({{"docs/x.md", "- one\n" + mark + name + "\n"}}), "docs/x.md", 2, "half done");
    require_none(house::leftovers({{"x", "a title\n" + mark + mark + "\n " + mark + "\n"}}));
  }
}

TEST_CASE("stumbling") {
  const std::string words = std::string("but ") + "for";
  require_one(house::stumbling({{"docs/x.md", "all,\n" + words + " one\n"}}), "docs/x.md", 2, "say \"except\"");
  require_one(house::stumbling({{"docs/x.md", "all, but\nfor" + std::string(" one\n")}}), "docs/x.md", 1, "except");
  require_one(house::stumbling({{"include/tandem/x.hpp", "// all, but\n//   for" + std::string(" one\n")}}),
              "include/tandem/x.hpp", 1, "except");
  require_one(house::stumbling({{"docs/x.md", std::string("woken in ") + "vain\n"}}), "docs/x.md", 1, "failed");
  require_one(house::stumbling({{"docs/x.md", std::string("called all the ") + "same\n"}}), "docs/x.md", 1, "still");
  require_none(house::stumbling({{"docs/x.md", "but forward\n"}, {"x.py", words}}));
}

TEST_CASE("one version") {
  const tree agreed{
      {"CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(tandem\n  VERSION 1.2.3\n  X)\n"},
      {"include/tandem/version.hpp", "#define TANDEM_VERSION 10203\n#define TANDEM_VERSION_STRING \"1.2.3\"\n"},
      {"CHANGELOG.md", "## [1.2.3]\n"}};
  require_none(house::one_version(agreed));
  const auto with = [&](const std::string& path, const std::string& text) {
    tree files = agreed;
    files[path] = text;
    return house::one_version(files);
  };
  require_one(with("CHANGELOG.md", "## [1.2.2]\n"), "CHANGELOG.md", 0, "1.2.3");
  require_one(with("CMakeLists.txt", "project(tandem)\n"), "CMakeLists.txt", 0, "VERSION");
  require_one(
      with("include/tandem/version.hpp", "#define TANDEM_VERSION 10204\n#define TANDEM_VERSION_STRING \"1.2.3\"\n"),
      "include/tandem/version.hpp", 0, "10203");
  require_one(
      with("include/tandem/version.hpp", "#define TANDEM_VERSION 10203\n#define TANDEM_VERSION_STRING \"1.2.4\"\n"),
      "include/tandem/version.hpp", 0, "\"1.2.3\"");
  CHECK(with("include/tandem/version.hpp", "").size() == 2);
}
