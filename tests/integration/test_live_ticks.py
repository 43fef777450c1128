"""Where nothing more comes, time itself closes a pile-on: by a tick in the log, with the time at which it was due."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.kafka.batches import partition_of
from streams.records import Comment, EndedBecause, PileOn, Status, Tick
from streams.topics import REPLIES, json_key
from tests.conftest import Another
from tests.integration.test_live_state import INSULT
from tests.support.builders import COMMUNITY, MINUTE, SECOND, SOURCE, comment
from tests.support.live import Live, until

pytestmark = pytest.mark.kafka

_SOON = {"THREADWATCH_WORKER__TICK_EVERY": "PT1S", "THREADWATCH_PILEON__CASE_LENGTH": "PT1M", "THREADWATCH_PILEON__WINDOW": "PT1M"}
"""A case is due a minute after hostility was last heard of, and time is looked at every second."""


def hostile_five(at: datetime) -> list[Comment]:
    answers = [comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT, created_at=at, ingested_at=at) for n in range(5)]
    return [comment("root", author_id="ann", created_at=at, ingested_at=at), *answers]


def friendly_two(at: datetime) -> list[Comment]:
    """Return a reply to somebody whose log is the one that ``ann``'s replies are in: as of then, it was ``at``."""
    ours = partition_of(json_key(SOURCE, COMMUNITY, "ann"), 4)
    name = next(f"zoe{n}" for n in range(100) if partition_of(json_key(SOURCE, COMMUNITY, f"zoe{n}"), 4) == ours)
    return [comment("other-root", author_id=name, created_at=at, ingested_at=at),
            comment("other", author_id="bob", parent_id="other-root", created_at=at, ingested_at=at)]  # fmt: skip


async def closed(live: Live) -> list[PileOn]:
    await live.settled()
    return [one for one in live.pileons() if one.status is Status.CLOSED]


async def test_an_idle_pile_on_closes_by_a_tick_at_the_time_when_it_was_due(another: Another) -> None:
    live: Live = await another(**_SOON)
    live.worker()
    at = datetime.now(UTC).replace(microsecond=0) - 2 * MINUTE  # as of then: the log's clock goes on from there
    await live.send([*hostile_five(at), *friendly_two(at + 55 * SECOND)])
    (end,) = await until("the pile-on is closed", lambda: closed(live))
    assert end.ended_because is EndedBecause.QUIET
    assert end.closed_at == at + MINUTE
    live.check()
    ticks = [record for record in live.records(REPLIES) if isinstance(record, Tick)]
    assert min(tick.at for tick in ticks) >= end.closed_at


async def test_a_pile_on_that_was_open_when_the_worker_was_killed_closes_though_nothing_more_comes(another: Another) -> None:
    live: Live = await another(**_SOON)
    worker = live.worker()
    at = datetime.now(UTC).replace(microsecond=0) - 2 * MINUTE  # as of then: the log's clock goes on from there
    await live.send([*hostile_five(at), *friendly_two(at + 45 * SECOND)])
    await live.settled()
    assert await closed(live) == []
    worker.kill()
    (end,) = await until("the pile-on is closed", lambda: closed(live))
    assert end.closed_at == at + MINUTE
    assert worker.restarts == 1
    live.check()


async def test_where_nothing_is_due_no_tick_is_written(another: Another) -> None:
    live: Live = await another(THREADWATCH_WORKER__TICK_EVERY="PT0.2S")
    await live.worker().ready()
    now = datetime.now(UTC)
    await live.send(hostile_five(now))
    await live.settled()
    await live.send([comment("later", author_id="eve", created_at=now + timedelta(seconds=1), ingested_at=now)])
    await live.settled()
    assert [one.status for one in live.pileons()][:1] == [Status.OPENED]
    assert [record for record in live.records(REPLIES) if isinstance(record, Tick)] == []
