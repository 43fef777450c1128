"""How much each half of the compact scorer says in the sum: chosen by rows that neither has learned from."""

from collections.abc import Iterable, Sequence
from itertools import product
from math import inf
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.scorers.compact_network import Floats, Mix
from streams.scorers.training.measure import auc, top_precision

SHARES: Final = (0.5, 0.7, 1.0)
MOSTS: Final = (0.5, 1.0, 1.5, 2.0, 3.0, inf)


class Halves(Struct, frozen=True):
    """What both say of a set's rows, as logits, and which rows are toxic."""

    network: Floats
    linear: Floats
    toxic: NDArray[np.bool_]


class Worth(Struct, frozen=True):
    """Means over the sets that have rows of both kinds."""

    auc: float
    top: float
    """Precision among the 2 % that score highest."""

    @property
    def sum(self) -> float:
        """A point of one is worth a point of the other."""
        return self.auc + self.top


def best(sets: Sequence[Halves]) -> Mix:
    """Return the mix with the largest sum of mean AUC and mean precision at the top."""
    return max(mixes(), key=lambda mix: worth(mix, sets).sum)


def mixes() -> Iterable[Mix]:
    """Yield what is chosen among."""
    return (Mix(share, most) for share, most in product(SHARES, MOSTS))


def worth(mix: Mix, sets: Sequence[Halves]) -> Worth:
    """Return how good a mix is."""
    said = [(mix.of(each.network, each.linear), each.toxic) for each in sets]
    return Worth(float(np.nanmean([auc(*each) for each in said])), float(np.mean([top_precision(*each) for each in said])))
