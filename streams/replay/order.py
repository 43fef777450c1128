"""The order in which a file is replayed: by arrival, and never reordering within a conversation.

The log is the order (architecture.md, seam 4). Two files that hold the same conversations, however interleaved, are
replayed alike; so the result does not depend on partitions or processes.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from streams.records import Comment
from streams.stages.decode import EARLIEST, LATEST
from streams.stages.step import Arrived

Place = tuple[datetime, datetime, str, str, str, str]


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
