"""The report in the format of Google Benchmark, for the tools that read it.

Every run is a benchmark `rev/ROW`, `rev_again/ROW` or `tree/ROW` with one repetition for each round, followed by its
aggregates. Google's compare.py tells the contestants apart by their prefix: `compare.py filters FILE '^rev/' '^tree/'`.
What this command makes of it is under "comparison", which those tools pass over.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
from typing import Callable, Optional

from .report import Report
from .rounds import CONTESTANTS, CPU, WALL, Row, Sample
from .verdict import Comparison, Judgement, Ratio


def run(sample: Sample, index: int) -> dict:
    return {
        "run_type": "iteration",
        "repetition_index": index,
        "iterations": sample["iterations"],
        "real_time": sample[WALL],
        "cpu_time": sample.get(CPU, 0.0),
    }


def aggregate(samples: list[Sample], name: str, unit: str, calculate: Callable[[list[float]], float]) -> dict:
    return {
        "run_type": "aggregate",
        "aggregate_name": name,
        "aggregate_unit": unit,
        "iterations": len(samples),
        "real_time": calculate([sample[WALL] for sample in samples]),
        "cpu_time": calculate([sample.get(CPU, 0.0) for sample in samples]),
    }


def runs(row: Row, who: str, family: int) -> list[dict]:
    """All runs of one contestant, and their aggregates."""
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
    found = [{"name": name, **common, **run(sample, index)} for index, sample in enumerate(samples)]
    if len(samples) > 1:
        found += [{"name": f"{name}_{each[0]}", **common, **aggregate(samples, *each)} for each in AGGREGATES]
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


def of_judgement(judgement: Judgement) -> dict:
    return {
        "name": judgement.name,
        "verdict": judgement.word,
        "note": judgement.note,
        "corrected_p": judgement.corrected_p,
        **{metric: of_comparison(comparison) for metric, comparison in judgement.by_metric.items()},
    }


def context(facts: dict[str, str]) -> dict:
    return {
        "date": facts["date"],
        "executable": facts["command"],
        "num_cpus": os.cpu_count(),
        "mhz_per_cpu": 0,
        "cpu_scaling_enabled": False,
        "caches": [],
        "load_avg": [float(each) for each in os.getloadavg()],
        "library_build_type": "release",
        **{f"compare_{name}": value for name, value in facts.items()},
    }


def benchmarks(rows: list[Row]) -> list[dict]:
    contestants = itertools.product(rows, CONTESTANTS)
    return [each for family, (row, who) in enumerate(contestants) for each in runs(row, who, family)]


def comparison(report: Report) -> dict:
    outcome = report.outcome
    return {
        "headline": report.headline,
        "exit_code": outcome.exit_code,
        "metric": outcome.metric,
        "threshold": outcome.threshold,
        "rev": {"sha": report.rev_sha, "label": report.rev},
        "tree": {"sha": report.tree_sha, "label": report.tree},
        "sentences": report.sentences,
        "rows": [of_judgement(each) for each in outcome.judgements],
    }


def google_json(report: Report) -> str:
    content = {
        "context": context(report.facts),
        "benchmarks": benchmarks([each.row for each in report.outcome.judgements]),
        "comparison": comparison(report),
    }
    return json.dumps(content, indent=1) + "\n"
