"""How good a scorer is, per set: area under the ROC curve, and how far its probabilities are off."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.scorers import Scorer
from streams.scorers.training.datasets import Row

TOXIC: Final = 0.5
"""A row with at least this target is toxic."""


class Measure(Struct, frozen=True):
    """Figures of one set. ``auc`` is nan where all rows are of one kind."""

    name: str
    rows: int
    toxic: int
    auc: float
    mean_target: float
    mean_score: float
    calibration_error: float
    top: float
    """Precision among the 2 % that score highest."""


def measured(scorer: Scorer, sets: Mapping[str, Sequence[Row]]) -> list[Measure]:
    """Return one measure per set; a row is toxic if its target is at least TOXIC."""
    return [_measure(scorer, name, rows) for name, rows in sets.items()]


def _measure(scorer: Scorer, name: str, rows: Sequence[Row]) -> Measure:
    scores = np.array([each.toxicity for each in scorer.score([row.text for row in rows])])
    targets = np.array([row.target for row in rows])
    toxic = targets >= TOXIC
    means, error = (float(targets.mean()), float(scores.mean())), calibration_error(scores, targets)
    return Measure(name, len(rows), int(toxic.sum()), auc(scores, toxic), *means, error, top_precision(scores, toxic))


def auc(scores: NDArray[np.float64], toxic: NDArray[np.bool_]) -> float:
    """Return the probability that a toxic row scores above one that is not; ties count half (Mann and Whitney)."""
    positives, negatives = scores[toxic], np.sort(scores[~toxic])
    if not len(positives) or not len(negatives):
        return float("nan")
    below = np.searchsorted(negatives, positives, "left") + np.searchsorted(negatives, positives, "right")
    return float(below.sum()) / 2 / len(positives) / len(negatives)


def top_precision(scores: NDArray[np.float64], toxic: NDArray[np.bool_], share: float = 0.02) -> float:
    """Return which share is toxic of those that score highest: ties at the edge count by their mean, so that order says nothing."""
    count = max(1, round(len(scores) * share))
    edge = np.sort(scores)[-count]
    above, at = scores > edge, scores == edge
    return float((toxic[above].sum() + (count - above.sum()) * toxic[at].mean()) / count)


def calibration_error(scores: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    """Return the expected calibration error over ten equal bins: mean |score - target| of bins, weighted by rows."""
    which = np.minimum((scores * 10).astype(int), 9)
    sums = np.bincount(which, scores - targets, minlength=10)
    return float(np.abs(sums).sum()) / max(len(scores), 1)


def table(title: str, measures: Sequence[Measure]) -> str:
    """Return the measures as a Markdown table."""
    lines = [f"| {title} | rows | toxic | AUC | mean target | mean score | ECE | toxic in its top 2 % |", "|---|" + "---:|" * 7]
    for each in measures:
        figures = f"{each.auc:.3f} | {each.mean_target:.3f} | {each.mean_score:.3f} | {each.calibration_error:.3f} | {each.top:.1%}"
        lines.append(f"| {each.name} | {each.rows} | {each.toxic} | {figures} |")
    return "\n".join(lines)
