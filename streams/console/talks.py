"""Conversations as pages show them: comments as a tree, folded to what matters, each with what is known of it."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from streams.console.numbers import pseudonym
from streams.console.taking import EDITED, REMOVED, TAKEN_BACK
from streams.console.texts import Opened, Span
from streams.console.tree import MOST, Fold, Node, Place, folded, in_order
from streams.engine import moment

SEVERE: Final = 0.9
"""Toxicity from which on a text is hidden until it is asked for."""
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


class Marks(Struct, frozen=True):
    """What a page marks in a conversation."""

    links: Mapping[int, Link]
    """Comments that are aimed at the person whom the page is about."""
    min_hostility: float
    weight: dict[int, float]
    """What matters, and how much: it stays where the rest is folded."""
    evidence: frozenset[int] | set[int] = frozenset()
    opened_by: int | None = None
    person: int | None = None
    nameless: int | None = None
    """The comment that stands for a person whom the source does not name."""


def talk(connection: sqlite3.Connection, texts: Opened, which: tuple[int, str, int], marks: Marks, opened_at: int | None) -> Talk:
    """Return a conversation. ``which``: its position on the page, its name and its number; ``opened_at``: where a fold is open."""
    position, name, conversation = which
    nodes = [Node(*row) for row in connection.execute(
        "SELECT comment, parent, created FROM comments WHERE conversation = ?", (conversation,))]  # fmt: skip
    places = in_order(nodes)
    shown = folded(places, marks.weight, opened_at, MOST if opened_at is None else _PAGE_CHUNK)
    rows = _rows(connection, conversation, [place.node.comment for place in shown if isinstance(place, Place)])
    at = {place.node.comment: number for number, place in enumerate(places, 1)}
    said = [each if isinstance(each, Fold) else _said(texts, each, at, rows[each.node.comment], marks) for each in shown]
    hostile = sum(marks.links[node.comment].hostility >= marks.min_hostility for node in nodes if node.comment in marks.links)
    return Talk(position, name, len(places), hostile, said)


def _rows(connection: sqlite3.Connection, conversation: int, comments: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for some in chunks(comments):
        marks = ", ".join("?" * len(some))
        query = f"SELECT * FROM comments WHERE conversation = ? AND comment IN ({marks})"  # noqa: S608 marks alone
        found |= {row["comment"]: row for row in connection.execute(query, (conversation, *some))}
    return found


def _said(texts: Opened, place: Place, at: Mapping[int, int], row: Any, marks: Marks) -> Said:
    comment = place.node.comment
    link = marks.links.get(comment)
    text = texts.read(Span(row["day"], row["place"], row["size"]))
    return Said(
        number=at[comment],
        answers=None if place.node.parent is None else at.get(place.node.parent),
        depth=place.depth,
        is_orphan=place.is_orphan,
        who="unknown" if row["person"] is None else pseudonym(row["person"]),
        is_target=row["person"] == marks.person if row["person"] is not None else comment == marks.nameless,
        at=moment(row["created"]),
        at_is_estimated=bool(row["estimated"]),
        text=text or "",
        length=row["length"],
        toxicity=row["toxicity"],
        link=link,
        is_hostile=link is not None and link.hostility >= marks.min_hostility,
        is_evidence=comment in marks.evidence,
        opened_the_case=comment == marks.opened_by,
        was_edited=row["state"] == EDITED,
        gone={TAKEN_BACK: "author", REMOVED: "moderator"}.get(row["state"], "" if text is not None else "now"),
        url=texts.read(Span(row["day"], row["place"] + row["size"], row["link"])) or None,
    )


def chunks(some: Sequence[int]) -> Iterable[Sequence[int]]:
    """Return parts that one query takes."""
    return (some[start : start + _CHUNK] for start in range(0, len(some), _CHUNK))
