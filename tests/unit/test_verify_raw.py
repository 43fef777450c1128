"""What the comments make again in seam 4's order: each cause where a record proves it, and nothing explained that was forged."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from streams import engine
from streams.engine import Effects, Message
from streams.kafka.read import Bound
from streams.records import Action, ConfigChange, Judged, Reply, Tick
from streams.replay.reach import Start
from streams.replay.taken import Asked
from streams.replay.verify.applied import Applied
from streams.replay.verify.compare import Comparison
from streams.replay.verify.differences import Cause, Place
from streams.replay.verify.fold import Refold
from streams.replay.verify.opening import Opening, at_the_first
from streams.replay.verify.raw import Again, RawLog
from streams.replay.verify.rules import Rules
from streams.replay.verify.spool import Spool, group_of
from streams.replay.verify.written import Written
from streams.stages.address import Address
from streams.stages.alert import Alerts
from streams.stages.alert import Config as AlertConfig
from streams.stages.esr.calibration import NAME, Calibration
from streams.stages.pileon import Config, PileOns, Which
from streams.topics import PILEONS, REPLIES
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, arrived, pileon, reply, tick
from tests.support.recorded import BROKERS

RULES = Rules(
    pileon=PileOns(Config(), {}, {}, b"key"), address=Address(), alert=Alerts(AlertConfig(), ()), configuration="ours", addressing="ours",
    lateness={}, detector="window@1", program="test",
)  # fmt: skip
Found = list[tuple[str, Cause, tuple[tuple[str, int], ...]]]


def hostile(who: str, at: datetime, conversation: str = "a", **fields: Any) -> Reply:
    return reply(who, at, conversation_id=conversation, comment_id=f"{conversation}-{who}", **fields)


def race() -> list[Reply]:
    """Two conversations, whose replies came one conversation after the other, though they were written by turns."""
    whole = [hostile(f"p{n}", NOON + n * MINUTE, "ab"[n % 2]) for n in range(6)]
    return [*whole[::2], *whole[1::2]]


def message(record: Any, offset: int, topic: str = REPLIES.name) -> Message:
    return Message(topic, 0, offset, BROKERS + 1000 * offset, None, msgspec.json.encode(record))


def again_of(records: Sequence[Any], lost: Sequence[Any] = ()) -> list[Again]:
    """Return what the comments make again of these, with their places by arrival; ``lost`` are those that comments.raw has lost."""
    found = []
    for offset, one in enumerate(records):
        if isinstance(one, Reply):
            order = b"" if one in lost else f"{(one.ingested_at - NOON).total_seconds() + 1e9:020.3f}".encode()
            found.append(Again(one, order, 0, Place(0, offset, NOON)))
    return found


def compared(
    log: Sequence[Any],
    again: Sequence[Again] | None = None,
    *,
    tamper: Callable[[list[Message]], list[Message]] = lambda fired: fired,
    first: int = 0,
    addressed: Sequence[Applied] = (),
    raw_first: int = 1,
    scored: int = 0,
    ends_early: bool = False,
    opening: Opening | None = None,
    rules: Rules = RULES,
) -> tuple[Found, Found]:
    """Return the differences of the log, and those of what the comments make again, for a log and what was written of it."""
    fold = Refold(rules.pileon, None, keeps_log=True)
    fold.open(0, opening or at_the_first(rules.pileon, first))
    fold.take([message(one, offset + first) for offset, one in enumerate(log)])
    made = [msgspec.msgpack.decode(value, type=Any)["pileon"] for _, value in fold.made.sorted()]
    values = [message(msgspec.convert(one, PILEONS.record), offset, PILEONS.name) for offset, one in enumerate(made)]
    live = Written(rules, {0: 0}, None)
    for one in tamper(values):
        live.take(one)
    raw = RawLog(again=Spool(None, "again"), scored={0: Bound(scored, 99)}, raw={0: Bound(raw_first, 99)})
    raw.addressed.by_partition = {0: list(addressed)}
    for each in again_of(log) if again is None else again:
        raw.again.add(group_of(each.reply.source, each.reply.community, each.reply.target_id), each)
    comparison = Comparison(rules, live, fold, 1, Asked(), lambda _done, _of: None, raw)
    comparison.survey(ends_early=ends_early)
    found: tuple[Found, Found] = ([], [])
    for from_raw, (pair, why) in comparison.differences():
        found[from_raw].append((str(pair.kind), why.cause, tuple((one.topic, one.offset) for one in why.records)))
    return found


def causes(found: Found) -> set[Cause]:
    return {cause for _, cause, _ in found}


def test_what_came_in_seam_4s_order_is_made_again() -> None:
    log = [*sorted(race(), key=lambda one: one.ingested_at), tick(NOON + DAY)]
    assert compared(log) == ([], [])


def test_two_conversations_that_raced_are_merge_order_and_the_two_records_are_named() -> None:
    log = [*race(), tick(NOON + DAY)]
    of_log, of_raw = compared(log)
    assert of_log == [] and causes(of_raw) == {Cause.MERGE_ORDER}
    assert {records for _, _, records in of_raw} == {(("replies", 1), ("replies", 3))}, "p2 came before p1"


def test_what_was_deleted_from_pileons_and_what_was_forged_stays_unexplained_though_conversations_raced() -> None:
    def without_one_and_with_another(fired: list[Message]) -> list[Message]:
        return [*fired[1:], message(pileon("forged"), 90, PILEONS.name)]

    of_log, of_raw = compared([*race(), tick(NOON + DAY)], tamper=without_one_and_with_another)
    assert sorted(of_log) == [("extra", Cause.UNEXPLAINED, ()), ("missing", Cause.UNEXPLAINED, ())]
    assert ("extra", Cause.UNEXPLAINED, ()) in of_raw
    in_order = [*sorted(race(), key=lambda one: one.ingested_at), tick(NOON + DAY)]
    both = compared(in_order, tamper=without_one_and_with_another)
    assert sorted(both[0]) == sorted(both[1]) == [("extra", Cause.UNEXPLAINED, ()), ("missing", Cause.UNEXPLAINED, ())]


def test_a_reply_that_was_forged_in_the_log_is_unexplained_and_one_that_it_lacks_is_too() -> None:
    log = sorted(race(), key=lambda one: one.ingested_at)
    forged = hostile("nobody", NOON + 6 * MINUTE)
    assert compared([*log[:3], forged], again_of(log[:3]))[1] == [("extra", Cause.UNEXPLAINED, ())]
    assert causes(compared(log[:3], again_of(log[:4]))[1]) == {Cause.UNEXPLAINED}
    assert compared(log[:3], again_of(log[:4]), ends_early=True)[1] == [], "the log goes on, and nobody has looked there"
    harmless = replace(log[3], hostility=0.1)
    assert causes(compared([*log[:3], harmless], again_of(log[:4]))[1]) == {Cause.UNEXPLAINED}


def test_a_deletion_that_came_after_it_fired_and_arrived_before_is_deleted_since() -> None:
    said = [hostile(f"p{n}", NOON + n * MINUTE, "ab"[n % 2]) for n in range(4)]
    gone = replace(said[0], action=Action.DELETED, revision=2, ingested_at=NOON + 2 * MINUTE + 30 * SECOND)
    of_log, of_raw = compared([*said, gone, tick(NOON + DAY)])
    assert of_log == [] and causes(of_raw) == {Cause.DELETED_SINCE}
    assert {records for _, _, records in of_raw} == {(("replies", 4),)}


def test_a_comment_that_came_late_and_told_that_time_had_passed_is_late() -> None:
    """It counts for nobody, but the case was over by the time it arrived; what arrived before it came after it."""
    said = [hostile(f"p{n}", NOON + n * MINUTE) for n in range(4)]
    late = hostile("late", NOON - 3 * DAY, "b", ingested_at=NOON + 30 * HOUR)
    more = [hostile(f"q{n}", NOON + HOUR + n * MINUTE) for n in range(4)]
    of_log, of_raw = compared([*said, late, *more, tick(NOON + 4 * DAY)])
    assert of_log == [] and of_raw and causes(of_raw) == {Cause.LATE}
    assert {records for _, _, records in of_raw} == {(("replies", 4),)}


def test_a_comment_that_came_behind_a_tick_of_a_later_time_is_late() -> None:
    said = [hostile(f"p{n}", NOON + n * MINUTE) for n in range(4)]
    more = [hostile(f"q{n}", NOON + HOUR + n * MINUTE) for n in range(4)]
    of_log, of_raw = compared([*said, tick(NOON + 30 * HOUR), *more, tick(NOON + 4 * DAY)])
    assert of_log == [] and of_raw and causes(of_raw) == {Cause.LATE}
    assert {records for _, _, records in of_raw} == {(("replies", 5), ("replies", 4))}


def test_what_comments_raw_has_lost_stands_where_the_log_has_it_and_what_nobody_sent_does_not() -> None:
    log: list[Any] = sorted(race(), key=lambda one: one.ingested_at)
    assert compared(log, again_of(log, lost=log[:3]))[1] == []
    assert causes(compared(log, again_of(log, lost=log[3:4]))[1]) == {Cause.UNEXPLAINED}, "its record would be left"
    assert causes(compared(log, again_of(log, lost=log), raw_first=0)[1]) == {Cause.UNEXPLAINED}, "nothing is gone"
    assert compared(log, again_of(log)[3:])[1] != []
    gone = [replace(one, scored=Place(0, one.scored.offset + 7, NOON)) for one in again_of(log)[3:]]
    assert compared(log, gone, scored=10)[1] == [], "comments.scored begins behind them"


def test_where_replies_begin_later_what_stood_before_is_not_asked_for() -> None:
    log = sorted(race(), key=lambda one: one.ingested_at)
    assert compared(log[3:], again_of(log), first=3)[1] == []


def test_a_fold_that_begins_with_a_snapshot_begins_so_in_seam_4s_order_too() -> None:
    log = sorted(race(), key=lambda one: one.ingested_at)
    effects, store = Effects(), RULES.pileon.new_store()
    engine.fold(RULES.pileon, [arrived(one) for one in log[:3]], store, effects)
    entries = {key: value for key, value in effects.entries.items() if value is not None}
    opening = Opening(store=store, start=Start.SNAPSHOT, first=3, as_of=NOON, entries=entries)
    assert compared([*log[3:], tick(NOON + DAY)], again_of(log), first=3, opening=opening) == ([], [])


def changed(version: int, calibration: Calibration) -> ConfigChange:
    return ConfigChange(name=NAME, version=version, effective_from=NOON - DAY, values=calibration.as_values())


EVIDENCE = replace(RULES, pileon=PileOns(Config(), {}, {}, b"key", Which.ESR, Calibration(share_stakes_per_day=1e9)), detector="e-SR@1")
"""By these settings nothing ever opens."""
LOOSE = Calibration(stakes_per_day=1.0, share_stakes_per_day=1.0)


@pytest.mark.parametrize("begins", [0, 1, 3])
def test_what_the_log_calibrated_holds_in_seam_4s_order_too(begins: int) -> None:
    """From the beginning of the log, and from snapshots behind the calibration and in the middle of the storm."""
    storm = sorted(race(), key=lambda one: one.ingested_at)
    log = [changed(1, LOOSE), *storm, tick(NOON + DAY)]
    store, effects = EVIDENCE.pileon.new_store(), Effects()
    engine.fold(EVIDENCE.pileon, [arrived(one) for one in log[:begins]], store, effects)
    opening = Opening(store=store, start=Start.SNAPSHOT, first=begins, as_of=NOON, entries=dict(effects.entries)) if begins else None
    again = [one for one in again_of(log) if one.scored.offset >= begins]
    fired = list[int]()

    def counted(messages: list[Message]) -> list[Message]:
        fired.append(len(messages))
        return messages

    assert compared(log[begins:], again, first=begins, opening=opening, rules=EVIDENCE, tamper=counted) == ([], [])
    assert fired[0] >= 2


@pytest.mark.parametrize(("written_at", "found"), [(NOON, []), (NOON - SECOND, [("extra", Cause.UNEXPLAINED, ())])])
def test_what_was_written_before_a_snapshot_was_done_is_of_what_that_reflects(written_at: datetime, found: Found) -> None:
    before = message(pileon("before"), 0, PILEONS.name)
    opening = Opening(store=RULES.pileon.new_store(), start=Start.SNAPSHOT, first=3, as_of=NOON, written_at=written_at)
    assert compared([], [], first=3, opening=opening, tamper=lambda fired: [before, *fired]) == (found, found)


@pytest.mark.parametrize(("configuration", "cause"), [("other", Cause.VERSION), ("ours", Cause.UNEXPLAINED)])
def test_replies_that_other_settings_of_address_made_are_another_version(configuration: str, cause: Cause) -> None:
    log = sorted(race(), key=lambda one: one.ingested_at)
    applied = [Applied(0, NOON, configuration, 3), Applied(99, NOON + DAY, configuration, 4)]
    of_raw = compared(log, [one for one in again_of(log) if one.reply is not log[2]], addressed=applied)[1]
    assert of_raw and causes(of_raw) == {cause}
    if cause is Cause.VERSION:
        assert {records for _, _, records in of_raw} == {(("state.address", 3), ("state.address", 4))}


def test_a_reply_to_a_comment_that_is_gone_with_the_beginning_is_an_approximate_start() -> None:
    log = sorted(race(), key=lambda one: one.ingested_at)
    cut = [replace(one, reply=replace(one.reply, hostility=0.1), has_lost_parent=True) for one in again_of(log)]
    assert causes(compared(log, cut, scored=10)[1]) == {Cause.APPROXIMATE_START}
    assert causes(compared(log, cut)[1]) == {Cause.UNEXPLAINED}, "nothing is gone"
    assert causes(compared(log, [replace(one, has_lost_parent=False) for one in cut], scored=10)[1]) == {Cause.UNEXPLAINED}


def test_what_a_moderator_said_stands_behind_what_came_before_it() -> None:
    log: list[Any] = sorted(race(), key=lambda one: one.ingested_at)
    fold = Refold(RULES.pileon, None)
    fold.open(0, at_the_first(RULES.pileon, 0))
    fold.take([message(one, offset) for offset, one in enumerate(log)])
    first = msgspec.msgpack.decode(next(iter(fold.made.sorted()))[1])["pileon"]["pileon_id"]
    judged = Judged(source="news", community=log[0].community, target_id="ann", pileon_id=first, judged_at=NOON + HOUR)
    assert compared([*log, judged, Tick(at=NOON + DAY)]) == ([], [])
