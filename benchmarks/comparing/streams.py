"""Standard output and standard error. A reader that closes its end early (`| head`) changes no exit code."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def prepare() -> None:
    """The caller may have closed a stream, and may have chosen an encoding that lacks a letter."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _abandon(stream: TextIO) -> None:
    """What the stream still holds goes nowhere. Otherwise Python tries again at its end, and exits with code 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(line: str) -> None:
    """On standard output."""
    try:
        print(line, flush=True)
    except OSError as reason:
        _abandon(sys.stdout)
        if not isinstance(reason, BrokenPipeError):
            raise


def write_error(text: str) -> None:
    """On standard error. If it cannot be written, there is nobody to tell."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        _abandon(sys.stderr)


def complain(sentence: str) -> None:
    write_error(f"benchmarks/compare: {sentence}\n")
