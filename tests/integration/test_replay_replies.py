"""``replay --topic replies`` on the real broker: what the worker made of its log, byte for byte; and who scored and addressed it."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.engine import Effects, fold, moment
from streams.kafka.read import bounded
from streams.records import Status
from streams.replay.folder import SUMMARY
from streams.replay.replies.fold import WRITTEN
from streams.scorers import open_scorer
from streams.settings import topology_config
from streams.topics import PILEONS, REPLIES
from streams.topology import config_hash
from tests.support.live import KEY, Live, until
from tests.support.recording import recording

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
CLOSES = 10


@pytest.fixture
async def worked(live: Live) -> Live:
    """Return an instance whose workers have done all, killed and started again meanwhile, and whose ticks have ended what was quiet."""
    lines = recording().lines
    worker = live.worker(THREADWATCH_WORKER__TICK_EVERY="PT1S")
    await live.put_lines(lines[: len(lines) // 2])
    await live.settled()
    worker.kill()
    await live.put_lines(lines[len(lines) // 2 :])
    await live.settled()
    await until("ticks have ended what was quiet", partial(_has_closed, live))
    await asyncio.to_thread(worker.stop)
    await live.settled()
    return live


async def _has_closed(live: Live) -> bool:
    await live.settled()
    return sum(one.status is Status.CLOSED for one in live.pileons()) >= CLOSES


async def replayed(live: Live, out: str, *options: str) -> dict[str, bytes]:
    done = await live.command("replay", "--out", str(live.folder / out), *options)
    assert done.returncode == 0, done.stderr
    return {name: (live.folder / out / name).read_bytes() for name in (*(f"{one}.jsonl" for one in WRITTEN), SUMMARY)}


async def test_it_is_what_the_worker_made_of_its_log_byte_for_byte(worked: Live) -> None:
    found = await replayed(worked, "out", "--topic", "replies", "--processes", "2")
    assert found["pileons.jsonl"].splitlines() == [one.value for partition in worked.log(PILEONS.name) for one in partition]
    assert found["alerts.jsonl"].splitlines() == decided(worked)
    account: dict[str, Any] = msgspec.json.decode(found[SUMMARY])
    assert account["pileons"]["opened"] >= 20 and account["pileons"]["closed"] >= CLOSES and account["replies"]["ticks"] > 0
    assert account["replies"]["records"] + account["replies"]["ticks"] == sum(map(len, worked.log(REPLIES.name)))
    assert account["scorers"] == [open_scorer("linear").name]
    assert account["addressings"] == [config_hash(*topology_config(worked.settings, bytes.fromhex(KEY)).of("address"))]
    file = str(worked.folder / "log.rec")
    assert (await worked.command("record", "replies", "--out", file)).returncode == 0
    assert await replayed(worked, "recorded", "--file", file) == found
    assert await replayed(worked, "again", "--topic", "replies", "--processes", "1") == found
    strict = worked.folder / "strict.toml"
    strict.write_text("[address]\nmax_days = 3\n")
    done = await worked.command("replay", "--topic", "replies", "--config", str(strict), "--out", str(worked.folder / "no"))
    assert (done.returncode, "[address] of these settings" in done.stderr, Path(worked.folder / "no").exists()) == (2, True, False)


def decided(live: Live) -> list[bytes]:
    alert, lines = live.stages()[3], list[bytes]()
    for partition in live.arrived(PILEONS):
        effects = Effects()
        fold(alert, partition, alert.new_store(), effects)
        lines += map(msgspec.json.encode, effects.outputs)
    return lines


async def test_what_retention_has_taken_and_what_stands_before_a_period_is_no_hindrance(live: Live) -> None:
    """And a sweep that was stopped goes on with what the topic held then."""
    live.worker()
    await live.put_lines(recording().lines)
    await live.at_rest()
    log = live.log(REPLIES.name)
    await live.forget_before(REPLIES.name, {number: partition[len(partition) // 3].offset for number, partition in enumerate(log)})
    found = await replayed(live, "out", "--topic", "replies")
    account: dict[str, Any] = msgspec.json.decode(found[SUMMARY])
    assert account["start"] == "approximate" and account["complete"]
    left = [one.timestamp_ms for partition in log for one in partition[len(partition) // 3 :]]
    assert account["replies"]["records"] + account["replies"]["ticks"] == len(left)
    middle = moment(sorted(left)[len(left) // 2])
    cold: dict[str, Any] = msgspec.json.decode(
        (await replayed(live, "cold", "--topic", "replies", "--from", middle.isoformat(), "--warm-up", "0"))[SUMMARY]
    )
    after = sum(at >= middle.timestamp() * 1000 for at in left)
    assert cold["warm_up"] is None and cold["replies"]["records"] + cold["replies"]["ticks"] == after
    grid = ("backtest", "sweep", "--topic", "replies", "--grid", "pileon.min_hostile_authors=3..5", "--out", str(live.folder / "swept"))
    assert (await live.command(*grid)).returncode == 0
    ends = msgspec.json.decode((live.folder / "swept" / "sweep.json").read_bytes())["ends"]
    assert ends == {str(number): end for number, end in (await _ends(live)).items()}


async def _ends(live: Live) -> dict[int, int]:
    async with bounded(live.settings, REPLIES.name) as reading:
        return {number: bound.end for number, bound in reading.bounds.items()}
