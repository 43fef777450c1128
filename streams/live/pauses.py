"""How long does the event loop keep others waiting? A task that wants to be woken soon, and looks by how much it was late."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

_EVERY: Final = 0.01
"""Seconds between two looks: a pause is seen to within so much, for a thousandth of a core."""
_KEPT: Final = 15.0
"""Seconds: the longest pause is known of the last one or two of these, so that whoever scrapes every 15 s misses none."""


class Pauses:
    """The longest lately. Its clock is the caller's, in seconds."""

    def __init__(self, now: float) -> None:
        self._since, self._before, self._longest = now, 0.0, 0.0

    def saw(self, seconds: float, now: float) -> None:
        """Note that the loop was late by so much; what is no pause counts as 0."""
        self._turn(now)
        self._longest = max(self._longest, seconds)

    def longest(self, now: float) -> float:
        """Return the seconds of the longest pause of the last 15 to 30 seconds."""
        self._turn(now)
        return max(self._before, self._longest)

    def _turn(self, now: float) -> None:
        if (passed := now - self._since) >= _KEPT:
            self._before = self._longest if passed < 2 * _KEPT else 0.0
            self._since, self._longest = now, 0.0


async def look(pauses: Pauses, is_over: Callable[[], bool]) -> None:
    """Note the pauses of the loop that runs this until ``is_over``."""
    while not is_over():
        began = time.monotonic()
        await asyncio.sleep(_EVERY)
        now = time.monotonic()
        pauses.saw(now - began - _EVERY, now)
