"""One half of the simulated site, ready to be measured: streams, what each reply is to the tests, and what is usual there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.evaluation.scenario import LEARNING_DAYS, Plan
from streams.evaluation.stream import DAY, START, Ints, Stream
from streams.stages.esr import learning
from streams.stages.esr.config import Prior
from streams.stages.esr.learning import EVER, HOSTILE, Counted, usual_among
from streams.stages.esr.membership import Membership, Seen

__all__ = ["HOSTILE", "LEARNED", "Site", "Watched", "counted", "fitted_on", "known", "share_staked", "site", "staked", "watched_of"]

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
    return usual_among([counted(one, until=EVER if until is None else until) for one in watched], until)


def _seen(stream: Stream) -> Ints:
    members, hostile = Membership(), (stream.x >= HOSTILE).tolist()
    rows = zip((stream.at // DAY).tolist(), _scattered(stream.author).tolist(), hostile, strict=True)
    return np.array([members.take(day, who, (row * 2654435761) ^ 0x5BD1E995, is_hostile=h) for row, (day, who, h) in enumerate(rows)], int)


def staked(one: Watched, until: int = EVER) -> float:
    """Return what the replies before ``until`` staked on the pace, and one for the person, who is new."""
    return learning.staked(counted(one, until=until))


def share_staked(one: Watched, since: int = -EVER, until: int = EVER) -> float:
    """Return what the replies from ``since`` to ``until`` staked on the share, weighed."""
    return learning.share_staked(counted(one, since, until))


def counted(one: Watched, since: int = -EVER, until: int = EVER) -> Counted:
    """Return those replies that count, of a time."""
    counts, stream = one.seen >= Seen.FIRST, one.stream
    every = Counted(stream.at[counts], stream.x[counts], one.seen[counts], stream.conversation[counts], one.is_new[counts])
    return every.within(since, until)


def _scattered(author: Ints) -> Ints:
    """Return numbers as scattered as the keyed hashes that the program knows people by."""
    mixed = author.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(17)).astype(np.int64)
