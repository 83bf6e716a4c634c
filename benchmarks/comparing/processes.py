"""Child processes that end when the command ends, with all their own children."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import NamedTuple, Optional


class Done(NamedTuple):
    code: int
    stdout: str
    stderr: str


class TookTooLong(Exception):
    pass


def output_of(command: list, environment: Optional[dict] = None, patience: Optional[float] = None, **more) -> Done:
    """Runs a command in a process group of its own and waits for it. An interrupt or too long a wait ends the group."""
    child = subprocess.Popen(
        [str(word) for word in command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        **more,
    )
    try:
        stdout, stderr = child.communicate(timeout=patience)
    except BaseException as reason:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.communicate()
        if isinstance(reason, subprocess.TimeoutExpired):
            raise TookTooLong from None
        raise
    return Done(child.returncode, stdout, stderr)
