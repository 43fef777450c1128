"""The figures as plain values, for eval.json."""

import math
from typing import Any

import msgspec

from streams.evaluation.attacks import KINDS
from streams.evaluation.links.shown import plain_links
from streams.evaluation.real import Calibration
from streams.evaluation.real import Line as RealLine
from streams.evaluation.results import Results
from streams.evaluation.scoring import Score, upper_bound
from streams.evaluation.whom.shown import plain_whom


def plain(found: Results) -> dict[str, Any]:
    """Return every figure by name. Not a number where there is nothing to measure: null."""
    return {
        "head": msgspec.to_builtins(found.head),
        "detectors": [
            {"detector": line.name, "note": line.note, "budget_per_day": line.budget, "kept_at": line.kept_at,
             **_score(line.score), **{name: _number(value) for name, value in msgspec.to_builtins(measures).items()}}
            for line, measures in found.lines
        ],
        "null_calibration": [_calibration(one) for one in found.calibrations],
        "bounds": [msgspec.to_builtins(bound) for bound in found.bounds],
        "evasions": [{"name": name, **_score(score)} for name, score in found.evasions],
        "ablations": [{"name": name, **_score(score)} for name, score in found.ablations],
        "real_trees": {
            "absent": found.real.absent, "people": found.real.people, "replies": found.real.replies, "raids": found.real.raids,
            "null_calibration": [_calibration(one) for one in found.real.calibrations],
            "detectors": [_real(line) for line in found.real.lines], "ablations": [_real(line) for line in found.real.ablations],
        },
        "links": plain_links(found.links),
        "whom": plain_whom(found.whom),
    }  # fmt: skip


def kinds_of(score: Score) -> list[str]:
    """Return the kinds of pile-on that a score knows of, in the order of the docs."""
    there = {one.event.kind for one in score.caught}
    return [kind for kind in KINDS if kind in there] + sorted(there - KINDS.keys())


def _score(score: Score) -> dict[str, Any]:
    return {
        "false": score.false, "false_upper_95": upper_bound(score.false), "recall_8": score.recall(),
        "recall_4": [a - b for a, b in zip(score.recall(4), score.recall(), strict=True)], "median_authors": _number(score.median_authors),
        "median_minutes": _number(score.median_minutes), "by_diluted": score.by_diluted, "diluted": score.diluted, "surges": score.surges,
        "false_in_twins": {kind: count for kind, count in score.false_in_twins.items() if count},
        "by_kind": {kind: score.recall(8, kind) for kind in kinds_of(score)},
    }  # fmt: skip


def _real(line: RealLine) -> dict[str, Any]:
    return {
        "detector": line.name, "budget_per_day": line.budget, "natural": line.natural, "natural_by_label": line.natural_by_label,
        **_score(line.score),
    }  # fmt: skip


def _calibration(one: Calibration) -> dict[str, Any]:
    return {
        "name": one.name, "budget_per_day": one.budget, "false": one.false, "allowed": one.allowed, "ratio_upper_95": _number(one.upper)
    }  # fmt: skip


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
