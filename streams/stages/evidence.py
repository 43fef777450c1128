"""Which comments show what happened: the worst of each of the people who were hostile."""

from collections.abc import Sequence

from streams.stages.case import MAX_EVIDENCE
from streams.stages.kept import Hostile


def evidence_of(hostile: Sequence[Hostile]) -> tuple[str, ...]:
    """Return the comments of the most hostile replies of distinct authors; what was removed is no evidence any more."""
    chosen: dict[int, str] = {}
    for kept in sorted(hostile, key=lambda kept: (-kept.hostility, kept.at, kept.comment)):
        if kept.comment_id:
            chosen.setdefault(kept.author, kept.comment_id)
        if len(chosen) == MAX_EVIDENCE:
            break
    return tuple(chosen.values())
