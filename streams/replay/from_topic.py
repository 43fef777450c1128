"""Comments of ``comments.raw`` as a recording: read once up to the end as it is now, in no group, committing nothing."""

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from streams.errors import UserError
from streams.kafka.connection import reached
from streams.kafka.read import bounded
from streams.records import Comment
from streams.replay.reach import Reach
from streams.replay.reading import BadLine
from streams.replay.taken import Asked, comments_of
from streams.settings import Settings
from streams.topics import COMMENTS_RAW


class FromTopic:
    """Stands where ``reading.Opened`` stands: ``comments()`` gives what arrived in a period and its warm-up, unreadable bytes too."""

    attested = True
    """The broker's own time bounds every arrival."""
    size = None
    read = 0

    def __init__(self, settings: Settings, topic: str, asked: Asked | None = None) -> None:
        """Raise UserError for a topic that holds no comments."""
        if topic != COMMENTS_RAW.name:
            raise UserError(f"--topic {topic}: replay starts from {COMMENTS_RAW.name}; nothing else holds comments as they arrived")
        self._settings, self._asked = settings, asked or Asked()
        self.reach = Reach(self._asked.start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """There is nothing to close: the consumer is gone when ``comments()`` begins to give."""

    def comments(self) -> Iterator[Comment | BadLine]:
        """Yield comments with the time they arrived filled in, and what cannot be read under its offset; partition after partition."""
        yield from asyncio.run(reached(self._settings, self._all()))

    async def _all(self) -> list[Comment | BadLine]:
        async with bounded(self._settings, COMMENTS_RAW.name, since=self._asked.since) as reading:
            self.reach.is_cut = any(bound.first > 0 for bound in reading.bounds.values())  # passed over, or gone with retention
            return [found async for batch in reading.in_order() for found in comments_of(batch, self._asked, self.reach)]
