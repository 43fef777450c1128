"""What waits in an agent's channel. Faust's ``take_events`` costs two asyncio tasks a message before the agent sees it."""

from collections.abc import AsyncIterator
from typing import Any


async def drained(stream: Any, at_most: int) -> AsyncIterator[list[Any]]:
    """Yield what waits, in order, at most so many at once. Whoever takes an event acknowledges it."""
    channel = aiter(stream.channel)
    while True:
        try:
            events = [await channel.get()]
        except StopAsyncIteration:  # so Faust ends a stream when the worker stops
            return
        queue = channel.queue
        while len(events) < at_most and not queue.empty():
            events.append(queue.get_nowait())
        yield events
