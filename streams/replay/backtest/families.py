"""``metrics.om``: a backtest as OpenMetrics with timestamps, so that Prometheus can hold it and Grafana show it.

One sample of every series per step of event time. Labels are closed sets: run, side, source, severity and words of ours; never a
person, a conversation or a community.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice
from math import isnan
from typing import Final

from msgspec import Struct
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest

from streams.instruments import AUTHOR_BUCKETS, DELAY_BUCKETS
from streams.records import Severity, Status
from streams.replay.backtest.cases import Change, Kind
from streams.replay.backtest.courses import Course, Spread
from streams.replay.backtest.judged import Judged
from streams.replay.backtest.judged_families import PREFIX, Family, of_labels
from streams.replay.backtest.measures import Lived, fired
from streams.replay.backtest.period import Period
from streams.replay.backtest.played import Side, Told
from streams.stages.alert import HELD, Decision


class Charted(Struct, frozen=True, kw_only=True):
    """What the metrics are made of."""

    run: str
    period: Period
    sources: Collection[str]
    """Names that a label may show, ``other`` among them."""
    written: Collection[tuple[datetime, str]]
    """Event time and source of every comment."""
    lived: dict[Side, Lived]
    changes: Collection[Change]
    facts: dict[Side, dict[str, str]]
    labels: Judged | None = None
    """What each side rests on: scorer, detector, configuration."""


def openmetrics(charted: Charted) -> Iterator[bytes]:
    """Yield the file in parts, a family each, and ``# EOF``."""
    times = list(charted.period.ends())
    for family in families(charted):
        yield "".join(f"{line}\n" for line in _lines(family, times)).encode()
    yield b"# EOF\n"


