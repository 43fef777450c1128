"""A fold that writes no state tells what the one of the worker tells, record by record, and remembers what that one remembers."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import Judged, Reply
from streams.replay.remembered import entries_of
from streams.stages import followed as module
from streams.stages.followed import Followed
from streams.stages.ledger import Target
from tests.support.builders import COMMUNITY, DAY, HOUR, NOON, SECOND, SOURCE, reply, tick
from tests.support.folding import folded
from tests.unit.test_pileon_properties import calmly, recordings, stage


def told(records: list[Any], store: Followed) -> list[tuple[str, list[bytes], list[str]]]:
    detector = stage().detector
    found = [detector.follow(store, record) for record in records]
    return [(outcome, [msgspec.json.encode(one) for one in outputs], notes) for outcome, outputs, notes in found]


def told_by_the_worker(records: list[Any]) -> list[tuple[str, list[bytes], list[str]]]:
    steps = folded(stage(), records).steps
    return [(step.outcome, [msgspec.json.encode(one) for one in step.outputs], list(step.notes)) for step in steps]


def with_others(recording: list[Reply], data: st.DataObject) -> list[Any]:
    """Return a recording with ticks and verdicts in it, an end far away at last."""
    found: list[Any] = []
    opened = [one.pileon_id for one in folded(stage(), recording).outputs]
    for record in recording:
        if data.draw(st.booleans()):
            found.append(tick(record.ingested_at - data.draw(st.sampled_from([0 * HOUR, HOUR, 25 * HOUR]))))
        found.append(record)
        if opened and data.draw(st.sampled_from([False, False, True])):
            found.append(judged(record, data.draw(st.sampled_from(opened))))
    return [*found, tick((recording[-1].ingested_at if recording else NOON) + 100 * DAY)]


def judged(record: Reply, pileon_id: str) -> Judged:
    return Judged(source=SOURCE, community=COMMUNITY, target_id=record.target_id, pileon_id=pileon_id, judged_at=record.ingested_at)


@calmly
@given(recordings(targets=3), st.data())
def test_the_same_is_told_of_each_record_with_and_without_entries(recording: list[Reply], data: st.DataObject) -> None:
    records = with_others(recording, data)
    assert told(records, stage().detector.new_followed()) == told_by_the_worker(records)


@calmly
@given(recordings(targets=5), st.data())
def test_it_does_not_matter_which_targets_are_at_hand(recording: list[Reply], data: st.DataObject) -> None:
    records = with_others(recording, data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "WARM", 1)
        assert told(records, stage().detector.new_followed()) == told_by_the_worker(records)


@calmly
@given(recordings(targets=3), st.integers(0, 40))
def test_what_it_remembers_makes_another_that_goes_on(recording: list[Reply], cut: int) -> None:
    detector = stage().detector
    whole, before, after = detector.new_followed(), detector.new_followed(), detector.new_followed()
    expected = told(recording, whole)
    found = told(recording[:cut], before)
    for key, entry in entries_of(before):
        after.apply(key, msgspec.json.decode(msgspec.json.encode(entry), type=Target))
    assert found + told(recording[cut:], after) == expected
    assert dict(entries_of(after)) == dict(entries_of(whole))


@calmly
@given(recordings(targets=3))
def test_it_remembers_what_the_worker_would_have_written(recording: list[Reply]) -> None:
    ours, theirs = stage().detector.new_followed(), stage().new_store()
    told(recording, ours)
    folded(stage(), recording, theirs)
    assert dict(entries_of(ours)) == dict(entries_of(theirs))


def test_a_flood_on_many_people_is_forgotten_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WARM", 16)
    store, random = stage().detector.new_followed(), Random(1)
    for day in range(3):
        at = NOON + day * 9 * DAY
        told(
            [reply("bob", at + n * SECOND, 0.1, target_id=f"ann{random.randrange(900)}", comment_id=f"{day}-{n}") for n in range(2000)],
            store,
        )
        told([tick(at + 2 * DAY)], store)
        assert len(store) <= 32
