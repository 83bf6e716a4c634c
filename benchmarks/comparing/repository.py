"""What a revision and the working tree consist of, as far as it is compiled into the benchmarks.

Two parts: the *library*, which is `include/`, and the *harness* that measures it: the benchmarks and how they are
built. They are kept apart, since a comparison needs two libraries and one harness. A part is a dictionary of path and
content; it is small, so the command can combine two parts, hash them and write them anywhere.
"""

from __future__ import annotations

import io
import pathlib
import subprocess
import tarfile
from dataclasses import dataclass

from .refusal import Refusal

Part = dict  # path -> bytes

LIBRARY = ("include",)
HARNESS = ("benchmarks", "cmake", "CMakeLists.txt")
NOT_COMPILED = ("benchmarks/compare", "benchmarks/comparing/", "benchmarks/run")


@dataclass(frozen=True)
class Contents:
    """A revision, or the working tree."""

    label: str  # "1a2b3c4d5e6f the subject of the commit"
    sha: str
    subject: str
    library: Part
    harness: Part
    uncommitted: tuple[str, ...] = ()  # the paths that differ from the commit, and are measured


class Repository:
    def __init__(self, root: pathlib.Path):
        self.root = root
        try:
            inside = self._git("rev-parse", "--is-inside-work-tree")
        except FileNotFoundError:
            raise Refusal("git is not installed, and without it there is no revision to compare with") from None
        if inside.returncode != 0:
            reason = inside.stderr.decode(errors="replace").strip().splitlines()
            raise Refusal(
                f"{root} is not in a git repository that can be read, so there is no revision to compare with"
                + (f" (git: {reason[0]})" if reason else "")
            )

    def _git(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(["git", "-C", str(self.root), *arguments], capture_output=True)

    def _said(self, *arguments: str) -> str:
        return self._git(*arguments).stdout.decode(errors="replace").strip()

    def _resolve(self, revision: str) -> str:
        """The commit. A branch may be there as origin's only: CI checks out one commit, and no other branch."""
        for command in (
            ("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"),
            ("show-ref", "--verify", "--hash", f"refs/remotes/origin/{revision}"),
        ):
            found = self._git(*command)
            if found.returncode == 0:
                return found.stdout.decode().strip().splitlines()[-1]
        raise Refusal(
            f"there is no revision {revision!r} in this repository (a commit, a tag, or a branch, also one of origin; "
            "in a shallow clone, `git fetch --unshallow` brings the rest)"
        )

    def revision(self, name: str) -> Contents:
        sha = self._resolve(name)
        subject = self._said("show", "--no-patch", "--format=%s", sha)
        files = self._files_at(sha)
        return Contents(f"{sha[:12]} {subject}", sha, subject, *_parts(files))

    def _files_at(self, sha: str) -> Part:
        top = self._said("ls-tree", "--name-only", sha, *LIBRARY, *HARNESS).splitlines()
        if not top:
            return {}
        archive = self._git("archive", "--format=tar", sha, "--", *top)
        if archive.returncode != 0:
            raise Refusal(f"git cannot read the files of {sha[:12]}: {archive.stderr.decode(errors='replace').strip()}")
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}

    def tree(self) -> Contents:
        """The working tree as it stands: with what is not committed, without what git ignores."""
        sha = self._said("rev-parse", "--verify", "--quiet", "HEAD")
        subject = self._said("show", "--no-patch", "--format=%s", "HEAD") if sha else "nothing committed yet"
        listed = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *LIBRARY, *HARNESS)
        paths = [path.decode(errors="surrogateescape") for path in listed.stdout.split(b"\0") if path]
        library, harness = _parts(
            {path: (self.root / path).read_bytes() for path in paths if (self.root / path).is_file()}
        )
        uncommitted = self._uncommitted()
        label = f"{sha[:12]} {subject}" + (" + uncommitted changes" if uncommitted else "")
        return Contents(label, sha, subject, library, harness, uncommitted)

    def _uncommitted(self) -> tuple[str, ...]:
        status = self._git("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--",
                           *LIBRARY, *HARNESS)
        paths = [entry[3:].decode(errors="replace") for entry in status.stdout.split(b"\0") if entry]
        above = self._said("rev-parse", "--show-prefix")  # where git's paths begin, if tandem is a folder of something
        paths = [path[len(above):] if path.startswith(above) else path for path in paths]
        return tuple(sorted(path for path in paths if not path.startswith(NOT_COMPILED)))


def _is_utf8(path: str) -> bool:
    """Bytes that are not are here surrogates, and these cannot be encoded."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parts(files: Part) -> tuple[Part, Part]:
    compiled = {path: content for path, content in files.items() if not path.startswith(NOT_COMPILED)}
    for path in compiled:
        if not _is_utf8(path):
            raise Refusal(f"the name of a file is not UTF-8: {path.encode(errors='surrogateescape')!r}")
    library = {path: content for path, content in compiled.items() if path.startswith("include/")}
    return library, {path: content for path, content in compiled.items() if path not in library}
