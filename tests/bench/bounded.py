"""Bounded reads and replays from the broker: records a second, wall and CPU, beside plain aiokafka and msgspec as the limit.

Of comments with scores that were given before, and of replies as they were scored and addressed live. Replays of a quarter of the
records and of all of them stand side by side: memory that grows with the period would be seen.
"""

import argparse
import asyncio
import gc
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from streams.engine import decoder_of
from streams.kafka.admin import create_topics
from streams.kafka.batches import Outgoing, send_all
from streams.kafka.connection import client_options, topic_name
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.jars import fetch_jars
from streams.kafka.produce import send_records_async, started_producer
from streams.kafka.read import bounded
from streams.records import Comment, ScoredComment
from streams.replay.beside import Beside, scores_of_topic
from streams.replay.folder import Folder
from streams.replay.from_file import How, replay
from streams.replay.from_topic import FromTopic
from streams.replay.plan import planned, stages_before
from streams.replay.recorded import Cut
from streams.replay.replies import plan as of_replies
from streams.replay.replies.fold import WRITTEN, records_of
from streams.replay.replies.logs import open_topic
from streams.replay.replies.run import How as HowOfReplies
from streams.replay.replies.run import replay as replay_replies
from streams.replay.reuse import Scores
from streams.replay.taken import Asked
from streams.scorers import Toxicity, open_scorer
from streams.settings import Settings, load
from streams.sources.sample import sample
from streams.stages.score import scored
from streams.stages.step import Arrived
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, REPLIES, Topic
from tests.bench.machine import machine
from tests.bench.memory import Peak
from tests.support.invented import over_partitions

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ROUNDS = 3


def print_bounded(folder: Path, records: int) -> None:
    """Fill the topics on an embedded broker, and print what reading and replaying them takes."""
    folder.mkdir(exist_ok=True)
    broker = EmbeddedBroker(folder / "kafka")
    address = broker.start(fetch_jars(Path(".threadwatch") / "kafka-jars"))
    try:
        settings = load({}, options={"kafka.bootstrap": address, "data": str(folder)})
        quarter = asyncio.run(_fill(settings, records))
        print_reads(settings, COMMENTS_SCORED)
        for processes, part in ((1, 4), (1, 1), (2, 4), (2, 1)):
            what = f"all stages, scores reused, {_shared(processes, part)}"
            print_measured(what, partial(_replayed, settings, folder, processes, _NOW if part == 1 else quarter), rounds=1)
        middle = asyncio.run(fill_replies(settings, records))
        print_reads(settings, REPLIES)
        for processes, end in ((1, middle), (1, None), (2, middle), (2, None)):
            what = f"from replies, {_shared(processes, 4 if end else 1)}"
            print_measured(what, partial(from_replies, settings, folder, processes, end), rounds=1)
    finally:
        broker.stop()


def _shared(processes: int, part: int) -> str:
    return f"{processes} process{'es' * (processes > 1)}, {'all' if part == 1 else 'a quarter'}"


def print_reads(settings: Settings, topic: Topic, rounds: int = _ROUNDS) -> None:
    """Print what reading a topic to its end takes: plainly, and by our own."""
    print_measured(f"{topic.name}: aiokafka.getmany + msgspec (the limit)", partial(_plain, settings, topic), rounds)
    print_measured(f"{topic.name}: our bounded read, decoded", partial(_ours, settings, topic), rounds)


async def _fill(settings: Settings, records: int) -> datetime:
    """Fill the topics of comments, and return a time before which a quarter of the comments had arrived."""
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


async def fill_replies(settings: Settings, records: int) -> datetime:
    """Fill ``replies`` with what is invented, and return a time before which the broker had got a quarter of it."""
    name, coming, quarter = topic_name(settings, REPLIES.name), over_partitions(records), None
    async with started_producer(settings) as producer:
        sent = 0
        while some := list(islice(coming, 20_000)):
            await send_all(producer, (Outgoing(name, partition, key, value) for partition, key, value, _ in some))
            sent += len(some)
            if quarter is None and sent * 4 >= records:
                await asyncio.sleep(0.05)
                quarter = datetime.now(UTC)
                await asyncio.sleep(0.05)
    return quarter or datetime.now(UTC)


def _plain(settings: Settings, topic: Topic) -> int:
    return asyncio.run(_plainly(settings, topic))


async def _plainly(settings: Settings, topic: Topic) -> int:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    decode, count = msgspec.json.Decoder(topic.record).decode, 0
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=None, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topic_name(settings, topic.name), number) for number in range(4)]
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


def _ours(settings: Settings, topic: Topic) -> int:
    return asyncio.run(_our_own(settings, topic))


async def _our_own(settings: Settings, topic: Topic) -> int:
    count = 0
    async with bounded(settings, topic.name) as reading:
        async for batch in reading.columns():
            count += len(_decoded(topic, batch.values))
    return count


def _decoded(topic: Topic, values: list[bytes | None]) -> Iterable[Any]:
    if topic is REPLIES:
        return records_of(values)
    read = decoder_of(topic)
    return [read(value) for value in values]


def from_replies(settings: Settings, folder: Path, processes: int, end: datetime | None = None) -> int:
    """Replay ``replies``, or what the broker had got by a time, and return how many messages there were."""
    asked = Asked(end=end)
    log = open_topic(settings, asked)
    with Folder(folder / "of-replies", force=True, lines=WRITTEN) as out:
        plan = of_replies.planned(settings, log.live)
        found = replay_replies(plan, log, asked, out, lambda _done, _of: None, Cut(), HowOfReplies(processes))
    return sum(found.partitions.values())


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


def print_measured(what: str, run: Callable[[], int], rounds: int = _ROUNDS) -> None:
    """Run it a few times, each in a process of its own, and print the medians; memory is of all its processes together."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:  # it may start its own
        found = [pool.submit(_measured, run).result() for _ in range(rounds)]
    records = found[0][0]
    wall, cpu, memory = (statistics.median(column) for column in list(zip(*found, strict=True))[1:])
    print(
        f"{what:<58} {records:10,} records: {records / wall:9,.0f} a second, {records / cpu:9,.0f} a CPU second, {memory:5,.0f} MiB"
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
