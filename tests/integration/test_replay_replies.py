"""``replay --topic replies`` on the real broker: what the worker made of its log, byte for byte; and who scored and addressed it."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.engine import Effects, fold
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
    alert, lines = live.stages()[3], []
    for partition in live.arrived(PILEONS):
        effects = Effects()
        fold(alert, partition, alert.new_store(), effects)
        lines += map(msgspec.json.encode, effects.outputs)
    return lines
