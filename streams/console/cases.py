"""What the Live page shows: cases by a filter, worst first, each with its pace and a few bars of its course."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.console.taking import millis
from streams.engine import moment
from streams.records import PileOn, Severity
from streams.stages.instants import span
from streams.stages.pileon_config import Config

BARS: Final = 24
MOST: Final = 200
"""Cases on one page, unless all are asked for."""
STATUSES: Final = ("open", "closed", "all")
_DECODE: Final = msgspec.json.Decoder(PileOn).decode


class Filter(Struct, frozen=True):
    """Which cases; as it stands in the address of the page."""

    source: str = ""
    community: str = ""
    severity: str = ""
    status: str = "open"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filter":
        """Return the filter of an address. What is no status or severity counts as not given."""
        severity, status = query.get("severity", ""), query.get("status", "")
        return cls(
            query.get("source", "")[:512], query.get("community", "")[:512],
            severity if severity in list(Severity) else "", status if status in STATUSES else "open",
        )  # fmt: skip

    def query(self) -> dict[str, str]:
        """Return what stands in the address; what is as usual is left out."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value and (name, value) != ("status", "open")}

    def ended(self) -> "Filter":
        """Return the same, of those that ended."""
        return msgspec.structs.replace(self, status="closed")

    def where(self) -> tuple[str, list[str]]:
        """Return SQL and its values."""
        parts = ["status = 'closed'" if self.status == "closed" else "status != 'closed'" if self.status == "open" else "1"]
        values = []
        for name in ("source", "community", "severity"):
            if value := getattr(self, name):
                parts.append(f"{name} = ?")
                values.append(value)
        return " AND ".join(parts), values


class Bar(Struct, frozen=True):
    """One bar of a course: hostile replies and others, of so many at the highest."""

    hostile: int
    other: int


class Given(Struct, frozen=True):
    """A verdict that stands."""

    judge: str
    judgement: str
    note: str | None
    judged_at: datetime
    is_latest: bool
    """Whether this judge said nothing later."""


class Case(Struct, frozen=True):
    """A case as a row of the list."""

    pileon: PileOn
    bars: list[Bar]
    """Empty where the source gives no times."""
    pace: int
    """Hostile replies within the last window before now."""
    verdicts: list[Given]
    first: datetime
    last: datetime
    """From when to when its course is drawn."""
    last_hostile_at: datetime
    config: Config
    """The detector's, where the case is."""

    @property
    def is_open(self) -> bool:
        """Return whether it goes on."""
        return self.pileon.closed_at is None

    @property
    def has_times(self) -> bool:
        """Return whether its source says when something was written."""
        return self.pileon.usual_hostile_authors is not None

    @property
    def judgements(self) -> list[str]:
        """Return what its judges say, each once; two are a disagreement."""
        return sorted({given.judgement for given in self.verdicts if given.is_latest})


class View(Struct, frozen=True):
    """What counts as hostile in the place of a case, and now."""

    now: datetime
    config_of: Callable[[PileOn], Config]


def found(connection: sqlite3.Connection, wanted: Filter, view: View, most: int = MOST) -> list[Case]:
    """Return the worst cases of a filter: critical ones, then those with the most people. Those that ended: the latest first."""
    where, values = wanted.where()
    order = "updated DESC" if wanted.status == "closed" else "severity = 'critical' DESC, hostile_authors DESC, updated DESC"
    rows = connection.execute(
        f"SELECT * FROM pileons WHERE {where} ORDER BY {order}, pileon_id LIMIT ?",  # noqa: S608 parts of ours
        (*values, most),
    ).fetchall()
    return [case_of(connection, row, view) for row in rows]


def newest(connection: sqlite3.Connection) -> int | None:
    """Return when the newest comment arrived, in milliseconds."""
    found: int | None = connection.execute("SELECT max(arrived) FROM comments").fetchone()[0]
    return found


def count(connection: sqlite3.Connection, wanted: Filter, since: int | None = None) -> int:
    """Return how many there are; with ``since`` only those that came after this change."""
    where, values = wanted.where()
    later = "" if since is None else " AND first_change > ?"
    asked = connection.execute(f"SELECT count(*) FROM pileons WHERE {where}{later}", [*values, *([] if since is None else [since])])  # noqa: S608
    return int(asked.fetchone()[0])


def changed(connection: sqlite3.Connection, first_until: int, after: int, view: View) -> list[Case]:
    """Return the cases that were there at change ``first_until`` and look different since ``after``."""
    rows = connection.execute("SELECT * FROM pileons WHERE change > ? AND first_change <= ?", (after, first_until)).fetchall()
    return [case_of(connection, row, view) for row in rows]


def change(connection: sqlite3.Connection) -> int:
    """Return the number of the latest change."""
    return int(connection.execute("SELECT value FROM meta WHERE name = 'change'").fetchone()[0])


def one(connection: sqlite3.Connection, pileon_id: str, view: View) -> Case | None:
    """Return the case of this id."""
    row = connection.execute("SELECT * FROM pileons WHERE pileon_id = ?", (pileon_id,)).fetchone()
    return None if row is None else case_of(connection, row, view)


def places(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return every source and community that had a case."""
    return [tuple(row) for row in connection.execute("SELECT DISTINCT source, community FROM pileons ORDER BY 1, 2")]


def case_of(connection: sqlite3.Connection, row: Any, view: View) -> Case:
    """Return a row of ``pileons`` with what belongs to it."""
    pileon = _DECODE(row["record"])
    config = view.config_of(pileon)
    first = pileon.first_hostile_at - config.window
    replies = [tuple(reply) for reply in connection.execute(
        "SELECT created, hostility FROM replies WHERE target = ? AND created BETWEEN ? AND ?",
        (row["target"], millis(first), millis(pileon.updated_at)))]  # fmt: skip
    hostile = [created for created, hostility in replies if hostility >= config.min_hostility]
    last_hostile = moment(max(hostile)) if hostile else pileon.updated_at
    last = min(pileon.updated_at, last_hostile + config.window)
    now, window = millis(view.now), span(config.window) // 1000
    bars = bars_of(replies, millis(first), millis(last), config.min_hostility) if pileon.usual_hostile_authors is not None else []
    pace = sum(now - created <= window for created in hostile)
    return Case(pileon, bars, pace, verdicts_of(connection, pileon.pileon_id), first, last, last_hostile, config)


def bars_of(replies: Sequence[tuple[int, float]], first: int, last: int, min_hostility: float, bars: int = BARS) -> list[Bar]:
    """Return how many replies fell into each of so many equal parts of the time from ``first`` to ``last`` (milliseconds)."""
    hostile, other = [0] * bars, [0] * bars
    span = max(1, last - first)
    for created, hostility in replies:
        if first <= created <= last:
            part = min(bars - 1, (created - first) * bars // span)
            (hostile if hostility >= min_hostility else other)[part] += 1
    return [Bar(*pair) for pair in zip(hostile, other, strict=True)]


def verdicts_of(connection: sqlite3.Connection, pileon_id: str) -> list[Given]:
    """Return every verdict on a case, newest first."""
    rows = connection.execute(
        "SELECT judge, judgement, note, judged FROM verdicts WHERE pileon_id = ? ORDER BY judged DESC, judge", (pileon_id,)
    ).fetchall()
    seen: set[str] = set()
    given = []
    for row in rows:
        given.append(Given(row["judge"], row["judgement"], row["note"], moment(row["judged"]), row["judge"] not in seen))
        seen.add(row["judge"])
    return given
