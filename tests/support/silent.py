"""A receiver that takes the connection and says nothing."""

import asyncio
import time
from typing import Self


class Silent:
    """Use as an async context manager."""

    def __init__(self) -> None:
        self.url = ""
        self._server: asyncio.Server | None = None
        self._came = asyncio.Event()
        self._first = 0.0
        self._held: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self._held:
            writer.close()
        if self._server is not None:
            self._server.close()

    async def first(self) -> float:
        """Return when the first of all connections was taken (``time.monotonic()``), once one was."""
        await self._came.wait()
        return self._first

    def _take(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._first = self._first or time.monotonic()
        self._came.set()
        self._held.append(writer)
