"""A receiver of webhooks that can be down, answer what it is told, hang, or redirect; and the alert stage's rooms without a broker."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Final, Self

from aiohttp import web

from streams.alert_settings import Webhook
from streams.engine import Effects
from streams.live.outbox import Outbox
from streams.live.storms import Storms
from streams.stages.alert import Alerts, Config
from tests.support.builders import NOON
from tests.support.folding import folded
from tests.support.programs import free_port

SECRET: Final = "a-secret-of-tests-1"
OTHER: Final = "a-secret-of-tests-2"

TRICKS: Final = [
    "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0", "0x7f.1", "0177.0.0.1", "127.0.0.1.",
    "127\u30020\u30020\u30021",
    "\uff11\uff12\uff17.0.0.1", "\uff11\uff12\uff17\uff0e\uff10\uff0e\uff10\uff0e\uff11", "\u2460\u2461\u2466.0.0.1", "me@127.0.0.1",
]  # fmt: skip
"""This machine, as a host may be written."""


UNANSWERABLE: Final = ["hooks..example.org", ".example.org", f"{'a' * 64}.example.org", "hooks\u3002\u3002example.org"]
"""Hosts that no resolver can be asked for: Python's raises UnicodeError."""


class Hooks:
    """Use as an async context manager. ``answer`` is a status, or ``hang``."""

    def __init__(self) -> None:
        self.answer: int | str = 204
        self.answers: dict[str, int | str] = {}
        """The answer to what has a key that begins so, in place of ``answer``."""
        self.headers: dict[str, str] = {}
        """What every answer has beside."""
        self.tries: list[str] = []
        """The idempotency key of each request."""
        self.taken: list[dict[str, Any]] = []
        """What was answered with 2xx."""
        self.raw: list[tuple[dict[str, str], bytes]] = []
        self.redirected = 0
        self.port = free_port()
        self._runner: web.AppRunner | None = None
        self._awake = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._take)
        app.router.add_route("*", "/elsewhere", self._elsewhere)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def down(self) -> None:
        self._awake.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        body, key = await request.read(), request.headers["Idempotency-Key"]
        answer = next((answer for begins, answer in self.answers.items() if key.startswith(begins)), self.answer)
        self.tries.append(key)
        self.raw.append((dict(request.headers), body))
        if answer == "hang":
            self._awake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), 60)
            return web.Response(status=500)
        assert isinstance(answer, int)
        if 200 <= answer < 300:
            self.taken.append(json.loads(body))
        return web.Response(status=answer, headers=self.headers | ({"Location": "/elsewhere"} if 300 <= answer < 400 else {}))

    async def _elsewhere(self, request: web.Request) -> web.Response:
        self.redirected += 1
        return web.Response(status=204)

    def events(self) -> list[str]:
        return [one["event"] for one in self.taken]


class Rooms:
    """Partition 0 of the alert stage: a store, an outbox, and a log that can be away."""

    def __init__(self, webhooks: Iterable[Webhook], console: str = "", storms: Storms | None = None) -> None:
        self.stage: Any = Alerts(Config(), ())
        self.store, self.outbox = self.stage.new_store(), Outbox(tuple(webhooks), console, storms)
        self.log: dict[bytes, bytes | None] = {}
        self.is_away: BaseException | None = None
        self.answers = asyncio.Event()
        """Whether the broker answers at all, rather than leave us waiting."""
        self.answers.set()
        self.partition, self._lock = 0, asyncio.Lock()
        self.rooms: dict[int, Any] = {0: self}

    def turn(self, *transitions: Any, now: Any = NOON) -> Effects:
        effects = folded(self.stage, transitions, self.store)
        self.log |= self.outbox.planned(effects, now)
        self.outbox.written()
        return effects

    async def post(self, entries: Mapping[bytes, bytes | None]) -> None:
        await self.answers.wait()
        if self.is_away is not None:
            raise self.is_away
        self.log |= entries
        self.outbox.take(entries)

    def lock(self, partition: int) -> asyncio.Lock:
        return self._lock

    @property
    def told(self) -> list[Any]:
        return list(self.store.entries.values())

    def standing(self, look: Any) -> list[Any]:
        return [one for room in self.rooms.values() for one in look(room)]

    def restarted(self, webhooks: Iterable[Webhook], console: str = "") -> "Rooms":
        """Return what a worker that starts again finds in the log."""
        again = Rooms(webhooks, console)
        again.log = self.log
        again.outbox.take(self.log)
        again.store = self.store
        return again


def webhook(url: str = "https://hooks.example.org/x", **fields: Any) -> Webhook:
    given: dict[str, Any] = {"name": "mods", "url": url, "secrets": (SECRET,), "allow_private": True}
    return Webhook(**(given | fields))


def settings_with(*webhooks: Webhook) -> Any:
    return SimpleNamespace(webhooks=webhooks, alert=Config(), alertmanager=SimpleNamespace(console_url=""))
