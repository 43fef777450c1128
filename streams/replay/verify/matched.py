"""One person's replies as the log has them beside those that the comments make again: which is which, and what has no other. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from streams.kafka.batches import partition_of
from streams.records import Reply
from streams.replay.verify.applied import Applied, other_settings
from streams.replay.verify.causes import UNEXPLAINED
from streams.replay.verify.differences import Cause, Found, Place, Record
from streams.replay.verify.fold import Logged
from streams.replay.verify.raw import Again
from streams.topics import COMMENTS_SCORED, REPLIES, json_key, state_topic

_STATE: Final = state_topic("address")


class Bounds(Struct):
    """Where those begin and end that a partition of ``comments.scored`` and one of ``replies`` both have. Order is kept between them."""

    first_scored: int
    last_scored: int
    first_logged: int


class Known(Struct, kw_only=True):
    """What is known of the logs, whomever it is about."""

    bounds: dict[tuple[int, int], Bounds] = field(default_factory=dict)
    scored: Mapping[int, int] = {}
    """Partition of ``comments.scored`` → the first offset that is left."""
    raw: Mapping[int, int] = {}
    """Partition of ``comments.raw`` → the first offset that is left; its partitions are those of ``comments.scored``."""
    ordered: dict[int, int] = field(default_factory=dict)
    """Partition of ``comments.scored`` → its first record whose own of ``comments.raw`` is left."""
    addressed: Mapping[int, Sequence[Applied]] = {}
    addressing: str = ""
    """The hash of the settings with which replies were made again."""
    begun_later: frozenset[int] = frozenset()
    """Partitions of ``replies`` that were not folded from offset 0."""
    ends_early: bool = False
    """Whether ``replies`` was read to its end, and all of it was applied; else what comes behind is not known."""


class One(Struct, frozen=True, kw_only=True):
    """A record about the person: as the log has it, and as it is made again; one of them may not be there."""

    logged: Logged | None = None
    again: Again | None = None

    @property
    def order(self) -> tuple[bytes, int] | None:
        """Return where seam 4's order puts it; None: only the log knows."""
        return (self.again.order, self.again.number) if self.again is not None and self.again.order else None

    @property
    def is_alike(self) -> bool:
        """Return whether both have it, and say the same."""
        return self.logged is not None and self.again is not None and self.logged.record == self.again.reply


Matched = tuple[list[One], list[One]]
"""Those of the log, in its order; those that it does not have."""


def matched(log: Sequence[Logged], again: Sequence[Again]) -> Matched:
    """Return the records of one person side by side."""
    waiting: dict[tuple[str, str, int], list[Again]] = {}
    for one in again:
        waiting.setdefault(_key(one.reply), []).append(one)
    logged = []
    for told in log:
        found = waiting.get(_key(told.record)) if isinstance(told.record, Reply) else None
        logged.append(One(logged=told, again=found.pop(0) if found else None))
    return logged, [One(again=one) for left in waiting.values() for one in left]


def _key(reply: Reply) -> tuple[str, str, int]:
    return reply.conversation_id, reply.comment_id, reply.revision


def bound(known: Known, partition: int, log: Sequence[Logged], again: Sequence[Again]) -> None:
    """Note what both have of one person. ``partition``: the person's, of ``replies``."""
    for made in again:
        if made.order:
            known.ordered[made.scored.partition] = min(known.ordered.get(made.scored.partition, made.scored.offset), made.scored.offset)
    for one in matched(log, again)[0]:
        if one.logged is None or one.again is None:
            continue
        scored, offset = one.again.scored, one.logged.place.offset
        now = known.bounds.setdefault((scored.partition, partition), Bounds(scored.offset, scored.offset, offset))
        now.first_scored, now.last_scored = min(now.first_scored, scored.offset), max(now.last_scored, scored.offset)
        now.first_logged = min(now.first_logged, offset)


