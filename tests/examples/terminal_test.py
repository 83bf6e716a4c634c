"""The demo on a terminal: it is drawn while it goes on, it fits the width, and it heeds NO_COLOR, TERM and the locale.

usage: terminal_test.py PROGRAM    (phone_versus_email)
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
import unittest

PROGRAM = sys.argv.pop() if len(sys.argv) > 1 else ""
UP = re.compile(r"\x1b\[(\d+)A")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def play(*arguments: str, columns: int = 80, **environment: str) -> tuple[str, float, float]:
    """What it writes to a terminal so wide; and how long it took to the first byte, and to the end."""
    surroundings = {"PATH": os.environ.get("PATH", ""), "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    begin = time.monotonic()
    child = subprocess.Popen([PROGRAM, *arguments], stdout=theirs, stdin=subprocess.DEVNULL, env=surroundings)
    os.close(theirs)
    written, first = b"", 0.0
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        first = first or time.monotonic() - begin
        written += more
    os.close(ours)
    end = time.monotonic() - begin
    assert child.wait() == 0, written.decode()
    return written.decode().replace("\r\n", "\n"), first, end


def final_screen(written: str) -> list[str]:
    """The lines that stay: what was drawn over is forgotten."""
    lines: list[str] = [""]
    row = 0
    for part in re.split(r"(\x1b\[\d+A|\n)", written):
        if part == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif match := UP.fullmatch(part):
            row -= int(match.group(1))
        elif part:
            lines[row] = CONTROL.sub("", part)
    return lines


class OnATerminal(unittest.TestCase):
    def test_it_grows(self):
        written, first, end = play("--speed", "2")
        self.assertGreater(len(UP.findall(written)), 8)
        self.assertLess(first, end / 2)  # it is not silent, and then says all
        screen = final_screen(written)
        self.assertEqual(sum(line == "PHONE" for line in screen), 1)
        self.assertEqual(sum(line == "EMAIL" for line in screen), 1)
        lane = next(line for line in screen if line.startswith("ana "))
        self.assertIn("░", lane)
        self.assertIn("█", lane)
        self.assertIn("⚑", lane)

    def test_it_never_draws_higher_than_it_has_written(self):
        written, _, _ = play("--speed", "8", "--capacity", "2", "--people", "3")
        row = 0
        for part in re.split(r"(\x1b\[\d+A|\n)", written):
            row += part == "\n"
            if match := UP.fullmatch(part):
                row -= int(match.group(1))
            self.assertGreaterEqual(row, 0)

    def test_it_fits(self):
        for columns in 40, 60, 80, 120, 200:
            written, _, _ = play("--speed", "20", "--people", "3", columns=columns)
            for line in final_screen(written):
                self.assertLessEqual(len(line), columns, line)

    def test_columns_win(self):
        written, _, _ = play("--speed", "20", columns=200, COLUMNS="60")
        self.assertTrue(all(len(line) <= 60 for line in final_screen(written)))

    def test_lines_that_would_wrap_are_not_drawn_over(self):
        written, _, _ = play("--speed", "20", columns=50, COLUMNS="80")
        self.assertEqual(UP.findall(written), [])
        written, _, _ = play("--speed", "20", columns=30)
        self.assertEqual(UP.findall(written), [])

    def test_colour(self):
        written, _, _ = play("--speed", "20")
        self.assertEqual(set(COLOUR.findall(written)), {f"\x1b[{c}m" for c in ("0", "1;31", "32", "33", "34", "90")})
        for surroundings in {"NO_COLOR": "1"}, {"TERM": "dumb"}:
            written, _, _ = play("--speed", "20", **surroundings)
            self.assertEqual(COLOUR.findall(written), [])

    def test_ascii(self):
        for surroundings in {"LC_ALL": "C"}, {"LC_ALL": "", "LANG": "de_DE.ISO-8859-1"}, {"TERM": "dumb"}:
            written, _, _ = play("--speed", "20", **surroundings)
            self.assertTrue(written.isascii())
            self.assertIn("~~", written)

    def test_dumb_terminals_get_no_escape(self):
        written, _, _ = play("--speed", "20", TERM="dumb")
        self.assertNotIn("\x1b", written)

    def test_a_pipe_gets_no_escape(self):
        piped = subprocess.run([PROGRAM, "--speed", "20"], capture_output=True, check=True)
        self.assertNotIn(b"\x1b", piped.stdout)


if __name__ == "__main__":
    unittest.main()
