"""Made by ``make train-whom``; MODEL_CARD.md says from what."""

from collections.abc import Mapping
from typing import Final

BIAS: Final = -2.179
SIGNS: Final[Mapping[str, float]] = {
    "second": 1.249,
    "kind": -0.923,
    "directed": 2.001,
    "thrown": 1.597,
    "bare": 0.798,
    "attack": 1.39,
    "elsewhere": -0.554,
    "heat": 0.14,
    "quoted": -0.959,
    "reported": 0.0,
    "negated": -0.329,
    "conditional": 0.29,
    "not own": -0.128,
    "support": -0.081,
    "condemn": -0.309,
    "laughter": -0.457,
    "warmth": -0.45,
    "argument": -0.757,
    "agreeing": -0.123,
    "ours": -0.199,
    "others": -2.237,
    "turning": 0.649,
    "at reader, others": -1.33,
    "at reader, laughter": -1.274,
    "at reader, warmth": -1.011,
    "at reader, contempt": 0.402,
}
TOXICITY: Final = 0.677
TOXICITY_NOT_OWN: Final = -0.182
TOXICITY_ELSEWHERE: Final = -0.564
