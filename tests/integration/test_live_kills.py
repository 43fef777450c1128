"""Workers are killed, stalled, stopped, added and taken away; nothing is lost and nothing is doubled in any topic."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.demo.feed import play, sample_comments
from streams.engine import Effects, fold, send_of
from streams.records import Comment
from streams.topics import COMMENTS_RAW
from tests.conftest import Another
from tests.support.builders import NOON, arrived
from tests.support.faulty import POINTS
from tests.support.live import ALL, Live, Worker, until
from tests.support.recording import recording

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_SMALL = {"THREADWATCH_WORKER__BATCH": "25"}
"""Small batches: many transactions to be killed in."""


class FaultyWorker(Worker):
    """A worker that dies at chosen points of its life."""

    def _spawn(self) -> None:
        command = [sys.executable, "-m", "tests.support.faulty", "worker", "--metrics-port", "0", *self._arguments]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                             env=os.environ | self._environment, start_new_session=True)  # fmt: skip


@pytest.fixture(scope="module")
def inputs() -> dict[str, list[tuple[bytes | None, bytes]]]:
    """Return what each stage reads of one recording: (key, value), the poison among it for the first."""
    stages = Live("nowhere:9", Path(), {}).stages()
    found: dict[str, list[tuple[bytes | None, bytes]]] = {}
    records: Sequence[Any] = recording().comments()
    found["score"] = [(None, line) if line[:1] not in b"{" else (b"", line) for line in recording().lines]
    for stage in stages[:3]:
        effects = Effects()
        fold(stage, [arrived(record) for record in records], stage.new_store(), effects)
        records = effects.outputs
        sent = [send_of(stage, record) for record in records]
        found[{"score": "address", "address": "pileon", "pileon": "alert"}[stage.name]] = [(send.key, send.value) for send in sent]
    return found


async def test_each_stage_killed_before_its_work_before_sending_before_and_after_the_commit_loses_and_doubles_nothing(
    another: Another, inputs: dict[str, list[tuple[bytes | None, bytes]]]
) -> None:
    await asyncio.gather(*(_killed_everywhere(another, stage, inputs[stage]) for stage in ALL))


async def _killed_everywhere(another: Another, name: str, values: list[tuple[bytes | None, bytes]]) -> None:
    size = "3" if name == "alert" else "20"
    live: Live = await another(THREADWATCH_WORKER__BATCH=size, THREADWATCH_WORKER__BATCH_WITHIN="PT0.001S")
    met = live.folder / "met"
    faults = ",".join(f"{point}@{name}" for point in POINTS)
    stage = next(stage for stage in live.stages() if stage.name == name)
    if name == "score":
        await live.put_lines([value for _, value in values])
    else:
        await live.put(stage.source, values)
    worker = live.worker("--stages", name, make=FaultyWorker, FAULTS=faults, FAULTS_MET=str(met))
    await until(f"{name} was killed at {', '.join(POINTS)}", lambda: worker.restarts == len(POINTS))
    assert len(list(met.iterdir())) == len(POINTS)
    await live.settled([name])
    live.check([name])


async def _fed(live: Live, comments: list[Comment], seconds: float) -> None:
    await play(live.settings, comments, seconds, lambda _: None)


def _load(count: int) -> list[Comment]:
    return sample_comments(datetime.now(UTC), count)


async def test_workers_killed_again_and_again_under_load_lose_and_double_nothing(another: Another) -> None:
    live: Live = await another(**_SMALL)
    workers = [live.worker(), live.worker()]
    await asyncio.gather(*(worker.came_up() for worker in workers))
    feeding = asyncio.create_task(_fed(live, _load(4000), 14.0))
    chance = random.Random(5)
    for kill in range(4):
        await asyncio.sleep(3.0 + chance.random())
        workers[kill % 2].kill()
    await feeding
    await live.settled()
    live.check()
    assert sum(worker.restarts for worker in workers) >= 3


async def test_a_worker_that_joins_one_with_a_backlog_ends_neither(another: Another) -> None:
    live: Live = await another()
    await live.send(_load(9000))
    first = live.worker()
    await first.ready()
    for _ in range(2):
        await live.worker().came_up()
    await live.settled(within=180)
    live.check()
    assert [worker.restarts for worker in live.workers] == [0, 0, 0]


async def test_from_one_worker_to_three_and_back_to_one_nothing_is_lost_or_doubled(another: Another) -> None:
    live: Live = await another(**_SMALL)
    first = live.worker()
    await first.ready()
    feeding = asyncio.create_task(_fed(live, _load(3000), 14.0))
    await asyncio.sleep(2)
    others = [live.worker(), live.worker()]
    await asyncio.gather(*(worker.came_up() for worker in others))
    await asyncio.sleep(4)
    for worker in others:
        worker.send(signal.SIGTERM)
        assert await worker.exited() == 0
    await feeding
    assert [worker.restarts for worker in live.workers] == [0, 0, 0], "sharing partitions costs nobody their process"
    await live.settled()
    live.check()


async def test_a_worker_that_slept_while_another_took_over_is_fenced_when_it_wakes(another: Another) -> None:
    live: Live = await another(**_SMALL)
    sleeper = live.worker()
    await sleeper.ready()
    feeding = asyncio.create_task(_fed(live, _load(3000), 20.0))
    await asyncio.sleep(3)
    sleeper.send(signal.SIGSTOP)
    heir = live.worker()
    await heir.ready()
    await asyncio.sleep(2)
    sleeper.send(signal.SIGCONT)
    await feeding
    await live.settled()
    live.check()
    assert heir.restarts == 0


async def test_asked_to_stop_in_the_middle_it_finishes_its_batch_and_the_next_worker_goes_on(another: Another) -> None:
    live: Live = await another(**_SMALL)
    worker = live.worker()
    await worker.ready()
    feeding = asyncio.create_task(_fed(live, _load(3000), 6.0))
    await asyncio.sleep(3)
    worker.send(signal.SIGTERM)
    assert await worker.exited() == 0
    assert not [line for line in worker.said() if "Traceback" in line]
    await feeding
    last = live.worker()
    await live.settled()
    live.check()
    last.send(signal.SIGTERM)
    assert await last.exited() == 0
    await _committed_to_the_end(live)


async def _committed_to_the_end(live: Live) -> None:
    for stage in live.stages():
        committed = await live.committed(stage.name)
        for partition in live.log(stage.source.name):
            assert committed[partition[0].partition] > partition[-1].offset, stage.name


async def test_stages_split_over_workers_do_what_one_worker_does(another: Another) -> None:
    live: Live = await another()
    live.worker("--stages", "score")
    live.worker("--stages", "address,pileon,alert")
    await live.put_lines(recording().lines)
    await live.settled()
    live.check()
    assert len(live.firing()) > 10


async def test_records_that_come_twice_and_out_of_order_count_once(live: Live) -> None:
    comments = [Comment(source="news", community="sport", conversation_id="talk", comment_id=f"c{n}", author_id=f"a{n}", text=f"Text {n}.",
                        parent_id=f"c{n - 1}" if n else None, created_at=NOON) for n in range(200)]  # fmt: skip
    mixed = [*comments, *comments]
    random.Random(3).shuffle(mixed)
    live.worker()
    await live.put(COMMENTS_RAW, [(COMMENTS_RAW.key(one), msgspec.json.encode(one)) for one in mixed])
    await live.settled()
    account = live.check()["address"]
    assert account.count("duplicate") == 200
    assert account.count("replies") == 199
    assert account.count("waiting") == 0
    assert len(live.sent_by(live.stages()[1])) == 199
