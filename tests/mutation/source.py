#!/usr/bin/env python3
"""Breaks the library's sources, one small edit at a time, and asks the tests whether they notice.

usage: source.py [--sample N --seed S] [--only TEXT] [--list] [--jobs N] [--timeout SECONDS] [--compiler COMMAND]

Each mutant is one edit in a header. The programs that look at that header (killers.cpp, or its tests and models) are
compiled with it and run. It is killed if it does not compile, if one of them fails, or if one does not end in time. One
that survives has to be listed, with a reason, in tests/mutation/source_survivors.txt, and the other way round. Exit code
1 if that is not so.
"""

import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = ROOT / "include" / "tandem"
SURVIVORS = ROOT / "tests" / "mutation" / "source_survivors.txt"

KILLERS = "mutation/killers.cpp"

# Who looks at a header: the killers, unless it is said here. The quickest first.
WITNESSES = {
    "sync/rendezvous.hpp": [KILLERS, "model/coroutine.model.cpp"],
    "detail/waiter.hpp": [KILLERS, "waiter.test.cpp"],
    "detail/wait_list.hpp": [KILLERS, "waiter.test.cpp"],
    "detail/awaiting.hpp": ["task.test.cpp", "scheduler.test.cpp", "awaitable.test.cpp", "model/coroutine.model.cpp"],
    "detail/scheduling.hpp": ["scheduler.test.cpp", "run_loop.test.cpp", "model/run_loop.model.cpp"],
    "detail/timer_queue.hpp": ["timer.test.cpp", "scheduler.test.cpp", "run_loop.test.cpp", "model/run_loop.model.cpp"],
    "detail/unshared.hpp": ["confinement.test.cpp", "model/confinement.model.cpp"],
    "detail/selection.hpp": ["selector.test.cpp", "select.test.cpp", "model/confinement.model.cpp",
                             "model/select.model.cpp"],
    "detail/arm.hpp": ["selector.test.cpp", "select.test.cpp", "confinement.test.cpp", "model/confinement.model.cpp"],
    "detail/arms_by_state.hpp": ["selector.test.cpp", "select.test.cpp", "model/select.model.cpp"],
    "detail/limit_arms.hpp": ["selector.test.cpp", "select.test.cpp", "timer.test.cpp"],
    "blend/select.hpp": ["selector.test.cpp", "select.test.cpp", "model/select.model.cpp"],
    "blend/selector.hpp": ["selector.test.cpp", "model/select.model.cpp"],
    "blend/timer.hpp": ["timer.test.cpp", "select.test.cpp", "selector.test.cpp"],
    "coro/compose.hpp": ["compose.test.cpp", "model/compose.model.cpp"],
    "coro/run_loop.hpp": ["run_loop.test.cpp", "model/run_loop.model.cpp"],
    "coro/scope.hpp": ["scope.test.cpp", "model/scope.model.cpp"],
    "coro/task.hpp": ["task.test.cpp", "compose.test.cpp", "model/coroutine.model.cpp"],
    "coro/thread_pool.hpp": ["thread_pool.test.cpp", "model/thread_pool.model.cpp"],
}

# Which killers to run, so that there is less to compile: those of the header, or all.
GROUPS = {
    "sync/rendezvous.hpp": "of_rendezvous",
    "async/mailbox.hpp": "of_mailbox",
    "async/future.hpp": "of_future",
    "port.hpp": "of_ports",
}

