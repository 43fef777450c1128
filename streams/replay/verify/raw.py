"""The replies that ``comments.scored`` makes again, each with the place that seam 4's order gives the record of ``comments.raw`` behind it.

What ``address`` makes of a conversation depends on that conversation alone, and no order of a replay changes the order within one. So
conversations are addressed one after the other, and memory holds one of them. Scores are those that live gave.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

from streams.engine import Message, decoder_of, moment
from streams.kafka.read import Bound, bounded
from streams.records import Action, Comment, Reply
from streams.replay.order import Places
from streams.replay.verify.applied import Course
from streams.replay.verify.differences import Place, place_of
from streams.replay.verify.rules import Rules
from streams.replay.verify.spool import Begin, Going, Spool, group_of, joined
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.stages.score import timed
from streams.stages.step import Arrived
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, Topic, state_topic

_NUMBER: Final = 8


class Revision(Struct, frozen=True):
    """What a comment said when: the same in ``comments.raw`` and in ``comments.scored``."""

    comment_id: str
    action: Action
    edited_at: datetime | None
    ingested_at: datetime | None


class _Raw(Struct, frozen=True):
    revision: Revision
    order: bytes


class _Scored(Struct, frozen=True):
    place: Place
    value: bytes


class Again(Struct, frozen=True):
    """A reply that is made again."""

    reply: Reply
    order: bytes
    """Where its record stands in seam 4's order; nothing: ``comments.raw`` has lost that."""
    number: int
    """Among those that one record brings."""
    scored: Place
    """The record of ``comments.scored`` that brings it."""
    has_lost_parent: bool = False
    """Whether the comment answers one that is not left in ``comments.scored``."""


class RawLog(Struct, kw_only=True):
    """What was read, and what was made of it."""

    again: Spool
    addressed: Course = field(default_factory=Course)
    """How ``address`` came to ``comments.scored``."""
    raw: dict[int, Bound] = field(default_factory=dict)
    scored: dict[int, Bound] = field(default_factory=dict)
    comments: int = 0
    """Records of ``comments.raw`` that were read."""
    replies: int = 0
    unscored: int = 0
    """Of these, applied live and without a record in ``comments.scored``, though that has lost nothing."""
    lost: int = 0
    """Records of ``comments.scored`` whose own in ``comments.raw`` is gone."""


class Courses(Struct, frozen=True):
    """How far live had come with the comments."""

    scored: Course
    addressed: Course


async def courses(settings: Settings) -> Courses:
    """Return how far live has come. Ask before ``replies`` is read: then all that was addressed is among what is read there."""
    found = Courses(Course(), Course())
    for course, stage in ((found.addressed, "address"), (found.scored, "score")):
        async for message in _messages(settings, state_topic(stage), {}):
            course.take(message)
    return found


async def raw_log(settings: Settings, rules: Rules, live: Courses, until: datetime | None, folder: Path | None, begin: Begin) -> RawLog:
    """Return what ``comments.raw`` and ``comments.scored`` make again of what live has applied. UserError where a topic is not there."""
    log = RawLog(again=Spool(folder, "again"), addressed=live.addressed)
    raws, scored = Spool(folder, "raw"), Spool(folder, "scored")
    async for message in _messages(settings, COMMENTS_SCORED.name, log.scored, until, begin):
        if message.offset <= live.addressed.last.get(message.partition, -1):
            _take_scored(scored, message)
    async for message in _messages(settings, COMMENTS_RAW.name, log.raw, until, begin):
        if message.offset <= live.scored.last.get(message.partition, -1):
            log.comments += _take_raw(raws, message)
    is_whole = not any(bound.first for bound in log.scored.values()) and until is None and _is_done(log)
    going = Going(begin("addressing again"), raws.count + scored.count)
    for _, (raw, given) in joined(raws.sorted(), scored.sorted()):
        going.more(len(raw) + len(given))
        talk = _Talk(list(map(_READ_RAW, raw)))
        for one in talk.addressed(rules, list(map(_READ_SCORED, given))):
            log.replies += 1
            log.again.add(group_of(one.reply.source, one.reply.community, one.reply.target_id), one)
        log.lost += talk.lost
        log.unscored += talk.unscored if is_whole else 0
    return log