class Replayed(Struct, frozen=True):
    """What is replayed of one person, and why some of it is not what the log has."""

    ones: list[One]
    strange: list[Found]

    @property
    def is_as_logged(self) -> bool:
        """Return whether the log has just this, in this order."""
        orders = [one.order for one in self.ones if one.order is not None]
        return not self.strange and all(one.logged is not None for one in self.ones) and orders == sorted(orders)


def replayed(log: Sequence[Logged], again: Sequence[Again], known: Known, partition: int, conversations: int) -> Replayed:
    """Return a person's records as they are replayed. ``conversations``: how many partitions ``comments.scored`` has."""
    found = Replayed([], [])
    logged, others = matched(log, again)
    for one in logged:
        why = _why_logged(one, known, partition, conversations)
        found.strange.extend([] if why is None else [why])
        if why is None or one.order is not None:  # else nobody sent it
            found.ones.append(one)
    for one in others:
        if one.again is not None and (why := only_again(one.again, known, partition)) is not None:
            found.strange.append(why)
            found.ones.append(one)
    return found


def _why_logged(one: One, known: Known, partition: int, conversations: int) -> Found | None:
    told = one.logged
    if told is None or not isinstance(told.record, Reply):
        return None  # what a moderator said stands in this log alone
    if one.again is None:
        key = json_key(told.record.source, told.record.community, told.record.conversation_id)
        return only_logged(told, known, partition, partition_of(key, conversations))
    if not one.again.order and not _is_lost(one.again.scored, known):
        return UNEXPLAINED  # nobody wrote this comment
    return None if one.is_alike else unlike(told, one.again, known)


def _is_lost(scored: Place, known: Known) -> bool:
    """Return whether the record of ``comments.raw`` would stand before those that are left: both topics have one order."""
    return bool(known.raw.get(scored.partition)) and scored.offset < known.ordered.get(scored.partition, scored.offset + 1)


def only_again(one: Again, known: Known, partition: int) -> Found | None:
    """Return why the log lacks a reply; None: it stands before the first that was folded, or behind the last."""
    bounds = known.bounds.get((one.scored.partition, partition))
    if partition in known.begun_later and (bounds is None or one.scored.offset < bounds.first_scored):
        return None
    if known.ends_early and (bounds is None or one.scored.offset > bounds.last_scored):
        return None
    return _settings(one.scored, known, by_time=False) or _cut(one, known) or UNEXPLAINED


def only_logged(told: Logged, known: Known, partition: int, from_: int) -> Found | None:
    """Return why a reply of the log is not made again; None: its comment stood before the first that is left.

    ``from_``: the partition of its conversation, of ``comments.scored``.
    """
    first, bounds = known.scored.get(from_, 0), known.bounds.get((from_, partition))
    if first and (bounds is None or told.place.offset < bounds.first_logged):
        return None
    return _settings(Place(from_, -1, told.place.at), known, by_time=True) or UNEXPLAINED


def unlike(told: Logged, again: Again, known: Known) -> Found:
    """Return why a reply says something else than the one that is made again."""
    return _settings(again.scored, known, by_time=False) or _cut(again, known) or Found(
        Cause.UNEXPLAINED, records=(Record(REPLIES.name, told.place.partition, told.place.offset),)
    )  # fmt: skip


def _settings(place: Place, known: Known, *, by_time: bool) -> Found | None:
    return other_settings(_STATE, known.addressed.get(place.partition, ()), place, known.addressing, by_time=by_time)


def _cut(one: Again, known: Known) -> Found | None:
    """Whether what it answers is gone with the beginning of ``comments.scored``."""
    first = known.scored.get(one.scored.partition, 0)
    if not first or not one.has_lost_parent:
        return None
    told = f"comments.scored partition {one.scored.partition} begins at offset {first}, after the comment that this one answers"
    records = (
        Record(COMMENTS_SCORED.name, one.scored.partition, first),
        Record(COMMENTS_SCORED.name, one.scored.partition, one.scored.offset),
    )
    return Found(Cause.APPROXIMATE_START, told, records)
