"""``threadwatch backtest sweep``: one recording through every combination of some settings.

It is scored once, and addressed once where the settings of that are alike.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.records import Comment
from streams.replay.backtest.coverage import Coverage, coverage
from streams.replay.backtest.grid import Axis, combinations
from streams.replay.backtest.judged import Score, in_period, score
from streams.replay.backtest.labels import Label
from streams.replay.backtest.measures import lived as lived_of
from streams.replay.backtest.measures import measures
from streams.replay.backtest.period import Lateness, Period, event_time, period
from streams.replay.backtest.played import Addressed, Rules, addressed, folded
from streams.replay.backtest.report import Covered, covered
from streams.replay.backtest.run import Input, Read
from streams.replay.folder import Folder
from streams.replay.reading import BadLine
from streams.replay.recorded import Progress, Recorded, in_replays_order
from streams.replay.reuse import scores_of

SWEEP: Final = "sweep.json"
TABLE: Final = "sweep.csv"
BUDGETED: Final = "alerts_per_day"
"""The measure that a budget bounds."""


class Point(Struct, frozen=True, kw_only=True):
    """What one combination comes to."""

    values: dict[str, str]
    """Setting → value, as it was asked for; nothing: the settings as they are."""
    configuration: str
    measures: dict[str, float | None]
    score: Score | None
    """Beside the labels, where there are any."""


class Budget(Struct, frozen=True, kw_only=True):
    """How many alerts a day there may be."""

    alerts_per_day: float
    was_asked: bool
    """False: nobody named one, it is what the settings give as they are."""

    def holds(self, point: Point) -> bool:
        """Return whether a combination stays within it."""
        return (point.measures[BUDGETED] or 0.0) <= self.alerts_per_day


def _budget(asked: float | None, as_it_is: Point) -> Budget:
    now = as_it_is.measures[BUDGETED] or 0.0
    return Budget(alerts_per_day=now if asked is None else asked, was_asked=asked is not None)


class Sweep(Struct, frozen=True, kw_only=True):
    """``sweep.json``."""

    program: str
    coverage: Coverage
    period: Covered
    grid: tuple[Axis, ...]
    labels_in_period: int
    hidden: tuple[str, ...]
    """Settings of communities that the grid does not reach."""
    budget: Budget
    as_it_is: Point
    points: tuple[Point, ...]
    """In the grid's order."""


def sweep_of(folder: Path) -> Sweep:
    """Return the sweep that a folder holds. Raises UserError where it cannot be read."""
    file = folder / SWEEP
    try:
        return msgspec.json.decode(file.read_bytes(), type=Sweep)
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}); run the sweep again") from error
    except msgspec.MsgspecError as error:
        raise UserError(f"{file} is not that of a sweep of this version ({error}); run it again") from error


class Asked(Struct, frozen=True, kw_only=True):
    """What a sweep is asked for."""

    rules: Callable[[Mapping[str, str]], Rules]
    """Returns the rules with these values; the same scorer in all."""
    grid: Sequence[Axis]
    hidden: Sequence[str] = ()
    labels: Sequence[Label] = ()
    budget: float | None = None
    """Alerts a day that people can take; None: as many as the settings give as they are."""


def sweep(asked: Asked, lines: Iterator[Comment | BadLine], input_: Input, out: Folder, progress: Progress) -> Sweep:
    """Run what was recorded through every combination and write ``sweep.json`` and ``sweep.csv`` to ``out``.

    Raises UserError where there is no comment at all, a value that cannot be, or labels that speak of something else.
    """
    all_ = [({}, asked.rules({})), *((values, asked.rules(values)) for values in combinations(asked.grid))]
    read = Read(lines)
    recorded = in_replays_order(read, input_.attested, out.room(), scores_of(all_[0][1].plan.stages), since=input_.reach.since)
    if not recorded.period():
        raise UserError("no comment arrived in this period, there is nothing to sweep")
    undecodable = read.undecodable
    lateness = Lateness([all_[0][1].settings])
    times = [event_time(comment, lateness) for comment in recorded.period()]
    when = period(times)
    points, labels = _points(asked, all_, recorded, when, progress)
    found = Sweep(
        program=all_[0][1].plan.program, coverage=coverage(recorded, times, undecodable, lateness, input_.reach), period=covered(when),
        grid=tuple(asked.grid), labels_in_period=labels, hidden=tuple(asked.hidden),
        budget=_budget(asked.budget, points[0]), as_it_is=points[0], points=tuple(points[1:]),
    )  # fmt: skip
    out.put(TABLE, [table_of(found).encode()])
    out.finish(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    return found


def _points(
    asked: Asked, all_: Sequence[tuple[dict[str, str], Rules]], recorded: Recorded, when: Period, progress: Progress
) -> tuple[list[Point], int]:
    """Return what each combination comes to, in order, and how many labels lie in the period."""
    by_address: dict[bytes, list[int]] = {}
    for number, (_, rules) in enumerate(all_):
        by_address.setdefault(msgspec.json.encode(rules.settings.address), []).append(number)
    steps = _Steps(progress, len(recorded.comments), len(by_address) + len(all_))
    found: dict[int, Point] = {}
    labels: list[Label] | None = None
    for numbers in by_address.values():
        before = addressed(all_[numbers[0]][1], recorded, steps.within)
        steps.next()
        if labels is None:
            labels = in_period(asked.labels, when, before.answered)[0] if asked.labels else []
        for number in numbers:
            found[number] = _point(*all_[number], before, recorded, when, labels)
            steps.next()
    return [found[number] for number in range(len(all_))], len(labels or ())


class _Steps:
    """Tells how far a sweep is: each addressing and each combination is a step of as many comments."""

    def __init__(self, progress: Progress, each: int, count: int) -> None:
        self._progress, self._each, self._all, self._done = progress, each, each * count, 0

    def within(self, done: int, _of: int) -> None:
        self._progress(self._done + done, self._all)

    def next(self) -> None:
        self._done += self._each
        self._progress(self._done, self._all)


def _point(values: dict[str, str], rules: Rules, before: Addressed, recorded: Recorded, when: Period, labels: Sequence[Label]) -> Point:
    made = folded(rules, before, recorded)
    lived = lived_of(made, rules.settings.alert.storm_length)
    scored = score(labels, lived.cases, lived.begun) if labels else None
    return Point(
        values=values, configuration=rules.plan.configuration, measures=dict(measures(lived, when.days, scored)), score=scored
    )  # fmt: skip


def table_of(found: Sweep) -> str:
    """Return ``sweep.csv``: a row per combination, first the settings as they are, with every measure and, with labels, the bounds."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [axis.name for axis in found.grid]
    bounds = [f"{share}_{of}" for share in ("precision", "recall") for of in ("low", "high", "n")]
    writer.writerow([*names, "configuration", "within_budget", *found.as_it_is.measures, *bounds])
    for point in (found.as_it_is, *found.points):
        values = [point.values.get(name, "as it is") for name in names]
        writer.writerow(
            [*values, point.configuration, str(found.budget.holds(point)).lower(), *point.measures.values(), *_bounds(point.score)]
        )
    return text.getvalue()


def _bounds(scored: Score | None) -> list[float | int | None]:
    if scored is None:
        return [None] * 6
    return [value for one in (scored.precision, scored.recall) for value in (one.low, one.high, one.n)]
