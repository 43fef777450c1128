"""Who holds a case: what its steps say, in the order in which the log has them. Pure, but for what reads and writes the rows."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from streams.engine import moment
from streams.records import Step


class Done(Struct, frozen=True):
    """A step that somebody took; ``at`` is the broker's time."""

    step: str
    by: str
    instead_of: str | None
    note: str | None
    at: datetime
    is_void: bool = False
    """Whether somebody else was faster, or it was not theirs to give back: it changed nothing, but its note stands."""


class Held(Struct, frozen=True):
    """Who has a case in hand."""

    by: str
    since: datetime


def followed(steps: Iterable[Done]) -> tuple[list[Done], Held | None]:
    """Return the steps of one case, each marked where it was void, and who holds it after the last.

    A claim counts where the case is held as whoever claims saw it: by nobody, or by the one it is taken over from. So of two who
    claim at once the first in the log has it, whatever their clocks say.
    """
    held: Held | None = None
    told = []
    for done in steps:
        before = held.by if held is not None else None
        is_void = _is_void(done, before)
        if done.step == Step.RELEASE and not is_void:
            held = None
        elif done.step == Step.CLAIM and not is_void and before != done.by:
            held = Held(done.by, done.at)
        told.append(msgspec.structs.replace(done, is_void=is_void))
    return told, held


def _is_void(done: Done, before: str | None) -> bool:
    if done.step == Step.CLAIM:
        return before not in (done.instead_of, done.by)
    return done.step == Step.RELEASE and before != done.by


def steps_of(connection: sqlite3.Connection, pileon_id: str) -> list[Done]:
    """Return a case's steps, first to last."""
    rows = connection.execute("SELECT step, who, instead_of, note, arrived FROM handling WHERE pileon_id = ? ORDER BY place", (pileon_id,))
    return [Done(row[0], row[1], row[2], row[3], moment(row[4])) for row in rows]


def settle(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> set[str]:
    """Take rows of ``handling`` in; return the cases that they are of. Who holds each of them is worked out anew from all its steps."""
    rows = list(rows)
    connection.executemany("INSERT INTO handling VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)
    cases = {row[0] for row in rows}
    for pileon_id in cases:
        _, held = followed(steps_of(connection, pileon_id))
        connection.execute("DELETE FROM held WHERE pileon_id = ?", (pileon_id,))
        if held is not None:
            since = int(held.since.timestamp() * 1000)
            connection.execute("INSERT INTO held VALUES (?, ?, ?, ?)", (pileon_id, held.by, since, since))
    return cases
