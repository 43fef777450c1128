"""What stands before a replay: whether what is read reaches the log's beginning, and what the stages knew when the period began."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

USUAL: Final = timedelta(days=28)
"""Of warm-up, unless asked otherwise: a person's usual is told from four weeks."""
LONGEST: Final = timedelta(days=3650)
_DAY: Final = timedelta(days=1)


class Start(StrEnum):
    """What the stages knew when a period began."""

    BEGINNING = "beginning"
    """All: nothing stands before what was read."""
    SNAPSHOT = "snapshot"
    """All: what the live stage had written down."""
    APPROXIMATE = "approximate"
    """What the warm-up taught them; more stands, or stood, before it."""


class Reach:
    """Whether anything stands before what an input gives. The input tells while it reads; ask when it has."""

    def __init__(self, since: datetime | None = None) -> None:
        """``since``: where the period begins; None: with what is read."""
        self.since = since
        self.is_cut = False
        """Whether something was before."""
        self.is_known = False
        """Whether that does not matter, because the stages begin with what the live ones had written down."""

    @property
    def start(self) -> Start:
        """Return how a replay of this starts."""
        if self.is_known:
            return Start.SNAPSHOT
        return Start.APPROXIMATE if self.is_cut else Start.BEGINNING

    def days_found(self, first: datetime | None) -> float:
        """Return how many days before the period the first comment arrived; none arrived (None): 0."""
        if self.since is None or first is None or first >= self.since:
            return 0.0
        return round((self.since - first) / _DAY, 3)


def started(start: str, days: float, records: int) -> str:
    """Return in words how a replay started."""
    known = f"{records} records of {days:g} days before it warmed it up" if records else "nothing before it was read"
    return {
        Start.BEGINNING: f"start: beginning ({known}; nothing stands before that)",
        Start.SNAPSHOT: f"start: snapshot (what the live stages had written down, and {records} records of {days:g} days since then)",
        Start.APPROXIMATE: f"start: approximate ({known}; more stands, or stood, before that)",
    }[Start(start)]
