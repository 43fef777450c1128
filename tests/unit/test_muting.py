"""Mutes made while the program runs: records of ``config``; live and replay hold the same transitions, whenever they read them."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import Effects, Message, fold
from streams.kafka.mutes import Standing
from streams.records import ConfigRecord, Status
from streams.stages.alert import Alerts, Config, Decision, Mute, Reason
from streams.stages.muting import GRACE, Muting, ended, is_muting, muting_of, record_of
from streams.stages.step import Arrived
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, pileon


def muting(name: str = "mute 1", version: int = 1, **fields) -> Muting:
    given: dict[str, Any] = {"target": "ann", "reason": "they know", "since": NOON, "until": NOON + HOUR, "from_arrival": True} | fields
    return Muting(name=name, version=version, by="kim", mute=Mute(**given))


def decided(mutes: tuple[Mute, ...], *arrived) -> list[tuple[Decision, Reason]]:
    effects, stage = Effects(), Alerts(Config(), mutes)
    fold(stage, [Arrived(record, at) for record, at in arrived], stage.new_store(), effects)
    return [(told.decision, told.reason) for told in effects.outputs]


@pytest.mark.parametrize("fields", [
    {}, {"target": None, "conversation": "talk"}, {"source": "news", "community": "sport"}, {"until": NOON + 30 * DAY},
])  # fmt: skip
def test_a_record_says_the_mute_and_who_made_it(fields):
    said = muting(**fields)
    assert is_muting(said.name) and muting_of(record_of(said)) == said


@pytest.mark.parametrize("values", [
    {}, {"target": "ann"}, {"target": "ann", "reason": "r", "since": "noon", "until": "later", "by": "kim"},
    {"target": "ann", "conversation": "talk", "reason": "r", "since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "by": "kim"},
    {"target": "ann", "reason": "r", "since": "2026-01-01T00:00:00Z", "until": "2027-01-02T00:00:00Z", "by": "kim"},
    {"target": 1, "reason": True, "since": 1.5, "until": "", "by": ""},
])  # fmt: skip
def test_a_record_that_says_none_mutes_nothing(values):
    record = ConfigRecord(name="mute 1", version=1, effective_from=NOON, values=values)
    assert muting_of(record) is None and standing(Message("config", 0, 0, 0, b"mute 1", msgspec.json.encode(record))) == ()


def said(muting: Muting, offset: int = 0, at=NOON - DAY) -> Message:
    return Message("config", 0, offset, int(at.timestamp() * 1000), muting.name.encode(), msgspec.json.encode(record_of(muting)))


def standing(*messages: Message) -> tuple[Mute, ...]:
    found = Standing()
    for message in messages:
        found.take(message)
    return found.mutes


@given(st.permutations([0, 1, 2, 3, 4]))
def test_of_each_name_the_highest_version_stands_whatever_the_order(order):
    first, other = muting(), muting("mute 2", target="bob")
    again = ended(first, NOON + MINUTE, "lee")
    thresholds = ConfigRecord(name="thresholds", version=9, effective_from=NOON, values={})
    messages = [said(first), said(again), said(other), Message("config", 0, 0, 0, b"thresholds", msgspec.json.encode(thresholds)),
                Message("config", 0, 0, 0, b"mute 1", b"{")]  # fmt: skip
    assert standing(*(messages[number] for number in order)) == (again.mute, other.mute)


def test_one_that_was_removed_holds_nothing_though_its_record_lies_there_until_the_topic_is_compacted():
    assert standing(said(muting()), said(muting("mute 2")), Message("config", 0, 1, 0, b"mute 1", None)) == (muting("mute 2").mute,)
    assert standing(said(muting()), Message("config", 0, 1, 0, b"mute 1", None), said(muting(version=2), 2)) == (muting().mute,)


def test_a_mute_that_was_sent_slowly_begins_some_seconds_after_the_log_has_it():
    (mute,) = standing(said(muting(), at=NOON + 20 * SECOND))
    assert (mute.since, mute.until) == (NOON + 20 * SECOND + GRACE, NOON + HOUR)
    assert standing(said(muting(), at=NOON + HOUR)) == (), "it would be over before anybody knows of it"


def test_one_that_was_ended_slowly_ends_some_seconds_after_the_log_has_that_and_begins_when_it_did():
    (mute,) = standing(said(muting(), at=NOON - MINUTE), said(ended(muting(), NOON + MINUTE, "lee"), 1, NOON + 2 * MINUTE))
    assert (mute.since, mute.until) == (NOON, NOON + 2 * MINUTE + GRACE)


def test_what_comes_while_it_holds_tells_nobody_and_afterwards_it_is_told():
    case = [pileon(revision=n, status=Status.OPENED if n == 1 else Status.ONGOING, target_id="ann") for n in (1, 2, 3)]
    arrivals = (NOON - SECOND, NOON, NOON + HOUR)
    assert decided((muting().mute,), *zip(case, arrivals, strict=True)) == [
        (Decision.FIRE, Reason.NEW), (Decision.HOLD, Reason.MUTED), (Decision.HOLD, Reason.NOT_WORSE)]  # fmt: skip
    assert decided((muting().mute,), (case[1], NOON), (case[2], NOON + HOUR)) == [
        (Decision.HOLD, Reason.MUTED), (Decision.FIRE, Reason.NEW)]  # fmt: skip


def test_it_counts_from_when_a_transition_came_not_from_when_it_was_written():
    late = pileon(target_id="ann", updated_at=NOON - 5 * HOUR)
    assert decided((muting().mute,), (late, NOON + MINUTE)) == [(Decision.HOLD, Reason.MUTED)]
    of_settings = Mute(target="ann", reason="r", since=NOON, until=NOON + HOUR)
    assert decided((of_settings,), (late, NOON + MINUTE)) == [(Decision.FIRE, Reason.NEW)]


@pytest.mark.parametrize(("after", "until"), [
    (timedelta(0), NOON + SECOND + GRACE - SECOND), (10 * MINUTE, NOON + 10 * MINUTE + GRACE), (2 * HOUR, NOON + HOUR),
    (-DAY, NOON + SECOND),
])  # fmt: skip
def test_it_ends_some_seconds_after_somebody_ended_it_and_never_later_than_it_would(after, until):
    again = ended(muting(), NOON + after, "lee")
    assert (again.version, again.by, again.ended_by, again.mute.until) == (2, "kim", "lee", until)
    assert muting_of(record_of(again)) == again


def test_a_worker_that_learns_of_it_holds_it_from_then_on():
    stage = Alerts(Config(), ())
    store = stage.new_store()
    assert stage.step(store, pileon(target_id="ann"), NOON).outputs[0].decision is Decision.FIRE
    stage.mute((muting().mute,))
    assert stage.step(store, pileon(target_id="ann"), NOON).outputs[0].reason is Reason.MUTED
