"""``replies`` as a backtest sees what was read: each reply stands for a comment without text, for coverage and slices."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime

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

    def __iter__(self) -> Iterator[Comment]:
        """Yield them."""
        return (comment_of(reply) for reply, is_period in replies_in(self.log, self.since_ms) if is_period is self.is_period)


def replies_in(log: Log, since_ms: float | None, told: Callable[[int], object] = lambda _: None) -> Iterator[tuple[Reply, bool]]:
    """Yield every reply, and whether it belongs to the period: as the fold has it, all from its first message on."""
    has_begun: set[int] = set()
    for columns in log.columns({part.partition: -1 for part in log.parts}):
        for at, record in zip(columns.times_ms, records_of(columns.values), strict=True):
            if since_ms is None or at >= since_ms:
                has_begun.add(columns.partition)
            if isinstance(record, Reply):
                yield record, columns.partition in has_begun
        told(len(columns))


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
    firsts: dict[int, int] = {}

    def period(self) -> Comments:
        """Return the replies of the period."""
        return Comments(self.log, self.since_ms, is_period=True)

    def reach(self, asked: Asked) -> Reach:
        """Return whether something stood before it."""
        found = Reach(asked.start)
        found.is_cut = self.log.is_cut(self.firsts)
        return found


def logged(log: Log, asked: Asked, told: Callable[[int], object]) -> Logged:
    """Read a log once, and return what it holds."""
    since = None if asked.start is None else asked.start.timestamp() * 1000
    found = Logged(log=log, since_ms=since, since=asked.start, answered=set(), firsts={})
    bad, digest, has_begun = {True: 0, False: 0}, hashlib.sha256(), set[int]()
    for columns in log.columns({part.partition: -1 for part in log.parts}):
        found.firsts.setdefault(columns.partition, columns.offsets[0])
        first = moment(columns.times_ms[0])
        found.begins_at = first if found.begins_at is None else min(found.begins_at, first)
        for offset, at, value, record in zip(columns.offsets, columns.times_ms, columns.values, records_of(columns.values), strict=True):
            if since is None or at >= since:
                has_begun.add(columns.partition)
            is_period = columns.partition in has_begun
            digest.update(b"%d %d %d " % (columns.partition, offset, is_period) + (value or b""))
            if isinstance(record, Reply):
                found.count, found.before = found.count + is_period, found.before + (not is_period)
                found.answered.add((record.source, record.community, record.target_id))
            elif isinstance(record, Unreadable):
                bad[is_period] += 1
        told(len(columns))
    found.undecodable, found.digest = Undecodable(bad[True], bad[False]), digest.hexdigest()
    return found
