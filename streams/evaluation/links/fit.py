"""Fit the ranker: a conditional logit on two small layers, by AdamW written out in NumPy. One seed and one order."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.stages.ranking.features import UNIT

HIDDEN: Final = 64
_EPOCHS: Final = 20
_BATCH: Final = 64
_RATE: Final = 2e-3
_DECAY: Final = 1e-2
_DROPPED: Final = 0.3
_BETAS: Final = (0.9, 0.999)

Floats = NDArray[np.float32]
Net = list[Floats]
"""Weights and bias of the first layer, of the second, weights of the last."""


class Question(Struct, frozen=True):
    """A message, what it may answer, and what it does answer."""

    rows: NDArray[np.int16]
    right: NDArray[np.bool_]
    group: int
    """Messages of one group are learned from, or held out, together."""


def fitted(questions: Sequence[Question], seed: int) -> Net:
    """Return a net learned from questions, of which each has a right answer among its rows."""
    chance = np.random.default_rng(seed)
    net = _drawn(questions[0].rows.shape[1], chance)
    momenta = [(np.zeros_like(each), np.zeros_like(each)) for each in net]
    for step, batch in enumerate(_batches(questions, chance), 1):
        for each, slope, momentum in zip(net, _slopes(net, batch, chance), momenta, strict=True):
            _step(each, slope, momentum, step)
    return net


def _drawn(features: int, chance: np.random.Generator) -> Net:
    """Return first weights, uniform within one over the root of what comes in."""

    def uniform(into: int, *shape: int) -> Floats:
        return chance.uniform(-(into**-0.5), into**-0.5, shape).astype(np.float32)

    return [
        uniform(features, features, HIDDEN), uniform(features, HIDDEN), uniform(HIDDEN, HIDDEN, HIDDEN), uniform(HIDDEN, HIDDEN),
        uniform(HIDDEN, HIDDEN),
    ]  # fmt: skip


def _batches(questions: Sequence[Question], chance: np.random.Generator) -> Iterator[list[Question]]:
    for _ in range(_EPOCHS):
        order = chance.permutation(len(questions))
        for start in range(0, len(order), _BATCH):
            yield [questions[int(n)] for n in order[start : start + _BATCH]]


def _step(weights: Floats, slope: Floats, momentum: tuple[Floats, Floats], step: int) -> None:
    """Take one step of AdamW (Loshchilov & Hutter, 2019), in place."""
    first, second = momentum
    first += (1 - _BETAS[0]) * (slope - first)
    second += (1 - _BETAS[1]) * (slope * slope - second)
    size = np.sqrt(second / (1 - _BETAS[1] ** step)) + 1e-8
    weights -= _RATE * (first / (1 - _BETAS[0] ** step) / size + _DECAY * weights)


def _slopes(net: Net, batch: Sequence[Question], chance: np.random.Generator) -> Net:
    """Return the slope of the mean loss: minus the log of the right answers' share."""
    rows = np.concatenate([one.rows for one in batch]).astype(np.float32) / np.float32(UNIT)
    right = np.concatenate([one.right for one in batch])
    starts = np.cumsum([0, *(len(one.rows) for one in batch[:-1])])
    lengths = np.array([len(one.rows) for one in batch])
    one, first = _layer(rows, net[0], net[1], chance)
    two, second = _layer(one, net[2], net[3], chance)
    score = two @ net[4]
    error = (_shares(score, starts, lengths) - _shares(np.where(right, score, -np.inf), starts, lengths)) / len(batch)
    back_two = error[:, None] * net[4] * second
    back_one = (back_two @ net[2].T) * first
    return [rows.T @ back_one, back_one.sum(0), one.T @ back_two, back_two.sum(0), two.T @ error]


def _layer(rows: Floats, weights: Floats, bias: Floats, chance: np.random.Generator) -> tuple[Floats, Floats]:
    """Return a layer's output (softsign) with some of it dropped, and its slope."""
    under = rows @ weights + bias
    scale = 1 / (1 + np.abs(under))
    kept = (chance.random(under.shape, dtype=np.float32) >= _DROPPED).astype(np.float32) / np.float32(1 - _DROPPED)
    return under * scale * kept, scale * scale * kept


def _shares(score: Floats, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Floats:
    """Return the softmax within each question."""
    weight = np.exp(score - np.repeat(np.maximum.reduceat(score, starts), lengths))
    shares: Floats = weight / np.repeat(np.add.reduceat(weight, starts), lengths)
    return shares
