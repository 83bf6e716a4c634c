"""benchmarks/compare from end to end, on the project in project/: a repository with a library that says how long its
rows take, so that it can become slower by as much as one likes."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from support import ROOT

from comparing.refusal import Refusal
from comparing.repository import Repository

HERE = pathlib.Path(__file__).resolve().parent
SPEED = "include/tandem/speed.hpp"
STEADY = "^W1/steady/tandem/8B/one_core$"
PATIENCE = 200  # seconds; a busy machine may need many
QUICKLY = ("--rounds", "10", "--min-time", "0.01")


def git(repository, *arguments):
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *arguments], cwd=repository, env=quiet, check=True, capture_output=True,
                          text=True)


def put_command_into(project):
    (project / "benchmarks").mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "benchmarks" / "compare", project / "benchmarks" / "compare")
    shutil.copytree(ROOT / "benchmarks" / "comparing", project / "benchmarks" / "comparing",
                    ignore=shutil.ignore_patterns("__pycache__"))


def run_compare(project, *arguments, **more):
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.run([sys.executable, project / "benchmarks" / "compare", *arguments], text=True,
                          timeout=PATIENCE, **streams)


def heed_signals():
    """A process that is started in the background of a script inherits that it ignores SIGINT."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


def start_compare(project, *arguments):
    command = [sys.executable, project / "benchmarks" / "compare", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_signals)


