"""When unreadable input is no longer an accident: more than 10 % of the last 10,000, or 100 in a row for 60 s."""

from collections import deque
from typing import Final

from streams.live.guard import TooMuchUnreadable

WINDOW: Final = 10_000
MAX_SHARE: Final = 0.10
MAX_IN_A_ROW: Final = 100
MAX_SECONDS: Final = 60.0


class StopRule:
    """Counts what a stage could and could not read; raises TooMuchUnreadable when it must stop. Time is passed in."""

    def __init__(self, stage: str, accept_until: int = -1) -> None:
        self._stage = stage
        self._accept_until = accept_until
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._bad = 0
        self._in_a_row = 0
        self._last_good = float("nan")

    def took(self, good: bool, offset: int, now: float) -> None:
        """Count one message. ``--accept-bad-until OFFSET`` lets known bad input pass uncounted."""
        if not good and offset <= self._accept_until:
            return
        if len(self._last) == WINDOW:
            self._bad -= not self._last[0]
        self._last.append(good)
        self._bad += not good
        self._in_a_row = 0 if good else self._in_a_row + 1
        if good or self._last_good != self._last_good:
            self._last_good = now
        self._check(offset, now)

    def _check(self, offset: int, now: float) -> None:
        if len(self._last) == WINDOW and self._bad > MAX_SHARE * WINDOW:
            self._stop(f"{self._bad} of the last {WINDOW} messages cannot be read", offset)
        if self._in_a_row >= MAX_IN_A_ROW and now - self._last_good > MAX_SECONDS:
            self._stop(f"{self._in_a_row} messages in a row cannot be read and none could for {MAX_SECONDS:.0f} s", offset)

    def _stop(self, why: str, offset: int) -> None:
        raise TooMuchUnreadable(
            f"{self._stage}: {why}, the last at offset {offset}; look at the dead letters, mend the sender, "
            f"or go on with --accept-bad-until {offset}"
        )
