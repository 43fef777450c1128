"""Logits → scores of four decimals, and which of them noise could turn."""

import math
from collections.abc import Iterable
from typing import Final

DECIMALS: Final = 4


def probability(logit: float) -> float:
    """Return 1 / (1 + e^-logit), without overflow."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def rounded(logits: Iterable[float]) -> tuple[float, ...]:
    """Return the scores that go on a record."""
    return tuple(round(probability(logit), DECIMALS) for logit in logits)


def near_a_step(logit: float, noise: float) -> bool:
    """Return whether noise could change the rounded score."""
    return round(probability(logit - noise), DECIMALS) != round(probability(logit + noise), DECIMALS)
