"""``python -m tests.bench.receiver_down``: a receiver is down for ten minutes. What is lost, what comes twice, what a repeat looks like.

The whole program runs: broker, worker, Alertmanager as shipped. Prints figures; asserts none.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from msgspec import Struct

from streams.kafka.connection import calm_logging
from streams.records import Severity, Status
from streams.stages.alert import AlertDecision, Decision
from streams.topics import PILEONS
from tests.bench.machine import machine
from tests.support.broker import any_broker
from tests.support.cases import cases
from tests.support.debian import missing
from tests.support.folding import folded
from tests.support.hooks import SECRET, Hooks
from tests.support.live import Live, Worker, answers, until
from tests.support.manager import Manager, shipped
from tests.support.reader import Receiver

LONGEST: Final = 900.0
"""Seconds that everything may take to arrive once the receivers are back: far more than a pause of either path."""
SETTINGS: Final = '[[webhooks]]\nname = "night-shift"\nurl = "{url}"\nallow_private = true\n'


class Told(Struct):
    """What became of one path. All but ``tries`` and ``repeats`` count what is to be told."""

    due: int
    lost: int
    twice: int
    tries: int
    repeats: int
    unlike: int = 0
    """Keys whose repeats had another body."""
    seconds: float = 0.0
    """From the receiver's return to the last of them."""


class Outage:
    """Use as an async context manager, then ``run``."""

    def __init__(self, broker: str, folder: Path, number: int, configured: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """``number`` of pile-ons of each kind; ``configured`` changes Alertmanager's shipped configuration."""
        self.hooks, self.reader, self._folder = Hooks(), Receiver(), folder
        self.manager = Manager(folder / "alertmanager", configured(shipped(self.reader.url)))
        (folder / "threadwatch.toml").write_text(SETTINGS.format(url=self.hooks.url), encoding="utf-8")
        self.live = Live(broker, folder / "instance", {
            "THREADWATCH_CONFIG": str(folder / "threadwatch.toml"), "THREADWATCH_WEBHOOKS__NIGHT_SHIFT__SECRETS": SECRET,
            "THREADWATCH_ALERTMANAGER__URLS": self.manager.url,
        })  # fmt: skip
        self.cases, self.worker = cases(number), Worker({}, folder, ())
        self.tries: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        for part in (self.hooks, self.reader, self.manager, self.live):
            await part.__aenter__()
        self.worker = self.live.worker()
        await self.worker.ready()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.live.__aexit__(*error)
        for part in (self.manager, self.reader, self.hooks):
            await part.__aexit__()

    async def run(self, down: timedelta) -> tuple[Told, Told]:
        """Open pile-ons, take the receivers away for so long while more happens, and return what each path told in the end."""
        half = down.total_seconds() / 2
        await self._happens("before")
        await self._all_told(wants_ends=False)
        await self._away(half)
        await self._unwell(half)
        self.hooks.answer, self.reader.answer = 204, 200
        took = await self._all_told(wants_ends=True)
        await self.live.settled()
        self.live.check()
        return self._of_webhooks(took[0]), self._of_alertmanager(took[1])

    async def _away(self, seconds: float) -> None:
        """Nobody listens."""
        began = time.monotonic()
        await asyncio.gather(self.hooks.down(), self.reader.down())
        await self._happens("away")
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))

    async def _unwell(self, seconds: float) -> None:
        """They listen, and answer 500; the worker is killed in the middle of it, once it was refused: pauses are drawn by chance."""
        began, tried = time.monotonic(), len(self.hooks.tries)
        self.hooks.answer = self.reader.answer = 500
        await asyncio.gather(self.hooks.up(), self.reader.up())
        await self._happens("unwell")
        await asyncio.sleep(max(0.0, began + seconds / 2 - time.monotonic()))
        await until("a webhook is refused", lambda: len(self.hooks.tries) > tried, within=LONGEST)
        self._count()
        self.worker.kill()
        await self.worker.came_up(2)
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))

    async def _happens(self, when: str) -> None:
        for case in self.cases:
            await self.live.send(case.said(when))
        await self.live.settled()

    def _count(self) -> None:
        """Take in the worker's own count of tries: one that starts again begins at zero."""
        for line in answers(f"{self.worker.metrics()}/metrics").splitlines():
            if line.startswith("threadwatch_webhooks_posted_total{"):
                self.tries[line.partition('outcome="')[2].partition('"')[0]] += int(float(line.rpartition(" ")[2]))

    async def _all_told(self, *, wants_ends: bool) -> tuple[float, float]:
        """Return after how many seconds the webhook, and the receiver behind Alertmanager, had been told everything."""
        began = time.monotonic()

        async def took(what: str, holds: Callable[[], bool]) -> float:
            await until(what, holds, within=LONGEST)
            return time.monotonic() - began

        return tuple(await asyncio.gather(  # type: ignore[return-value]
            took("every webhook is delivered", lambda: {one["id"] for one in self.hooks.taken} >= self._decided()),
            took("Alertmanager told everything", lambda: not self._due(wants_ends=wants_ends) - self._read().keys()),
        ))  # fmt: skip

    def _decided(self) -> set[str]:
        """Return the idempotency key of each decision that the alert stage makes of the log as of the last ``settled``."""
        stage = self.live.stages()[3]
        told = [one for log in self.live.arrived(PILEONS) for one in folded(stage, [each.record for each in log]).outputs]
        firm = [one for one in told if isinstance(one, AlertDecision) and one.decision is not Decision.HOLD]
        return {f"{one.pileon_id}/{one.revision}/night-shift" for one in firm}

    def _due(self, *, wants_ends: bool) -> set[tuple[str, str, str]]:
        """Return what Alertmanager must tell: (source, severity, status). What opened and ended meanwhile it never tells."""
        last = {one.source: one for one in self.live.pileons()}
        due = {(name, str(one.severity), "firing") for name, one in last.items() if not name.startswith("brief")}
        ended = {(name, "critical", "resolved") for name, one in last.items()
                 if one.status is Status.CLOSED and one.severity is Severity.CRITICAL and not name.startswith("brief")}  # fmt: skip
        return due | (ended if wants_ends else set())

    def _read(self) -> Counter[tuple[str, str, str]]:
        labels = ((one["labels"], one["status"]) for one in self.reader.alerts)
        return Counter((label["source"], label["severity"], status) for label, status in labels)

    def _of_webhooks(self, seconds: float) -> Told:
        self._count()
        due, told = self._decided(), Counter(one["id"] for one in self.hooks.taken)
        bodies: dict[str, set[bytes]] = {}
        for headers, body in self.hooks.raw:
            bodies.setdefault(headers["Idempotency-Key"], set()).add(body)
        tries = sum(self.tries.values())
        return Told(due=len(due), lost=len(due - told.keys()), twice=sum(number > 1 for number in told.values()), tries=tries,
                    repeats=len(self.hooks.tries) - len(bodies), unlike=sum(len(each) > 1 for each in bodies.values()),
                    seconds=seconds)  # fmt: skip

    def _of_alertmanager(self, seconds: float) -> Told:
        due, read = self._due(wants_ends=True), self._read()
        tries = int(self.manager.metric("alertmanager_notification_requests_total", integration="webhook"))
        return Told(due=len(due), lost=len(due - read.keys()), twice=sum(number > 1 for number in read.values()), tries=tries,
                    repeats=tries - self.reader.messages, seconds=seconds)  # fmt: skip

    def brief(self) -> tuple[int, int]:
        """Return how many opened and ended while the receivers were away, and how many of them Alertmanager told."""
        told = {one["labels"]["source"] for one in self.reader.alerts}
        names = {case.source for case in self.cases if case.source.startswith("brief")}
        return len(names), len(names & told)


