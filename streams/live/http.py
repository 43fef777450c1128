"""``/metrics``, ``/healthz`` (progress, not just alive) and ``/readyz``, on loopback unless the settings say otherwise."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.aiohttp import make_aiohttp_handler

from streams.errors import UserError


class Http:
    """The worker's small web server."""

    def __init__(self, registry: CollectorRegistry, health: Callable[[], str | None], ready: Callable[[], str | None]) -> None:
        self._app = web.Application()
        self._app.router.add_get("/metrics", make_aiohttp_handler(registry))
        self._app.router.add_get("/healthz", _answer(health))
        self._app.router.add_get("/readyz", _answer(ready))
        self._runner = web.AppRunner(self._app, access_log=None)
        self.port = 0

    async def start(self, host: str, port: int) -> str:
        """Listen and return the address; UserError when the port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise UserError(
                f"cannot listen on {host}:{port} for metrics: {error.strerror}; choose another with --metrics-port (0: any free one)"
            ) from error
        self.port = self._runner.addresses[0][1]
        return f"http://{host}:{self.port}"

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def _answer(problem: Callable[[], str | None]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(_: web.Request) -> web.Response:
        if why := problem():
            return web.Response(status=503, text=why + "\n")
        return web.Response(text="ok\n")

    return handler
