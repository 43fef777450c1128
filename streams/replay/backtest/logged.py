"""``replies`` as a backtest sees what was read: each reply stands for a comment without text, for coverage and slices."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import inf
from typing import Any, NamedTuple

from msgspec import Struct

from streams.engine import moment
from streams.records import Action, Comment, Reply
from streams.replay.backtest.played import Undecodable
from streams.replay.reach import Reach
from streams.replay.replies.fold import records_of
from streams.replay.replies.logs import Log
from streams.replay.taken import Asked
from streams.stages.decode import Unreadable
from streams.stages.targets import Target


class Comments(Struct, frozen=True):
    """Replies of a log as comments, a partition after the other. Read again each time that they are gone through."""

    log: Log
    since_ms: float | None
    is_period: bool
    ends: Mapping[int, int] | None = None
    """Partition → its last offset that is taken; None: all there is."""

    def __iter__(self) -> Iterator[Comment]:
        """Yield them."""
        coming = replies_in(self.log, self.since_ms, self.ends)
        return (comment_of(reply) for reply, is_period in coming if is_period is self.is_period)


class _Message(NamedTuple):
    partition: int
    offset: int
    value: bytes | None
    record: Any
    is_period: bool
    at_ms: float


def _messages(log: Log, since_ms: float | None, ends: Mapping[int, int] | None) -> Iterator[_Message]:
    """Yield all that there is, and whether it belongs to the period: as the fold has it, all of a partition from its first message on."""
    has_begun: set[int] = set()
    for columns in log.columns({part.partition: -1 for part in log.parts}):
        partition, last = columns.partition, None if ends is None else ends.get(columns.partition, -1)
        found = zip(columns.offsets, columns.times_ms, columns.values, records_of(columns.values), strict=True)
        for offset, at, value, record in found:
            if last is not None and offset > last:
                break
            if since_ms is None or at >= since_ms:
                has_begun.add(partition)
            yield _Message(partition, offset, value, record, partition in has_begun, at)


def replies_in(log: Log, since_ms: float | None, ends: Mapping[int, int] | None = None) -> Iterator[tuple[Reply, bool]]:
    """Yield every reply, and whether it belongs to the period."""
    return ((one.record, one.is_period) for one in _messages(log, since_ms, ends) if isinstance(one.record, Reply))


def comment_of(reply: Reply) -> Comment:
    """Return what is known of the comment."""
    return Comment(
        source=reply.source, community=reply.community, conversation_id=reply.conversation_id, comment_id=reply.comment_id,
        author_id=reply.author_id, author_role=reply.author_role, action=reply.action, deleted_by=reply.deleted_by,
        created_at=reply.created_at, created_at_is_estimated=reply.created_at_is_estimated,
        edited_at=None if reply.action is Action.CREATED else reply.created_at, ingested_at=reply.ingested_at,
    )  # fmt: skip


class Logged(Struct, kw_only=True):
    """What a log holds, where ``Recorded`` stands."""

    log: Log
    since_ms: float | None
    since: datetime | None
    before: int = 0
    """Replies of the warm-up."""
    count: int = 0
    """Of the period."""
    undecodable: Undecodable = Undecodable()
    answered: set[Target] = set()
    begins_at: datetime | None = None
    digest: str = ""
    """SHA-256 of the messages, each with its partition and offset."""
    not_believed: int = 0
    ends: Mapping[int, int] | None = None
    firsts: dict[int, int] = {}

    def period(self) -> Comments:
        """Return the replies of the period."""
        return Comments(self.log, self.since_ms, True, self.ends)

    def reach(self, asked: Asked) -> Reach:
        """Return whether something stood before it."""
        found = Reach(asked.start)
        found.is_cut = self.log.is_cut(self.firsts)
        return found


def logged(log: Log, asked: Asked, ends: Mapping[int, int] | None = None, told: Callable[[], object] = lambda: None) -> Logged:
    """Read a log once, and return what it holds. ``ends``: the last offset of each partition that counts; None: all there is."""
    since = None if asked.start is None else asked.start.timestamp() * 1000
    found = Logged(log=log, since_ms=since, since=asked.start, answered=set(), firsts={}, ends=ends)
    bad, digest = Counter[bool](), hashlib.sha256()
    first_ms = inf
    for one in _messages(log, since, ends):
        told()
        if one.partition not in found.firsts:
            found.firsts[one.partition], first_ms = one.offset, min(first_ms, one.at_ms)
        digest.update(b"%d %d %d " % (one.partition, one.offset, one.is_period) + (one.value or b""))
        if isinstance(one.record, Reply):
            found.count, found.before = found.count + one.is_period, found.before + (not one.is_period)
            found.answered.add((one.record.source, one.record.community, one.record.target_id))
        elif isinstance(one.record, Unreadable):
            bad[one.is_period] += 1
    found.begins_at = None if first_ms == inf else moment(int(first_ms))
    found.undecodable, found.digest = Undecodable(bad[True], bad[False]), digest.hexdigest()
    return found
