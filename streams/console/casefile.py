"""One case whole: the conversations it runs through, who answers, and what was said; read for one page."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from streams.console.cases import Case
from streams.console.course import Answer, Step
from streams.console.numbers import Numbers, pseudonym
from streams.console.surges import Share, repeated
from streams.console.taking import millis
from streams.console.talks import Link, Marks, Talk, chunks, talk
from streams.console.texts import Opened, Span
from streams.records import PileOn
from streams.stages.episode import NEVER_HOSTILE

REGULAR: Final = 5
"""Comments in a source before a case began that make somebody a regular there."""


class Person(Struct, frozen=True):
    """Somebody who answers the person of the case."""

    name: str
    replies: int
    hostile: int
    worst: float
    before: int
    """Their comments in this source before the case began, of those that are still kept."""

    @property
    def standing(self) -> str:
        """Return ``new``, ``known`` or ``regular``."""
        return "regular" if self.before >= REGULAR else "known" if self.before else "new"


class People(Struct, frozen=True):
    """Who answers, the most hostile first."""

    known: list[Person]

    def standing(self, standing: str) -> int:
        """Return how many hostile people are ``new``, ``known`` or ``regular``."""
        return sum(person.hostile > 0 and person.standing == standing for person in self.known)


def steps(connection: sqlite3.Connection, pileon_id: str) -> list[Step]:
    """Return a case's transitions, first to last, and when each arrived (milliseconds)."""
    rows = connection.execute("SELECT record, arrived FROM transitions WHERE pileon_id = ? ORDER BY revision", (pileon_id,))
    return [(msgspec.json.decode(row["record"], type=PileOn), row["arrived"]) for row in rows]


class Reader:
    """Reads what belongs to one case."""

    def __init__(self, connection: sqlite3.Connection, texts: Opened, numbers: Numbers, case: Case) -> None:
        self._connection, self._texts, self._numbers, self._case = connection, texts, numbers, case
        pileon = case.pileon
        self._target = numbers.target(pileon.source, pileon.community, pileon.target_id)
        self._person = numbers.person(pileon.source, pileon.target_id)
        self._evidence = {numbers.comment(comment_id) for comment_id in pileon.evidence}
        self._opened_by = numbers.comment(pileon.opened_by)
        named = pileon.target_id.removeprefix("comment:")
        self._nameless = numbers.comment(named) if named != pileon.target_id else None

    def people(self) -> People:
        """Return who answered in the time of the case."""
        pileon = self._case.pileon
        rows = self._connection.execute(
            "SELECT person, role, count(*) AS replies, sum(hostility >= ?) AS hostile, max(hostility) AS worst FROM replies"
            " WHERE target = ? AND created >= ? GROUP BY person",
            (self._case.config.min_hostility, self._target, millis(self._case.first)),
        ).fetchall()
        before = self._before([row["person"] for row in rows if row["person"] is not None], millis(pileon.first_hostile_at))
        known = [
            Person(pseudonym(row["person"]), row["replies"], row["hostile"], row["worst"], before.get(row["person"], 0))
            for row in rows if row["person"] not in (None, self._person) and row["role"] not in NEVER_HOSTILE
        ]  # fmt: skip
        known.sort(key=lambda person: (-person.hostile, -person.worst, person.name))
        return People(known)

    def _before(self, people: Sequence[int], began: int) -> dict[int, int]:
        found: dict[int, int] = {}
        for some in chunks(people):
            marks = ", ".join("?" * len(some))
            query = f"SELECT person, count(*) FROM comments WHERE person IN ({marks}) AND created < ? GROUP BY person"  # noqa: S608 marks alone
            found |= {row[0]: row[1] for row in self._connection.execute(query, (*some, began))}
        return found

    def crowd(self) -> list[tuple[int, int]]:
        """Return when (milliseconds) how many different people had been hostile; those whom the source does not name are one together."""
        rows = self._connection.execute(
            "SELECT min(created) FROM replies WHERE target = ? AND hostility >= ? AND created BETWEEN ? AND ?"
            " AND ifnull(role, '') NOT IN (?, ?) GROUP BY person ORDER BY 1",
            (self._target, self._case.config.min_hostility, millis(self._case.first), millis(self._case.last), *NEVER_HOSTILE),
        )
        return [(row[0], number) for number, row in enumerate(rows, 1)]

    def answers(self) -> list[Answer]:
        """Return the replies that the course of the case shows, in order."""
        rows = self._connection.execute(
            "SELECT created, person, hostility, hostility >= ? AND ifnull(role, '') NOT IN (?, ?) FROM replies"
            " WHERE target = ? AND created BETWEEN ? AND ? ORDER BY created",
            (self._case.config.min_hostility, *NEVER_HOSTILE, self._target, millis(self._case.first), millis(self._case.last)),
        )
        return [Answer(at, person, hostility, bool(is_hostile)) for at, person, hostility, is_hostile in rows]

    def repeated(self) -> Share:
        """Return how many of the replies in the time of the case have a text that another has too."""
        return repeated(self._connection, self._texts, self._target, millis(self._case.first), millis(self._case.until))

    def hostile_ids(self) -> list[str]:
        """Return the ids of the hostile comments that are still here, oldest first. One that is no line of its own is left out."""
        rows = self._connection.execute(
            "SELECT day, place + size + link, id FROM replies JOIN comments USING (conversation, comment) WHERE target = ?"
            " AND replies.created BETWEEN ? AND ? AND hostility >= ? AND id > 0 ORDER BY replies.created, comment",
            (self._target, millis(self._case.first), millis(self._case.until), self._case.config.min_hostility),
        )
        found = [self._texts.read(Span(*row)) for row in rows]
        return [name for name in found if name is not None and name.isprintable()]

    def talks(self, opened: Mapping[int, int]) -> list[Talk]:
        """Return the conversations. ``opened``: which one's fold is open, and from where on."""
        return [self._talk(number, name, opened.get(number)) for number, name in enumerate(self._case.pileon.conversations)]

    def _talk(self, position: int, name: str, opened_at: int | None) -> Talk:
        pileon = self._case.pileon
        conversation = self._numbers.conversation(pileon.source, pileon.community, name)
        links = self._links(conversation)
        marks = Marks(
            links, self._case.config.min_hostility, self._weights(links), self._evidence, self._opened_by, self._person, self._nameless
        )
        return talk(self._connection, self._texts, (position, name, conversation), marks, opened_at)

    def _links(self, conversation: int) -> dict[int, Link]:
        rows = self._connection.execute(
            "SELECT comment, kind, confidence, hostility FROM replies WHERE target = ? AND conversation = ?", (self._target, conversation)
        )
        return {comment: Link(kind, confidence, hostility) for comment, kind, confidence, hostility in rows}

    def _weights(self, links: Mapping[int, Link]) -> dict[int, float]:
        """Return what matters in a conversation: what opened the case, its evidence, then what is hostile, worst first."""
        weight = {comment: link.hostility for comment, link in links.items() if link.hostility >= self._case.config.min_hostility}
        return weight | dict.fromkeys(self._evidence, 2.0) | {self._opened_by: 3.0}
