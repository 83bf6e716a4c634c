"""The workflow files are YAML, and run what is there. Skipped where Python has no YAML (Debian: python3-yaml)."""

import re
import shutil
import subprocess
import sys
import unittest

from support import ROOT, SKIPPED

from comparing.options import parser

try:
    import yaml
except ImportError:
    yaml = None

FILES = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), ROOT / "docs" / "how-to" / "compare-in-ci.yml"]


class Workflows(unittest.TestCase):
    def each_step(self):
        for file in FILES:
            for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values():
                for step in job["steps"]:
                    yield file.name, step

    def test_they_say_when_and_what(self):
        for file in FILES:
            flow = yaml.safe_load(file.read_text(encoding="utf-8"))
            self.assertTrue(flow["name"])
            self.assertIn(True, flow)  # `on`, which in YAML 1.1 is a truth value
            self.assertEqual(flow["permissions"], {"contents": "read"})
            for job in flow["jobs"].values():
                self.assertTrue(job["runs-on"] and job["timeout-minutes"])

    def test_a_step_uses_or_runs(self):
        for name, step in self.each_step():
            self.assertTrue(("uses" in step) != ("run" in step), (name, step))
            # what others may write (a title, a branch's name) reaches a script as a variable only
            self.assertNotIn("${{", step.get("run", ""), name)

    @unittest.skipUnless(shutil.which("bash"), "there is no bash here")
    def test_scripts_are_bash(self):
        for name, step in self.each_step():
            if "run" in step:
                done = subprocess.run(["bash", "-n"], input=step["run"], text=True, capture_output=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    def test_options_exist(self):
        known = parser().format_help()
        for name, step in self.each_step():
            if "benchmarks/compare" in step.get("run", ""):
                for option in re.findall(r"(?<![\w-])--(?:json|html|filter|markdown)\b", step["run"]):
                    self.assertIn(option, known, name)
                self.assertTrue((ROOT / "benchmarks" / "compare").exists())


if __name__ == "__main__":
    if not yaml:
        print("Python has no YAML here")
        sys.exit(SKIPPED)
    unittest.main()
