"""Comments into the read model: rows of numbers in SQLite, texts in files beside it. Their order and repetition change nothing."""

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from streams.console.taking import TAKEN_BACK, Row, Taken
from streams.console.texts import MILLIS_A_DAY, Span, Texts

_NUMBERS: Final = 14
"""Columns of a row before those that say where its text is; after them come the bytes of text, address and id."""
_INSERT: Final = f"INSERT INTO comments VALUES ({', '.join('?' * 19)}) ON CONFLICT DO NOTHING"  # noqa: S608 question marks alone
_OLD: Final = "SELECT state, edited, day, place, size, link, id FROM comments WHERE conversation = ? AND comment = ?"
_EDIT: Final = """UPDATE comments SET parent = ?3, person = ?4, role = ?5, state = ?6, length = ?7, toxicity = ?8, scorer = ?9,
    language = ?10, edited = ?13, day = ?15, place = ?16, size = ?17, link = ?18, id = ?19 WHERE conversation = ?1 AND comment = ?2"""
_GONE: Final = """UPDATE comments SET person = NULL, role = NULL, state = ?, length = 0, toxicity = NULL, scorer = '', language = NULL,
    edited = ?, day = 0, place = 0, size = 0, link = 0, id = 0 WHERE conversation = ? AND comment = ?"""
_TOMBSTONE: Final = "INSERT INTO comments VALUES (?, ?, ?, NULL, NULL, ?, 0, NULL, '', NULL, ?, 0, ?, ?, 0, 0, 0, 0, 0)"


class Comments:
    """Takes the comments of one batch in, within the transaction of the connection."""

    def __init__(self, connection: sqlite3.Connection, texts: Texts) -> None:
        self._connection, self._texts = connection, texts
        self._starts: dict[int, int] = dict(connection.execute("SELECT day, size FROM texts").fetchall())
        self._ends = dict(self._starts)
        self._pieces: dict[int, list[bytes]] = {}
        self._erased: list[Span] = []

    def put(self, taken: Taken) -> None:
        """Take them in. Old texts are overwritten before the transaction ends: if it then fails, the log is read again from there."""
        for row in taken.written:
            self._insert(row)
        for row in taken.edited:
            self._edit(row)
        for row in taken.gone:
            self._remove(row)
        self._write()

    def _insert(self, row: Row) -> None:
        values = self._placed(row)
        if self._connection.execute(_INSERT, values).rowcount:
            self._keep(row, values)

    def _edit(self, row: Row) -> None:
        old = self._connection.execute(_OLD, row[:2]).fetchone()
        if old is None:
            self._insert(row)
            return
        state, edited, *place = old
        written, changed = row[10], row[12]
        if state < TAKEN_BACK and (changed if changed is not None else written) > (edited if edited is not None else -1):
            self._erased.append(_span(place))
            values = self._placed(row)
            self._connection.execute(_EDIT, values)
            self._keep(row, values)

    def _remove(self, row: Row) -> None:
        conversation, comment, _, state, _, edited, _ = row
        old = self._connection.execute(_OLD, (conversation, comment)).fetchone()
        if old is None:
            self._connection.execute(_TOMBSTONE, row)
        elif old[0] < TAKEN_BACK:
            self._erased.append(_span(old[2:]))
            self._connection.execute(_GONE, (state, edited, conversation, comment))

    def _placed(self, row: Row) -> Row:
        """Return the row as the table has it: where its text will stand in the place of the text."""
        day = row[_NUMBERS - 1] // MILLIS_A_DAY
        return (*row[:_NUMBERS], day, self._ends.get(day, 0), *map(len, row[_NUMBERS:]))

    def _keep(self, row: Row, values: Row) -> None:
        day, start, *sizes = values[_NUMBERS:]
        self._pieces.setdefault(day, []).extend(row[_NUMBERS:])
        self._ends[day] = start + sum(sizes)

    def _write(self) -> None:
        for day, pieces in self._pieces.items():
            self._texts.append(day, self._starts.get(day, 0), pieces)
        self._texts.erase(self._erased)
        self._connection.executemany(
            "INSERT INTO texts VALUES (?, ?) ON CONFLICT DO UPDATE SET size = excluded.size",
            [(day, self._ends[day]) for day in self._pieces],
        )


def forget_before(connection: sqlite3.Connection, texts: Texts, before: int, most: int) -> int:
    """Remove comments that arrived before, at most so many, with their texts; return how many. A day that is over goes as a file."""
    rows = connection.execute(
        "SELECT conversation, comment, day, place, size, link, id FROM comments WHERE arrived < ? LIMIT ?", (before, most)
    ).fetchall()
    texts.erase(_span(row[2:]) for row in rows)
    connection.executemany("DELETE FROM comments WHERE conversation = ? AND comment = ?", [row[:2] for row in rows])
    if len(rows) < most:
        over = connection.execute("DELETE FROM texts WHERE day < ? RETURNING day", (before // MILLIS_A_DAY,)).fetchall()
        for (day,) in over:
            texts.drop(day)
    return len(rows)


def _span(place: Iterable[Any]) -> Span:
    """Return what a text, its address and its id take up together: one stands behind the other."""
    day, start, *sizes = place
    return Span(day, start, sum(sizes))
