"""What a replay reads, in the order and with the clock that it is replayed with; on disk where it is more than a little."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.records import Comment
from streams.replay.believed import Claims, Witnessed, mended
from streams.replay.order import Places, arrival, clock_of, edge_of
from streams.replay.parts import part_of
from streams.replay.reuse import Scores, attached
from streams.replay.sorting import Sorted, Sorter, merged
from streams.stages.step import Arrived

Progress = Callable[[int, int], None]
"""Told how many comments of how many are done."""


class Cut:
    """Whether a run is asked to stop before its end, and how far it was."""

    def __init__(self) -> None:
        self.is_asked = False
        self.reached = 0
        """Comments, or messages, that were taken."""

    def check(self) -> None:
        """Raise KeyboardInterrupt where the run was stopped before it took anything: there is no result at all."""
        if self.is_asked and not self.reached:
            raise KeyboardInterrupt


_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder(Comment).decode


class Share(Struct, frozen=True):
    """Some conversations' comments by place, and the scores that were given to them before, by the same places."""

    comments: Sorted
    scores: Sorted | None = None

    def __iter__(self) -> Iterator[tuple[bytes, Arrived]]:
        """Yield each comment by its place, with its arrival."""
        given = None if self.scores is None else iter(self.scores)
        for key, value in self.comments:
            comment = _DECODE(value)
            arrived = Arrived(comment, _clock(key, comment))
            yield key, arrived if given is None else attached(arrived, next(given), key)


def placed(shares: Sequence[Share]) -> Iterator[tuple[bytes, Arrived]]:
    """Yield the comments of all shares in order, each by its place."""
    return iter(shares[0]) if len(shares) == 1 else merge(*shares, key=itemgetter(0))


def _clock(key: bytes, comment: Comment) -> datetime:
    """Return the virtual clock; where it is the comment's own arrival, as the comment writes it."""
    at, clock = arrival(comment), clock_of(key)
    return at if at == clock else clock


class Comments(Struct, frozen=True):
    """Comments that can be gone through again and again, and are never all in memory."""

    shares: tuple[Share, ...]
    count: int
    """Up to that of this number."""
    before: int = 0
    """So many of them are passed over."""

    def __len__(self) -> int:
        """Return how many there are."""
        return self.count - self.before

    def __iter__(self) -> Iterator[Comment]:
        """Yield them."""
        for _, value in islice(merged(share.comments for share in self.shares), self.before, self.count):
            yield _DECODE(value)


class Recorded(Struct, frozen=True):
    """Comments in the order of a replay. Can be replayed as often as one likes."""

    shares: tuple[Share, ...]
    """Each conversation is in one of them; among them they are in order."""
    count: int
    until: datetime | None
    """No tick claims more; None: nothing bounds it."""
    not_believed: int = 0
    """Arrivals that the other records contradict."""
    digest: str = ""
    """SHA-256 of the period's beginning, the comments with their places, as they were read, and of the scores that were given to them."""
    begins: bytes = b""
    """The place of the first one."""
    last: bytes = b""
    """That of the last one."""
    since: datetime | None = None
    """Where the period begins; what the clock puts before it is its warm-up."""
    before: int = 0
    """How many belong to the warm-up."""
    period_begins: bytes = b""
    """The place of the first one of the period; nothing: there is none."""

    @property
    def edge(self) -> bytes:
        """Return what divides places: those of the warm-up sort before it."""
        return edge_of(self.since)

    @property
    def begins_at(self) -> datetime | None:
        """Return what the virtual clock shows at the first one; None where there is no comment."""
        return clock_of(self.begins) if self.count else None

    def warm_up(self) -> Comments:
        """Return the comments of the warm-up."""
        return Comments(self.shares, self.before)

    def period(self) -> Comments:
        """Return the comments without the warm-up."""
        return Comments(self.shares, self.count, self.before)

    @property
    def comments(self) -> Comments:
        """Return the comments alone."""
        return Comments(self.shares, self.count)

    @property
    def ends_at(self) -> datetime | None:
        """Return what the virtual clock shows at the end; None where there is no comment."""
        return clock_of(self.last) if self.count else None

    def first(self, count: int) -> "Recorded":
        """Return the first so many of them. Where they end is not known."""
        last = self.last if count >= self.count else b""
        return replace(self, count=min(count, self.count), last=last, before=min(count, self.before))


def in_replays_order(
    read: Iterable[Comment],
    attested: bool,
    folder: Path | None = None,
    scores: Scores | None = None,
    shares: int = 1,
    since: datetime | None = None,
) -> Recorded:
    """Return comments as they are replayed, for a period that begins at ``since``.

    ``attested``: a broker's own time bounds every arrival. Else the other records must, so that one that lies moves time for nobody.
    ``folder`` takes what is too much for memory; it must stay while the comments are used. Without one they are all held.
    ``scores``: those that were given before; UserError where one is missing. ``shares``: processes that are going to share the work.
    """
    if scores is not None:
        scores.begin(folder)
    bounds: dict[int, int] = {}
    if not attested:
        read, bounds = _witnesses(read, folder)
    gathering = _Gathering(folder, scores, shares, since)
    for number, comment in enumerate(read):
        gathering.add(mended(comment, bounds[number]) if number in bounds else comment)
    return gathering.recorded(attested, len(bounds))


def _witnesses(read: Iterable[Comment], folder: Path | None) -> tuple[Iterable[Comment], dict[int, int]]:
    """Return what was read, to be read once more, and the bounds of those arrivals that the others contradict."""
    claims, kept = Claims(), Sorter(folder, "as-read")
    for number, comment in enumerate(read):
        claims.add(comment)
        kept.add(number.to_bytes(8, "big"), _ENCODE(comment))
    return (_DECODE(value) for _, value in kept.sorted()), claims.bounds()


class _Gathering:
    """Takes comments as they are read, and gives each its place and its share."""

    def __init__(self, folder: Path | None, scores: Scores | None, shares: int, since: datetime | None) -> None:
        self._places, self._witnessed, self._scores = Places(), Witnessed(), scores
        self._sorters = [Sorter(folder, f"comments-{number}") for number in range(shares)]
        self._since, self._edge, self._before = since, edge_of(since), 0
        self._digest = hashlib.sha256(self._edge)
        self._first, self._first_within, self._last = b"", b"", b""

    def add(self, comment: Comment) -> None:
        key, value = self._places.key(comment), _ENCODE(comment)
        share = part_of(comment.source, comment.community, comment.conversation_id) % len(self._sorters)
        self._sorters[share].add(key, value)
        self._witnessed.add(key, comment)
        self._digest.update(key + value)
        self._last = max(self._last, key)
        self._first = min(self._first or key, key)
        if key < self._edge:
            self._before += 1
        else:
            self._first_within = min(self._first_within or key, key)
        if self._scores is not None:
            self._scores.need(comment, _clock(key, comment), key, share)

    def recorded(self, attested: bool, not_believed: int) -> Recorded:
        comments = [sorter.sorted() for sorter in self._sorters]
        if self._scores is None:
            shares = [Share(some) for some in comments]
        else:
            given = self._scores.joined(len(comments), self._digest)
            shares = [Share(some, scores) for some, scores in zip(comments, given, strict=True)]
        until = None if attested else self._witnessed.at
        return Recorded(
            tuple(shares), sum(map(len, comments)), until, not_believed, self._digest.hexdigest(), self._first, self._last,
            self._since, self._before, self._first_within,
        )  # fmt: skip
