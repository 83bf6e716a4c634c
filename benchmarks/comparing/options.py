"""The options of `benchmarks/compare`, and what is wrong with them."""

from __future__ import annotations

import argparse
import pathlib
import re

from .refusal import Refusal
from .rounds import METRICS, WALL
from .verdict import FEWEST_ROUNDS

MOST_ROUNDS = 100

# Some row of every workload, where a thread or two pass a message on: some minutes in all.
USUAL_ROWS = (
    "W1/rendezvous/tandem/8B/two_cores",
    "W1/rendezvous/tandem/8B/one_core",
    "W2/rendezvous_1to1/tandem/8B/two_cores",
    "W2/rendezvous_1to1/tandem/8B/one_core",
    "W2/rendezvous_4to4/tandem/8B/one_core",
    "W3/mailbox_1to1_cap64/tandem/8B/two_cores",
    "W3/mailbox_1to1_cap64/tandem/8B/one_core",
    "W3/mailbox_1to1_cap1024/tandem/8B/two_cores",
    "W3/mailbox_1to1_cap1024/tandem/8B/one_core",
    "W3/mailbox_4to1_cap1024/tandem/8B/two_cores",
    "W3/mailbox_4to1_cap1024/tandem/8B/one_core",
    "W5/mailbox/tandem/8B/two_cores",
    "W6/future_same_thread/tandem/8B/one_core",
    "W6/future_round_trip/tandem/8B/two_cores",
    "W7/coroutine_round_trip/tandem/8B/one_core",
    "W7/coroutine_stream_cap64/tandem/8B/one_core",
    "W8/select_4_cap64/tandem/8B/one_core",
    "W8/select_4_cap64/tandem_selector/8B/one_core",
    "W9/waiting_1k/tandem/8B/one_core",
)
USUAL_FILTER = f"^({'|'.join(USUAL_ROWS)})$"

EPILOG = """\
A row is slower, faster, without a difference seen, or inconclusive; docs/how-to/compare-two-versions.md says what these
words mean and when to believe them. Contestants whose names begin with `tandem` are compared. Rivals do not change with
a revision: they are compared only if the filter names them.

exit codes: 0 no row is slower; 1 a row is slower, or fails with the tree only; 2 it could not be done, and a sentence
says why (or a traceback, after a fault of this command itself); 3 no row is slower, and one at least is inconclusive;
130 interrupted.
"""

VALUES = (
    ("--filter", "REGEX", "which rows (some of every workload)", {"default": USUAL_FILTER}),
    ("--rounds", "N", "how often each contestant runs, from 10 on; many rows need more (15)",
     {"type": int, "default": 15}),
    ("--min-time", "SECONDS", "how long each runs at least (0.05)", {"type": float, "default": 0.05}),
    ("--metric", "wall|cpu", "which time decides: that of the clock, or of all processors; both are shown (wall)",
     {"choices": METRICS, "default": WALL}),
    ("--threshold", "PERCENT", "the smallest effect worth a word (5)", {"type": float, "default": 5}),
    ("--seed", "N", "of the random order; printed with the result", {"type": int}),
    ("--json", "FILE", "also in the format of Google Benchmark", {}),
    ("--markdown", "FILE", "also as Markdown, for a pull request", {}),
    ("--html", "FILE", "also as one page that fetches nothing", {}),
)


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="benchmarks/compare",
        usage="benchmarks/compare REV [options]",
        description="Is the working tree slower than revision REV? Builds both, lets REV, REV again and the tree take "
        "turns, and says so for each row.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    options.add_argument("revision", metavar="REV", help="a commit, a branch or a tag", nargs="?")
    for name, metavar, what, more in VALUES:
        options.add_argument(name, metavar=metavar, help=what, **more)
    options.add_argument("--rebuild", action="store_true", help="build again what has been built before")
    options.add_argument("--list", action="store_true", help="print the tree's rows that would be compared, and end")
    return options


def check(options: argparse.Namespace) -> None:
    if not options.revision and not options.list:
        raise Refusal("which revision is the tree to be compared with? For instance: benchmarks/compare HEAD")
    if not FEWEST_ROUNDS <= options.rounds <= MOST_ROUNDS:
        raise Refusal(f"--rounds is from {FEWEST_ROUNDS} to {MOST_ROUNDS}: with fewer, chance is not told from effect")
    if not 0 < options.min_time <= 10:
        raise Refusal("--min-time is a number of seconds above 0, at most 10")
    if not 0 < options.threshold < 100:
        raise Refusal("--threshold is a percentage, above 0 and below 100")
    try:
        re.compile(options.filter)
    except re.error as reason:
        raise Refusal(f"--filter {options.filter!r} is not a regular expression: {reason}") from None
    for path in (options.json, options.markdown, options.html):
        if path:
            check_writable(pathlib.Path(path))


def check_writable(path: pathlib.Path) -> None:
    """Before anything is measured, not after. Leaves everything as it was."""
    is_new = not path.exists()
    try:
        with open(path, "a", encoding="utf-8"):
            pass
    except OSError as reason:
        raise Refusal(f"cannot write {path}: {reason.strerror}") from None
    if is_new:
        path.unlink()
