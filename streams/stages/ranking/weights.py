"""The ranker's weights: whole numbers."""

import hashlib
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.stages.ranking.features import NAMES

VERSION: Final = 1
ARRAYS: Final = ("first", "first_bias", "second", "second_bias", "last")


class Weights(Struct, frozen=True):
    """Some nets of two small layers; their scores are added. A weight's unit is 1/256, a bias's that of what it is added to."""

    first: NDArray[np.int16]
    """(nets, features, hidden)"""
    first_bias: NDArray[np.int32]
    second: NDArray[np.int16]
    """(nets, hidden, hidden)"""
    second_bias: NDArray[np.int32]
    last: NDArray[np.int16]
    """(nets, hidden)"""
    heat: float
    """Calibration: scores are divided by it."""
    threads: bool
    """They were learned with what was found of the messages before (``Turn.back``); else that says nothing to them."""

    @property
    def digest(self) -> str:
        """Return a digest of all numbers and of the features they are for."""
        parts = [str(VERSION), "\n".join(NAMES), repr(self.heat), str(self.threads)]
        found = hashlib.blake2b("\0".join(parts).encode(), digest_size=16)
        for name in ARRAYS:
            array: NDArray[np.int32] = getattr(self, name)
            found.update(f"{name}{array.shape}".encode())
            found.update(array.astype("<i4").tobytes())
        return found.hexdigest()
