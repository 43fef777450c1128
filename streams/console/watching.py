"""Beside pile-ons: people close to one, or with one person after them, and hostility to nobody here. Names go after two days."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from streams.console import aside, surges
from streams.console.cases import View
from streams.console.desk import Desk
from streams.console.numbers import Numbers, pseudonym
from streams.console.surges import Surge
from streams.console.taking import WATCHED_FROM, millis
from streams.console.texts import Opened
from streams.engine import moment
from streams.stages.conversation import UNKNOWN
from streams.stages.episode import NEVER_HOSTILE
from streams.stages.pileon_config import Config

BACK: Final = timedelta(hours=24)
MIN_PEOPLE: Final = 2
"""Hostile people from which on somebody is close to a pile-on."""
MIN_REPLIES: Final = 3
"""Hostile replies of one person to another, within a day, that are listed."""
_MOST: Final = 50
_LOOKED_AT: Final = 50_000
_HOSTILE: Final = """SELECT target, source, community, target_id, conversation, person, hostility, created
    FROM watched JOIN replies USING (target)
    WHERE created >= ? AND hostility >= ? AND ifnull(role, '') NOT IN (?, ?)
    AND target NOT IN (SELECT target FROM pileons WHERE status != 'closed') ORDER BY created DESC LIMIT ?"""


class Watched(Struct, frozen=True):
    """Somebody who has no open case."""

    source: str
    community: str
    name: str
    people: int
    """Hostile ones, within the window of the place."""
    needed: int
    replies: int
    last: datetime
    conversation: int
    """Where the last was."""


class Pair(Struct, frozen=True):
    """One person who is hostile to another again and again."""

    source: str
    community: str
    name: str
    by: str
    """A pseudonym."""
    replies: int
    last: datetime
    conversation: int


One = TypeVar("One", Watched, Pair, Surge)


def found(connection: sqlite3.Connection, view: View) -> tuple[list[Watched], list[Pair]]:
    """Return who is close to a pile-on, closest first, and pairs, those with most replies first."""
    rows = connection.execute(_HOSTILE, (millis(view.now - BACK), WATCHED_FROM, *NEVER_HOSTILE, _LOOKED_AT)).fetchall()
    groups: dict[int, list[Any]] = {}
    for row in rows:
        groups.setdefault(row["target"], []).append(row)
    close, pairs = [], []
    for some in groups.values():
        config = view.config_at(some[0]["source"], some[0]["community"])
        hostile = [row for row in some if row["hostility"] >= config.min_hostility]
        close += _close(hostile, config, view.now)
        pairs += _pairs(hostile)
    close.sort(key=lambda one: (one.people - one.needed, one.replies), reverse=True)
    pairs.sort(key=lambda one: one.replies, reverse=True)
    return close[:_MOST], pairs[:_MOST]


def _close(hostile: Iterable[Any], config: Config, now: datetime) -> list[Watched]:
    recent = [row for row in hostile if row["created"] >= millis(now - config.window)]
    people = {row["person"] for row in recent if row["person"] is not None}
    if len(people) < MIN_PEOPLE:
        return []
    last = recent[0]
    return [
        Watched(last["source"], last["community"], last["target_id"], len(people), config.min_hostile_authors, len(recent),
                moment(last["created"]), last["conversation"])
    ]  # fmt: skip


def _pairs(hostile: list[Any]) -> list[Pair]:
    counted = Counter(row["person"] for row in hostile if row["person"] is not None)
    last = {row["person"]: row for row in reversed(hostile)}
    return [
        Pair(last[person]["source"], last[person]["community"], last[person]["target_id"], pseudonym(person), count,
             moment(last[person]["created"]), last[person]["conversation"])
        for person, count in counted.items() if count >= MIN_REPLIES
    ]  # fmt: skip


class Watching:
    """The page of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, request: Request) -> Response:
        """Return it; that people were shown is noted first. Who has no case is named to reviewers alone, who has one to readers."""
        view, viewer = self._desk.view(), request.state.viewer
        self._desk.audit.note(view.now, viewer, "watched" if viewer.may_review else "watched_unnamed")
        with self._desk.reading() as connection, Opened(self._desk.model) as texts:
            close, pairs = found(connection, view)
            communities, conversations = aside.found(connection, view)
            many, young = surges.found(connection, texts, view), surges.young(connection, view)
        if not viewer.may_review:
            numbers = self._desk.numbers
            close, pairs = [unnamed(numbers, one) for one in close], [unnamed(numbers, one) for one in pairs]
            many = [unnamed(numbers, one) for one in many]
        return self._desk.page(
            request,
            "watched.html",
            close=close,
            pairs=pairs,
            min_replies=MIN_REPLIES,
            surges=many,
            young=young,
            communities=communities,
            conversations=conversations,
        )


def unnamed(numbers: Numbers, one: One) -> One:
    """Return the same with a pseudonym in the place of the name: that by which pages call them as an author too."""
    name = one.name if one.name.startswith(UNKNOWN) else pseudonym(numbers.person(one.source, one.name))
    return msgspec.structs.replace(one, name=name)
