"""Builds the two programs that are compared, so that as little as possible differs between them except the library.

One harness for both: the tree's benchmarks are compiled with the revision's library and with the tree's. If they do not
compile with the revision's (it lacks something that they measure), the revision's benchmarks are compiled with both. If
that fails as well, each is built with its own, and the report says so.

A program is kept in build/compare/<hash>/, so it is built once, and a tree with uncommitted changes is found again too.
The hash is that of its sources, of the options, of the versions of compiler and CMake, and of the environment variables
that lead these (LEADING). It is not that of the libraries of the machine, Google Benchmark above all: after another one
has been installed, only --rebuild builds again. Sources are compiled in a folder of their own, and what you edit
meanwhile is not in it. No path of that folder gets into the program.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from typing import Iterator

from .processes import output_of
from .refusal import Refusal
from .repository import Contents, Part
from .streams import complain

TARGET = "tandem_benchmarks"
PROGRAM = "program"
RECORD = "record.json"
FIRST_ERRORS = 5

# Environment variables that decide what CMake, the compiler and the linker find and do, besides CXX and CXXFLAGS.
LEADING = (
    "LDFLAGS", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX",
    "CMAKE_PREFIX_PATH", "CMAKE_INCLUDE_PATH", "CMAKE_LIBRARY_PATH", "CMAKE_GENERATOR", "CMAKE_GENERATOR_TOOLSET",
    "CMAKE_TOOLCHAIN_FILE", "benchmark_DIR", "benchmark_ROOT", "SDKROOT", "MACOSX_DEPLOYMENT_TARGET",
)

# No path of the folder in which it was built gets into the program. CMake quotes the path, whatever is in it; among
# CMAKE_CXX_FLAGS, a path with a space would be two words.
NO_PATHS = "no_paths.cmake"
NO_PATHS_TEXT = """\
get_filename_component(work "${CMAKE_SOURCE_DIR}" DIRECTORY)
add_compile_options("-ffile-prefix-map=${work}=.")
"""


def _version_of(command: list[str], missing: str) -> str:
    """The first line of what it says. `missing` is the sentence if it is not there."""
    try:
        done = output_of([*command, "--version"])
    except FileNotFoundError:
        raise Refusal(missing) from None
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else "unknown"


@dataclass(frozen=True)
class Compiler:
    command: str  # what CMake is told; empty: its own choice
    version: str
    flags: str  # of the user, $CXXFLAGS

    @staticmethod
    def chosen() -> "Compiler":
        command = os.environ.get("CXX", "")
        missing = f"there is no compiler by the name {command or 'c++'!r} (set CXX to choose one)"
        return Compiler(command, _version_of(shlex.split(command or "c++"), missing), os.environ.get("CXXFLAGS", ""))


@dataclass(frozen=True)
class Built:
    program: pathlib.Path
    flags: str
    digest: str  # of the program


@dataclass(frozen=True)
class Pair:
    """What is measured."""

    rev: Built
    tree: Built
    what_differs: str  # a sentence

    @property
    def same(self) -> bool:
        """Byte for byte."""
        return self.rev.digest == self.tree.digest


class DoesNotBuild(Exception):
    """Its text is what the compiler, or CMake, said first."""


def first_errors(log: str) -> str:
    if re.search(r'provided by "benchmark"', log):
        return "Google Benchmark is not installed (Debian: libbenchmark-dev)"
    lines = log.splitlines()
    errors = []
    for number, line in enumerate(lines):
        if line.startswith("CMake Error"):
            errors.append(" ".join(part.strip() for part in lines[number : number + 3]))
        elif re.search(r"\berror: ", line):
            errors.append(re.sub(r"^[^:]*/source/", "", line.strip()))
    shown = errors[:FIRST_ERRORS] or [line for line in lines if line.strip()][-FIRST_ERRORS:]
    return "\n".join("  " + line for line in shown)


@contextlib.contextmanager
def own_folder(kept: pathlib.Path) -> Iterator[pathlib.Path]:
    """A folder that belongs to this run of the command alone, and is removed at its end."""
    kept.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="run.", dir=kept))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Workshop:
    """Builds programs in `own`, the run's own folder, and keeps them in `kept`, which all runs share.

    Several runs may use `kept` at the same time. So a run only ever executes and copies programs in its own folder, and
    each kept program comes and goes as a whole folder, by one renaming.
    """

    def __init__(self, kept: pathlib.Path, own: pathlib.Path, compiler: Compiler, rebuild: bool = False):
        self.kept, self.own, self.compiler, self.rebuild = kept, own, compiler, rebuild
        self.cmake = _version_of(["cmake"], "CMake is not installed (3.25 or later is needed)")

    def build(self, sources: Part, what: str) -> Built:
        """The program of these sources; raises DoesNotBuild. `what` is for the user, who has to wait."""
        key = self._hash_of(sources)
        mine = self.own / key
        if not mine.exists() and (self.rebuild or not self._take(key)):
            complain(f"building {what}")
            self._make(sources, mine)
            self._keep(key)
        record = json.loads((mine / RECORD).read_text())
        return Built(mine / PROGRAM, record["flags"], record["digest"])

    def _take(self, key: str) -> bool:
        """Copies a kept program. False if there is none, or not a whole one: another run may be replacing it."""
        mine = self.own / key
        mine.mkdir()
        try:
            for name in (RECORD, PROGRAM):
                shutil.copy2(self.kept / key / name, mine / name)
            if json.loads((mine / RECORD).read_text())["digest"] == digest_of(mine / PROGRAM):
                return True
        except (FileNotFoundError, ValueError, KeyError):
            pass
        shutil.rmtree(mine)
        return False

    def _keep(self, key: str) -> None:
        """Replaces what is kept there. If another run has been quicker, its program stays: it is as good."""
        new, old = self.own / "new", self.own / "old"
        shutil.copytree(self.own / key, new)
        with contextlib.suppress(FileNotFoundError):
            os.rename(self.kept / key, old)
        try:
            os.rename(new, self.kept / key)
        except OSError as reason:
            if reason.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            shutil.rmtree(new)
        shutil.rmtree(old, ignore_errors=True)

    def _hash_of(self, sources: Part) -> str:
        digest = hashlib.sha256()
        told = [self.cmake, self.compiler.command, self.compiler.version, *_options(self.compiler.flags), NO_PATHS_TEXT]
        led = [f"{name}={os.environ[name]}" for name in LEADING if name in os.environ]
        for text in (*told, *led):
            digest.update(os.fsencode(text) + b"\0")
        for path in sorted(sources):
            digest.update(path.encode() + b"\0" + hashlib.sha256(sources[path]).digest())
        return digest.hexdigest()[:16]

    def _make(self, sources: Part, mine: pathlib.Path) -> None:
        work = self.own / "work"
        source, binary = work / "source", work / "build"
        shutil.rmtree(work, ignore_errors=True)  # of sources that did not build
        _write(sources, source)
        (work / NO_PATHS).write_text(NO_PATHS_TEXT)
        options = [*_options(self.compiler.flags), f"-DCMAKE_PROJECT_INCLUDE={work / NO_PATHS}"]
        self._run(["cmake", "-S", source, "-B", binary, *options])
        self._run(["cmake", "--build", binary, "--target", TARGET, "--parallel", str(cores())])
        program = _find(binary)
        mine.mkdir()
        shutil.copy2(program, mine / PROGRAM)
        record = {
            "flags": _flags_in(binary),
            "digest": digest_of(mine / PROGRAM),
            "compiler": self.compiler.version,
        }
        (mine / RECORD).write_text(json.dumps(record, indent=1) + "\n")

    def _run(self, command: list) -> None:
        environment = {**os.environ, "LC_ALL": "C"}
        environment.pop("CXXFLAGS", None)  # they are among the options
        done = output_of(command, environment)
        if done.code != 0:
            raise DoesNotBuild(first_errors(done.stdout + done.stderr))


def digest_of(program: pathlib.Path) -> str:
    return hashlib.sha256(program.read_bytes()).hexdigest()


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _options(flags: str) -> list[str]:
    """What the preset `bench` says, except that a warning is no error: an older revision may have one."""
    return [
        "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
        "-DTANDEM_TESTS=OFF",
        "-DTANDEM_EXAMPLES=OFF",
        "-DTANDEM_BENCHMARKS=ON",
        "-DTANDEM_INSTALL=OFF",
        f"-DCMAKE_CXX_FLAGS={flags.strip()}",
    ]


def _write(sources: Part, folder: pathlib.Path) -> None:
    for path, content in sources.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _find(binary: pathlib.Path) -> pathlib.Path:
    for each in sorted(binary.rglob(TARGET)):
        if each.is_file() and os.access(each, os.X_OK):
            return each
    raise DoesNotBuild(f"  the build made no program by the name {TARGET}")


def _flags_in(binary: pathlib.Path) -> str:
    """The flags that decide what code comes out: no paths, no warnings."""
    try:
        commands = json.loads((binary / "compile_commands.json").read_text())
    except (OSError, ValueError):
        return ""
    words = next((shlex.split(each["command"]) for each in commands if "benchmarks/" in each["file"]), [])
    decisive = re.compile(r"-(O|std|m|f(?!file-prefix)|pthread|g|D(?!BENCH_|BOOST_))")
    return " ".join(word for word in words if decisive.match(word))


def build_tree(workshop: Workshop, tree: Contents) -> Built:
    try:
        return workshop.build({**tree.harness, **tree.library}, "the working tree")
    except DoesNotBuild as reason:
        raise Refusal(f"the working tree does not build:\n{reason}") from None


def build_pair(workshop: Workshop, rev: Contents, tree: Contents) -> Pair:
    """The two programs. Raises Refusal if one of them cannot be built."""
    of_tree = build_tree(workshop, tree)
    if not rev.library:
        raise Refusal(f"revision {rev.sha[:12]} has no include/, so there is no library to compare with")
    try:
        of_rev = workshop.build({**tree.harness, **rev.library}, f"the tree's benchmarks with {rev.label}")
    except DoesNotBuild as reason:
        return _build_with_the_revisions_harness(workshop, rev, tree, of_tree, str(reason))
    return Pair(of_rev, of_tree, "Both programs are the tree's benchmarks; only include/ differs.")


def _build_with_the_revisions_harness(
    workshop: Workshop, rev: Contents, tree: Contents, of_tree: Built, trouble: str
) -> Pair:
    try:
        own = workshop.build({**rev.harness, **rev.library}, f"{rev.label}, with its own benchmarks")
    except DoesNotBuild as reason:
        raise Refusal(
            f"revision {rev.sha[:12]} does not build, neither with the tree's benchmarks nor with its own.\n"
            f"With the tree's:\n{trouble}\nWith its own:\n{reason}"
        ) from None
    why = "The tree's benchmarks do not build with the revision's include/"
    try:
        of_tree = workshop.build({**rev.harness, **tree.library}, "the revision's benchmarks with the working tree")
    except DoesNotBuild:
        return Pair(own, of_tree, f"{why}, nor the revision's with the tree's, so each program is built with its own "
                    "benchmarks: a difference may come from either. Only rows that both have are compared.")
    return Pair(own, of_tree, f"{why}, so both programs are the revision's benchmarks; only include/ differs.")
