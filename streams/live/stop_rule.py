"""When unreadable input is no longer an accident: more than 10 % of the last 10,000, or 100 in a row and none good for 60 s.

What is counted is kept with the offset applied, so that a worker started again goes on counting; and once the rule has
spoken, no worker passes that place until somebody says ``--accept-bad-until``. Time is the broker's, as it stands in the log.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.engine import Effects, Message
from streams.live.guard import TooMuchUnreadable

WINDOW: Final = 10_000
MAX_SHARE: Final = 0.10
MAX_IN_A_ROW: Final = 100
MAX_SECONDS: Final = 60.0
_ALL: Final = (1 << WINDOW) - 1


class Counted(Struct, frozen=True, omit_defaults=True):
    """What is kept of a partition."""

    taken: int = 0
    """Messages in the window."""
    bad: str = ""
    """Which of them could not be read: bits in hexadecimal, the newest last."""
    in_a_row: int = 0
    last_good_ms: int | None = None
    """The broker's time of the last one that could be read; of the first of all, while none could."""
    stopped: str = ""
    """Why a worker must stop here."""


class StopRule:
    """Counts what a stage could and could not read of one partition. ``where`` begins the line that a person reads."""

    def __init__(self, where: str, counted: Counted, accept_until: int = -1) -> None:
        self._where, self._accept_until = where, accept_until
        self._taken, self._bits = counted.taken, int(counted.bad or "0", 16)
        self._bad = self._bits.bit_count()
        self._in_a_row, self._last_good_ms, self._stopped = counted.in_a_row, counted.last_good_ms, counted.stopped

    def counted(self) -> Counted:
        """Return what is to be kept."""
        bad = f"{self._bits:x}" if self._bits else ""
        return Counted(self._taken, bad, self._in_a_row, self._last_good_ms, self._stopped)

    def took(self, messages: Sequence[Message], effects: Effects) -> None:
        """Count a batch of the partition, in its order."""
        bad = {letter.message.offset for letter in effects.dead_letters}
        for message in messages:
            self.count(message.offset not in bad, message.offset, message.timestamp_ms)

    def count(self, good: bool, offset: int, at_ms: int) -> None:
        """Count one message. Bad input that is known (``--accept-bad-until OFFSET``) passes uncounted."""
        if not good and offset <= self._accept_until:
            return
        self._bad += (not good) - (self._bits >> (WINDOW - 1))
        self._bits = (self._bits << 1 | (not good)) & _ALL
        self._taken = min(self._taken + 1, WINDOW)
        self._in_a_row = 0 if good else self._in_a_row + 1
        if good or self._last_good_ms is None:
            self._last_good_ms = at_ms
        self._stopped = self._stopped or self._why(at_ms - self._last_good_ms)

    def _why(self, since_good_ms: int) -> str:
        if self._taken == WINDOW and self._bad > MAX_SHARE * WINDOW:
            return f"{self._bad} of the last {WINDOW} messages cannot be read"
        if self._in_a_row >= MAX_IN_A_ROW and since_good_ms > MAX_SECONDS * 1000:
            return f"{self._in_a_row} messages in a row cannot be read and none could for {MAX_SECONDS:.0f} s"
        return ""

    def check(self, applied: int) -> None:
        """Raise TooMuchUnreadable where a worker must stop; ``applied`` is the last offset done, and that is what is to be accepted."""
        if self._stopped:
            raise TooMuchUnreadable(
                f"{self._where}: {self._stopped}; done up to offset {applied}. Look at the dead letters, mend the sender, "
                f"and go on with --accept-bad-until {applied}"
            )
