"""What the tests of benchmarks/compare share: the way to its parts, and rounds that were never run."""

import math
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.dont_write_bytecode = True

from comparing.report import Report
from comparing.rounds import CONTESTANTS, TREE, Row
from comparing.verdict import judge

SKIPPED = 77  # as tests/comparing/CMakeLists.txt says


def normal(spread):
    return lambda dice: dice.gauss(0, spread)


def long_tailed(spread):
    """Mostly quiet; one run in five is disturbed, and some of these by far."""
    return lambda dice: abs(dice.gauss(0, spread)) + (
        3 * spread * (dice.paretovariate(1.2) - 1) if dice.random() < 0.2 else 0
    )


def two_peaked(spread):
    """Three runs in ten take 1.5 times as long."""
    return lambda dice: dice.gauss(0, spread) + (math.log(1.5) if dice.random() < 0.3 else 0)


def row_of(name, rounds, noise, dice, factor=1.0, typical=100.0, with_cpu=False):
    """A machine that drifts from round to round, and becomes a third slower halfway."""
    row, drift = Row(name), 0.0
    for number in range(rounds):
        drift += dice.gauss(0, 0.05) + (0.3 if number == rounds // 2 else 0)
        of_round = {}
        for who in CONTESTANTS:
            time = typical * math.exp(drift + noise(dice)) * (factor if who == TREE else 1)
            of_round[who] = {"wall": time, "iterations": 1000, **({"cpu": 1.5 * time} if with_cpu else {})}
        row.rounds.append(of_round)
    return row


FACTS = {
    "command": "benchmarks/compare main",
    "date": "2026-11-29 02:30 +0000",
    "rounds": "15, of 0.05 s or more for each contestant; seed 7",
    "compiler": "g++ 12.2",
    "flags": "-O2 -std=c++20",
    "processor": "a processor",
    "cores": "2 of 2 that this process may use",
    "system": "Linux 6.18",
    "load": "before 0.10 0.20 0.30; after 1.10 0.40 0.30",
    "others": "used 3% of the machine meanwhile",
}


def sample_report(subject="mailbox: one counter less"):
    """A report with every word in it."""
    dice = random.Random(2)
    rows = [
        row_of("W1/rendezvous/tandem/8B/two_cores", 15, normal(0.01), dice, typical=200, with_cpu=True),
        row_of("W1/rendezvous/tandem/8B/one_core", 15, normal(0.01), dice, typical=2500),
        row_of("W3/mailbox_1to1_cap64/tandem/8B/one_core", 15, long_tailed(0.01), dice, 1.15, 15),
        row_of("W3/mailbox_4to1_cap1024/tandem/8B/two_cores", 15, normal(0.15), dice, typical=41),
        row_of("W8/select_4_cap64/tandem_selector/8B/one_core", 15, normal(0.02), dice, 0.8, 52),
        Row("W5/mailbox/tandem/8B/two_cores", failures={TREE: "a message was lost"}),
    ]
    return Report(
        outcome=judge(rows, "wall", 0.05),
        rev=f"{'1a2b3c4d5e6f'} {subject}",
        tree="6f5e4d3c2b1a select: fewer steps + uncommitted changes",
        sentences=["The tree has uncommitted changes, and they are measured too: include/tandem/mode.hpp."],
        facts=FACTS,
        rev_sha="1a2b3c4d5e6f" + "0" * 28,
        tree_sha="6f5e4d3c2b1a" + "0" * 28,
    )
