"""The report on a terminal."""

from __future__ import annotations

import textwrap

from .report import COLUMNS, Report, by_the_other, figures, other_metric

WIDTH = 120


def text(report: Report) -> str:
    other = other_metric(report.outcome)
    rows = [("row", *COLUMNS, f"{other} ratio", "verdict")]
    rows += [(each.name, *figures(each), by_the_other(each, other), each.word) for each in report.outcome.judgements]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["", f"REV   {report.rev}", f"tree  {report.tree}", ""]
    for name, *cells, word in rows:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:-1])]
        lines.append("  ".join([name.ljust(widths[0]), *padded, word]))
    lines.append("")
    lines += [f"{each.name}: {each.note}" for each in report.outcome.judgements if each.note]
    lines += textwrap.wrap(report.explanation, WIDTH)
    for sentence in report.sentences:
        lines += textwrap.wrap(sentence, WIDTH)
    lines.append("")
    lines += [f"{name:<10} {value}" for name, value in report.facts.items()]
    return "\n".join([*lines, "", report.headline])
