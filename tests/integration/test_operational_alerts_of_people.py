"""What people write and who is told, in real life: alerts of talk, of parts of the program that are missing, and of ways that are shut.

As in ``test_operational_alerts.py``: the real program, a real Prometheus, a real Alertmanager, the shipped rules with short waits.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.kafka.produce import send_records_async
from streams.records import Comment, Judgement, PileOn, Verdict
from streams.topics import FEEDBACK
from tests.conftest import Another
from tests.integration.test_live_state import INSULT, crowd, root
from tests.support.alerting import PATIENCE, Alertmanager, Inbox
from tests.support.builders import HOUR
from tests.support.hooks import SECRET, Hooks
from tests.support.live import Live, until
from tests.support.programs import free_port
from tests.support.scenes import HangingWorker, alerted, many, new, talking, watched

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SOURCES = '[sources.news]\ncommunities = ["sport"]\n[sources.archive]\ncommunities = ["sport"]\n'
USUAL = {"15m": "10s", "1h": "30s", "3h": "20s", "1d": "120s"}
"""What is usual takes a day to learn: a day is long here against an hour, and an hour ago lies before what is new."""
AGO = {"1h": "20s", "3h": "20s"}
TARGETS = 8
NO_ANSWER = 'count(ALERTS{alertname="NotificationsFailing", noticed="no_answer", alertstate="firing"})'
RECEIVER = '[[webhooks]]\nname = "night-shift"\nurl = "{url}"\nallow_private = true\ntimeout = "PT1S"\ngive_up_after = "PT70S"\n'


def fifty(second: int, now: datetime, toxic: int) -> list[Comment]:
    """Return what is written in a second; so many are toxic and answer nobody."""
    texts = {"text": INSULT}
    return [new(f"news-{second}-{n}", now, conversation_id=f"talk-{second}-{n}", **(texts if n < toxic else {})) for n in range(50)]


def usual(second: int, now: datetime) -> Sequence[Comment]:
    return fifty(second, now, toxic=1)


def worse(second: int, now: datetime) -> Sequence[Comment]:
    return fifty(second, now, toxic=7)


def raid(second: int, now: datetime) -> Sequence[Comment]:
    """Twenty of fifty are answers to eight people, each by another."""
    answers = [new(f"raid-{second}-{n}", now, conversation_id=f"raid-{n % TARGETS}", parent_id=f"root-{n % TARGETS}",
                   author_id=f"p-{second}-{n}", text=INSULT) for n in range(20)]  # fmt: skip
    return [*answers, *fifty(second, now, toxic=0)[20:]]


async def talk_that_turns(another: Another, folder: Path, alertmanager: Alertmanager) -> None:
    """A usual day, one that is worse, a raid on eight people, a usual day; beside it an archive that sends old comments, then new ones."""
    (config := folder / "talk.toml").write_text(SOURCES)
    port, old, fresh = free_port(), many("old", 5, source="archive"), many("fresh", 5, source="archive")
    live: Live = await another(THREADWATCH_CONFIG=str(config))
    await live.worker("--metrics-port", str(port)).ready()
    async with watched(folder, "talk", [port], alertmanager, windows=USUAL, offsets=AGO) as prometheus, talking(live, usual) as news:
        async with talking(live, lambda second, now: old(second, now - 2 * HOUR)):
            await prometheus.fires("EventTimeLag")
        async with talking(live, fresh):
            await prometheus.ends("EventTimeLag")
        learnt = 'count_over_time(source:threadwatch_toxic_comments:share15m{source="news"}[5m])'
        await until("what is usual is known", lambda: prometheus.value(learnt) > 50, within=120)
        news.said = worse
        await prometheus.fires("ToxicShareAnomalous")
        now = datetime.now(UTC)
        await live.send(new(f"root-{n}", now, conversation_id=f"raid-{n}", author_id=f"ann-{n}") for n in range(TARGETS))
        news.said = raid
        await prometheus.fires("PileOnSurge", "ToxicShareHigh", "ScoreDistributionShift")
        await prometheus.ends("ToxicShareAnomalous")
        news.said = usual
        await prometheus.ends("PileOnSurge", "ToxicShareHigh", "ScoreDistributionShift")


async def parts_that_are_missing(another: Another, folder: Path, alertmanager: Alertmanager) -> None:
    """No machine scores or addresses; then one does, and ``address`` stands still while the others go on."""
    first, second, hang = free_port(), free_port(), folder / "address-hangs-while-this-is-here"
    live: Live = await another(HANGS="address", HANGS_WHILE=str(hang), THREADWATCH_WORKER__STUCK_AFTER="PT5M")
    await live.worker("--stages", "pileon,alert", "--metrics-port", str(first)).ready()
    async with watched(folder, "parts", [first, second], alertmanager) as prometheus, talking(live, many("talk", 5)):
        await prometheus.fires("ScorerMissing", "StageMissing")
        await live.worker("--stages", "score,address", "--metrics-port", str(second), make=HangingWorker).ready()
        await prometheus.ends("ScorerMissing", "StageMissing")
        hang.touch()
        await prometheus.fires("StageStalled")
        hang.unlink()
        await prometheus.ends("StageStalled")


async def judged(live: Live, case: PileOn, judgement: Judgement, cases: int) -> None:
    """Judge so many pile-ons, one as a moderator does; the others are what that command sends, of cases of before."""
    said = await live.command("verdict", case.pileon_id, str(judgement), "--by", "kim")
    assert said.returncode == 0, said.stderr
    made = [
        Verdict(
            pileon_id=f"before-{n}", judgement=judgement, judge="others", hostile_authors=case.hostile_authors, judged_at=case.updated_at
        )
        for n in range(1, cases)
    ]
    await send_records_async(live.settings, FEEDBACK, made)


def one_more(second: int, _: datetime) -> Sequence[Comment]:
    """Return a pile-on a second: each is to be told."""
    return [root(f"more-{second}"), *crowd(1, 6, f"more-{second}")]


async def ways_that_are_shut(another: Another, folder: Path, phone: Inbox, hooks: Hooks, alertmanager: Alertmanager) -> None:
    """Those whom Alertmanager tells, and those whom the worker tells by itself, answer 500; the first then nothing. Moderators judge."""
    (config := folder / "hooks.toml").write_text(RECEIVER.format(url=hooks.url))
    port, phone.answer, hooks.answer = free_port(), 500, 500
    live: Live = await another(THREADWATCH_CONFIG=str(config), THREADWATCH_WEBHOOKS__NIGHT_SHIFT__SECRETS=SECRET)
    await live.worker("--metrics-port", str(port)).ready()
    async with watched(folder, "ways", [port], alertmanager) as prometheus:
        async with talking(live, one_more):
            await prometheus.fires("Watchdog", "NotificationsFailing", "WebhooksFailing", "WebhooksGivenUp")
            phone.answer = 0
            await until("it is told as one that does not answer", lambda: prometheus.value(NO_ANSWER) == 1, within=PATIENCE)
        phone.answer, hooks.answer = 200, 204
        await live.settled(within=120)
        await judged(live, live.pileons()[0], Judgement.NOT_ONE, 21)
        await prometheus.fires("FalsePositiveRateHigh")
        await judged(live, live.pileons()[0], Judgement.PILE_ON, 21)
        await prometheus.ends("FalsePositiveRateHigh", "NotificationsFailing", "WebhooksFailing", "WebhooksGivenUp")


@pytest.fixture
async def phone() -> AsyncIterator[Inbox]:
    async with Inbox() as taking:
        yield taking


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    async with Hooks() as taking:
        yield taking


async def test_what_people_write_and_who_is_told(another: Another, tmp_path: Path, phone: Inbox, hooks: Hooks) -> None:
    silent, telling = alerted(tmp_path / "alertmanager"), alerted(tmp_path / "telling", phone.url)
    async with silent as beside, telling as told, asyncio.TaskGroup() as scenes:
        scenes.create_task(talk_that_turns(another, tmp_path, beside))
        scenes.create_task(parts_that_are_missing(another, tmp_path, beside))
        scenes.create_task(ways_that_are_shut(another, tmp_path, phone, hooks, told))