class _Only:
    """A registry of one family."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return (self._family,)


def _lines(family: Family, times: list[int]) -> Iterator[str]:
    """Yield a family's lines. The client writes each series once; a series' name is the same at every time."""
    text: bytes = generate_latest(_Only(family.metric))  # type: ignore[no-untyped-call]  # the client types it not
    lines = text.decode().splitlines()[:-1]
    yield from (line for line in lines if line.startswith("#"))
    names = iter([line.rpartition(" ")[0] for line in lines if not line.startswith("#")])
    for rows in family.groups:
        group = list(islice(names, len(rows[0])))
        for at, row in zip(times, rows, strict=True):
            yield from (f"{name} {'NaN' if isnan(value) else value} {at}" for name, value in zip(group, row, strict=True))


def families(charted: Charted) -> Iterator[Family]:
    """Yield every family."""
    yield _runs(charted)
    when = charted.period
    yield _constant(charted, "period_start_seconds", "The period's first event time, in Unix seconds.", when.start.timestamp())
    yield _constant(charted, "period_end_seconds", "The period's last event time, in Unix seconds.", when.end.timestamp())
    yield _constant(charted, "step_seconds", "How far apart samples are.", when.step.total_seconds())
    yield _counter(charted, "comments", "Comments written.", _comments(charted))
    yield _counter(charted, "changes", "Pile-ons, by what became of them under the candidate.", _changes(charted))
    yield _counter(charted, "hostile_replies", "Replies that the detector counted as hostile.", _hostile(charted))
    yield _counter(charted, "pileons", "Pile-on transitions, by severity and status.", _transitions(charted))
    yield _filled(GaugeMetricFamily(PREFIX + "pileons_active", "Pile-ons open.", labels=_ACTIVE), charted, _active(charted))
    yield _counter(charted, "alerts", "Pile-on transitions, by what was decided.", _decisions(charted))
    yield _counter(charted, "alerts_held", "Transitions that would have told nobody, by reason.", _held(charted))
    yield _counter(charted, "pages", "Messages that would have reached people, grouped.", _pages(charted))
    yield _histogram(charted, "alert_delay_seconds", "Seconds from a case's first hostile reply to its alert.", _delays)
    yield _histogram(charted, "pileon_authors", "People hostile in a case, when it ended or the period did.", _people)
    yield from of_labels(
        charted.run, charted.labels, {side: len(one.cases) for side, one in charted.lived.items()}, charted.period.steps + 1
    )


_ACTIVE: Final = ["run", "side", "source", "severity"]


def _runs(charted: Charted) -> Family:
    info = InfoMetricFamily(f"{PREFIX}run", "What each side of a run rests on, and how long a step is.", labels=["run", "side"])
    step = f"{round(charted.period.step.total_seconds())}s"
    for side, facts in charted.facts.items():
        info.add_metric([charted.run, side], {**facts, "step": step})
    return Family(info, [_always(charted, 1) for _ in charted.facts])


def _constant(charted: Charted, name: str, said: str, value: float) -> Family:
    family = GaugeMetricFamily(PREFIX + name, said, labels=["run"])
    family.add_metric([charted.run], 0)
    return Family(family, [_always(charted, round(value, 3))])


def _always(charted: Charted, value: float) -> list[list[float]]:
    return [[value]] * (charted.period.steps + 1)


def _comments(charted: Charted) -> Course:
    course = Course(charted.period, source=charted.sources)
    for at, source in charted.written:
        course.add(at, source)
    return course


def _changes(charted: Charted) -> Course:
    course = Course(charted.period, source=charted.sources, change=Kind)
    for change in charted.changes:
        course.add(change.case.opened_at, change.case.source, change.change)
    return course


def _hostile(charted: Charted) -> Course:
    course = Course(charted.period, side=Side, source=charted.sources)
    for side, lived in charted.lived.items():
        for act in lived.played.hostile:
            course.add(act.at, side, act.source)
    return course


def _transitions(charted: Charted) -> Course:
    course = Course(charted.period, side=Side, source=charted.sources, severity=Severity, status=Status)
    for side, one in _told(charted):
        course.add(one.at, side, one.pileon.source, one.pileon.severity, one.pileon.status)
    return course


def _active(charted: Charted) -> Course:
    """Return how many are open; one that gets worse moves from one severity to the other."""
    course = Course(charted.period, side=Side, source=charted.sources, severity=Severity)
    open_as: dict[tuple[Side, str], Severity] = {}
    for side, one in _told(charted):
        pileon, case = one.pileon, (side, one.pileon.pileon_id)
        if (before := open_as.pop(case, None)) is not None:
            course.add(one.at, side, pileon.source, before, by=-1)
        if pileon.status is not Status.CLOSED:
            open_as[case] = pileon.severity
            course.add(one.at, side, pileon.source, pileon.severity)
    return course


def _decisions(charted: Charted) -> Course:
    course = Course(charted.period, side=Side, source=charted.sources, decision=Decision)
    for side, one in _told(charted):
        course.add(one.at, side, one.pileon.source, one.decision.decision)
    return course


def _held(charted: Charted) -> Course:
    course = Course(charted.period, side=Side, source=charted.sources, reason=HELD)
    for side, one in _told(charted):
        if one.decision.decision is Decision.HOLD:
            course.add(one.at, side, one.pileon.source, one.decision.reason)
    return course


def _pages(charted: Charted) -> Course:
    course = Course(charted.period, side=Side, source=charted.sources, severity=Severity)
    for side, lived in charted.lived.items():
        for page in lived.pages:
            course.add(page.at, side, page.source, page.severity)
    return course


def _told(charted: Charted) -> Iterator[tuple[Side, Told]]:
    return ((side, one) for side, lived in charted.lived.items() for one in lived.played.told)


def _delays(period: Period, lived: Lived) -> Spread:
    spread = Spread(period, DELAY_BUCKETS)
    for one in fired(lived.played):
        spread.add(one.at, one.waited)
    return spread


def _people(period: Period, lived: Lived) -> Spread:
    spread = Spread(period, AUTHOR_BUCKETS)
    for case in lived.cases:
        spread.add(case.closed_at or period.end, case.hostile_authors)
    return spread


def _counter(charted: Charted, name: str, said: str, course: Course) -> Family:
    return _filled(CounterMetricFamily(PREFIX + name, said, labels=["run", *course.names]), charted, course)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, charted: Charted, course: Course) -> Family:
    groups: list[list[list[float]]] = []
    for labels, values in course.counted():
        family.add_metric([charted.run, *labels], 0)
        groups.append([[value] for value in values])
    return Family(family, groups)


def _histogram(charted: Charted, name: str, said: str, made: Callable[[Period, Lived], Spread]) -> Family:
    family = HistogramMetricFamily(PREFIX + name, said, labels=["run", "side"])
    groups = []
    for side, lived in charted.lived.items():
        spread = made(charted.period, lived)
        family.add_metric([charted.run, side], [(bound, 0) for bound in (*map(str, spread.bounds[:-1]), "+Inf")], 0)
        groups.append(spread.counted())
    return Family(family, groups)
