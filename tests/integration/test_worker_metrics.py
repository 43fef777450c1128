"""A running worker, scraped by a real Prometheus with the rules that we ship; health tells progress, readiness partitions."""

import asyncio
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from streams.records import Judgement
from streams.topics import FEEDBACK
from tests.conftest import Another
from tests.integration.test_live_state import crowd, root
from tests.integration.test_prometheus import Prometheus, shipped_config
from tests.support.builders import comment, verdict
from tests.support.live import Live, Worker, answers, until
from tests.support.programs import free_port, needed

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
    program, port = needed("prometheus"), free_port()
    address = await live_and_worker[1].ready()
    config = shipped_config(tmp_path, address.removeprefix("http://"))
    with (tmp_path / "prometheus.log").open("w") as log:
        running = subprocess.Popen([program,
                                     f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                                    f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)  # fmt: skip
    server = Prometheus(port)
    await until("Prometheus is ready", lambda: asyncio.to_thread(server.is_ready))
    yield server
    running.terminate()
    await asyncio.to_thread(running.wait, 30)


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
    assert answers(f"{worker.metrics()}/healthz") == "ok\n"
    assert answers(f"{worker.metrics()}/readyz") == "ok\n"
    for secret in ("ann-talk", "talk-p1", "talk-root", "stupid"):
        assert secret not in answers(f"{worker.metrics()}/metrics")


async def judged(live: Live, prometheus: Prometheus) -> bool:
    """Give one more verdict; return whether one was counted: the worker begins to listen some seconds after it started."""
    await live.put(FEEDBACK, [(b"7Q4F", msgspec.json.encode(verdict(judgement=Judgement.NOT_ONE)))])
    await asyncio.sleep(1)
    return bool(await asyncio.to_thread(prometheus.ask, 'threadwatch_feedback_total{verdict="not_one"} > 0'))


async def test_a_worker_without_partitions_is_alive_and_not_ready(another: Another) -> None:
    live: Live = await another()
    workers = [live.worker("--stages", "score") for _ in range(5)]  # four partitions
    addresses = await asyncio.gather(*(worker.came_up() for worker in workers))

    def ready() -> int:
        return sum(bool(answers(f"{address}/readyz")) for address in addresses)

    await until("four of five are ready", lambda: ready() == 4)
    assert all(answers(f"{address}/healthz") == "ok\n" for address in addresses)
    surplus = next(address for address in addresses if not answers(f"{address}/readyz"))
    with pytest.raises(urllib.error.HTTPError, match="503") as refused:
        await asyncio.to_thread(urllib.request.urlopen, f"{surplus}/readyz", timeout=5)
    assert refused.value.read() == b"waiting for partitions: score\n"
    refused.value.close()


async def test_a_metrics_port_that_is_taken_is_a_plain_mistake(live_and_worker: tuple[Live, Worker]) -> None:
    live, worker = live_and_worker
    port = (await worker.ready()).rpartition(":")[2]
    done = await live.command("worker", "--metrics-port", port)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
    worker.send(signal.SIGTERM)
    assert await worker.exited() == 0
