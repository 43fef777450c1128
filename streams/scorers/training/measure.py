"""How good a scorer is, per set: area under the ROC curve, and how far its probabilities are off."""

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.scorers import Scorer
from streams.scorers.training.datasets import Row


class Measure(Struct, frozen=True):
    """Figures of one set. ``auc`` is nan where all rows are of one kind."""

    name: str
    rows: int
    toxic: int
    auc: float
    mean_target: float
    mean_score: float
    calibration_error: float


def measured(scorer: Scorer, sets: Mapping[str, Sequence[Row]]) -> list[Measure]:
    """Return one measure per set; a row is toxic if its target is at least one half."""
    return [_measure(scorer, name, rows) for name, rows in sets.items()]


def _measure(scorer: Scorer, name: str, rows: Sequence[Row]) -> Measure:
    scores = np.array([each.toxicity for each in scorer.score([row.text for row in rows])])
    targets = np.array([row.target for row in rows])
    toxic = targets >= 0.5
    error = calibration_error(scores, targets)
    return Measure(name, len(rows), int(toxic.sum()), auc(scores, toxic), float(targets.mean()), float(scores.mean()), error)


def auc(scores: NDArray[np.float64], toxic: NDArray[np.bool_]) -> float:
    """Return the probability that a toxic row scores above one that is not; ties count half (Mann and Whitney)."""
    positives, negatives = scores[toxic], np.sort(scores[~toxic])
    if not len(positives) or not len(negatives):
        return float("nan")
    below = np.searchsorted(negatives, positives, "left") + np.searchsorted(negatives, positives, "right")
    return float(below.sum()) / 2 / len(positives) / len(negatives)


def calibration_error(scores: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    """Return the expected calibration error over ten equal bins: mean |score - target| of bins, weighted by rows."""
    which = np.minimum((scores * 10).astype(int), 9)
    sums = np.bincount(which, scores - targets, minlength=10)
    return float(np.abs(sums).sum()) / max(len(scores), 1)


def table(title: str, measures: Sequence[Measure]) -> str:
    """Return the measures as a Markdown table."""
    lines = [f"| {title} | rows | toxic | AUC | mean target | mean score | ECE |", "|---|---:|---:|---:|---:|---:|---:|"]
    for each in measures:
        figures = f"{each.auc:.3f} | {each.mean_target:.3f} | {each.mean_score:.3f} | {each.calibration_error:.3f}"
        lines.append(f"| {each.name} | {each.rows} | {each.toxic} | {figures} |")
    return "\n".join(lines)
