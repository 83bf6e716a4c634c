"""The two charts of the page, as SVG: ratios with their intervals, and the time of every single run.

Each is drawn for two scales (linear, logarithmic) and two widths (a page, a phone); the page shows one of the four. All
coordinates are whole pixels. Colour is never the only sign: each verdict has a shape of its own and stands there in
words. Classes are explained in page.css.
"""

from __future__ import annotations

import html
import math
import statistics
from typing import Callable, NamedTuple, Sequence

from .report import Report, between, nanoseconds, times
from .rounds import REV, REV_AGAIN, TREE
from .verdict import FAILS, FASTER, INCONCLUSIVE, SAME, SLOWER, Judgement, Ratio

SCALES = ("log", "linear")
WIDTHS = {"wide": 880, "narrow": 364}
MARGIN = 24
CLASSES = {FAILS: "fails", SLOWER: "slower", FASTER: "faster", INCONCLUSIVE: "inconclusive", SAME: "same"}
LETTER = 7.4  # at most so wide
WIDEST_RATIO = 4  # beyond this, a mark lies on the edge

# In pixels, from the line of a row's name on.
TOP = 40
NAME = 14
RATIO_PITCH, RATIO_MARK, RATIO_CONTROL = 54, 27, 38
TIME_PITCH, TIME_REV, TIME_TREE = 62, 28, 43


class Axis(NamedTuple):
    at: Callable[[float], int]
    ticks: list[float]
    left: int
    right: int


