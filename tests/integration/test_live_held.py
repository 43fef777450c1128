"""From the command line and the settings to what people read, with the whole program: a verdict, mutes, a stale backfill."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.records import Comment, Status
from tests.conftest import Another
from tests.integration.test_live_state import INSULT
from tests.support.builders import comment
from tests.support.hooks import SECRET, Hooks
from tests.support.live import Live, answers, until
from tests.support.manager import Manager
from tests.support.reader import ALARMED, ENDED, WARNED, Receiver

pytestmark = pytest.mark.kafka

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    async with Hooks() as receiver:
        yield receiver


def on(name: str, first: int, last: int, at: datetime, source: str = "news", arrived: datetime = NOW) -> list[Comment]:
    """Return hostile answers to this person by different people, in a conversation of that name."""
    return [comment(f"{name}-{n}", source=source, conversation_id=name, author_id=f"{name}-p{n}", parent_id=f"{name}-root", text=INSULT,
                    created_at=at + timedelta(seconds=n), ingested_at=arrived + timedelta(seconds=n))
            for n in range(first, last)]  # fmt: skip


def root(name: str, at: datetime, source: str = "news", arrived: datetime = NOW) -> Comment:
    return comment(f"{name}-root", source=source, conversation_id=name, author_id=name, created_at=at, ingested_at=arrived)


def settings_file(folder: Path, hooks: Hooks, more: str = "") -> str:
    file = folder / "threadwatch.toml"
    file.write_text(f'[[webhooks]]\nname = "mods"\nurl = "{hooks.url}"\nallow_private = true\n{more}', encoding="utf-8")
    return str(file)


async def started(another: Another, manager: Manager, config: str) -> Live:
    live: Live = await another(THREADWATCH_ALERTMANAGER__URLS=manager.url, THREADWATCH_CONFIG=config,
                               THREADWATCH_WEBHOOKS__MODS__SECRETS=SECRET, THREADWATCH_ALERT__STALE_AFTER="P1D")  # fmt: skip
    await live.worker().ready()
    return live


async def test_a_verdict_ends_it_for_all_who_were_told_and_holds_it_until_it_has_doubled(
    another: Another, manager: Manager, receiver: Receiver, hooks: Hooks, tmp_path: Path
) -> None:
    live = await started(another, manager, settings_file(tmp_path, hooks))
    at = NOW - timedelta(minutes=10)
    await live.send([root("ann", at), *on("ann", 1, 5, at)])
    assert await receiver.until(1) == [WARNED]
    await live.send(on("ann", 5, 9, at))
    assert await receiver.until(2) == [WARNED, ALARMED]
    await live.settled()
    judged = live.pileons()[-1]
    assert judged.hostile_authors == 8

    said = await live.command("verdict", judged.pileon_id[:8], "not_one", "--by", "kim")
    assert said.returncode == 0, said.stderr
    assert await receiver.until(3) == [WARNED, ALARMED, ENDED]
    assert receiver.alerts[-1]["annotations"]["ended_because"] == "judged"
    assert await manager.active() == []
    await until("the webhook hears of it", lambda: hooks.events() == ["opened", "escalated", "ended"])
    assert hooks.taken[-1]["ended_because"] == "judged"

    await live.send(on("ann", 9, 16, at))
    await live.settled()
    assert len(await receiver.until(3)) == 3, "15 are less than twice 8"
    await live.send(on("ann", 16, 17, at))
    assert await receiver.until(4) == [WARNED, ALARMED, ENDED, ALARMED]
    assert receiver.alerts[-1]["labels"]["pileon"] != judged.pileon_id
    await until("the webhook hears of it", lambda: hooks.events()[3:] == ["opened"])
    await live.settled()
    live.check()


def held(live: Live, reason: str) -> float:
    """Return how many turns were held back for this reason, over all sources."""
    found = [line for line in answers(f"{live.workers[0].metrics()}/metrics").splitlines()
             if line.startswith("threadwatch_alerts_held_total{") and f'reason="{reason}"' in line]  # fmt: skip
    return sum(float(line.rpartition(" ")[2]) for line in found)


MUTED = f"""
[sources.archive]
lateness = "P3D"

[[mutes]]
target = "eve"
reason = "known event"
since = {NOW - HOUR:%Y-%m-%dT%H:%M:%SZ}
until = {NOW + HOUR:%Y-%m-%dT%H:%M:%SZ}

[[mutes]]
conversation = "ferry"
reason = "a test"
since = {NOW - HOUR:%Y-%m-%dT%H:%M:%SZ}
until = {NOW + HOUR:%Y-%m-%dT%H:%M:%SZ}

[[mutes]]
target = "zoe"
reason = "over soon"
since = {NOW - HOUR:%Y-%m-%dT%H:%M:%SZ}
until = {NOW - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}
"""


async def test_what_is_muted_and_what_is_stale_pages_nobody_until_the_mute_is_over(
    another: Another, manager: Manager, receiver: Receiver, hooks: Hooks, tmp_path: Path
) -> None:
    live = await started(another, manager, settings_file(tmp_path, hooks, MUTED))
    at, long_ago = NOW - timedelta(minutes=10), NOW - timedelta(hours=30)
    for name in ("eve", "ferry", "zoe"):
        await live.send([root(name, at), *on(name, 1, 5, at)])
    await live.send([root("old", long_ago, "archive"), *on("old", 1, 10, long_ago, "archive")])
    then = NOW - timedelta(days=300)  # as `ingest --arrived-at created` sends history
    await live.send([root("past", then, arrived=then), *on("past", 1, 10, then, arrived=then)])
    await live.send([*on("eve", 5, 10, at), *on("ferry", 5, 10, at)])
    await live.settled()
    assert await receiver.until(0) == []
    assert {one.target_id for one in live.pileons() if one.status is Status.OPENED} == {"eve", "ferry", "zoe", "old", "past"}, (
        "all are listed"
    )
    assert min(held(live, why) for why in ("muted", "stale")) > 0

    await live.send(on("zoe", 5, 7, NOW - timedelta(minutes=1)))
    assert await receiver.until(1) == [WARNED]
    await until("the webhook hears of it", lambda: hooks.events() == ["opened"])
    await live.settled()
    (zoe,) = {one.pileon_id for one in live.pileons() if one.target_id == "zoe"}
    assert receiver.alerts[0]["labels"]["pileon"] == hooks.taken[0]["pileon_id"] == zoe
    live.check()
