"""Which arrivals of a file are believed. No broker's own time bounds them there, so the other records must.

Without a clock, and whatever the order of conversations in the file: a few claims that the others contradict are not believed.
Where more than a few contradict each other, the file is written in another order than that of arrival, and nobody lies.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from streams.records import Comment
from streams.replay.order import arrival, as_of_then

MAX_AHEAD: Final = timedelta(hours=24)
"""Of what stands behind it in its conversation. What waits longer than this for a record in front of it is late, unless set otherwise."""
MAX_SILENCE: Final = timedelta(days=30)
"""Of the whole file. Beyond it nothing is remembered that a record could belong to."""
FEWEST: Final = 4
"""Comments that it takes to contradict one of them."""
_FEW: Final = 100
"""One in so many, at least one."""


def believed(comments: Sequence[Comment]) -> tuple[list[Comment], int]:
    """Return the comments, those with an arrival that is not believed given one that is, and how many these are.

    An arrival is not believed 1. after more than 30 days in which nothing else of the file arrived, 2. more than 24 hours
    after that of what stands behind it in its conversation. Instead it arrived when it was written, but not later than what
    stands behind it, or than everything else.
    """
    claims = [arrival(comment) for comment in comments]
    bounds = _bounds(comments, claims)
    found = list(comments)
    for number, bound in bounds.items():
        then = as_of_then(comments[number])
        found[number] = replace(comments[number], ingested_at=min(then, bound))
    return found, len(bounds)


def _bounds(comments: Sequence[Comment], claims: Sequence[datetime]) -> dict[int, datetime]:
    """Return the latest that each record arrived whose claim is not believed."""
    end = _end(comments, claims)
    talks: dict[tuple[str, str, str], list[int]] = {}
    for number, comment in enumerate(comments):
        talks.setdefault((comment.source, comment.community, comment.conversation_id), []).append(number)
    bounds: dict[int, datetime] = {}
    for numbers in talks.values():
        bounds |= _beyond(numbers, claims, end)
        bounds |= _ahead(comments, [number for number in numbers if number not in bounds], claims)
    return bounds


def _end(comments: Sequence[Comment], claims: Sequence[datetime]) -> datetime | None:
    """Return the last arrival before a long silence that only a few comments claim to have come after; None if there is none."""
    few = _few(len({_identity(comment) for comment in comments}))
    order = sorted(range(len(claims)), key=claims.__getitem__)
    end, after = None, set[tuple[str, ...]]()
    for last, first in zip(reversed(order[:-1]), reversed(order[1:]), strict=True):
        after.add(_identity(comments[first]))
        if len(after) > few:
            break
        if claims[first] - claims[last] > MAX_SILENCE:
            end = claims[last]
    return end


def _beyond(numbers: Sequence[int], claims: Sequence[datetime], end: datetime | None) -> dict[int, datetime]:
    """Return the bounds of what claims to have arrived after the end: what stands behind it, or the end."""
    bounds: dict[int, datetime] = {}
    latest = end
    for number in reversed(numbers):
        if end is None or latest is None or claims[number] <= end:
            latest = claims[number]
        else:
            bounds[number] = latest
    return bounds


def _ahead(comments: Sequence[Comment], numbers: Sequence[int], claims: Sequence[datetime]) -> dict[int, datetime]:
    """Return the bounds of what claims to have arrived well after what stands behind it in its conversation."""
    if _is_in_order([claims[number] for number in numbers]):
        return {}
    kept = set(_longest_in_order([claims[number] for number in numbers]))
    bounds: dict[int, datetime] = {}
    behind: datetime | None = None
    for place in range(len(numbers) - 1, -1, -1):
        claim = claims[numbers[place]]
        if place in kept:
            behind = claim
        elif behind is not None and claim - behind > MAX_AHEAD:
            bounds[numbers[place]] = behind
    few = _few(len({_identity(comments[number]) for number in numbers}))
    return bounds if len({_identity(comments[number]) for number in bounds}) <= few else {}


def _is_in_order(claims: Iterable[datetime]) -> bool:
    latest: datetime | None = None
    for claim in claims:
        if latest is not None and latest - claim > MAX_AHEAD:
            return False
        latest = claim if latest is None else max(latest, claim)
    return True


def _longest_in_order(claims: Sequence[datetime]) -> list[int]:
    """Return the places of the most claims that never go back; of as many the ones that end earliest."""
    tails: list[datetime] = []
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


def witnessed(comments: Sequence[Comment], times: Sequence[datetime]) -> datetime | None:
    """Return the last time that two different comments tell has come, of comments in order and their clock; None if no two do."""
    for comment, at in zip(reversed(comments), reversed(times), strict=True):
        if _identity(comment) != _identity(comments[-1]):
            return at
    return None
