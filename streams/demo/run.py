"""The demo, top to bottom: broker, topics, worker, sample, page, table; then it stays up, or stops all that it started."""

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from streams.demo.account import Account, account, settled
from streams.demo.children import ConsoleProcess, WorkerProcess
from streams.demo.feed import page_file, page_found, play, sample_comments
from streams.demo.table import print_table
from streams.demo.tools import Tools
from streams.errors import CHECK_FAILED, OK, UserError
from streams.kafka.admin import create_topics, delete_topics
from streams.kafka.connection import wait_for_broker
from streams.kafka.embedded import EmbeddedBroker, free_port
from streams.kafka.follow import follow
from streams.lines import line_of
from streams.records import Comment
from streams.settings import Settings
from streams.topics import PILEONS

PREFIX: Final = "demo-"
_SETTLE_WITHIN: Final = 180.0
_READY_WITHIN: Final = 60.0
_LAST_TICKS: Final = 3.0
"""Seconds for the last ticks to close what is due."""


class Demo:
    """One run. What it starts, it stops."""

    def __init__(self, settings: Settings, page: str | None, comments: int, seconds: float) -> None:
        self._console, self._began = Console(highlight=False, width=None if sys.stdout.isatty() else 120), time.monotonic()
        self._page, self._comments, self._seconds = page, comments, seconds
        self._settings = replace(
            settings, kafka=replace(settings.kafka, prefix=f"{PREFIX}{datetime.now(UTC):%H%M%S}-{settings.kafka.prefix}")
        )
        self._broker: EmbeddedBroker | None = None
        self._worker: WorkerProcess | None = None
        self._console_process: ConsoleProcess | None = None
        self._tools = Tools()

    def run(self, once: bool) -> int:
        """Run it all; exit code 1 if any comment went missing."""
        # Reading the page comes first: a mistake in its name costs no half minute.
        found = page_found(page_file(self._page), datetime.now(UTC))
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # what we started must not outlive us
        try:
            self._start_broker()
            code = asyncio.run(self._main(list(found.records), found.words()))
            if not once:
                self._stay()
            return code
        finally:
            self._stop()

    def _say(self, text: str) -> None:
        self._console.print(f"[dim]{time.monotonic() - self._began:5.1f} s[/dim]  {text}", soft_wrap=True)

    def _start_broker(self) -> None:
        if self._settings.kafka.bootstrap:
            return
        self._say("broker: Apache Kafka, embedded (the first time its jars are fetched) …")
        self._broker = EmbeddedBroker(Path(self._settings.data) / "kafka")
        address = self._broker.start()
        self._settings = replace(self._settings, kafka=replace(self._settings.kafka, bootstrap=address))

    async def _main(self, page: list[Comment], page_words: str) -> int:
        await wait_for_broker(self._settings, timedelta(seconds=30))
        self._say(f"broker: {self._settings.kafka.bootstrap}")
        await create_topics(self._settings)
        self._say("topics: created from schemas/topics")
        await self._start_console()
        await self._start_worker()
        following = asyncio.create_task(self._follow())
        sample = sample_comments(datetime.now(UTC), self._comments)
        started = time.monotonic()
        await self._play("sample", sample, self._seconds)
        self._say(f"page: {page_words}")
        await self._play("page", page, 1.0)
        complete = await settled(self._settings, _SETTLE_WITHIN, self._checked().check)
        took = time.monotonic() - started
        await asyncio.sleep(_LAST_TICKS)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        return self._closing(await account(self._settings, sample + page), took, complete)

    def _environment(self) -> dict[str, str]:
        return {
            "THREADWATCH_KAFKA": self._settings.kafka.bootstrap,
            "THREADWATCH_KAFKA__PREFIX": self._settings.kafka.prefix,
            "THREADWATCH_SCORER": self._settings.scorer,
            "THREADWATCH_DATA": self._settings.data,
        }

    async def _start_console(self) -> None:
        self._console_process = ConsoleProcess(self._environment(), Path(self._settings.data) / "demo-console.log", free_port())
        self._console_process.start()
        deadline = time.monotonic() + _READY_WITHIN
        while not self._console_process.is_up():
            if time.monotonic() > deadline:
                raise UserError(f"the console did not come up within {_READY_WITHIN:.0f} s (see {self._settings.data}/demo-console.log)")
            await asyncio.sleep(0.1)
        self._say(f"console: {self._console_process.address}")

    async def _start_worker(self) -> None:
        self._tools.start_alertmanager()
        environment = (
            self._environment()
            | {
                # A day and a half passes in seconds: time is told that often too, so that what is over ends on screen.
                "THREADWATCH_WORKER__TICK_EVERY": "PT1S",
                # Nobody would be told of its first half day, which is over a day ago.
                "THREADWATCH_ALERT__STALE_AFTER": "P2D",
                "THREADWATCH_ALERTMANAGER__CONSOLE_URL": self._console_process.address if self._console_process else "",
            }
            | ({"THREADWATCH_ALERTMANAGER__URLS": self._tools.alertmanager} if self._tools.alertmanager else {})
        )
        log = Path(self._settings.data) / "demo-worker.log"
        log.unlink(missing_ok=True)
        self._worker = WorkerProcess(environment, log)
        self._worker.start()
        deadline = time.monotonic() + _READY_WITHIN
        while not (address := self._worker.metrics()):
            self._worker.check()
            if time.monotonic() > deadline:
                raise UserError(f"the worker did not come up within {_READY_WITHIN:.0f} s: {self._worker.last_words()} (see {log})")
            await asyncio.sleep(0.1)
        self._say(f"worker: score, address, pileon, alert; metrics {address}/metrics")
        self._tools.start_prometheus(address)

    async def _follow(self) -> None:
        async for pileon in follow(self._settings, PILEONS, from_beginning=True):
            self._say(line_of(pileon).markup)

    async def _play(self, name: str, comments: list[Comment], seconds: float) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            task = bar.add_task(name, total=len(comments))
            await play(self._settings, comments, seconds, lambda sent: bar.advance(task, sent))
        self._say(f"{name}: {len(comments)} comments sent")

    def _checked(self) -> WorkerProcess:
        if self._worker is None:
            raise UserError("the worker was never started")
        return self._worker

    def _closing(self, summed: Account, took: float, complete: bool) -> int:
        addresses = {
            "console": self._console_process.address if self._console_process else None,
            "metrics": f"{self._checked().metrics()}/metrics",
            "prometheus": self._tools.prometheus,
            "alertmanager": self._tools.alertmanager,
        }
        print_table(self._console, summed, took, {name: address for name, address in addresses.items() if address})
        if not complete:
            print(f"threadwatch: after {_SETTLE_WITHIN:.0f} s some stage still had input waiting", file=sys.stderr)
        if summed.missing:
            print(f"threadwatch: {summed.missing} comments went missing", file=sys.stderr)
        return OK if complete and not summed.missing else CHECK_FAILED

    def _stay(self) -> None:
        self._say(
            "everything stays up until Ctrl-C; in another terminal: "
            f"THREADWATCH_KAFKA={self._settings.kafka.bootstrap} threadwatch watch --prefix {self._settings.kafka.prefix}"
        )
        try:
            while True:
                time.sleep(1)
                self._checked().check()
        except KeyboardInterrupt:
            self._say("stopping")

    def _stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):  # each stop below is bounded; one that is cut off leaves the others running
            signal.signal(number, signal.SIG_IGN)
        if self._worker is not None:
            self._worker.stop()
        if self._console_process is not None:
            self._console_process.stop()
        self._tools.stop()
        if self._settings.kafka.bootstrap:
            with suppress(UserError, OSError):
                asyncio.run(delete_topics(self._settings))
        if self._broker is not None:
            self._broker.stop()


def is_once(asked: bool) -> bool:
    """Return whether to stop at the end: asked for, ``ONCE=1``, or nobody sits at a terminal."""
    return asked or os.environ.get("ONCE") == "1" or not sys.stdout.isatty()
