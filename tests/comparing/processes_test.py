"""The children of benchmarks/compare: what they say, and that they end."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
from unittest import mock

import support  # noqa: F401, finds the parts of the command

from comparing import processes
from comparing.processes import SIGNALS, TookTooLong, output_of

MINUTE = ["sleep", "60"]


def is_running(process):
    """A child that has ended and was not waited for is no longer running."""
    try:
        return "Z" not in pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


class Children(unittest.TestCase):
    def setUp(self):
        handlers = {each: signal.signal(each, signal.SIG_DFL) for each in SIGNALS}
        self.addCleanup(lambda: [signal.signal(each, handler) for each, handler in handlers.items()])
        processes.INTERRUPTS.listen()

    def assert_ends(self, process):
        end = time.monotonic() + 30
        while is_running(process) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(is_running(process))

    def test_what_it_says(self):
        self.assertEqual(output_of(["sh", "-c", "echo out; echo err >&2; exit 3"]), (3, "out\n", "err\n"))

    def test_too_long_a_wait_ends_its_children_as_well(self):
        with tempfile.TemporaryDirectory() as folder:
            number = pathlib.Path(folder) / "number"
            with self.assertRaises(TookTooLong):
                output_of(["sh", "-c", f"sleep 60 & echo $! >'{number}'; wait"], patience=1)
            self.assert_ends(int(number.read_text()))

    def test_an_interrupt_between_the_start_of_a_child_and_what_ends_it(self):
        started, start = [], subprocess.Popen

        def interrupted(*arguments, **more):
            started.append(start(*arguments, **more))
            os.kill(os.getpid(), signal.SIGTERM)
            return started[0]

        with mock.patch.object(processes.subprocess, "Popen", interrupted):
            with self.assertRaises(KeyboardInterrupt):
                output_of(MINUTE)
        self.addCleanup(started[0].kill)
        self.assert_ends(started[0].pid)

    def test_an_interrupt_while_a_child_is_ended(self):
        killpg = os.killpg

        def interrupted(group, which):
            os.kill(os.getpid(), signal.SIGTERM)
            killpg(group, which)

        with mock.patch.object(processes.os, "killpg", interrupted):
            with self.assertRaises(KeyboardInterrupt):
                output_of(MINUTE, patience=0.1)

    def test_a_program_that_cannot_be_started_leaves_signals_as_they_were(self):
        with self.assertRaises(FileNotFoundError):
            output_of(["/no/such/program"])
        with self.assertRaises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)

    def test_a_signal_that_is_ignored_stays_ignored(self):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        processes.INTERRUPTS.listen()
        os.kill(os.getpid(), signal.SIGHUP)


if __name__ == "__main__":
    unittest.main()
