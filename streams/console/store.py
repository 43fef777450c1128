"""The read model's writer: a batch, and how far it was read, in one transaction; and what removes all that is past its term."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from streams.console import muted
from streams.console.comments import Comments, forget_before
from streams.console.holding import settle
from streams.console.schema import Unusable, held, open_to_write
from streams.console.taking import Row, Taken, millis
from streams.console.texts import Texts, folder_of
from streams.stages.alert_config import Mute

LIVE_FOR: Final = timedelta(days=400)
"""How long what holds no text lives, as the topics have it."""
WATCHED_FOR: Final = timedelta(days=2)
"""How long after the last hostile reply somebody who has no case is known by name."""
_KNOWN_FOR: Final = {"watched": WATCHED_FOR, "toxic": WATCHED_FOR, "answered": timedelta(hours=2)}
_AT_ONCE: Final = 5000
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, getattr(sqlite3, "SQLITE_CORRUPT_INDEX", -1))
_OLD: Final = {
    "replies": "target, conversation, comment",
    "transitions": "pileon_id, revision",
    "verdicts": "pileon_id, judge, judged",
    "handling": "pileon_id, place",
    "held": "pileon_id",
    "pileons": "pileon_id",
}
"""Table → its key, of all that holds no text of comments."""

_REPLY: Final = f"""INSERT INTO replies VALUES ({", ".join("?" * 11)}) ON CONFLICT DO UPDATE SET
    person = excluded.person, role = excluded.role, revision = excluded.revision,
    hostility = excluded.hostility, kind = excluded.kind, confidence = excluded.confidence, created = excluded.created
    WHERE excluded.revision > revision"""  # noqa: S608 question marks alone
_SEEN: Final = "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET arrived = max(arrived, excluded.arrived)"
_SOURCE: Final = "INSERT INTO sources VALUES (?, ?) ON CONFLICT DO UPDATE SET since = min(since, excluded.since)"
_TOXIC: Final = """INSERT INTO toxic VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET of_a_group = excluded.of_a_group,
    since = excluded.since, arrived = excluded.arrived WHERE excluded.since > since"""
_PILEON: Final = """INSERT INTO pileons VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?15, ?15, ?13, ?14)
    ON CONFLICT DO UPDATE SET revision = excluded.revision, status = excluded.status, severity = excluded.severity,
    hostile_authors = excluded.hostile_authors, updated = excluded.updated, change = excluded.change, arrived = excluded.arrived,
    record = excluded.record WHERE excluded.revision > revision"""


class Store:
    """The one writer of a read model."""

    def __init__(self, file: Path, prefix: str, rebuild: bool = False) -> None:
        """Unusable, or UserError where another console writes it."""
        self.file = file
        self._lock = held(file)
        self._passed_until = datetime.fromtimestamp(0, UTC)
        with ExitStack() as undo:
            undo.callback(os.close, self._lock)
            self._connection = open_to_write(file, prefix, rebuild)
            undo.callback(self._connection.close)
            self._texts = Texts(folder_of(file))
            with self._transaction() as connection:
                self._texts.settle(dict(connection.execute("SELECT day, size FROM texts").fetchall()))
            undo.pop_all()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
        os.close(self._lock)

    def offsets(self) -> dict[tuple[str, int], int]:
        """Return (topic, partition) → the offset to go on with; a partition never read is absent."""
        with self._transaction() as connection:
            return {(topic, partition): offset for topic, partition, offset in connection.execute("SELECT * FROM offsets")}

    def apply(self, taken: Taken) -> None:
        """Take a batch in, whole or not at all. Unusable where the file is damaged."""
        with self._transaction() as connection:
            change = self._next_change()
            Comments(connection, self._texts).put(taken)
            connection.executemany(_REPLY, taken.replies)
            connection.executemany("DELETE FROM replies WHERE target = ? AND conversation = ? AND comment = ?", taken.replies_gone)
            connection.executemany(f"INSERT INTO watched {_SEEN}", taken.watched.values())
            connection.executemany(f"INSERT INTO answered {_SEEN}", taken.answered.values())
            connection.executemany(_SOURCE, taken.sources.items())
            connection.executemany(_TOXIC, taken.toxic)
            connection.executemany(_PILEON, [(*row, change) for row in taken.pileons])
            connection.executemany("INSERT INTO transitions VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", taken.transitions)
            connection.executemany("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", taken.verdicts)
            muted.settle(connection, taken.mutes, taken.mutes_gone, change)
            self._touched(taken, change, settle(connection, taken.handling))
            connection.executemany(
                "INSERT INTO offsets VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next",
                [(*place, offset) for place, offset in taken.offsets.items()],
            )

    def mutes_passed(self, mutes: Iterable[Mute], now: datetime) -> bool:
        """Mark the cases that look different since a mute ended, or one of the settings', ``mutes``, began; return whether any may."""
        since, self._passed_until = self._passed_until, now
        with self._transaction() as connection:
            places = muted.passed(connection, mutes, since, now)
            if places:
                muted.mark(connection, places, self._next_change())
        return bool(places)

    def _next_change(self) -> int:
        (change,) = self._connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'change' RETURNING value").fetchone()
        return int(change)

    def _touched(self, taken: Taken, change: int, handled: set[str]) -> None:
        """Mark the cases that look different now: open ones whose people were replied to, and what was judged or handled."""
        said = {row[0] for row in taken.verdicts} | handled
        opened = [target for (target,) in self._connection.execute("SELECT DISTINCT target FROM pileons WHERE status != 'closed'")]
        self._connection.executemany(
            "UPDATE pileons SET change = ? WHERE status != 'closed' AND target = ?",
            [(change, target) for target in opened if target in taken.targets],
        )
        self._connection.executemany("UPDATE pileons SET change = ? WHERE pileon_id = ?", [(change, pileon_id) for pileon_id in said])

    def sweep(self, now: datetime, retention: timedelta) -> int:
        """Remove comments past their term, texts first, and whom nobody was hostile to for two days. Return how many comments went."""
        with self._transaction() as connection:
            for table, kept in _KNOWN_FOR.items():
                connection.execute(f"DELETE FROM {table} WHERE arrived < ?", (millis(now - kept),))  # noqa: S608 names of ours
            connection.execute("DELETE FROM mutes WHERE until < ?", (millis(now - muted.KEPT_FOR),))
        gone, some = 0, _AT_ONCE
        while some == _AT_ONCE:
            with self._transaction() as connection:
                some = forget_before(connection, self._texts, millis(now - retention), _AT_ONCE)
            gone += some
        return gone

    def sweep_numbers(self, now: datetime) -> None:
        """Delete what holds no text and is past its term too. It looks at every row: once in an hour is often enough."""
        before = millis(now - LIVE_FOR)
        for table, key in _OLD.items():
            while self._deleted(table, key, before):
                pass

    def _deleted(self, table: str, key: str, before: int) -> int:
        with self._transaction() as connection:
            rows: Sequence[Row] = connection.execute(
                f"SELECT {key} FROM {table} WHERE arrived < ? LIMIT {_AT_ONCE}",  # noqa: S608 names of ours
                (before,),
            ).fetchall()
            matches = " AND ".join(f"{name} = ?" for name in key.split(", "))
            connection.executemany(f"DELETE FROM {table} WHERE {matches}", rows)  # noqa: S608 as above
        return len(rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) in _DAMAGED:  # a full disk is no reason to begin anew
                raise Unusable(self.file, f"is damaged ({error})") from error
            raise
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
