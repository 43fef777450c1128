"""Fit the linear scorer: idf, logistic regression with soft targets, 8-bit weights, calibration. Deterministic."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, vstack
from scipy.special import expit

from streams.scorers.disguises import normalised
from streams.scorers.hashing import BUCKETS, CHAR_BITS, Counts, counted
from streams.scorers.linear import Linear, Weights
from streams.scorers.training.datasets import Row

PENALTY: Final = 1.0
"""scikit-learn's 1/C: half of it times the squared weights is added to the summed loss."""
_ITERATIONS: Final = 150
_BATCH: Final = 1000

Floats = NDArray[np.float64]


def fitted(rows: Sequence[Row], calibration: Sequence[Row]) -> Weights:
    """Return weights learned from ``rows``, and a calibration fitted on others that they never saw."""
    texts = [normalised(row.text) for row in rows]
    counts = _matrix(texts)
    idf, idf_unit = _idf(counts)
    features = _features(counts, idf * idf_unit)
    weight, intercept = _logistic(features, _targets(rows), _weights(rows))
    small, scale = _eight_bits(weight)
    weights = Weights(small, scale, idf, idf_unit, intercept, 1.0, 0.0)
    slope, shift = _calibration(weights, calibration)
    return Weights(small, scale, idf, idf_unit, intercept, slope, shift)


def saved(weights: Weights, path: Path) -> None:
    """Write the weights. The same weights give the same bytes, and so the same version in every score."""
    numbers = {name: np.float64(getattr(weights, name)) for name in ("idf_unit", "intercept", "slope", "shift")}
    arrays: dict[str, Any] = {"weight": weights.weight, "scale": weights.scale, "idf": weights.idf, **numbers}
    np.savez_compressed(path, **arrays)


def _targets(rows: Sequence[Row]) -> Floats:
    return np.array([row.target for row in rows])


def _weights(rows: Sequence[Row]) -> Floats:
    return np.array([row.weight for row in rows])


def _matrix(texts: Sequence[str]) -> Any:
    """Return 1 + log of the counts, one row per text."""
    return vstack([_rows(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)], format="csr", dtype=np.float32)


def _rows(texts: Sequence[str]) -> Any:
    """Return a batch's character and word buckets side by side."""
    blocks: tuple[tuple[Counts, int], ...] = tuple(zip(counted(texts), (0, 1 << CHAR_BITS), strict=True))
    text = np.concatenate([counts.text for counts, _ in blocks])
    bucket = np.concatenate([counts.bucket + offset for counts, offset in blocks])
    value = np.concatenate([1.0 + np.log(counts.count) for counts, _ in blocks]).astype(np.float32)
    return csr_matrix((value, (text.astype(np.int32), bucket.astype(np.int32))), shape=(len(texts), BUCKETS))


def _idf(counts: Any) -> tuple[NDArray[np.uint8], float]:
    """Return 1 + log((1 + texts) / (1 + texts with the bucket)) in 255 steps, and the step."""
    texts = counts.shape[0]
    seen = np.bincount(counts.indices, minlength=BUCKETS)
    idf = 1.0 + np.log((1.0 + texts) / (1.0 + seen))
    unit = float(idf.max()) / 255
    return np.rint(idf / unit).astype(np.uint8), unit


def _features(counts: Any, idf: NDArray[Any]) -> Any:
    """Return counts · idf, each block of each row of length one, in place."""
    lengths = np.diff(counts.indptr)
    row = np.repeat(np.arange(counts.shape[0]), lengths)
    counts.data *= idf[counts.indices].astype(np.float32)
    for block in (counts.indices < 1 << CHAR_BITS, counts.indices >= 1 << CHAR_BITS):
        norm = np.sqrt(np.bincount(row[block], counts.data[block].astype(np.float64) ** 2, minlength=counts.shape[0]))
        counts.data[block] /= np.maximum(norm, 1e-6)[row[block]]
    return counts


def _logistic(features: Any, targets: Floats, weights: Floats) -> tuple[Floats, float]:
    """Return weights and intercept of the least penalised cross-entropy with soft targets."""
    across = features.T.tocsr()

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weight = parameters[:-1]
        logits = features @ weight.astype(np.float32) + parameters[-1]
        error = weights * (expit(logits) - targets)
        value = float(weights @ (np.logaddexp(0, logits) - targets * logits)) + PENALTY / 2 * float(weight @ weight)
        return value, np.append(across @ error.astype(np.float32) + PENALTY * weight, error.sum())

    start = np.zeros(features.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS, "maxcor": 10, "ftol": 1e-7})
    return found.x[:-1], float(found.x[-1])


def _eight_bits(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return the weights in 255 steps per block, and the steps. The largest hundred-thousandth is clipped."""
    split = 1 << CHAR_BITS
    scale = np.array([float(np.quantile(np.abs(block), 0.99999)) / 127 for block in (weight[:split], weight[split:])])
    unit = np.repeat(scale, (split, BUCKETS - split))
    return np.clip(np.rint(weight / unit), -127, 127).astype(np.int8), scale


def _calibration(weights: Weights, rows: Sequence[Row]) -> tuple[float, float]:
    """Return slope and shift for rows that were not learned from."""
    return platt(Linear(weights, "").logits([normalised(row.text) for row in rows]), _targets(rows), _weights(rows))


def platt(logits: Floats, targets: Floats, importance: Floats) -> tuple[float, float]:
    """Return Platt's slope and shift, by Newton's method; a step that makes it worse is halved."""
    design = np.stack([logits, np.ones_like(logits)], axis=1)

    def loss(at: Floats) -> float:
        return float(importance @ (np.logaddexp(0, design @ at) - targets * (design @ at)))

    found = np.array([1.0, 0.0])
    for _ in range(50):
        probability = expit(design @ found)
        gradient = design.T @ (importance * (probability - targets))
        curvature = (design * (importance * probability * (1 - probability))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        while loss(found - step) > loss(found) and np.abs(step).max() > 1e-9:
            step = step / 2
        found = found - step
    return round(float(found[0]), 6), round(float(found[1]), 6)
