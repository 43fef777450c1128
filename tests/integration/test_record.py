"""``threadwatch record`` on the real broker: what it holds into a file, and the file gives what the topic gives."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.engine import Message
from streams.kafka.connection import client_options, topic_name
from streams.kafka.produce import open_producer
from streams.kafka.read import bounded, read_bounded
from streams.replay.folder import LINES, SUMMARY
from streams.replay.reading import Opened
from streams.replay.recording import Recording
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, PILEONS, REPLIES, Topic
from tests.support.builders import NOON, comment
from tests.support.live import Live
from tests.support.recording import recording

pytestmark = pytest.mark.kafka
RAW = COMMENTS_RAW.name


async def on_the_broker(live: Live, topic: Topic) -> list[Message]:
    """Return a topic's messages as the broker has them, a partition after the other."""
    found = [message async for batch in read_bounded(live.settings, topic.name) for message in batch]
    return [msgspec.structs.replace(one, topic=topic.name) for one in sorted(found, key=lambda one: (one.partition, one.offset))]


def recorded(file: Path) -> list[Message]:
    with Opened(str(file)) as opened:
        return list(Recording(opened.stream, str(file)).messages())


async def taken(live: Live, topic: str = RAW, *options: str, name: str = "a.rec") -> Path:
    done = await live.command("record", topic, "--out", str(live.folder / name), *options)
    assert done.returncode == 0, done.stderr
    return live.folder / name


async def results(live: Live, name: str, *options: str) -> dict[str, bytes]:
    """Return what a replay writes, by file."""
    done = await live.command("replay", "--out", str(live.folder / name), *options)
    assert done.returncode == 0, done.stderr
    return {file: (live.folder / name / file).read_bytes() for file in (*(f"{line}.jsonl" for line in LINES), SUMMARY)}


@pytest.fixture
async def filled(live: Live) -> Live:
    """Return an instance with comments in all partitions, unreadable bytes and empty messages among them."""
    await live.put_lines(recording().lines)
    await live.put(COMMENTS_RAW, [(b"key", None), (None, b""), (b"\xff", b"\x00\xfe")])
    return live


async def test_a_recording_holds_every_message_byte_for_byte_and_twice_it_is_the_same_file(filled: Live):
    file, again = await taken(filled), await taken(filled, name="b.rec")
    assert recorded(file) == await on_the_broker(filled, COMMENTS_RAW)
    assert file.read_bytes() == again.read_bytes()
    assert len(recorded(file)) > 800 and {one.partition for one in recorded(file)} == {0, 1, 2, 3}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in filled.folder.glob("*.unfinished-*")] == []


async def test_a_recording_replayed_gives_the_bytes_that_the_topic_gives(filled: Live):
    file = await taken(filled)
    offline = {"THREADWATCH_KAFKA": "127.0.0.1:9"}
    from_topic = await results(filled, "topic", "--topic", RAW)
    filled.environment |= offline
    from_file = await results(filled, "file", "--file", str(file))
    assert from_topic == from_file
    assert len(from_topic["pileons.jsonl"]) > 10_000 and from_topic["dead-letters.jsonl"].count(b"\n") >= 3


async def test_a_recording_of_a_period_gives_what_the_topic_gives_for_it(filled: Live):
    period = ("--from", "2024-05-01T14:00", "--to", "2024-05-02T03:00")
    part = await taken(filled, RAW, *period, name="part.rec")
    whole = await taken(filled)
    cold = (*period, "--warm-up", "0")
    from_topic = await results(filled, "topic", "--topic", RAW, *cold)
    assert from_topic == await results(filled, "part", "--file", str(part))
    assert from_topic == await results(filled, "whole", "--file", str(whole), *cold)
    warm = await results(filled, "warm", "--topic", RAW, *period)
    assert warm == await results(filled, "warm-file", "--file", str(whole), *period)
    assert warm["pileons.jsonl"] != from_topic["pileons.jsonl"]
    assert 100 < from_topic["scored.jsonl"].count(b"\n") < len(recorded(whole)) - 100
    assert part.stat().st_size < whole.stat().st_size


async def test_a_backtest_of_a_recording_is_that_of_the_topic(filled: Live):
    file, config = await taken(filled), filled.folder / "new.toml"
    config.write_text("[pileon]\nmin_hostile_authors = 5\n")
    found = []
    for name, options in (("topic", ("--topic", RAW)), ("file", ("--file", str(file)))):
        done = await filled.command("backtest", "run", *options, "--config", str(config), "--out", str(filled.folder / name))
        assert done.returncode == 0, done.stderr
        found.append({one.name: one.read_bytes() for one in (filled.folder / name).iterdir()})
    assert found[0] == found[1]


