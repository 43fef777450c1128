"""The stages before the detector, over some conversations: what is made of each comment, as bytes that another process can take."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.engine import Effects, fold
from streams.records import Action, Comment
from streams.replay.remembered import entries_of
from streams.replay.run import Turn, handed_on
from streams.stages.step import Arrived, Stage
from streams.topics import json_key

BEFORE: Final = ("score", "address")
"""Stages that take each conversation by itself."""
AT_ONCE: Final = 500
NEW_CONVERSATION: Final = 1
WITHOUT_AUTHOR: Final = 2
WITHOUT_TIME: Final = 4

Placed = tuple[bytes, Arrived]
"""A comment with its place."""


class Made(Struct, frozen=True, array_like=True):
    """What the stages made of one comment."""

    place: bytes
    facts: int
    """Of the comment itself: bits of NEW_CONVERSATION and so on."""
    scored: bytes
    """A line of ``scored.jsonl``."""
    outcomes: tuple[str, str]
    """Of ``score`` and of ``address``."""
    notes: tuple[tuple[str, ...], tuple[str, ...]]
    replies: tuple[bytes, ...]
    """Lines of ``replies.jsonl``."""


class Facts:
    """Tells of each comment what the account says about it. Keeps some 100 bytes a conversation."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def of(self, comment: Comment) -> int:
        """Return the facts of the next comment."""
        talk = json_key(comment.source, comment.community, comment.conversation_id)
        known = hashlib.blake2b(talk, digest_size=16).digest()
        facts = 0 if known in self._seen else NEW_CONVERSATION
        self._seen.add(known)
        if comment.action is Action.CREATED:
            facts |= WITHOUT_AUTHOR * (comment.author_id is None) | WITHOUT_TIME * comment.created_at_is_estimated
        return facts


class Addressing:
    """Takes comments in order, up to a place that may be named while it is at work."""

    def __init__(
        self,
        stages: Sequence[Stage],
        comments: Iterable[Placed],
        after: bytes = b"",
        entries: Iterable[tuple[str, bytes]] = (),
        edge: bytes = b"",
    ) -> None:
        """``after``: the place up to which another run has done it, ``entries``: what that one's ``address`` remembered.

        ``edge``: places before it belong to the warm-up, whose facts are told apart.
        """
        self._edge = edge
        self._score, self._address = stages
        self._stores = [stage.new_store() for stage in stages]
        self._facts, self._coming = Facts(), iter(comments)
        decode = msgspec.json.Decoder(self._address.entry).decode
        for key, entry in entries:
            self._stores[1].apply(key, decode(entry))
        self._next = next(self._coming, None)
        while self._next is not None and self._next[0] <= after:
            self._told(*self._next)
            self._next = next(self._coming, None)
        self.last = after
        """The place of the last comment taken."""
        self.until: bytes | None = None
        """The last place that is taken; None: all are."""

    def batches(self) -> Iterator[list[Made]]:
        """Yield what is made of the comments, in order, some at a time."""
        while some := self._some():
            self.last = some[-1][0]
            yield self._made(some)

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Yield what ``address`` remembers now, by key."""
        return entries_of(self._stores[1])

    def _some(self) -> list[Placed]:
        some: list[Placed] = []
        while len(some) < AT_ONCE and self._next is not None and (self.until is None or self._next[0] <= self.until):
            some.append(self._next)
            self._next = next(self._coming, None)
        return some

    def _made(self, some: list[Placed]) -> list[Made]:
        comments = [arrived for _, arrived in some]
        score = self._turn(0, comments)
        address = self._turn(1, handed_on(score))
        sent = iter(address.effects.sends)
        return [
            Made(
                place,
                self._told(place, arrived),
                line.value,
                (first.outcome, second.outcome),
                (first.notes, second.notes),
                tuple(next(sent).value for _ in second.outputs),
            )
            for (place, arrived), line, first, second in zip(
                some, score.effects.sends, score.effects.steps, address.effects.steps, strict=True
            )
        ]

    def _told(self, place: bytes, arrived: Arrived) -> int:
        """Return the facts of the next comment. With the period they begin anew: a conversation goes on in it that it has not seen."""
        if self._edge and place >= self._edge:
            self._facts, self._edge = Facts(), b""
        return self._facts.of(arrived.record)

    def _turn(self, number: int, arrived: list[Arrived]) -> Turn:
        stage, effects = (self._score, self._address)[number], Effects()
        fold(stage, arrived, self._stores[number], effects, writes_state=False)
        return Turn(stage, arrived, effects)
