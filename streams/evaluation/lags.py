"""How long after a post people answer: the quantiles of real storms, as shared/design/detector.md gives them."""

from typing import Final

import numpy as np

from streams.evaluation.stream import MINUTE, Floats

_AT: Final = (0.0, 0.10, 0.25, 0.50, 0.75, 0.90, 1.0)
LAGS: Final = {
    "reddit": (0.5, 3.9, 15.8, 59.8, 183.6, 442.0, 1440.0),
    "twitter": (0.3, 2.4, 6.3, 22.7, 81.6, 393.0, 1440.0),
}
"""Minutes at the quantiles above. The first and the last are ours: nobody answers at once, and a day ends it."""


def drawn(name: str, size: int, chance: np.random.Generator) -> Floats:
    """Return ``size`` lags in microseconds, unsorted; between two quantiles the logarithm is straight."""
    return np.exp(np.interp(chance.random(size), _AT, np.log(LAGS[name]))) * MINUTE