async def test_what_was_never_committed_is_not_recorded_and_markers_leave_holes(live: Live):
    name = topic_name(live.settings, PILEONS.name)
    producer = open_producer(live.settings, f"{live.settings.kafka.prefix}record")
    await producer.start()
    try:
        for number, ends_well in enumerate((True, False, True)):
            await producer.begin_transaction()
            await producer.send(name, b"%d" % number, key=b"k", partition=0)
            await (producer.commit_transaction() if ends_well else producer.abort_transaction())
    finally:
        await producer.stop()
    file = await taken(live, PILEONS.name)
    assert [(one.offset, one.value) for one in recorded(file)] == [(0, b"0"), (4, b"2")]
    with Opened(str(file)) as opened:
        part = Recording(opened.stream, "a").header.partitions[0]
    assert (part.start, part.end, part.first, part.last) == (0, 6, 0, 4)


async def test_replies_and_pile_ons_are_recorded_by_the_brokers_time(live: Live):
    await live.put(REPLIES, [(b"k", b"1"), (b"k", b"2")])
    await asyncio.sleep(0.05)
    await live.put(REPLIES, [(b"k", b"3")])
    at = [message.timestamp_ms for message in await on_the_broker(live, REPLIES)]
    middle = f"{(NOON.fromtimestamp(at[-1] / 1000, NOON.tzinfo)).isoformat()}"
    before, after = await taken(live, REPLIES.name, "--to", middle), await taken(live, REPLIES.name, "--from", middle, name="b.rec")
    assert [[one.value for one in recorded(file)] for file in (before, after)] == [[b"1", b"2"], [b"3"]]


async def test_what_is_written_after_the_end_was_taken_is_not_read(live: Live):
    await live.send([comment(f"c{n}") for n in range(10)])
    async with bounded(live.settings, RAW) as reading:
        await live.send([comment(f"late{n}") for n in range(10)])
        found = [message async for batch in reading.in_order() for message in batch]
    assert len(found) == 10 == reading.size == reading.passed(found[-1].partition, found[-1].offset)


async def test_reading_leaves_no_trace_on_the_broker(filled: Live):
    before = await groups(filled), len(await on_the_broker(filled, COMMENTS_RAW))
    await taken(filled)
    await results(filled, "out", "--topic", RAW)
    assert (await groups(filled), len(await on_the_broker(filled, COMMENTS_RAW))) == before


async def groups(live: Live) -> list[str]:
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        return sorted(map(str, await admin.list_consumer_groups()))
    finally:
        await admin.close()


async def test_what_cannot_be_is_one_line_and_leaves_no_file(live: Live):
    out = live.folder / "a.rec"
    out.write_text("mine")
    cases = {
        ("record", RAW, "--out", str(out)): "is there already; name another file, or add --force",
        ("record", "feedback", "--out", "x.rec"): "there is nothing to record but comments.raw, comments.scored, replies, pileons",
        ("record", RAW, "--out", str(live.folder)): "is a folder; name a file",
        ("record", RAW, "--out", str(live.folder / "no" / "x.rec")): "cannot be written (No such file or directory)",
        ("record", RAW, "--out", "x.rec", "--from", "2024-05-02", "--to", "2024-05-01"): "is not after --from",
        ("record", RAW, "--out", str(live.folder / "b.rec"), "--prefix", "not-there."): "is not on the broker",
    }
    for command, words in cases.items():
        done = await live.command(*command)
        assert (done.returncode, done.stderr.count("\n"), words in done.stderr) == (2, 1, True), done.stderr
    assert (out.read_text(), [one.name for one in live.folder.iterdir() if "rec" in one.name]) == ("mine", ["a.rec"])
    await live.send([comment("c1")])
    await taken(live, RAW, "--force")
    assert len(recorded(out)) == 1


async def test_a_disk_that_is_full_is_one_line_and_leaves_no_file(live: Live):
    await live.put(COMMENTS_RAW, [(None, os.urandom(8000))])
    out = live.folder / "a.rec"
    line = f"ulimit -f 2; exec {sys.executable} -m streams record comments.raw --out {out}"
    done = await asyncio.to_thread(
        subprocess.run, ["bash", "-c", line], env=os.environ | live.environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, f"threadwatch: --out: {out} cannot be written (File too large)\n")
    assert [one.name for one in live.folder.iterdir()] == []


async def test_scores_that_a_worker_gave_make_the_same_files_as_scoring_again(filled: Live):
    worker = filled.worker("--stages", "score")
    await filled.settled(["score"])
    await asyncio.to_thread(worker.stop)
    filled.workers.clear()
    raw, scored = await taken(filled), await taken(filled, COMMENTS_SCORED.name, name="scored.rec")
    again = await results(filled, "again", "--topic", RAW)
    assert again == await results(filled, "reused", "--topic", RAW, "--scores", "reuse")
    assert again == await results(filled, "recorded", "--file", str(raw), "--scores", "reuse", "--scored", str(scored))
    period = ("--from", "2024-05-01T14:00", "--to", "2024-05-02T03:00")
    assert await results(filled, "part", "--topic", RAW, *period) == await results(
        filled, "r", "--topic", RAW, "--scores", "reuse", *period
    )
    await filled.send([comment("c-new")])
    done = await filled.command("replay", "--topic", RAW, "--scores", "reuse", "--out", str(filled.folder / "no"))
    assert (done.returncode, "1 not at all (not yet, or gone with retention)" in done.stderr) == (2, True), done.stderr
