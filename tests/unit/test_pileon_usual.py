"""A case tells what is usual: of this person where there is a past, of anybody where there is none, of a page without times nothing."""

from datetime import timedelta
from typing import Any

import pytest

from streams.records import PileOn, Reply
from streams.stages.pileon import Config, PileOns
from tests.support.builders import DAY, HOUR, MINUTE, NOON, reply, tick
from tests.support.folding import folded


def told(records: list[Reply], **settings: Any) -> list[PileOn]:
    return folded(PileOns(Config(**settings), {}, {}, b"k"), [*records, tick(NOON + 300 * DAY)]).outputs


def crowd(number: int, start: timedelta = timedelta(0), apart: timedelta = MINUTE, **fields: Any) -> list[Reply]:
    return [reply(f"p{n}", NOON + start + n * apart, **fields) for n in range(number)]


def enemies(days: int, a_day: int) -> list[Reply]:
    """So many different people a day, hours apart: never a pile-on."""
    return [reply(f"e{day}-{n}", NOON - (days - day) * DAY + n * 3 * HOUR) for day in range(days) for n in range(a_day)]


def test_a_newcomer_has_what_is_usual_for_anybody() -> None:
    opened = told(crowd(4), usual_people_a_day=24)[0]
    assert opened.usual_hostile_authors == pytest.approx(24 * 3 / 1440)
    assert "4 people hostile in 3 min (usual under 0.1)" in opened.reason


def test_a_person_with_enemies_has_a_usual_of_their_own() -> None:
    calm, disliked = told(crowd(4, apart=15 * MINUTE))[0], told([*enemies(40, 3), *crowd(4, apart=15 * MINUTE)])[0]
    assert calm.usual_hostile_authors == pytest.approx(0.07 * 45 / 1440, rel=0.01)
    assert disliked.usual_hostile_authors == pytest.approx(3 * 45 / 1440, rel=0.3)
    assert disliked.usual_hostile_authors > 20 * calm.usual_hostile_authors


def test_a_pile_on_says_nothing_about_itself() -> None:
    grown = told(crowd(40, apart=15 * MINUTE))[:-1]
    per_hour = [one.usual_hostile_authors / ((one.updated_at - one.first_hostile_at) / HOUR) for one in grown if one.usual_hostile_authors]
    assert len(per_hour) > 5
    assert max(per_hour) == pytest.approx(0.07 / 24, rel=0.02)


def test_yesterdays_pile_on_is_not_usual_today_but_it_is_next_week() -> None:
    raid = crowd(8)
    today, next_week = (told([*raid, *crowd(4, start=after)])[-2] for after in (DAY, 7 * DAY))
    assert today.usual_hostile_authors == pytest.approx(0.07 * 3 / 1440, rel=0.01)
    assert next_week.usual_hostile_authors > 5 * today.usual_hostile_authors


def test_a_page_without_times_makes_nobody_used_to_enemies() -> None:
    scraped = [reply(f"s{n}", NOON - 9 * DAY, created_at_is_estimated=True) for n in range(40)]
    calm, after = told(crowd(4, apart=15 * MINUTE))[0], told([*scraped, *crowd(4, apart=15 * MINUTE)])[-2]
    assert after.usual_hostile_authors <= calm.usual_hostile_authors


def test_a_page_without_times_never_pretends_to_know_a_rate() -> None:
    opened = told(crowd(4, created_at_is_estimated=True))[0]
    assert opened.usual_hostile_authors is None
    assert opened.last_hostile_at is None
    assert "usual" not in opened.reason
