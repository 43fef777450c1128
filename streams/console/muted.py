"""Mutes as the read model has them: who is told nothing of whom, until when."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from streams.records import ConfigRecord, PileOn
from streams.stages.instants import micros
from streams.stages.muting import Muting, muting_of

KEPT_FOR: Final = timedelta(days=2)
"""So long after its end a mute, with the name of whom it is about, stays in the read model."""
_PUT: Final = """INSERT INTO mutes VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, until = excluded.until,
    record = excluded.record WHERE excluded.version > version"""
Row = tuple[Any, ...]
_DECODE: Final = msgspec.json.Decoder(ConfigRecord).decode


def row_of(record: ConfigRecord, value: bytes | None) -> Row | None:
    """Return a mute's row; None where the record says none."""
    said = muting_of(record)
    return (
        None if said is None else (said.name, said.version, said.mute.source, said.mute.community, micros(said.mute.until) // 1000, value)
    )


def settle(connection: sqlite3.Connection, rows: Iterable[Row], gone: Iterable[str], change: int) -> None:
    """Take rows in and remove those that are gone; the open cases of where they hold look different now."""
    rows = list(rows)
    removed = [(name,) for name in gone]
    places = [row[2:4] for row in rows]
    for name in removed:
        places += [tuple(row) for row in connection.execute("SELECT source, community FROM mutes WHERE name = ?", name)]
    connection.executemany(_PUT, rows)
    connection.executemany("DELETE FROM mutes WHERE name = ?", removed)
    connection.executemany(
        "UPDATE pileons SET change = ? WHERE status != 'closed' AND source = ifnull(?, source) AND community = ifnull(?, community)",
        [(change, *place) for place in set(places)],
    )


def standing(connection: sqlite3.Connection, now: datetime) -> list[Muting]:
    """Return the mutes that hold now, or from some seconds on, the last to end first."""
    rows = connection.execute("SELECT record FROM mutes WHERE until > ? ORDER BY until DESC, name", (micros(now) // 1000,))
    found: list[Any] = [muting_of(_DECODE(row[0])) for row in rows]
    return [said for said in found if said is not None]


def about(mutes: Iterable[Muting], pileon: PileOn) -> Muting | None:
    """Return the one that holds a case's alerts the longest."""
    return next((said for said in mutes if said.mute.is_about(pileon)), None)
