"""What the Live page shows: cases by a filter, worst first, each with its pace and a few bars of its course."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.console import muted
from streams.console.filters import Filter
from streams.console.holding import Held
from streams.console.taking import millis
from streams.engine import moment
from streams.records import PileOn
from streams.stages.alert_config import Mute
from streams.stages.instants import span
from streams.stages.muting import Muting
from streams.stages.pileon_config import Config

BARS: Final = 24
_AT_ONCE: Final = 500
"""Cases whose replies one query counts."""
MOST: Final = 100
"""Cases on one page, unless all are asked for."""
_DECODE: Final = msgspec.json.Decoder(PileOn).decode


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
    """As far as its record goes, which counts people until then."""
    until: datetime
    """Until when replies belong to it: its end, or now. Its record is told anew only when it grew enough; replies come between."""
    config: Config
    """The detector's, where the case is."""
    held: Held | None = None
    mutings: tuple[Muting, ...] = ()
    """The mutes that hold its alerts back, or those of the same person, the last to end first."""

    @property
    def is_open(self) -> bool:
        """Return whether it goes on."""
        return self.pileon.closed_at is None

    @property
    def is_muted(self) -> bool:
        """Return whether nobody is told how it goes on."""
        return self.is_open and bool(self.mutings)

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
    config_at: Callable[[str, str], Config]
    """(source, community) → the detector's settings there."""
    mutes: tuple[Mute, ...] = ()
    """Those of the settings."""


def found(connection: sqlite3.Connection, wanted: Filter, view: View, most: int = MOST) -> list[Case]:
    """Return the worst cases of a filter: critical ones, then those with the most people. Those that ended: the latest first."""
    where, values = wanted.where()
    order = "updated DESC" if wanted.status == "closed" else "severity = 'critical' DESC, hostile_authors DESC, updated DESC"
    rows = connection.execute(
        f"SELECT * FROM pileons WHERE {where} ORDER BY {order}, pileon_id LIMIT ?",  # noqa: S608 parts of ours
        (*values, most),
    ).fetchall()
    return cases_of(connection, rows, view)


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
    return cases_of(connection, rows, view)


def change(connection: sqlite3.Connection) -> int:
    """Return the number of the latest change."""
    return int(connection.execute("SELECT value FROM meta WHERE name = 'change'").fetchone()[0])


def one(connection: sqlite3.Connection, pileon_id: str, view: View) -> Case | None:
    """Return the case of this id."""
    row = connection.execute("SELECT * FROM pileons WHERE pileon_id = ?", (pileon_id,)).fetchone()
    return None if row is None else cases_of(connection, [row], view)[0]


def holders(connection: sqlite3.Connection) -> list[str]:
    """Return everybody who holds an open case."""
    return [row[0] for row in connection.execute(
        "SELECT DISTINCT who FROM held JOIN pileons USING (pileon_id) WHERE status != 'closed' ORDER BY 1")]  # fmt: skip


