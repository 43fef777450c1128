"""What changed on Live, as it changes: rows that a page shows are replaced where they stand; none is moved under a reader's eyes."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from streams.console import cases
from streams.console.access import COOKIE, Viewer
from streams.console.desk import Desk
from streams.console.filters import Filter
from streams.console.visits import news

_AT_MOST_EVERY: Final = 1.0
_AT_LEAST_EVERY: Final = 20.0
"""Seconds. How the console itself is doing is said again even where nothing happens."""
_AT_MOST_FOR: Final = 3600.0
"""Seconds; then a browser comes again, and says again who it is."""
_LAST: Final = {"event": "ended", "retry": 60_000}
"""What one that is ended for a newer one hears: it comes again after a minute, not at once, or two would end each other in turns."""


class Open:
    """The streams that are open: so many of one visitor, and of those the latest."""

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._of: defaultdict[str, list[asyncio.Event]] = defaultdict(list)

    @contextmanager
    def one_more(self, visitor: str) -> Iterator[asyncio.Event]:
        """Hold one more; where it is one too many the oldest is told to end. Yield what tells this one."""
        told = asyncio.Event()
        held = self._of[visitor]
        held.append(told)
        for oldest in held[: -self._most]:
            oldest.set()
        try:
            yield told
        finally:
            held.remove(told)
            if not held:
                del self._of[visitor]


class Stream:
    """The stream of one console's Live page."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk, self._clock = desk, clock
        self._open = Open()

    async def live(self, request: Request) -> Response:
        """Return what changes from now on, for a page that was made at the change ``since``."""
        first = _number(request, "since")
        return EventSourceResponse(self._parts(request, first), ping=15)

    async def _parts(self, request: Request, first: int) -> AsyncIterator[dict[str, Any]]:
        seen, heard, began = first, self._desk.feed.news, self._clock()
        with self._open.one_more(_visitor(request)) as told:
            while not self._desk.feed.has_ended and self._may_go_on(request, began):  # or the browser goes: then this is cancelled
                seen, part = await run_in_threadpool(self._changed, request, first, seen)
                yield {"data": part}
                await asyncio.sleep(_AT_MOST_EVERY)
                heard = await self._heard(heard, told)
                if told.is_set():
                    yield _LAST
                    return

    async def _heard(self, known: int, told: asyncio.Event) -> int:
        """Return the number of the latest news, at the latest when this stream is told to end."""
        news = asyncio.ensure_future(self._desk.feed.changed(known, within=_AT_LEAST_EVERY))
        end = asyncio.ensure_future(told.wait())
        try:
            await asyncio.wait((news, end), return_when=asyncio.FIRST_COMPLETED)
            return news.result() if news.done() else known
        finally:
            news.cancel()
            end.cancel()

    def _may_go_on(self, request: Request, began: float) -> bool:
        """Return whether who looks would be let in still, as far as can be told without asking them again."""
        if self._clock() - began > _AT_MOST_FOR:
            return False
        viewer: Viewer = request.state.viewer
        if viewer.is_proxied or not viewer.session or viewer.is_new:
            return True
        return self._desk.access.viewer(request.cookies.get(COOKIE), None) is not None

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


def _visitor(request: Request) -> str:
    """Return whose stream it is: by name whoever has one, else the address."""
    return request.state.viewer.name or (request.client.host if request.client else "")


def _number(request: Request, name: str) -> int:
    """Return a number of the address, 0 where there is none."""
    given = request.query_params.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 18 else 0