# (name, what to look for in a line of code, what to write instead)
EDITS = [
    ("while -> if", r"\bwhile \((?=.*\) \{$)", "if ("),
    ("== -> !=", r" == ", " != "),
    ("!= -> ==", r" != ", " == "),
    ("< -> <=", r" < (?!.*>)", " <= "),
    ("<= -> <", r" <= ", " < "),
    ("> -> >=", r"(?<!-)(?<!operator) > ", " >= "),
    (">= -> >", r" >= ", " > "),
    ("&& -> ||", r" && ", " || "),
    ("|| -> &&", r" \|\| ", " && "),
    ("negate", r"\bif \((?!constexpr)", "if (!"),
    ("true -> false", r"\btrue\b", "false"),
    ("false -> true", r"\bfalse\b", "true"),
    ("first <-> last", r"\bfirst_", "last_"),
    ("last <-> first", r"\blast_\b", "first_"),
    ("senders <-> receivers", r"\bsenders\b", "receivers"),
    ("receivers <-> senders", r"\breceivers\b", "senders"),
    ("senders_ <-> receivers_", r"\bsenders_\b", "receivers_"),
    ("receivers_ <-> senders_", r"\breceivers_\b", "senders_"),
    ("previous <-> next", r"\bprevious\b", "next"),
    ("next <-> previous", r"\bnext\b", "previous"),
    ("+ -> -", r" \+ ", " - "),
    ("- -> +", r" - ", " + "),
    ("1 -> 2", r"(?<= )1\b(?!')", "2"),
    ("max <-> min", r"\bstd::min\(", "std::max("),
    ("no lock", r"const (detail::)?scoped_lock hold\((\S+)\);", r"static_cast<void>(\2);"),
]
STATEMENT = re.compile(r"^(?!return\b|using\b|\}|:|if\b|for\b)[\w(*].*;$")
# a name behind a type: nothing to leave out
DECLARATION = re.compile(
    r"^(const|constexpr|static|explicit|friend|alignas|auto|virtual)\b|= (default|delete);$|"
    r"^(?!delete\b)[\w:]+(<.*>)?[*&]* (const )?[\w~]+(\(.*\).*|\[.*\]|\{.*\}| = .*)?;$|^[\w:]+\(const |^\w+\(\) noexcept"
)
# what is not there at run time, or is there for its speed, or for the lab
INERT = re.compile(r"= (default|delete);|^\s*(enum|struct|class|requires|friend|using)\b|"
                   r"platform::(prefetch|plain_|leave_trace|movers_leave_traces)|"
                   r"static_cast<void>\(detail::result_access::memory\(")
MISUSE = re.compile(r"\b(demand|check_user|keep_others_out|about_to_block)\(")
GUARDED = re.compile(r"^(\s*if \(.*\)) ([^{]*;)$")


# How long to poll, and what a duration comes to: arithmetic, which tests/waiter.test.cpp, tests/pausing.test.cpp and
# tests/verbs.test.cpp test. What misuse says (tests/misuse.test.cpp), and where in its room something lies
# (tests/frames.test.cpp).
ELSEWHERE = ("backoff.hpp", "deadline.hpp", "pausing.hpp", "contract.hpp", "room.hpp", "invoke.hpp", "scheduler.hpp")
# How a select goes through its arms: its tests and models look at that, and not every survivor has a reason yet. Name
# it with --only.
UNFINISHED = ("selection.hpp",)


def files(all_of_them):
    left_out = ELSEWHERE if all_of_them else ELSEWHERE + UNFINISHED
    for folder in ("detail", "sync", "async", "coro", "blend"):
        yield from (path for path in sorted((HEADERS / folder).glob("*.hpp")) if path.name not in left_out)
    yield HEADERS / "port.hpp"


def header_of(mutant):
    return str(mutant["path"].relative_to(HEADERS))


def witnesses_of(mutant):
    return WITNESSES.get(header_of(mutant), [KILLERS])


