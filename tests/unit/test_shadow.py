"""One detector decides and the other runs along: it changes nothing that is told, and its own is written where nobody acts on it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import Reply
from streams.stages.changes import is_of_a_shadow
from streams.stages.instants import instant
from streams.stages.pileon import PileOns, Which
from streams.topics import PILEONS, PILEONS_SHADOW
from tests.support.builders import DAY, NOON, tick
from tests.support.folding import as_lines, entries_of, folded, restarted
from tests.unit.test_esr_stage import TINY, changed
from tests.unit.test_pileon_properties import CONFIG, calmly, recordings


def stage(which: Which, *, shadow: bool = False) -> PileOns:
    return PileOns(CONFIG, {}, {}, b"k", which, TINY, shadow=shadow)


def with_an_end(recording: list[Reply]) -> list[Any]:
    return [changed(1, **TINY.as_values()), *recording, tick((recording[-1].ingested_at if recording else NOON) + 100 * DAY)]


@pytest.mark.parametrize("which", list(Which))
@calmly
@given(recordings())
def test_each_tells_what_it_tells_alone(which: Which, recording: list[Reply]):
    (other,) = set(Which) - {which}
    both, records = folded(stage(which, shadow=True), with_an_end(recording)), with_an_end(recording)
    alone, along = folded(stage(which), records), folded(stage(other), records)
    assert as_lines(both.outputs) == as_lines(alone.outputs)
    assert as_lines(both.aside) == as_lines(along.outputs)
    assert both.outcomes == alone.outcomes
    assert sum(number for note, number in both.notes.items() if note.startswith("shadow_")) == len(along.outputs)
    assert [send.value for send in both.sends if send.topic == PILEONS.name] == [send.value for send in alone.sends]
    assert [send.value for send in both.sends if send.topic == PILEONS_SHADOW.name] == [send.value for send in along.sends]


@calmly
@given(recordings(), st.integers(0, 40))
def test_a_restart_changes_nothing(recording: list[Reply], cut: int):
    records = with_an_end(recording)
    made = lambda: stage(Which.WINDOW, shadow=True)  # noqa: E731
    state = entries_of(made(), [records[:cut]])
    before, after = folded(made(), records[:cut]), folded(made(), records[cut:], restarted(made(), state))
    whole = folded(made(), records)
    assert before.outputs + after.outputs == whole.outputs
    assert before.aside + after.aside == whole.aside
    left = {key: value for key, value in (state | after.entries).items() if value is not None}
    assert left == entries_of(made(), [records])


SET_UP = [(Which.WINDOW, True), (Which.ESR, False), (Which.ESR, True)]
"""Where e-SR decides or runs along."""


@pytest.mark.parametrize("before", SET_UP)
@pytest.mark.parametrize("after", SET_UP)
def test_what_was_calibrated_holds_when_the_detectors_change_places(before: tuple[Which, bool], after: tuple[Which, bool]):
    of_before, of_after = (stage(which, shadow=shadow) for which, shadow in (before, after))
    state = entries_of(of_before, [[changed(3, **TINY.as_values())]])
    store = restarted(of_after, state)
    (key,) = store.changes
    assert store.changes.get(key).change.version == 3
    assert list(store) == [key]
    assert folded(of_after, [changed(2, **TINY.as_values())], store).entries == {}
    assert len(folded(of_after, [changed(4, **TINY.as_values())], store).entries) == 1
    assert store.changes.get(key).change.version == 4


@calmly
@given(recordings())
def test_what_a_shadow_left_behind_is_nothing_to_who_runs_alone(recording: list[Reply]):
    left, end = entries_of(stage(Which.WINDOW, shadow=True), [recording]), tick(NOON + 900 * DAY)
    alone = entries_of(stage(Which.WINDOW), [recording])
    assert folded(stage(Which.WINDOW), [end], restarted(stage(Which.WINDOW), left)).outputs == (
        folded(stage(Which.WINDOW), [end], restarted(stage(Which.WINDOW), alone)).outputs
    )


@calmly
@given(recordings())
def test_what_a_shadow_left_behind_goes_with_the_next_tick(recording: list[Reply]):
    left = entries_of(stage(Which.WINDOW, shadow=True), [recording])
    of_shadow = {key for key in left if is_of_a_shadow(key.decode())}
    alone, now = stage(Which.WINDOW), NOON - DAY
    store = restarted(alone, left)
    assert (store.next_due() == instant(0)) == bool(of_shadow)
    effects = folded(alone, [tick(now)], store)
    assert {key for key, value in effects.entries.items() if value is None} == of_shadow
    assert folded(alone, [tick(now)], store).entries == {}
    assert store.next_due() != instant(0)


@calmly
@given(recordings(), st.integers(0, 40))
def test_a_shadow_that_is_stopped_sees_nothing_more_and_the_other_goes_on(recording: list[Reply], cut: int):
    records = with_an_end(recording)
    both = stage(Which.WINDOW, shadow=True)
    store = both.new_store()
    before = folded(both, records[:cut], store)
    left = {key: store.get(key) for key in store if is_of_a_shadow(key)}
    both.stop_shadow()
    after = folded(both, records[cut:], store)
    assert as_lines(before.outputs + after.outputs) == as_lines(folded(stage(Which.WINDOW), records).outputs)
    assert after.aside == []
    assert after.notes["shadow_still"] == len(records[cut:])
    assert {key: store.get(key) for key in store if is_of_a_shadow(key)} == left
    assert store.next_due() == store.live.next_due()


def test_a_fold_that_writes_no_state_has_no_shadow():
    detector = stage(Which.WINDOW, shadow=True).detector
    assert detector.follow(detector.new_followed(), changed(1)) == ("config_change", [], [])
