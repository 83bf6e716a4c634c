"""How benchmarks/compare keeps the programs that it builds. No compiler takes part: a program is its source."""

import json
import os
import pathlib
import tempfile
import unittest
from unittest import mock

import support  # noqa: F401, finds the parts of the command

from comparing import building
from comparing.building import PROGRAM, RECORD, Compiler, Workshop, digest_of
from comparing.processes import Done

SOURCES = {"benchmarks/main.cpp": b"the source"}


class Copying(Workshop):
    meanwhile = staticmethod(lambda: None)  # what another run does while this one builds

    def _make(self, sources, mine):
        self.meanwhile()
        mine.mkdir()
        (mine / PROGRAM).write_bytes(b"".join(sources.values()))
        (mine / RECORD).write_text(json.dumps({"flags": "", "digest": digest_of(mine / PROGRAM)}))


class Keeping(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.kept = pathlib.Path(folder.name)
        said = mock.patch.object(building, "complain")
        self.said = said.start()
        self.addCleanup(said.stop)

    def workshop(self, rebuild=False):
        own = pathlib.Path(tempfile.mkdtemp(prefix="run.", dir=self.kept))
        return Copying(self.kept, own, Compiler("c++", "c++ 1.0", ""), rebuild)

    def programs_kept(self):
        return [each.read_bytes() for each in self.kept.glob(f"*/{PROGRAM}") if not each.parent.name.startswith("run.")]

    def test_it_is_built_once(self):
        for _ in range(2):
            built = self.workshop().build(SOURCES, "the tree")
        self.said.assert_called_once_with("building the tree")
        self.assertEqual(built.program.read_bytes(), b"the source")

    def test_rebuilding_builds_once_in_a_run_and_replaces_nothing_that_another_run_uses(self):
        first = self.workshop().build(SOURCES, "the tree")
        again = self.workshop(rebuild=True)
        self.assertEqual(again.build(SOURCES, "the tree"), again.build(SOURCES, "REV"))
        self.assertEqual(self.said.call_count, 2)
        self.assertEqual(first.program.read_bytes(), b"the source")
        self.assertEqual(self.programs_kept(), [b"the source"])

    def test_another_run_is_quicker(self):
        for rebuild in (False, True):
            slow, quick = self.workshop(rebuild), self.workshop(rebuild)
            slow.meanwhile = lambda: quick.build(SOURCES, "the tree")
            self.assertEqual(slow.build(SOURCES, "the tree").program.read_bytes(), b"the source")
            self.assertEqual(self.programs_kept(), [b"the source"])

    def test_another_run_puts_its_program_there_between_two_steps(self):
        slow, quick = self.workshop(), self.workshop()
        renamed, rename = [], building.os.rename

        def interleaved(old, new):
            if not renamed and new.parent == self.kept:
                renamed.append(new)
                quick.build(SOURCES, "the tree")
            rename(old, new)

        with mock.patch.object(building.os, "rename", interleaved):
            self.assertEqual(slow.build(SOURCES, "the tree").program.read_bytes(), b"the source")
        self.assertEqual(self.programs_kept(), [b"the source"])

    def test_another_environment_and_another_cmake_are_another_program(self):
        self.workshop().build(SOURCES, "the tree")
        for number, name in enumerate(("LDFLAGS", "CPATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "CMAKE_PREFIX_PATH",
                                       "CMAKE_GENERATOR"), 2):
            with mock.patch.dict(os.environ, {name: "/elsewhere"}):
                self.workshop().build(SOURCES, "the tree")
            self.assertEqual(self.said.call_count, number, name)
        with mock.patch.object(building, "output_of", lambda command: Done(0, "cmake version 99.0\n", "")):
            self.workshop().build(SOURCES, "the tree")
        self.assertEqual(self.said.call_count, 8)
        self.workshop().build(SOURCES, "the tree")
        self.assertEqual(self.said.call_count, 8)

    def test_half_a_program_is_built_again(self):
        self.workshop().build(SOURCES, "the tree")
        (half,) = self.kept.glob(f"[0-9a-f]*/{PROGRAM}")
        half.write_bytes(b"the sou")
        self.assertEqual(self.workshop().build(SOURCES, "the tree").program.read_bytes(), b"the source")
        self.assertEqual(self.programs_kept(), [b"the source"])


if __name__ == "__main__":
    unittest.main()
