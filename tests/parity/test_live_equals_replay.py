"""The same recording live and replayed, stage by stage: a stage's live input log, folded offline, gives its live output byte for byte."""

from collections import Counter
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from streams.engine import Effects, fold
from streams.kafka.connection import topic_name
from streams.kafka.produce import open_producer
from streams.records import Comment, PileOn, Status
from streams.replay.order import arrivals, in_order
from streams.replay.run import results, run
from streams.sources.sample import sample
from streams.stages.step import Stage
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, PILEONS, PILEONS_SHADOW
from tests.conftest import Another
from tests.support.builders import DAY, HOUR, NOON, comment
from tests.support.live import Live, until
from tests.support.real import everything, in_turns
from tests.support.recording import Recording, recording

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

_PORTIONS = 8
CLOSES = 10
SAMPLE = 1_000
EACH = 400
EACH_JUMP = 8
DAY_BEFORE = NOON - DAY
TOUCHY = {"THREADWATCH_CALIBRATION__STAKES_PER_DAY": "1", "THREADWATCH_CALIBRATION__SHARE_STAKES_PER_DAY": "1"}
"""For e-SR: opens at little evidence, so that there is much to compare."""
CHATS = {"THREADWATCH_ADDRESS__RANKERS__CHAT": "irc"}
"""The chat among what real people wrote has a ranker."""


@pytest.fixture(scope="module")
def made() -> Recording:
    return recording()


@pytest.fixture(scope="module")
def lines(made: Recording) -> list[bytes]:
    """Return the recording's lines, and among them the shipped sample and what real people wrote, each in its own order."""
    others = (map(msgspec.json.encode, some) for some in (sample(DAY_BEFORE, SAMPLE), everything(EACH), jumping()))
    return in_turns([made.lines, *map(list, others)])


def jumping() -> list[Comment]:
    """Return comments of clocks that jump: written days after they arrived, written in 1970, arrived in the year 8999."""
    jumps = [(3 * DAY, timedelta(0)), (NOON.replace(year=1970) - NOON, timedelta(0)), (timedelta(0), NOON.replace(year=8999) - NOON)]
    found = []
    for number in range(3 * EACH_JUMP):
        at, (written, arrived) = NOON + number * HOUR, jumps[number % 3]
        talk = {"conversation_id": f"jump{number % 4}", "author_id": f"j{number}", "text": "You stupid pathetic idiot."}
        found.append(comment(f"jump{number}", created_at=at + written, ingested_at=at + arrived, **talk))
    return found


async def holes(live: Live) -> None:
    """Leave offsets in every partition that nobody ever reads: of a producer that took back what it wrote."""
    name = topic_name(live.settings, COMMENTS_RAW.name)
    producer = open_producer(live.settings, f"{live.settings.kafka.prefix}holes")
    await producer.start()
    try:
        await producer.begin_transaction()
        for partition in await producer.partitions_for(name):
            await producer.send(name, b"taken back", partition=partition)
        await producer.abort_transaction()
    finally:
        await producer.stop()


WINDOW = [(4, 1, "window"), (4, 3, "window"), (1, 1, "window"), (1, 3, "window")]


@pytest.mark.parametrize(("partitions", "workers", "detector"), [*WINDOW, (4, 2, "e-SR")])
async def test_each_stage_gives_live_what_its_input_log_gives_in_replay(
    another: Another, lines: list[bytes], partitions: int, workers: int, detector: str
) -> None:
    live: Live = await another(
        THREADWATCH_KAFKA__PARTITIONS=str(partitions), THREADWATCH_WORKER__BATCH=str(37 * workers), THREADWATCH_WORKER__TICK_EVERY="PT1S",
        THREADWATCH_DETECTOR=detector, THREADWATCH_SHADOW=str(detector == "e-SR").lower(), **TOUCHY, **CHATS,
    )  # fmt: skip
    for _ in range(workers):
        live.worker()
    # In portions, so that comments of three days do not overtake each other by days on their way to one person.
    size = -(-len(lines) // _PORTIONS)
    for start in range(0, len(lines), size):
        await holes(live)
        await live.put_lines(lines[start : start + size])
        await live.settled()
    # Silence is told by ticks, and they come when they come: nobody promised one before the last comment was settled.
    await until("ticks have ended what was quiet", partial(_has_closed, live))
    accounts = live.check()
    for stage in live.stages()[:3]:
        assert lines_live(live, stage) == lines_replayed(live, stage), stage.name
    it_holds_what_makes_parity_worth_something(live, accounts["pileon"].count("late"))
    assert all(accounts["address"].count(outcome) >= 5 for outcome in ("duplicate", "edited", "deleted", "self_reply"))
    its_times_and_offsets_are_in_disorder(live, partitions)
    assert sum(one.source == "chat" and one.confidence < 1 for one in live.sent_by(live.stages()[1])) >= 50  # its ranker found them
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


def its_times_and_offsets_are_in_disorder(live: Live, partitions: int) -> None:
    """Out of order, clock jumps, partition gaps: as live took them."""
    scored = [one.record for partition in live.arrived(COMMENTS_SCORED) for one in partition]
    assert sum(one.created_at_was_clamped for one in scored) >= EACH_JUMP
    assert sum(one.comment.created_at.year == 1970 for one in scored) >= EACH_JUMP
    lied = [one for one in live.records(COMMENTS_RAW) if one.ingested_at and one.ingested_at.year == 8999]
    assert len(lied) >= EACH_JUMP and all(one.comment.ingested_at.year < 8999 for one in scored)
    by_talk: dict[str, list[Comment]] = {}
    for one in live.records(COMMENTS_RAW):
        by_talk.setdefault(one.conversation_id, []).append(one)
    assert sum(after.created_at < before.created_at for some in by_talk.values() for before, after in pairwise(some)) >= 20
    offsets = [[message.offset for message in log] for log in live.log(COMMENTS_RAW.name)]
    assert len(offsets) == partitions
    assert all(sum(after - before > 1 for before, after in pairwise(some)) >= _PORTIONS - 1 for some in offsets)


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
