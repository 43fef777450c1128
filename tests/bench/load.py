"""The load that delay is measured under: the sample's threads, with a raid on somebody in every 24 comments."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from streams.records import Comment
from streams.sources.sample import FEWEST, sample

_EVERY = 24
_FOES = 6


def load(now: datetime, tag: str, count: int) -> list[Comment]:
    """Return ``count`` comments written now; ``tag`` keeps one load's names apart from another's."""
    calm = _calm(now, tag, count)
    return [_raid(now, tag, *divmod(number, _EVERY)) if number % _EVERY <= _FOES else next(calm) for number in range(count)]


def _calm(now: datetime, tag: str, count: int) -> Iterator[Comment]:
    for said in sample(now, max(FEWEST, count)):
        parent = None if said.parent_id is None else f"{tag}-{said.parent_id}"
        yield msgspec.structs.replace(
            said, conversation_id=f"{tag}-{said.conversation_id}", comment_id=f"{tag}-{said.comment_id}", parent_id=parent,
            created_at=now, ingested_at=None,
        )  # fmt: skip


def _raid(now: datetime, tag: str, raid: int, place: int) -> Comment:
    """Return a raid's n-th comment: the first is its target's, the others are hostile to it, each by somebody else."""
    talk = f"{tag}-raid-{raid}"
    author, text = (f"{tag}-foe-{raid}-{place}", "You are a stupid idiot and a liar, shut up.") if place else (
        f"{tag}-person-{raid}", "I think the new bus line is fine.")  # fmt: skip
    return Comment(
        source="bench", community="c", conversation_id=talk, comment_id=f"{talk}-{place}", author_id=author,
        parent_id=f"{talk}-0" if place else None, text=text, created_at=now,
    )  # fmt: skip
