"""The life of an alert on a real Alertmanager: one notification to fire, none to update, one to escalate, one to end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from streams.live.alertmanager import Alertmanagers, alerts
from streams.records import EndedBecause, PileOn, Severity, Status
from streams.stages.alert import Alerts, Config, Mute
from tests.support.builders import MINUTE, pileon
from tests.support.programs import needed

QUIET = 2.5
"""Seconds without a notification that stand for "none": more than two group intervals."""
PATIENCE = 15.0

DEPLOY = Path(__file__).parents[2] / "deploy" / "alertmanager"


def shipped_config(webhook: str) -> str:
    """Return the routes, inhibitions and texts that we ship, with every receiver here and every wait short."""
    config = yaml.safe_load((DEPLOY / "alertmanager.yml").read_text(encoding="utf-8"))
    config["templates"] = [str(DEPLOY / "*.tmpl")]
    for route in (config["route"], *config["route"]["routes"]):
        route["group_wait"] = "0s" if route.get("group_wait") == "0s" else "200ms"
        route["group_interval"] = "1s"
    for receiver in config["receivers"]:
        for hook in receiver["webhook_configs"]:
            hook["url"] = webhook
    return yaml.safe_dump(config)


@pytest.fixture(scope="module")
def binary() -> str:
    """Return Alertmanager's path; without it these tests cannot say anything."""
    return needed("prometheus-alertmanager")