def places(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return every source and community that had a case."""
    return [tuple(row) for row in connection.execute("SELECT DISTINCT source, community FROM pileons ORDER BY 1, 2")]


class _Row(Struct, frozen=True):
    """A row of ``pileons``, and from when to when its replies matter (milliseconds)."""

    pileon: PileOn
    config: Config
    target: int
    first: int
    until: int


def cases_of(connection: sqlite3.Connection, found: Iterable[Any], view: View) -> list[Case]:
    """Return rows of ``pileons`` with what belongs to them, by three queries however many they are (to ``_AT_ONCE`` of them)."""
    rows = [_row(row, view) for row in found]
    cases: list[Case] = []
    mutes = muted.standing(connection, view.mutes, view.now)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        replies, verdicts, held = _replies(connection, some), _verdicts(connection, some), _held(connection, some)
        for row in some:
            name = row.pileon.pileon_id
            case = _case(row, replies.get(name, []), verdicts.get(name, []), held.get(name), view)
            cases.append(msgspec.structs.replace(case, mutings=muted.about(mutes, row.pileon)))
    return cases


def _row(row: Any, view: View) -> _Row:
    pileon = _DECODE(row["record"])
    config = view.config_at(pileon.source, pileon.community)
    until = pileon.updated_at if pileon.closed_at is not None else max(pileon.updated_at, view.now)
    return _Row(pileon, config, row["target"], millis(pileon.first_hostile_at - config.window), millis(until))


def _replies(connection: sqlite3.Connection, rows: Sequence[_Row]) -> dict[str, list[tuple[int, float]]]:
    """Return of each case when its person was answered, and how hostile it was."""
    asked = ", ".join(["(?, ?, ?, ?)"] * len(rows))
    found = connection.execute(
        f"WITH asked (id, target, first, until) AS (VALUES {asked}) SELECT id, created, hostility FROM asked"  # noqa: S608 marks alone
        " JOIN replies ON replies.target = asked.target AND created BETWEEN first AND until",
        [value for row in rows for value in (row.pileon.pileon_id, row.target, row.first, row.until)],
    )
    groups: dict[str, list[tuple[int, float]]] = {row.pileon.pileon_id: [] for row in rows}
    for name, created, hostility in found:  # tens of thousands for a long list
        groups[name].append((created, hostility))
    return groups


def _verdicts(connection: sqlite3.Connection, rows: Sequence[_Row]) -> dict[str, list[Given]]:
    """Return every verdict on each case, newest first."""
    found = connection.execute(
        f"SELECT * FROM verdicts WHERE pileon_id IN ({', '.join('?' * len(rows))}) ORDER BY judged DESC, judge",  # noqa: S608 marks alone
        [row.pileon.pileon_id for row in rows],
    )
    seen: set[tuple[str, str]] = set()
    given = []
    for row in found:
        who = row["pileon_id"], row["judge"]
        given.append((row["pileon_id"], Given(row["judge"], row["judgement"], row["note"], moment(row["judged"]), who not in seen)))
        seen.add(who)
    return _grouped(given)


def _held(connection: sqlite3.Connection, rows: Sequence[_Row]) -> dict[str, Held]:
    found = connection.execute(
        f"SELECT pileon_id, who, since FROM held WHERE pileon_id IN ({', '.join('?' * len(rows))})",  # noqa: S608 marks alone
        [row.pileon.pileon_id for row in rows],
    )
    return {name: Held(who, moment(since)) for name, who, since in found}


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def _case(row: _Row, replies: Sequence[tuple[int, float]], verdicts: list[Given], held: Held | None, view: View) -> Case:
    pileon, config = row.pileon, row.config
    hostile = [created for created, hostility in replies if hostility >= config.min_hostility]
    told = [created for created in hostile if created <= millis(pileon.updated_at)]
    last_hostile = moment(max(told)) if told else pileon.updated_at
    last = min(moment(row.until), moment(max(hostile)) + config.window) if hostile else pileon.updated_at
    now, window = millis(view.now), span(config.window) // 1000
    bars = bars_of(replies, row.first, millis(last), config.min_hostility) if pileon.usual_hostile_authors is not None else []
    pace = sum(now - created <= window for created in hostile)
    return Case(pileon, bars, pace, verdicts, moment(row.first), last, last_hostile, moment(row.until), config, held)


def bars_of(replies: Sequence[tuple[int, float]], first: int, last: int, min_hostility: float, bars: int = BARS) -> list[Bar]:
    """Return how many replies fell into each of so many equal parts of the time from ``first`` to ``last`` (milliseconds)."""
    hostile, other = [0] * bars, [0] * bars
    span = max(1, last - first)
    for created, hostility in replies:
        if first <= created <= last:
            part = min(bars - 1, (created - first) * bars // span)
            (hostile if hostility >= min_hostility else other)[part] += 1
    return [Bar(*pair) for pair in zip(hostile, other, strict=True)]
