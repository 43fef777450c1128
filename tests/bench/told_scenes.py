"""What ``python -m tests.bench.told`` breaks, and which alert is to tell of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams.topics import FEEDBACK
from tests.integration.test_live_state import crowd, root
from tests.support.alerting import Door, write_targets
from tests.support.broker import OwnBroker
from tests.support.live import Live, Worker
from tests.support.manager import Manager
from tests.support.reader import Receiver
from tests.support.silent import Silent


class Scene(Struct):
    """An instance of the program, watched, and who reads of it."""

    broker: OwnBroker
    live: Live
    workers: list[Worker]
    door: Door
    hang: Path
    reader: Receiver
    silent: Silent
    manager: Manager
    known: Path
    """The file in which Prometheus finds the workers."""


Broken = Callable[[Scene], Awaitable[float | None]]
"""Breaks something and returns when it broke (``time.monotonic()``), or None: when it was told to."""


async def killed(scene: Scene) -> None:
    """Kill every worker, and its supervisor with it."""
    await _gone(*scene.workers)


async def one_killed(scene: Scene) -> None:
    """Kill one of two."""
    await _gone(scene.workers[0])


async def hangs(scene: Scene) -> None:
    """Whatever the scene's environment names hangs from now on; a worker that is ended for it hangs again."""
    scene.hang.touch()


async def shut(scene: Scene) -> None:
    """The worker reaches Alertmanager no more; Prometheus does."""
    await scene.door.shut()


async def without_kafka(scene: Scene) -> None:
    """Kafka is gone."""
    await asyncio.to_thread(scene.broker.kill)


async def one_stopped(scene: Scene) -> float:
    """Stop one of two in order; as with compose, it has no name any more. How long that takes it is not counted."""
    await asyncio.to_thread(scene.workers[0].stop)
    write_targets(scene.known, [str(scene.workers[1].metrics()).removeprefix("http://")])
    return time.monotonic()


async def nonsense(scene: Scene) -> None:
    """One message in three cannot be read, for some seconds."""
    for _ in range(3):
        await scene.live.put_lines([b"nonsense"] * 10)


async def unanswered(scene: Scene) -> float:
    """A pile-on opens, and the moderators' chat takes the connection and says nothing. Counted from there."""
    since = datetime.now(UTC) - timedelta(minutes=12)
    await scene.live.send([root("raid", since), *crowd(1, 12, "raid", since)])
    return await scene.silent.first()


async def not_loaded(scene: Scene) -> None:
    """Alertmanager is told to read a configuration that it cannot load."""
    scene.manager.configure({"route": {"receiver": "somebody"}, "receivers": []})
    await scene.manager.reload()


async def no_verdict(scene: Scene) -> None:
    """Something in the moderators' topic is no verdict."""
    await scene.live.put(FEEDBACK, [(None, b'{"pileon_id": 7}')])


async def mended(scene: Scene) -> None:
    """Let everything end in order."""
    scene.hang.unlink(missing_ok=True)
    if not scene.broker.is_up():
        await asyncio.to_thread(scene.broker.up)


async def _gone(*workers: Worker) -> None:
    for worker in workers:
        worker._stopping.set()  # a supervisor that is gone as well starts nothing again
        worker.kill()


_ONE: Final = {"HANGS": "pileon", "HANGS_PARTITION": "1"}
SCENES: Final[tuple[tuple[str, str, int, dict[str, str], Broken], ...]] = (
    ("all workers are killed", "NoWorkerUp", 1, {}, killed),
    ("one worker of two is killed", "WorkerDown", 2, {}, one_killed),
    ("the scorer hangs", "ScoringStalled", 1, {}, hangs),
    ("one partition of four stands still in the detector", "StageStalled", 1, _ONE, hangs),
    ("the worker does not reach Alertmanager", "AlertPathBroken", 1, {}, shut),
    ("Kafka is away", "BrokerAway", 1, {}, without_kafka),
    ("one worker of two is stopped", "FewerWorkers", 2, {}, one_stopped),
    ("messages cannot be read", "DeadLetterRate", 1, {}, nonsense),
    ("Alertmanager cannot load its configuration", "ConfigNotLoaded", 1, {}, not_loaded),
    ("a verdict cannot be read", "VerdictsUnreadable", 1, {}, no_verdict),
    ("a chat behind Alertmanager takes the connection and says nothing", "NotificationsFailing", 1, {}, unanswered),
)
