"""The order in which a file is replayed: by arrival, and never reordering within a conversation.

The log is the order (architecture.md, seam 4). Two files that hold the same conversations, however interleaved, are
replayed alike; so the result does not depend on partitions or processes.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from streams.records import Comment
from streams.stages.decode import EARLIEST, LATEST
from streams.stages.step import Arrived

Place = tuple[datetime, datetime, str, str, str, str]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOMENT: Final = 8
"""Bytes of a moment in a key."""
_ZERO: Final = 1 << 62
"""What makes microseconds before 1970 a positive number, so that bytes sort as times do."""


def arrival(comment: Comment) -> datetime:
    """Return when the comment arrived; a comment that does not say arrived "as of then", when it was written or changed.

    A year that no calendar of a computer can go on from is drawn to the nearest that it can.
    """
    return as_of_then(comment) if comment.ingested_at is None else max(EARLIEST, min(comment.ingested_at, LATEST))


def as_of_then(comment: Comment) -> datetime:
    """Return when the comment was written or changed, as a time that arrivals can have."""
    return max(EARLIEST, min(comment.edited_at or comment.created_at, LATEST))


def place(comment: Comment) -> Place:
    """Return where a comment stands: (arrival, created_at, source, community, conversation, comment)."""
    written = (arrival(comment), comment.created_at)
    return (*written, comment.source, comment.community, comment.conversation_id, comment.comment_id)


class Places:
    """Says, comment by comment as they are read, where each stands: as bytes that sort as places do.

    Keeps some 200 bytes a conversation, nothing of a comment.
    """

    def __init__(self) -> None:
        self._latest: dict[bytes, bytes] = {}
        self._count = 0

    def key(self, comment: Comment) -> bytes:
        """Return the key of the next comment: its place, or that of the one before it in its conversation where that is later.

        What is last in a key is the comment's number: no two are alike.
        """
        talk = b"".join(map(sorting, (comment.source, comment.community, comment.conversation_id)))
        here = _moment(arrival(comment)) + _moment(comment.created_at) + sorting(comment.comment_id)
        known = hashlib.blake2b(talk, digest_size=16).digest()
        latest = self._latest.get(known, here)
        self._latest[known] = latest = max(latest, here)
        self._count += 1
        return latest[: 2 * _MOMENT] + talk + latest[2 * _MOMENT :] + self._count.to_bytes(8, "big")


def edge_of(since: datetime | None) -> bytes:
    """Return what divides keys: those at which the virtual clock shows less sort before it. None: none does."""
    return b"" if since is None else _moment(since)


def clock_of(key: bytes) -> datetime:
    """Return what the virtual clock shows at the comment of this key: the latest arrival of all up to there."""
    return time_of(int.from_bytes(key[:_MOMENT], "big") - _ZERO)


def micros(at: datetime) -> int:
    """Return microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def time_of(micros: int) -> datetime:
    """Return the time of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def _moment(at: datetime) -> bytes:
    return (micros(at) + _ZERO).to_bytes(_MOMENT, "big")


def sorting(text: str) -> bytes:
    """Return a string as bytes that sort as it does, whatever stands behind them."""
    return text.encode("utf-8", "surrogatepass").replace(b"\0", b"\0\1") + b"\0\0"


def in_order(comments: Iterable[Comment]) -> list[Comment]:
    """Return the comments as a merge of their conversations: always the conversation whose next comment arrived first.

    A comment that claims to have arrived before one that stands ahead of it in its own conversation waits for that one.
    """
    latest: dict[tuple[str, str, str], Place] = {}
    placed = []
    for comment in comments:
        conversation = (comment.source, comment.community, comment.conversation_id)
        here = place(comment)
        latest[conversation] = max(latest.get(conversation, here), here)
        placed.append((latest[conversation], comment))
    placed.sort(key=_first)
    return [comment for _, comment in placed]


def _first(pair: tuple[Place, Comment]) -> Place:
    return pair[0]


def arrivals(comments: Iterable[Comment]) -> Iterator[Arrived]:
    """Yield each comment with the virtual clock's time: that of its arrival, which like a broker's never goes back."""
    clock: datetime | None = None
    for comment in comments:
        at = arrival(comment)
        clock = at if clock is None else max(clock, at)
        yield Arrived(comment, clock)
