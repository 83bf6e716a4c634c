"""Which rows are compared."""

from __future__ import annotations

import difflib
import re

from .building import Pair
from .refusal import Refusal
from .rounds import Row, rows_of
from .verdict import fewest_rounds


def contestant_of(row: str) -> str:
    """W1/rendezvous/tandem/8B/two_cores -> tandem"""
    parts = row.split("/")
    return parts[2] if len(parts) > 2 else ""


def chosen(names: list[str], pattern: str) -> list[str]:
    """The rows that the filter leaves: of tandem's own contestants, and of rivals that it names."""
    matching = [name for name in names if re.search(pattern, name)]
    left = [name for name in matching
            if contestant_of(name).startswith("tandem") or (contestant_of(name) and contestant_of(name) in pattern)]
    if left:
        return left
    if matching:
        rivals = ", ".join(sorted({contestant_of(name) or name for name in matching}))
        raise Refusal(f"--filter {pattern!r} leaves only rivals, which do not change with a revision ({rivals}); "
                      "to compare one nevertheless, write its name into the filter")
    near = difflib.get_close_matches(re.sub(r"[\^$\\]", "", pattern), names, 3, 0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; --list prints what there is with `--filter .`"
    raise Refusal(f"there is no row that matches --filter {pattern!r}{hint}")


def check_rounds(rounds: int, rows: int) -> None:
    """With too few, every row that has become slower would be inconclusive, and nobody would know why."""
    needed = fewest_rounds(rows)
    if rounds < needed:
        raise Refusal(f"{rows} rows need {needed} rounds or more: p is corrected for the number of rows, and with "
                      f"{rounds} rounds hardly any of them could be called slower. Use --rounds {needed}, or a filter "
                      "that leaves fewer rows")


def check_runnable(rows: list[Row]) -> None:
    """After they have been played."""
    if all(row.cannot_run_here for row in rows):
        raise Refusal(f"none of the rows can run on this machine: {rows[0].cannot_run_here}")


def rows_to_compare(pair: Pair, pattern: str) -> list[Row]:
    of_tree, of_rev = rows_of(pair.tree.program), rows_of(pair.rev.program)
    for names, which in ((of_tree, "tree"), (of_rev, "revision")):
        if not names:
            raise Refusal(f"the benchmarks of the {which} list no rows")
    wanted = chosen(of_tree, pattern)
    common = [Row(name) for name in wanted if name in of_rev]
    if not common:
        raise Refusal(f"the revision has none of the {len(wanted)} rows that --filter {pattern!r} leaves of the tree")
    return common
