"""``sweep.json`` and ``sweep.csv``: what every combination of a grid comes to."""

import csv
import io
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.replay.backtest.coverage import Coverage
from streams.replay.backtest.grid import Axis
from streams.replay.backtest.judged import Score
from streams.replay.backtest.points import Point
from streams.replay.backtest.report import Covered

SWEEP: Final = "sweep.json"
TABLE: Final = "sweep.csv"
BUDGETED: Final = "alerts_per_day"
"""The measure that a budget bounds."""


class Budget(Struct, frozen=True, kw_only=True):
    """How many alerts a day there may be."""

    alerts_per_day: float
    was_asked: bool
    """False: nobody named one, it is what the settings give as they are."""

    def holds(self, point: Point) -> bool:
        """Return whether a combination stays within it."""
        return (point.measures[BUDGETED] or 0.0) <= self.alerts_per_day


def budget(asked: float | None, as_it_is: Point) -> Budget:
    """Return the budget that was asked for, or what holds as it is."""
    now = as_it_is.measures[BUDGETED] or 0.0
    return Budget(alerts_per_day=now if asked is None else asked, was_asked=asked is not None)


class Sweep(Struct, frozen=True, kw_only=True):
    """``sweep.json``."""

    program: str
    complete: bool = True
    not_tried: int = 0
    """Combinations that were left where it was interrupted."""
    asked: str = ""
    """SHA-256 of the grid and the labels."""
    ends: dict[int, int] = {}
    """Where the topic ended that was read, by partition: what it gets later is none of this."""
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