def _print(outage: Outage, minutes: float, webhooks: Told, behind: Told) -> None:
    brief, told = outage.brief()
    print(
        f"a receiver away for {minutes:g} minutes: connections refused for {minutes / 2:g}, answers of 500 for {minutes / 2:g}; "
        f"{len(outage.cases)} pile-ons, the worker killed once\n"
        f"signed webhook: {webhooks.due} decisions, {webhooks.lost} lost, {webhooks.twice} told twice; {webhooks.tries} tries; "
        f"{webhooks.repeats} repeats reached the receiver, {webhooks.unlike} of them with another body under the same key; "
        f"the last came {webhooks.seconds:.0f} s after it was back\n"
        f"behind Alertmanager: {behind.due} to tell, {behind.lost} lost, {behind.twice} told twice; {behind.tries} tries; "
        f"the last came {behind.seconds:.0f} s after it was back; of {brief} that opened and ended meanwhile it told {told}",
        flush=True,
    )


async def _main(minutes: float, number: int) -> None:
    with tempfile.TemporaryDirectory(prefix="threadwatch-bench-") as name, any_broker(Path(name) / "kafka") as broker:
        async with Outage(broker, Path(name), number, lambda config: config) as outage:
            webhooks, behind = await outage.run(timedelta(minutes=minutes))
            _print(outage, minutes, webhooks, behind)


def main() -> None:
    """Run it and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.receiver_down", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the receivers are away")
    parser.add_argument("--cases", type=int, default=5, help="pile-ons of each of six kinds")
    asked = parser.parse_args()
    if "prometheus-alertmanager" in missing():
        parser.exit(2, "prometheus-alertmanager is not on the PATH; on Debian: apt-get install prometheus-alertmanager\n")
    calm_logging()
    print(machine(), flush=True)
    asyncio.run(_main(asked.minutes, asked.cases))


if __name__ == "__main__":
    main()
