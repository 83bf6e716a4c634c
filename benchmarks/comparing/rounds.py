"""The contestants take turns.

Three contestants: the revision, the same program once more (the A/A control), and the tree. In each round, each row is
run by all three, one directly after the other, in a new random order; so whatever the machine does, it does to all of
them alike, and if it does not, chance decides to whom. Each run is a process of its own.

Where things lie in memory changes times by some per cent, and without further measures it would be the same in all
rounds. So each process gets an environment of another size (which moves its stack), and each round fresh copies of the
programs (which lie elsewhere in physical memory) under names of one length, assigned at random.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import shutil
import sys
import time
from dataclasses import dataclass, field
from typing import Optional

from .processes import TookTooLong, output_of
from .streams import write_error

REV = "rev"
REV_AGAIN = "rev_again"
TREE = "tree"
CONTESTANTS = (REV, REV_AGAIN, TREE)

WALL = "wall"
CPU = "cpu"
METRICS = (WALL, CPU)

LARGEST_PADDING = 4096
SKIPPED = "skipped"  # how the message of a benchmark begins that cannot run on this machine; no failure
PATIENCE = 180  # seconds for one process; a contestant that hangs is killed by the benchmark itself, and says so

Sample = dict  # metric -> nanoseconds; and "iterations"


@dataclass
class Row:
    """One benchmark: what it took whom in each round, or why it failed. A run that fails is repeated once."""

    name: str
    rounds: list[dict[str, Sample]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)  # by contestant; those that failed twice in succession
    stumbles: dict[str, str] = field(default_factory=dict)  # those that failed, and did not when repeated

    @property
    def cannot_run_here(self) -> str:
        """The reason, if every contestant says that it skips the row on this machine; otherwise nothing."""
        reasons = [self.failures.get(who, "") for who in CONTESTANTS]
        return reasons[0] if all(reason.startswith(SKIPPED) for reason in reasons) else ""


@dataclass(frozen=True)
class Plan:
    rounds: int
    min_time: float
    seed: int


def exactly(name: str) -> str:
    """A regular expression that matches this row alone."""
    return "^" + "".join("[" + c + "]" if c in ".*+?(){}|$" else "\\" + c if c in "[]\\^" else c for c in name) + "$"


def rows_of(program: pathlib.Path) -> list[str]:
    """The names of all benchmarks in a program, in its order."""
    done = output_of([program, "--benchmark_list_tests=true"])
    return [line.strip() for line in done.stdout.splitlines() if line.strip()] if done.code == 0 else []


def sample_of(text: str) -> Sample:
    """What Google Benchmark's JSON says of the one benchmark in it. Raises ValueError with a sentence."""
    try:
        (run,) = json.loads(text)["benchmarks"]
    except (ValueError, KeyError, TypeError):
        raise ValueError("its output is not what Google Benchmark prints for one row") from None
    if run.get("error_occurred") or run.get("skipped"):
        raise ValueError(run.get("error_message") or run.get("skip_message") or "it gives no reason")
    unit = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run.get("time_unit", "ns")]
    sample = {WALL: run["real_time"] * unit, "iterations": run.get("iterations", 1)}
    if run.get("cpu_ns"):  # the column cpu_time knows nothing of the process in which the threads run
        sample[CPU] = run["cpu_ns"]
    if not sample[WALL] > 0:
        raise ValueError("it reports a time of 0")
    return sample


def run_once(program: pathlib.Path, name: str, min_time: float, padding: int) -> Sample:
    """One process, one row. Raises ValueError with a sentence if that fails."""
    command = [
        program,
        f"--benchmark_filter={exactly(name)}",
        "--benchmark_repetitions=1",
        f"--benchmark_min_time={min_time}",
        "--benchmark_format=json",
    ]
    try:
        done = output_of(command, {**os.environ, "TANDEM_COMPARE_PADDING": "x" * padding}, PATIENCE)
    except TookTooLong:
        raise ValueError(f"it took more than {PATIENCE} seconds, and was killed") from None
    if done.code != 0:
        said = done.stderr.strip().splitlines()
        raise ValueError(f"its process ended with code {done.code}" + (f" ({said[-1]})" if said else ""))
    return sample_of(done.stdout)


class Progress:
    """One line on a terminal that says how far it is; nothing elsewhere."""

    def __init__(self, steps: int):
        self.steps, self.done, self.began = steps, 0, time.monotonic()
        self.on = sys.stderr.isatty()

    def show(self, text: str) -> None:
        if not self.on:
            return
        left = ""
        if self.done:
            seconds = (time.monotonic() - self.began) / self.done * (self.steps - self.done)
            left = f", about {seconds / 60:.0f} min left" if seconds > 90 else f", about {seconds:.0f} s left"
        room = shutil.get_terminal_size().columns - 1
        write_error("\r\x1b[K" + (text + left)[:room])

    def clear(self) -> None:
        if self.on:
            write_error("\r\x1b[K")


def fresh_copies(programs: dict[str, pathlib.Path], folder: pathlib.Path, dice: random.Random) -> dict:
    """Each contestant's own copy of its program, for one round."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = ["a", "b", "c"]
    dice.shuffle(names)
    return {who: pathlib.Path(shutil.copy2(programs[who], folder / name)) for who, name in zip(CONTESTANTS, names)}


def run_or_repeat(copies: dict, who: str, row: Row, plan: Plan, dice: random.Random) -> Sample:
    """A run, and another one if it fails: a failure that comes and goes is no answer. Raises ValueError as run_once."""
    def run() -> Sample:
        return run_once(copies[who], row.name, plan.min_time, dice.randrange(LARGEST_PADDING))

    try:
        return run()
    except ValueError as reason:
        if str(reason).startswith(SKIPPED):
            raise
        sample = run()
        row.stumbles[who] = str(reason)
        return sample


def take_turns(row: Row, copies: dict, plan: Plan, dice: random.Random) -> None:
    """One round of one row."""
    of_round = {}
    for who in dice.sample(CONTESTANTS, len(CONTESTANTS)):
        try:
            of_round[who] = run_or_repeat(copies, who, row, plan, dice)
        except ValueError as reason:
            row.failures[who] = str(reason)
    if not row.failures:
        row.rounds.append(of_round)


def play(rows: list[Row], programs: dict[str, pathlib.Path], plan: Plan, folder: pathlib.Path) -> bool:
    """All rounds; a row that has failed is left alone from then on. False if the user has interrupted it."""
    dice = random.Random(plan.seed)
    progress = Progress(plan.rounds * len(rows))
    try:
        for number in range(1, plan.rounds + 1):
            copies = fresh_copies(programs, folder, dice)
            for row in dice.sample(rows, len(rows)):
                progress.show(f"round {number} of {plan.rounds}: {row.name}")
                if not row.failures:
                    take_turns(row, copies, plan, dice)
                progress.done += 1
        return True
    except KeyboardInterrupt:
        return False
    finally:
        progress.clear()
        shutil.rmtree(folder, ignore_errors=True)


def rounds_in_common(rows: list[Row]) -> Optional[int]:
    """How many rounds every sound row has been through; nothing if there is no sound row."""
    return min((len(row.rounds) for row in rows if not row.failures), default=None)
