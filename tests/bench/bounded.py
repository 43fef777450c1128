"""Bounded reads and replays from the broker: records a second, wall and CPU, beside plain aiokafka and msgspec as the limit.

Replays of a quarter of the records and of all of them stand side by side: memory that grows with the period would be seen.
"""

import argparse
import asyncio
import gc
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from streams.engine import decoder_of
from streams.kafka.admin import create_topics
from streams.kafka.connection import client_options, topic_name
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.jars import fetch_jars
from streams.kafka.produce import send_records_async
from streams.kafka.read import bounded
from streams.records import Comment, ScoredComment
from streams.replay.beside import Beside, scores_of_topic
from streams.replay.folder import Folder
from streams.replay.from_file import How, replay
from streams.replay.from_topic import FromTopic
from streams.replay.plan import planned, stages_before
from streams.replay.reuse import Scores
from streams.replay.taken import Asked
from streams.scorers import Toxicity, open_scorer
from streams.settings import Settings, load
from streams.sources.sample import sample
from streams.stages.score import scored
from streams.stages.step import Arrived
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED
from tests.bench.machine import machine
from tests.bench.memory import Peak

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ROUNDS = 3


def print_bounded(folder: Path, records: int) -> None:
    """Fill the two topics of comments on an embedded broker, and print what reading and replaying them takes."""
    folder.mkdir(exist_ok=True)
    broker = EmbeddedBroker(folder / "kafka")
    address = broker.start(fetch_jars(Path(".threadwatch") / "kafka-jars"))
    try:
        settings = load({}, options={"kafka.bootstrap": address, "data": str(folder)})
        quarter = asyncio.run(_fill(settings, records))
        _print("plain aiokafka.getmany + msgspec (the limit)", partial(_plain, settings), records)
        _print("our bounded read of comments.scored, decoded", partial(_ours, settings), records)
        for processes, part in ((1, 4), (1, 1), (2, 4), (2, 1)):
            what = f"replay, reused, {processes} process{'es' * (processes > 1)}, {'all' if part == 1 else 'a quarter'}"
            _print(what, partial(_replayed, settings, folder, processes, _NOW if part == 1 else quarter), records // part, rounds=1)
    finally:
        broker.stop()


async def _fill(settings: Settings, records: int) -> datetime:
    """Fill the topics, and return a time before which a quarter of the comments had arrived."""
    await create_topics(settings)
    comments = list(sample(_NOW, records))
    await send_records_async(settings, COMMENTS_RAW, comments)
    known: dict[str, Toxicity] = {}
    scorer = open_scorer("linear")

    def made(comment: Comment) -> ScoredComment:
        text = comment.text or ""
        if text not in known:
            (known[text],) = scorer.score([text])
        (record,) = scored(Arrived(comment, comment.ingested_at or comment.created_at), known[text], False, scorer.name).outputs
        return record  # type: ignore[no-any-return]

    await send_records_async(settings, COMMENTS_SCORED, map(made, comments))
    return sorted(one.ingested_at or one.created_at for one in comments)[records // 4]


def _plain(settings: Settings) -> int:
    return asyncio.run(_plainly(settings))


async def _plainly(settings: Settings) -> int:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    decode, count = msgspec.json.Decoder(ScoredComment).decode, 0
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topic_name(settings, COMMENTS_SCORED.name), number) for number in range(4)]
        consumer.assign(places)
        of = sum((await consumer.end_offsets(places)).values())
        while count < of:
            for messages in (await consumer.getmany(timeout_ms=500)).values():
                for message in messages:
                    decode(message.value)
                count += len(messages)
    finally:
        await consumer.stop()
    return count


def _ours(settings: Settings) -> int:
    return asyncio.run(_our_own(settings))


async def _our_own(settings: Settings) -> int:
    read, count = decoder_of(COMMENTS_SCORED), 0
    async with bounded(settings, COMMENTS_SCORED.name) as reading:
        async for batch in reading.in_order():
            for message in batch:
                read(message.value)
            count += len(batch)
    return count


def _replayed(settings: Settings, folder: Path, processes: int, until: datetime) -> int:
    scores = Scores()
    end = None if until == _NOW else until
    topic = FromTopic(settings, COMMENTS_RAW.name, Asked(end=end))
    with Beside(topic, scores, scores_of_topic(settings, Asked())) as input_:
        plan = planned(settings, scores.by(open_scorer(settings.scorer).name))
        how = How(processes=processes, stages=partial(stages_before, settings, plan.scorer, is_reused=True))
        with Folder(folder / "out", force=True) as out:
            found = replay(plan, input_.comments(), out, attested=True, how=how)
    return found.raw["records"]


def _print(what: str, run: Callable[[], int], records: int, rounds: int = _ROUNDS) -> None:
    """Run it a few times, each in a process of its own, and print the medians."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:  # it may start its own
        found = [pool.submit(_measured, run).result() for _ in range(rounds)]
    assert all(abs(one[0] - records) <= records // 100 for one in found), found
    records = found[0][0]
    wall, cpu, memory = (statistics.median(column) for column in list(zip(*found, strict=True))[1:])
    print(
        f"{what:<46} {records:9,} records: {records / wall:9,.0f} a second, {records / cpu:9,.0f} a CPU second, {memory:5,.0f} MiB"
        f" ({rounds} run{'s' * (rounds > 1)})",
        flush=True,
    )


def _measured(run: Callable[[], int]) -> tuple[int, float, float, float]:
    gc.collect()
    began, spent = time.monotonic(), _cpu()
    with Peak() as peak:
        count = run()
    return count, time.monotonic() - began, _cpu() - spent, peak.mib


def _cpu() -> float:
    """Return CPU seconds of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Print the figures of bounded reads alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bounded", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    asked = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="threadwatch-bench-") as folder:
        print_bounded(Path(folder), asked.records)


if __name__ == "__main__":
    main()