class Receiver:
    """Counts what people would read: (alert name, severity, status) of each alert in each notification."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self.read: list[tuple[str, str, str]] = []
        self.alerts: list[dict[str, Any]] = []
        self.answers: list[int] = []
        """What to answer first: a status, or 0 for nothing; then 200."""
        self.tries = 0
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.tries += 1
        self._came.set()
        if self.answers:
            answer = self.answers.pop(0)
            if not answer and request.transport is not None:
                request.transport.abort()
            return web.Response(status=answer or 500)
        for alert in json.loads(await request.text())["alerts"]:
            self.alerts.append(alert)
            self.read.append((alert["labels"]["alertname"], alert["labels"]["severity"], alert["status"]))
        self._came.set()
        return web.Response()

    async def tried(self, number: int) -> None:
        """Wait until somebody tried so often to tell."""
        async with asyncio.timeout(PATIENCE):
            while self.tries < number:
                self._came.clear()
                await self._came.wait()

    async def until(self, number: int) -> list[tuple[str, str, str]]:
        """Return what was read once there are so many, and nothing more comes for a while."""
        async with asyncio.timeout(PATIENCE):
            while len(self.read) < number:
                self._came.clear()
                await self._came.wait()
        await asyncio.sleep(QUIET)
        return self.read


class Manager:
    """A real Alertmanager that can be stopped and started again."""

    def __init__(self, binary: str, folder: Path, webhook: str, config: str = "") -> None:
        self._binary, self._folder = binary, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        (folder / "alertmanager.yml").write_text(config or shipped_config(webhook), encoding="utf-8")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            self._binary, f"--config.file={self._folder}/alertmanager.yml", f"--storage.path={self._folder}/data",
            f"--web.listen-address=127.0.0.1:{self._port}", "--cluster.listen-address=",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with aiohttp.ClientSession() as session:
            for _ in range(200):
                if await self._is_ready(session):
                    return
                await asyncio.sleep(0.1)
        pytest.fail("Alertmanager did not become ready in 20 s")

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/-/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def active(self) -> list[dict[str, Any]]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/api/v2/alerts") as answer:
            found: list[dict[str, Any]] = await answer.json()
            return found


class Worker:
    """What the live program does with the alert stage: fold transitions, post the lease."""

    def __init__(self, url: str, console: str = "", mutes: tuple[Mute, ...] = ()) -> None:
        self._stage, self._console = Alerts(Config(), mutes), console
        self._store = self._stage.new_store()
        self.outcomes: list[str] = []
        self._managers = Alertmanagers([url], lambda _, outcome: self.outcomes.append(outcome))

    def sees(self, transition: PileOn) -> None:
        for key, entry in self._stage.step(self._store, transition, datetime.now(UTC)).entries:
            self._store.apply(key, entry)

    async def posts(self, rounds: int = 1, lease: timedelta = 15 * MINUTE) -> None:
        for _ in range(rounds):
            await self._managers.post(alerts(self._store.entries.values(), datetime.now(UTC), lease, self._console))

    async def stop(self) -> None:
        await self._managers.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    told = Receiver()
    app = web.Application()
    app.router.add_post("/", told.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield told
    await runner.cleanup()


@pytest.fixture
async def manager(binary: str, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Manager]:
    running = Manager(binary, tmp_path, receiver.url)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def worker(manager: Manager) -> AsyncIterator[Worker]:
    posting = Worker(manager.url)
    yield posting
    await posting.stop()


def opened(severity: Severity = Severity.WARNING, name: str = "case-1", **fields: Any) -> PileOn:
    now = datetime.now(UTC)
    return pileon(name, severity=severity, first_hostile_at=now - 10 * MINUTE, opened_at=now, updated_at=now, **fields)


def changed(before: PileOn, revision: int, status: Status = Status.ONGOING, **fields: Any) -> PileOn:
    kept = {name: getattr(before, name) for name in ("first_hostile_at", "opened_at", "updated_at", "severity")}
    return pileon(before.pileon_id, revision, status, **(kept | fields))


WARNED = ("PileOn", "warning", "firing")
ALARMED = ("PileOn", "critical", "firing")
ENDED = ("PileOn", "critical", "resolved")


async def test_from_fire_through_update_and_escalation_to_the_end(manager: Manager, receiver: Receiver, worker: Worker) -> None:
    warning = opened()
    worker.sees(warning)
    await worker.posts(rounds=3)
    assert await receiver.until(1) == [WARNED]

    worker.sees(changed(warning, 2, hostile_authors=6, reason="6 people hostile in 12 min"))
    await worker.posts(rounds=2)
    assert await receiver.until(1) == [WARNED], "an update tells nobody"
    (active,) = await manager.active()
    assert active["annotations"]["people"] == "6"

    worker.sees(changed(warning, 3, severity=Severity.CRITICAL, hostile_authors=9))
    await worker.posts(rounds=2)
    assert await receiver.until(2) == [WARNED, ALARMED], "nobody reads resolved while it gets worse"
    inhibited = [alert for alert in await manager.active() if alert["status"]["inhibitedBy"]]
    assert [alert["labels"]["severity"] for alert in inhibited] == ["warning"]

    worker.sees(changed(warning, 4, Status.CLOSED, severity=Severity.CRITICAL, ended_because=EndedBecause.QUIET))
    await worker.posts(rounds=3)
    assert await receiver.until(3) == [WARNED, ALARMED, ENDED], "a repeated end is told once"
    assert receiver.alerts[-1]["annotations"]["ended_because"] == "quiet"
    assert await manager.active() == []
    assert set(worker.outcomes) == {"ok"}


async def test_a_lease_that_lapses_does_not_say_that_it_ended(receiver: Receiver, worker: Worker) -> None:
    worker.sees(opened(Severity.CRITICAL))
    await worker.posts(lease=timedelta(seconds=2))
    assert await receiver.until(2) == [ALARMED, ENDED]
    assert "ended_because" not in receiver.alerts[-1]["annotations"]


async def test_a_lease_that_lapsed_is_told_as_going_on_once_somebody_looks_after_it_again(receiver: Receiver, worker: Worker) -> None:
    worker.sees(opened(Severity.CRITICAL))
    await worker.posts(lease=timedelta(seconds=1))
    assert await receiver.until(2) == [ALARMED, ENDED]
    await worker.posts(rounds=2)
    assert await receiver.until(3) == [ALARMED, ENDED, ALARMED]


@pytest.mark.parametrize("answer", [500, 0], ids=["answers 500", "does not answer"])
async def test_a_receiver_that_is_unwell_for_a_while_reads_each_once(receiver: Receiver, worker: Worker, answer: int) -> None:
    receiver.answers = [answer] * 2
    warning = opened()
    worker.sees(warning)
    await worker.posts()
    worker.sees(changed(warning, 2, severity=Severity.CRITICAL))
    await worker.posts()
    worker.sees(changed(warning, 3, Status.CLOSED, severity=Severity.CRITICAL, ended_because=EndedBecause.QUIET))
    await receiver.tried(3)
    before = list(await receiver.until(1))
    assert before.count(ALARMED) == 1, "nothing lost, nothing doubled"
    assert ENDED not in before
    await worker.posts(rounds=2)
    assert await receiver.until(len(before) + 1) == [*before, ENDED]


async def test_a_worker_that_is_away_for_less_than_the_lease_tells_nobody_anything(receiver: Receiver, worker: Worker) -> None:
    alarm = opened(Severity.CRITICAL)
    worker.sees(alarm)
    await worker.posts(lease=timedelta(seconds=8))
    assert await receiver.until(1) == [ALARMED]
    await asyncio.sleep(3)
    await worker.posts(lease=timedelta(seconds=30))
    await asyncio.sleep(4)
    assert receiver.read == [ALARMED]


async def test_an_alertmanager_that_restarts_is_told_again_and_tells_nobody_twice(
    manager: Manager, receiver: Receiver, worker: Worker
) -> None:
    worker.sees(opened(Severity.CRITICAL))
    await worker.posts()
    assert await receiver.until(1) == [ALARMED]
    await manager.stop()
    await manager.start()
    assert await manager.active() == []
    await worker.posts(rounds=2)
    assert await receiver.until(1) == [ALARMED]
    assert len(await manager.active()) == 1


async def test_a_storm_is_told_once_instead_of_each(manager: Manager, receiver: Receiver, worker: Worker) -> None:
    for number in range(30):
        worker.sees(opened(Severity.CRITICAL, f"case-{number}"))
    await worker.posts()
    read = await receiver.until(1)
    assert read.count(("PileOnStorm", "critical", "firing")) == 1
    assert read.count(ALARMED) == 0
    assert len(await manager.active()) == 31


async def test_a_stale_backfill_and_what_is_muted_page_nobody_to_their_end(manager: Manager, receiver: Receiver) -> None:
    now = datetime.now(UTC)
    mute = Mute(target="eve", reason="known", since=now - MINUTE, until=now + 60 * MINUTE)
    worker = Worker(manager.url, mutes=(mute,))
    held = [opened(name=f"old-{n}", opening_delay_seconds=90_000.0) for n in range(30)] + [opened(name="eve", target_id="eve")]
    for one in held:
        worker.sees(one)
        worker.sees(changed(one, 2, severity=Severity.CRITICAL, opening_delay_seconds=one.opening_delay_seconds, target_id=one.target_id))
    worker.sees(opened(name="fresh"))
    await worker.posts()
    for one in held:
        worker.sees(changed(one, 3, Status.CLOSED, severity=Severity.CRITICAL, ended_because=EndedBecause.QUIET))
    await worker.posts()
    await worker.stop()
    assert await receiver.until(1) == [WARNED]
    assert [alert["labels"]["pileon"] for alert in receiver.alerts] == ["fresh"]


async def test_a_mixed_batch_with_one_bad_alert_keeps_the_good_ones(manager: Manager) -> None:
    outcomes: list[str] = []
    managers = Alertmanagers([manager.url], lambda _, outcome: outcomes.append(outcome))
    good: list[dict[str, Any]] = [{"labels": {"alertname": "PileOn", "severity": "warning", "pileon": name}} for name in ("a", "b")]
    bad: Callable[[], dict[str, Any]] = lambda: {"labels": {"alertname": "PileOn", "no good name": "x"}}  # noqa: E731
    await managers.post([good[0], bad(), good[1]])
    await managers.close()
    assert sorted(alert["labels"]["pileon"] for alert in await manager.active()) == ["a", "b"]
    assert "refused" in outcomes
