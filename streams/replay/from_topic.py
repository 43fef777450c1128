"""Comments of ``comments.raw`` as a recording: read once up to the end as it is now, in no group, committing nothing."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from msgspec.structs import replace

from streams.engine import Message, decoder_of, moment
from streams.errors import UserError
from streams.kafka.connection import reached
from streams.kafka.read import read_bounded
from streams.records import Comment
from streams.replay.reading import BadLine
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.stages.score import MAX_CLOCK_AHEAD
from streams.topics import COMMENTS_RAW

_START: Final = datetime.min.replace(tzinfo=UTC)
_END: Final = datetime.max.replace(tzinfo=UTC)


class FromTopic:
    """Stands where ``reading.Opened`` stands: ``comments()`` gives what arrived in ``[start, end)``, unreadable bytes too."""

    attested = True
    """The broker's own time bounds every arrival."""
    size = None
    read = 0

    def __init__(self, settings: Settings, topic: str, start: datetime | None = None, end: datetime | None = None) -> None:
        """Raise UserError for a topic that holds no comments."""
        if topic != COMMENTS_RAW.name:
            raise UserError(f"--topic {topic}: replay starts from {COMMENTS_RAW.name}; nothing else holds comments as they arrived")
        self._settings, self._start, self._end = settings, start or _START, end or _END

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """There is nothing to close: the consumer is gone when ``comments()`` begins to give."""

    def comments(self) -> Iterator[Comment | BadLine]:
        """Yield comments with the time they arrived filled in, and what cannot be read under its offset."""
        for found in asyncio.run(reached(self._settings, self._all())):
            if isinstance(found, BadLine) or self._start <= (found.ingested_at or found.created_at) < self._end:
                yield found

    async def _all(self) -> list[Comment | BadLine]:
        return [_read(message) async for batch in read_bounded(self._settings, COMMENTS_RAW.name) for message in batch]


def _read(message: Message) -> Comment | BadLine:
    try:
        comment: Comment = decoder_of(COMMENTS_RAW)(message.value)
    except Unreadable as unreadable:
        return BadLine(message.offset, str(unreadable.reason), unreadable.detail, message.value or b"")
    at = moment(message.timestamp_ms)
    is_believed = comment.ingested_at is not None and comment.ingested_at - at <= MAX_CLOCK_AHEAD
    return comment if is_believed else replace(comment, ingested_at=at)
