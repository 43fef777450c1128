"""Mutes as the read model has them: who is told nothing of whom, until when."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from streams.records import ConfigRecord, PileOn
from streams.stages.alert_config import Mute
from streams.stages.instants import micros
from streams.stages.muting import Muting, muting_of, record_of, settled

KEPT_FOR: Final = timedelta(days=2)
"""So long after its end a mute, with the name of whom it is about, stays in the read model."""
_PUT: Final = """INSERT INTO mutes VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, until = excluded.until,
    record = excluded.record WHERE excluded.version > version"""
Row = tuple[Any, ...]
Place = tuple[str | None, str | None]
"""A source and a community; None: everywhere."""
OF_SETTINGS: Final = "the settings"
"""Stands where a name stands, for mutes that nobody made here."""
_DECODE: Final = msgspec.json.Decoder(ConfigRecord).decode


def row_of(record: ConfigRecord, came_at: datetime) -> Row | None:
    """Return a mute's row, as it holds; None where the record, which the broker got then, says none."""
    said = muting_of(record)
    if said is None or (said := settled(said, came_at)) is None:
        return None
    kept = msgspec.json.encode(record_of(said))
    return said.name, said.version, said.mute.source, said.mute.community, _millis(said.mute.until), kept


def settle(connection: sqlite3.Connection, rows: Iterable[Row], gone: Iterable[str], change: int) -> None:
    """Take rows in and remove those that are gone; the open cases of where they hold look different now."""
    rows = list(rows)
    removed = [(name,) for name in gone]
    places: list[Place] = [(row[2], row[3]) for row in rows]
    for name in removed:
        places += [(row[0], row[1]) for row in connection.execute("SELECT source, community FROM mutes WHERE name = ?", name)]
    connection.executemany(_PUT, rows)
    connection.executemany("DELETE FROM mutes WHERE name = ?", removed)
    mark(connection, places, change)


def passed(connection: sqlite3.Connection, mutes: Iterable[Mute], since: datetime, until: datetime) -> set[Place]:
    """Return where a mute ended between these times, or one of the settings', ``mutes``, began."""
    rows = connection.execute("SELECT source, community FROM mutes WHERE until > ? AND until <= ?", (_millis(since), _millis(until)))
    places: set[Place] = {(row[0], row[1]) for row in rows}
    return places | {(mute.source, mute.community) for mute in mutes if since < mute.since <= until or since < mute.until <= until}


def mark(connection: sqlite3.Connection, places: Iterable[Place], change: int) -> None:
    """Say that the open cases of these places look different now."""
    connection.executemany(
        "UPDATE pileons SET change = ? WHERE status != 'closed' AND source = ifnull(?, source) AND community = ifnull(?, community)",
        [(change, *place) for place in set(places)],
    )


def standing(connection: sqlite3.Connection, mutes: Iterable[Mute], now: datetime) -> list[Muting]:
    """Return the mutes that hold now, or from some seconds on, and those of the settings that hold now; the last to end first."""
    rows = connection.execute("SELECT record FROM mutes WHERE until > ? ORDER BY name", (_millis(now),))
    said = [muting for row in rows if (muting := muting_of(_DECODE(row[0]))) is not None]
    said += [Muting(name=OF_SETTINGS, version=0, by=OF_SETTINGS, mute=mute) for mute in mutes if mute.since <= now < mute.until]
    return sorted(said, key=lambda each: each.mute.until, reverse=True)


def about(mutes: Iterable[Muting], pileon: PileOn) -> tuple[Muting, ...]:
    """Return those that hold a case's alerts, in the same order."""
    return tuple(said for said in mutes if said.mute.is_about(pileon))


def _millis(at: datetime) -> int:
    return micros(at) // 1000
