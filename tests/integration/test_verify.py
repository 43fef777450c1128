"""``backtest verify`` on topics that a real worker wrote while it was killed again and again: equal, until somebody deletes and forges."""

import signal
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.engine import Message
from streams.kafka.connection import client_options
from streams.kafka.read import read_bounded
from streams.records import PileOn, Status
from streams.replay.from_recording import open_recording
from streams.topics import PILEONS, REPLIES
from tests.conftest import Another
from tests.parity.test_live_equals_replay import decisions
from tests.support.builders import pileon
from tests.support.live import ALL, Live, until
from tests.support.recorded import write_recording
from tests.support.recording import recording

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_PORTIONS = 6


@pytest.fixture
async def filled(another: Another) -> Live:
    """Return topics with dozens of pile-ons, written by a worker that was killed twice."""
    live: Live = await another(THREADWATCH_WORKER__BATCH="25", THREADWATCH_WORKER__TICK_EVERY="PT1S")
    worker, lines = live.worker(), recording().lines
    size = -(-len(lines) // _PORTIONS)
    for number in range(_PORTIONS):
        await live.put_lines(lines[number * size : (number + 1) * size])
        if number in (1, 3):
            worker.kill()
        await live.settled()
    await until("ticks have ended every case: what comes after changes nothing", partial(_has_ended, live))
    statuses = Counter(one.status for one in live.pileons())
    assert worker.restarts == 2
    assert statuses[Status.OPENED] >= 20 and statuses[Status.CLOSED] >= 10
    assert sum(one.decision == "escalate" for one in decisions(live)) >= 5
    return live


async def _has_ended(live: Live) -> bool:
    await live.settled()
    told = live.pileons()
    return {one.pileon_id for one in told} == {one.pileon_id for one in told if one.status is Status.CLOSED}


async def test_what_a_killed_worker_wrote_is_equal_until_one_transition_is_deleted_and_another_forged(filled: Live) -> None:
    out = filled.folder / "equal"
    done = await filled.command("backtest", "verify", "--out", str(out))
    assert done.returncode == 0, done.stderr
    found = _json(out)
    assert found["transitions"] == dict.fromkeys(("live", "replayed", "equal"), len(filled.pileons()))
    assert found["decisions"]["attested"] == found["decisions"]["equal"] >= 20
    assert (found["unexplained"], set(found["causes"].values()), found["approximate"]) == (0, {0}, [])
    assert (out / "differences.jsonl").read_bytes() == b""
    await _stopped(filled)
    before = await _everything(filled)
    raw = await filled.command("backtest", "verify", "--raw", "--out", str(filled.folder / "raw"))
    assert raw.returncode == 0, raw.stderr
    _made_again(_json(filled.folder / "raw"), found)
    await _recorded_and_altered(filled)
    assert await _everything(filled) == before, "verify writes nothing and joins no group"
    await _forged_on_the_topic(filled)
    await _another_configuration(filled)
    await _mistakes(filled)


def _made_again(found: dict[str, Any], of_log: dict[str, Any]) -> None:
    """What a source delivered in disorder raced live: seam 4's order makes other cases of some, and each difference has its proof."""
    assert (found["transitions"], found["raw"]["unscored"], found["raw"]["lost"]) == (of_log["transitions"], 0, 0)
    assert found["raw"]["transitions"]["equal"] >= found["transitions"]["live"] // 2
    assert found["raw"]["comments"] > 500 and found["raw"]["replies"] > 200


async def _recorded_and_altered(live: Live) -> None:
    files = {topic: live.folder / f"{topic}.rec" for topic in (REPLIES.name, PILEONS.name)}
    for topic, file in files.items():
        assert (await live.command("record", topic, "--out", str(file))).returncode == 0
    whole = await _verified(live, "whole", files[PILEONS.name], files[REPLIES.name])
    assert (whole["code"], whole["decisions"], whole["transitions"]["equal"]) == (0, None, len(live.pileons()))

    with open_recording(str(files[PILEONS.name]), PILEONS.name, "--pileons") as opened:
        messages = list(opened.messages())
    deleted = next(one for one in messages if _status(one) is Status.ONGOING)
    forged = msgspec.structs.replace(messages[-1], offset=messages[-1].offset + 1, value=msgspec.json.encode(pileon("forged")))
    altered = write_recording(live.folder / "altered.rec", PILEONS.name, [*(one for one in messages if one is not deleted), forged])
    found = await _verified(live, "altered", altered, files[REPLIES.name])
    gone = msgspec.json.decode(deleted.value or b"", type=PileOn)
    assert found["code"] == 1
    assert sorted((one["kind"], one["cause"], one["pileon_id"], one["revision"]) for one in found["differences"]) == [
        ("extra", "unexplained", "forged", 1),
        ("missing", "unexplained", gone.pileon_id, gone.revision),
    ]


async def _forged_on_the_topic(live: Live) -> None:
    """A worker that is away applies nothing more: what somebody else writes into its topic was not its work."""
    forged = pileon("forged", target_id="bob")
    await live.put(PILEONS, [(PILEONS.key(forged), msgspec.json.encode(forged))])
    done = await live.command("backtest", "verify", "--raw", "--out", str(live.folder / "forged"))
    assert done.returncode == 1, done.stderr
    assert "NOT EQUAL: 2 of " in done.stderr
    lines = map(msgspec.json.decode, (live.folder / "forged" / "differences.jsonl").read_bytes().splitlines())
    unexplained = [(one["pileon_id"], one.get("replayed_from", "replies")) for one in lines if one["cause"] == "unexplained"]
    assert unexplained == [("forged", "replies"), ("forged", "comments.raw")]


async def _another_configuration(live: Live) -> None:
    """What differs because of other settings is told as that: the state names its own. What was forged after all that is not."""
    (live.folder / "other.toml").write_text("[pileon]\nmin_hostile_authors = 6\n")
    done = await live.command("backtest", "verify", "--config", str(live.folder / "other.toml"), "--out", str(live.folder / "other"))
    causes = {name: count for name, count in _json(live.folder / "other")["causes"].items() if count}
    assert (done.returncode, sorted(causes), causes["unexplained"]) == (1, ["unexplained", "version"], 1), done.stderr
    assert causes["version"] >= 20 and "is --config the file of then?" in done.stderr


async def _mistakes(live: Live) -> None:
    for options, said in (
        (("--from", "2024-05-02", "--to", "2024-05-01"), "is not after"),
        (("--to", "2020-01-01"), "nothing arrived in replies in this period"),
        (("--prefix", "nobodys."), "is not on the broker"),
        (("--replies", "x.rec"), "belong together"),
    ):
        done = await live.command("backtest", "verify", *options)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert said in done.stderr


async def test_where_retention_took_the_beginning_what_began_before_is_told_as_that(filled: Live) -> None:
    await _stopped(filled)
    done = await filled.command("backtest", "verify", "--out", str(filled.folder / "equal"))
    assert done.returncode == 0, done.stderr
    await _cut(filled, REPLIES.name, 0.5)
    done = await filled.command("backtest", "verify", "--out", str(filled.folder / "cut"))
    found = _json(filled.folder / "cut")
    assert found["causes"]["approximate start"] > 0, done.stderr
    assert found["approximate"] and "APPROXIMATE START" in done.stderr


async def _groups(live: Live) -> list[tuple[Any, ...]]:
    admin = AIOKafkaAdminClient(**client_options(live.settings))
    await admin.start()
    try:
        return list(await admin.list_consumer_groups())
    finally:
        await admin.close()


async def _cut(live: Live, topic: str, share: float) -> None:
    await live.forget_before(topic, {part[0].partition: part[int(len(part) * share)].offset for part in live.log(topic)})


async def _stopped(live: Live) -> None:
    for worker in live.workers:
        worker.send(signal.SIGTERM)
        assert await worker.exited() == 0


async def _everything(live: Live) -> list[Any]:
    """Return the last offsets of every topic that verify reads, and every group of the broker with what it has committed."""
    ends: list[Any] = [sorted(await _groups(live)), *[await live.committed(stage) for stage in ALL]]
    for topic in (REPLIES.name, PILEONS.name, "state.pileon", "state.alert", "deliveries"):
        last: dict[int, int] = {}
        async for batch in read_bounded(live.settings, topic):
            last |= {one.partition: one.offset for one in batch}
        ends.append(last)
    return ends


async def _verified(live: Live, name: str, pileons: Path, replies: Path) -> dict[str, Any]:
    out = live.folder / name
    done = await live.command("backtest", "verify", "--replies", str(replies), "--pileons", str(pileons), "--out", str(out))
    lines = (out / "differences.jsonl").read_bytes().splitlines()
    return _json(out) | {"code": done.returncode, "differences": [msgspec.json.decode(line) for line in lines]}


def _json(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((out / "verify.json").read_bytes())
    return found


def _status(message: Message) -> Status:
    return msgspec.json.decode(message.value or b"", type=PileOn).status
