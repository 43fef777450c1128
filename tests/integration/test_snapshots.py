"""Once a day a stage's state is written down: whole, once, as the log made it, whoever is killed meanwhile; and a replay starts from it."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.engine import Effects, Message, fold
from streams.kafka.batches import partition_of, partitions_of
from streams.kafka.connection import client_options, topic_name
from streams.kafka.produce import started_producer
from streams.kafka.read import read_bounded
from streams.kafka.snapshots import WHOLE, Closing, digest, key_of, midnight, packed, wholes
from streams.records import PileOn, Tick
from streams.replay.folder import SUMMARY
from streams.replay.reach import Start
from streams.replay.start import opened
from streams.stages.step import Arrived
from streams.topics import REPLIES, snapshots_topic
from tests.conftest import Another
from tests.integration.test_live_kills import FaultyWorker
from tests.support import oracle
from tests.support.builders import DAY, HOUR, NOON, reply
from tests.support.faulty import BEFORE_COMMIT, BEFORE_SEND, POINTS
from tests.support.live import Live, until

pytestmark = pytest.mark.kafka

DAYS = 7
TOPIC = snapshots_topic("pileon")


async def dated(live: Live) -> None:
    """Let writers date their messages, as only a test may: a broker's own clock passes one midnight a day."""
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        configs = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic_name(live.settings, REPLIES.name), configs)])
    finally:
        await admin.close()


async def put(live: Live, replies: Sequence[tuple[datetime, bytes, bytes]]) -> None:
    name = topic_name(live.settings, REPLIES.name)
    async with started_producer(live.settings) as producer:
        count = await partitions_of(producer, name)
        for at, key, value in replies:
            where = partition_of(key, count)
            await producer.send_and_wait(name, value, key=key, partition=where, timestamp_ms=int(at.timestamp() * 1000))


def said() -> list[tuple[datetime, bytes, bytes]]:
    """Return replies of a week to five people: every day some, and none on the third; the same people come again."""
    found = []
    for day in (day for day in range(DAYS) if day != 2):
        for n in range(40):
            at = NOON + day * DAY + (n - 20) * 0.5 * HOUR
            told = reply(f"p{n % 9}", at, target_id=f"t{n % 5}", comment_id=f"c{day}-{n}", hostility=0.9 if n % 3 else 0.05)
            found.append((at, REPLIES.key(told), msgspec.json.encode(told)))
    return found


async def stored(live: Live) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = {}
    async for batch in read_bounded(live.settings, TOPIC):
        found.setdefault(batch[0].partition, []).extend(batch)
    return found


def expected(log: Sequence[Message], arrived: Sequence[Arrived], live: Live) -> dict[tuple[int, int], dict[bytes, bytes]]:
    """Return (midnight, offset) → the state that a fold of the log up to there gives."""
    stage, found = live.stages()[2], {}
    for number, (before, after) in enumerate(pairwise(log), 1):
        if midnight(before.timestamp_ms) < midnight(after.timestamp_ms):
            found[midnight(after.timestamp_ms), before.offset] = oracle.state_of(stage, arrived[:number])
    return found


async def checked(live: Live) -> int:
    """Check every partition's snapshots, and return how many there are."""
    written, count = await stored(live), 0
    for log, arrived in zip(live.log(REPLIES.name), live.arrived(REPLIES), strict=True):
        messages = written.get(log[0].partition, [])
        found = {(one.closing.as_of_ms, one.closing.offset): one.entries for one in wholes(messages)}
        assert found == expected(log, arrived, live)
        closed = Counter(message.key for message in messages if json_part(message) == WHOLE)
        assert set(closed.values()) <= {1} and len(closed) == len(found)
        values: dict[bytes | None, set[bytes | None]] = {}
        for message in messages:
            values.setdefault(message.key, set()).add(message.value)
        assert all(len(one) == 1 for one in values.values()), "one key, two contents"
        count += len(found)
    return count


def json_part(message: Message) -> str:
    return str(msgspec.json.decode(message.key or b"")[2])


