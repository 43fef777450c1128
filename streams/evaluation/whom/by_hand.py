"""The rule before the model, ``cues@2``, with weights set by hand: what the model is measured beside."""

from math import exp
from typing import Final

from streams.stages.hostility import Cues, logit

NAME: Final = "cues@2, by hand"


def toward_addressee(toxicity: float, found: Cues) -> float:
    """Return P(hostile to the person addressed), as it was until the model."""
    z = -1.8 + 0.9 * logit(toxicity) + found.attack
    z += 0.9 * (found.second > 0) + 1.6 * (found.insulted > 0) - 0.8 * found.kind
    if not found.insulted and found.attack < 1.0:
        z += _elsewhere(found) if found.third or found.group or found.own or found.heat else 0.8 * (found.bare > 0)
    return round(1.0 / (1.0 + exp(-z)), 4)


def _elsewhere(found: Cues) -> float:
    if found.bare:
        return 0.0
    return -3.0 if found.third or found.group or found.own else -1.2
