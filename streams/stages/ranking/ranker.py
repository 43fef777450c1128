"""Which earlier message does this one answer, if any? Two small layers over named features: each machine gets the very same shares.

All products are of whole numbers that a float64 holds exactly, so no library's order of adding can change a sum; softsign, z/(1+|z|), is a
division, which IEEE 754 rounds in one way; what comes out is whole numbers again. One exponential is left, and its result is rounded.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.stages.ranking.features import UNIT, features
from streams.stages.ranking.turn import Turn
from streams.stages.ranking.weights import Weights

WEIGHT_UNIT: Final = 256
"""Steps of a weight from 0 to 1, and of a layer's output."""
_DECIMALS: Final = 4
_ALONE: Final = 250_000
"""Multiplications that OpenBLAS does in one thread."""
Floats = NDArray[np.float64]


class Ranked(Struct, frozen=True):
    """How surely a message answers each of those before it."""

    shares: tuple[float, ...]
    """Per earlier message, the last first. With ``anew`` they sum to 1, but for rounding."""
    anew: float
    """P(it answers nobody)."""

    @property
    def place(self) -> int | None:
        """Return where the likeliest message stands; None: likelier than each is that it starts anew."""
        best = max(self.shares, default=0.0)
        return None if best <= self.anew else self.shares.index(best)

    def people(self, earlier: Sequence[Turn]) -> dict[str, float]:
        """Return P(it answers a message of this person), by person."""
        found: dict[str, float] = {}
        for turn, share in zip(earlier, self.shares, strict=False):
            found[turn.author] = found.get(turn.author, 0.0) + share
        return {person: round(share, _DECIMALS) for person, share in found.items() if share}


class Ranker:
    """Gives each message before one its share."""

    def __init__(self, weights: Weights) -> None:
        """Take weights; ``streams.rankers`` has some."""
        self.digest = weights.digest
        """Of its weights: another ranker, other results."""
        self.threads = weights.threads
        """Whether it is to be told what was found of the messages before."""
        self._nets = [
            (
                weights.first[net].astype(np.float64), weights.first_bias[net].astype(np.float64), weights.second[net].astype(np.float64),
                weights.second_bias[net].astype(np.float64), weights.last[net].astype(np.float64),
            )
            for net in range(len(weights.first))
        ]  # fmt: skip
        self._unit = WEIGHT_UNIT * WEIGHT_UNIT * len(self._nets) * weights.heat

    def rank(self, turn: Turn, earlier: Sequence[Turn]) -> Ranked:
        """Return how surely a message answers each of the last ones before it, which are given last first."""
        scores = self.scores(turn, earlier)
        most = max(scores)
        weights = [math.exp((score - most) / self._unit) for score in scores]
        total = math.fsum(weights)
        *shares, anew = (round(weight / total, _DECIMALS) for weight in weights)
        return Ranked(tuple(shares), anew)

    def scores(self, turn: Turn, earlier: Sequence[Turn]) -> list[int]:
        """Return the score of each row of ``features``, a whole number."""
        rows = features(turn, earlier).astype(np.float64)
        score = np.zeros(len(rows))
        for first, first_bias, second, second_bias, last in self._nets:
            one = _softsign(_product(rows, first) + first_bias, UNIT * WEIGHT_UNIT)
            score += _softsign(_product(one, second) + second_bias, WEIGHT_UNIT * WEIGHT_UNIT) @ last
        return [int(each) for each in score.tolist()]


def _product(rows: Floats, weights: Floats) -> Floats:
    """Return the product, some rows at a time: so small that no library wakes threads for it, which would wait longer than it takes."""
    at_once = max(_ALONE // weights.size, 1)
    return np.concatenate([rows[start : start + at_once] @ weights for start in range(0, len(rows), at_once)])


def _softsign(under: Floats, unit: int) -> Floats:
    """Return z/(1+|z|) of z in this unit, in steps of 1/256: whole numbers from and to."""
    result: Floats = np.rint(WEIGHT_UNIT * under / (unit + np.abs(under)))
    return result
