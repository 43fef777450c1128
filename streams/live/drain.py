"""What waits in an agent's channel, all of it at once."""

from collections.abc import AsyncIterator
from typing import Any


async def drained(stream: Any) -> AsyncIterator[list[Any]]:
    """Yield the events that wait, in order. Whoever takes an event acknowledges it."""
    channel = aiter(stream.channel)
    while True:
        try:
            events = [await channel.get()]
        except StopAsyncIteration:  # so Faust ends a stream when the worker stops
            return
        queue = channel.queue
        while not queue.empty():
            events.append(queue.get_nowait())
        yield events
