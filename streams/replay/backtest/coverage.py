"""What a backtest rests on: how much was read, and what of it could not count."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Action, Comment
from streams.replay.backtest.logged import Logged
from streams.replay.backtest.period import Lateness, is_late
from streams.replay.backtest.played import Undecodable
from streams.replay.reach import Reach, Start
from streams.replay.recorded import Recorded

MIN_GAP: Final = timedelta(hours=1)
"""A silence of so long is a gap: nothing was written by anybody, or nothing was recorded."""
_LISTED: Final = 10
_ENCODE: Final = msgspec.json.Encoder().encode


class Gap(Struct, frozen=True):
    """A silence in event time."""

    start: datetime
    end: datetime
    seconds: float


class Coverage(Struct, frozen=True, kw_only=True):
    """What was read, the same for both configurations. All but the next three and ``input`` is of the period.

    Of a backtest from ``replies``: replies, where it says comments.
    """

    start: Start
    """What the stages knew when the period began."""
    warm_up_days: float
    """Days before the period in which comments were found for that."""
    warm_up_records: int
    """Lines or messages of these days."""
    records: int
    """Lines or messages; ``undecodable`` are among them."""
    undecodable: int
    comments: int
    """Written, not edits (``edits``) and deletions (``deletions``) of them."""
    edits: int
    deletions: int
    late: int
    """Arrived longer after they were written than their source's lateness: shown, not counted by the detector."""
    arrivals_not_believed: int
    conversations: int
    authors: int
    without_author: int
    without_time: int
    gaps: int
    """Silences of at least an hour."""
    longest_gaps: tuple[Gap, ...]
    """At most ten, the longest first."""
    input: str
    """SHA-256 of the comments in the order of the replay, warm-up and all: equal where two backtests read the same."""


class _Seen:
    """Counts the comments of a period, each once."""

    def __init__(self, lateness: Lateness) -> None:
        self._lateness = lateness
        self.actions: Counter[Action] = Counter()
        self.late = self.without_author = self.without_time = 0
        self.conversations: set[tuple[str, str, str]] = set()
        self.authors: set[tuple[str, str]] = set()

    def add(self, one: Comment) -> None:
        self.actions[one.action] += 1
        self.late += is_late(one, self._lateness)
        self.conversations.add((one.source, one.community, one.conversation_id))
        if one.author_id is not None:
            self.authors.add((one.source, one.author_id))
        if one.action is Action.CREATED:
            self.without_author += one.author_id is None
            self.without_time += one.created_at_is_estimated


def coverage(recorded: Recorded | Logged, times: Sequence[datetime], bad: Undecodable, lateness: Lateness, reach: Reach) -> Coverage:
    """Return what was read. ``times``: the event times of the period's comments."""
    seen, gaps = _Seen(lateness), _gaps(times)
    digest = _logged(recorded, seen) if isinstance(recorded, Logged) else _recorded(recorded, seen)
    return Coverage(
        start=reach.start, warm_up_days=reach.days_found(recorded.begins_at), warm_up_records=recorded.before + bad.before,
        records=seen.actions.total() + bad.lines, undecodable=bad.lines,
        comments=seen.actions[Action.CREATED], edits=seen.actions[Action.EDITED], deletions=seen.actions[Action.DELETED],
        late=seen.late, arrivals_not_believed=recorded.not_believed, conversations=len(seen.conversations), authors=len(seen.authors),
        without_author=seen.without_author, without_time=seen.without_time, gaps=len(gaps), longest_gaps=tuple(gaps[:_LISTED]),
        input=digest,
    )  # fmt: skip


def _logged(logged: Logged, seen: _Seen) -> str:
    for comment in logged.period():
        seen.add(comment)
    return logged.digest


def _recorded(recorded: Recorded, seen: _Seen) -> str:
    digest = hashlib.sha256()
    for number, comment in enumerate(recorded.comments):
        is_period = number >= recorded.before
        digest.update(_ENCODE(comment) + (b"\n" if is_period else b"\0"))
        if is_period:
            seen.add(comment)
    return digest.hexdigest()


def _gaps(times: Sequence[datetime]) -> list[Gap]:
    """Return the silences, the longest first."""
    found = [Gap(before, after, (after - before).total_seconds()) for before, after in pairwise(sorted(times)) if after - before >= MIN_GAP]
    return sorted(found, key=lambda gap: (-gap.seconds, gap.start))
