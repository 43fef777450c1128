"""AUC per set beside alt-profanity-check, and how far a probability is to be believed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from streams.scorers import Scorer
from streams.scorers.training.datasets import Row
from streams.scorers.training.measure import auc, calibration_error
from tests.evaluation.texts import TOXIC


class Bin(Struct, frozen=True):
    """Rows whose score lies in one tenth: their mean score, and how toxic people found them on average."""

    rows: int
    score: float
    target: float


class SetMeasure(Struct, frozen=True):
    """Figures of one set; ``yardstick`` is alt-profanity-check's AUC, or None where it is not installed."""

    name: str
    learned_from: bool
    rows: int
    toxic: int
    auc: float
    yardstick: float | None
    calibration_error: float
    bins: list[Bin]


def measured(scorer: Scorer, sets: Mapping[str, Sequence[Row]], never: Sequence[str]) -> list[SetMeasure]:
    """Return one measure per set. ``never`` names the sets of which no part was learned from."""
    other = _yardstick()
    return [_measure(scorer, other, name, rows, learned_from=name not in never) for name, rows in sets.items()]


def _measure(scorer: Scorer, other: Any, name: str, rows: Sequence[Row], learned_from: bool) -> SetMeasure:
    said = [row.text for row in rows]
    scores = np.array([each.toxicity for each in scorer.score(said)])
    targets = np.array([row.target for row in rows])
    toxic = targets >= TOXIC
    theirs = auc(np.asarray(other(said)), toxic) if other else None
    error = calibration_error(scores, targets)
    return SetMeasure(name, learned_from, len(rows), int(toxic.sum()), auc(scores, toxic), theirs, error, _bins(scores, targets))


def _bins(scores: np.ndarray, targets: np.ndarray) -> list[Bin]:
    which = np.minimum((scores * 10).astype(int), 9)
    return [
        Bin(int(n.sum()), float(scores[n].mean()), float(targets[n].mean())) for n in (which == tenth for tenth in range(10)) if n.any()
    ]


def _yardstick() -> Any:
    """Return what gives alt-profanity-check's probabilities, or None."""
    try:
        from profanity_check import predict_prob
    except ImportError:
        return None
    return predict_prob
