"""What a backtest rests on: how much was read, and what of it could not count."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Action
from streams.replay.backtest.logged import Logged
from streams.replay.backtest.period import Lateness, is_late
from streams.replay.backtest.played import Undecodable
from streams.replay.reach import Reach, Start
from streams.replay.recorded import Recorded

MIN_GAP: Final = timedelta(hours=1)
"""A silence of so long is a gap: nothing was written by anybody, or nothing was recorded."""
_LISTED: Final = 10


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


def coverage(recorded: Recorded | Logged, times: Sequence[datetime], bad: Undecodable, lateness: Lateness, reach: Reach) -> Coverage:
    """Return what was read. ``times``: the event times of the period's comments."""
    comments, undecodable = recorded.period(), bad.lines
    actions = Counter(comment.action for comment in comments)
    found = _gaps(times)
    return Coverage(
        start=reach.start,
        warm_up_days=reach.days_found(recorded.begins_at),
        warm_up_records=recorded.before + bad.before,
        records=actions.total() + undecodable,
        undecodable=undecodable,
        comments=actions[Action.CREATED],
        edits=actions[Action.EDITED],
        deletions=actions[Action.DELETED],
        late=sum(is_late(comment, lateness) for comment in comments),
        arrivals_not_believed=recorded.not_believed,
        conversations=len({(one.source, one.community, one.conversation_id) for one in comments}),
        authors=len({(one.source, one.author_id) for one in comments if one.author_id is not None}),
        without_author=sum(one.action is Action.CREATED and one.author_id is None for one in comments),
        without_time=sum(one.action is Action.CREATED and one.created_at_is_estimated for one in comments),
        gaps=len(found),
        longest_gaps=tuple(found[:_LISTED]),
        input=recorded.digest if isinstance(recorded, Logged) else _digest(recorded),
    )


def _gaps(times: Sequence[datetime]) -> list[Gap]:
    """Return the silences, the longest first."""
    found = [Gap(before, after, (after - before).total_seconds()) for before, after in pairwise(sorted(times)) if after - before >= MIN_GAP]
    return sorted(found, key=lambda gap: (-gap.seconds, gap.start))


def _digest(recorded: Recorded) -> str:
    digest = hashlib.sha256()
    for number, comment in enumerate(recorded.comments):
        digest.update(msgspec.json.encode(comment) + (b"\n" if number >= recorded.before else b"\0"))
    return digest.hexdigest()
