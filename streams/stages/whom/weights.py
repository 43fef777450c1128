"""Made by ``make train-whom``; MODEL_CARD.md says from what."""

from collections.abc import Mapping
from typing import Final

BIAS: Final = -2.18
SIGNS: Final[Mapping[str, float]] = {
    "second": 1.252,
    "kind": -0.925,
    "directed": 2.006,
    "thrown": 1.598,
    "bare": 0.799,
    "attack": 1.389,
    "elsewhere": -0.556,
    "heat": 0.148,
    "quoted": -1.027,
    "reported": 0.0,
    "negated": -0.291,
    "conditional": 0.301,
    "not own": -0.122,
    "support": -0.063,
    "condemn": -0.3,
    "laughter": -0.443,
    "warmth": -0.423,
    "argument": -0.762,
    "agreeing": -0.127,
    "ours": -0.203,
    "others": -2.264,
    "turning": 0.656,
    "at reader, others": -1.33,
    "at reader, laughter": -1.293,
    "at reader, warmth": -1.039,
    "at reader, contempt": 0.4,
}
TOXICITY: Final = 0.677
TOXICITY_NOT_OWN: Final = -0.236
TOXICITY_ELSEWHERE: Final = -0.561
