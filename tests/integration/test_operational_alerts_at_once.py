"""One partition of four stands still, and Kafka is away: told, and told as over, by the rules that we ship.

As in ``test_operational_alerts.py``. What is broken stays so until it is told: a machine too busy to be scraped sees it later.
"""

import asyncio
from pathlib import Path

import pytest

from tests.conftest import Another
from tests.support.broker import OwnBroker
from tests.support.live import Live, until
from tests.support.programs import free_port
from tests.support.scenes import HangingWorker, alerted, conversations, talking, watched

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

STILL = "count(threadwatch_standstill_seconds > 30) or vector(0)"
MOVES = 'sum(increase(threadwatch_messages_total{stage="pileon"}[15s]))'


async def test_one_partition_of_four_stands_still_and_it_is_told_and_ends(another: Another, tmp_path: Path) -> None:
    port, hang = free_port(), tmp_path / "hangs-while-this-is-here"
    live: Live = await another(HANGS="pileon", HANGS_PARTITION="1", HANGS_WHILE=str(hang), THREADWATCH_WORKER__STUCK_AFTER="PT10M")
    await live.worker("--metrics-port", str(port), make=HangingWorker).ready()
    async with (
        alerted(tmp_path / "alertmanager") as alertmanager,
        watched(tmp_path, "partition", [port], alertmanager) as prometheus,
        talking(live, conversations(24)),
    ):
        await until("every partition has something to do", lambda: prometheus.value("count(threadwatch_standstill_seconds)") == 16)
        await until("the detector works", lambda: prometheus.value(MOVES) > 0)
        hang.touch()
        await prometheus.fires("StageStalled")
        assert prometheus.value(STILL) == 1
        assert prometheus.value(f"{MOVES} > bool 0") == 1
        assert "ScoringStalled" not in await asyncio.to_thread(alertmanager.holds, "partition")
        hang.unlink()
        await prometheus.ends("StageStalled")


async def test_that_kafka_is_away_is_told_also_by_a_worker_that_waits_for_it_and_that_it_is_back(
    another: Another, own_broker: OwnBroker, tmp_path: Path
) -> None:
    port = free_port()
    live: Live = await another(on=own_broker.address, THREADWATCH_WORKER__BROKER_WAIT="PT4S")
    worker = live.worker("--metrics-port", str(port))
    await worker.ready()
    async with alerted(tmp_path / "alertmanager") as alertmanager, watched(tmp_path, "kafka", [port], alertmanager) as prometheus:
        await until("it is well", lambda: prometheus.value("threadwatch_broker_up") == 1)
        await asyncio.to_thread(own_broker.stop)
        await prometheus.fires("BrokerAway")
        worker.kill()
        await until("another waits to begin", lambda: prometheus.value("threadwatch_broker_awaited_seconds") > 0)
        before = worker.restarts
        await until("it was started again meanwhile", lambda: worker.restarts > before)
        await until("and waits", lambda: prometheus.value("threadwatch_broker_awaited_seconds") > 0)
        assert "BrokerAway" in await asyncio.to_thread(alertmanager.holds, "kafka")
        await asyncio.to_thread(own_broker.up)
        await prometheus.ends("BrokerAway")
        await worker.ready()
        await until("it works", lambda: prometheus.value("threadwatch_broker_up - threadwatch_broker_awaited_seconds") == 1)
