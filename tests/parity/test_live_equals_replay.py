"""The same recording live and replayed, stage by stage: a stage's live input log, folded offline, gives its live output byte for byte."""

from collections import Counter
from functools import partial
from typing import Any

import msgspec
import pytest

from streams.engine import Effects, fold
from streams.records import PileOn, Status
from streams.replay.order import arrivals, in_order
from streams.replay.run import results, run
from streams.sources.sample import sample
from streams.stages.step import Stage
from streams.topics import PILEONS, PILEONS_SHADOW
from tests.conftest import Another
from tests.support.builders import DAY, NOON
from tests.support.live import Live, until
from tests.support.real import everything, in_turns
from tests.support.recording import Recording, recording

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_PORTIONS = 8
CLOSES = 10
SAMPLE = 1_000
EACH = 400
DAY_BEFORE = NOON - DAY
TOUCHY = {"THREADWATCH_CALIBRATION__STAKES_PER_DAY": "1", "THREADWATCH_CALIBRATION__SHARE_STAKES_PER_DAY": "1"}
"""For e-SR: opens at little evidence, so that there is much to compare."""


@pytest.fixture(scope="module")
def made() -> Recording:
    return recording()


@pytest.fixture(scope="module")
def lines(made: Recording) -> list[bytes]:
    """Return the recording's lines, and among them the shipped sample and what real people wrote, each in its own order."""
    others = (map(msgspec.json.encode, some) for some in (sample(DAY_BEFORE, SAMPLE), everything(EACH)))
    return in_turns([made.lines, *map(list, others)])


@pytest.mark.parametrize(("partitions", "workers", "detector"), [(4, 1, "window"), (4, 3, "window"), (1, 1, "window"), (4, 2, "e-SR")])
async def test_each_stage_gives_live_what_its_input_log_gives_in_replay(
    another: Another, lines: list[bytes], partitions: int, workers: int, detector: str
) -> None:
    live: Live = await another(
        THREADWATCH_KAFKA__PARTITIONS=str(partitions), THREADWATCH_WORKER__BATCH=str(37 * workers), THREADWATCH_WORKER__TICK_EVERY="PT1S",
        THREADWATCH_DETECTOR=detector, THREADWATCH_SHADOW=str(detector == "e-SR").lower(), **TOUCHY,
    )  # fmt: skip
    for _ in range(workers):
        live.worker()
    # In portions, so that comments of three days do not overtake each other by days on their way to one person.
    size = -(-len(lines) // _PORTIONS)
    for start in range(0, len(lines), size):
        await live.put_lines(lines[start : start + size])
        await live.settled()
    # Silence is told by ticks, and they come when they come: nobody promised one before the last comment was settled.
    await until("ticks have ended what was quiet", partial(_has_closed, live))
    accounts = live.check()
    for stage in live.stages()[:3]:
        assert lines_live(live, stage) == lines_replayed(live, stage), stage.name
    it_holds_what_makes_parity_worth_something(live, accounts["pileon"].count("late"))
    along = sorted(map(msgspec.json.encode, live.records(PILEONS_SHADOW)))
    assert (along == sorted(told_along(live))) and bool(along) == (detector == "e-SR")


async def _has_closed(live: Live) -> bool:
    await live.settled()
    return sum(one.status is Status.CLOSED for one in live.pileons()) >= CLOSES


def told_along(live: Live) -> list[bytes]:
    """Return what the window rule, in the shadow of e-SR, makes of the input log."""
    stage, effects = live.stages()[2], Effects()
    for partition in live.arrived(stage.source):
        fold(stage, partition, stage.new_store(), effects)
    return [msgspec.json.encode(one) for one in effects.aside]


def lines_live(live: Live, stage: Stage) -> list[bytes]:
    return sorted(map(msgspec.json.encode, live.sent_by(stage)))


def lines_replayed(live: Live, stage: Stage) -> list[bytes]:
    lines: list[bytes] = []
    for partition in live.arrived(stage.source):
        effects = Effects()
        fold(stage, partition, stage.new_store(), effects)
        lines += map(msgspec.json.encode, effects.outputs)
    return sorted(lines)


def it_holds_what_makes_parity_worth_something(live: Live, late: int) -> None:
    transitions: list[PileOn] = live.pileons()
    statuses = Counter(one.status for one in transitions)
    escalated = [entry for entry in decisions(live) if entry.decision == "escalate"]
    assert statuses[Status.OPENED] >= 20
    assert statuses[Status.CLOSED] >= CLOSES
    assert len(escalated) >= 5
    assert late >= 50


def decisions(live: Live) -> list[Any]:
    alert = live.stages()[3]
    effects = Effects()
    for partition in live.arrived(PILEONS):
        fold(alert, partition, alert.new_store(), effects)
    return effects.outputs


async def test_where_one_partition_is_one_order_live_equals_replay_from_the_file_too(another: Another, made: Recording) -> None:
    """One conversation and one person at a time: nothing races, so the pile-ons of the file are those of the log."""
    live: Live = await another()
    live.worker()
    comments = in_order([one for one in made.comments() if one.conversation_id in ("storm0", "storm2", "storm4")])
    await live.send(comments)
    await live.settled()
    offline = results(run(live.stages(), arrivals(comments)))
    by_target = [[(one.revision, one.status, one.severity, one.hostile_authors) for one in some if one.status is not Status.CLOSED]
                 for some in (sorted(offline.outputs["pileon"], key=_place), sorted(live.pileons(), key=_place))]  # fmt: skip
    assert by_target[0] == by_target[1] != []


def _place(pileon: PileOn) -> tuple[str, int]:
    return pileon.target_id, pileon.revision
