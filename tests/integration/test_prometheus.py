"""A real Prometheus, with the configuration that we ship, scrapes what Metrics serves; rules and dashboards get answers."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, start_http_server

from streams.metrics import Metrics
from tests.contract.test_deploy import EXPRESSIONS
from tests.support.builders import pileon, scored
from tests.support.prometheus import Prometheus, running

PATIENCE = 30.0


def until(found: Callable[[], Any]) -> Any:
    """Return the first answer that is something; None after ``PATIENCE`` seconds."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := found()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


@pytest.fixture(scope="module")
def worker() -> Iterator[int]:
    """A process part that serves what a worker would, and counts a comment and a pile-on now and then."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, {"score": ("scored",)}, sources={"news": ("sport",)}, scorer="linear@1")
    metrics.describe(version="0.1.0", python="3.11", scorer="linear@1", configuration="abc")
    metrics.lag("comments.raw", {0: 3})
    metrics.broker_up.set(1)
    metrics.pileons_open([pileon()])
    metrics.comments_scored([scored(toxicity=0.9, scorer="linear@1", created_at=datetime.now(UTC))], datetime.now(UTC), [datetime.now(UTC)])
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def prometheus(worker: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with running(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{worker}") as server:
        yield server


def test_prometheus_scrapes_it_and_a_question_gets_data(prometheus: Prometheus):
    found = until(lambda: prometheus.ask('threadwatch_comments_scored_total{source="news", scorer="linear@1"}'))
    assert [series["value"][1] for series in found] == ["1"]
    assert prometheus.ask('up{job="threadwatch"}')[0]["value"][1] == "1"
    assert float(prometheus.ask("scrape_samples_post_metric_relabeling")[0]["value"][1]) > 100


def test_the_recording_rules_give_series(prometheus: Prometheus):
    found = until(lambda: prometheus.ask("topic:threadwatch_consumer_lag:sum"))
    assert {series["metric"]["topic"]: series["value"][1] for series in found} == {"comments.raw": "3"}


def test_the_watchdog_fires_and_nothing_else_does(prometheus: Prometheus):
    found = until(lambda: prometheus.ask('ALERTS{alertstate="firing"}'))
    assert [series["metric"]["alertname"] for series in found] == ["Watchdog"]


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_every_question_of_rules_and_dashboards_is_answered(prometheus: Prometheus, where: str, expression: str):
    assert isinstance(prometheus.ask(expression), list), where
