"""``summary.json`` and ``config.lock`` of a backtest."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.replay.backtest.cases import Change, Kind
from streams.replay.backtest.coverage import Coverage
from streams.replay.backtest.judged import Judged
from streams.replay.backtest.measures import Measures
from streams.replay.backtest.next_up import Next
from streams.replay.backtest.over_time import OverTime
from streams.replay.backtest.period import Period
from streams.replay.backtest.played import Rules, Side
from streams.replay.backtest.slices import Slices
from streams.replay.warm_up import WarmUp

LOCK: Final = "config.lock"
METRICS: Final = "metrics.om"
TO_JUDGE: Final = "judge-next.jsonl"
LINES: Final = ("alerts", "pileons", "changes")
"""Files of JSON lines, without ``.jsonl``."""
_MATTERS: Final = ("scorer", "address", "pileon", "alert", "sources", "communities", "mutes")
"""What results depend on among the settings."""


class Covered(Struct, frozen=True, kw_only=True):
    """The period, in event time."""

    start: datetime
    end: datetime
    days: float
    """What rates a day are divided by: at least one."""
    step_seconds: float
    steps: int


class Summary(Struct, frozen=True, kw_only=True):
    """``summary.json``: coverage first, then what changed, then both sides in numbers."""

    run: str
    program: str
    complete: bool = True
    """False: the run was stopped, this many comments were left, and everything here is about those that were taken."""
    not_replayed: int = 0
    coverage: Coverage
    period: Covered
    console: str = ""
    """The address of the console where cases of the baseline can be looked at; empty: the settings name none."""
    configurations: dict[Side, str]
    """Side → SHA-256 of what decides about results, as ``config.lock`` and a replay's summary have it."""
    changes: dict[Kind, int]
    labels: Judged | None
    """Both sides beside the labels, where there are any."""
    unjudged: int
    """Pile-ons of either side that no label speaks of."""
    judge_next: tuple[Next, ...]
    """Those of them that say most, best first, at most 20 (``next_up``)."""
    baseline: dict[str, float | None]
    candidate: dict[str, float | None]
    delta: dict[str, float | None]
    """Candidate less baseline; null where one of them is."""
    over_time: OverTime
    slices: Slices
    """Who pays for it: by community, language and identity terms."""
    accounts: dict[Side, dict[str, dict[str, int]]]
    """Side → the sums of a replay's summary, each of which adds up."""
    warm_up: dict[Side, WarmUp]
    """Side → the same of what came before the period."""


class Locked(Struct, frozen=True, kw_only=True):
    """One configuration in ``config.lock``."""

    configuration: str
    scorer: str
    """``name@version``; ``settings`` has what was asked for."""
    detector: str
    settings: dict[str, Any]
    """What results depend on, defaults filled in; durations as ISO 8601."""


class Lock(Struct, frozen=True, kw_only=True):
    """``config.lock``."""

    program: str
    baseline: Locked
    candidate: Locked


def covered(period: Period) -> Covered:
    """Return the period as the summary has it."""
    return Covered(
        start=period.start, end=period.end, days=round(period.days, 6), step_seconds=period.step.total_seconds(), steps=period.steps
    )


def counted(changes: list[Change]) -> dict[Kind, int]:
    """Return how many pile-ons changed in each way, those without any at zero."""
    return {kind: sum(change.change is kind for change in changes) for kind in Kind}


def delta(baseline: Measures, candidate: Measures) -> dict[str, float | None]:
    """Return candidate less baseline, rounded like them."""
    return {name: _less(candidate.get(name), before) for name, before in baseline.items()}


def _less(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else round(after - before, 6)


def locked(program: str, rules: Mapping[Side, Rules]) -> bytes:
    """Return ``config.lock``: both effective configurations. No secret is in it; mutes hold ids of targets."""
    lock = Lock(program=program, baseline=_locked(rules[Side.BASELINE]), candidate=_locked(rules[Side.CANDIDATE]))
    return _readable(lock)


def _locked(rules: Rules) -> Locked:
    settings = {name: getattr(rules.settings, name) for name in _MATTERS}
    plan = rules.plan
    return Locked(configuration=plan.configuration, scorer=plan.scorer, detector=plan.detector, settings=settings)


def to_judge(chosen: Iterable[Next]) -> Iterator[bytes]:
    """Yield a line each, as ``--labels`` reads it once ``verdict`` is filled in."""
    for one in chosen:
        case = one.case
        line = {"target": case.target_id, "from": case.first_hostile_at, "to": case.closed_at, "verdict": None, "source": case.source,
                "community": case.community, "change": one.change, "people": case.hostile_authors, "reason": case.reason}  # fmt: skip
        yield msgspec.json.encode(line) + b"\n"


def encoded(summary: Summary) -> bytes:
    """Return ``summary.json`` as people read it."""
    return _readable(summary)


def _readable(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
