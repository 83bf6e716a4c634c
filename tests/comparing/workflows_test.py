"""The workflow files are YAML, and run what is there. Skipped where Python has no YAML (Debian: python3-yaml)."""

import re
import shutil
import subprocess
import sys
import unittest

from support import ROOT, SKIPPED

from comparing.options import parser
from comparing.repository import HARNESS, LIBRARY

try:
    import yaml
except ImportError:
    yaml = None

FLOW = ROOT / ".github" / "workflows" / "compare.yml"
COPY = ROOT / "docs" / "how-to" / "compare-in-ci.yml"
FILES = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), COPY]


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
        known = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", parser().format_help(), re.MULTILINE)
        for file in (FLOW, COPY):
            for option in self.options_in(file):
                self.assertIn(option, known, file.name)
            self.assertIn("--markdown", self.options_in(file), file.name)
        self.assertIn("--filter", self.options_in(COPY))

    def options_in(self, file):
        """Those of benchmarks/compare: on its own line, and on the lines that put some into the variable `options`."""
        scripts = [step["run"] for name, step in self.each_step() if name == file.name and "run" in step]
        lines = "\n".join(scripts).replace("\\\n", " ").splitlines()
        ours = [line for line in lines if "benchmarks/compare " in line or "options+=" in line]
        return re.findall(r"(?<![\w-])--[a-z-]+", "\n".join(ours))

    def test_whatever_is_compiled_starts_the_workflow(self):
        paths = yaml.safe_load(FLOW.read_text(encoding="utf-8"))[True]["pull_request"]["paths"]
        for part in (*LIBRARY, *HARNESS):
            self.assertIn(f"{part}/**" if (ROOT / part).is_dir() else part, paths)


if __name__ == "__main__":
    if not yaml:
        print("Python has no YAML here")
        sys.exit(SKIPPED)
    unittest.main()
