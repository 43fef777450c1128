"""From a comment on Kafka to a notification of a real Alertmanager, and never a false end."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from streams.records import DeletedBy
from tests.conftest import Another
from tests.integration.test_live_state import INSULT
from tests.support.builders import comment, deleted
from tests.support.live import Live, answers, until
from tests.support.manager import Manager
from tests.support.reader import ALARMED, ENDED, WARNED, Receiver

pytestmark = pytest.mark.kafka


async def test_a_pile_on_is_told_once_worsens_outlives_a_killed_worker_and_ends_once(
    another: Another, manager: Manager, receiver: Receiver
) -> None:
    live: Live = await another(THREADWATCH_ALERTMANAGER__URLS=manager.url, THREADWATCH_ALERTMANAGER__LEASE="PT5M",
                               THREADWATCH_ALERTMANAGER__POST_EVERY="PT1S")  # fmt: skip
    worker = live.worker()
    now = datetime.now(UTC) - timedelta(minutes=10)
    root = comment("root", author_id="ann", created_at=now, ingested_at=now)
    hostile = [comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT, created_at=now + timedelta(seconds=n + 1),
                       ingested_at=now + timedelta(seconds=n + 2)) for n in range(9)]  # fmt: skip
    await live.send([root, *hostile[:4]])
    assert await receiver.until(1) == [WARNED]

    await live.send(hostile[4:6])
    await live.settled()
    assert await receiver.until(1) == [WARNED], "more of the same tells nobody"

    worker.kill()
    await asyncio.sleep(6)
    assert receiver.read == [WARNED], "a worker that is away does not say that it ended"
    await worker.came_up(2)

    await live.send(hostile[6:])
    assert await receiver.until(2) == [WARNED, ALARMED]

    await live.send([deleted(one, one.created_at + timedelta(minutes=5), deleted_by=DeletedBy.AUTHOR) for one in hostile[2:]])
    assert await receiver.until(3) == [WARNED, ALARMED, ENDED]
    assert receiver.alerts[-1]["annotations"]["ended_because"] == "removed"
    await live.settled()
    live.check()
    metrics = answers(f"{worker.metrics()}/metrics")
    assert 'threadwatch_alerts_posted_total{outcome="ok"}' in metrics
    assert 'threadwatch_alerts_posted_total{outcome="failed"} 0.0' in metrics
    secrets = (INSULT, "p3", "root", "ann")
    assert not [line for line in worker.said() for secret in secrets if f"={secret}" in line or INSULT in line]


async def test_a_worker_that_starts_again_keeps_the_lease_though_nothing_more_comes(
    another: Another, manager: Manager, receiver: Receiver
) -> None:
    live: Live = await another(THREADWATCH_ALERTMANAGER__URLS=manager.url, THREADWATCH_ALERTMANAGER__LEASE="PT25S",
                               THREADWATCH_ALERTMANAGER__POST_EVERY="PT1S")  # fmt: skip
    worker = live.worker()
    root = comment("root", author_id="ann")
    await live.send([root, *(comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT) for n in range(4))])
    assert await receiver.until(1) == [WARNED]
    worker.kill()
    await worker.came_up(2)
    before = (await manager.active())[0]["endsAt"]

    async def is_longer() -> bool:
        return any(alert["endsAt"] > before for alert in await manager.active())

    await until("the lease is made longer by the worker that started again", is_longer, within=25)
    assert receiver.read == [WARNED]


async def test_an_alertmanager_that_is_away_stops_nobody(another: Another) -> None:
    live: Live = await another(THREADWATCH_ALERTMANAGER__URLS="http://127.0.0.1:9", THREADWATCH_ALERTMANAGER__POST_EVERY="PT1S")
    worker = live.worker()
    root = comment("root", author_id="ann")
    await live.send([root, *(comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT) for n in range(6))])
    await live.settled()
    await until("the failed post is counted", lambda: _failed(worker.metrics()))
    await live.send([comment(f"d{n}", author_id=f"q{n}", parent_id="root", text=INSULT) for n in range(6)])
    await live.settled()
    live.check()
    assert worker.restarts == 0


def _failed(address: str | None) -> bool:
    lines = answers(f"{address}/metrics").splitlines()
    return any(line.startswith('threadwatch_alerts_posted_total{outcome="failed"}') and float(line.split()[-1]) > 0 for line in lines)
