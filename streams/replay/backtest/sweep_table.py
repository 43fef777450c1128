"""A sweep in a terminal: a line per combination."""

from collections.abc import Callable
from typing import Final

from rich.console import Console, Group
from rich.table import Table

from streams.replay.backtest.intervals import Share
from streams.replay.backtest.points import Point
from streams.replay.backtest.swept import Sweep
from streams.replay.backtest.table import between, in_minutes, number, two_places

SHOWN: Final = {
    "alerts_per_day": "alerts/day",
    "pages_warning_per_day": "warnings/day",
    "pages_critical_per_day": "criticals/day",
    "pileons": "pile-ons",
    "people_piled_on": "people",
    "seconds_to_alert_median": "min to alert",
    "seconds_to_alert_p90": "90 of 100",
}
"""Measures in the order of columns. All of them are in sweep.json and sweep.csv."""
_WIDE: Final = 1000


def shown(found: Sweep) -> Group:
    """Return the table, and what was read before it."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in headers(found):
        table.add_column(name, justify="right")
    for point in (found.as_it_is, *found.points):
        table.add_row(*cells(found, point, lambda one: f"{two_places(one.value)} (n {one.n})"))
    table.width = Console(width=_WIDE).measure(table).maximum  # as wide as it needs: a line per combination
    seen, when = found.coverage, found.period
    read = (
        f"{seen.comments} comments, {seen.conversations} conversations, {seen.gaps} gaps of an hour or more, {seen.undecodable} undecodable"
    )
    span = f"sweep of {len(found.points)} combinations: {when.start:%Y-%m-%d %H:%M} to {when.end:%Y-%m-%d %H:%M} UTC, {when.days:.1f} days"
    partial = [] if found.complete else [f"PARTIAL: it was interrupted, {found.not_tried} combinations were not tried; --resume goes on"]
    return Group(span, read, *partial, *notes(found), "", table)


def notes(found: Sweep) -> list[str]:
    """Return what must be known to read it."""
    budget = found.budget
    whose = "the budget" if budget.was_asked else "the settings as they are; --budget names another"
    inside = sum(map(budget.holds, found.points))
    said = [f"✓ {inside} of {len(found.points)} combinations within {number(budget.alerts_per_day)} alerts a day: {whose}"]
    said += [f"not reached, a community set it for itself: {', '.join(found.hidden[:5])}"] if found.hidden else []
    return said + ([f"{found.labels_in_period} labels in the period"] if found.labels_in_period else [])


def headers(found: Sweep) -> list[str]:
    """Return the columns' names; settings by their last part."""
    return [
        *(axis.name.partition(".")[2] for axis in found.grid),
        "within",
        *SHOWN.values(),
        *(("precision", "recall") if has_labels(found) else ()),
    ]


def has_labels(found: Sweep) -> bool:
    """Return whether precision and recall are known."""
    return found.as_it_is.score is not None


def cells(found: Sweep, point: Point, said: Callable[[Share], str]) -> list[str]:
    """Return one row in words, precision and recall as ``said`` has them."""
    values = [point.values.get(axis.name, "as it is") for axis in found.grid]
    measured = [number(in_minutes(name, point.measures[name])) for name in SHOWN]
    return [
        *values,
        "✓" if found.budget.holds(point) else "",
        *measured,
        *([said(point.score.precision), said(point.score.recall)] if point.score else []),
    ]


def with_bounds(one: Share) -> str:
    """Return e.g. ``0.50 (0.09 to 0.91, n 2)``."""
    return f"{two_places(one.value)} ({between(one)}, n {one.n})" if one.n else "– (n 0)"
