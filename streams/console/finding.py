"""What somebody looks for by words: cases by how their names begin; communities, conversations and people by a part of theirs."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from streams.console.cases import Case, View, cases_of
from streams.console.numbers import Numbers
from streams.records import Status

MAX_WORDS: Final = 200
MOST: Final = 20
"""Of each kind, on one page."""
LOOKED_AT: Final = 20_000
"""Cases whose names are read, the latest first."""
MIN_BEGINNING: Final = 4
_MIN_PART: Final = 2
_LINKED: Final = 3
_IN_A_LINK: Final = re.compile(r"/pileons/([^/?#\s]+)")
_PLACES: Final = """SELECT source, community FROM pileons UNION SELECT source, community FROM watched
    UNION SELECT source, community FROM answered UNION SELECT source, community FROM toxic LIMIT ?"""


class Brief(Struct, frozen=True):
    """Of a case what it is found by."""

    pileon_id: str
    source: str
    community: str
    target_id: str
    conversations: tuple[str, ...]
    status: Status


class Match(Struct, frozen=True):
    """A community, a conversation or a person that was found, and the cases there."""

    source: str
    community: str
    name: str
    cases: int
    open: int
    pileon_ids: tuple[str, ...]
    """Some of the cases, the latest first."""


class Found(Struct, frozen=True):
    """What words led to. People are looked for apart."""

    cases: list[Case]
    communities: list[Match]
    conversations: list[Match]

    @property
    def only(self) -> str | None:
        """Return the one case that they can mean; None where they can mean something else, too."""
        is_one = len(self.cases) == 1 and not self.communities and not self.conversations
        return self.cases[0].pileon.pileon_id if is_one else None


_DECODE: Final = msgspec.json.Decoder(Brief).decode


def words_of(given: str) -> str:
    """Return what is looked for, of what was typed or pasted: of a link to a case its id."""
    linked = _IN_A_LINK.search(given)
    return " ".join((linked[1] if linked else given).split())[:MAX_WORDS]


def found(connection: sqlite3.Connection, numbers: Numbers, words: str, view: View) -> Found:
    """Return the cases, communities and conversations that words can mean, those that fit best first."""
    briefs = list(_briefs(connection))
    talks = _matches(briefs, words, _talks)
    known = {(talk.source, talk.community, talk.name) for talk in talks}
    others = [each for each in _without_a_case(connection, numbers, words) if (each.source, each.community, each.name) not in known]
    return Found(_beginning(connection, words, view), _matches(briefs, words, _communities), [*others, *talks][:MOST])


def people(connection: sqlite3.Connection, words: str) -> list[Match]:
    """Return the people whom cases are about and whose ids have these words in them. Nobody is found by what they said to others."""
    return _matches(_briefs(connection), words, _targets)


def _briefs(connection: sqlite3.Connection) -> Iterator[Brief]:
    rows = connection.execute("SELECT record FROM pileons ORDER BY opened DESC LIMIT ?", (LOOKED_AT,))
    return (_DECODE(row["record"]) for row in rows)


def _beginning(connection: sqlite3.Connection, words: str, view: View) -> list[Case]:
    begins = words.lower().rstrip("…")
    if len(begins) < MIN_BEGINNING:
        return []
    rows = connection.execute(
        "SELECT * FROM pileons WHERE pileon_id >= ? AND pileon_id < ? ORDER BY updated DESC LIMIT ?", (begins, begins + "\U0010ffff", MOST)
    ).fetchall()
    return cases_of(connection, rows, view)


def _communities(brief: Brief) -> Iterator[tuple[str, str]]:
    yield brief.community, f"{brief.source}/{brief.community}"


def _talks(brief: Brief) -> Iterator[tuple[str, str]]:
    return ((name, name) for name in brief.conversations)


def _targets(brief: Brief) -> Iterator[tuple[str, str]]:
    if not brief.target_id.startswith("comment:"):  # whom the source does not name
        yield brief.target_id, brief.target_id


def _matches(briefs: Iterable[Brief], words: str, names_of: Callable[[Brief], Iterable[tuple[str, str]]]) -> list[Match]:
    """Return what is found by the names of its cases; ``names_of``: what a case is listed under, and what the words must be in."""
    wanted = words.casefold().replace(" / ", "/")
    of: dict[tuple[str, str, str], list[Brief]] = {}
    fits: dict[tuple[str, str, str], int] = {}
    for brief in briefs:
        for name, looked_in in names_of(brief):
            if (fit := _fit(wanted, name.casefold(), looked_in.casefold())) is not None:
                which = brief.source, brief.community, name
                of.setdefault(which, []).append(brief)
                fits[which] = fit
    best = sorted(of, key=lambda which: (fits[which], -len(of[which]), which))[:MOST]
    return [_match(which, of[which]) for which in best]


def _fit(wanted: str, name: str, looked_in: str) -> int | None:
    """Return how well words fit a name: 0 whole, 1 its beginning, 2 a part of it; None: not at all."""
    if wanted in (name, looked_in):
        return 0
    if len(wanted) < _MIN_PART or wanted not in looked_in:
        return None
    return 1 if name.startswith(wanted) else 2


def _match(which: tuple[str, str, str], cases: list[Brief]) -> Match:
    is_open = sum(case.status is not Status.CLOSED for case in cases)
    return Match(*which, len(cases), is_open, tuple(case.pileon_id for case in cases[:_LINKED]))


def _without_a_case(connection: sqlite3.Connection, numbers: Numbers, name: str) -> Iterator[Match]:
    """Return conversations of this very name with comments here, of the communities that are known: no case need run through them."""
    for source, community in connection.execute(_PLACES, (LOOKED_AT,)).fetchall():
        number = numbers.conversation(source, community, name)
        if connection.execute("SELECT 1 FROM comments WHERE conversation = ? LIMIT 1", (number,)).fetchone():
            yield Match(source, community, name, 0, 0, ())
