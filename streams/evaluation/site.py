"""One half of the simulated site, ready to be measured: streams, what each reply is to the tests, and what is usual there."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.evaluation.scenario import LEARNING_DAYS, Plan
from streams.evaluation.stream import DAY, START, Ints, Stream
from streams.stages.esr import conversation_test
from streams.stages.esr.config import Config, Levels, Prior, rule
from streams.stages.esr.membership import Membership, Seen
from streams.stages.esr.priors import Heard, Lived, fitted

HOSTILE = 0.5
LEARNED = START + LEARNING_DAYS * DAY
SETTLED_DAYS = 4
"""Of the learning days the last ones: by then who is on the site is known, nearly."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A stream, and what each of its replies is to the tests."""

    stream: Stream
    seen: Ints
    is_new: NDArray[np.bool_]
    """The author was nowhere on the site before this day."""


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
    first_day = _first_days(every)
    watched = tuple(Watched(stream=each, seen=_seen(each), is_new=_is_new(each, first_day)) for each in every)
    spacing = rule(Config(), Levels(rate=1.0, share=1.0, diluted=1.0, surge=1.0)).spacing
    return Site(
        watched=watched, days=plan.knobs.days - LEARNING_DAYS, stakes_per_day=sum(_staked(one, spacing) for one in watched) / LEARNING_DAYS,
        share_stakes_per_day=sum(_share_staked(one, spacing) for one in watched) / SETTLED_DAYS,
        prior=fitted(
            [lived for one in watched if (lived := _lived(one)) is not None], [day for one in watched for day in _days(one)],
            [talk for one in watched for talk in _talks(one)], _new(watched),
        ),
    )  # fmt: skip


def _seen(stream: Stream) -> Ints:
    members, hostile = Membership(), (stream.x >= HOSTILE).tolist()
    rows = zip((stream.at // DAY).tolist(), _scattered(stream.author).tolist(), hostile, strict=True)
    return np.array([members.take(day, who, (row * 2654435761) ^ 0x5BD1E995, is_hostile=h) for row, (day, who, h) in enumerate(rows)], int)


def _staked(one: Watched, spacing: float) -> float:
    """Return what the replies of the learning days staked, and one for the person, who is new."""
    counts = (one.seen >= Seen.FIRST) & (one.stream.at < LEARNED)
    gap = np.diff(one.stream.at[counts]).astype(float)
    return float((gap / (gap + spacing)).sum()) + bool(counts.any())


def _first_days(every: Iterable[Stream]) -> dict[int, int]:
    first: dict[int, int] = {}
    for each in every:
        for author, day in zip(each.author.tolist(), (each.at // DAY).tolist(), strict=True):
            if day < first.get(author, day + 1):
                first[author] = day
    return first


def _is_new(stream: Stream, first_day: dict[int, int]) -> NDArray[np.bool_]:
    rows = zip(stream.author.tolist(), (stream.at // DAY).tolist(), strict=True)
    return np.array([first_day[author] >= day for author, day in rows], bool)


def _share_staked(one: Watched, spacing: float) -> float:
    """Return what the replies of the settled days staked on the share."""
    since = LEARNED - SETTLED_DAYS * DAY
    counts = np.flatnonzero((one.seen >= Seen.FIRST) & (one.stream.at < LEARNED) & (one.stream.at >= since))
    gap = np.diff(one.stream.at[counts]).astype(float)
    staked, talks = float((gap / (gap + spacing)).sum()) * conversation_test.OF_PERSON, conversation_test.NO_TALKS
    stream = one.stream
    for row in counts.tolist():
        at, x, talk, is_new = int(stream.at[row]), float(stream.x[row]), int(stream.conversation[row]), bool(one.is_new[row])
        if x >= HOSTILE:
            staked += conversation_test.stakes_of(talks, talk, at, is_new=is_new, spacing=spacing)
        talks = conversation_test.taken(
            talks, talk, at, x, is_new=is_new, is_hostile=x >= HOSTILE, usual=(0.1, 0.1), weight=1.0, spacing=spacing, most=1.0
        )  # fmt: skip
    return staked


def _talks(one: Watched) -> list[Heard]:
    counts = (one.stream.at < LEARNED) & (one.seen >= Seen.FIRST)
    _, talk = np.unique(one.stream.conversation[counts], return_inverse=True)
    x = one.stream.x[counts]
    columns = (np.bincount(talk, weights=each) for each in (np.ones_like(x), x, x * x))
    return [Heard(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _new(watched: Iterable[Watched]) -> Heard:
    x = np.concatenate([one.stream.x[one.is_new & (one.stream.at < LEARNED) & (one.seen >= Seen.FIRST)] for one in watched])
    return Heard(float(x.size), float(x.sum()), float((x * x).sum()))


def _scattered(author: Ints) -> Ints:
    """Return numbers as scattered as the keyed hashes that the program knows people by."""
    mixed = author.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(17)).astype(np.int64)


def _lived(one: Watched) -> Lived | None:
    learning = one.stream.at < LEARNED
    at, x, seen = one.stream.at[learning], one.stream.x[learning], one.seen[learning]
    if not at.size:
        return None
    first, later = x[seen == Seen.FIRST], x[seen == Seen.LATER]
    mass = np.concatenate([first, later[later >= HOSTILE]])
    days = (LEARNED - int(at[0])) / DAY
    sums = ((float(each.size), float(each.sum()), float((each * each).sum())) for each in (first, later))
    return Lived(days, float(mass.sum()), float((mass * mass).sum()), *next(sums), *next(sums))


def _days(one: Watched) -> list[tuple[float, float]]:
    """Return n and Σx of the first replies of each learning day."""
    counts = (one.stream.at < LEARNED) & (one.seen == Seen.FIRST)
    day, x = one.stream.at[counts] // DAY - START // DAY, one.stream.x[counts]
    n, total = np.bincount(day, minlength=1), np.bincount(day, weights=x, minlength=1)
    return [(float(a), float(b)) for a, b in zip(n, total, strict=True) if a]
