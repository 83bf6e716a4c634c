"""The order in which everything is done, and what the command says with its exit code."""

from __future__ import annotations

import argparse
import datetime
import pathlib
import random
import shlex
import traceback
from dataclasses import dataclass

from . import machine
from .building import Compiler, Pair, Workshop, build_pair, build_tree, own_folder
from .options import check, parser
from .processes import INTERRUPTS
from .refusal import Refusal
from .report import Report
from .report_html import html
from .report_json import google_json
from .report_markdown import markdown
from .report_text import text
from .repository import Contents, Repository
from .rounds import REV, REV_AGAIN, TREE, Plan, Row, play, rounds_in_common, rows_of
from .selection import check_rounds, check_runnable, chosen, rows_to_compare
from .streams import complain, prepare, say, write_error
from .verdict import fewest_rounds, judge

NOT_DONE = 2
INTERRUPTED = 130


@dataclass(frozen=True)
class Run:
    """What was measured, and how quiet the machine was."""

    rows: list[Row]
    plan: Plan
    rounds: int  # that every row has been through; fewer than planned after an interrupt
    load: str
    others: str

    @property
    def finished(self) -> bool:
        return self.rounds == self.plan.rounds


def measure(rows: list[Row], pair: Pair, plan: Plan, folder: pathlib.Path) -> Run:
    what = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
    complain(f"{what}, {plan.rounds} rounds, seed {plan.seed}")
    watch = machine.Watch()
    programs = {REV: pair.rev.program, REV_AGAIN: pair.rev.program, TREE: pair.tree.program}
    finished = play(rows, programs, plan, folder)
    return Run(
        rows,
        plan,
        plan.rounds if finished else rounds_in_common(rows) or 0,
        f"before {watch.load_before}; after {machine.load()}",
        f"used {watch.share_of_others():.0%} of the machine meanwhile",
    )


def sentences_on(tree: Contents, pair: Pair, run: Run) -> list[str]:
    """What a reader has to know about what was compared."""
    said = []
    if tree.uncommitted:
        some = ", ".join(tree.uncommitted[:3]) + (" and others" if len(tree.uncommitted) > 3 else "")
        said.append(f"The tree has uncommitted changes, and they are measured too: {some}.")
    said.append(pair.what_differs)
    if pair.same:
        said.append("The two programs are the same, byte for byte: whatever differs below is noise.")
    skipped = [row for row in run.rows if row.cannot_run_here]
    if skipped:
        names = ", ".join(row.name for row in skipped)
        said.append(f"Left out, since they cannot run on this machine ({skipped[0].cannot_run_here}): {names}.")
    if not run.finished:
        said.append(f"Interrupted after {run.rounds} of {run.plan.rounds} rounds; what was measured until then counts.")
    return said


def facts_on(arguments: list[str], compiler: Compiler, pair: Pair, run: Run) -> dict[str, str]:
    """How it was measured."""
    return {
        "command": shlex.join(["benchmarks/compare", *arguments]),
        "date": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z"),
        "rounds": f"{run.rounds}, of {run.plan.min_time:g} s or more for each contestant; seed {run.plan.seed}",
        "compiler": compiler.version,
        "flags": pair.tree.flags,
        **machine.description(),
        "load": run.load,
        "others": run.others,
    }


def hand_over(report: Report, options: argparse.Namespace) -> None:
    """The files before the text: the reader of the text may be `head`. A file that fails takes nothing else with it."""
    troubles = []
    for path, write in ((options.json, google_json), (options.markdown, markdown), (options.html, html)):
        try:
            if path:
                pathlib.Path(path).write_text(write(report), encoding="utf-8", errors="backslashreplace")
        except OSError as reason:
            troubles.append(f"cannot write {path}: {reason.strerror}")
    say(text(report))
    if troubles:
        raise Refusal("; ".join(troubles))


def compare(options: argparse.Namespace, arguments: list[str], root: pathlib.Path) -> int:
    repository = Repository(root)
    tree = repository.tree()
    rev = None if options.list else repository.revision(options.revision)
    kept = root / "build" / "compare"
    with own_folder(kept) as own:
        workshop = Workshop(kept, own, Compiler.chosen(), options.rebuild)
        if not rev:
            say("\n".join(chosen(rows_of(build_tree(workshop, tree).program), options.filter)))
            return 0
        pair = build_pair(workshop, rev, tree)
        rows = rows_to_compare(pair, options.filter)
        check_rounds(options.rounds, len(rows))
        seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
        run = measure(rows, pair, Plan(options.rounds, options.min_time, seed), own / "turns")
    if run.rounds < fewest_rounds(len(rows)):
        complain(f"interrupted after {run.rounds} of {options.rounds} rounds; from fewer than "
                 f"{fewest_rounds(len(rows))} nothing follows")
        return INTERRUPTED
    check_runnable(rows)
    outcome = judge(rows, options.metric, options.threshold / 100, pair.same)
    facts = facts_on(arguments, workshop.compiler, pair, run)
    report = Report(outcome, rev.label, tree.label, sentences_on(tree, pair, run), facts, rev.sha, tree.sha)
    hand_over(report, options)
    return outcome.exit_code if run.finished else INTERRUPTED


def main(arguments: list[str], root: pathlib.Path) -> int:
    """The exit code. Python's own code for an exception, 1, means here that a row is slower: so none may escape."""
    prepare()
    INTERRUPTS.listen()
    try:
        options = parser().parse_args(arguments)
        check(options)
        return compare(options, arguments, root)
    except KeyboardInterrupt:
        complain("interrupted; there is no result")
        return INTERRUPTED
    except Refusal as sentence:
        complain(str(sentence))
    except OSError as reason:
        complain(f"it cannot be done: {reason.filename or 'the system says'}: {reason.strerror or reason}")
    except UnicodeError as reason:
        complain(f"it cannot be done, since a name or a text is not UTF-8: {reason}")
    except Exception:
        write_error(traceback.format_exc())
        complain("this is a fault of benchmarks/compare itself; nothing follows about the tree")
    return NOT_DONE