def _is_done(log: RawLog) -> bool:
    """Return whether all that was scored was addressed too; the last offset of a partition is its transaction's marker."""
    return all(log.addressed.last.get(number, -1) >= bound.end - 2 for number, bound in log.scored.items() if bound.end > bound.first)


async def _messages(
    settings: Settings, topic: str, bounds: dict[int, Bound], until: datetime | None = None, begin: Begin | None = None
) -> AsyncIterator[Message]:
    async with bounded(settings, topic, until=until) as reading:
        bounds |= reading.bounds
        going = Going(begin(topic) if begin else _unseen, sum(bound.end - bound.first for bound in reading.bounds.values()))
        async for batch in reading.in_order():
            going.more(len(batch))
            for message in batch:
                yield message


def _unseen(_done: int, _of: int) -> None:
    """Tell nobody: this takes no time."""


def _read(topic: Topic, value: bytes | None) -> object | None:
    try:
        record: object = decoder_of(topic)(value)
    except Unreadable:
        return None
    return record


def _revision(comment: Comment) -> Revision:
    return Revision(comment.comment_id, comment.action, comment.edited_at, comment.ingested_at)


def _take_raw(spool: Spool, message: Message) -> bool:
    read = _read(COMMENTS_RAW, message.value)
    if not isinstance(read, Comment):
        return False
    comment, _ = timed(Arrived(read, moment(message.timestamp_ms)))
    order = Places().key(msgspec.structs.replace(comment, created_at=read.created_at))[:-_NUMBER]
    spool.add(_talk_of(comment), _Raw(_revision(comment), order))
    return True


def _take_scored(spool: Spool, message: Message) -> None:
    if (read := _read(COMMENTS_SCORED, message.value)) is not None:
        spool.add(_talk_of(read.comment), _Scored(place_of(message), message.value or b""))  # type: ignore[attr-defined]


def _talk_of(comment: Comment) -> bytes:
    return group_of(comment.source, comment.community, comment.conversation_id)


class _Talk:
    """One conversation: its records of ``comments.raw``, in their order."""

    def __init__(self, raws: list[_Raw]) -> None:
        self._orders: dict[Revision, list[bytes]] = {}
        latest = b""
        for raw in raws:  # never reordered within a conversation: what claims less waits for what stands before it
            latest = max(latest, raw.order)
            self._orders.setdefault(raw.revision, []).append(latest)
        self.unscored, self.lost = len(raws), 0

    def addressed(self, rules: Rules, given: list[_Scored]) -> Iterator[Again]:
        """Yield what ``address`` makes of its scored records, in their order."""
        store, parents = rules.address.new_store(), dict[str, str | None]()
        for one in given:
            scored = decoder_of(COMMENTS_SCORED)(one.value)
            parents.setdefault(scored.comment.comment_id, scored.comment.parent_id)
            order = self._order(_revision(scored.comment))
            for step in rules.address.steps(store, [Arrived(scored, one.place.at)]):
                for key, entry in step.entries:
                    store.apply(key, entry)
                for number, reply in enumerate(step.outputs):
                    parent = parents.get(reply.comment_id)
                    yield Again(reply, order, number, one.place, parent is not None and parent not in parents)

    def _order(self, revision: Revision) -> bytes:
        left = self._orders.get(revision)
        if not left:
            self.lost += 1
            return b""
        self.unscored -= 1
        return left.pop(0)


_READ_RAW: Final = msgspec.msgpack.Decoder(_Raw).decode
_READ_SCORED: Final = msgspec.msgpack.Decoder(_Scored).decode
