"""Where it happened most, and what changed against the period before: communities, conversations and, for reviewers alone, people."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.console.sheets import csv_of
from streams.console.taking import millis
from streams.records import PileOn

PERIODS: Final = {"24h": ("24 hours", timedelta(hours=24)), "7d": ("7 days", timedelta(days=7)), "30d": ("30 days", timedelta(days=30))}
USUAL: Final = "7d"
MOST: Final = 20
_LOOKED_AT: Final = 20_000
"""Cases of both periods whose conversations are counted, the latest first."""
_LINKED: Final = 3
_PLACES: Final = """SELECT source, community, sum(opened >= ?2) AS cases, sum(opened < ?2) AS before,
    ifnull(max(hostile_authors) FILTER (WHERE opened >= ?2), 0) AS people, sum(opened >= ?2 AND severity = 'critical') AS critical
    FROM pileons WHERE opened >= ?1 AND opened < ?3 GROUP BY source, community
    ORDER BY cases DESC, people DESC, before DESC, 1, 2 LIMIT ?4"""
_PEOPLE: Final = """SELECT target, sum(opened >= ?2) AS cases, sum(opened < ?2) AS before,
    ifnull(max(hostile_authors) FILTER (WHERE opened >= ?2), 0) AS people, sum(opened >= ?2 AND severity = 'critical') AS critical, record
    FROM pileons WHERE opened >= ?1 AND opened < ?3 GROUP BY target HAVING cases > 0
    ORDER BY cases DESC, people DESC, before DESC, target LIMIT ?4"""
_DECODE: Final = msgspec.json.Decoder(PileOn).decode


class Period(Struct, frozen=True):
    """A time, and the one before it that is as long."""

    name: str
    words: str
    before: datetime
    begins: datetime
    ends: datetime

    @property
    def bounds(self) -> tuple[int, int, int]:
        """Return them in milliseconds."""
        return millis(self.before), millis(self.begins), millis(self.ends)


class Place(Struct, frozen=True):
    """One line: cases opened there in the period, and in the one before."""

    source: str
    community: str
    cases: int
    before: int
    people: int
    """In the largest of its cases."""
    critical: int
    name: str = ""
    """Of a conversation or a person."""
    pileon_ids: tuple[str, ...] = ()
    """Some of the cases, the latest first."""

    @property
    def change(self) -> str:
        """Return how many more there are, e.g. ``+2``."""
        return f"{self.cases - self.before:+d}" if self.cases != self.before else "±0"


def period(name: str, now: datetime) -> Period:
    """Return the period of this name that ends now; the usual one where there is no such."""
    name = name if name in PERIODS else USUAL
    words, length = PERIODS[name]
    return Period(name, words, now - 2 * length, now - length, now)


def communities(connection: sqlite3.Connection, over: Period) -> list[Place]:
    """Return the communities with most cases."""
    return [Place(*row) for row in connection.execute(_PLACES, (*over.bounds, MOST))]


def conversations(connection: sqlite3.Connection, over: Period) -> list[Place]:
    """Return the conversations that most cases run through."""
    before, begins, ends = over.bounds
    rows = connection.execute(
        "SELECT opened, record FROM pileons WHERE opened >= ? AND opened < ? ORDER BY opened DESC LIMIT ?", (before, ends, _LOOKED_AT)
    )
    now: Counter[tuple[str, str, str]] = Counter()
    then: Counter[tuple[str, str, str]] = Counter()
    of: dict[tuple[str, str, str], list[PileOn]] = {}
    for opened, record in rows:
        pileon = _DECODE(record)
        for name in pileon.conversations:
            talk = pileon.source, pileon.community, name
            (now if opened >= begins else then)[talk] += 1
            if opened >= begins:
                of.setdefault(talk, []).append(pileon)
    most = sorted(now, key=lambda talk: (-now[talk], -max(case.hostile_authors for case in of[talk]), talk))[:MOST]
    return [_talk(talk, of[talk], then[talk]) for talk in most]


def _talk(talk: tuple[str, str, str], cases: list[PileOn], before: int) -> Place:
    source, community, name = talk
    critical = sum(case.severity == "critical" for case in cases)
    people, linked = max(case.hostile_authors for case in cases), tuple(case.pileon_id for case in cases[:_LINKED])
    return Place(source, community, len(cases), before, people, critical, name, linked)


def people(connection: sqlite3.Connection, over: Period) -> list[Place]:
    """Return the people whom most cases are about, each in one community."""
    rows = connection.execute(_PEOPLE, (*over.bounds, MOST)).fetchall()
    return [_person(connection, row, over) for row in rows]


def _person(connection: sqlite3.Connection, row: Any, over: Period) -> Place:
    pileon = _DECODE(row["record"])
    ids = connection.execute(
        "SELECT pileon_id FROM pileons WHERE target = ? AND opened >= ? AND opened < ? ORDER BY opened DESC LIMIT ?",
        (row["target"], *over.bounds[1:], _LINKED),
    )
    linked = tuple(name for (name,) in ids)
    return Place(
        pileon.source, pileon.community, row["cases"], row["before"], row["people"], row["critical"], pileon.target_id, linked
    )  # fmt: skip


def csv(found: Iterable[Place]) -> str:
    """Return a table of people that a spreadsheet takes for text."""
    heads = ("source", "community", "target", "cases", "cases_before", "most_people", "critical")
    return csv_of(heads, ((one.source, one.community, one.name, one.cases, one.before, one.people, one.critical) for one in found))
