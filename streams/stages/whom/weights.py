"""Made by ``make train-whom``; MODEL_CARD.md says from what."""

from collections.abc import Mapping
from typing import Final

BIAS: Final = -2.014
SIGNS: Final[Mapping[str, float]] = {
    "second": 1.23,
    "kind": -0.928,
    "directed": 1.969,
    "thrown": 1.629,
    "bare": 0.695,
    "attack": 1.44,
    "elsewhere": -0.568,
    "heat": 0.188,
    "quoted": -1.096,
    "reported": 0.0,
    "negated": -0.296,
    "conditional": 0.423,
    "not own": -0.24,
    "support": 0.0,
    "condemn": -0.317,
    "laughter": -0.425,
    "warmth": -0.433,
    "argument": -0.913,
    "agreeing": -0.155,
    "ours": -0.187,
    "others": -2.049,
    "turning": 0.604,
    "at reader, others": -1.006,
    "at reader, laughter": -1.385,
    "at reader, warmth": -1.128,
    "at reader, contempt": 0.446,
}
TOXICITY: Final = 0.71
TOXICITY_NOT_OWN: Final = -0.276
TOXICITY_ELSEWHERE: Final = -0.608
