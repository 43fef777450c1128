"""Where no worker is up, that stands for what follows from it, on a real Alertmanager with the rules of inhibition that we ship."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.support.alerting import Alertmanager
from tests.support.live import until
from tests.support.scenes import alerted

LABELS = {
    "NoWorkerUp": {"severity": "critical"},
    "WorkerDown": {"severity": "critical", "job": "threadwatch", "instance": "w1:9464"},
    "ScoringStalled": {"severity": "critical", "stage": "score"},
    "StageStalled": {"severity": "critical", "stage": "pileon"},
    "EventTimeLag": {"severity": "warning", "source": "news"},
    "ConsumerLagGrowing": {"severity": "warning", "topic": "replies"},
    "SourceSilent": {"severity": "warning", "source": "news"},
    "ScoringBudgetBurnFast": {"severity": "critical"},
    "ScoringBudgetBurnSlow": {"severity": "warning"},
}
TOLD_BESIDE = {
    "ScorerMissing": {"severity": "critical"},
    "StageMissing": {"severity": "critical", "stage": "pileon"},
    "WorkerCrashLooping": {"severity": "critical", "job": "threadwatch", "instance": "w1:9464"},
    "AlertPathBroken": {"severity": "critical", "instance": "w1:9464"},
    "WebhooksFailing": {"severity": "critical"},
    "DeadLetterRate": {"severity": "warning", "topic": "replies"},
    "ToxicShareHigh": {"severity": "warning", "source": "news"},
}
"""These say something that no worker being up does not."""


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[Alertmanager]:
    async with alerted(tmp_path / "alertmanager") as running:
        yield running


def post(alertmanager: Alertmanager, alerts: dict[str, dict[str, str]], **external: str) -> None:
    """Post as Prometheus does, with its external labels."""
    body = json.dumps([{"labels": {"alertname": name, **labels, **external}} for name, labels in alerts.items()]).encode()
    urlopen(Request(f"{alertmanager.url}/api/v2/alerts", body, {"Content-Type": "application/json"}), timeout=5).close()


def inhibited(alertmanager: Alertmanager, cluster: str = "") -> set[str]:
    with urlopen(f"{alertmanager.url}/api/v2/alerts", timeout=5) as answer:
        held = [alert for alert in json.load(answer) if alert["labels"].get("cluster", "") == cluster]
    return {alert["labels"]["alertname"] for alert in held if alert["status"]["inhibitedBy"]}


async def become(alertmanager: Alertmanager, names: Iterable[str], cluster: str = "") -> None:
    expected = set(names)
    await until(f"inhibited: {expected}", lambda: asyncio.to_thread(lambda: inhibited(alertmanager, cluster) == expected))


async def test_what_follows_from_no_worker_being_up_is_not_told_beside_it(alertmanager: Alertmanager) -> None:
    post(alertmanager, LABELS | TOLD_BESIDE)
    await become(alertmanager, LABELS.keys() - {"NoWorkerUp"})


async def test_where_one_of_several_workers_is_down_each_is_told(alertmanager: Alertmanager) -> None:
    follows = {name: labels for name, labels in LABELS.items() if name != "NoWorkerUp"}
    post(alertmanager, follows, cluster="harbour")
    await until("all are held", lambda: len(alertmanager.holds()) == len(follows))
    assert inhibited(alertmanager, "harbour") == set()


OF_KAFKA = LABELS.keys() - {"NoWorkerUp", "WorkerDown", "EventTimeLag"} | {"AlertPathBroken"}
"""What waits for Kafka."""


@pytest.mark.parametrize(("workers", "held_back"), [("every", OF_KAFKA), ("some", frozenset())])
async def test_kafka_being_away_stands_for_what_waits_for_it_only_where_no_worker_reaches_it(
    alertmanager: Alertmanager, workers: str, held_back: frozenset[str]
) -> None:
    waiting = {name: (LABELS | TOLD_BESIDE)[name] for name in OF_KAFKA} | {"BrokerAway": {"severity": "critical", "workers": workers}}
    post(alertmanager, waiting)
    await until("all are held", lambda: len(alertmanager.holds()) == len(waiting))
    await become(alertmanager, held_back)


async def test_a_storm_stands_for_the_surge_that_it_is_and_for_no_other(alertmanager: Alertmanager) -> None:
    surge = {"PileOnSurge": {"severity": "warning", "source": "news"}}
    post(alertmanager, surge | {"PileOnStorm": {"severity": "critical", "source": "news"}})
    post(alertmanager, {"PileOnSurge": {"severity": "warning", "source": "blog"}}, cluster="hill")
    await become(alertmanager, {"PileOnSurge"})
    assert inhibited(alertmanager, "hill") == set()


async def test_no_worker_being_up_says_nothing_of_another_cluster(alertmanager: Alertmanager) -> None:
    post(alertmanager, LABELS, cluster="harbour")
    post(alertmanager, {name: labels for name, labels in LABELS.items() if name != "NoWorkerUp"}, cluster="hill")
    await become(alertmanager, LABELS.keys() - {"NoWorkerUp"}, "harbour")
    assert inhibited(alertmanager, "hill") == set()
