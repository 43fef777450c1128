"""P(hostile to the person addressed), were the link certain: a logistic model of a comment's signs and its toxicity.

z = bias + Σ wᵢ · signᵢ + max(t + u · not own + v · elsewhere, 0) · logit(toxicity), P = 1 / (1 + e^−z). MODEL_CARD.md says what it
learned from.
"""

import hashlib
from functools import lru_cache
from math import exp, fsum
from operator import mul
from typing import Final

from streams.stages.hearing import Heard
from streams.stages.hostility import Cues, logit
from streams.stages.whom.signs import ELSEWHERE, NAMES, NOT_OWN, mild_signs, signs
from streams.stages.whom.weights import BIAS, SIGNS, TOXICITY, TOXICITY_ELSEWHERE, TOXICITY_NOT_OWN

_NUMBERS: Final = (BIAS, *(SIGNS.get(name, 0.0) for name in NAMES), TOXICITY, TOXICITY_NOT_OWN, TOXICITY_ELSEWHERE)
VERSION: Final = "whom@2+" + hashlib.sha256(repr((NAMES, _NUMBERS)).encode()).hexdigest()[:8]
"""Part of the settings that ``address`` is known by: replies of another version are told from these."""
_WEIGHTS: Final = _NUMBERS[1 : len(NAMES) + 1]


def toward(toxicity: float, heard: Heard, found: Cues) -> float:
    """Return P(hostile to the person addressed), in [0, 1], 4 decimals. ``found``: the cues of the same sentences."""
    if _is_strong(found):
        return hostile(toxicity, signs(heard, found))
    return _mild(toxicity, found.second > 0, found.kind, found.singular or found.plural)


def signs_of(heard: Heard, found: Cues) -> tuple[float, ...]:
    """Return the signs that ``toward`` weighs."""
    if _is_strong(found):
        return signs(heard, found)
    return mild_signs(found.second > 0, found.kind, found.singular or found.plural)


def _is_strong(found: Cues) -> bool:
    return bool(found.attack or found.insulted or found.bare or found.third or found.group or found.own or found.heat)


def hostile(toxicity: float, of: tuple[float, ...]) -> float:
    """Return what these signs and this toxicity make."""
    slope = max(TOXICITY + TOXICITY_NOT_OWN * of[NOT_OWN] + TOXICITY_ELSEWHERE * of[ELSEWHERE], 0.0)  # more toxic is never less hostile
    z = BIAS + fsum(map(mul, _WEIGHTS, of)) + slope * logit(toxicity)
    return round(1.0 / (1.0 + exp(-z)), 4)


@lru_cache(maxsize=1 << 15)  # most comments hold nothing strong, and scores have four decimals
def _mild(toxicity: float, second: bool, kind: bool, others: bool) -> float:
    return hostile(toxicity, mild_signs(second, kind, others))
