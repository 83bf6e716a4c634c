"""Child processes that do not outlive the command, nor do their own children: an interrupt ends them all.

SIGINT, SIGTERM and SIGHUP (the terminal is closed) are interrupts. A signal that the command ignores from its start, as
SIGHUP under `nohup`, stays ignored. No process can react to SIGKILL: after it, the one child that runs goes on until it
is done (a build, or one run of one row), and the run's folder stays in build/compare.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import NamedTuple, Optional

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns signals into KeyboardInterrupt. While they are held, none is raised; one that came meanwhile is afterwards.

    Without that, a signal could fall between the start of a child and the statement that knows how to end it.
    """

    def __init__(self):
        self.held = self.missed = False

    def listen(self) -> None:
        for each in SIGNALS:
            if signal.getsignal(each) != signal.SIG_IGN:
                signal.signal(each, self._arrived)

    def _arrived(self, *_) -> None:
        if not self.held:
            raise KeyboardInterrupt
        self.missed = True

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False
        if self.missed:
            self.missed = False
            raise KeyboardInterrupt


INTERRUPTS = Interrupts()


class Done(NamedTuple):
    code: int
    stdout: str
    stderr: str


class TookTooLong(Exception):
    pass


def output_of(command: list, environment: Optional[dict] = None, patience: Optional[float] = None) -> Done:
    """Runs a command in a process group of its own and waits for it. An interrupt or too long a wait ends the group."""
    child = None
    try:
        INTERRUPTS.hold()
        child = _start(command, environment)
        INTERRUPTS.release()
        stdout, stderr = child.communicate(timeout=patience)
    except BaseException as reason:
        INTERRUPTS.hold()
        if child:
            _kill_group_of(child)
        INTERRUPTS.release()
        if child:
            child.communicate()
        if isinstance(reason, subprocess.TimeoutExpired):
            raise TookTooLong from None
        raise
    return Done(child.returncode, stdout, stderr)


def _start(command: list, environment: Optional[dict]) -> subprocess.Popen:
    return subprocess.Popen(
        [str(word) for word in command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _kill_group_of(child: subprocess.Popen) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
