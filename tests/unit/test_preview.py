"""The pictures of the dashboards say what Grafana would say."""

import math

import pytest

from tests.support.preview.__main__ import main
from tests.support.preview.data import Series, unfolded
from tests.support.preview.look import colour_of, ink_on, overridden
from tests.support.preview.numbers import ticks, written


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.0215, "percentunit", None, "2.15%"),
        (0.0215, "percentunit", 0, "2%"),
        (0.0, "s", None, "0 s"),
        (0.0828, "s", None, "82.8 ms"),
        (5400, "s", None, "1.5 h"),
        (2340, "short", None, "2.34 K"),
        (7, "short", None, "7"),
        (466.4, "cpm", 0, "466 c/m"),
        (1772325900000, "dateTimeAsIso", None, "2026-03-01 00:45:00"),
        (math.nan, "short", None, ""),
    ],
)
def test_a_number_is_written_with_its_unit(value: float, unit: str, decimals: int | None, text: str):
    assert written(value, unit, decimals) == text


@pytest.mark.parametrize(("least", "most"), [(0, 1), (0.98, 1), (0, 0.003), (-3, 14), (0, 12345)])
def test_an_axis_has_a_few_round_numbers_around_what_it_shows(least: float, most: float):
    marks = ticks(least, most)
    assert marks[0] <= least
    assert marks[-1] >= most - 1e-9
    assert 2 <= len(marks) <= 7


def test_a_bucket_is_drawn_without_those_below_it():
    low = Series("0.5", {"le": "0.5"}, [(1, 2.0), (2, 3.0)], "A")
    high = Series("+Inf", {"le": "+Inf"}, [(1, 5.0), (2, 3.0)], "A")
    assert [one.points for one in unfolded([high, low])] == [[(1, 2.0), (2, 3.0)], [(1, 3.0), (2, 0.0)]]


def test_a_series_has_a_last_value_and_a_total_of_what_is_a_number():
    one = Series("opened", {}, [(1, 2.0), (2, 3.0), (3, math.nan)], "A")
    assert (one.last, one.total) == (3.0, 5.0)
    assert math.isnan(Series("opened", {}, [], "A").total)


def test_a_value_has_the_colour_of_the_highest_step_that_it_reaches():
    steps = {"steps": [{"color": "#0072B2", "value": None}, {"color": "#E69F00", "value": 0.1}]}
    assert [colour_of(value, steps) for value in (0.0, 0.1, 7.0)] == ["#0072B2", "#E69F00", "#E69F00"]


def test_a_look_can_be_that_of_all_names_that_match():
    grey = {"matcher": {"id": "byRegexp", "options": "/ baseline$/"}, "properties": [{"id": "color", "value": {"fixedColor": "#999999"}}]}
    panel = {"fieldConfig": {"overrides": [grey]}}
    assert overridden(panel, "fire · baseline") == {"color": {"fixedColor": "#999999"}}
    assert overridden(panel, "baseline of all") == {}


def test_what_stands_on_a_light_ground_is_dark():
    assert ink_on("#E69F00") == "#111217"
    assert ink_on("#0072B2") == "#ffffff"


def test_a_missing_program_is_one_plain_line_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("shutil.which", lambda name: None if name == "chromium" else f"/usr/bin/{name}")
    assert main() == 2
    assert capsys.readouterr().err == "dashboards: not drawn, chromium missing; on Debian: apt-get install chromium\n"
