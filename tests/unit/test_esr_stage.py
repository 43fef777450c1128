"""The e-SR detector as the stage: what it tells, and what changes nothing that it tells."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine import Effects
from streams.errors import UserError
from streams.records import Action, ConfigChange, DeletedBy, EndedBecause, FindingKind, PileOn, Reply, Severity, Status
from streams.replay.remembered import entries_of as remembered
from streams.stages import watched
from streams.stages.esr.calibration import NAME, Calibration
from streams.stages.esr.slack import DilutedShare
from streams.stages.ledger import Target
from streams.stages.pileon import Config, PileOns, Which
from tests.support.builders import COMMUNITY, DAY, HOUR, MINUTE, NOON, SECOND, SOURCE, reply, tick
from tests.support.folding import as_lines, entries_of, folded, restarted
from tests.support.ticked import with_ticks
from tests.unit.test_pileon_properties import calmly, recordings

SMALL = Calibration(stakes_per_day=500.0, share_stakes_per_day=50.0)
TINY = Calibration(stakes_per_day=1.0, share_stakes_per_day=1.0)


def stage(calibration: Calibration = SMALL, **config: Any) -> PileOns:
    return PileOns(Config(**config), {}, {}, b"k", Which.ESR, calibration)


def touchy() -> PileOns:
    """Opens at nearly nothing, so that invented recordings are full of cases."""
    return stage(TINY, min_hostile_authors=2, case_length=timedelta(hours=2))


def life(days: int = 10) -> list[Reply]:
    """Return civil replies, three a day, before the storm."""
    return [
        reply(f"p{n}", NOON - days * DAY + n * 8 * HOUR, 0.05, comment_id=f"old{n}", conversation_id=f"v{n}") for n in range(3 * days - 6)
    ]


def storm(people: int = 12, civil: int = 3, **fields: Any) -> list[Reply]:
    """Return replies every three minutes, every ``civil``-th one friendly."""
    return [reply(f"q{n}", NOON + n * 3 * MINUTE, 0.1 if n % civil == 0 else 0.9, comment_id=f"new{n}", **fields) for n in range(people)]


def changed(version: int = 1, name: str = NAME, **values: Any) -> ConfigChange:
    given = Calibration().as_values() | values
    return ConfigChange(name=name, version=version, effective_from=NOON, values=given)


def opened(effects: Effects) -> list[PileOn]:
    return [one for one in effects.outputs if one.status is Status.OPENED]


def test_a_pile_on_says_how_many_of_how_many_in_what_time_and_against_what():
    (case,) = opened(folded(stage(), [*life(), *storm()]))
    assert case.detector == "e-SR@1"
    assert (case.hostile_authors, case.replying_authors) == (5, 7)
    assert case.grounds is not None
    assert case.grounds.finding is FindingKind.PILEON
    assert case.grounds.pace_needed == 500.0
    assert case.grounds.share_needed == 50.0
    assert case.grounds.pace_evidence is not None
    assert case.grounds.pace_evidence >= 500
    assert case.grounds.share_evidence >= 50
    assert case.usual_hostile_authors is not None
    assert case.usual_hostile_authors < 0.01
    assert case.reason.startswith(
        "5 people hostile, of 7 answering, in 18 min; usual in so long for this person at most under 0.1, for anybody"
    )
    assert set(case.evidence) == {f"new{n}" for n in (1, 2, 4, 5, 7)}


def test_a_larger_budget_opens_sooner():
    calm, bold = (opened(folded(stage(false_alarms_per_day=b), [*life(), *storm()])) for b in (0.5, 5.0))
    assert bold[0].opened_at < calm[0].opened_at


def test_a_community_has_a_budget_of_its_own():
    overrides = {(SOURCE, COMMUNITY): Config(false_alarms_per_day=5.0)}
    own = PileOns(Config(false_alarms_per_day=0.001), overrides, {}, b"k", Which.ESR, SMALL)
    assert opened(folded(own, [*life(), *storm()]))
    assert not opened(folded(stage(false_alarms_per_day=0.001), [*life(), *storm()]))


def test_three_hostile_people_open_nothing_however_fast():
    assert not opened(folded(stage(TINY), [*life(), *storm(people=3, civil=9)]))
    assert opened(folded(stage(TINY), [*life(), *storm(people=5, civil=9)]))


def test_the_case_ends_quiet_and_what_was_told_opens_no_other():
    told = folded(stage(), [*life(), *storm(), tick(NOON + 10 * HOUR), *storm(people=1)]).outputs
    assert (told[-1].status, told[-1].ended_because) == (Status.CLOSED, EndedBecause.QUIET)
    assert told[-1].closed_at == NOON + 33 * MINUTE - 3 * MINUTE + 6 * HOUR + 3 * MINUTE


def test_what_authors_take_back_ends_the_case():
    taken = storm()
    gone = [
        msgspec.structs.replace(one, action=Action.DELETED, deleted_by=DeletedBy.AUTHOR, hostility=0.0, revision=2,
                                ingested_at=NOON + HOUR + n * SECOND)
        for n, one in enumerate(taken)
    ]  # fmt: skip
    told = folded(stage(), [*life(), *taken, *gone]).outputs
    assert told[-1].ended_because is EndedBecause.REMOVED


def test_a_page_without_times_is_tested_by_its_order_alone():
    page = [msgspec.structs.replace(one, created_at_is_estimated=True, ingested_at=NOON + 2 * SECOND) for one in storm(people=40)]
    (case,) = opened(folded(stage(), page))
    assert case.usual_hostile_authors is None
    assert case.grounds is not None
    assert case.grounds.pace_evidence is None
    assert "the page gives no times" in case.reason
    assert "pace" not in case.reason
    calm = [msgspec.structs.replace(one, hostility=0.1) for one in page]
    assert not opened(folded(stage(), calm))


def test_the_pace_alone_warns_where_that_was_learned_and_only_warns():
    crowd = [reply(f"f{n}", NOON + n * 20 * SECOND, 0.05, comment_id=f"f{n}") for n in range(120)]
    mixed = sorted([*crowd, *storm(people=14, civil=99)], key=lambda one: one.ingested_at)
    asked = Calibration(stakes_per_day=500.0, share_stakes_per_day=1e6, diluted_share=DilutedShare(at_1=0.001))
    (case,) = opened(folded(stage(asked), [*life(), *mixed]))
    assert case.grounds is not None
    assert case.grounds.finding is FindingKind.DILUTED
    assert "a warning only: very many at once" in case.reason
    assert {one.severity for one in folded(stage(asked), [*life(), *mixed]).outputs} == {Severity.WARNING}
    assert not opened(folded(stage(Calibration(stakes_per_day=500.0, share_stakes_per_day=1e6)), [*life(), *mixed]))


def test_the_log_changes_what_is_usual_from_there_on():
    strict = changed(share_stakes_per_day=1e9)
    assert not opened(folded(stage(), [strict, *life(), *storm()]))
    loose = changed(2, **SMALL.as_values())
    assert opened(folded(stage(), [strict, *life(), loose, *storm()])) == opened(folded(stage(), [*life(), *storm()]))
    assert not opened(folded(stage(), [changed(3, share_stakes_per_day=1e9), *life(), loose, *storm()]))


def test_a_community_follows_its_own_record():
    strict, own = changed(share_stakes_per_day=1e9), changed(name=f"{NAME} {SOURCE}/{COMMUNITY}", **SMALL.as_values())
    assert opened(folded(stage(), [strict, own, *life(), *storm()]))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stakes_per_day": 0.0}, "stakes_per_day"),
        ({"prior.first_mean": "much"}, "first_mean"),
        ({"sparkle": 1.0}, "sparkle is unknown"),
    ],
)
def test_a_record_that_cannot_be_stops_with_its_name(values: dict[str, Any], said: str):
    with pytest.raises(UserError, match=r"config, record 'calibration', version 7: ") as refused:
        folded(stage(), [changed(7, **values)])
    assert said in str(refused.value)


def test_a_record_that_lacks_a_value_stops_with_its_name():
    values = {name: value for name, value in Calibration().as_values().items() if name != "prior.days"}
    with pytest.raises(UserError, match=r"version 1: prior\.days is missing"):
        folded(stage(), [ConfigChange(name=NAME, version=1, effective_from=NOON, values=values)])


def test_other_settings_in_the_log_are_passed_over():
    other = ConfigChange(name="weather", version=1, effective_from=NOON, values={"rain": True})
    assert folded(stage(), [other]).outcomes == {"config_change": 1}


def test_a_day_of_life_takes_less_than_a_kilobyte():
    (entry,) = entries_of(stage(), [life(4)[:5]]).values()
    assert len(entry) < 1000


def with_changes(recording: list[Reply], data: st.DataObject) -> list[Any]:
    found: list[Any] = []
    for number, record in enumerate(recording):
        if data.draw(st.sampled_from([False, False, False, True])):
            found.append(changed(number + 1, **TINY.as_values() | {"prior.first_mean": 0.05 + 0.2 * (number % 3)}))
        found.append(record)
    return found


@calmly
@given(recordings(), st.data())
def test_any_ticks_that_keep_their_promise_change_nothing(recording: list[Reply], data: st.DataObject):
    end = tick((recording[-1].ingested_at if recording else NOON) + 100 * DAY)
    plain, ticked = folded(touchy(), [*recording, end]), folded(touchy(), [*with_ticks(recording, data), end])
    assert as_lines(plain.outputs) == as_lines(ticked.outputs)


@calmly
@given(recordings(), st.data())
def test_batches_and_restarts_change_nothing(recording: list[Reply], data: st.DataObject):
    records = with_changes(recording, data)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=4)))
    batches = [records[start:end] for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True)]
    state: dict[bytes, bytes] = {}
    outputs: list[Any] = []
    for batch in batches:
        effects = folded(touchy(), batch, restarted(touchy(), state))
        state = {key: value for key, value in (state | effects.entries).items() if value is not None}
        outputs += effects.outputs
    assert outputs == folded(touchy(), records).outputs
    assert state == entries_of(touchy(), [records])


@calmly
@given(recordings())
def test_replies_that_come_twice_leave_the_same_state(recording: list[Reply]):
    once, twice = folded(touchy(), recording), folded(touchy(), [copy for record in recording for copy in (record, record)])
    assert as_lines(once.outputs) == as_lines(twice.outputs)
    assert once.entries == twice.entries


@calmly
@given(recordings(targets=3), st.data())
def test_a_fold_without_entries_tells_the_same_and_another_goes_on_from_it(recording: list[Reply], data: st.DataObject):
    records = with_changes(recording, data)
    cut = data.draw(st.integers(0, len(records)))
    detector = touchy().detector
    before, after = detector.new_followed(), detector.new_followed()
    found = [detector.follow(before, record) for record in records[:cut]]
    for key, entry in remembered(before):
        after.apply(key, msgspec.json.decode(msgspec.json.encode(entry), type=Target))
    found += [detector.follow(after, record) for record in records[cut:]]
    steps = folded(touchy(), records).steps
    assert found == [(step.outcome, list(step.outputs), list(step.notes)) for step in steps]


@calmly
@given(recordings(targets=3))
def test_with_one_target_at_hand_the_worker_tells_and_writes_the_same(recording: list[Reply]):
    plain = folded(touchy(), recording)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(watched, "MAX_WARM", 1)
        packed = folded(touchy(), recording)
    assert as_lines(packed.outputs) == as_lines(plain.outputs)
    assert packed.entries == plain.entries


@calmly
@given(recordings(), st.data())
def test_each_case_is_told_in_order_from_its_opening_to_its_end(recording: list[Reply], data: st.DataObject):
    end = tick((recording[-1].ingested_at if recording else NOON) + 100 * DAY)
    cases: dict[str, list[PileOn]] = {}
    for told in folded(touchy(), [*with_changes(recording, data), end]).outputs:
        cases.setdefault(told.pileon_id, []).append(told)
    for case in cases.values():
        assert [told.revision for told in case] == list(range(1, len(case) + 1))
        assert [case[0].status, case[-1].status] == [Status.OPENED, Status.CLOSED]
        assert all(told.hostile_authors >= 2 for told in case[:-1])
