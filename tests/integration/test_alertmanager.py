"""The life of an alert on a real Alertmanager: one notification to fire, none to update, one to escalate, one to end."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from streams.live.alertmanager import Alertmanager
from streams.records import EndedBecause, Severity, Status
from tests.support.manager import Manager
from tests.support.posting import Posting, changed, opened
from tests.support.reader import ALARMED, ENDED, WARNED, Receiver


async def test_from_fire_through_update_and_escalation_to_the_end(manager: Manager, receiver: Receiver, worker: Posting) -> None:
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
    assert {outcome for _, outcome in worker.outcomes} == {"ok"}


async def test_a_lease_that_lapses_does_not_say_that_it_ended(receiver: Receiver, worker: Posting) -> None:
    worker.sees(opened(Severity.CRITICAL))
    await worker.posts(lease=timedelta(seconds=2))
    assert await receiver.until(2) == [ALARMED, ENDED]
    assert "ended_because" not in receiver.alerts[-1]["annotations"]


async def test_a_lease_that_lapsed_is_told_as_going_on_once_somebody_looks_after_it_again(receiver: Receiver, worker: Posting) -> None:
    worker.sees(opened(Severity.CRITICAL))
    await worker.posts(lease=timedelta(seconds=1))
    assert await receiver.until(2) == [ALARMED, ENDED]
    await worker.posts(rounds=2)
    assert await receiver.until(3) == [ALARMED, ENDED, ALARMED]


async def test_what_ended_after_its_lease_had_lapsed_is_not_told_again(receiver: Receiver, worker: Posting) -> None:
    alarm = opened(Severity.CRITICAL)
    worker.sees(alarm)
    await worker.posts(lease=timedelta(seconds=1))
    assert await receiver.until(2) == [ALARMED, ENDED]
    worker.sees(changed(alarm, 2, Status.CLOSED, ended_because=EndedBecause.QUIET))
    await worker.posts(rounds=2)
    assert len(await receiver.until(2)) == 2, "Alertmanager tells an end once: docs/alerts.md says so"


@pytest.mark.parametrize("answer", [500, 400, 0], ids=["answers 500", "answers 400", "does not answer"])
async def test_a_receiver_that_is_unwell_for_a_while_reads_each_once(receiver: Receiver, worker: Posting, answer: int) -> None:
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


async def test_a_worker_that_is_away_for_less_than_the_lease_tells_nobody_anything(receiver: Receiver, worker: Posting) -> None:
    alarm = opened(Severity.CRITICAL)
    worker.sees(alarm)
    await worker.posts(lease=timedelta(seconds=8))
    assert await receiver.until(1) == [ALARMED]
    await asyncio.sleep(3)
    await worker.posts(lease=timedelta(seconds=30))
    await asyncio.sleep(4)
    assert receiver.read == [ALARMED]


async def test_a_post_of_nothing_is_taken_and_tells_nobody(manager: Manager, receiver: Receiver) -> None:
    outcomes: list[str] = []
    posting = Alertmanager(manager.url, outcomes.append)
    await posting.post([])
    await posting.close()
    assert (outcomes, await manager.active(), receiver.read) == (["ok"], [], [])


async def test_a_mixed_batch_with_one_bad_alert_keeps_the_good_ones(manager: Manager) -> None:
    outcomes: list[str] = []
    posting = Alertmanager(manager.url, outcomes.append)
    good: list[dict[str, Any]] = [{"labels": {"alertname": "PileOn", "severity": "warning", "pileon": name}} for name in ("a", "b")]
    bad: Callable[[], dict[str, Any]] = lambda: {"labels": {"alertname": "PileOn", "": "a name that no Alertmanager takes"}}  # noqa: E731
    await posting.post([good[0], bad(), good[1]])
    await posting.close()
    assert sorted(alert["labels"]["pileon"] for alert in await manager.active()) == ["a", "b"]
    assert "refused" in outcomes
