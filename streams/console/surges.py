"""People whom many answer at once, hostile or not: how many of those are seen for the first time, and how much of it is the same text."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from streams.console.cases import View
from streams.console.taking import millis
from streams.console.talks import chunks
from streams.console.texts import Opened, Span
from streams.engine import moment

WITHIN: Final = timedelta(hours=1)
MIN_PEOPLE: Final = 10
TIMES_USUAL: Final = 4
"""So many times as many people as usually answer in an hour."""
_USUAL_OVER: Final = timedelta(days=7)
_AT_LEAST: Final = 24
"""Hours for which a source is known before anything is said of what is usual there."""
_MOST: Final = 20
_LOOKED_AT: Final = 2_000
_TEXTS: Final = 500
_MIN_TEXT: Final = 12
"""Signs: shorter texts are the same by chance."""
_HOUR: Final = 3_600_000
_COUNTED: Final = """SELECT count(DISTINCT person) FILTER (WHERE created >= ?2) AS people, count(DISTINCT person || ' ' || (created / ?4))
    FILTER (WHERE created < ?2) AS before, max(created) AS last, sum(created >= ?2) AS replies FROM replies
    WHERE target = ?1 AND created >= ?3 AND person IS NOT NULL"""
_TEXT: Final = """SELECT day, place, comments.size FROM replies JOIN comments USING (conversation, comment)
    WHERE target = ? AND replies.created BETWEEN ? AND ? AND comments.size > 0 ORDER BY replies.created DESC LIMIT ?"""


class Share(Struct, frozen=True):
    """Some of so many."""

    some: int
    of: int


class Surge(Struct, frozen=True):
    """Somebody whom many answer now."""

    source: str
    community: str
    name: str
    people: int
    usual: float
    """People who answer this one in an hour, in the week before, or for as long as its source is known."""
    known_hours: int
    """How many hours before the last one that is, at most a week's."""
    replies: int
    first_seen: Share
    """Those of the people of whom nothing from before is known here."""
    repeated: Share
    """Replies whose text another of them has too."""
    has_case: bool
    last: datetime


def found(connection: sqlite3.Connection, texts: Opened, view: View) -> list[Surge]:
    """Return them, those with most people against what is usual first; none of a source that is known for less than a day."""
    now, since = millis(view.now), millis(view.now - WITHIN)
    rows = connection.execute(
        "SELECT answered.*, (? - sources.since) / ? AS hours, target IN (SELECT target FROM pileons WHERE status != 'closed') AS has_case"
        " FROM answered JOIN sources USING (source) WHERE arrived >= ? ORDER BY arrived DESC LIMIT ?",
        (since, _HOUR, since, _LOOKED_AT)).fetchall()  # fmt: skip
    some = []
    for row in rows:
        if row["hours"] < _AT_LEAST:
            continue
        hours = min(row["hours"], _USUAL_OVER // WITHIN - 1)
        counted = connection.execute(_COUNTED, (row["target"], since, millis(view.now - _USUAL_OVER), _HOUR)).fetchone()
        usual = counted["before"] / hours
        if counted["people"] >= max(MIN_PEOPLE, TIMES_USUAL * usual):
            some.append((row, counted, usual, hours))
    some.sort(key=lambda each: -each[1]["people"] / (1 + each[2]))
    return [
        Surge(row["source"], row["community"], row["target_id"], counted["people"], usual, hours, counted["replies"],
              _first_seen(connection, row["target"], since), repeated(connection, texts, row["target"], since, now), bool(row["has_case"]),
              moment(counted["last"]))
        for row, counted, usual, hours in some[:_MOST]
    ]  # fmt: skip


def young(connection: sqlite3.Connection, view: View) -> int:
    """Return how many sources are known for too short a time to say what is usual there."""
    since = millis(view.now - WITHIN) - _AT_LEAST * _HOUR
    return int(connection.execute("SELECT count(*) FROM sources WHERE since > ?", (since,)).fetchone()[0])


def _first_seen(connection: sqlite3.Connection, target: int, since: int) -> Share:
    people = [row[0] for row in connection.execute(
        "SELECT DISTINCT person FROM replies WHERE target = ? AND created >= ? AND person IS NOT NULL", (target, since))]  # fmt: skip
    return Share(len(people) - len(_known(connection, people, since)), len(people))


def _known(connection: sqlite3.Connection, people: Sequence[int], since: int) -> set[int]:
    found: set[int] = set()
    for some in chunks(people):
        marks = ", ".join("?" * len(some))
        query = f"SELECT DISTINCT person FROM comments WHERE person IN ({marks}) AND created < ?"  # noqa: S608 marks alone
        found |= {row[0] for row in connection.execute(query, (*some, since))}
    return found


def repeated(connection: sqlite3.Connection, texts: Opened, target: int, since: int, until: int) -> Share:
    """Return how many of the replies in this time (milliseconds), the latest of them, have a text that another has too."""
    rows = connection.execute(_TEXT, (target, since, until, _TEXTS)).fetchall()
    return share_repeated(text for row in rows if (text := texts.read(Span(*row))) is not None)


def share_repeated(texts: Iterable[str]) -> Share:
    """Return how many texts another is equal to, whatever their case, signs and spaces; very short ones are left out."""
    plain = ["".join(filter(str.isalnum, text.casefold())) for text in texts]
    counted: Counter[Any] = Counter(text for text in plain if len(text) >= _MIN_TEXT)
    return Share(sum(count for count in counted.values() if count > 1), counted.total())
