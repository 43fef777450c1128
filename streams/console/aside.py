"""Toxic comments that are hostile to nobody here: against groups, outsiders, or nobody that we can tell. No target is ever named."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from streams.console.cases import View
from streams.console.taking import TOXIC, millis
from streams.engine import moment
from streams.stages.episode import NEVER_HOSTILE

BACK: Final = timedelta(hours=24)
_SETTLED: Final = timedelta(minutes=1)
"""So long after a comment whom it answers is known, if it is known at all."""
_MOST: Final = 50
_LOOKED_AT: Final = 50_000
_FOUND: Final = """SELECT toxic.source, community, toxic.conversation, of_a_group, person, created,
    (SELECT max(hostility) FROM replies WHERE replies.conversation = toxic.conversation AND replies.comment = toxic.comment) AS hostility
    FROM toxic JOIN comments USING (conversation, comment) WHERE toxic.arrived BETWEEN ? AND ? AND toxicity >= ?
    AND ifnull(role, '') NOT IN (?, ?) ORDER BY toxic.arrived DESC LIMIT ?"""


class Aside(Struct, frozen=True):
    """Such comments of one place: of a conversation, or of a community."""

    source: str
    community: str
    conversation: int | None
    """None: the whole community."""
    of_groups: int
    """Comments whose own words insult several people, or something with a name."""
    others: int
    people: int
    """Who wrote them, of those that the source names."""
    last: datetime

    @property
    def comments(self) -> int:
        """Return how many there are."""
        return self.of_groups + self.others


def found(connection: sqlite3.Connection, view: View) -> tuple[list[Aside], list[Aside]]:
    """Return communities and conversations with such comments within a day, those with most first."""
    times = millis(view.now - BACK), millis(view.now - _SETTLED)
    rows = connection.execute(_FOUND, (*times, TOXIC, *NEVER_HOSTILE, _LOOKED_AT)).fetchall()
    some = [row for row in rows if (row["hostility"] or 0.0) < view.config_at(row["source"], row["community"]).min_hostility]
    communities = _grouped(some, lambda row: (row["source"], row["community"], None))
    return communities, _grouped(some, lambda row: (row["source"], row["community"], row["conversation"]))


def _grouped(rows: Iterable[Any], place_of: Any) -> list[Aside]:
    groups: dict[tuple[str, str, int | None], list[Any]] = {}
    for row in rows:
        groups.setdefault(place_of(row), []).append(row)
    made = [_aside(place, some) for place, some in groups.items()]
    return sorted(made, key=lambda one: (-one.comments, -one.people, one.source, one.community, one.conversation or 0))[:_MOST]


def _aside(place: tuple[str, str, int | None], rows: list[Any]) -> Aside:
    of_groups = sum(row["of_a_group"] for row in rows)
    people = {row["person"] for row in rows if row["person"] is not None}
    return Aside(*place, of_groups, len(rows) - of_groups, len(people), moment(max(row["created"] for row in rows)))
