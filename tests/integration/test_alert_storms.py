"""A storm is one message from its beginning to its end, whatever becomes of its cases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from streams.live import alertmanager
from streams.records import EndedBecause, PileOn, Severity, Status
from streams.stages.alert import Config
from tests.support.live import until
from tests.support.manager import Manager
from tests.support.posting import Posting, changed, opened
from tests.support.reader import ALARMED, ENDED, QUIET, STORM, STORM_OVER, Receiver

BRIEF = Config(storm_length=timedelta(minutes=1))


def storm_of(number: int, communities: int, ago: timedelta) -> list[PileOn]:
    """Return pile-ons on one site, every second critical."""
    at = datetime.now(UTC) - ago
    return [opened((Severity.CRITICAL, Severity.WARNING)[n % 2], f"case-{n}", community=f"c{n % communities}", opened_at=at)
            for n in range(number)]  # fmt: skip


@pytest.fixture
async def worker(manager: Manager) -> AsyncIterator[Posting]:
    posting = Posting(manager.url, config=BRIEF)
    yield posting
    await posting.stop()


async def passed(worker: Posting, receiver: Receiver) -> None:
    """Post on until the storm is told as over."""

    async def is_over() -> bool:
        await worker.posts()
        return STORM_OVER in receiver.read

    await until("the storm is told as over", is_over, within=30, every=0.5)
    await worker.posts()
    await asyncio.sleep(QUIET)


async def test_a_storm_of_500_and_all_its_ends_are_two_messages(manager: Manager, receiver: Receiver, worker: Posting) -> None:
    storm = storm_of(500, 50, ago=timedelta(seconds=50))
    for one in storm:
        worker.sees(one)
    await worker.posts(rounds=2)
    assert await receiver.until(1) == [STORM]
    assert len(await manager.active()) == 501, "all are there for whoever looks"
    for one in storm:
        worker.sees(changed(one, 2, Status.CLOSED, ended_because=EndedBecause.QUIET))
    await passed(worker, receiver)
    assert (receiver.read, receiver.messages) == ([STORM, STORM_OVER], 2)
    assert receiver.alerts[-1]["annotations"]["ended_because"] == "passed"


async def test_what_was_told_before_the_storm_and_ends_during_it_is_told_as_ended_when_the_storm_is_over(
    receiver: Receiver, worker: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alertmanager, "REPEAT_UNHEARD", timedelta(seconds=1))  # as short as the waits of this Alertmanager
    at = datetime.now(UTC) - timedelta(seconds=55)
    first = opened(Severity.CRITICAL, "told-before", community="c0", opened_at=at, updated_at=at)
    worker.sees(first)
    await worker.posts()
    assert await receiver.until(1) == [ALARMED]
    storm = storm_of(30, 1, ago=timedelta(seconds=50))
    for one in storm:
        worker.sees(replace(one, updated_at=one.opened_at))
    await worker.posts()
    assert await receiver.until(2) == [ALARMED, STORM]
    for one in (first, *storm):
        worker.sees(changed(one, 2, Status.CLOSED, ended_because=EndedBecause.QUIET))
    await worker.posts(rounds=2)
    await passed(worker, receiver)
    assert sorted(receiver.read) == sorted([ALARMED, STORM, STORM_OVER, ENDED]), "of those that the storm stood for nobody reads an end"
    (end,) = [one for one in receiver.alerts if one["labels"]["alertname"] == "PileOn" and one["status"] == "resolved"]
    assert (end["labels"]["pileon"], end["annotations"]["ended_because"]) == ("told-before", "quiet")


@pytest.mark.parametrize("partitions", [4, 16])
async def test_a_storm_is_counted_over_all_partitions_of_a_worker(manager: Manager, receiver: Receiver, partitions: int) -> None:
    spread = Posting(manager.url, config=BRIEF, partitions=partitions)
    storm = storm_of(21, 1, ago=timedelta(0))
    for one in storm[:20]:
        spread.sees(replace(one, severity=Severity.CRITICAL))
    await spread.posts()
    told = list(await receiver.until(20))  # where Alertmanager took the first before the rest, its next message has it again
    assert set(told) == {ALARMED}, "twenty are no storm, wherever they fall"
    assert len({one["labels"]["pileon"] for one in receiver.alerts}) == 20
    spread.sees(replace(storm[20], severity=Severity.CRITICAL))
    await spread.posts()
    assert (await receiver.until(len(told) + 1))[len(told) :] == [STORM]
    await spread.stop()


async def test_a_storm_of_500_over_two_workers_and_all_its_ends_are_two_messages(manager: Manager, receiver: Receiver) -> None:
    workers = [Posting(manager.url, config=BRIEF, partitions=2) for _ in range(2)]
    storm = storm_of(500, 50, ago=timedelta(seconds=50))
    shares = storm[:250], [later(one) for one in storm[250:]]
    for worker, share in zip(workers, shares, strict=True):
        for one in share:
            worker.sees(one)
    for _ in range(2):
        await asyncio.gather(*(worker.posts() for worker in workers))
    assert await receiver.until(1) == [STORM]
    assert len(await manager.active()) == 501, "each worker counts a storm of its own, and they are one alert"
    for worker, share in zip(workers, shares, strict=True):
        for one in share:
            worker.sees(changed(one, 2, Status.CLOSED, ended_because=EndedBecause.QUIET))
    await asyncio.gather(*(passed(worker, receiver) for worker in workers))
    assert (receiver.read, receiver.messages) == ([STORM, STORM_OVER], 2)
    assert receiver.alerts[-1]["annotations"]["ended_because"] == "passed"
    await asyncio.gather(*(worker.stop() for worker in workers))


def later(one: PileOn) -> PileOn:
    """Return a pile-on that opened four seconds later: what one worker counts begins and ends after what another does."""
    at = one.opened_at + timedelta(seconds=4)
    return replace(one, opened_at=at, updated_at=at)


@pytest.mark.parametrize(
    ("over", "alarms", "apart"), [(48, 6, 0), (0, 30, 3)], ids=["most have ended", "all are open, three of the first five critical"]
)
async def test_what_is_still_open_after_the_storm_is_told_once_for_each_community_and_the_first_by_themselves(
    receiver: Receiver, worker: Posting, over: int, alarms: int, apart: int
) -> None:
    storm = storm_of(60, 3, ago=timedelta(seconds=54))
    for one in storm:
        worker.sees(one)
    await worker.posts()
    assert await receiver.until(1) == [STORM]
    for one in storm[:over]:
        worker.sees(changed(one, 2, Status.CLOSED, ended_because=EndedBecause.QUIET))
    await passed(worker, receiver)
    assert receiver.read.count(ALARMED) == alarms
    assert receiver.messages == 2 + apart + 3 + 1, "the storm and its end, the first, the critical ones of each community, the warnings"


async def test_a_storm_that_nobody_posts_any_more_does_not_say_that_it_is_over(receiver: Receiver, worker: Posting) -> None:
    for one in storm_of(30, 1, ago=timedelta(0)):
        worker.sees(one)
    await worker.posts(lease=timedelta(seconds=2))
    await until("it lapsed", lambda: STORM_OVER in receiver.read, within=15)
    lapsed = next(one for one in receiver.alerts if one["status"] == "resolved" and one["labels"]["alertname"] == "PileOnStorm")
    assert "ended_because" not in lapsed["annotations"]


async def test_a_storm_that_passes_while_alertmanager_is_away_is_told_as_over(
    manager: Manager, receiver: Receiver, worker: Posting
) -> None:
    storm = storm_of(30, 1, ago=timedelta(seconds=54))
    for one in storm:
        worker.sees(one)
    await worker.posts()
    assert await receiver.until(1) == [STORM]
    await manager.stop()
    for one in storm:
        worker.sees(changed(one, 2, Status.CLOSED, ended_because=EndedBecause.QUIET))
    await worker.posts()
    await asyncio.sleep(8)  # it passes
    await worker.posts()
    await manager.start()
    await worker.posts(rounds=3)
    assert await receiver.until(2) == [STORM, STORM_OVER]
    over = receiver.alerts[-1]
    assert (over["labels"]["alertname"], over["annotations"]["ended_because"]) == ("PileOnStorm", "passed")
