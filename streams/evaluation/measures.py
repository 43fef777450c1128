"""Measures of being right and being early: ERDE (Losada and Crestani, 2016) and F-latency (Sadeque, Xu and Bethard, 2018).

A case is a pile-on by eight people or more. What is read one by one are its hostile people.
"""

import math
from statistics import median

from msgspec import Struct

from streams.evaluation.scoring import Score

LARGE = 8


class Early(Struct, frozen=True, kw_only=True):
    """How right and how early at once."""

    erde_5: float
    erde_10: float
    """In [0, 1], less is better: the mean cost over cases and people to whom nothing was done."""
    f1: float
    f_latency: float
    """F1 times what is left of it for being late: half is left where half of a case's people have come (in the median)."""
    alerts_per_case: float
    false_per_1000: float
    """False alarms per 1,000 hostile replies."""


def early(score: Score, people: int, hostile_replies: int) -> Early:
    """Return the measures; ``people`` are all who were watched, each a chance of a false alarm."""
    large = [one for one in score.caught if one.event.hostile_authors >= LARGE]
    delays = [one.authors for one in large if one.authors is not None]
    hit, missed = len(delays), len(large) - len(delays)
    f1 = 2 * hit / (2 * hit + score.false + missed) if large else 0.0
    half = median(one.event.hostile_authors for one in large) / 2 if large else 1.0
    caught = [one for one in score.caught if one.authors is not None]
    return Early(
        erde_5=_erde(delays, missed, score.false, people, 5), erde_10=_erde(delays, missed, score.false, people, 10), f1=f1,
        f_latency=f1 * (1 - median(_penalty(delay, half) for delay in delays)) if delays else 0.0,
        alerts_per_case=score.alerts_in_attacks / len(caught) if caught else 0.0,
        false_per_1000=1000 * score.false / hostile_replies if hostile_replies else 0.0,
    )  # fmt: skip


def _erde(delays: list[int], missed: int, false: int, people: int, o: int) -> float:
    """A case found after k costs 1 − 1/(1 + e^(k−o)), a missed one 1, a false alarm as much as cases are frequent."""
    late = sum(1 - 1 / (1 + math.exp(min(k - o, 700))) for k in delays)
    share = (len(delays) + missed) / people if people else 0.0
    return (late + missed + false * share) / people if people else 0.0


def _penalty(k: float, half: float) -> float:
    """From 0 at the first hostile person to one half at ``half`` of them, and on to 1."""
    p = math.log(3) / max(half - 1, 1e-9)
    return -1 + 2 / (1 + math.exp(-p * (k - 1)))
