"""What changed on Live, as it changes: rows that a page shows are replaced where they stand; none is moved under a reader's eyes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from streams.console import cases
from streams.console.desk import Desk
from streams.console.filters import Filter
from streams.console.visits import news

_AT_MOST_EVERY: Final = 1.0
_AT_LEAST_EVERY: Final = 20.0
"""Seconds. How the console itself is doing is said again even where nothing happens."""


class Stream:
    """The stream of one console's Live page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def live(self, request: Request) -> Response:
        """Return what changes from now on, for a page that was made at the change ``since``."""
        first = _number(request, "since")
        return EventSourceResponse(self._parts(request, first), ping=15)

    async def _parts(self, request: Request, first: int) -> AsyncIterator[dict[str, Any]]:
        seen, heard = first, self._desk.feed.news
        while not self._desk.feed.has_ended:  # or the browser goes: then this is cancelled
            seen, part = await run_in_threadpool(self._changed, request, first, seen)
            yield {"data": part}
            await asyncio.sleep(_AT_MOST_EVERY)
            heard = await self._desk.feed.changed(heard, within=_AT_LEAST_EVERY)

    def _changed(self, request: Request, first: int, after: int) -> tuple[int, str]:
        wanted = Filter.of(request.query_params)
        with self._desk.reading() as connection:
            now = cases.change(connection)
            found = cases.changed(connection, first, after, self._desk.view())
            total, added = cases.count(connection, wanted), cases.count(connection, wanted, since=first)
            values: dict[str, Any] = {
                "news": news(connection, _number(request, "visit")),
                "open": cases.count(connection, Filter()),
                "newest": cases.newest(connection),
            }
        was_empty = total == added
        return now, self._desk.part(
            request, "changes.html", cases=found, added=added, query=wanted.query(), was_empty=was_empty and not found, **values
        )


def _number(request: Request, name: str) -> int:
    """Return a number of the address, 0 where there is none."""
    given = request.query_params.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 18 else 0
