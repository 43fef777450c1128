"""How the program is doing: what waits to be read, by the console and by each stage, versions and scorers."""

import asyncio
import platform
import sqlite3
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiokafka.errors import KafkaError
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from streams.console import cases
from streams.console.desk import Desk
from streams.console.schema import VERSION
from streams.console.texts import folder_of
from streams.errors import UserError
from streams.kafka.connection import wait_for_broker
from streams.kafka.groups import Lag, lags
from streams.topics import READ_TOPICS
from streams.topology import STAGES

_BROKER_WITHIN: Final = timedelta(seconds=3)
_WITHIN: Final = 10.0
_KEPT: Final = 5.0
"""Seconds."""
_COUNTED: Final = ("pileons", "verdicts")
_SCORERS: Final = """SELECT DISTINCT scorer FROM (SELECT scorer FROM comments ORDER BY arrived DESC LIMIT 1000)
    WHERE scorer != '' ORDER BY 1"""


class Waiting(Struct, frozen=True):
    """What one stage has still to read."""

    stage: str
    topic: str
    lag: Lag


class Health:
    """The page, and the part of it that asks the broker."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked: tuple[float, dict[str, Any]] = (float("-inf"), {})
        self._one_at_a_time = asyncio.Lock()

    async def page(self, request: Request) -> Response:
        """Return it; dead letters come on their own page, since they are read from the broker."""
        with_lags = request.query_params.get("lags") == "shown"
        asked = await self._lags() if with_lags else {"lags": None, "problem": ""}
        return await run_in_threadpool(self._page, request, asked)

    async def lags(self, request: Request) -> Response:
        """Return what waits for each stage, for a page that is there already."""
        return HTMLResponse(self._desk.part(request, "lags.html", **await self._lags()))

    async def _lags(self) -> dict[str, Any]:
        """Ask the broker, one at a time; what it said a moment ago stands for everybody else who asks."""
        async with self._one_at_a_time:
            at, said = self._asked
            if time.monotonic() - at >= _KEPT:
                said = await self._lags_now()
                self._asked = time.monotonic(), said
            return said

    async def _lags_now(self) -> dict[str, Any]:
        stages = dict(zip(STAGES, READ_TOPICS, strict=True))
        try:
            await wait_for_broker(self._desk.settings, _BROKER_WITHIN)
            async with asyncio.timeout(_WITHIN):
                found = await lags(self._desk.settings, stages)
        except (UserError, KafkaError, OSError, TimeoutError) as error:
            return {"lags": [], "problem": str(error) or type(error).__name__}
        return {"lags": [Waiting(stage, stages[stage].name, lag) for stage, lag in found.items()], "problem": ""}

    def _page(self, request: Request, asked: dict[str, Any]) -> Response:
        with self._desk.reading() as connection:
            counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _COUNTED}  # noqa: S608 ours
            scorers = [row[0] for row in connection.execute(_SCORERS)]
            newest = cases.newest(connection)
        versions = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version, "read model": str(VERSION)}
        return self._desk.page(
            request, "health.html", counts=counts, scorers=scorers, newest=newest, versions=versions, size=_size(self._desk.model),
            scorer=self._desk.settings.scorer, detector=str(self._desk.settings.detector), **asked,
        )  # fmt: skip


def _size(model: Path) -> int:
    """Return the bytes of a read model, with its log of writes and its texts."""
    files = (model, model.with_name(model.name + "-wal"), *folder_of(model).glob("*"))
    return sum(file.stat().st_size for file in files if file.exists())
