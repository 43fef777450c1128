"""Which arrivals of a file are believed. No broker's own time bounds them there, so the other records must.

Without a clock, and whatever the order of conversations in the file: a few claims that the others contradict are not believed.
Where more than a few contradict each other, the file is written in another order than that of arrival, and nobody lies.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from streams.records import Comment
from streams.replay.order import arrival, as_of_then, clock_of, micros, time_of

MAX_AHEAD: Final = timedelta(hours=24)
"""Of what stands behind it in its conversation. What waits longer than this for a record in front of it is late, unless set otherwise."""
MAX_SILENCE: Final = timedelta(days=30)
"""Of the whole file. Beyond it nothing is remembered that a record could belong to."""
FEWEST: Final = 4
"""Comments that it takes to contradict one of them."""
_FEW: Final = 100
"""One in so many, at least one."""
_AHEAD: Final = MAX_AHEAD // timedelta(microseconds=1)
_SILENCE: Final = MAX_SILENCE // timedelta(microseconds=1)


class Claims:
    """What the records of a file claim about their arrival, in the order that they stand in: four numbers each, no text."""

    def __init__(self) -> None:
        self._claims, self._talks, self._identities = array("q"), array("Q"), array("Q")

    def add(self, comment: Comment) -> None:
        """Take the next one."""
        self._claims.append(micros(arrival(comment)))
        self._talks.append(_number(comment.source, comment.community, comment.conversation_id))
        self._identities.append(_number(*_identity(comment)))

    def bounds(self) -> dict[int, int]:
        """Return the latest that each record arrived whose claim is not believed: its number, from 0 → microseconds.

        An arrival is not believed 1. after more than 30 days in which nothing else of the file arrived, 2. more than 24 hours
        after that of what stands behind it in its conversation.
        """
        end = _end(self._claims, self._identities)
        bounds: dict[int, int] = {}
        for numbers in _talks(self._talks):
            claims = [self._claims[number] for number in numbers]
            if _is_in_order(claims) and (end is None or max(claims) <= end):
                continue
            bounds |= _beyond(numbers, self._claims, end)
            bounds |= _ahead(self._identities, [number for number in numbers if number not in bounds], self._claims)
        return bounds


def mended(comment: Comment, bound: int) -> Comment:
    """Return a comment with an arrival that is believed: when it was written, but not later than the bound."""
    return replace(comment, ingested_at=min(as_of_then(comment), time_of(bound)))


def believed(comments: Sequence[Comment]) -> tuple[list[Comment], int]:
    """Return the comments, those with an arrival that is not believed given one that is, and how many these are."""
    claims = Claims()
    for comment in comments:
        claims.add(comment)
    bounds = claims.bounds()
    return [mended(one, bounds[number]) if number in bounds else one for number, one in enumerate(comments)], len(bounds)


def _number(*parts: str) -> int:
    """Return 64 bits that stand for a name: of ten million, two are alike in one file of some hundred thousand."""
    named = msgspec.json.encode(parts)
    return int.from_bytes(hashlib.blake2b(named, digest_size=8).digest(), "big")


def _talks(talks: "array[int]") -> Iterator[list[int]]:
    """Yield the numbers of each conversation's records, as they stand in the file."""
    every = np.frombuffer(talks, dtype=np.uint64) if len(talks) else np.empty(0, dtype=np.uint64)
    order = np.argsort(every, kind="stable")
    for numbers in np.split(order, np.flatnonzero(np.diff(every[order])) + 1) if len(order) else ():
        yield numbers.tolist()


def _end(claims: "array[int]", identities: "array[int]") -> int | None:
    """Return the last arrival before a long silence that only a few comments claim to have come after; None if there is none."""
    few = _few(len(np.unique(np.frombuffer(identities, dtype=np.uint64))) if len(identities) else 0)
    order = np.argsort(np.frombuffer(claims, dtype=np.int64), kind="stable") if len(claims) else np.empty(0, dtype=np.int64)
    end, after = None, set[int]()
    for place in range(len(order) - 1, 0, -1):
        last, first = int(order[place - 1]), int(order[place])
        after.add(identities[first])
        if len(after) > few:
            break
        if claims[first] - claims[last] > _SILENCE:
            end = claims[last]
    return end


def _beyond(numbers: Sequence[int], claims: Sequence[int], end: int | None) -> dict[int, int]:
    """Return the bounds of what claims to have arrived after the end: what stands behind it, or the end."""
    bounds: dict[int, int] = {}
    latest = end
    for number in reversed(numbers):
        if end is None or latest is None or claims[number] <= end:
            latest = claims[number]
        else:
            bounds[number] = latest
    return bounds


def _ahead(identities: Sequence[int], numbers: Sequence[int], claims: Sequence[int]) -> dict[int, int]:
    """Return the bounds of what claims to have arrived well after what stands behind it in its conversation."""
    if _is_in_order([claims[number] for number in numbers]):
        return {}
    kept = set(_longest_in_order([claims[number] for number in numbers]))
    bounds: dict[int, int] = {}
    behind: int | None = None
    for place in range(len(numbers) - 1, -1, -1):
        claim = claims[numbers[place]]
        if place in kept:
            behind = claim
        elif behind is not None and claim - behind > _AHEAD:
            bounds[numbers[place]] = behind
    few = _few(len({identities[number] for number in numbers}))
    return bounds if len({identities[number] for number in bounds}) <= few else {}


def _is_in_order(claims: Iterable[int]) -> bool:
    latest: int | None = None
    for claim in claims:
        if latest is not None and latest - claim > _AHEAD:
            return False
        latest = claim if latest is None else max(latest, claim)
    return True


def _longest_in_order(claims: Sequence[int]) -> list[int]:
    """Return the places of the most claims that never go back; of as many the ones that end earliest."""
    tails: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, claim in enumerate(claims):
        length = bisect_right(tails, claim)
        before.append(places[length - 1] if length else -1)
        tails[length : length + 1] = [claim]
        places[length : length + 1] = [place]
    here = places[-1] if places else -1
    chain = []
    while here >= 0:
        chain.append(here)
        here = before[here]
    return chain


def _few(count: int) -> int:
    return max(1, count // _FEW) if count >= FEWEST else 0


def _identity(comment: Comment) -> tuple[str, ...]:
    return comment.source, comment.community, comment.conversation_id, comment.comment_id


class Witnessed:
    """The last time that two different comments tell has come. Takes comments in any order, keeps two of them."""

    def __init__(self) -> None:
        self._last: tuple[bytes, tuple[str, ...]] | None = None
        self._other: bytes | None = None

    def add(self, key: bytes, comment: Comment) -> None:
        """Take a comment by its place."""
        identity = _identity(comment)
        if self._last is None or key > self._last[0]:
            if self._last is not None and identity != self._last[1]:
                self._other = self._last[0]
            self._last = (key, identity)
        elif identity != self._last[1] and (self._other is None or key > self._other):
            self._other = key

    @property
    def at(self) -> datetime | None:
        """Return that time; None if no two different comments came."""
        return None if self._other is None else clock_of(self._other)
