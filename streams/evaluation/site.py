"""One half of the simulated site, ready to be measured: streams, what each reply is to the tests, and what is usual there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.evaluation.scenario import LEARNING_DAYS, Plan
from streams.evaluation.stream import DAY, START, Floats, Ints, Stream
from streams.stages.esr import late_test
from streams.stages.esr.config import Config, Levels, Prior, rule
from streams.stages.esr.membership import Membership, Seen
from streams.stages.esr.priors import Heard, Lived, fitted

HOSTILE = 0.5
LEARNED = START + LEARNING_DAYS * DAY
_EVER = 1 << 62
_SPACING = rule(Config(), Levels(rate=1.0, share=1.0, diluted=1.0, surge=1.0)).spacing
SETTLED_DAYS = 4
"""Of the learning days the last ones: by then who is on the site is known, nearly."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A stream, and what each of its replies is to the tests."""

    stream: Stream
    seen: Ints
    is_new: NDArray[np.bool_]
    """The author was nowhere on the site before this day."""


class _Replies(NamedTuple):
    """What counts of one person's replies."""

    at: Ints
    x: Floats
    seen: Ints
    conversation: Ints
    is_new: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Site:
    """People who are measured together, with the budget of a site of their own."""

    watched: tuple[Watched, ...]
    days: int
    """On which alarms are counted: all after the learning ones."""
    stakes_per_day: float
    """N: what replies staked a day on the pace, while learning."""
    share_stakes_per_day: float
    """And on the share, weighed; over the last days of learning alone, for at first everybody is new."""
    prior: Prior


def site(plan: Plan, streams: Iterable[Stream]) -> Site:
    """Return the site of these streams; N and the prior come from its learning days alone."""
    every = tuple(streams)
    first_day = known(zip(each.author.tolist(), each.at.tolist(), strict=True) for each in every)
    watched = tuple(watched_of(each, first_day) for each in every)
    return Site(
        watched=watched, days=plan.knobs.days - LEARNING_DAYS,
        stakes_per_day=sum(staked(one, until=LEARNED) for one in watched) / LEARNING_DAYS,
        share_stakes_per_day=sum(share_staked(one, LEARNED - SETTLED_DAYS * DAY, LEARNED) for one in watched) / SETTLED_DAYS,
        prior=fitted_on(watched, LEARNED),
    )  # fmt: skip


def watched_of(stream: Stream, first_day: dict[int, int]) -> Watched:
    """Return a stream with what each of its replies is to the tests; ``first_day`` says since when each author is known."""
    rows = zip(stream.author.tolist(), (stream.at // DAY).tolist(), strict=True)
    return Watched(stream=stream, seen=_seen(stream), is_new=np.array([first_day[author] >= day for author, day in rows], bool))


def known(every: Iterable[Iterable[tuple[int, int]]]) -> dict[int, int]:
    """Return each author's first day on the site, of (author, microseconds since 1970) of each person's replies."""
    first: dict[int, int] = {}
    for rows in every:
        for author, at in rows:
            if at // DAY < first.get(author, at):
                first[author] = at // DAY
    return first


def fitted_on(watched: Sequence[Watched], until: int | None) -> Prior:
    """Return what is usual among these people by what was written before ``until`` (None: at all)."""
    before = [_before(one, until) for one in watched]
    return fitted(
        [lived for one in before if (lived := _lived(one, until)) is not None], [day for one in before for day in _days(one)],
        [talk for one in before for talk in _talks(one)], _new(before),
    )  # fmt: skip


def _seen(stream: Stream) -> Ints:
    members, hostile = Membership(), (stream.x >= HOSTILE).tolist()
    rows = zip((stream.at // DAY).tolist(), _scattered(stream.author).tolist(), hostile, strict=True)
    return np.array([members.take(day, who, (row * 2654435761) ^ 0x5BD1E995, is_hostile=h) for row, (day, who, h) in enumerate(rows)], int)


def staked(one: Watched, until: int = _EVER) -> float:
    """Return what the replies before ``until`` staked on the pace, and one for the person, who is new."""
    counts, spacing = (one.seen >= Seen.FIRST) & (one.stream.at < until), _SPACING
    gap = np.diff(one.stream.at[counts]).astype(float)
    return float((gap / (gap + spacing)).sum()) + bool(counts.any())


def share_staked(one: Watched, since: int = 0, until: int = _EVER) -> float:
    """Return what the replies from ``since`` to ``until`` staked on the share, weighed."""
    counts, spacing = np.flatnonzero((one.seen >= Seen.FIRST) & (one.stream.at < until) & (one.stream.at >= since)), _SPACING
    gap = np.diff(one.stream.at[counts]).astype(float)
    staked, clocks = float((gap / (gap + spacing)).sum()) * late_test.OF_PERSON, late_test.NO_CLOCKS
    stream = one.stream
    for row in counts.tolist():
        at, x, talk, is_new = int(stream.at[row]), float(stream.x[row]), int(stream.conversation[row]), bool(one.is_new[row])
        if x >= HOSTILE:
            staked += late_test.stakes_of(clocks, talk, at, spacing, is_new=is_new)
        clocks = late_test.talked(clocks, talk, at, x, 0.1, 1.0, spacing, 1.0, is_hostile=x >= HOSTILE)
        if is_new:
            clocks = late_test.came(clocks, at, x, 0.1, 1.0, 0.0, spacing, 1.0, is_hostile=x >= HOSTILE)
    return staked


def _before(one: Watched, until: int | None) -> _Replies:
    counts = one.seen >= Seen.FIRST
    if until is not None:
        counts &= one.stream.at < until
    stream = one.stream
    return _Replies(stream.at[counts], stream.x[counts], one.seen[counts], stream.conversation[counts], one.is_new[counts])


def _talks(one: _Replies) -> list[Heard]:
    _, talk = np.unique(one.conversation, return_inverse=True)
    x = one.x
    columns = (np.bincount(talk, weights=each) for each in (np.ones_like(x), x, x * x))
    return [Heard(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _new(every: Sequence[_Replies]) -> Heard:
    x = np.concatenate([one.x[one.is_new] for one in every])
    return Heard(float(x.size), float(x.sum()), float((x * x).sum()))


def _scattered(author: Ints) -> Ints:
    """Return numbers as scattered as the keyed hashes that the program knows people by."""
    mixed = author.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(17)).astype(np.int64)


def _lived(one: _Replies, until: int | None) -> Lived | None:
    at, x, seen = one.at, one.x, one.seen
    if not at.size:
        return None
    first, later = x[seen == Seen.FIRST], x[seen == Seen.LATER]
    mass = np.concatenate([first, later[later >= HOSTILE]])
    days = ((int(at[-1]) + DAY if until is None else until) - int(at[0])) / DAY
    sums = ((float(each.size), float(each.sum()), float((each * each).sum())) for each in (first, later))
    return Lived(days, float(mass.sum()), float((mass * mass).sum()), *next(sums), *next(sums))


def _days(one: _Replies) -> list[tuple[float, float]]:
    """Return n and Σx of the first replies of each day."""
    first = one.seen == Seen.FIRST
    _, day = np.unique(one.at[first] // DAY, return_inverse=True)
    n, total = np.bincount(day, minlength=1), np.bincount(day, weights=one.x[first], minlength=1)
    return [(float(a), float(b)) for a, b in zip(n, total, strict=True) if a]
