"""benchmarks/sweep on figures that were never measured: the table, the picture, and what it says of bad input."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

from support import ROOT

OURS = "spin4_25_yield50_learned_ban"


def row(rule, placement, ns, **more):
    return {"name": f"W0/waiting/{rule}/8B/{placement}/manual_time", "run_type": "iteration", "real_time": ns,
            "cpu_ns": 2 * ns, **more}


def of_three(rule, placement, times, **more):
    return [row(rule, placement, each, **more) for each in times]


REPORT = {"benchmarks": [
    *of_three("park_at_once", "two_cores", (900, 1000, 7000), p50_ns=800.0, p99_ns=1500.0),
    {"name": "W0/waiting/park_at_once/8B/crowd/manual_time", "run_type": "iteration", "error_occurred": True,
     "error_message": "no end after 20 s"},
    *of_three(OURS, "two_cores", (90, 100, 110)),
    *of_three(OURS, "crowd", (30, 20, 10), p50_ns=5.0),
    {**row(OURS, "crowd", 0), "error_occurred": True},
    {**row(OURS, "two_cores", 5), "run_type": "aggregate"},
]}


class Sweep(unittest.TestCase):
    def sweep(self, text, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "figures.json"
            file.write_text(text)
            picture = pathlib.Path(folder) / "picture.svg"
            done = subprocess.run([sys.executable, "-B", ROOT / "benchmarks" / "sweep", "--from", file,
                                   *(str(picture) if each == "PICTURE" else each for each in arguments)],
                                  capture_output=True, text=True)
            return done, picture.read_text() if picture.exists() else None

    def test_the_table_has_medians_and_says_what_does_not_end(self):
        done, _ = self.sweep(json.dumps(REPORT))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), [
            "| rule | two_cores | crowd | worst |",
            "|---|---|---|---|",
            "| `park_at_once` | 1,000 (800 / 1,500 / 2,000) | no end | no end |",
            f"| `{OURS}` | 100 (none / none / 200) | 20 (5 / none / 40) | 1.0 |",
        ])

    def test_the_picture_is_whole_and_fetches_nothing(self):
        done, picture = self.sweep(json.dumps(REPORT), "--picture", "PICTURE")
        self.assertEqual(done.returncode, 0, done.stderr)
        svg = "{http://www.w3.org/2000/svg}"
        root = xml.fromstring(picture)
        tips = [each.text for each in root.iter(f"{svg}title")][1:]
        self.assertEqual(sorted(tips), ["park_at_once, crowd: no end", "park_at_once, two_cores: 10.0 times the best",
                                        f"{OURS}, crowd: 1.0 times the best", f"{OURS}, two_cores: 1.0 times the best"])
        names = [(each.text, each.get("class")) for each in root.iter(f"{svg}text") if "name" in each.get("class")]
        self.assertEqual(names, [(OURS, "name ours"), ("park_at_once", "name")])
        self.assertNotRegex(picture.replace('xmlns="http://www.w3.org/2000/svg"', ""), "http|url|href|@import")

    def test_bad_input_gets_a_sentence(self):
        for text, saying in (("{", "benchmarks/sweep: "), ("{}", "'benchmarks'"),
                             ('{"benchmarks": []}', "there is no row of W0 in")):
            with self.subTest(text):
                done, _ = self.sweep(text)
                self.assertEqual(done.returncode, 1)
                self.assertIn(saying, done.stderr)
                self.assertNotIn("Traceback", done.stderr)
                self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
