"""The broker stops, is killed, and comes back, under load: nothing is lost, nothing is doubled, and few words are made of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from streams.demo.feed import play, sample_comments
from streams.records import Comment
from tests.conftest import Another
from tests.support.broker import OwnBroker
from tests.support.live import Live, answers, until
from tests.support.programs import free_port

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

MOST_OTHER_LINES = 8
"""Other lines of a worker's log for two outages; aiokafka alone would write about 200 a second. A broker that stops in order still
answers while it sends its clients away."""


async def test_a_broker_stopped_and_killed_under_load_costs_nothing_and_few_words(another: Another, own_broker: OwnBroker) -> None:
    live: Live = await another(own_broker.address, THREADWATCH_WORKER__BATCH="25")
    worker = live.worker()
    await worker.ready()
    comments = sample_comments(datetime.now(UTC), 2400)
    await _sent_while(live, comments[:1200], own_broker.stop, own_broker)
    await _sent_while(live, comments[1200:], own_broker.kill, own_broker)
    await live.settled()
    live.check()
    assert worker.gave_up is None
    said = [line for line in worker.said() if "pile-on" not in line]
    gone = [number for number, line in enumerate(said) if "the broker does not answer" in line]
    back = [number for number, line in enumerate(said) if "the broker answers again" in line]
    assert len(gone) == len(back) == 2, said
    assert gone[0] < back[0] < gone[1] < back[1], said
    assert len(said) - 4 <= MOST_OTHER_LINES, said


async def _sent_while(live: Live, comments: list[Comment], away: Callable[[], None], broker: OwnBroker) -> None:
    """Send a third, take the broker away in the middle of its work, bring it back, send the rest."""
    third = len(comments) // 3
    await play(live.settings, comments[:third], 1.0, lambda _: None)
    await asyncio.to_thread(away)
    await asyncio.sleep(5)
    await asyncio.to_thread(broker.up)
    await play(live.settings, comments[third:], 2.0, lambda _: None)


async def test_a_worker_that_starts_before_the_broker_waits_for_it_and_says_so(another: Another, own_broker: OwnBroker) -> None:
    live: Live = await another(own_broker.address)
    await asyncio.to_thread(own_broker.stop)
    worker = live.worker("--metrics-port", str(port := free_port()))
    at = f"http://127.0.0.1:{port}"
    said = await until("it answers", lambda: asyncio.to_thread(answers, f"{at}/metrics"))
    values = dict(line.split() for line in said.splitlines() if not line.startswith("#"))
    assert values.keys() == {"threadwatch_broker_up", "threadwatch_broker_awaited_seconds"}
    assert float(values["threadwatch_broker_awaited_seconds"]) > float(values["threadwatch_broker_up"]) == 0
    assert await asyncio.to_thread(answers, f"{at}/healthz") == "ok\n"
    assert not await asyncio.to_thread(answers, f"{at}/readyz")
    assert (worker.gave_up, worker.metrics()) == (None, None)
    await asyncio.to_thread(own_broker.up)
    await worker.ready()
    begun = await asyncio.to_thread(answers, f"{at}/metrics")
    assert {"threadwatch_broker_up 1.0", "threadwatch_broker_awaited_seconds 0.0"} <= set(begun.splitlines())
    await live.send(sample_comments(datetime.now(UTC), 800)[:100])
    await live.settled()
    live.check()
    assert worker.restarts == 0


async def test_a_worker_without_any_broker_says_one_plain_line_and_is_started_again(another: Another, own_broker: OwnBroker) -> None:
    live: Live = await another(own_broker.address)
    worker = live.worker(THREADWATCH_KAFKA="127.0.0.1:9", THREADWATCH_WORKER__BROKER_WAIT="PT1S")
    await until("it is started again", lambda: worker.restarts >= 2)
    assert worker.gave_up is None
    await asyncio.to_thread(worker.stop)
    live.workers.clear()
    said = [line for line in worker.said() if "threadwatch: no broker answers at 127.0.0.1:9" in line]
    assert len(said) >= 2 and not [line for line in worker.said() if "Traceback" in line]
