"""Is one of several contestants shifted against the others? A test, an estimate and an interval, all three exact.

The data
    In each round, every contestant runs once, in an order drawn at random. A round is a tuple of the logarithms of
    their times; the first is the contestant in question, the others are its controls, which are alike.

The null hypothesis
    If the first is like its controls, then within a round each place is as likely for it as any other: the order was
    drawn at random. That is all that is assumed. Times need not be normal, nor have one peak, nor a variance; the
    machine may be slower in one round than in another. The test is exact because of the draw.

The test
    Machines drift, so rounds are aligned first: from each time of a round its round's median is subtracted. Then all
    times are ranked together, and the ranks of the first are added up. Its chance to reach such a sum is counted, not
    approximated: in each round it has one of that round's ranks, each with the same chance, independently of other
    rounds. These are Hodges and Lehmann's aligned ranks. (With one control it is nearly Wilcoxon's signed-rank test:
    there, the smallest difference counts 1, the next 2 and so on; here 1, 3, 5.)
    A time that is wildly off has only the highest rank, however far off it is; and since rounds are aligned by the
    median, not by the mean, it does not move the other times of its round either. In simulations that costs little
    where noise is normal, and gains much where it has a long tail.

The estimate
    The shift without which the sum of ranks would be what it is on average. The median of the differences between the
    first and the mean of its controls would be another choice. Where times are skewed, it is off even if the
    contestants are alike: a mean of two skewed times is not distributed as one of them is.

The interval
    All shifts that the test does not reject, at one minus the confidence. So test and interval never disagree: the 95 %
    interval leaves out "no shift" if and only if the test's p is below 0.05. Its ends are rounded outward, to 0.001 %.

Many rows
    A reader who looks at many rows finds something in one of them. Holm's correction keeps the chance to be wrong
    anywhere in a run below the level, whatever the rows have to do with one another.
"""

from __future__ import annotations

import math
import statistics
from typing import Callable, NamedTuple, Sequence

Round = Sequence[float]

PRECISION = 1e-5  # of estimates and intervals, which are logarithms
SLACK = 1e-6  # of a sum that is a multiple of 1/3 and is compared with 0


class Shift(NamedTuple):
    """How far the first contestant is off its controls, as a difference of logarithms."""

    estimate: float
    low: float
    high: float
    p: float


def aligned(rounds: Sequence[Round]) -> list[list[float]]:
    """Each round less its own median. Rounded, so that equal times stay equal."""
    result = []
    for times in rounds:
        median = statistics.median(times)
        result.append([round(time - median, 12) for time in times])
    return result


def doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each value. Equal values share the mean of their ranks, which doubling keeps whole."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for place in order[begin:end]:
            ranks[place] = begin + 1 + end
        begin = end
    return ranks


def tails(rounds: Sequence[Sequence[int]], reached: int) -> tuple[int, int, int]:
    """In how many ways the sum of one rank out of each round is at most `reached`, at least `reached`, and anything.

    The counts of all sums lie side by side in one long integer, `width` bits for each. To add a round is to shift and
    add. A number is congruent to the sum of its digits modulo its base less one: that adds up the slots of a tail.
    """
    if all(rank % 2 == 0 for ranks in rounds for rank in ranks):  # no ties: half as many sums
        rounds = [[rank // 2 for rank in ranks] for ranks in rounds]
        reached //= 2
    ways = math.prod(len(ranks) for ranks in rounds)
    width = ways.bit_length() + 1
    lowest = sum(min(ranks) for ranks in rounds)
    counts = 1
    for ranks in rounds:
        counts = sum(counts << (width * (rank - min(ranks))) for rank in ranks)
    slot = reached - lowest
    sum_of_slots = (1 << width) - 1
    at_most = (counts & ((1 << (width * (slot + 1))) - 1)) % sum_of_slots
    at_least = (counts >> (width * slot)) % sum_of_slots
    return at_most, at_least, ways


def ranked(rounds: Sequence[Round]) -> list[list[int]]:
    """The rounds, aligned, with the doubled rank of each time in its place."""
    size = len(rounds[0])
    ranks = doubled_ranks([value for times in aligned(rounds) for value in times])
    return [ranks[begin : begin + size] for begin in range(0, len(ranks), size)]


def p_of(rounds: Sequence[Round]) -> float:
    """The chance of so uneven a sum of ranks, in either direction, if the first contestant is like its controls."""
    ranks = ranked(rounds)
    at_most, at_least, ways = tails(ranks, sum(of_round[0] for of_round in ranks))
    return min(1.0, 2 * min(at_most, at_least) / ways)


def least_p(rounds: int, contestants: int = 3) -> float:
    """The smallest p that so many rounds can give: that of a contestant which is the slowest in each of them."""
    return 2 / contestants**rounds


def excess(rounds: Sequence[Round]) -> float:
    """By how much the sum of ranks of the first exceeds its average. It never rises as the first gets lower."""
    ranks = ranked(rounds)
    size = len(rounds[0])
    return sum(of_round[0] - sum(of_round) / size for of_round in ranks)


def without(shift: float, rounds: Sequence[Round]) -> list[list[float]]:
    """The rounds as they would be if the first contestant were `shift` lower."""
    return [[times[0] - shift, *times[1:]] for times in rounds]


def border(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where, on the way from `inside` to `outside`, `holds` ceases to hold; the end beyond it."""
    while abs(outside - inside) > PRECISION:
        middle = (inside + outside) / 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return outside


def shift_of(rounds: Sequence[Round], confidence: float = 0.95) -> Shift:
    """The estimate, the interval and p, for at least six rounds (fewer never reject anything)."""
    differences = [times[0] - control for times in rounds for control in times[1:]]
    lowest, highest = min(differences) - 1, max(differences) + 1
    below = border(lambda shift: excess(without(shift, rounds)) <= SLACK, highest, lowest)
    above = border(lambda shift: excess(without(shift, rounds)) >= -SLACK, lowest, highest)
    estimate = (below + above) / 2

    def accepted(shift: float) -> bool:
        return p_of(without(shift, rounds)) >= 1 - confidence

    return Shift(estimate, border(accepted, estimate, lowest), border(accepted, estimate, highest), p_of(rounds))


def holm(ps: Sequence[float]) -> list[float]:
    """Each p, corrected for the number of rows (Holm)."""
    corrected = [0.0] * len(ps)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, (len(ps) - place) * ps[index]))
        corrected[index] = largest
    return corrected
