"""What messages mean to a replay: comments with the time they arrived, or bytes that cannot be read; and which belong to a period."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.engine import Message, decoder_of, moment
from streams.records import Comment
from streams.replay.reach import Reach
from streams.replay.reading import BadLine
from streams.stages.decode import Unreadable
from streams.stages.score import MAX_CLOCK_AHEAD
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED

AHEAD: Final = timedelta(hours=1)
"""A comment arrived, as it says, at most this long after the broker got it: MAX_CLOCK_AHEAD, and what brokers' clocks differ by."""


class Asked(Struct, frozen=True):
    """A period of arrival: ``[start, end)``. None: it has no such bound."""

    start: datetime | None = None
    end: datetime | None = None
    warm_up: timedelta = timedelta()
    """Before ``start``: taken too, so that the stages know what came before."""

    @property
    def first(self) -> datetime | None:
        """Return where the warm-up begins, or the period where it has none."""
        if self.start is None or not self.warm_up:
            return self.start
        return self.start - self.warm_up if self.start - _FIRST > self.warm_up else min(self.start, _FIRST)

    def holds(self, at: datetime) -> bool:
        """Return whether something that arrived then belongs to the period, or to its warm-up."""
        return not self.is_passed(at) and (self.end is None or at < self.end)

    def is_passed(self, at: datetime) -> bool:
        """Return whether something that arrived then came before all that is asked for."""
        return self.first is not None and at < self.first

    def is_before(self, at: datetime) -> bool:
        """Return whether something that arrived then came before the period."""
        return self.start is not None and at < self.start

    @property
    def since(self) -> datetime | None:
        """Return a time of the broker's before which it got nothing of this period: reading may begin there.

        It cannot end early: a comment that arrived "as of then" can have come to the broker years later.
        """
        return None if self.first is None else max(self.first.astimezone(UTC), _FIRST) - AHEAD


_FIRST: Final = datetime(1970, 1, 2, tzinfo=UTC)


def comment_of(message: Message) -> Comment | BadLine:
    """Return what a message of ``comments.raw`` holds: a comment with its arrival filled in, or bytes that cannot be read."""
    try:
        comment: Comment = decoder_of(COMMENTS_RAW)(message.value)
    except Unreadable as unreadable:
        return BadLine(message.offset, str(unreadable.reason), unreadable.detail, message.value or b"")
    at = moment(message.timestamp_ms)
    is_believed = comment.ingested_at is not None and comment.ingested_at - at <= MAX_CLOCK_AHEAD
    return comment if is_believed else replace(comment, ingested_at=at)


def comments_of(messages: Iterable[Message], asked: Asked, reach: Reach | None = None) -> Iterator[Comment | BadLine]:
    """Yield what arrived in the period and its warm-up. Bytes that cannot be read arrived when the broker got them.

    ``reach`` is told where something came before that.
    """
    if asked == Asked():
        yield from map(comment_of, messages)
        return
    for message in messages:
        found = comment_of(message)
        at = (found.ingested_at if isinstance(found, Comment) else None) or moment(message.timestamp_ms)
        if asked.holds(at):
            yield placed(found, at, asked)
        elif reach is not None and asked.is_passed(at):
            reach.is_cut = True


def placed(found: Comment | BadLine, at: datetime, asked: Asked) -> Comment | BadLine:
    """Return what was found; bytes that cannot be read are told whether they came before the period, which a comment tells itself."""
    return replace(found, is_before=True) if isinstance(found, BadLine) and asked.is_before(at) else found


def arrival_in(topic: str) -> Callable[[Message], datetime]:
    """Return what tells when a message arrived: a comment may say so itself, all else arrived when the broker got it."""
    if topic == COMMENTS_RAW.name:
        return _of_comment
    return _of_scored if topic == COMMENTS_SCORED.name else _of_broker


def _of_comment(message: Message) -> datetime:
    found = comment_of(message)
    at = found.ingested_at if isinstance(found, Comment) else None
    return at or moment(message.timestamp_ms)


def _of_scored(message: Message) -> datetime:
    try:
        at: datetime | None = decoder_of(COMMENTS_SCORED)(message.value).comment.ingested_at
    except Unreadable:
        at = None
    return at or moment(message.timestamp_ms)


def _of_broker(message: Message) -> datetime:
    return moment(message.timestamp_ms)
