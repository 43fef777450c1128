"""A running worker, scraped by a real Prometheus with the rules that we ship; health tells progress, readiness partitions."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from streams.kafka.connection import client_options, topic_name
from streams.pseudonyms import comment_reference
from streams.records import Judgement
from streams.topics import COMMENTS_SCORED, FEEDBACK
from tests.conftest import Another
from tests.integration.test_live_state import crowd, root
from tests.support.broker import ROOT
from tests.support.builders import comment, verdict
from tests.support.live import KEY, Live, Worker, answers, until
from tests.support.prometheus import Prometheus, running

pytestmark = pytest.mark.kafka

SOURCES = '[sources.news]\ncommunities = ["sport"]\n'


@pytest.fixture
async def live_and_worker(another: Another, tmp_path: Path) -> tuple[Live, Worker]:
    config = tmp_path / "threadwatch.toml"
    config.write_text(SOURCES)
    live: Live = await another(THREADWATCH_CONFIG=str(config), THREADWATCH_WORKER__STUCK_AFTER="PT20S")
    return live, live.worker()


@pytest.fixture
async def prometheus(live_and_worker: tuple[Live, Worker], tmp_path: Path) -> AsyncIterator[Prometheus]:
    address = await live_and_worker[1].ready()
    with running(tmp_path, address.removeprefix("http://")) as server:
        yield server


async def test_prometheus_scrapes_a_running_worker_and_finds_what_it_did(
    live_and_worker: tuple[Live, Worker], prometheus: Prometheus
) -> None:
    live, worker = live_and_worker
    now = datetime.now(UTC)
    await live.send([root(), *crowd(1, 6), comment("fresh", created_at=now, ingested_at=now)])
    await live.put_lines([b"nonsense"])
    await live.settled()

    async def value(question: str, wanted: float) -> None:
        def asked() -> bool:
            return any(float(series["value"][1]) == wanted for series in prometheus.ask(question))

        await until(f"{question} is {wanted}", lambda: asyncio.to_thread(asked), within=30)

    await value('up{job="threadwatch"}', 1)
    await value('threadwatch_comments_scored_total{source="news"}', 7)
    await value('threadwatch_messages_total{stage="address", outcome="replies"}', 5)
    await value('threadwatch_dead_lettered_total{topic="comments.raw", reason="not_json"}', 1)
    await value('sum(threadwatch_pileons_total{source="news", status="opened"})', 1)
    await value('sum(threadwatch_pileons_active{source="news"})', 1)
    await value('sum(threadwatch_consumer_lag{topic="comments.raw"})', 0)
    await value("topic:threadwatch_consumer_lag:sum > 0 or vector(0)", 0)
    await value("threadwatch_score_batch_size_sum", 7)
    await until("a moderator's word is counted", lambda: judged(live, prometheus))
    await value('sum(threadwatch_alerts_decided_total{source="news", decision="fire"})', 1)
    await until(
        "an exemplar leads to the comment", lambda: asyncio.to_thread(leads_to, prometheus, live, "threadwatch_toxicity_score_bucket")
    )
    assert leads_to(prometheus, live, 'threadwatch_end_to_end_seconds_bucket{source="news"}')
    assert "sport talk" in await asyncio.to_thread(found_as_the_page_says, live, prometheus)
    assert answers(f"{worker.metrics()}/healthz") == "ok\n"
    assert answers(f"{worker.metrics()}/readyz") == "ok\n"
    for secret in ("ann-talk", "talk-p1", "talk-root", "stupid"):
        assert secret not in answers(f"{worker.metrics()}/metrics")


def leads_to(prometheus: Prometheus, live: Live, series: str) -> bool:
    """Return whether there are exemplars, each nothing but the reference of one comment: who has key and comments finds it."""
    key = bytes.fromhex(KEY)
    comments = [one.comment for one in live.records(COMMENTS_SCORED)]
    known = {comment_reference(key, one.source, one.conversation_id, one.comment_id) for one in comments}
    found = prometheus.exemplars(series)
    assert all(one["labels"].keys() == {"comment"} and one["labels"]["comment"] in known for one in found), found
    return bool(found)


def found_as_the_page_says(live: Live, prometheus: Prometheus) -> str:
    """Return what docs/metrics.md's few lines print for the reference of an exemplar."""
    program = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").partition("<<'PY'\n")[2].partition("\nPY\n")[0]
    reference = prometheus.exemplars("threadwatch_toxicity_score_bucket")[-1]["labels"]["comment"]
    given = os.environ | live.environment
    return subprocess.run([sys.executable, "-c", program, reference], env=given, capture_output=True, text=True, check=True).stdout


