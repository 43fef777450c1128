"""Made by ``make train-whom``; MODEL_CARD.md says from what."""

from collections.abc import Mapping
from typing import Final

BIAS: Final = -1.947
SIGNS: Final[Mapping[str, float]] = {
    "second": 1.185,
    "kind": -1.014,
    "directed": 1.922,
    "thrown": 1.691,
    "bare": 1.155,
    "attack": 1.363,
    "elsewhere": -0.458,
    "heat": 0.203,
    "quoted": -0.59,
    "reported": 0.0,
    "negated": -0.691,
    "conditional": -0.492,
    "not own": -0.334,
    "support": -0.144,
    "condemn": -0.231,
    "laughter": 0.0,
    "warmth": -1.02,
    "argument": -0.903,
    "agreeing": -0.424,
    "ours": -0.486,
    "others": -2.164,
    "turning": 0.618,
    "at reader, others": -1.141,
    "at reader, laughter": -0.703,
    "at reader, warmth": -2.242,
    "at reader, contempt": 0.38,
}
TOXICITY: Final = 0.722
TOXICITY_NOT_OWN: Final = -0.218
TOXICITY_ELSEWHERE: Final = -0.635
