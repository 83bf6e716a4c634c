"""What all reports say, and how they write figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .verdict import FAILS, FASTER, INCONCLUSIVE, SAME, SLOWER, Comparison, Judgement, Outcome, Ratio


@dataclass(frozen=True)
class Report:
    outcome: Outcome
    rev: str
    tree: str
    sentences: list[str]
    facts: dict[str, str]  # command, rounds, compiler, machine ..., in the order in which they are shown
    rev_sha: str
    tree_sha: str

    @property
    def headline(self) -> str:
        """One sentence with the whole result."""
        counts, total = self.outcome.counts, len(self.outcome.judgements)
        parts = [f"{counts[word]} {phrase}" for word, phrase in PHRASES if counts[word]]
        return f"Of {total} {'row' if total == 1 else 'rows'}: " + ", ".join(parts) + "."

    @property
    def explanation(self) -> str:
        """What the words mean, with the figures of this run."""
        edge = f"{self.outcome.threshold * 100:g} %"
        return (
            f"Slower, faster: the {self.outcome.metric} time differs by more than {edge}, and by more than the "
            "A/A control (REV against itself) does, and chance would hardly do that (p below 0.01, corrected for all "
            f"rows). No difference seen: the 95 % interval leaves no room for one of {edge}. Inconclusive: neither can "
            "be said, most often because of noise."
        )

    def in_order(self) -> list[Judgement]:
        """What a reader wants to see first comes first; otherwise in the order of the benchmarks."""
        return [each for word, _ in PHRASES for each in self.outcome.with_word(word)]


PHRASES = (
    (FAILS, "failing"),
    (SLOWER, "slower"),
    (FASTER, "faster"),
    (INCONCLUSIVE, "inconclusive"),
    (SAME, "without a difference seen"),
)

NOTHING = "-"


def nanoseconds(value: Optional[float]) -> str:
    if value is None:
        return NOTHING
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def times(value: float) -> str:
    return f"{value:.3f}"


def between(ratio: Ratio) -> str:
    return f"{ratio.low:.3f} .. {ratio.high:.3f}"


def chance(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


COLUMNS = ("REV ns", "tree ns", "ratio", "95 % interval", "A/A", "A/A interval", "p")


def figures(judgement: Judgement) -> list[str]:
    """One for each of COLUMNS."""
    it: Optional[Comparison] = judgement.comparison
    if not it:
        return [NOTHING] * len(COLUMNS)
    return [
        nanoseconds(it.rev_ns),
        nanoseconds(it.tree_ns),
        times(it.ratio.value),
        between(it.ratio),
        times(it.control.value),
        between(it.control),
        chance(judgement.corrected_p),
    ]


def other_metric(outcome: Outcome) -> str:
    return "cpu" if outcome.metric == "wall" else "wall"


def by_the_other(judgement: Judgement, metric: str) -> str:
    """The ratio by the metric that does not decide."""
    it = judgement.by_metric[metric]
    return f"{it.ratio.value:.3f} ({between(it.ratio)})" if it else NOTHING
