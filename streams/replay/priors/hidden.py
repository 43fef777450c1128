"""Conversations whose parents are known, shown as a source would that tells none: what the fit of page order learns from."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.records import Action, Comment

Talk = tuple[str, str, str]
"""Source, community, conversation."""


class Order(StrEnum):
    """In which order the source without parents shows comments."""

    PAGE = "page"
    """Each answer below what it answers, and before the next comment of the same level."""
    TIME = "time"


class Hidden(Struct, frozen=True):
    """A comment without its parent, and whom it answers."""

    comment: Comment
    answers: str | None
    """The parent's author; None: nobody (it is top level), or nobody known."""
    is_answer: bool
    """Its parent is a comment of somebody else who is known: what accuracy is counted on."""
    is_told: bool
    """What it answers is known: nobody, or somebody else."""


class Shown(Struct, frozen=True):
    """Conversations in two halves, and what a source must have to be learned from."""

    halves: tuple[list[list[Hidden]], list[list[Hidden]]]
    comments: int
    authors: int
    parents: int
    """Comments that name their parent."""
    answers: tuple[int, int]
    """Answers to somebody else, in each half."""


_HALVES: Final = 2


def shown(comments: Iterable[Comment], order: Order) -> Shown:
    """Return the conversations of one source: which half a conversation is in depends on its name alone."""
    talks: dict[Talk, dict[str, Comment]] = defaultdict(dict)
    for comment in comments:
        if comment.action is Action.CREATED:
            talks[comment.source, comment.community, comment.conversation_id].setdefault(comment.comment_id, comment)
    halves: tuple[list[list[Hidden]], list[list[Hidden]]] = ([], [])
    for name, talk in sorted(talks.items()):
        halves[_half(name)].append(list(_hidden(_ordered(list(talk.values()), order), talk)))
    every = [comment for talk in talks.values() for comment in talk.values()]
    return Shown(
        halves, len(every), len({comment.author_id for comment in every if comment.author_id is not None}),
        sum(comment.parent_id is not None or comment.reply_to_author_id is not None for comment in every),
        (_answers(halves[0]), _answers(halves[1])),
    )  # fmt: skip


def _half(name: Talk) -> int:
    return zlib.crc32("\0".join(name).encode("utf-8", "replace")) % _HALVES


def _answers(half: Iterable[Sequence[Hidden]]) -> int:
    return sum(one.is_answer for talk in half for one in talk)


def _ordered(talk: Sequence[Comment], order: Order) -> list[Comment]:
    """Return a conversation by time, or depth first as a page shows it."""
    by_time = sorted(talk, key=lambda comment: (comment.created_at, comment.comment_id))
    if order is Order.TIME:
        return by_time
    known = {comment.comment_id for comment in by_time}
    below: dict[str | None, list[Comment]] = defaultdict(list)
    for comment in by_time:
        has_parent = comment.parent_id in known and comment.parent_id != comment.comment_id
        below[comment.parent_id if has_parent else None].append(comment)
    found: list[Comment] = []
    waiting = below[None][::-1]
    while waiting:
        found.append(waiting.pop())
        waiting += below[found[-1].comment_id][::-1]
    return found  # what is its own ancestor is nowhere on a page


def _hidden(talk: Iterable[Comment], known: dict[str, Comment]) -> Iterable[Hidden]:
    for comment in talk:
        parent = known.get(comment.parent_id or "")
        answers = comment.reply_to_author_id or (parent.author_id if parent else None)
        is_answer = answers is not None and comment.author_id is not None and answers != comment.author_id
        is_top = answers is None and parent is None
        bare = replace(comment, parent_id=None, reply_to_author_id=None, created_at_is_estimated=True)
        yield Hidden(bare, answers, is_answer, is_answer or is_top)
