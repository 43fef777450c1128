"""Those who watch and tell are broken themselves, one of two of them at a time; scoring processes die; a verdict is none.

As in ``test_operational_alerts.py``: the real program, a real Prometheus, two real Alertmanagers, the shipped rules with short waits.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from streams.records import Comment
from streams.scorers.checkpoint import CHECKPOINT, CONFIG
from streams.topics import FEEDBACK
from tests.conftest import Another
from tests.support.alerting import Door, Prometheus
from tests.support.checkpoints import WORDS
from tests.support.family import computing
from tests.support.live import Live, Worker, until
from tests.support.manager import Manager
from tests.support.programs import free_port
from tests.support.scenes import alerted, new, talking, watched

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

NOBODY: Final[dict[str, Any]] = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}
NONSENSE: Final[dict[str, Any]] = {"route": {"receiver": "somebody"}, "receivers": [{"name": "nobody"}]}
AMBIGUOUS: Final = "groups: [{name: ours, interval: 1s, rules: [{record: 'ours:up', expr: 'up * on () up'}]}]"
"""A rule that Prometheus takes, and cannot evaluate where there are two of what it looks at."""
WINDOWS: Final = {"1m": "40s", "1h": "40s"}
"""A post that nobody takes is tried for ten seconds and then again after five."""
NOT_POSTED: Final = 'count(ALERTS{alertname="AlertmanagerDown", noticed="not_posted", alertstate="firing"})'


async def one_of_two_alertmanagers(prometheus: Prometheus, second: Manager, door: Door) -> None:
    """It reads what it cannot load; it is gone; it is there, and the worker does not reach it."""
    second.configure(NONSENSE)
    assert await second.reload() == 500
    await prometheus.fires("ConfigNotLoaded")
    second.configure(NOBODY)
    assert await second.reload() == 200
    await prometheus.ends("ConfigNotLoaded")
    await second.stop()
    await prometheus.fires("AlertmanagerDown")
    await second.start()
    await prometheus.ends("AlertmanagerDown")
    await door.shut()
    await until("the worker does not reach one of them", lambda: prometheus.value(NOT_POSTED) == 1, within=90)
    assert prometheus.value('count(up{job="alertmanager"} == 1)') == 2
    await door.open()
    await prometheus.ends("AlertmanagerDown")


async def prometheus_itself(prometheus: Prometheus) -> None:
    """It cannot evaluate a rule; then it reads what it cannot load."""
    with prometheus.reading("rules/ours.yml", AMBIGUOUS):
        await prometheus.fires("RulesFailing")
    await prometheus.ends("RulesFailing")
    with prometheus.reading("prometheus.yml", "\nno_such_thing: 1\n"):
        await until("it did not load it", lambda: prometheus.value("prometheus_config_last_reload_successful == bool 0") == 1)
        await prometheus.fires("ConfigNotLoaded")
    await until("it did", lambda: prometheus.value("prometheus_config_last_reload_successful") == 1)


async def what_is_no_verdict(prometheus: Prometheus, live: Live) -> None:
    """Somebody writes into the moderators' topic."""
    await live.put(FEEDBACK, [(None, b'{"pileon_id": 7}')])
    await prometheus.fires("VerdictsUnreadable")
    await prometheus.ends("VerdictsUnreadable")


def never_said_before(second: int, now: datetime) -> Sequence[Comment]:
    """Say five things that nobody remembers: they must be computed."""
    return [new(f"talk-{second}-{n}", now, text=f"{WORDS[n]} {WORDS[second % len(WORDS)]} {second}") for n in range(5)]


async def processes_that_die(prometheus: Prometheus, live: Live, worker: Worker) -> None:
    """Three of those that compute are killed, one after the other."""
    async with talking(live, never_said_before):
        for number in range(3):
            victim, _ = await until("two compute", lambda: computing(worker.pid) if len(computing(worker.pid)) == 2 else ())
            os.kill(victim, signal.SIGKILL)
            restarted = f"threadwatch_score_process_restarts_total > bool {number}"
            await until("it is replaced, and counted", partial(prometheus.value, restarted))
        await prometheus.fires("ScoringProcessesDying")
        await prometheus.ends("ScoringProcessesDying")


async def test_those_who_watch_and_tell_are_watched_themselves(another: Another, made: Any, tmp_path: Path) -> None:
    port, files = free_port(), {CHECKPOINT: str(made("original").checkpoint), CONFIG: str(made("original").config)}
    async with alerted(tmp_path / "first") as first, Manager(tmp_path / "second", NOBODY) as second, Door(second.url) as door:
        live: Live = await another(THREADWATCH_ALERTMANAGER__URLS=f"{first.url},{door.url}", THREADWATCH_ALERTMANAGER__POST_EVERY="PT1S",
                                   THREADWATCH_SCORER="detoxify:original:fast", THREADWATCH_SCORING__PROCESSES="2", **files)  # fmt: skip
        worker = live.worker("--metrics-port", str(port))
        await worker.ready()
        async with watched(tmp_path, "watchers", [port], first, windows=WINDOWS, others=[second.url]) as prometheus:
            await until("all is well", lambda: prometheus.value("count(up == 1)") == 4)
            async with asyncio.TaskGroup() as scenes:
                scenes.create_task(one_of_two_alertmanagers(prometheus, second, door))
                scenes.create_task(prometheus_itself(prometheus))
                scenes.create_task(what_is_no_verdict(prometheus, live))
                scenes.create_task(processes_that_die(prometheus, live, worker))
