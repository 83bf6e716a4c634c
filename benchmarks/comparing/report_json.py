"""The report in the format of Google Benchmark, for the tools that read it.

Every run is a benchmark `rev/ROW`, `rev_again/ROW` or `tree/ROW` with one repetition for each round, followed by its
aggregates. Google's compare.py tells the contestants apart by their prefix: `compare.py filters FILE '^rev/' '^tree/'`.
What this command makes of it is under "comparison", which those tools pass over.
"""

from __future__ import annotations

import json
import os
import statistics
from typing import Optional

from .report import Report
from .rounds import CONTESTANTS, CPU, WALL, Row
from .verdict import Comparison, Ratio


def runs(row: Row, who: str, family: int) -> list[dict]:
    samples = [of_round[who] for of_round in row.rounds]
    name = f"{who}/{row.name}"
    common = {
        "family_index": family,
        "per_family_instance_index": 0,
        "run_name": name,
        "repetitions": len(samples),
        "threads": 1,
        "time_unit": "ns",
    }
    found = []
    for index, sample in enumerate(samples):
        found.append({
            "name": name,
            **common,
            "run_type": "iteration",
            "repetition_index": index,
            "iterations": sample["iterations"],
            "real_time": sample[WALL],
            "cpu_time": sample.get(CPU, 0.0),
        })
    if len(samples) > 1:
        for aggregate, unit, calculate in AGGREGATES:
            found.append({
                "name": f"{name}_{aggregate}",
                **common,
                "run_type": "aggregate",
                "aggregate_name": aggregate,
                "aggregate_unit": unit,
                "iterations": len(samples),
                "real_time": calculate([sample[WALL] for sample in samples]),
                "cpu_time": calculate([sample.get(CPU, 0.0) for sample in samples]),
            })
    return found


def variation(values: list[float]) -> float:
    mean = statistics.fmean(values)
    return statistics.stdev(values) / mean if mean else 0.0


AGGREGATES = (
    ("mean", "time", statistics.fmean),
    ("median", "time", statistics.median),
    ("stddev", "time", statistics.stdev),
    ("cv", "percentage", variation),
)


def of_ratio(ratio: Ratio) -> dict:
    return {"ratio": ratio.value, "low": ratio.low, "high": ratio.high, "p": ratio.p}


def of_comparison(comparison: Optional[Comparison]) -> Optional[dict]:
    if not comparison:
        return None
    return {
        "rev_ns": comparison.rev_ns,
        "tree_ns": comparison.tree_ns,
        "tree_to_rev": of_ratio(comparison.ratio),
        "rev_to_rev": of_ratio(comparison.control),
    }


def google_json(report: Report) -> str:
    outcome = report.outcome
    benchmarks = []
    for number, each in enumerate(outcome.judgements):
        for place, who in enumerate(CONTESTANTS):
            benchmarks += runs(each.row, who, len(CONTESTANTS) * number + place)
    rows = [
        {
            "name": each.name,
            "verdict": each.word,
            "note": each.note,
            "corrected_p": each.corrected_p,
            **{metric: of_comparison(comparison) for metric, comparison in each.by_metric.items()},
        }
        for each in outcome.judgements
    ]
    return json.dumps(
        {
            "context": {
                "date": report.facts["date"],
                "executable": report.facts["command"],
                "num_cpus": os.cpu_count(),
                "mhz_per_cpu": 0,
                "cpu_scaling_enabled": False,
                "caches": [],
                "load_avg": [float(each) for each in os.getloadavg()],
                "library_build_type": "release",
                **{f"compare_{name}": value for name, value in report.facts.items()},
            },
            "benchmarks": benchmarks,
            "comparison": {
                "headline": report.headline,
                "exit_code": outcome.exit_code,
                "metric": outcome.metric,
                "threshold": outcome.threshold,
                "rev": {"sha": report.rev_sha, "label": report.rev},
                "tree": {"sha": report.tree_sha, "label": report.tree},
                "sentences": report.sentences,
                "rows": rows,
            },
        },
        indent=1,
    ) + "\n"
