"""What stands behind Alertmanager: a receiver that counts what people would read, and can be down or unwell."""

import asyncio
import json
from typing import Any, Final, Self

from aiohttp import web

from tests.support.programs import free_port

QUIET: Final = 2.5
"""Seconds without a notification that stand for "none": more than two group intervals."""
PATIENCE: Final = 15.0

WARNED: Final = ("PileOn", "warning", "firing")
ALARMED: Final = ("PileOn", "critical", "firing")
ENDED: Final = ("PileOn", "critical", "resolved")
STORM: Final = ("PileOnStorm", "critical", "firing")
STORM_OVER: Final = ("PileOnStorm", "critical", "resolved")


class Receiver:
    """Use as an async context manager. Counts (alert name, severity, status) of each alert in each notification."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/"
        self.read: list[tuple[str, str, str]] = []
        self.alerts: list[dict[str, Any]] = []
        self.messages = 0
        """Notifications taken, each with one alert or many."""
        self.answers: list[int] = []
        """What to answer first: a status, or 0 for nothing; then ``answer``."""
        self.answer = 200
        self.tries = 0

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()

    async def down(self) -> None:
        """Refuse connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.text()
        self.tries += 1
        self._came.set()
        answer = self.answers.pop(0) if self.answers else self.answer
        if not answer and request.transport is not None:
            request.transport.abort()
        if answer != 200:
            return web.Response(status=answer or 500)
        self.messages += 1
        for alert in json.loads(body)["alerts"]:
            self.alerts.append(alert)
            self.read.append((alert["labels"]["alertname"], alert["labels"]["severity"], alert["status"]))
        return web.Response()

    async def tried(self, number: int) -> None:
        """Wait until somebody tried so often to tell."""
        async with asyncio.timeout(PATIENCE):
            while self.tries < number:
                await self._next()

    async def until(self, number: int) -> list[tuple[str, str, str]]:
        """Return what was read once there are so many, and nothing more comes for a while."""
        async with asyncio.timeout(PATIENCE):
            while len(self.read) < number:
                await self._next()
        await asyncio.sleep(QUIET)
        return self.read

    async def _next(self) -> None:
        self._came.clear()
        await self._came.wait()
