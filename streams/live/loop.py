"""The event loop of a worker: uvloop's, which does not wait half a minute for the goodbye of a TLS connection."""

import asyncio
from typing import Any, Final

import uvloop

_GOODBYE: Final = 0.5
"""Seconds. A Kafka client that closes has what it came for; nothing more is to be said."""


class Loop(uvloop.Loop):
    """uvloop waits 30 s for the other side's goodbye when an answer to a fetch comes in between; here it is a moment.

    Opening a partition closes such connections, and so does stopping: both stood still for those 30 s.
    """

    async def create_connection(self, *arguments: Any, **options: Any) -> Any:
        """Connect as uvloop does."""
        if options.get("ssl"):
            options.setdefault("ssl_shutdown_timeout", _GOODBYE)
        return await super().create_connection(*arguments, **options)


class _Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return Loop()


def install() -> asyncio.AbstractEventLoop:
    """Return the main thread's loop; Faust's consumer threads get theirs of the same kind."""
    asyncio.set_event_loop_policy(_Policy())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop
