"""What a case's page cannot see, said beside what it shows; and other cases whose people this one shares."""

import sqlite3
from typing import Final

from msgspec import Struct

from streams.console.cases import Case
from streams.console.numbers import Numbers
from streams.console.taking import millis
from streams.stages.episode import NEVER_HOSTILE

SURE: Final = 0.8
"""From this confidence on a link counts as sure."""
AMBER: Final = 0.3
"""A larger share of replies in languages that the scorer was not taught is a warning."""
_INDEXED: Final = 0.25
"""From this hostility on replies are indexed by person (``schema.py``)."""


class Unseen(Struct, frozen=True):
    """Numbers of replies to the person of a case, in its time."""

    replies: int
    hostile: int
    unsure: int
    """Hostile ones of which it is not sure whom they are aimed at."""
    unknown: int
    """Without an author."""
    languages: list[tuple[str, int]]
    """Languages that the scorer was not taught, most first."""
    unscored: int
    """Replies in them."""
    estimated: int
    """Without a time of their own."""

    @property
    def is_amber(self) -> bool:
        """Return whether so much cannot be read that the numbers say little."""
        return self.unscored > AMBER * self.replies


def unseen(connection: sqlite3.Connection, numbers: Numbers, case: Case) -> Unseen:
    """Return what is not known of a case."""
    where = _where(numbers, case)
    row = connection.execute(
        "SELECT count(*), ifnull(sum(hostility >= ?4), 0), ifnull(sum(hostility >= ?4 AND confidence < ?5), 0),"
        " ifnull(sum(person IS NULL), 0) FROM replies WHERE target = ?1 AND created BETWEEN ?2 AND ?3",
        (*where, case.config.min_hostility, SURE),
    ).fetchone()
    joined = "FROM replies JOIN comments USING (conversation, comment) WHERE target = ? AND replies.created BETWEEN ? AND ?"
    languages = connection.execute(
        f"SELECT language, count(*) {joined} AND language IS NOT NULL GROUP BY language ORDER BY 2 DESC, 1",
        where,
    ).fetchall()
    estimated = connection.execute(f"SELECT ifnull(sum(estimated), 0) {joined}", where).fetchone()[0]
    found = [(name, count) for name, count in languages]
    replies, hostile, unsure, unknown = row
    return Unseen(replies, hostile, unsure, unknown, found, sum(count for _, count in found), estimated)


def hostile_elsewhere(connection: sqlite3.Connection, numbers: Numbers, case: Case) -> list[str]:
    """Return the other open cases in which the person of this one is among those who are hostile."""
    person = numbers.person(case.pileon.source, case.pileon.target_id)
    rows = connection.execute(
        "SELECT DISTINCT pileon_id FROM replies JOIN pileons USING (target) WHERE person = ? AND hostility >= ? AND hostility >= ?"
        " AND ifnull(role, '') NOT IN (?, ?) AND status != 'closed' AND pileon_id != ? ORDER BY 1 LIMIT 20",
        (person, _INDEXED, case.config.min_hostility, *NEVER_HOSTILE, case.pileon.pileon_id),
    )
    return [name for (name,) in rows]


def people_elsewhere(connection: sqlite3.Connection, numbers: Numbers, case: Case) -> list[str]:
    """Return the other open cases that are about somebody who is hostile in this one."""
    rows = connection.execute(
        "SELECT DISTINCT pileon_id FROM replies JOIN pileons ON subject = person WHERE replies.target = ? AND created BETWEEN ? AND ?"
        " AND hostility >= ? AND ifnull(role, '') NOT IN (?, ?) AND status != 'closed' AND pileon_id != ? ORDER BY 1 LIMIT 20",
        (*_where(numbers, case), case.config.min_hostility, *NEVER_HOSTILE, case.pileon.pileon_id),
    )
    return [name for (name,) in rows]


def _where(numbers: Numbers, case: Case) -> tuple[int, int, int]:
    pileon = case.pileon
    return numbers.target(pileon.source, pileon.community, pileon.target_id), millis(case.first), millis(case.until)
