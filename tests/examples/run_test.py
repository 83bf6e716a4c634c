"""examples/run and the list of examples: every example is listed once, --list builds nothing, a name builds and runs
that example, and a wrong name gets the nearest ones. Small scripts play the compiler and CMake, so nothing is
compiled."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = sorted(file.stem for file in (ROOT / "examples").glob("*.cpp"))
ITEM = re.compile(r"- \[(.+)\]\((.+)\): (.+)")
TOOLS = ("bash", "basename", "cat", "chmod", "dirname", "env", "mkdir", "sed", "sh", "sort", "true")
DEMO = "phone_versus_email"

COMPILER = """#!/bin/sh
case "$*" in
  *-dM*) echo '#define __GNUC__ 12' ;;
  *) test -e "$SANDBOX/boost" ;;
esac
"""

# It builds a program that says its name and its arguments.
CMAKE = """#!/bin/sh
test "$1" = --build || exit 0
test ! -e "$SANDBOX/broken" || { echo 'a line of the compiler'; exit 1; }
name=${4#tandem_example_}
mkdir -p "$2/examples"
printf '#!/bin/sh\\nprintf "[%%s]" %s "$@"\\n' "$name" >"$2/examples/$name"
chmod +x "$2/examples/$name"
"""

APT_GET = """#!/bin/sh
case "$*" in *libboost-dev*) echo >"$SANDBOX/boost" ;; esac
"""


def items_of(page):
    """The headings of the page, as strings, and its items, as (name, link, sentence), in their order."""
    found = []
    for line in page.splitlines():
        if line.startswith("## "):
            found.append(line[3:])
        elif line.startswith("- "):
            found.append(ITEM.fullmatch(line).groups())
    return found


class Sandbox(unittest.TestCase):
    """A copy of the examples, and a PATH with a few tools in it, but no compiler and no CMake."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.sandbox = pathlib.Path(folder.name).resolve()
        self.tree = self.sandbox / "a tree"
        self.bin = self.sandbox / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        shutil.copytree(ROOT / "examples", self.tree / "examples")
        (self.tree / "cmake").mkdir()
        shutil.copy2(ROOT / "cmake" / "install_missing.sh", self.tree / "cmake")

    def provide(self, tool, script):
        (self.bin / tool).write_text(script)
        (self.bin / tool).chmod(0o755)

    def provide_tools(self):
        for tool, script in (("g++", COMPILER), ("cmake", CMAKE), ("make", "#!/bin/sh\n")):
            self.provide(tool, script)

    def files(self):
        return sorted(self.sandbox.rglob("*"))

    def run_example(self, *arguments, cwd=None):
        # only these: CXX, CXXFLAGS and others of the caller must not matter
        surroundings = {"PATH": str(self.bin), "SANDBOX": str(self.sandbox), "LC_ALL": "C"}
        return subprocess.run([self.tree / "examples" / "run", *arguments], cwd=cwd or self.tree, env=surroundings,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def assert_runs(self, expected, *arguments, cwd=None):
        done = self.run_example(*arguments, cwd=cwd)
        self.assertEqual((done.stdout, done.stderr, done.returncode),
                         ("".join(f"[{word}]" for word in expected), "", 0), arguments)


class Page(unittest.TestCase):
    items = items_of((ROOT / "examples" / "README.md").read_text(encoding="utf-8"))

    def test_every_example_is_listed_once_and_nothing_else_is(self):
        names = [item[0] for item in self.items if not isinstance(item, str)]
        self.assertEqual(sorted(names), EXAMPLES)

    def test_every_item_links_to_its_example_and_is_short(self):
        self.assertIsInstance(self.items[0], str, "the first item has no heading")
        for item in self.items:
            if isinstance(item, str):
                continue
            name, link, sentence = item
            self.assertEqual(link, f"{name}.cpp")
            self.assertLessEqual(len(sentence), 60, sentence)

    def test_every_heading_has_items(self):
        for above, below in zip(self.items, [*self.items[1:], "the end"]):
            self.assertFalse(isinstance(above, str) and isinstance(below, str), f"nothing is listed under {above}")


class List(Sandbox):
    def test_it_says_what_the_page_says(self):
        done = self.run_example("--list")
        self.assertEqual((done.stderr, done.returncode), ("", 0))
        expected = []
        for item in Page.items:
            if isinstance(item, str):
                expected += ["", item] if expected else [item]
            else:
                expected.append(f"  {item[0]:<{max(map(len, EXAMPLES))}}  {item[2].replace('`', '')}")
        self.assertEqual(done.stdout.splitlines(), expected)
        self.assertLessEqual(max(map(len, expected)), 78)

    def test_it_needs_no_compiler_and_builds_nothing(self):
        before = self.files()
        for word in ("--list", "--help", "-h"):
            done = self.run_example(word, cwd=self.sandbox)
            self.assertEqual((done.stderr, done.returncode), ("", 0), word)
        self.assertEqual(self.files(), before)

    def test_it_stands_alone(self):
        done = self.run_example("--list", "chat")
        self.assertEqual((done.stdout, done.returncode), ("", 2))
        self.assertEqual(done.stderr, "examples/run: --list stands alone, without 'chat'\n")

    def test_help_names_the_ways_to_call_it(self):
        said = self.run_example("--help").stdout
        for words in ("--list", "chat", f"{DEMO} --help", "CXX"):
            self.assertIn(words, said)
        self.assertNotIn("#", said)


class Names(Sandbox):
    def assert_nearest(self, word, *nearest, cwd=None):
        done = self.run_example(word, cwd=cwd)
        sentence = f"examples/run: there is no example '{word}', and no file of that name."
        if nearest:
            sentence += f" Did you mean {' or '.join(nearest)}?"
        self.assertEqual(done.stderr, sentence + "\nexamples/run: examples/run --list shows all of them\n")
        self.assertEqual((done.stdout, done.returncode), ("", 2))

    def test_a_wrong_name_gets_the_nearest(self):
        before = self.files()
        for word, *nearest in (
            ("mailbix", "mailbox"),  # replaced
            ("malbox", "mailbox"),  # left out
            ("chatt", "chat"),  # put in
            ("chta", "chat"),  # swapped
            ("rendevouz", "rendezvous"),
            ("rendez", "rendezvous"),  # the beginning
            ("phone", DEMO),
            ("email", DEMO),  # the end
            ("sel", "select", "selector"),  # the shorter one is nearer
            ("pool", "thread_pool", "worker_pool"),
            ("threadpool", "thread_pool", "thread"),
            ("MAILBOX", "mailbox"),
            ("co_select", "select"),  # contains it
            ("mailbox.hpp", "mailbox"),
            ("examples/mailbix.cpp", "mailbox"),
        ):
            self.assert_nearest(word, *nearest)
        self.assertEqual(self.files(), before)

    def test_at_most_three_are_named(self):
        self.assertGreater(sum("er" in name for name in EXAMPLES), 3)
        self.assertEqual(self.run_example("er").stderr.count(" or "), 2)

    def test_what_is_like_no_example(self):
        for word in ("", "e", "*", "\\", "xyzzy", "x" * 5000):
            self.assert_nearest(word)

    def test_a_folder_is_no_file(self):
        self.assert_nearest("examples")
        self.assert_nearest("data", cwd=self.tree / "examples")
        self.assert_nearest(".")
        self.assert_nearest("..")
        self.assert_nearest(str(self.tree))

    def test_a_path_to_nothing(self):
        self.assert_nearest("../README", cwd=self.tree / "examples")
        self.assert_nearest("no/mailbox")
        self.assert_nearest("examples/")
        self.assert_nearest(".cpp")


class Run(Sandbox):
    def setUp(self):
        super().setUp()
        self.provide_tools()

    def test_without_a_name_it_plays_the_demo(self):
        self.assert_runs([DEMO])
        for arguments in (["--ben-away"], ["-x", "chat"], ["--", "chat"], ["-"], ["--speed", "2", "a b"]):
            self.assert_runs([DEMO, *arguments], *arguments)

    def test_a_file_is_for_the_demo(self):
        (self.tree / "questions").write_text("Are you there?\n")
        self.assert_runs([DEMO, "questions", "--speed", "2"], "questions", "--speed", "2")
        self.assert_runs([DEMO, "/dev/null"], "/dev/null")  # no folder, and no usual file

    def test_a_name_runs_the_example(self):
        for name in EXAMPLES:
            if name != "asio":
                self.assert_runs([name], name)
        for word in ("chat", "chat.cpp", "examples/chat.cpp", "./examples/chat.cpp"):
            self.assert_runs(["chat", "a b", "", "--list", "*"], word, "a b", "", "--list", "*")
        self.assert_runs(["chat"], "examples/chat.cpp", cwd=self.sandbox)
        self.assert_runs(["chat"], "../examples/chat.cpp", cwd=self.tree / "cmake")
        self.assert_runs([DEMO, "--help"], DEMO, "--help")

    def test_a_name_comes_before_a_file_of_that_name(self):
        (self.tree / "mailbox").write_text("Are you there?\n")
        self.assert_runs(["mailbox"], "mailbox")

    def test_what_cannot_be_built_is_named(self):
        (self.sandbox / "broken").touch()
        for arguments, name in (([], DEMO), (["chat"], "chat")):
            done = self.run_example(*arguments)
            self.assertEqual((done.stdout, done.returncode), ("", 1))
            self.assertRegex(done.stderr,
                             rf"a line of the compiler\nexamples/run: {name} could not be built; .*run\.log\n$")

    def test_what_is_missing_is_named(self):
        (self.bin / "cmake").unlink()
        done = self.run_example("chat")
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("examples/run: CMake is missing", done.stderr)

    def test_asio_needs_boost(self):
        done = self.run_example("asio")
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("not installed, and apt-get may not be used here: libboost-dev\n", done.stderr)
        self.assertIn("examples/run: asio needs the headers of Boost (Debian 12: apt-get install libboost-dev).\n",
                      done.stderr)
        self.assertFalse((self.tree / "build").exists())

        self.provide("apt-get", APT_GET)
        self.provide("sudo", '#!/bin/sh\nshift\nexec "$@"\n')
        done = self.run_example("asio")
        self.assertEqual((done.stdout, done.stderr, done.returncode),
                         ("[asio]", "examples/run: installing libboost-dev\n", 0))
        self.assert_runs(["asio"], "asio")


if __name__ == "__main__":
    unittest.main()
