"""Where nothing more comes, time itself closes a pile-on: by a tick in the log, with the time at which it was due."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.records import EndedBecause, PileOn, Status, Tick
from streams.topics import REPLIES
from tests.conftest import Another
from tests.integration.test_live_state import INSULT
from tests.support.builders import MINUTE, comment
from tests.support.live import Live, until

pytestmark = pytest.mark.kafka


async def test_an_idle_pile_on_closes_by_a_tick_at_the_time_when_it_was_due(another: Another) -> None:
    live: Live = await another(THREADWATCH_WORKER__TICK_EVERY="PT1S", THREADWATCH_PILEON__CASE_LENGTH="PT1M")
    live.worker()
    # Written 58 s before they arrive, as of then: the log's clock moves on with ours from there, so it is due in seconds.
    arrived = datetime.now(UTC)
    written = arrived - timedelta(seconds=50)
    root = comment("root", author_id="ann", created_at=written - MINUTE, ingested_at=arrived)
    answers = [comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT, created_at=written + timedelta(milliseconds=n),
                       ingested_at=arrived) for n in range(5)]  # fmt: skip
    await live.send([root, *answers])
    last = answers[-1].created_at

    async def closed() -> list[PileOn]:
        await live.settled()
        return [one for one in live.pileons() if one.status is Status.CLOSED]

    (end,) = await until("the pile-on is closed", closed)
    assert end.ended_because is EndedBecause.QUIET
    assert abs(end.closed_at - (last + MINUTE)) < timedelta(milliseconds=1)
    live.check()
    ticks = [record for record in live.records(REPLIES) if isinstance(record, Tick)]
    assert ticks
    assert min(tick.at for tick in ticks) >= end.closed_at


async def test_where_nothing_is_due_no_tick_is_written(another: Another) -> None:
    live: Live = await another(THREADWATCH_WORKER__TICK_EVERY="PT0.2S")
    worker = live.worker()
    await worker.ready()
    now = datetime.now(UTC)
    await live.send([comment("root", author_id="ann", created_at=now, ingested_at=now),
                     comment("c", author_id="bob", parent_id="root", created_at=now, ingested_at=now)])  # fmt: skip
    await live.settled()
    await live.send([comment("root2", author_id="ann", created_at=now, ingested_at=now)])
    await live.settled()
    assert [record for record in live.records(REPLIES) if isinstance(record, Tick)] == []


async def test_a_pile_on_that_was_open_when_the_worker_was_killed_closes_though_nothing_more_comes(another: Another) -> None:
    live: Live = await another(THREADWATCH_WORKER__TICK_EVERY="PT1S", THREADWATCH_PILEON__CASE_LENGTH="PT1M")
    worker = live.worker()
    arrived = datetime.now(UTC)
    written = arrived - timedelta(seconds=45)
    root = comment("root", author_id="ann", created_at=written - MINUTE, ingested_at=arrived)
    await live.send([root, *(comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT, created_at=written, ingested_at=arrived)
                             for n in range(5))])  # fmt: skip
    await live.settled()
    assert [one for one in live.pileons() if one.status is Status.CLOSED] == []
    worker.kill()

    async def closed() -> bool:
        await live.settled()
        return any(one.status is Status.CLOSED for one in live.pileons())

    await until("the pile-on is closed", closed)
    assert worker.restarts == 1
    live.check()
