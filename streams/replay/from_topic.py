"""Comments of ``comments.raw`` as a recording: read once up to the end as it is now, in no group, committing nothing."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from types import TracebackType
from typing import Self

from streams.engine import Message
from streams.errors import UserError
from streams.kafka.connection import pulled
from streams.kafka.read import bounded
from streams.records import Comment
from streams.replay.held import any_arrived, looked_up
from streams.replay.reach import Reach
from streams.replay.reading import BadLine
from streams.replay.taken import Asked, comments_of
from streams.settings import Settings
from streams.topics import COMMENTS_RAW, REPLIES


class FromTopic:
    """Stands where ``reading.Opened`` stands: ``comments()`` gives what arrived in a period and its warm-up, unreadable bytes too."""

    attested = True
    """The broker's own time bounds every arrival."""

    def __init__(self, settings: Settings, topic: str, asked: Asked | None = None, ends: Mapping[int, int] | None = None) -> None:
        """Raise UserError for a topic that holds no comments. ``ends``: by partition, where a read ended that is to be repeated."""
        if topic != COMMENTS_RAW.name:
            raise UserError(
                f"--topic {topic}: replay starts from {COMMENTS_RAW.name}, or from {REPLIES.name} as it was scored and addressed live"
            )
        self._settings, self._asked, self._ends = settings, asked or Asked(), ends
        self.reach = Reach(self._asked.start)
        self.read = 0
        self.size: int | None = None
        """Offsets passed, and how many there are once the topic is open: a progress bar's two numbers."""
        self.ends: dict[int, int] = {}
        """Where the topic ended that was read, by partition."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """There is nothing to close: the consumer is gone when ``comments()`` has given all."""

    def comments(self) -> Iterator[Comment | BadLine]:
        """Yield comments with the time they arrived filled in, and what cannot be read under its offset; partition after partition.

        UserError where none arrived in the period.
        """
        yield from any_arrived(self._found(), self._asked, lambda: looked_up(self._settings, COMMENTS_RAW.name))

    def _found(self) -> Iterator[Comment | BadLine]:
        for batch in pulled(self._settings, self._batches()):
            yield from comments_of(batch, self._asked, self.reach)

    async def _batches(self) -> AsyncGenerator[list[Message], None]:
        async with bounded(self._settings, COMMENTS_RAW.name, since=self._asked.since, ends=self._ends) as reading:
            self.ends = {partition: bound.end for partition, bound in reading.bounds.items()}
            self.reach.is_cut = any(bound.first > 0 for bound in reading.bounds.values())  # passed over, or gone with retention
            self.size = reading.size
            async for batch in reading.in_order():
                yield batch
                self.read = reading.passed(batch[-1].partition, batch[-1].offset)
