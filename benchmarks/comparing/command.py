"""The options of `benchmarks/compare`, and the order in which everything is done."""

from __future__ import annotations

import argparse
import datetime
import difflib
import os
import pathlib
import random
import re
import shlex
import signal
import sys

from . import machine
from .building import Compiler, DoesNotBuild, Pair, Workshop, build_pair
from .refusal import Refusal
from .report import Report
from .report_html import html
from .report_json import google_json
from .report_markdown import markdown
from .report_text import text
from .repository import Contents, Repository
from .rounds import METRICS, REV, REV_AGAIN, TREE, WALL, Plan, Row, play, rounds_in_common, rows_of
from .verdict import FEWEST_ROUNDS, judge

BAD_INPUT = 2
INTERRUPTED = 130
MOST_ROUNDS = 100

# Some row of every workload, where a thread or two pass a message on: some minutes in all.
USUAL_ROWS = (
    r"^(W1/rendezvous/tandem/8B/(two_cores|one_core)"
    r"|W2/rendezvous_(1to1/tandem/8B/(two_cores|one_core)|4to4/tandem/8B/one_core)"
    r"|W3/mailbox_(1to1_cap64|1to1_cap1024|4to1_cap1024)/tandem/8B/(two_cores|one_core)"
    r"|W5/mailbox/tandem/8B/two_cores"
    r"|W6/future_(same_thread/tandem/8B/one_core|round_trip/tandem/8B/two_cores)"
    r"|W7/coroutine_(round_trip|stream_cap64)/tandem/8B/one_core"
    r"|W8/select_4_cap64/tandem(_selector)?/8B/one_core"
    r"|W9/waiting_1k/tandem/8B/one_core)$"
)

EPILOG = """\
A row is slower, faster, without a difference seen, or inconclusive; docs/how-to/compare-two-versions.md says what these
words mean and when to believe them. Contestants whose names begin with `tandem` are compared. Rivals do not change with
a revision: they are compared only if the filter names them.

exit codes: 0 no row is slower; 1 a row is slower, or fails with the tree only; 2 it could not be done, and a sentence
says why; 3 no row is slower, and one at least is inconclusive; 130 interrupted.
"""


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

    def add(name: str, metavar: str, what: str, **more) -> None:
        options.add_argument(name, metavar=metavar, help=what, **more)

    add("revision", "REV", "a commit, a branch or a tag", nargs="?")
    add("--filter", "REGEX", "which rows (a dozen or so of the usual ones)", default=USUAL_ROWS)
    add("--rounds", "N", "how often each contestant runs, from 10 on (15)", type=int, default=15)
    add("--min-time", "SECONDS", "how long each runs at least (0.05)", type=float, default=0.05)
    add("--metric", "wall|cpu", "which time decides: that of the clock, or of all processors; both are shown (wall)",
        choices=METRICS, default=WALL)
    add("--threshold", "PERCENT", "the smallest effect worth a word (5)", type=float, default=5)
    add("--seed", "N", "of the random order; printed with the result", type=int)
    add("--json", "FILE", "also in the format of Google Benchmark")
    add("--markdown", "FILE", "also as Markdown, for a pull request")
    add("--html", "FILE", "also as one page that fetches nothing")
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
                      "to compare one all the same, write its name into the filter")
    near = difflib.get_close_matches(re.sub(r"[\^$\\]", "", pattern), names, 3, 0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; --list prints what there is with `--filter .`"
    raise Refusal(f"there is no row that matches --filter {pattern!r}{hint}")


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


def sentences_on(rev: Contents, tree: Contents, pair: Pair) -> list[str]:
    """What a reader has to know about what was compared."""
    said = []
    if tree.uncommitted:
        some = ", ".join(tree.uncommitted[:3]) + (" and others" if len(tree.uncommitted) > 3 else "")
        said.append(f"The tree has uncommitted changes, and they are measured too: {some}.")
    said.append(pair.what_differs)
    if pair.rev.digest == pair.tree.digest:
        said.append("The two programs are the same, byte for byte: whatever differs below is noise.")
    return said


def compare(options: argparse.Namespace, arguments: list[str], root: pathlib.Path) -> int:
    repository = Repository(root)
    folder = root / "build" / "compare"
    workshop = Workshop(folder, Compiler.chosen(), options.rebuild)
    tree = repository.tree()
    if options.list:
        try:
            built = workshop.build({**tree.harness, **tree.library}, "the working tree")
        except DoesNotBuild as reason:
            raise Refusal(f"the working tree does not build:\n{reason}") from None
        print("\n".join(chosen(rows_of(built.program), options.filter)))
        return 0

    rev = repository.revision(options.revision)
    pair = build_pair(workshop, rev, tree)
    rows = rows_to_compare(pair, options.filter)
    seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    what = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
    print(f"benchmarks/compare: {what}, {options.rounds} rounds, seed {seed}", file=sys.stderr, flush=True)

    watch = machine.Watch()
    programs = {REV: pair.rev.program, REV_AGAIN: pair.rev.program, TREE: pair.tree.program}
    finished = play(rows, programs, Plan(options.rounds, options.min_time, seed), folder / f"turns.{os.getpid()}")
    rounds = options.rounds if finished else rounds_in_common(rows) or 0
    if not finished and rounds < FEWEST_ROUNDS:
        print(f"benchmarks/compare: interrupted after {rounds} of {options.rounds} rounds; "
              f"from fewer than {FEWEST_ROUNDS} nothing follows", file=sys.stderr)
        return INTERRUPTED

    outcome = judge(rows, options.metric, options.threshold / 100)
    sentences = sentences_on(rev, tree, pair)
    if not finished:
        sentences.append(f"Interrupted after {rounds} of {options.rounds} rounds; what was measured until then counts.")
    report = Report(
        outcome=outcome,
        rev=rev.label,
        tree=tree.label,
        sentences=sentences,
        facts={
            "command": shlex.join(["benchmarks/compare", *arguments]),
            "date": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
            "rounds": f"{rounds}, of {options.min_time:g} s or more for each contestant; seed {seed}",
            "compiler": workshop.compiler.version,
            "flags": pair.tree.flags,
            **machine.description(),
            "load": f"before {watch.load_before}; after {machine.load()}",
            "others": f"used {watch.share_of_others():.0%} of the machine meanwhile",
        },
        rev_sha=rev.sha,
        tree_sha=tree.sha,
    )
    print(text(report))
    for path, write in ((options.json, google_json), (options.markdown, markdown), (options.html, html)):
        if path:
            pathlib.Path(path).write_text(write(report), encoding="utf-8")
    return outcome.exit_code if finished else INTERRUPTED


def interrupt(*_) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str], root: pathlib.Path) -> int:
    signal.signal(signal.SIGTERM, interrupt)
    try:
        options = parser().parse_args(arguments)
        check(options)
        return compare(options, arguments, root)
    except Refusal as sentence:
        print(f"benchmarks/compare: {sentence}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("benchmarks/compare: interrupted; nothing was measured", file=sys.stderr)
        return INTERRUPTED
