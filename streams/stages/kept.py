"""What is kept of a reply: in the share only, or as evidence too."""

from typing import Final

from msgspec import Struct

from streams.records import Reply
from streams.stages.pseudonyms import Pseudonyms

UNKNOWN: Final = 1
"""The author is not known."""
MODERATED: Final = 2
"""A moderator removed it: it stays counted."""
IN_CASE: Final = 4
"""It belongs to the open case."""
SPENT: Final = 8
"""It belonged to a case that ended quietly, and opens no other."""
GONE: Final = 16
"""Its author took it back: remembered only so that it is not counted again."""


class Mild(Struct, frozen=True, array_like=True, order=True, gc=False):
    """A reply that counts in the share only. Author and comment are keyed hashes; ``at`` is microseconds."""

    at: int
    comment: int
    author: int
    revision: int = 1
    flags: int = 0


class Hostile(Struct, frozen=True, array_like=True, order=True, gc=False):
    """A hostile reply, with the ids that evidence needs (the comment's is empty once it was removed)."""

    at: int
    comment: int
    author: int
    revision: int
    flags: int
    hostility: float
    comment_id: str
    conversation_id: str


Kept = Mild | Hostile


def counts(kept: Kept) -> bool:
    """Return whether a kept reply still counts: not taken back, not of a case that ended."""
    return not kept.flags & (GONE | SPENT)


def hostile_of(reply: Reply, at: int, comment: int, pseudonyms: Pseudonyms) -> Hostile:
    """Return what is kept of a hostile reply written at ``at`` (microseconds)."""
    author = pseudonyms.author(reply.author_id, reply.conversation_id)
    flags = UNKNOWN if reply.author_id is None else 0
    return Hostile(at, comment, author, reply.revision, flags, reply.hostility, reply.comment_id, reply.conversation_id)
