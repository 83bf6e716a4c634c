"""One of four words for each row.

slower              p, corrected for the number of rows, is below 0.01, and the ratio exceeds both the threshold and
                    what the A/A control differs by.
faster              the same the other way round.
no difference seen  the whole 95 % interval of the ratio lies within the threshold. The row may well be 1 % slower;
                    it is hardly as much slower as the threshold says.
inconclusive        anything else: the noise is too large for either word, or the row could not be measured. An answer
                    like the others: "this machine, in so many rounds, cannot tell".

p alone would call a row slower that is 0.5 % slower on a quiet machine, which is of no use: hence the threshold. The
threshold alone would call a noisy row slower: hence p. The A/A control, the same program measured twice, shows in the
user's own run what noise looks like, without any theory; an effect that is smaller is not believed.

There is a fifth word, *fails*, for what is no measurement: the row fails with the tree, twice in succession, and not
with the revision. If both programs are the same byte for byte, then such a row is inconclusive.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Optional

from .rank_test import Shift, holm, least_p, shift_of
from .rounds import METRICS, REV, REV_AGAIN, TREE, Row

SLOWER = "slower"
FASTER = "faster"
SAME = "no difference seen"
INCONCLUSIVE = "inconclusive"
FAILS = "fails"
WORDS = (FAILS, SLOWER, FASTER, INCONCLUSIVE, SAME)  # what a reader wants to see first comes first

LEVEL = 0.01
CONFIDENCE = 0.95
FEWEST_ROUNDS = 10
RESERVE = 10  # the smallest p that is possible is so many times smaller than the level: few rows are so clear


@dataclass(frozen=True)
class Ratio:
    """How many times as long, with the interval, and the p of its being 1."""

    value: float
    low: float
    high: float
    p: float

    @staticmethod
    def of(shift: Shift) -> "Ratio":
        return Ratio(math.exp(shift.estimate), math.exp(shift.low), math.exp(shift.high), shift.p)


@dataclass(frozen=True)
class Comparison:
    """One row by one metric."""

    rev_ns: float  # the median of both runs of REV
    tree_ns: float
    ratio: Ratio  # tree to REV
    control: Ratio  # REV to REV


@dataclass
class Judgement:
    """One row and the word for it."""

    row: Row
    by_metric: dict[str, Optional[Comparison]]
    metric: str
    word: str = INCONCLUSIVE
    note: str = ""
    corrected_p: float = 1.0

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def comparison(self) -> Optional[Comparison]:
        return self.by_metric[self.metric]


@dataclass
class Outcome:
    """All rows of a run."""

    judgements: list[Judgement]
    metric: str
    threshold: float  # 0.05 is 5 %
    counts: dict[str, int] = field(default_factory=dict)
    left_out: list[Row] = field(default_factory=list)  # those that cannot run on this machine; no word is said on them

    @property
    def exit_code(self) -> int:
        if self.counts[SLOWER] or self.counts[FAILS]:
            return 1
        return 3 if self.counts[INCONCLUSIVE] else 0

    def with_word(self, word: str) -> list[Judgement]:
        return [each for each in self.judgements if each.word == word]


def fewest_rounds(rows: int) -> int:
    """So many rounds are needed that one row of these can be called slower, although its p is multiplied by `rows`."""
    rounds = FEWEST_ROUNDS
    while rows * least_p(rounds) > LEVEL / RESERVE:
        rounds += 1
    return rounds


def compare(row: Row, metric: str) -> Optional[Comparison]:
    """Nothing if the row has not been measured by this metric, or too seldom."""
    rounds = [[of_round[who].get(metric) for who in (TREE, REV, REV_AGAIN)] for of_round in row.rounds]
    if row.failures or len(rounds) < FEWEST_ROUNDS or not all(time for times in rounds for time in times):
        return None
    logs = [[math.log(time) for time in times] for times in rounds]
    return Comparison(
        rev_ns=statistics.median([time for times in rounds for time in times[1:]]),
        tree_ns=statistics.median([times[0] for times in rounds]),
        ratio=Ratio.of(shift_of(logs, CONFIDENCE)),
        control=Ratio.of(shift_of([[times[2], times[1]] for times in logs], CONFIDENCE)),
    )


def word_for(comparison: Comparison, corrected_p: float, threshold: float) -> str:
    edge = math.log1p(threshold)
    ratio, control = comparison.ratio, comparison.control
    effect = math.log(ratio.value)
    if corrected_p < LEVEL and abs(effect) > max(edge, abs(math.log(control.value))):
        return SLOWER if effect > 0 else FASTER
    if -edge < math.log(ratio.low) and math.log(ratio.high) < edge:
        return SAME
    return INCONCLUSIVE


def note_on_failures(row: Row, same_program: bool) -> tuple[str, str]:
    """The word and the note for a row that failed."""
    tree = row.failures.get(TREE)
    rev = row.failures.get(REV) or row.failures.get(REV_AGAIN)
    if tree and rev:
        return INCONCLUSIVE, f"not compared, since it fails with both: {tree}"
    if same_program:
        return INCONCLUSIVE, f"not compared, since it fails now and then, and both programs are the same: {tree or rev}"
    if tree:
        return FAILS, f"with the tree: {tree}"
    return INCONCLUSIVE, f"not compared, since it fails with the revision: {rev}"


def note_on_stumbles(row: Row) -> str:
    """For a row that was measured nevertheless."""
    names = {REV: "REV", REV_AGAIN: "REV", TREE: "the tree"}
    return "; ".join(f"failed once with {names[who]}, and not when repeated: {reason}"
                     for who, reason in row.stumbles.items())


def judge(rows: list[Row], metric: str, threshold: float, same_program: bool = False) -> Outcome:
    """All rows, each with its word. `same_program`: REV's and the tree's are equal, byte for byte."""
    judged = [row for row in rows if not row.cannot_run_here]
    judgements = [Judgement(row, {each: compare(row, each) for each in METRICS}, metric) for row in judged]
    measured = [each for each in judgements if each.comparison]
    for each, p in zip(measured, holm([each.comparison.ratio.p for each in measured])):
        each.corrected_p = p
        each.word = word_for(each.comparison, p, threshold)
    for each in judgements:
        each.note = note_on_stumbles(each.row)
        if each.row.failures:
            each.word, each.note = note_on_failures(each.row, same_program)
        elif not each.comparison:
            each.note = f"not compared, since its program reports no {metric} time"
    outcome = Outcome(judgements, metric, threshold, left_out=[row for row in rows if row.cannot_run_here])
    outcome.counts = {word: len(outcome.with_word(word)) for word in WORDS}
    return outcome
