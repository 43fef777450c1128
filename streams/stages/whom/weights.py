"""Made by ``make train-whom``; MODEL_CARD.md says from what."""

from collections.abc import Mapping
from typing import Final

BIAS: Final = -2.179
SIGNS: Final[Mapping[str, float]] = {
    "second": 1.257,
    "kind": -0.925,
    "directed": 1.997,
    "thrown": 1.597,
    "bare": 0.798,
    "attack": 1.388,
    "elsewhere": -0.555,
    "heat": 0.141,
    "quoted": -0.959,
    "reported": 0.0,
    "negated": -0.328,
    "conditional": 0.29,
    "not own": -0.133,
    "support": -0.082,
    "condemn": -0.31,
    "laughter": -0.457,
    "warmth": -0.451,
    "argument": -0.758,
    "agreeing": -0.124,
    "ours": -0.199,
    "others": -2.241,
    "turning": 0.646,
    "at reader, others": -1.332,
    "at reader, laughter": -1.274,
    "at reader, warmth": -1.011,
    "at reader, contempt": 0.402,
}
TOXICITY: Final = 0.676
TOXICITY_NOT_OWN: Final = -0.182
TOXICITY_ELSEWHERE: Final = -0.565