async def judged(live: Live, prometheus: Prometheus) -> bool:
    """Give one more verdict; return whether one was counted: the worker begins to listen some seconds after it started."""
    await live.put(FEEDBACK, [(b"7Q4F", msgspec.json.encode(verdict(judgement=Judgement.NOT_ONE)))])
    await asyncio.sleep(1)
    return bool(await asyncio.to_thread(prometheus.ask, 'threadwatch_feedback_total{verdict="not_one"} > 0'))


async def test_a_worker_too_many_in_its_group_is_ready_to_take_over(another: Another) -> None:
    live: Live = await another()
    workers = [live.worker("--stages", "score") for _ in range(5)]  # four partitions
    addresses = await asyncio.gather(*(worker.came_up() for worker in workers))

    def holding(address: str) -> bool:
        return 'threadwatch_consumer_lag{partition="' in answers(f"{address}/metrics")

    await until("all five are ready", lambda: all(answers(f"{address}/readyz") for address in addresses))
    await until("four of five hold a partition", lambda: sum(map(holding, addresses)) == 4)
    assert all(answers(f"{address}/healthz") == "ok\n" for address in addresses)


async def test_before_the_group_shared_out_its_partitions_a_worker_is_not_ready(another: Another) -> None:
    live: Live = await another()
    worker = live.worker("--stages", "score")
    address = await worker.came_up()
    first = await asyncio.to_thread(_asked, f"{address}/readyz")
    assert first in ((503, "waiting for partitions: score\n"), (200, "ok\n"))  # it may have been quick
    await worker.ready()


def _asked(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


async def test_a_worker_refuses_topics_that_are_not_what_its_stages_rest_on(another: Another) -> None:
    live: Live = await another()
    await widened(live, "pileons", 6)
    refused = await live.command("worker", "--metrics-port", "0")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1), refused.stderr
    assert "pileons: 6 partitions, declared 4" in refused.stderr


@pytest.mark.parametrize(
    ("stages", "urls", "lines"),
    [("score,alert", "", 1), ("score", "", 0), ("score,alert", "http://127.0.0.1:9", 0)],
    ids=["nobody", "no stage that tells", "an Alertmanager"],
)
async def test_a_worker_that_tells_and_can_tell_nobody_says_so_as_it_starts(another: Another, stages: str, urls: str, lines: int) -> None:
    live: Live = await another(**({"THREADWATCH_ALERTMANAGER__URLS": urls} if urls else {}))
    worker = live.worker("--stages", stages)
    await worker.ready()
    assert sum("NOBODY IS TOLD: neither alertmanager.urls nor webhooks is set" in line for line in worker.said()) == lines


async def widened(live: Live, topic: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        await admin.create_partitions({topic_name(live.settings, topic): NewPartitions(total_count=partitions)})
    finally:
        await admin.close()


async def test_a_metrics_port_that_is_taken_is_a_plain_mistake(live_and_worker: tuple[Live, Worker]) -> None:
    live, worker = live_and_worker
    port = (await worker.ready()).rpartition(":")[2]
    done = await live.command("worker", "--metrics-port", port)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
    worker.send(signal.SIGTERM)
    assert await worker.exited() == 0
