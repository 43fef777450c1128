"""Something that takes alerts as an Alertmanager does, and notes when each pile-on's first one came."""

import time
from typing import Self

from aiohttp import web

from streams.live.alertmanager import PATH


class Receiver:
    """Use as an async context manager; ``first`` is pile-on id → seconds since the epoch."""

    def __init__(self) -> None:
        self.first: dict[str, float] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post(PATH, self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Return its address."""
        assert self._runner is not None
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _take(self, request: web.Request) -> web.Response:
        now = time.time()
        for alert in await request.json():
            self.first.setdefault(alert["labels"].get("pileon", ""), now)
        return web.Response()
