"""How far confidences can be trusted: of what was said with one of .7, seven in ten should be right."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

BINS: Final = 10
Said = tuple[float, bool]
"""A confidence, and whether what was said is so."""


class Bin(Struct, frozen=True):
    """Confidences from ``low`` to a tenth more."""

    low: float
    n: int
    confidence: float
    """Their mean."""
    right: float
    """The share of them that is so."""


class Reliability(Struct, frozen=True):
    """Ten bins, empty ones left out."""

    bins: tuple[Bin, ...]

    @property
    def n(self) -> int:
        """Return how much was said."""
        return sum(one.n for one in self.bins)

    @property
    def error(self) -> float:
        """Return the expected calibration error: the mean gap of confidence and share, each bin by its size."""
        return sum(one.n * abs(one.confidence - one.right) for one in self.bins) / self.n if self.n else 0.0


def reliability(said: Iterable[Said]) -> Reliability:
    """Return the table."""
    bins: list[list[Said]] = [[] for _ in range(BINS)]
    for one in said:
        bins[min(int(one[0] * BINS), BINS - 1)].append(one)
    return Reliability(tuple(_bin(number, those) for number, those in enumerate(bins) if those))


def _bin(number: int, those: list[Said]) -> Bin:
    right = sum(is_so for _, is_so in those) / len(those)
    return Bin(number / BINS, len(those), sum(confidence for confidence, _ in those) / len(those), right)