@pytest.mark.slow
async def test_whoever_is_killed_around_midnight_each_day_has_one_whole_snapshot_that_the_log_makes(another: Another):
    live: Live = await another(THREADWATCH_WORKER__BATCH="500")
    await dated(live)
    # One person, one partition: a transaction is a day's messages, the parts of what was known before them, or their end.
    one = [each for each in said() if each[1] == said()[0][1]]
    await put(live, one)
    faults = ",".join(f"{point}@pileon" for point in (*POINTS, BEFORE_SEND, BEFORE_COMMIT))
    worker = live.worker("--stages", "pileon", make=FaultyWorker, FAULTS=faults, FAULTS_MET=str(live.folder / "met"))
    await until("it was killed everywhere", lambda: worker.restarts == faults.count(",") + 1, within=240)
    await live.settled(["pileon"])
    live.check(["pileon"])
    assert await checked(live) >= DAYS - 2


async def test_a_stage_goes_on_from_a_snapshot_as_it_went_on_live_and_what_is_torn_is_passed_over(live: Live):
    await dated(live)
    await put(live, said())
    live.worker("--stages", "pileon")
    await live.settled(["pileon"])
    assert await checked(live) >= 2 * (DAYS - 2)
    for log, arrived in zip(live.log(REPLIES.name), live.arrived(REPLIES), strict=True):
        partition = log[0].partition
        await _starts(live, log, arrived)
        before = await _opened(live, partition, NOON + 5 * DAY)
        await _tear(live, partition, before.offset)
        assert await _opened(live, partition, NOON + 5 * DAY) == before


async def _starts(live: Live, log: Sequence[Message], arrived: Sequence[Arrived]) -> None:
    stage, partition = live.stages()[2], log[0].partition
    first = await _opened(live, partition, NOON - 10 * DAY)
    assert (first.entries, first.offset, first.start) == ({}, -1, Start.BEGINNING)
    for before, day in ((NOON + 3 * DAY, 3), (NOON + 2 * DAY, 1), (datetime(2024, 5, 6, tzinfo=UTC), 5)):
        found = await _opened(live, partition, before)
        assert found.start is Start.SNAPSHOT and found.as_of == datetime(2024, 5, 1 + day, tzinfo=UTC)
        rest = [one for message, one in zip(log, arrived, strict=True) if message.offset > found.offset]
        assert all(one.at >= found.as_of for one in rest if not isinstance(one.record, Tick)) and len(rest) < len(arrived)
        effects = Effects()
        fold(stage, rest, found.store(stage), effects)
        whole = Effects()
        fold(stage, arrived, stage.new_store(), whole)
        assert effects.outputs == whole.outputs[len(whole.outputs) - len(effects.outputs) :]
        assert found.entries | effects.entries == {key: effects.entries.get(key, whole.entries[key]) for key in whole.entries}


async def _opened(live: Live, partition: int, before: datetime):
    return await opened(live.settings, live.stages()[2], partition, before)


async def _tear(live: Live, partition: int, offset: int) -> None:
    """Write what a killed worker leaves, and what nobody wrote: parts without an end, and an end without its parts."""
    day = int((NOON + 4.5 * DAY).timestamp() * 1000)
    (part,) = packed({b"key": b"value"})
    closing = Closing(
        as_of_ms=day, offset=offset + 1, timestamp_ms=day, state_version=2, config="", entries=1, parts=2, sha256=digest([part])
    )
    async with started_producer(live.settings) as producer:
        for key, value in (
            (key_of(day, offset, 0), part),
            (key_of(day, offset + 1, 0), part),
            (key_of(day, offset + 1, WHOLE), msgspec.json.encode(closing)),
        ):
            await producer.send_and_wait(topic_name(live.settings, TOPIC), value, key=key, partition=partition)


