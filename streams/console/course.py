"""The course of a case: each reply, how many people were hostile by then, and what was told when. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final, NamedTuple

from msgspec import Struct

from streams.console.cases import Case
from streams.console.taking import millis
from streams.engine import moment
from streams.records import Grounds, PileOn, Severity
from streams.stages.instants import span

MOST: Final = 5000
"""Points that a chart gets; of more replies the hostile ones come first, and then one in so many."""
Step = tuple[PileOn, int]
"""A transition of a case, and when it arrived (milliseconds)."""


class Answer(NamedTuple):
    """A reply to the person of the case."""

    at: int
    """Milliseconds."""
    person: int | None
    """None: the source names nobody; those are one together."""
    hostility: float
    is_hostile: bool


class Point(NamedTuple):
    """What is known from an instant on: by a reply, or by nobody's having been hostile for as long as the window."""

    at: int
    hostility: float | None
    """None where there is no reply."""
    is_hostile: bool
    people: int
    """Different people hostile so far, and"""
    within: int
    """within the last window."""


class Told(Struct, frozen=True):
    """What somebody could have been told, and when."""

    at: datetime
    said: str


class Chart(Struct, frozen=True):
    """What a browser draws. Times are milliseconds after ``begins``; all lists are as long as ``at``."""

    begins: int
    ends: int
    at: list[int]
    hostile: list[float | None]
    other: list[float | None]
    people: list[int]
    within: list[int] | None
    """None where evidence decides, not a count within a window."""
    min_hostility: float
    opens: int
    critical: int
    usual: float | None
    told: list[tuple[int, str]]
    replies: int
    """All there are; ``drawn`` says how many of them are in the lists."""
    drawn: int


def told(steps: Sequence[Step], stale_after: timedelta) -> list[Told]:
    """Return when a case opened and when it got critical, of its steps. What was history when it came pages nobody."""
    first, later = steps[:1], steps[1:]
    if not first or first[0][0].severity is Severity.CRITICAL:
        return [_told(step, "opened, critical", stale_after) for step in first]
    worse = [step for step in later if step[0].severity is Severity.CRITICAL and step[0].closed_at is None]
    return [_told(first[0], "opened", stale_after), *(_told(step, "critical", stale_after) for step in worse[:1])]


def _told(step: Step, said: str, stale_after: timedelta) -> Told:
    return Told(step[0].updated_at, f"{said}, {'stale: nobody told' if _is_stale(*step, stale_after) else 'told'}")


def _is_stale(pileon: PileOn, arrived: int, stale_after: timedelta) -> bool:
    """Return whether it was history when it came (stages/alert.py)."""
    heard_at = pileon.last_hostile_at or pileon.updated_at
    return pileon.opening_delay_seconds > stale_after.total_seconds() or moment(arrived) - heard_at > stale_after


def points(answers: Iterable[Answer], window: int, ends: int) -> Iterator[Point]:
    """Return a point for each reply, in order, and for each time until ``ends`` that somebody was last hostile a window ago."""
    crowd = _Crowd(window)
    for answer in answers:
        yield from crowd.leaving(answer.at)
        if answer.is_hostile:
            crowd.take(answer)
        yield Point(answer.at, answer.hostility, answer.is_hostile, *crowd.sizes)
    yield from crowd.leaving(ends)


class _Crowd:
    """Who was hostile, and who within the window, with when last."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._all: set[int | None] = set()
        self._within: dict[int | None, int] = {}
        self._due: deque[tuple[int, int | None]] = deque()

    @property
    def sizes(self) -> tuple[int, int]:
        """Return how many there are in all, and within the window."""
        return len(self._all), len(self._within)

    def take(self, answer: Answer) -> None:
        """Count somebody who was hostile."""
        self._all.add(answer.person)
        self._within[answer.person] = answer.at
        self._due.append((answer.at + self._window, answer.person))

    def leaving(self, until: int) -> Iterator[Point]:
        """Return a point for each time until then that somebody left the window."""
        while self._due and self._due[0][0] <= until:
            at, person = self._due.popleft()
            if self._within.get(person) == at - self._window:
                del self._within[person]
                yield Point(at, None, False, *self.sizes)


def thinned(all_points: Sequence[Point], most: int) -> list[Point]:
    """Return at most so many points, or few more: all that are hostile, if they fit, and of what is left one in so many."""
    hostile = sum(point.is_hostile for point in all_points)
    others = -(-(len(all_points) - hostile) // max(1, most - hostile))
    steps = {True: max(1, -(-hostile // most)), False: max(1, others)}
    seen = {True: 0, False: 0}
    kept: list[Point] = []
    for point in all_points:
        if seen[point.is_hostile] % steps[point.is_hostile] == 0:
            kept.append(point)
        seen[point.is_hostile] += 1
    return kept


def chart(case: Case, answers: Sequence[Answer], steps: Sequence[Step], stale_after: timedelta, most: int = MOST) -> Chart:
    """Return a case's course for a browser to draw."""
    begins, ends = millis(case.first), millis(case.last)
    shown = thinned(list(points(answers, span(case.config.window) // 1000, ends)), most)
    grounds = next((step.grounds for step, _ in steps if step.grounds is not None), None)
    return Chart(
        begins, ends, [point.at - begins for point in shown],
        [_rounded(point) if point.is_hostile else None for point in shown],
        [None if point.is_hostile else _rounded(point) for point in shown],
        [point.people for point in shown], _within(shown, grounds), case.config.min_hostility, case.config.min_hostile_authors,
        critical_from(case), case.pileon.usual_hostile_authors,
        [(millis(each.at) - begins, each.said) for each in told(steps, stale_after)],
        len(answers), sum(point.hostility is not None for point in shown),
    )  # fmt: skip


def _rounded(point: Point) -> float | None:
    return None if point.hostility is None else round(point.hostility, 3)


def _within(shown: Sequence[Point], grounds: Grounds | None) -> list[int] | None:
    return [point.within for point in shown] if grounds is None else None


def critical_from(case: Case) -> int:
    """Return from how many hostile people on a case is critical."""
    return ceil(case.config.critical_factor * case.config.min_hostile_authors)
