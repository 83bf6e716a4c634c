"""What .ci/run proves is what docs/how-to/prove-a-change.md says: the table has a row for every step, and every pair of a
compiler, a sanitizer, a platform, a level of optimisation and a standard library meets in a step that runs the stress
tests."""

import itertools
import json
import pathlib
import re
import unittest

# What cannot be built: g++ has no libc++, and Debian's libc++ is not made for ThreadSanitizer. Without a sanitizer the
# portable platform runs no stress test, but headers.portable, a small program that uses everything.
NEVER_MEET = [("g++", "libc++"), ("thread", "libc++"), ("no sanitizer", "portable")]
FIELDS = 5

ROOT = pathlib.Path(__file__).resolve().parents[2]


def steps(ci):
    """The names of the steps of .ci/run, except the one that installs."""
    return [name for name in re.findall(r"^(?:step|workflow) (\S+)", ci, re.MULTILINE) if name not in ("install", '"$1"')]


def rows(page):
    """The steps that the table of the page has a row for."""
    first_cells = re.findall(r"^\| (`[^|]*`) \|", page, re.MULTILINE)
    return [name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]


def named(presets, kind):
    return {preset["name"]: preset for preset in presets[kind]}


def variables_of(configure, name):
    """The cache variables of a configure preset, with what it inherits; the first parent wins, as in CMake."""
    parents = configure[name].get("inherits", [])
    inherited = {}
    for parent in reversed([parents] if isinstance(parents, str) else parents):
        inherited.update(variables_of(configure, parent))
    return {**inherited, **configure[name].get("cacheVariables", {})}


def build_of(variables):
    """Compiler, sanitizer, platform, optimisation and library of a build with these cache variables."""
    kind = variables["CMAKE_BUILD_TYPE"].upper()
    flags = variables.get("CMAKE_CXX_FLAGS", "") + " " + variables.get(f"CMAKE_CXX_FLAGS_{kind}", "")
    return (
        "clang++" if "clang" in variables.get("CMAKE_CXX_COMPILER", "") else "g++",
        next((each for each in ("thread", "address") if re.search(rf"-fsanitize=\S*{each}", flags)), "no sanitizer"),
        "portable" if "portable.hpp" in flags else "native",
        "not optimised" if "-O0" in flags else "optimised",
        "libc++" if "-stdlib=libc++" in flags else "libstdc++",
    )


def runs_stress(preset):
    """Whether a test preset lets tests with the label stress run."""
    wanted = preset.get("filter", {}).get("include", {}).get("label")
    return wanted is None or any(re.search(wanted, label) for label in ("stress", "threads"))


def presets_of(ci):
    """The presets that the steps use: tests/run builds `test`, and tests/one builds `one`, here with a stress test."""
    header = re.search(r"^step \S+ tests/one (\w+)", ci, re.MULTILINE).group(1)
    one = ["one"] if (ROOT / "tests" / "stress" / f"{header}.stress.cpp").exists() else []
    return ["test", *one, *re.findall(r"^workflow ([a-z-]+)", ci, re.MULTILINE)]


def builds_of_stress(presets, ci):
    """One build for each step that runs stress tests."""
    configure, tests = named(presets, "configurePresets"), named(presets, "testPresets")
    chosen = [name for name in presets_of(ci) if name in tests and runs_stress(tests[name])]
    return {name: build_of(variables_of(configure, name)) for name in chosen}


def pairs_that_never_meet(builds):
    missing = []
    for one, other in itertools.combinations(range(FIELDS), 2):
        met = {(build[one], build[other]) for build in builds}
        all_values = [sorted({build[i] for build in builds}) for i in (one, other)]
        missing += [pair for pair in itertools.product(*all_values) if pair not in met and pair not in NEVER_MEET]
    return missing


class Matrix(unittest.TestCase):
    ci = (ROOT / ".ci" / "run").read_text()
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    page = (ROOT / "docs" / "how-to" / "prove-a-change.md").read_text()

    def test_the_table_has_a_row_for_every_step(self):
        self.assertEqual(sorted(rows(self.page)), sorted(steps(self.ci)))

    def test_every_pair_meets(self):
        builds = builds_of_stress(self.presets, self.ci)
        values = [len(set(column)) for column in zip(*builds.values())]
        self.assertEqual(values, [2, 3, 2, 2, 2], builds)
        self.assertEqual(pairs_that_never_meet(builds.values()), [], builds)

    def test_a_missing_build_is_noticed(self):
        builds = builds_of_stress(self.presets, self.ci)
        for name in builds:
            left = [build for other, build in builds.items() if other != name]
            if name == "test":  # kept for what people ship: each promise
                continue
            self.assertNotEqual(pairs_that_never_meet(left), [], f"{name} could be left out")

    def test_a_missing_row_is_noticed(self):
        self.assertEqual(steps("step a b\nworkflow b # c\n"), ["a", "b"])
        self.assertEqual(rows("| Step |\n|---|\n| `a`, `b` | g++ |\n| c | `d` |\n"), ["a", "b"])


if __name__ == "__main__":
    unittest.main()
