"""The machine on which it was measured, and how much of it others used meanwhile."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field

from .building import cores


def processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            named = re.search(r"^(?:model name|Model|Processor)\s*:\s*(.+)$", file.read(), re.MULTILINE)
    except OSError:
        named = None
    return named.group(1).strip() if named else platform.processor() or platform.machine()


def load() -> str:
    try:
        return " ".join(f"{each:.2f}" for each in os.getloadavg())
    except OSError:
        return "unknown"


def ticks() -> tuple[float, float]:
    """Seconds that all processors were busy, and that they were there, since the machine has started."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            fields = [int(each) / os.sysconf("SC_CLK_TCK") for each in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0.0, 0.0
    return sum(fields) - fields[3] - fields[4], sum(fields)


def ours() -> float:
    """Seconds of processor time of this process and of all its children that have ended."""
    return sum(os.times()[:4])


@dataclass
class Watch:
    """Looks at the machine when it is made, and when it is asked."""

    load_before: str = field(default_factory=load)
    ticks_before: tuple = field(default_factory=ticks)
    ours_before: float = field(default_factory=ours)

    def share_of_others(self) -> float:
        busy, there = (now - before for now, before in zip(ticks(), self.ticks_before))
        mine = ours() - self.ours_before
        return min(1.0, max(0.0, (busy - mine) / there)) if there > 0 else 0.0


def description() -> dict[str, str]:
    return {
        "processor": f"{processor()} ({platform.machine()})",
        "cores": f"{cores()} of {os.cpu_count()} that this process may use",
        "system": f"{platform.system()} {platform.release()}",
    }
