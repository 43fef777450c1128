"""An Alertmanager that restarts, crashes, stands beside another, or has a text that fails: what people read then."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from streams.live.alertmanager import REPEAT_RESOLVE
from streams.records import EndedBecause, Severity, Status
from tests.support.builders import MINUTE
from tests.support.inboxes import Inboxes
from tests.support.live import until
from tests.support.manager import DEPLOY, TIMEOUTS, Manager, hurried, release, shipped
from tests.support.posting import Posting, changed, opened
from tests.support.programs import free_port
from tests.support.reader import ALARMED, ENDED, QUIET, STORM, WARNED, Receiver


async def test_one_that_restarts_is_told_again_and_tells_nobody_twice(manager: Manager, receiver: Receiver, worker: Posting) -> None:
    worker.sees(opened(Severity.CRITICAL))
    await worker.posts()
    assert await receiver.until(1) == [ALARMED]
    await manager.stop()
    await manager.start()
    assert await manager.active() == []
    await worker.posts(rounds=2)
    assert await receiver.until(1) == [ALARMED]
    assert len(await manager.active()) == 1


async def test_a_storm_outlives_a_restart_as_one_message(manager: Manager, receiver: Receiver, worker: Posting) -> None:
    for number in range(30):
        worker.sees(opened(Severity.CRITICAL, f"case-{number}"))
    await worker.posts()
    assert await receiver.until(1) == [STORM]
    await manager.stop()
    await manager.start()
    await worker.posts(rounds=2)
    assert await receiver.until(1) == [STORM]


async def test_what_escalated_stays_one_message_over_a_restart_and_to_its_end(
    manager: Manager, receiver: Receiver, worker: Posting
) -> None:
    warning = opened()
    worker.sees(warning)
    await worker.posts()
    assert await receiver.until(1) == [WARNED]
    worse = changed(warning, 2, severity=Severity.CRITICAL)
    worker.sees(worse)
    await worker.posts()
    assert await receiver.until(2) == [WARNED, ALARMED]
    await manager.stop()
    await manager.start()
    await worker.posts(rounds=2)
    assert await receiver.until(2) == [WARNED, ALARMED]
    worker.sees(changed(worse, 3, Status.CLOSED, ended_because=EndedBecause.QUIET))
    await worker.posts(rounds=2)
    assert await receiver.until(3) == [WARNED, ALARMED, ENDED]


async def test_what_ended_while_it_was_away_is_told_as_ended_once(manager: Manager, receiver: Receiver, worker: Posting) -> None:
    alarm = opened(Severity.CRITICAL)
    worker.sees(alarm)
    await worker.posts()
    assert await receiver.until(1) == [ALARMED]
    await manager.stop()
    worker.sees(changed(alarm, 2, Status.CLOSED, ended_because=EndedBecause.JUDGED))
    await manager.start()
    await worker.posts(rounds=3)
    assert await receiver.until(2) == [ALARMED, ENDED]
    assert receiver.alerts[-1]["annotations"]["ended_because"] == "judged"


async def test_what_ended_while_it_was_away_for_longer_than_ends_are_repeated_is_told_as_ended_too(
    manager: Manager, receiver: Receiver, worker: Posting
) -> None:
    alarm = opened(Severity.CRITICAL)
    worker.sees(alarm, ago=2 * REPEAT_RESOLVE)
    await worker.posts()
    assert await receiver.until(1) == [ALARMED]
    await manager.stop()
    worker.sees(changed(alarm, 2, Status.CLOSED, ended_because=EndedBecause.JUDGED), ago=REPEAT_RESOLVE + MINUTE)
    await worker.posts()
    await manager.start()
    await worker.posts(rounds=3)
    assert await receiver.until(2) == [ALARMED, ENDED]
    assert receiver.alerts[-1]["annotations"]["ended_because"] == "judged"


async def test_one_that_crashes_forgets_whom_it_told_and_loses_nothing(manager: Manager, receiver: Receiver, worker: Posting) -> None:
    worker.sees(opened(Severity.CRITICAL))
    await worker.posts()
    assert await receiver.until(1) == [ALARMED]
    await manager.stop(signal.SIGKILL)
    await manager.start()
    await worker.posts(rounds=2)
    assert await receiver.until(2) == [ALARMED, ALARMED], "told again: docs/alerts.md says so"


@pytest.fixture
async def pair(tmp_path: Path, receiver: Receiver) -> AsyncIterator[tuple[Manager, Manager]]:
    """Return two that talk to each other."""
    ports = [free_port(), free_port()]
    made = [Manager(tmp_path / f"am-{n}", hurried(shipped(receiver.url)), *_clustered(ports[n], ports[1 - n])) for n in (0, 1)]
    await asyncio.gather(*(one.start() for one in made))
    await until("they know each other", lambda: all(one.metric("alertmanager_cluster_members") == 2 for one in made))
    yield made[0], made[1]
    await asyncio.gather(*(one.stop() for one in made))


def _clustered(mine: int, other: int) -> tuple[str, ...]:
    return (f"--cluster.listen-address=127.0.0.1:{mine}", f"--cluster.advertise-address=127.0.0.1:{mine}",
            f"--cluster.peer=127.0.0.1:{other}", "--cluster.peer-timeout=2s", "--cluster.gossip-interval=50ms",
            "--cluster.reconnect-interval=500ms", "--cluster.pushpull-interval=500ms")  # fmt: skip


async def test_two_that_talk_to_each_other_tell_each_once_and_one_may_be_away(pair: tuple[Manager, Manager], receiver: Receiver) -> None:
    worker = Posting(*(one.url for one in pair))
    first = opened(Severity.CRITICAL, community="one")
    worker.sees(first)
    await worker.posts(rounds=2)
    assert await receiver.until(1) == [ALARMED]
    assert [len(await one.active()) for one in pair] == [1, 1], "every one is posted to"

    await pair[0].stop()
    worker.sees(opened(Severity.CRITICAL, name="case-2", community="two"))
    worker.sees(changed(first, 2, Status.CLOSED, ended_because=EndedBecause.QUIET))
    await worker.posts()
    assert sorted(await receiver.until(3)) == sorted([ALARMED, ALARMED, ENDED])
    assert {outcome for url, outcome in worker.outcomes if url == pair[0].url} == {"ok", "failed"}
    assert {outcome for url, outcome in worker.outcomes if url == pair[1].url} == {"ok"}

    await pair[0].start()
    await until("it knows the other again", lambda: pair[0].metric("alertmanager_cluster_members") == 2)
    await asyncio.sleep(QUIET)
    await worker.posts(rounds=2)
    assert len(await receiver.until(3)) == 3, "the one that comes back tells nothing twice"
    assert [len(await one.active()) for one in pair] == [1, 1]
    await worker.stop()


def with_text(inboxes: Inboxes, text: str, templates: str) -> dict[str, Any]:
    """Return the shipped routes with Slack for what is critical, and this as its text."""
    config = hurried(shipped(f"{inboxes.url}/hook")) | {"templates": [templates]}
    config["global"]["slack_api_url"] = f"{inboxes.url}/slack"
    for receiver in config["receivers"]:
        if receiver["name"] == "moderators":
            del receiver["webhook_configs"]
            receiver["slack_configs"] = [{"channel": "#a", "send_resolved": True, "text": text}]
    return config


@pytest.mark.parametrize("text", ['{{ template "threadwatch.txet" . }}', "{{ (index .Alerts 7).Labels.severity }}"], ids=["name", "value"])
async def test_a_text_that_fails_loses_nothing_once_it_is_mended(tmp_path: Path, text: str) -> None:
    shipped_texts = str(DEPLOY / "*.tmpl")
    async with Inboxes() as inboxes, Manager(tmp_path / "am", with_text(inboxes, text, shipped_texts)) as manager:
        worker = Posting(manager.url)
        worker.sees(opened(Severity.CRITICAL))
        await worker.posts()
        failed = "alertmanager_notifications_failed_total"
        await until("it is noticed", lambda: manager.metric(failed, integration="slack") or inboxes.slack, within=20)
        if inboxes.slack:  # 0.34's Slack does not look whether its texts failed: docs/alerts.md says what to do
            assert release() >= TIMEOUTS
            assert inboxes.slack[0]["attachments"][0].get("text", "") == ""
            await worker.stop()
            return
        assert "moderators/slack[0]: notify retry canceled due to unrecoverable error" in manager.said()
        assert inboxes.slack == []

        manager.configure(with_text(inboxes, '{{ template "threadwatch.text" . }}', shipped_texts))
        assert await manager.reload() == 200
        await worker.posts(rounds=2)
        await until("it is told", lambda: inboxes.slack, within=20)
        await asyncio.sleep(QUIET)
        assert [message["attachments"][0]["text"].partition(" · ")[0] for message in inboxes.slack] == ["[critical] news / sport"]
        await worker.stop()


async def test_a_template_that_is_none_keeps_the_one_before(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tmpl"
    broken.write_text('{{ define "threadwatch.text" }}{{ if }}\n', encoding="utf-8")
    async with Inboxes() as inboxes, Manager(tmp_path / "am", with_text(inboxes, "{{ .Status }}", str(DEPLOY / "*.tmpl"))) as manager:
        manager.configure(with_text(inboxes, "{{ .Status }}", str(broken)))
        assert await manager.reload() == 500
        assert "broken.tmpl:1: missing value for if" in manager.said()
        assert manager.metric("alertmanager_config_last_reload_successful") == 0
        worker = Posting(manager.url)
        worker.sees(opened(Severity.CRITICAL))
        await worker.posts()
        await until("it is told as before", lambda: inboxes.slack, within=20)
        await worker.stop()