def code_of(text):
    """Comments blanked out, every character where it was."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    return re.sub(r"//[^\n]*|/\*.*?\*/", blank, text, flags=re.S)


def mutants_of_line(code, line):
    """(what, new line) for one line of code, which is not a declaration."""
    for name, pattern, instead in EDITS:
        for match in re.finditer(pattern, code):
            if match.start() < len(code):
                new = line[: match.start()] + match.expand(instead) + line[match.end() :]
                closes = name == "negate"
                if closes:  # the condition as a whole
                    depth, at = 0, match.end() - 1
                    for i in range(at, len(code)):
                        depth += {"(": 1, ")": -1}.get(code[i], 0)
                        if depth == 0:
                            inside = line[match.end() : i]
                            if ";" in inside:
                                cut = inside.rindex(";") + 1
                                new = line[: match.end()] + inside[:cut] + " !(" + inside[cut:].strip() + ")" + line[i:]
                            else:
                                new = line[: match.end()] + "!(" + inside + ")" + line[i:]
                            break
                    else:
                        continue
                yield name, new
    body = code.strip()
    guarded = GUARDED.match(code.rstrip())
    if guarded and "else" not in code:
        yield "left out", line[: guarded.start(2)] + "{}"
    elif STATEMENT.match(body) and not DECLARATION.match(body):
        yield "left out", line[: len(line) - len(line.lstrip())] + "{}"


def all_mutants(all_of_them):
    found = []
    for path in files(all_of_them):
        text = path.read_text()
        lines = text.split("\n")
        codes = code_of(text).split("\n")
        seen = {}
        skipping = False
        not_read = False  # what only some compilers read, or those without exceptions
        for number, (line, code) in enumerate(zip(lines, codes)):
            if code.startswith(("#if", "#else", "#endif")):
                not_read = "__clang__" in code or code.startswith("#else")
            if not_read or not code.strip() or code.startswith("#"):
                continue
            if "static_assert" in code or "template <" in code or INERT.search(code):
                continue
            if MISUSE.search(code):
                skipping = True  # which has its own tests: the death tests of every primitive
            if skipping:
                skipping = not code.rstrip().endswith(";")
                continue
            for what, new in mutants_of_line(code, line):
                if new == line:
                    continue
                key = f"{path.relative_to(HEADERS)}: {what}: {line.split('//')[0].strip()}"
                seen[key] = seen.get(key, 0) + 1
                found.append({"path": path, "number": number, "new": new, "what": what, "key": key, "nth": seen[key]})
        for m in found:
            if m["path"] == path and seen[m["key"]] > 1:
                m["key"] += f" #{m['nth']}"
    return found


# --- all in one program, as far as that can be ------------------------------------------------------------------------
#
# To compile takes longer than to run. So one program gets the edits of many mutants, each behind a question which one it
# is this time: a statement, a condition, an initial value. What cannot be written so is compiled for itself.

CHOOSER = """#pragma once
#include <cstdlib>
#include <type_traits>
namespace tandem_mutants {
inline const int chosen = std::getenv("TANDEM_MUTANT") != nullptr ? std::atoi(std::getenv("TANDEM_MUTANT")) : 0;
constexpr bool on(int n) noexcept {
  if (std::is_constant_evaluated()) return false;
  return chosen == n;
}
}  // namespace tandem_mutants
"""


def common_ends(old, new):
    """How much they share, in front and behind."""
    front = 0
    while front < min(len(old), len(new)) and old[front] == new[front]:
        front += 1
    back = 0
    while back < min(len(old), len(new)) - front and old[-1 - back] == new[-1 - back]:
        back += 1
    return front, back


def balanced(text):
    return all(text.count(a) == text.count(b) for a, b in ("()", "{}", "[]"))


def part_of(line, before):
    """(from, to, kind) of what may be asked about in a line of code; nothing if it has to be compiled for itself."""
    code = code_of(line).rstrip()
    body = code.strip()
    begin = len(code) - len(code.lstrip())
    starts = not before or before[-1] in ";{}:"
    if not starts or re.match(r"(static|constexpr|using|public|:)", body) or "if constexpr" in body or "[&" in body:
        return None
    opener = re.match(r"^(\} else )?(if|while) \((.*)\) \{$", body)
    if opener:
        inside = opener.group(3)
        last = inside.rfind("; ") + 2 if "; " in inside else 0
        start = begin + opener.start(3) + last
        return start, begin + opener.end(3), "condition"
    one_liner = re.search(r"\{ (.*;) \}$", code)
    if one_liner and body.count("{") == body.count("}") and "= [" not in body:
        return one_liner.start(1), one_liner.end(1), "statement"
    if not body.endswith(";") or not balanced(body):
        return None
    declared = re.match(r"^(const )?[\w:]+(<[^=]*>)?[*&]* (const )?\w+ = (.*);$", body)
    if declared and not body.startswith(("return", "delete")):
        return begin + declared.start(4), begin + declared.end(4), "value"
    if DECLARATION.search(body) and not body.startswith(("delete", "return")):
        return None
    return begin, len(code), "statement"


def together(mutants, options, folder):
    """Numbers those that fit into one program, and compiles it. The others keep the number 0."""
    for path in {m["path"] for m in mutants}:
        codes = code_of(path.read_text()).split("\n")
        for m in (m for m in mutants if m["path"] == path):
            m["id"] = 0
            old = path.read_text().split("\n")[m["number"]]
            before = next((c.strip() for c in reversed(codes[: m["number"]]) if c.strip()), "")
            part = part_of(old, before)
            if part is None or m["what"] in ("while -> if", "no lock"):
                continue
            front, back = common_ends(old, m["new"])
            if front < part[0] or len(old) - back > part[1]:
                continue
            m["part"] = part
            m["text"] = m["new"][part[0] : len(m["new"]) - (len(old) - part[1])]
            m["id"] = mutants.index(m) + 1
    (folder / "mutants.hpp").write_text(CHOOSER)
    for _ in range(20):
        shutil.rmtree(folder / "include", ignore_errors=True)
        for path in {m["path"] for m in mutants}:
            lines = path.read_text().split("\n")
            for number in {m["number"] for m in mutants if m["path"] == path and m["id"]}:
                here = [m for m in mutants if m["path"] == path and m["number"] == number and m["id"]]
                begin, end, kind = here[0]["part"]
                old = lines[number][begin:end]
                if kind == "statement":
                    asked = "".join(f"if (tandem_mutants::on({m['id']})) {{ {m['text']} }} else " for m in here)
                    asked += f"{{ {old} }}"
                else:
                    cast = "static_cast<bool>" if kind == "condition" else ""
                    asked = "".join(f"tandem_mutants::on({m['id']}) ? {cast}({m['text']}) : " for m in here)
                    asked += f"{cast}({old})"
                lines[number] = lines[number][:begin] + asked + lines[number][end:]
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("\n".join(lines))
        programs = sorted({w for m in mutants if m["id"] for w in witnesses_of(m)})
        with_question = ["-include", str(folder / "mutants.hpp")]
        said = options.pool.map(lambda w: compiled(w, folder, options, with_question), programs)
        wrong = "\n".join(text for text in said if text is not None)
        if not wrong:
            options.limits = {w: limit_of(w, folder, options) for w in programs}
            return
        places = {(file, int(line) - 1) for file, line in re.findall(r"include/tandem/(\S+?\.hpp):(\d+)", wrong)}
        hit = [m for m in mutants if (str(m["path"].relative_to(HEADERS)), m["number"]) in places and m["id"]]
        if not hit:
            raise SystemExit("the mutants do not compile together:\n" + wrong)
        for m in hit:
            m["id"] = 0
    raise SystemExit("the mutants do not compile together")


def name_of(witness):
    return witness.replace("/", "_").removesuffix(".cpp")


def is_of_the_lab(witness):
    return witness.startswith(("model/", "mutation/"))


def compiled(witness, folder, options, more):
    """A program with the headers that are found in `folder` first; the errors, or nothing."""
    command = options.compiler.split() + more + ["-std=c++20", "-w", "-DTANDEM_WITHOUT_FLOORS"]
    if is_of_the_lab(witness):
        command += ["-O1", "-DTANDEM_PLATFORM_HEADER=<tandem/lab/platform.hpp>"]
    command += [f"-I{folder}/include", f"-I{options.snapshot}/include", f"-I{options.snapshot}/tests",
                f"{options.snapshot}/tests/{witness}", "-o", str(folder / name_of(witness))]
    if witness != KILLERS:
        command += [str(options.snapshot / "catch_main.o"), "-pthread"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return None if done.returncode == 0 else done.stderr


def compile_catch(options):
    """The main() of the tests."""
    command = options.compiler.split() + ["-std=c++20", "-w", f"-I{options.snapshot}/tests", "-c",
               f"{options.snapshot}/tests/support/catch_main.cpp", "-o", str(options.snapshot / "catch_main.o")]
    subprocess.run(command, check=True)


def fate_of(mutant, options):
    """Why it is dead, or nothing."""
    if mutant["id"]:
        for witness in witnesses_of(mutant):
            if fate := run_witness(witness, options.together, options, mutant["id"]):
                return fate
        return None
    with tempfile.TemporaryDirectory(prefix="tandem-mutant-") as folder:
        folder = pathlib.Path(folder)
        relative = mutant["path"].relative_to(ROOT)
        target = folder / relative  # found before the one in the snapshot
        target.parent.mkdir(parents=True)
        lines = (options.snapshot / relative).read_text().split("\n")
        lines[mutant["number"]] = mutant["new"]
        target.write_text("\n".join(lines))
        for witness in witnesses_of(mutant):
            group = [f"-DKILLERS={GROUPS.get(header_of(mutant), 'all')}"] if witness == KILLERS else []
            if compiled(witness, folder, options, group) is not None:
                return "does not compile"
            if fate := run_witness(witness, folder, options, 0):
                return fate
        return None


def limit_of(witness, folder, options):
    """How long to wait for it: several times as long as it takes if nothing is wrong."""
    before = time.monotonic()
    if fate := run_witness(witness, folder, options, 0):
        raise SystemExit(f"{witness}, with no mutant at all: {fate}")
    return min(options.timeout, 5 + 5 * (time.monotonic() - before))


def run_witness(witness, folder, options, number):
    # of Catch's: the first assertion that fails is enough, and what takes longer than all the rest is left out
    limits = "" if witness == KILLERS else " --abort '~[long]'"
    limited = ["sh", "-c", f"ulimit -v 8000000; exec {folder / name_of(witness)}{limits}"]
    try:
        environment = {**os.environ, "TANDEM_MUTANT": str(number)}
        limit = options.limits.get(witness, options.timeout)
        ran = subprocess.run(limited, capture_output=True, timeout=limit, env=environment)
    except subprocess.TimeoutExpired:
        return "does not end"
    if ran.returncode == 0:
        return None
    said = ran.stdout.decode(errors="replace").strip().split("\n")
    if witness != KILLERS:
        return f"{witness} fails"
    return "crashes" if ran.returncode != 1 else said[-1][:90]


def reasons():
    found, last = {}, None
    if SURVIVORS.exists():
        for line in SURVIVORS.read_text().split("\n"):
            if not line.strip() or line.startswith("#"):
                continue
            if not line.startswith(" "):
                last = line.strip()
                found[last] = ""
            elif last is not None:
                found[last] = (found[last] + " " + line.strip()).strip()
    return found


def seed_of(text):
    """A number, or `commit`: another one for each commit, the same one whoever tests that commit."""
    if text != "commit":
        return int(text)
    try:
        asked = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True)
    except FileNotFoundError:
        print("git is not installed, so the seed is 1")
        return 1
    if asked.returncode != 0:
        print(f"git names no commit, so the seed is 1: {asked.stderr.strip()}")
        return 1
    return int(asked.stdout[:8], 16)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0, help="only so many, chosen by the seed")
    parser.add_argument("--seed", type=seed_of, default=1, help="a number, or `commit`: one that the commit decides")
    parser.add_argument("--only", default="", help="only those whose name has this in it")
    parser.add_argument("--list", action="store_true", help="say which there are, and run none")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"))
    options = parser.parse_args()

    everything = all_mutants(bool(options.only))
    mutants = [m for m in everything if options.only in m["key"]]
    if options.list:
        print("\n".join(m["key"] for m in mutants))
        return 0
    if options.sample:
        mutants = random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))

    justified = reasons()
    wrong, survivors = [], 0
    keys = {m["key"] for m in everything}
    wrong += [f"source_survivors.txt lists what there is not: {key}" for key in justified if key not in keys]
    wrong += [f"source_survivors.txt gives no reason for: {key}" for key in justified if not justified[key]]
    with tempfile.TemporaryDirectory(prefix="tandem-snapshot-") as folder, concurrent.futures.ThreadPoolExecutor(
        options.jobs
    ) as pool:
        options.snapshot = pathlib.Path(folder)
        options.pool = pool
        options.limits = {}
        for part in ("include", "tests"):  # the tree may change while this runs
            shutil.copytree(ROOT / part, options.snapshot / part)
        if any(w != KILLERS for m in mutants for w in witnesses_of(m)):
            compile_catch(options)
        options.together = options.snapshot / "together"
        options.together.mkdir()
        together(mutants, options, options.together)
        alone = sum(m["id"] == 0 for m in mutants)
        if options.sample:
            print(f"--sample {options.sample} --seed {options.seed}", flush=True)
        print(f"{len(mutants) - alone} mutants in one program, {alone} each in its own", flush=True)
        for mutant, fate in zip(mutants, pool.map(lambda m: fate_of(m, options), mutants)):
            print(f"{fate or 'SURVIVES':<40} {mutant['key']}", flush=True)
            survivors += fate is None
            if fate is None and mutant["key"] not in justified:
                wrong.append(f"nobody notices: {mutant['key']}")
            if fate is not None and mutant["key"] in justified:
                wrong.append(f"source_survivors.txt lists what is noticed ({fate}): {mutant['key']}")
    print(f"{len(mutants)} mutants of {len(everything)}, {survivors} survive")
    print("\n".join(f"FAILED: {sentence}" for sentence in wrong))
    return 1 if wrong or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())
