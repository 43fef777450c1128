"""Whom nobody is told of: a stale backfill and what is muted, to their end; and what becomes of them after a mute."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from streams.records import EndedBecause, Severity, Status
from streams.stages.alert import Mute
from tests.support.builders import MINUTE
from tests.support.manager import Manager
from tests.support.posting import Posting, changed, opened
from tests.support.reader import ALARMED, ENDED, WARNED, Receiver

NOW = datetime.now(UTC)


def mute(**fields: Any) -> Mute:
    given: dict[str, Any] = {"reason": "known", "since": NOW - 30 * MINUTE, "until": NOW + 30 * MINUTE}
    return Mute(**(given | fields))


MUTES = (mute(target="eve"), mute(conversation="ferry"), mute(target="zoe", until=NOW - 5 * MINUTE))


@pytest.fixture
async def worker(manager: Manager) -> AsyncIterator[Posting]:
    posting = Posting(manager.url, mutes=MUTES)
    yield posting
    await posting.stop()


async def test_a_stale_backfill_and_what_is_muted_page_nobody_to_their_end(receiver: Receiver, worker: Posting) -> None:
    held = [opened(name=f"old-{n}", opening_delay_seconds=90_000.0) for n in range(30)]
    held += [opened(name="eve", target_id="eve"), opened(name="ferry", conversations=("ferry",))]
    for one in held:
        worker.sees(one)
        worker.sees(changed(one, 2, severity=Severity.CRITICAL, conversations=one.conversations))
    worker.sees(opened(name="elsewhere-too", conversations=("ferry", "talk")))
    await worker.posts()
    for one in held:
        worker.sees(changed(one, 3, Status.CLOSED, severity=Severity.CRITICAL, ended_because=EndedBecause.QUIET))
    await worker.posts()
    assert await receiver.until(1) == [WARNED]
    assert [alert["labels"]["pileon"] for alert in receiver.alerts] == ["elsewhere-too"]


async def test_what_goes_on_after_its_mute_is_told_when_it_grows_next(receiver: Receiver, worker: Posting) -> None:
    muted = opened(name="zoe", target_id="zoe", opened_at=NOW - 20 * MINUTE, updated_at=NOW - 20 * MINUTE)
    worker.sees(muted)
    worker.sees(changed(muted, 2, updated_at=NOW - 6 * MINUTE))
    await worker.posts(rounds=2)
    assert await receiver.until(0) == []
    worker.sees(changed(muted, 3, updated_at=NOW, hostile_authors=5))
    await worker.posts()
    assert await receiver.until(1) == [WARNED]


async def test_a_mute_on_what_was_told_already_hides_that_it_worsens_and_not_its_end(
    manager: Manager, receiver: Receiver, worker: Posting
) -> None:
    told = opened(Severity.CRITICAL, name="zoe", target_id="zoe")
    worker.sees(told)
    warned = opened(name="eve", target_id="ann")
    worker.sees(warned)
    await worker.posts()
    assert sorted(await receiver.until(2)) == sorted([ALARMED, WARNED])
    worker.sees(changed(warned, 2, severity=Severity.CRITICAL, target_id="eve"))
    await worker.posts()
    assert len(await receiver.until(2)) == 2
    worker.sees(changed(told, 2, Status.CLOSED, ended_because=EndedBecause.QUIET, target_id="eve"))
    await worker.posts()
    assert await receiver.until(3) == [*receiver.read[:2], ENDED]
    assert [alert["labels"]["severity"] for alert in await manager.active()] == ["warning"]
