"""Replies to one person as columns: what life and attacks are made of, what detectors are measured on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.records import LinkKind, Reply
from streams.stages.instants import instant

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
START: Final = 20_458 * DAY
"""The first instant: 2026-01-05, a Monday, 00:00 UTC."""
NO_TEXT: Final = -1


class Part(IntEnum):
    """Whose part a reply plays. Detectors never see it."""

    LIFE = 0
    """The site's ordinary life, virality and quarrels in it."""
    ATTACKER = 1
    """A hostile reply of a pile-on."""
    HELLO = 2
    """An attacker's civil reply before."""
    CROWD = 3
    """Somebody else who answers during a pile-on or its civil twin."""


class Event(Struct, frozen=True, kw_only=True):
    """Something put into a stream: a pile-on, or the civil twin of one."""

    kind: str
    is_attack: bool
    begin: int
    """Its first hostile reply (of a twin: its first reply), microseconds since 1970."""
    end: int
    hostile_authors: int = 0
    share: float = 0.0
    lags: str = ""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Replies to one person, oldest first; one row each.

    ``x`` is the calibrated P(hostile to the person), ``text`` is equal where the same words come again (``NO_TEXT``: own words).
    """

    target: int
    at: Ints
    author: Ints
    x: Floats
    conversation: Ints
    text: Ints
    part: Ints
    events: tuple[Event, ...] = ()

    def __len__(self) -> int:
        """Return how many replies there are."""
        return len(self.at)

    def replies(self, source: str = "simulated", community: str = "site") -> Iterator[Reply]:
        """Yield the replies as records, as ``address`` would send them; each arrives at once."""
        for row in range(len(self)):
            at, x = instant(int(self.at[row])), float(self.x[row])
            yield Reply(
                source=source, community=community, target_id=f"t{self.target}", author_id=f"a{self.author[row]}",
                comment_id=f"c{self.target}-{row}", conversation_id=f"v{self.target}-{self.conversation[row]}", toxicity=x, hostility=x,
                kind=LinkKind.PARENT, confidence=1.0, created_at=at, ingested_at=at,
            )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows before they are sorted into a stream."""

    at: Ints
    author: Ints
    x: Floats
    conversation: Ints
    part: Ints
    text: Ints

    @classmethod
    def of(cls, at: Floats, author: Ints, x: Floats, conversation: Ints | int, part: Part, text: Ints | int = NO_TEXT) -> Self:
        """Take columns of one length; a single conversation or text stands for all."""
        return cls(
            at=at.astype(np.int64), author=author.astype(np.int64), x=np.asarray(np.round(np.clip(x, 0.0, 1.0), 4), np.float64),
            conversation=np.broadcast_to(np.asarray(conversation, np.int64), at.shape), part=np.full(at.shape, part, np.int64),
            text=np.broadcast_to(np.asarray(text, np.int64), at.shape),
        )  # fmt: skip


def stream(target: int, rows: Sequence[Rows], events: Sequence[Event], end: int) -> Stream:
    """Return the rows as one stream, oldest first, without what lies outside of [START, end)."""
    columns = {
        name: np.concatenate([getattr(part, name) for part in rows]) for name in ("at", "author", "x", "conversation", "part", "text")
    }
    order = np.argsort(columns["at"], kind="stable")
    order = order[(columns["at"][order] >= START) & (columns["at"][order] < end)]
    return Stream(target=target, events=tuple(events), **{name: column[order] for name, column in columns.items()})
