"""P(hostile to the person addressed), were the link certain: a logistic model of a comment's signs, its words and its toxicity.

z = bias + Σ wᵢ · signᵢ + Σ vⱼ + max(t + Σ uₖ · signₖ, 0) · logit(toxicity), P = 1 / (1 + e^−z); v are the weights, in hundredths, of what
stands round strong words, or of the words of a comment that has none, at most ``MOST`` together. MODEL_CARD.md says what it learned from.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import exp, fsum
from operator import mul
from typing import Final

from streams.stages.hearing import Heard
from streams.stages.hostility import Cues, logit
from streams.stages.whom.signs import NAMES, SLOPES, SLOPING, mild_signs, signs
from streams.stages.whom.weights import ALONE, BIAS, ROUND, SIGNS, TOXICITY, TOXICITY_BY
from streams.stages.whom.words import STRONG

MOST: Final = 300
_WEIGHTS: Final = tuple(SIGNS.get(name, 0.0) for name in NAMES)
_BY: Final = tuple(TOXICITY_BY.get(name, 0.0) for name in SLOPING)
_NUMBERS: Final = (BIAS, _WEIGHTS, TOXICITY, _BY, sorted(ROUND.items()), sorted(ALONE.items()))
VERSION: Final = "whom@3+" + hashlib.sha256(repr((NAMES, _NUMBERS)).encode()).hexdigest()[:8]
"""Part of the settings that ``address`` is known by: replies of another version are told from these."""


def toward(toxicity: float, heard: Heard, found: Cues) -> float:
    """Return P(hostile to the person addressed), in [0, 1], 4 decimals. ``found``: the cues of the same sentences."""
    if is_strong(heard, found):
        of, names = signs(heard, found)
        return hostile(toxicity, of, pulled(ROUND, names))
    return _likely(_mild(toxicity, found.second > 0, found.kind, found.singular or found.plural), pulled(ALONE, set(heard.words)))


def is_strong(heard: Heard, found: Cues) -> bool:
    """Return whether it says anything strong: all others have few signs."""
    cued = found.attack or found.insulted or found.bare or found.third or found.group or found.own or found.heat
    return bool(cued) or not STRONG.isdisjoint(heard.words)


def pulled(weights: Mapping[str, int], names: Iterable[str]) -> int:
    """Return the sum of the weights of what was found, in hundredths: whole numbers add up alike in any order."""
    get = weights.get
    found = sum([get(name, 0) for name in names])
    return min(max(found, -MOST), MOST)


def hostile(toxicity: float, of: tuple[float, ...], pull: int = 0) -> float:
    """Return what these signs, this toxicity and these words make."""
    return _likely(_weighed(toxicity, of), pull)


def _weighed(toxicity: float, of: tuple[float, ...]) -> float:
    slope = max(TOXICITY + fsum(by * of[place] for by, place in zip(_BY, SLOPES, strict=True)), 0.0)  # more toxic is never less hostile
    return BIAS + fsum(map(mul, _WEIGHTS, of)) + slope * logit(toxicity)


def _likely(z: float, pull: int) -> float:
    return round(1.0 / (1.0 + exp(-z - 0.01 * pull)), 4)


@lru_cache(maxsize=1 << 15)  # most comments hold nothing strong, and scores have four decimals
def _mild(toxicity: float, second: bool, kind: bool, others: bool) -> float:
    return _weighed(toxicity, mild_signs(second, kind, others))
