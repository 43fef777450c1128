"""A sweep's report: coverage, a curve for each of a few measures, the table of all combinations."""

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from streams.replay.backtest.grid import Axis
from streams.replay.backtest.html.elements import e, section, table
from streams.replay.backtest.html.facts import coverage
from streams.replay.backtest.html.page import page, partial_note
from streams.replay.backtest.html.pictures import HEIGHT, Series, curves, figure, key
from streams.replay.backtest.points import Point
from streams.replay.backtest.sweep_table import cells, has_labels, headers, notes, with_bounds
from streams.replay.backtest.swept import BUDGETED, Sweep
from streams.replay.backtest.table import in_minutes, number

_LINES: Final = 5
"""Lines of one picture, and the settings as they are."""
_DRAWN: Final = {
    "alerts_per_day": "Alerts per day",
    "people_piled_on": "People piled on",
    "seconds_to_alert_median": "Minutes to the alert, median",
    "precision": "Precision of those judged",
    "recall": "Recall of labelled pile-ons",
}
_OF_LABELS: Final = ("precision", "recall")


class _Lines:
    """Which combinations make up a line: along the setting with most values, one line per combination of the others."""

    def __init__(self, found: Sweep) -> None:
        self.along: Axis = max(found.grid, key=lambda axis: len(axis.values))
        self._of: dict[str, dict[str, Point]] = {}
        for point in found.points:
            others = ", ".join(f"{axis.name}={point.values[axis.name]}" for axis in found.grid if axis is not self.along)
            self._of.setdefault(others or "each value", {})[point.values[self.along.name]] = point
        self.names = list(self._of)[:_LINES]
        self.left_out = len(self._of) - len(self.names)

    def points(self, name: str) -> list[Point | None]:
        """Return a line's combinations along its setting; None for one that was not tried, because somebody stopped it."""
        return [self._of[name].get(value) for value in self.along.values]


def sweep_report(found: Sweep) -> str:
    """Return a sweep's report as HTML."""
    when = f"{found.period.start:%Y-%m-%d %H:%M} to {found.period.end:%Y-%m-%d %H:%M} UTC, rates over {found.period.days:.1f} days"
    parts = [coverage(found.coverage), _curves(found), _table(found)]
    told = f"It was stopped, and {found.not_tried} combinations were not tried: their places are empty."
    partial = None if found.complete else partial_note(told)
    return page(f"Sweep of {len(found.points)} combinations", when, parts, f"Made by {found.program}. No id and no text is in it.", partial)


def _curves(found: Sweep) -> Element:
    lines = _Lines(found)
    told = f"Along {lines.along.name}; the dotted line without points is what holds as it is."
    if found.budget.was_asked:
        told += f" The thick line is the budget: {number(found.budget.alerts_per_day)} alerts a day."
    if lines.left_out:
        told += f" {lines.left_out} more lines are in the table only."
    drawn = [name for name in _DRAWN if has_labels(found) or name not in _OF_LABELS]
    return section("curves", "Curves", e("p", told), *(_curve(found, lines, name) for name in drawn))


def _curve(found: Sweep, lines: _Lines, name: str) -> Element:
    now = _value(found.as_it_is, name)
    values = {line: [_value(point, name) for point in lines.points(line)] for line in lines.names}
    series = [Series(f"c{place}", values[line]) for place, line in enumerate(lines.names)]
    levels = [Series("level", [now] * len(lines.along.values)), *_budget(found, name, len(lines.along.values))]
    looks = [(f"swatch-c{place}", line) for place, line in enumerate(lines.names)]
    looks += [("swatch-budget", f"budget: {number(level.values[0])}") for level in levels[1:]]
    rows = [[value, *(number(values[line][place]) for line in lines.names)] for place, value in enumerate(lines.along.values)]
    beside = table(_DRAWN[name], (lines.along.name, *lines.names), rows)
    told = "; ".join(f"{line}: {_ends(lines.along.values, values[line])}" for line in lines.names)
    told += f"; as it is: {number(now)}" + "".join(f"; budget: {number(level.values[0])}" for level in levels[1:])
    return figure(name, _DRAWN[name], f"{told}.", HEIGHT, curves(series, lines.along.values, levels), beside, key(*looks))


def _budget(found: Sweep, name: str, count: int) -> list[Series]:
    """Return the line of the budget, in the picture of what it bounds. What nobody asked for is the line of the settings as they are."""
    if name != BUDGETED or not found.budget.was_asked:
        return []
    return [Series("budget", [found.budget.alerts_per_day] * count)]


def _ends(along: Sequence[str], values: Sequence[float | None]) -> str:
    return f"{number(values[0])} at {along[0]}, {number(values[-1])} at {along[-1]}"


def _value(point: Point | None, name: str) -> float | None:
    return None if point is None else in_minutes(name, point.measures[name])


def _table(found: Sweep) -> Element:
    rows = [cells(found, point, with_bounds) for point in (found.as_it_is, *found.points)]
    listed = table("A row per combination; first the settings as they are", headers(found), rows, ())
    return section("table", "All combinations", *(e("p", note) for note in notes(found)), listed)
