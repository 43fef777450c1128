"""Comments of ``comments.raw`` with ``comments.scored`` beside them, from the broker or from recordings."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Self

from streams.kafka.connection import reached
from streams.kafka.read import bounded
from streams.records import Comment
from streams.replay.from_recording import open_recording
from streams.replay.reading import BadLine
from streams.replay.reuse import Scores
from streams.replay.taken import Asked
from streams.settings import Settings
from streams.topics import COMMENTS_SCORED

Fill = Callable[[Scores], None]
"""Puts what ``comments.scored`` holds into scores."""


class Beside:
    """Stands where its input stands, and fills the scores once the input has given all its comments."""

    def __init__(self, input_: Any, scores: Scores, fill: Fill) -> None:
        self._input, self._scores, self._fill = input_, scores, fill
        self.attested, self.reach = input_.attested, input_.reach

    @property
    def size(self) -> int | None:
        """Return how much there is of it, where that is known."""
        size: int | None = self._input.size
        return size

    @property
    def read(self) -> int:
        """Return how far the input was read."""
        return int(self._input.read)

    @property
    def ends(self) -> dict[int, int]:
        """Return where the topic ended that was read."""
        return dict(self._input.ends)

    def __enter__(self) -> Self:
        self._input.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._input.__exit__(*error)

    def comments(self) -> Iterator[Comment | BadLine]:
        """Yield what the input gives, then fill the scores."""
        yield from self._input.comments()
        self._fill(self._scores)


def scores_of_topic(settings: Settings, asked: Asked) -> Fill:
    """Return what fills scores from the broker, up to the end as it is when they are filled."""

    async def fill(scores: Scores) -> None:
        async with bounded(settings, COMMENTS_SCORED.name, since=asked.since) as reading:
            async for batch in reading.in_order():
                scores.take(batch)

    return lambda scores: asyncio.run(reached(settings, fill(scores)))


def scores_of_recording(file: str, told_by: str) -> Fill:
    """Return what fills scores from a recording of ``comments.scored``. Raises UserError at once for any other file."""
    recording = open_recording(file, COMMENTS_SCORED.name, told_by)

    def fill(scores: Scores) -> None:
        with recording:
            scores.take(recording.messages())

    return fill