async def test_a_snapshot_of_a_topic_that_was_made_anew_or_has_lost_what_follows_is_passed_over(live: Live):
    await dated(live)
    await put(live, said())
    (partition, *_) = sorted({partition_of(key, 4) for _, key, _ in said()})
    (part,) = packed({b"key": b"value"})
    day = midnight(int((NOON + 3 * DAY).timestamp() * 1000))
    good = Closing(as_of_ms=day, offset=2, timestamp_ms=0, state_version=2, config="", entries=1, parts=1, sha256=digest([part]))
    log = [message async for batch in read_bounded(live.settings, REPLIES.name, [partition]) for message in batch]
    good = msgspec.structs.replace(good, timestamp_ms=log[2].timestamp_ms)
    for number, (closing, start) in enumerate(
        (
            (msgspec.structs.replace(good, timestamp_ms=1), Start.BEGINNING),
            (msgspec.structs.replace(good, offset=10**6), Start.BEGINNING),
            (msgspec.structs.replace(good, state_version=99), Start.BEGINNING),
            (good, Start.SNAPSHOT),
        )
    ):
        later = msgspec.structs.replace(closing, as_of_ms=day + number * 1000)
        async with started_producer(live.settings) as producer:
            for key, value in (
                (key_of(later.as_of_ms, later.offset, 0), part),
                (key_of(later.as_of_ms, later.offset, WHOLE), msgspec.json.encode(later)),
            ):
                await producer.send_and_wait(topic_name(live.settings, TOPIC), value, key=key, partition=partition)
        assert (await _opened(live, partition, NOON + 4 * DAY)).start is start


async def test_no_snapshot_is_written_where_the_setting_says_so(another: Another):
    live: Live = await another(THREADWATCH_SNAPSHOTS__DAILY="false")
    await dated(live)
    await put(live, said())
    live.worker("--stages", "pileon")
    await live.settled(["pileon"])
    assert await stored(live) == {}


RULE = {"WINDOW": "PT12H", "CASE_LENGTH": "PT6H", "MIN_HOSTILE_AUTHORS": "3"}
SINCE = NOON + 4 * DAY + 3 * HOUR


async def replayed(live: Live, name: str, *options: str) -> tuple[dict[str, Any], dict[str, list[bytes]]]:
    """Return the account of a replay of ``replies`` and its lines."""
    done = await live.command("replay", "--topic", "replies", "--out", str(live.folder / name), *options)
    assert done.returncode == 0, done.stderr
    found = msgspec.json.decode((live.folder / name / SUMMARY).read_bytes()) | {"said": done.stderr}
    return found, {kind: (live.folder / name / f"{kind}.jsonl").read_bytes().splitlines() for kind in ("pileons", "alerts")}


async def test_a_replay_of_replies_begins_at_a_snapshot_and_is_the_end_of_the_whole_byte_for_byte(another: Another):
    live: Live = await another(**{f"THREADWATCH_PILEON__{name}": value for name, value in RULE.items()})
    await dated(live)
    await put(live, said())
    live.worker("--stages", "pileon,alert")
    await live.at_rest(["pileon", "alert"])
    whole, every = await replayed(live, "whole")
    found, lines = await replayed(live, "found", "--from", SINCE.isoformat())
    assert (whole["start"], found["start"]) == ("beginning", "snapshot") and "start: snapshot (what the live stages" in found["said"]
    assert 0 < found["warm_up_days"] < 1 and found["warm_up"]["replies"]["records"] < 40
    cold, other = await replayed(live, "cold", "--from", SINCE.isoformat(), "--warm-up", "0")
    for kind, some in lines.items():
        assert len(every[kind]) > len(some) > 5
        assert all(_by_case(every[kind])[case][-len(told) :] == told for case, told in _by_case(some).items()), kind
        assert set(some) >= {line for line, told in zip(every[kind], every["pileons"], strict=True) if _at(told) >= SINCE}
    assert cold["start"] == "approximate" and sorted(other["pileons"]) != sorted(lines["pileons"])
    assert _open(whole) == _open(found) and found["warm_up"]["carried"]["open_pileons"] > 0
    (live.folder / "other.toml").write_text("[pileon]\nmin_growth = 0.3\n")
    changed, _ = await replayed(live, "other", "--from", SINCE.isoformat(), "--config", str(live.folder / "other.toml"))
    assert changed["start"] in ("beginning", "approximate"), "other settings would have known something else"


def _by_case(lines: Sequence[bytes]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for line in lines:
        found.setdefault(msgspec.json.decode(line)["pileon_id"], []).append(line)
    return found


def _at(line: bytes) -> datetime:
    return msgspec.json.decode(line, type=PileOn).updated_at


def _open(account: dict[str, Any]) -> int:
    carried = account["warm_up"]["carried"]["open_pileons"] if account["warm_up"] else 0
    return int(carried + account["pileons"]["opened"] - account["pileons"]["closed"])