def round_steps(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, at most so many."""
    step = 10 ** math.floor(math.log10((high - low) / most))
    while (high - low) / step > most:
        step *= 2.5 if f"{step:e}".startswith("2") else 2
    first = math.ceil(low / step - 1e-9)
    return [round(step * n, 12) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def round_powers(low: float, high: float, most: int) -> list[float]:
    """For a range of several powers of ten: 1, 2 and 5 of each, or 1 only."""
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [d * 10.0**e for e in range(-9, 13) for d in digits if low <= d * 10.0**e <= high]
        if len(ticks) <= most:
            return ticks
    return ticks


def axis(scale: str, low: float, high: float, width: int, apart: int = 64) -> Axis:
    left, right = MARGIN, width - MARGIN
    most = (right - left) // apart

    def at(value: float) -> int:
        value = min(max(value, low), high)
        if scale == "log":
            return round(left + (right - left) * math.log(value / low) / math.log(high / low))
        return round(left + (right - left) * (value - low) / (high - low))

    many = scale == "log" and high / low > 10
    return Axis(at, round_powers(low, high, most) if many else round_steps(low, high, most), left, right)


def text(x: int, y: int, what: str, classes: str = "", anchor: str = "") -> str:
    more = (f' class="{classes}"' if classes else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x}" y="{y}"{more}>{html.escape(what)}</text>'


def grid(on: Axis, bottom: int, label: Callable[[float], str]) -> list[str]:
    drawn = []
    for tick in on.ticks:
        x = on.at(tick)
        drawn.append(f'<path class="grid" d="M{x} {TOP - 8}V{bottom}"/>')
        for y in (TOP - 14, bottom + 18):
            drawn.append(text(x, y, label(tick), "tick", "middle"))
    return drawn


def row_line(each: Judgement, y: int, on: Axis, said: str, is_narrow: bool) -> list[str]:
    """The name of the row at the left, a few figures at the right; on a phone, the name in short."""
    name = each.name
    if is_narrow:
        room = int((on.right - on.left - LETTER * len(said) - 12) / LETTER)
        name = name if len(name) <= room else name[: max(room - 1, 1)] + "\u2026"
    return [
        f'<g><title>{html.escape(each.name)}</title>{text(on.left, y, name, "name")}</g>',
        text(on.right, y, said, f"said {CLASSES[each.word]}", "end"),
    ]


def framed(width: int, height: int, title: str, desc: str, key: str, classes: str, drawn: Sequence[str]) -> str:
    head = (
        f'<svg class="chart {classes}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{key}-t {key}-d">\n<title id="{key}-t">{html.escape(title)}</title>\n'
        f'<desc id="{key}-d">{html.escape(desc)}</desc>'
    )
    return "\n".join([head, *drawn, "</svg>"])


def error_bar(ratio: Ratio, y: int, on: Axis, classes: str, cap: int) -> str:
    low, high = on.at(ratio.low), on.at(ratio.high)
    return f'<path class="{classes}" d="M{low} {y}H{high}M{low} {y - cap}V{y + cap}M{high} {y - cap}V{y + cap}"/>'


def mark(word: str, x: int, y: int) -> str:
    """A shape for each verdict: it points to where the time went, or it is round, or it is hollow."""
    shape = {
        SLOWER: f"M{x - 5} {y - 7}L{x + 8} {y}L{x - 5} {y + 7}Z",
        FASTER: f"M{x + 5} {y - 7}L{x - 8} {y}L{x + 5} {y + 7}Z",
        INCONCLUSIVE: f"M{x} {y - 6}L{x + 6} {y}L{x} {y + 6}L{x - 6} {y}Z",
    }.get(word, f"M{x - 5} {y}a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z")
    return f'<path class="mark {CLASSES[word]}" d="{shape}"/>'


def ratio_range(judgements: Sequence[Judgement], threshold: float) -> tuple[float, float]:
    seen = [1 / (1 + 2 * threshold), 1 + 2 * threshold]
    for each in judgements:
        for ratio in (each.comparison.ratio, each.comparison.control):
            seen += [ratio.low, ratio.high]
    pad = (max(seen) / min(seen)) ** 0.04
    return max(min(seen) / pad, 1 / WIDEST_RATIO), min(max(seen) * pad, WIDEST_RATIO)


def ratio_row(each: Judgement, y: int, on: Axis, is_narrow: bool) -> list[str]:
    """A mark for the ratio with its 95 % interval, over the A/A control's. `y` is the row's upper edge."""
    it = each.comparison
    said = times(it.ratio.value) if is_narrow else f"{times(it.ratio.value)} {each.word}"
    tip = f"{each.name}: {each.word}. Ratio {times(it.ratio.value)}, 95 % interval {between(it.ratio)}. "
    tip += f"A/A control {times(it.control.value)}, {between(it.control)}."
    return [
        *row_line(each, y + NAME, on, said, is_narrow),
        f"<g><title>{html.escape(tip)}</title>",
        f'<path class="hit" d="M{on.left} {y + RATIO_MARK + 4}H{on.right}"/>',
        error_bar(it.control, y + RATIO_CONTROL, on, "control", 3),
        f'<path class="control" d="M{on.at(it.control.value)} {y + RATIO_CONTROL - 4}v8"/>',
        error_bar(it.ratio, y + RATIO_MARK, on, f"bar {CLASSES[each.word]}", 5),
        mark(each.word, on.at(it.ratio.value), y + RATIO_MARK),
        "</g>",
    ]


def ratio_chart(report: Report, scale: str, size: str) -> str:
    """How many times as long each row takes, with its 95 % interval, over the A/A control's."""
    measured = [each for each in report.in_order() if each.comparison]
    width, edge = WIDTHS[size], 1 + report.outcome.threshold
    on = axis(scale, *ratio_range(measured, report.outcome.threshold), width)
    bottom = TOP + RATIO_PITCH * len(measured)
    low, high = on.at(1 / edge), on.at(edge)
    drawn = [f'<rect class="band" x="{low}" y="{TOP - 8}" width="{high - low}" height="{bottom - TOP + 8}"/>']
    drawn += grid(on, bottom, lambda tick: f"{tick:.4g}")
    drawn.append(f'<path class="one" d="M{on.at(1)} {TOP - 8}V{bottom}"/>')
    for place, each in enumerate(measured):
        drawn += ratio_row(each, TOP + RATIO_PITCH * place, on, size == "narrow")
    title = f"How many times as long as REV the tree takes ({scale} scale)"
    return framed(width, bottom + 30, title, report.headline, f"ratio-{scale}-{size}", f"{scale} {size}", drawn)


def strip(values: Sequence[float], y: int, on: Axis, classes: str) -> str:
    """A dot for each run; over them the median, and a bar from the first to the third quarter of the runs."""
    first, middle, third = (on.at(each) for each in statistics.quantiles(values, n=4))
    dots = "".join(f"M{on.at(each)} {y}h0" for each in values)
    return (
        f'<path class="dots {classes}" d="{dots}"/>'
        f'<path class="bar {classes}" d="M{first} {y}H{third}M{first} {y - 3}V{y + 3}M{third} {y - 3}V{y + 3}"/>'
        f'<path class="median {classes}" d="M{middle} {y - 6}v12"/>'
    )


def runs_of(each: Judgement, metric: str) -> tuple[list[float], list[float]]:
    """The times of all runs of REV, and of the tree."""
    of_rev = [of_round[who][metric] for of_round in each.row.rounds for who in (REV, REV_AGAIN)]
    return of_rev, [of_round[TREE][metric] for of_round in each.row.rounds]


def time_row(each: Judgement, y: int, on: Axis, metric: str, is_narrow: bool) -> list[str]:
    """The runs of REV over those of the tree. `y` is the row's upper edge."""
    it = each.comparison
    of_rev, of_tree = runs_of(each, metric)
    said = f"{nanoseconds(it.rev_ns)} \u2192 {nanoseconds(it.tree_ns)} ns"
    drawn = row_line(each, y + NAME, on, said, is_narrow)
    strips = ((of_rev, "REV", TIME_REV, "rev"), (of_tree, "tree", TIME_TREE, CLASSES[each.word]))
    for values, who, at, classes in strips:
        tip = f"{each.name}, {who}: {len(values)} runs, median {nanoseconds(statistics.median(values))} ns, "
        tip += f"from {nanoseconds(min(values))} to {nanoseconds(max(values))} ns"
        drawn.append(f"<g><title>{html.escape(tip)}</title>{strip(values, y + at, on, classes)}</g>")
    return drawn


def time_chart(report: Report, scale: str, size: str) -> str:
    """The time of every run, the revision's over the tree's."""
    metric, width = report.outcome.metric, WIDTHS[size]
    measured = [each for each in report.in_order() if each.comparison]
    everything = [time for each in measured for times_of_one in runs_of(each, metric) for time in times_of_one]
    lowest = 0.0 if scale == "linear" else min(everything) / 1.15
    on = axis(scale, lowest, max(everything) * 1.05, width)
    bottom = TOP + TIME_PITCH * len(measured)
    drawn = grid(on, bottom, lambda tick: f"{tick:,g} ns")
    for place, each in enumerate(measured):
        drawn += time_row(each, TOP + TIME_PITCH * place, on, metric, size == "narrow")
    title = f"The {metric} time of every run, in nanoseconds ({scale} scale)"
    desc = f"For each row, {len(measured[0].row.rounds)} rounds: two runs of REV over one of the tree in each."
    return framed(width, bottom + 30, title, desc, f"time-{scale}-{size}", f"{scale} {size}", drawn)


def all_of(draw: Callable[[Report, str, str], str], report: Report) -> str:
    return "\n".join(draw(report, scale, size) for scale in SCALES for size in WIDTHS)
