"""Which days a recording really has: one clock that was wrong must not make two weeks of it sixty years. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from streams.stages.esr.learning import Counted


class Span(NamedTuple):
    """From when to when replies belong together, microseconds, and how many were left out for standing far apart."""

    first: int
    last: int
    apart: int


def span_of(people: Iterable[Counted]) -> Span:
    """Return the time that is left when what stands apart from the rest by more than half of all the time is not counted.

    Of both sides of such a gap the one with more replies stays. There is at least one reply.
    """
    every = np.sort(np.concatenate([one.at for one in people]))
    at = every
    while at.size > 1:
        gaps = np.diff(at)
        widest = int(gaps.argmax())
        if 2 * gaps[widest] <= at[-1] - at[0] or at[-1] == at[0]:
            break
        at = max(at[: widest + 1], at[widest + 1 :], key=len)
    return Span(int(at[0]), int(at[-1]), int(every.size - at.size))
