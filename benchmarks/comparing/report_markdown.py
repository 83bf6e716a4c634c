"""The report for a pull request: the result in one line, what matters below it, the rest folded."""

from __future__ import annotations

from .report import COLUMNS, Report, by_the_other, figures, other_metric
from .verdict import FAILS, FASTER, INCONCLUSIVE, SAME, SLOWER, Judgement

SIGNS = {FAILS: "❌", SLOWER: "🔴", FASTER: "🟢", INCONCLUSIVE: "❔", SAME: "⚪"}


def escaped(text: str) -> str:
    """Nothing in it is taken for Markdown or HTML, nor for the end of a cell."""
    for special in "\\`*_{}[]<>#|~":
        text = text.replace(special, "\\" + special)
    return text.replace("@", "&#64;").replace("\n", " ")


def table(judgements: list[Judgement], other: str) -> list[str]:
    lines = [
        "| | row | " + " | ".join(COLUMNS) + f" | {other} ratio | verdict |",
        "|---|---|" + "---:|" * (len(COLUMNS) + 1) + "---|",
    ]
    for each in judgements:
        word = each.word + (f": {escaped(each.note)}" if each.note else "")
        cells = [SIGNS[each.word], f"`{each.name}`", *figures(each), by_the_other(each, other), word]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def folded(summary: str, lines: list[str]) -> list[str]:
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>", ""]


def markdown(report: Report) -> str:
    outcome = report.outcome
    other = other_metric(outcome)
    worst = next(word for word in (FAILS, SLOWER, FASTER, INCONCLUSIVE, SAME) if outcome.counts[word])
    loud = [each for each in report.in_order() if each.word in (FAILS, SLOWER, FASTER)]
    unclear, same = outcome.with_word(INCONCLUSIVE), outcome.with_word(SAME)
    lines = [
        f"### {SIGNS[worst]} {report.headline}",
        "",
        f"- REV: `{report.rev_sha[:12]}` {escaped(report.rev[13:])}",
        f"- tree: `{report.tree_sha[:12]}` {escaped(report.tree[13:])}",
        "",
    ]
    if loud:
        lines += [*table(loud, other), ""]
    if unclear:
        lines += folded(f"{len(unclear)} inconclusive", table(unclear, other))
    if same:
        lines += folded(f"{len(same)} without a difference seen", table(same, other))
    facts = [f"- {name}: {escaped(value)}" for name, value in report.facts.items()]
    said = [escaped(sentence) for sentence in report.sentences]
    lines += folded("What the words mean, and how it was measured", [report.explanation, *said, "", *facts])
    return "\n".join(lines)
