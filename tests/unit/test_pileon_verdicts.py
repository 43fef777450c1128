"""A moderator says that a pile-on is none: it ends there, and is told anew only when its hostile people have doubled."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.records import DeletedBy, EndedBecause, Judged, PileOn, Status
from tests.support.builders import COMMUNITY, DAY, HOUR, MINUTE, NOON, SOURCE, reply, tick
from tests.support.folding import as_lines, entries_of, folded, restarted
from tests.unit.test_pileon_stage import crowd, removed, stage, told

CASE = told(crowd(4))[0].pileon_id


def none(pileon: str = CASE, people: int = 0, after: timedelta = 10 * MINUTE) -> Judged:
    return Judged(source=SOURCE, community=COMMUNITY, target_id="ann", pileon_id=pileon, hostile_authors=people, judged_at=NOON + after)


def more(number: int, first: int = 4) -> list[Any]:
    return [reply(f"p{n}", NOON + (11 + n) * MINUTE) for n in range(first, first + number)]


def statuses(pileons: list[PileOn]) -> list[tuple[str, int]]:
    return [(str(one.status), one.hostile_authors) for one in pileons]


def test_what_is_judged_to_be_none_ends_with_that_reason_at_the_time_of_the_verdict() -> None:
    *_, last = told([*crowd(4), none()])
    assert (last.status, last.ended_because, last.closed_at) == (Status.CLOSED, EndedBecause.JUDGED, NOON + 10 * MINUTE)
    assert last.reason.startswith("a moderator said that it is none; ")
    assert (last.pileon_id, last.revision, last.hostile_authors) == (CASE, 2, 4)


def test_more_of_the_same_is_told_to_nobody_until_the_hostile_people_have_doubled() -> None:
    assert statuses(told([*crowd(4), none(), *more(3)])) == [("opened", 4), ("closed", 4)]
    again = told([*crowd(4), none(), *more(4)])
    assert statuses(again) == [("opened", 4), ("closed", 4), ("opened", 8)]
    assert again[-1].pileon_id != CASE
    assert (again[-1].revision, again[-1].opened_by, again[-1].evidence[0]) == (1, "p7-1080", "p0-0")


def test_doubling_counts_from_what_the_moderator_saw() -> None:
    assert statuses(told([*crowd(4), *more(2), none(people=4), *more(2, 6)]))[-1] == ("opened", 8)


def test_a_verdict_on_another_case_or_a_second_one_changes_nothing() -> None:
    assert told([*crowd(4), none("another-case")]) == told(crowd(4))
    assert told([none(), *crowd(4)]) == told(crowd(4))
    assert told([*crowd(4), none(), none()]) == told([*crowd(4), none()])


def test_a_case_that_was_judged_ends_for_good_without_a_word_when_it_is_quiet_or_taken_back() -> None:
    quiet = [*crowd(4), none(), tick(NOON + DAY)]
    assert statuses(told(quiet)) == [("opened", 4), ("closed", 4)]
    back = [*crowd(4), none(), removed(crowd(4)[0], DeletedBy.AUTHOR, 20 * MINUTE)]
    assert statuses(told(back)) == [("opened", 4), ("closed", 4)]


def test_after_it_has_ended_the_next_pile_on_opens_at_the_floor_again() -> None:
    later = [reply(f"q{n}", NOON + 30 * HOUR + n * MINUTE) for n in range(4)]
    assert statuses(told([*crowd(4), none(), tick(NOON + DAY), *later]))[-1] == ("opened", 4)


def test_a_judged_case_is_not_shown_as_open_and_its_verdict_is_accounted_for() -> None:
    store = stage().new_store()
    effects = folded(stage(), [*crowd(4), none()], store)
    assert list(store.open_cases()) == []
    assert effects.outcomes == {"counted": 4, "judged": 1}


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 13))
def test_wherever_a_verdict_stands_a_restart_at_any_place_tells_the_same_without_a_gap(at: int, again: int, cut: int) -> None:
    records: list[Any] = [*crowd(4), *more(8)]
    records.insert(at, none())
    second = told(records)[-1].pileon_id if told(records) else CASE
    records.insert(again, none(second))
    whole = folded(stage(), records).outputs
    before = entries_of(stage(), [records[:cut]])
    parts = [*folded(stage(), records[:cut]).outputs, *folded(stage(), records[cut:], restarted(stage(), before)).outputs]
    assert as_lines(parts) == as_lines(whole)
    revisions: dict[str, list[int]] = {}
    for one in whole:
        revisions.setdefault(one.pileon_id, []).append(one.revision)
    assert all(found == list(range(1, len(found) + 1)) for found in revisions.values())
