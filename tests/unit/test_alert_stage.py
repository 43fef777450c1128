"""Whom to tell: fire once, escalate when it gets worse, hold with a reason, resolve when it ends."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import EndedBecause, PileOn, Severity, Status
from streams.stages.alert import AlertDecision, Alerts, Config, Decision, Mute, Reason
from streams.stages.firing import MAX_MINUTES, Firing, Storm, minute, storm_key, storm_source, together
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, pileon
from tests.support.folding import entries_of, folded, restarted


def stage(*mutes: Mute, **config: Any) -> Alerts:
    return Alerts(Config(**config), mutes)


def decided(records: list[PileOn], *mutes: Mute, **config: Any) -> list[tuple[str, str]]:
    return [(str(told.decision), str(told.reason)) for told in folded(stage(*mutes, **config), records).outputs]


def ongoing(revision: int = 2, severity: Severity = Severity.WARNING, **fields: Any) -> PileOn:
    return pileon(revision=revision, status=Status.ONGOING, severity=severity, updated_at=NOON + revision * MINUTE, **fields)


def closed(revision: int = 3, because: EndedBecause = EndedBecause.QUIET, **fields: Any) -> PileOn:
    return pileon(revision=revision, status=Status.CLOSED, ended_because=because, updated_at=NOON + 6 * HOUR, **fields)


def muted(**what: Any) -> Mute:
    usual: dict[str, Any] = {"reason": "a known event", "since": NOON - HOUR, "until": NOON + HOUR}
    return Mute(**(usual | what))


def test_one_pile_on_fires_once_and_is_held_while_it_only_grows() -> None:
    assert decided([pileon(), ongoing(2), ongoing(3)]) == [("fire", "new"), ("hold", "not_worse"), ("hold", "not_worse")]


def test_it_escalates_once_when_it_becomes_critical() -> None:
    worse = [pileon(), ongoing(2, Severity.CRITICAL), ongoing(3, Severity.CRITICAL)]
    assert decided(worse) == [("fire", "new"), ("escalate", "worse"), ("hold", "not_worse")]


def test_after_an_escalation_both_severities_fire_until_the_end() -> None:
    store = stage().new_store()
    folded(stage(), [pileon(), ongoing(2, Severity.CRITICAL)], store)
    firing = store.firing("case-1")
    assert firing is not None
    assert firing.severities == (Severity.WARNING, Severity.CRITICAL)


@pytest.mark.parametrize("because", list(EndedBecause))
def test_a_close_resolves_with_why_it_ended(because: EndedBecause) -> None:
    assert decided([pileon(), closed(2, because)]) == [("fire", "new"), ("resolve", str(because))]


def test_what_never_fired_is_not_resolved() -> None:
    assert decided([closed(4)]) == [("hold", "not_firing")]


def test_what_was_written_over_a_day_before_it_arrived_pages_nobody_to_its_end() -> None:
    late: dict[str, Any] = {"opening_delay_seconds": 86_401.0}
    assert decided([pileon(**late), ongoing(2, Severity.CRITICAL, **late), closed(3, **late)]) == [
        ("hold", "stale"), ("hold", "stale"), ("hold", "not_firing"),
    ]  # fmt: skip
    assert decided([pileon(opening_delay_seconds=86_400.0)]) == [("fire", "new")]


def coming(*transitions: tuple[PileOn, datetime], **config: Any) -> list[tuple[str, str]]:
    """Return what is decided of transitions that come then, by the log of ``pileons``."""
    one, found = stage(**config), []
    store = one.new_store()
    for transition, at in transitions:
        step = one.step(store, transition, at)
        found += [(str(told.decision), str(told.reason)) for told in step.outputs]
        for key, entry in step.entries:
            store.apply(key, entry)
    return found


def test_history_that_claims_to_have_arrived_as_of_then_pages_nobody_to_its_end() -> None:
    a_year_on = NOON + 300 * DAY
    history = [pileon(), ongoing(2, Severity.CRITICAL), closed(3)]
    assert all(one.opening_delay_seconds == 0 for one in history)
    held = [("hold", "stale"), ("hold", "stale"), ("hold", "not_firing")]
    assert coming(*((one, a_year_on) for one in history)) == held
    without_times = [msgspec.structs.replace(one, last_hostile_at=None) for one in history]
    assert coming(*((one, a_year_on) for one in without_times)) == held
    assert coming((history[0], a_year_on), stale_after=36_500 * DAY) == [("fire", "new")], "where somebody wants it told"


def test_what_a_worker_catches_up_on_within_a_day_is_told_and_later_what_still_goes_on() -> None:
    began = pileon(last_hostile_at=NOON)
    assert coming((began, NOON + DAY)) == [("fire", "new")]
    goes_on = ongoing(2, last_hostile_at=NOON + 20 * HOUR)
    assert coming((began, NOON + 30 * HOUR), (goes_on, NOON + 30 * HOUR)) == [("hold", "stale"), ("fire", "new")]
    told = [(began, NOON), (ongoing(2, Severity.CRITICAL, last_hostile_at=NOON), NOON + 2 * DAY), (closed(3), NOON + 2 * DAY)]
    assert coming(*told) == [("fire", "new"), ("hold", "stale"), ("resolve", "quiet")]


def test_a_mute_holds_its_target_until_it_ends() -> None:
    mute = muted(target="ann", until=NOON + 2 * MINUTE)
    assert decided([pileon(), ongoing(2)], mute) == [("hold", "muted"), ("fire", "new")]
    assert decided([pileon(target_id="eve")], mute) == [("fire", "new")]


def test_a_mute_of_a_conversation_holds_what_lies_in_it_alone() -> None:
    mute = muted(conversation="talk")
    assert decided([pileon()], mute) == [("hold", "muted")]
    assert decided([pileon(conversations=("talk", "other"))], mute) == [("fire", "new")]


def test_a_mute_can_be_bound_to_a_source_and_a_community() -> None:
    assert decided([pileon()], muted(target="ann", source="elsewhere")) == [("fire", "new")]
    assert decided([pileon()], muted(target="ann", source="news", community="sport")) == [("hold", "muted")]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"target": "a", "conversation": "b"}, {"target": "a", "until": NOON + 30 * DAY}, {"target": "a", "until": NOON - DAY}],
)
def test_a_mute_names_one_thing_and_ends_within_thirty_days(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a mute"):
        muted(**wrong)


def test_a_transition_that_comes_again_is_held_as_seen_and_changes_nothing() -> None:
    assert decided([pileon(), pileon(), ongoing(2), pileon()])[1::2] == [("hold", "seen"), ("hold", "seen")]


def test_a_pile_on_whose_opening_was_missed_fires_at_its_next_transition() -> None:
    assert decided([ongoing(5, Severity.CRITICAL)]) == [("fire", "new")]


def many(number: int, apart: timedelta = SECOND, **fields: Any) -> list[PileOn]:
    return [pileon(f"case-{n}", opened_at=NOON + n * apart, **fields) for n in range(number)]


def test_more_than_twenty_opened_in_five_minutes_are_a_storm() -> None:
    assert decided(many(21))[-2:] == [("fire", "new"), ("fire", "storm")]
    assert decided(many(40, 16 * SECOND))[-1] == ("fire", "new")
    assert decided([*many(20), pileon("elsewhere", opened_at=NOON, source="blog")])[-1] == ("fire", "new")


def test_a_storm_ends_when_the_bound_was_not_passed_for_half_an_hour() -> None:
    def then(after: timedelta) -> tuple[str, str]:
        return decided([*many(21), pileon("later", opened_at=NOON + 20 * SECOND + after)])[-1]

    assert then(29 * MINUTE) == ("fire", "storm")
    assert then(31 * MINUTE) == ("fire", "new")


def spread(partitions: int, number: int, apart: timedelta = SECOND) -> Storm:
    """Return the one watch of so many that open on as many partitions, by turns."""
    stores = [stage().new_store() for _ in range(partitions)]
    for count, one in enumerate(many(number, apart)):
        folded(stage(), [one], stores[count % partitions])
    (found,) = together([storm for store in stores if (storm := store.storm("news")) is not None], Config())
    return found


@pytest.mark.parametrize("partitions", [1, 4, 16])
def test_a_storm_is_the_same_however_its_cases_fall_on_partitions(partitions: int) -> None:
    assert spread(partitions, 20).since is None
    twenty_one, more = spread(partitions, 21), spread(partitions, 60)
    assert (twenty_one.since, twenty_one.until) == (NOON + 20 * SECOND, NOON + 20 * SECOND + HOUR / 2)
    assert (more.since, more.until) == (NOON + 20 * SECOND, NOON + 59 * SECOND + HOUR / 2)
    assert len(more.opened) == 21
    assert (twenty_one.began, more.began, more.minutes) == (NOON, NOON, ((minute(NOON), 60),))
    assert spread(partitions, 60, 16 * SECOND).since is None


def watched(*records: PileOn) -> Storm:
    store = stage().new_store()
    folded(stage(), list(records), store)
    found = store.storm("news")
    assert found is not None
    return found


def test_a_storm_counts_all_of_it_and_nothing_before_it() -> None:
    lonely, calm = pileon("lonely", opened_at=NOON - 3 * HOUR), pileon("calm", opened_at=NOON - 10 * MINUTE)
    storm = watched(lonely, calm, *many(200, 10 * SECOND))
    assert sum(number for _, number in storm.counted) == 200
    assert storm.began == NOON


def test_of_a_storm_without_end_the_last_minutes_are_counted() -> None:
    storm = watched(*many(6 * 300, 10 * SECOND))
    assert (len(storm.counted), storm.began) == (MAX_MINUTES, NOON)
    assert sum(number for _, number in storm.counted) == 6 * MAX_MINUTES


def test_the_watches_of_invented_sources_are_let_go_by_the_log_s_own_time_whatever_they_claim() -> None:
    store = stage().new_store()
    for number in range(200):
        at = NOON + number * 10 * MINUTE
        claims = pileon(f"case-{number}", source=f"invented-{number}", opened_at=at + (number % 2) * 9999 * HOUR)
        for key, entry in stage().step(store, claims, at).entries:
            store.apply(key, entry)
    watches = [entry.source for entry in store.entries.values() if isinstance(entry, Storm)]
    assert watches == [f"invented-{number}" for number in range(190, 200)], "five minutes, half an hour and an hour after the last of each"


def test_a_storm_s_key_tells_its_source_and_no_pile_on_s_does() -> None:
    assert storm_source(storm_key('["storm","x"]')) == '["storm","x"]'
    assert [storm_source(key) for key in ("case-1", '["storm"]', '["told","x"]', "[", '{"storm":1}')] == [None] * 5


def test_storms_of_two_sources_are_two() -> None:
    store = stage().new_store()
    folded(stage(), [*many(21), *[pileon(f"other-{n}", opened_at=NOON, source="blog") for n in range(3)]], store)
    storms = [entry for entry in store.entries.values() if isinstance(entry, Storm)]
    assert [(one.source, one.since is None) for one in together(storms, Config())] == [("blog", True), ("news", False)]


def test_a_case_notes_when_it_was_first_told_and_keeps_it() -> None:
    def fired(*records: PileOn, **config: Any) -> Any:
        store = stage().new_store()
        folded(stage(**config), list(records), store)
        firing = store.firing("case-1")
        assert firing is not None
        return firing.fired_at

    assert fired(pileon(opening_delay_seconds=30.0), ongoing(2, Severity.CRITICAL), closed(3)) == NOON + 30 * SECOND
    assert fired(pileon(opening_delay_seconds=90_000.0)) is None


def test_a_backlog_of_stale_ones_is_no_storm() -> None:
    assert decided([*many(30, opening_delay_seconds=90_000.0), pileon("fresh")])[-1] == ("fire", "new")


def test_what_ended_is_remembered_for_an_hour_of_arrivals_and_then_removed() -> None:
    def left(after: timedelta) -> set[str]:
        store = stage().new_store()
        folded(stage(), [pileon(), closed(2)], store)
        stage_then, (record,) = stage(), [pileon("another", opened_at=NOON)]
        for key, entry in stage_then.step(store, record, NOON + after).entries:
            store.apply(key, entry)
        return {entry.pileon_id for entry in store.entries.values() if isinstance(entry, Firing)}

    assert left(59 * MINUTE) == {"case-1", "another"}
    assert left(61 * MINUTE) == {"another"}


def test_a_decision_says_which_transition_it_is_about() -> None:
    (told,) = folded(stage(), [pileon(severity=Severity.CRITICAL)]).outputs
    assert told == AlertDecision(
        pileon_id="case-1", revision=1, decision=Decision.FIRE, reason=Reason.NEW, severity=Severity.CRITICAL, source="news",
        community="sport", at=NOON,
    )  # fmt: skip


def test_no_person_conversation_or_comment_stands_in_the_state() -> None:
    told = pileon(target_id="ann-secret", conversations=("talk-secret",), evidence=("c-secret",), opened_by="o-secret")
    kept = entries_of(stage(), [[told]])
    assert not any(b"secret" in key + value for key, value in kept.items())


def lives() -> st.SearchStrategy[list[PileOn]]:
    """Transitions of a few pile-ons, repeats and gaps among them."""
    one = st.builds(
        lambda name, revision, status, severity, delay: pileon(
            name, revision, status, severity=severity, opening_delay_seconds=delay, opened_at=NOON, updated_at=NOON + revision * MINUTE
        ),
        st.sampled_from(["x", "y"]), st.integers(1, 5), st.sampled_from(list(Status)), st.sampled_from(list(Severity)),
        st.sampled_from([0.0, 90_000.0]),
    )  # fmt: skip
    return st.lists(one, max_size=25)


@given(lives())
def test_nobody_is_told_twice_of_one_severity_and_only_what_fired_resolves(transitions: list[PileOn]) -> None:
    told: dict[str, list[str]] = {}
    for decision in folded(stage(), transitions).outputs:
        told.setdefault(decision.pileon_id, []).append(str(decision.decision))
    for decisions in told.values():
        acted = [decision for decision in decisions if decision != "hold"]
        assert acted.count("escalate") <= acted.count("fire")
        assert "resolve" not in acted[:1]


@given(lives(), st.integers(0, 25))
def test_a_restart_between_any_two_transitions_changes_nothing(transitions: list[PileOn], cut: int) -> None:
    whole = folded(stage(), transitions).outputs
    state = entries_of(stage(), [transitions[:cut]])
    later = folded(stage(), transitions[cut:], restarted(stage(), state)).outputs
    assert whole[cut:] == later


@given(lives())
def test_transitions_that_come_twice_leave_the_same_state(transitions: list[PileOn]) -> None:
    doubled = [copy for one in transitions for copy in (one, one)]
    assert entries_of(stage(), [transitions]) == entries_of(stage(), [doubled])
