"""A calibration sent to ``config`` enters the log, and what the detector e-SR decides by it; one that cannot be used stops the worker."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.kafka.produce import send_records_async
from streams.records import Comment, ConfigChange, ConfigRecord, Status
from streams.stages.esr.calibration import NAME, Calibration
from streams.topics import CONFIG, REPLIES
from tests.conftest import Another
from tests.integration.test_live_state import INSULT
from tests.support.builders import comment
from tests.support.live import Live, until
from tests.support.week import recorded, week

pytestmark = pytest.mark.kafka

NOW = datetime.now(UTC) - timedelta(hours=3)
STRICT, LOOSE = Calibration(share_stakes_per_day=1e9), Calibration(stakes_per_day=200.0, share_stakes_per_day=5.0)


def record(version: int, calibration: Calibration, name: str = NAME) -> ConfigRecord:
    return ConfigRecord(name=name, version=version, effective_from=NOW, values=calibration.as_values())


def storm(first: int, last: int) -> list[Comment]:
    return [comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT, created_at=NOW + n * timedelta(minutes=2),
                    ingested_at=NOW + n * timedelta(minutes=2, seconds=1)) for n in range(first, last)]  # fmt: skip


def _is_calibration(one: Any) -> bool:
    return isinstance(one, ConfigChange) and one.name == NAME


async def known(live: Live, version: int) -> None:
    """Wait until every partition of replies has this version in its log, and its owner has folded it."""

    async def has() -> bool:
        await live.settled()
        return [max((one.record.version for one in log if _is_calibration(one.record)), default=0)
                for log in live.arrived(REPLIES)] == [version] * 4  # fmt: skip

    await until(f"version {version} is in the log of all partitions", has)


async def test_what_a_calibration_says_is_usual_decides_from_its_place_in_the_log_and_after_a_kill(
    another: Another, tmp_path: Path
) -> None:
    live: Live = await another(THREADWATCH_DETECTOR="e-SR")
    worker = live.worker()
    await worker.ready()
    await until("it says that nobody has measured what is usual", lambda: any("without a calibration" in line for line in worker.said()))
    said = await live.command("calibrate", "--file", recorded(week(), tmp_path / "week.rec"), "--accounts", "--send")
    assert (said.returncode, said.stderr) == (0, "config: calibration, version 1, sent\nconfig: known accounts, version 1, sent\n")
    await known(live, 1)
    await send_records_async(live.settings, CONFIG, [record(2, STRICT)])
    await known(live, 2)
    await live.send([comment("root", author_id="ann", created_at=NOW, ingested_at=NOW), *storm(1, 12)])
    await live.settled()
    assert live.pileons() == []

    worker.kill()
    await worker.came_up(2)
    await send_records_async(live.settings, CONFIG, [record(3, LOOSE)])
    await known(live, 3)
    await live.send(storm(12, 20))
    await live.settled()
    (opened,) = [one for one in live.pileons() if one.status is Status.OPENED]
    assert (opened.detector, opened.grounds.share_needed) == ("e-SR@1", 5.0)
    assert sum("without a calibration" in line for line in worker.said()) == 1, "not again once there is one"
    changes = [one for one in live.records(REPLIES) if _is_calibration(one)]
    assert sum(isinstance(one, ConfigChange) for one in live.records(REPLIES)) == len(changes) + 4  # and the list
    assert sorted(one.version for one in changes) == [1] * 4 + [2] * 4 + [3] * 4  # each once, though the worker was killed
    live.check()
    await send_records_async(live.settings, CONFIG, [record(2, STRICT)])
    behind = "config, record 'calibration': version 2 is not followed, for the log has version 3"
    await until("it says that an older version came", lambda: any(behind in line for line in worker.said()))
    log = [ConfigChange(name=NAME, version=7, effective_from=NOW, values=STRICT.as_values()), *week()]
    said = await live.command("calibrate", "--file", recorded(log, tmp_path / "later.rec"), "--send")
    assert (said.returncode, said.stderr) == (0, "config: calibration, version 8, sent\n")
    await known(live, 8)


async def test_a_calibration_that_cannot_be_used_stops_the_shadow_alone(another: Another) -> None:
    live: Live = await another(THREADWATCH_SHADOW="true")
    worker = live.worker()
    await worker.ready()
    broken = record(3, LOOSE)
    broken.values.pop("prior.days")
    await send_records_async(live.settings, CONFIG, [broken])
    told = "the shadow e-SR stands still: config, record 'calibration', version 3: prior.days is missing"
    await until("it says that the shadow stands still", lambda: any(told in line for line in worker.said()))
    await live.send([comment("root", author_id="ann", created_at=NOW, ingested_at=NOW), *storm(1, 12)])
    await live.settled()
    assert [one.detector for one in live.pileons() if one.status is Status.OPENED] == ["window@1"]
    assert not [one for one in live.records(REPLIES) if isinstance(one, ConfigChange)]


async def test_a_calibration_that_cannot_be_used_stops_the_worker_with_its_name(another: Another) -> None:
    live: Live = await another(THREADWATCH_DETECTOR="e-SR")
    broken = msgspec.to_builtins(record(3, LOOSE))
    del broken["values"]["prior.days"]
    await live.put(CONFIG, [(NAME.encode(), b"{"), (NAME.encode(), msgspec.json.encode(broken))])
    worker = live.worker()
    assert await worker.exited() == 2
    assert any("config, record 'calibration', version 3: prior.days is missing" in line for line in worker.said())
    assert not [one for one in live.records(REPLIES) if isinstance(one, ConfigChange)]
