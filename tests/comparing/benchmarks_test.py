"""Does benchmarks/compare agree with the real benchmarks: with their names, their options, what they print?

python3 tests/comparing/benchmarks_test.py PROGRAM, where PROGRAM is build/bench/benchmarks/tandem_benchmarks or another
one that was built. ctest does not call it, since the tests do not build the benchmarks.
"""

import pathlib
import re
import sys
import tempfile
import unittest

from support import SKIPPED

from comparing.options import USUAL_FILTER, USUAL_ROWS
from comparing.rounds import METRICS, REV, REV_AGAIN, TREE, Plan, Row, play, rows_of
from comparing.selection import chosen
from comparing.verdict import FAILS, judge

ROW = "W6/future_same_thread/tandem/8B/one_core"
ROUNDS = 10


class Benchmarks(unittest.TestCase):
    program = pathlib.Path()

    @classmethod
    def setUpClass(cls):
        cls.names = rows_of(cls.program)

    def test_names_read_as_the_command_reads_them(self):
        self.assertGreater(len(self.names), 100)
        for name in self.names:
            self.assertRegex(name, r"^W\d+/\w+/\w+/\d+B/\w+$")

    def test_every_usual_row_is_there(self):
        for row in USUAL_ROWS:
            self.assertIn(row, self.names)
        self.assertEqual(sorted(chosen(self.names, USUAL_FILTER)), sorted(USUAL_ROWS))

    def test_every_workload_is_among_the_usual_rows(self):
        workloads = {re.match(r"W\d+", name).group() for name in self.names if "/tandem" in name}
        self.assertEqual({re.match(r"W\d+", name).group() for name in USUAL_ROWS}, workloads)

    def test_a_row_is_measured(self):
        row, programs = Row(ROW), dict.fromkeys((REV, REV_AGAIN, TREE), self.program)
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(play([row], programs, Plan(ROUNDS, 0.005, 1), pathlib.Path(folder) / "turns"))
        self.assertEqual(row.failures, {})
        self.assertEqual(len(row.rounds), ROUNDS)
        for of_round in row.rounds:
            for sample in of_round.values():
                self.assertTrue(all(sample[metric] > 0 for metric in METRICS), sample)
        (judgement,) = judge([row], "wall", 0.05, same_program=True).judgements
        self.assertNotEqual(judgement.word, FAILS)
        self.assertTrue(all(judgement.by_metric[metric] for metric in METRICS))


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print("usage: python3 tests/comparing/benchmarks_test.py build/bench/benchmarks/tandem_benchmarks")
        sys.exit(SKIPPED)
    Benchmarks.program = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