def running_below(folder):
    """The processes whose programs lie below this folder, by the paths of these."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*/exe"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(process))
    return [each for each in found if each.startswith(f"{folder}/")]


class Command(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.project = pathlib.Path(cls.folder.name) / "a project"
        shutil.copytree(HERE / "project", cls.project)
        put_command_into(cls.project)
        (cls.project / ".gitignore").write_text("/build/\n")
        git(cls.project, "init", "--quiet")
        git(cls.project, "add", ".")
        git(cls.project, "commit", "--quiet", "--message", "a library")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def tearDown(self):
        git(self.project, "checkout", "--quiet", "--", ".")
        git(self.project, "clean", "--quiet", "--force", "-d")

    def edit(self, path, old, new):
        file = self.project / path
        text = file.read_text()
        self.assertIn(old, text)
        file.write_text(text.replace(old, new))

    def compare(self, *arguments):
        return run_compare(self.project, *arguments)

    def refused(self, *arguments, saying):
        done = self.compare(*arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn(saying, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(done.stdout, "")

    # --- what cannot be done ----------------------------------------------------------------------------------------

    def test_no_revision(self):
        self.refused(saying="which revision is the tree to be compared with?")

    def test_unknown_revision(self):
        self.refused("no-such-branch", saying="there is no revision 'no-such-branch'")
        self.refused("--rounds=10", "--", "--output=x", saying="there is no revision '--output=x'")

    def test_a_branch_that_only_origin_has(self):
        git(self.project, "branch", "elsewhere")
        with tempfile.TemporaryDirectory() as folder:
            clone = pathlib.Path(folder) / "clone"
            git(folder, "clone", "--quiet", self.project, clone)
            git(clone, "checkout", "--quiet", "--detach")
            commit = git(clone, "rev-parse", "HEAD").stdout.strip()
            self.assertEqual(Repository(clone).revision("elsewhere").sha, commit)
            with self.assertRaises(Refusal):
                Repository(clone).revision("no-such-branch")
        git(self.project, "branch", "--quiet", "-D", "elsewhere")

    def test_too_few_rounds(self):
        self.refused("HEAD", "--rounds", "9", saying="--rounds is from 10")

    def test_not_a_regular_expression(self):
        self.refused("HEAD", "--filter", "W1/(", saying="is not a regular expression")

    def test_a_report_that_cannot_be_written(self):
        self.refused("HEAD", "--html", "/no/such/folder/page.html", saying="cannot write /no/such/folder/page.html")

    def test_not_a_repository(self):
        with tempfile.TemporaryDirectory() as folder:
            put_command_into(pathlib.Path(folder))
            done = subprocess.run([sys.executable, f"{folder}/benchmarks/compare", "HEAD"], capture_output=True,
                                  text=True,
                                  env={**os.environ, "GIT_CEILING_DIRECTORIES": str(pathlib.Path(folder).parent)})
        self.assertEqual(done.returncode, 2)
        self.assertIn("is not in a git repository that can be read", done.stderr)

    def test_no_such_compiler(self):
        done = subprocess.run([sys.executable, self.project / "benchmarks" / "compare", "HEAD"], capture_output=True,
                              text=True, env={**os.environ, "CXX": "no-such-compiler"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no compiler by the name 'no-such-compiler'", done.stderr)

    def test_no_such_row(self):
        self.refused("HEAD", "--filter", "W1/stedy/tandem/8B/one_core",
                     saying="did you mean W1/steady/tandem/8B/one_core")

    def test_rivals_only(self):
        self.refused("HEAD", "--filter", "W1/other/r", saying="leaves only rivals")

    def test_too_few_rounds_for_so_many_rows(self):
        self.refused("HEAD", "--filter", r"W2/many_\d\d/", "--rounds", "10", saying="90 rows need 12 rounds or more")
        self.refused("HEAD", "--filter", "W2/many_", saying="8000 rows need 16 rounds or more")

    def test_a_tree_that_does_not_build(self):
        self.edit(SPEED, "= 100;", "= a_hundred;")
        self.refused("HEAD", saying="the working tree does not build:\n  include/tandem/speed.hpp:4:")

    def test_a_revision_that_does_not_build(self):
        self.edit(SPEED, "= 100;", "= a_hundred;")
        git(self.project, "commit", "--quiet", "--all", "--message", "broken")
        self.edit(SPEED, "= a_hundred;", "= 100;")
        self.refused("HEAD", saying="does not build, neither with the tree's benchmarks nor with its own")
        git(self.project, "reset", "--quiet", "--hard", "HEAD~1")

    # --- nothing but a slower row ends with code 1 ------------------------------------------------------------------

    def test_a_build_folder_that_is_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            clone = pathlib.Path(folder) / "clone"
            git(folder, "clone", "--quiet", self.project, clone)
            (clone / "build").write_text("not a folder\n")
            done = run_compare(clone, "HEAD")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"it cannot be done: \S*/clone/build/compare\S*: Not a directory")
        self.assertNotIn("Traceback", done.stderr)

    def test_a_file_name_that_is_not_utf8(self):
        pathlib.Path(os.fsdecode(bytes(self.project / "include") + b"/na\xefve.hpp")).write_text("\n")
        self.refused("HEAD", saying=r"the name of a file is not UTF-8: b'include/na\xefve.hpp'")

    def test_a_fault_of_the_command_itself(self):
        self.edit("benchmarks/comparing/machine.py", "def load() -> str:", "def load() -> str:\n    {}['no such key']")
        done = self.compare("HEAD", "--filter", STEADY, *QUICKLY)
        self.assertEqual(done.returncode, 2)
        self.assertIn("Traceback", done.stderr)
        self.assertIn("a fault of benchmarks/compare itself", done.stderr)

    def test_a_reader_that_has_seen_enough(self):
        self.edit(SPEED, "= 100;", "= 115;")
        read, write = os.pipe()
        os.close(read)
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.html"
            done = run_compare(self.project, "HEAD", "--filter", STEADY, *QUICKLY, "--html", page, stdout=write)
            self.assertIn("1 slower", page.read_text())
        os.close(write)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        self.assertNotIn("BrokenPipeError", done.stderr)

    def test_closed_streams(self):
        compare = f"'{sys.executable}' '{self.project}/benchmarks/compare' HEAD --filter '{STEADY}' {' '.join(QUICKLY)}"
        for closed in (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"):
            self.assertEqual(subprocess.run(["sh", "-c", f"{compare} {closed}"], capture_output=True).returncode, 0)

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full here")
    def test_a_disk_that_is_full(self):
        done = self.compare("HEAD", "--filter", STEADY, *QUICKLY, "--json", "/dev/full")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot write /dev/full: No space left on device", done.stderr)
        self.assertIn("Of 1 row: 1 without a difference seen.", done.stdout)
        with open("/dev/full", "w") as full:
            done = run_compare(self.project, "HEAD", "--filter", STEADY, *QUICKLY, stdout=full)
        self.assertEqual(done.returncode, 2)
        self.assertIn("No space left on device", done.stderr)

    # --- what can ---------------------------------------------------------------------------------------------------

    def test_the_same_is_not_slower(self):
        done = self.compare("HEAD", "--filter", STEADY, *QUICKLY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("The two programs are the same, byte for byte", done.stdout)
        self.assertNotIn("uncommitted", done.stdout)
        self.assertIn("Of 1 row: 1 without a difference seen.", done.stdout)

    def test_where_it_was_built_is_not_in_the_program(self):
        digests = set()
        for name in ("here", "in another place"):
            clone = pathlib.Path(self.folder.name) / name
            git(self.project, "clone", "--quiet", ".", clone)
            done = run_compare(clone, "--list", "--filter", STEADY, env={**os.environ, "CXXFLAGS": "-g"})
            self.assertEqual(done.returncode, 0, done.stderr)
            (record,) = (clone / "build" / "compare").glob("*/record.json")
            digests.add(json.loads(record.read_text())["digest"])
        self.assertEqual(len(digests), 1)

    def test_a_planted_slowdown_and_all_reports(self):
        self.edit(SPEED, "= 100;", "= 115;")
        with tempfile.TemporaryDirectory() as folder:
            files = {each: pathlib.Path(folder) / f"report.{each}" for each in ("json", "markdown", "html")}
            done = self.compare("HEAD", "--filter", "W1/(steady|other)/tandem", *QUICKLY, "--seed", "7",
                                *(word for each, path in files.items() for word in (f"--{each}", str(path))))
            self.assertEqual(done.returncode, 1, done.stderr)
            report = json.loads(files["json"].read_text())
            self.assertIn("1 slower, 1 without a difference seen", files["markdown"].read_text())
            self.assertIn("1 slower, 1 without a difference seen", files["html"].read_text())
        self.assertIn("uncommitted changes, and they are measured too: include/tandem/speed.hpp", done.stdout)
        self.assertIn("seed 7", done.stdout)
        words = {each["name"]: each["verdict"] for each in report["comparison"]["rows"]}
        self.assertEqual(words, {"W1/steady/tandem/8B/one_core": "slower",
                                 "W1/other/tandem/8B/one_core": "no difference seen"})
        self.assertAlmostEqual(report["comparison"]["rows"][0]["cpu"]["tree_to_rev"]["ratio"], 1.15, delta=0.01)
        self.assertAlmostEqual(report["comparison"]["rows"][0]["wall"]["rev_to_rev"]["ratio"], 1.0, delta=0.01)

    def test_quicker(self):
        self.edit(SPEED, "= 100;", "= 80;")
        done = self.compare("HEAD", "--filter", STEADY, *QUICKLY, "--metric", "cpu")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Of 1 row: 1 faster.", done.stdout)

    def test_a_rival_that_the_filter_names(self):
        done = self.compare("--list", "--filter", "other/(tandem|rival)")
        self.assertEqual(done.stdout.split(), ["W1/other/tandem/8B/one_core", "W1/other/rival/8B/one_core"])

    def test_a_row_that_fails_with_the_tree_alone(self):
        self.edit(SPEED, '""', '"a message was lost"')
        done = self.compare("HEAD", "--filter", "W1/(steady|frail)/tandem", *QUICKLY)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("W1/frail/tandem/8B/one_core: with the tree: a message was lost", done.stdout)

    def test_rows_that_cannot_run_on_this_machine(self):
        done = self.compare("HEAD", "--filter", "W1/(steady|absent)/tandem", *QUICKLY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Left out, since they cannot run on this machine (skipped: this process may use one core only): "
                      "W1/absent/tandem/8B/two_cores, W1/absent/tandem/64B/two_cores.", " ".join(done.stdout.split()))
        self.assertIn("Of 1 row: 1 without a difference seen.", done.stdout)
        self.refused("HEAD", "--filter", "absent", *QUICKLY, saying="none of the rows can run on this machine: skipped")

    def test_a_row_that_is_too_noisy(self):
        """It is as noisy in each run of this test: the seed decides which round calls whose program a, b or c."""
        done = self.compare("HEAD", "--filter", "W1/(steady|noisy)/tandem", *QUICKLY, "--seed", "1")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("Of 2 rows: 1 inconclusive, 1 without a difference seen.", done.stdout)

    def test_a_row_that_fails_now_and_then(self):
        """Here with one and the same program: `seed` lets the tree go first, and so it is the tree that fails."""
        moods = pathlib.Path(self.folder.name) / "moods"
        for failures, code, note in (
            (1, 0, "failed once with the tree, and not when repeated: a bad mood"),
            (2, 3, "it fails now and then, and both programs are the same: a bad mood"),
        ):
            with self.subTest(failures=failures):
                moods.write_text("." * failures)
                done = run_compare(self.project, "HEAD", "--filter", "moody", *QUICKLY, "--seed", "3",
                                   env={**os.environ, "MOODS": str(moods)})
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(note, done.stdout)

    def test_benchmarks_that_the_revision_has_not(self):
        (self.project / "include/tandem/more.hpp").write_text("inline constexpr double nanoseconds_of_more = 5;\n")
        self.edit("benchmarks/main.cpp", "#include <tandem/speed.hpp>",
                  "#include <tandem/speed.hpp>\n#include <tandem/more.hpp>")
        self.edit("benchmarks/main.cpp", "constexpr row rows[] = {",
                  'constexpr row rows[] = {{"W1/more/tandem/8B/one_core", nanoseconds_of_more, ""},')
        done = self.compare("HEAD", "--filter", STEADY, *QUICKLY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("so both programs are the revision's benchmarks; only include/ differs",
                      " ".join(done.stdout.split()))

    def test_a_signal_ends_everybody_and_leaves_nothing(self):
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(each.name):
                self.end_with(each)

    def end_with(self, which):
        """Sends a signal while a benchmark sleeps for a minute."""
        kept = self.project / "build" / "compare"
        child = start_compare(self.project, "HEAD", "--filter", "asleep", *QUICKLY)
        try:
            self.wait_until(lambda: "/turns/" in str(running_below(kept)), "a benchmark runs")
            child.send_signal(which)
            stdout, stderr = child.communicate(timeout=PATIENCE)
        finally:
            child.kill()
        self.assertEqual(child.returncode, 130, stderr)
        self.assertIn("interrupted after 0 of 10 rounds", stderr)
        self.assertEqual(stdout, "")
        self.wait_until(lambda: not running_below(kept), "no benchmark runs")  # the kernel needs a moment
        self.assertEqual(list(kept.glob("run.*")), [])

    def wait_until(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), end, f"it never came to this: {what}")
            time.sleep(0.01)

    def test_several_at_the_same_time(self):
        kept = self.project / "build" / "compare"
        shutil.rmtree(kept, ignore_errors=True)
        for each in ([[]] * 3, [["--rebuild"], [], ["--rebuild"], []]):
            children = [start_compare(self.project, "HEAD", "--filter", STEADY, *QUICKLY, *more) for more in each]
            try:
                said = [child.communicate(timeout=PATIENCE) for child in children]
            finally:
                for child in children:
                    child.kill()
            self.assertEqual([child.returncode for child in children], [0] * len(each), said)
            self.assertEqual(len(list(kept.iterdir())), 1)

    def test_nothing_is_left_beside_the_sources(self):
        self.compare("HEAD", "--filter", STEADY, *QUICKLY)
        self.assertEqual(git(self.project, "status", "--porcelain").stdout, "")
        kept = [each.name for each in (self.project / "build" / "compare").iterdir()]
        self.assertTrue(all(len(name) == 16 for name in kept), kept)


if __name__ == "__main__":
    unittest.main()
