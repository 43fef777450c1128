"""One case whole: the conversations it runs through, who answers, and what was said; read for one page."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.console.cases import Case
from streams.console.numbers import Numbers, pseudonym
from streams.console.taking import EDITED, REMOVED, TAKEN_BACK, millis
from streams.console.texts import Opened, Span
from streams.console.tree import MOST, Fold, Node, Place, folded, in_order
from streams.engine import moment
from streams.records import PileOn
from streams.stages.episode import NEVER_HOSTILE

SEVERE: Final = 0.9
"""Toxicity from which on a text is hidden until it is asked for."""
REGULAR: Final = 5
"""Comments in a source before a case began that make somebody a regular there."""
_CHUNK: Final = 500
_PAGE_CHUNK: Final = 100


class Link(Struct, frozen=True):
    """How we know that a comment is aimed at the person."""

    kind: str
    confidence: float
    hostility: float


class Said(Struct, frozen=True):
    """A comment as the page shows it."""

    number: int
    """How the page calls it, in its conversation: 1, 2, …"""
    answers: int | None
    """The number of what it answers."""
    depth: int
    is_orphan: bool
    who: str
    is_target: bool
    at: datetime
    at_is_estimated: bool
    text: str
    length: int
    toxicity: float | None
    link: Link | None
    is_hostile: bool
    is_evidence: bool
    opened_the_case: bool
    was_edited: bool
    gone: str
    """By whom: ``author``, ``moderator``, or ``now`` where that was not read yet; empty where it is there."""
    url: str | None

    @property
    def is_severe(self) -> bool:
        """Return whether its text is hidden at first."""
        return self.toxicity is not None and self.toxicity >= SEVERE


class Talk(Struct, frozen=True):
    """A conversation of the case."""

    position: int
    conversation_id: str
    comments: int
    hostile: int
    shown: list[Said | Fold]


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
    unknown_replies: int
    """Replies by authors that the source does not name."""

    def standing(self, standing: str) -> int:
        """Return how many hostile people are ``new``, ``known`` or ``regular``."""
        return sum(person.hostile > 0 and person.standing == standing for person in self.known)


def transitions(connection: sqlite3.Connection, pileon_id: str) -> list[PileOn]:
    """Return a case's transitions, first to last."""
    rows = connection.execute("SELECT record FROM transitions WHERE pileon_id = ? ORDER BY revision", (pileon_id,))
    return [msgspec.json.decode(row["record"], type=PileOn) for row in rows]


class Reader:
    """Reads what belongs to one case."""

    def __init__(self, connection: sqlite3.Connection, texts: Opened, numbers: Numbers, case: Case) -> None:
        self._connection, self._texts, self._numbers, self._case = connection, texts, numbers, case
        pileon = case.pileon
        self._target = numbers.target(pileon.source, pileon.community, pileon.target_id)
        self._person = numbers.person(pileon.source, pileon.target_id)
        self._evidence = {numbers.comment(comment_id) for comment_id in pileon.evidence}
        self._opened_by = numbers.comment(pileon.opened_by)

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
        return People(known, sum(row["replies"] for row in rows if row["person"] is None))

    def _before(self, people: Sequence[int], began: int) -> dict[int, int]:
        found: dict[int, int] = {}
        for some in _chunks(people):
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

    def talks(self, opened: Mapping[int, int]) -> list[Talk]:
        """Return the conversations. ``opened``: which one's fold is open, and from where on."""
        return [self._talk(number, name, opened.get(number)) for number, name in enumerate(self._case.pileon.conversations)]

    def _talk(self, position: int, name: str, opened_at: int | None) -> Talk:
        pileon = self._case.pileon
        conversation = self._numbers.conversation(pileon.source, pileon.community, name)
        nodes = [Node(*row) for row in self._connection.execute(
            "SELECT comment, parent, created FROM comments WHERE conversation = ?", (conversation,))]  # fmt: skip
        links = self._links(conversation)
        places = in_order(nodes)
        shown = folded(places, self._weights(links), opened_at, MOST if opened_at is None else _PAGE_CHUNK)
        rows = self._rows(conversation, [place.node.comment for place in shown if isinstance(place, Place)])
        at = {place.node.comment: number for number, place in enumerate(places, 1)}
        said = [each if isinstance(each, Fold) else self._said(each, at, rows[each.node.comment], links) for each in shown]
        hostile = sum(
            links[place.node.comment].hostility >= self._case.config.min_hostility for place in places if place.node.comment in links
        )
        return Talk(position, name, len(places), hostile, said)

    def _links(self, conversation: int) -> dict[int, Link]:
        rows = self._connection.execute(
            "SELECT comment, kind, confidence, hostility FROM replies WHERE target = ? AND conversation = ?", (self._target, conversation)
        )
        return {comment: Link(kind, confidence, hostility) for comment, kind, confidence, hostility in rows}

    def _weights(self, links: Mapping[int, Link]) -> dict[int, float]:
        """Return what matters in a conversation: what opened the case, its evidence, then what is hostile, worst first."""
        weight = {comment: link.hostility for comment, link in links.items() if link.hostility >= self._case.config.min_hostility}
        return weight | dict.fromkeys(self._evidence, 2.0) | {self._opened_by: 3.0}

    def _rows(self, conversation: int, comments: Sequence[int]) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for some in _chunks(comments):
            marks = ", ".join("?" * len(some))
            query = f"SELECT * FROM comments WHERE conversation = ? AND comment IN ({marks})"  # noqa: S608 marks alone
            found |= {row["comment"]: row for row in self._connection.execute(query, (conversation, *some))}
        return found

    def _said(self, place: Place, at: Mapping[int, int], row: Any, links: Mapping[int, Link]) -> Said:
        comment = place.node.comment
        link = links.get(comment)
        text = self._texts.read(Span(row["day"], row["place"], row["size"]))
        gone = {TAKEN_BACK: "author", REMOVED: "moderator"}.get(row["state"], "" if text is not None else "now")
        return Said(
            number=at[comment],
            answers=None if place.node.parent is None else at.get(place.node.parent),
            depth=place.depth,
            is_orphan=place.is_orphan,
            who="unknown" if row["person"] is None else pseudonym(row["person"]),
            is_target=row["person"] == self._person or (row["person"] is None and self._case.pileon.target_id.startswith("comment:")
                                                        and self._numbers.comment(self._case.pileon.target_id[8:]) == comment),
            at=moment(row["created"]),
            at_is_estimated=bool(row["estimated"]),
            text=text or "",
            length=row["length"],
            toxicity=row["toxicity"],
            link=link,
            is_hostile=link is not None and link.hostility >= self._case.config.min_hostility,
            is_evidence=comment in self._evidence,
            opened_the_case=comment == self._opened_by,
            was_edited=row["state"] == EDITED,
            gone=gone,
            url=self._texts.read(Span(row["day"], row["place"] + row["size"], row["link"])) or None,
        )  # fmt: skip


def _chunks(some: Sequence[int]) -> Iterable[Sequence[int]]:
    return (some[start : start + _CHUNK] for start in range(0, len(some), _CHUNK))
