"""One half of the simulated site, ready to be measured: streams, what each reply is to the tests, and what is usual there."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from streams.evaluation.scenario import LEARNING_DAYS, Plan
from streams.evaluation.stream import DAY, START, Ints, Stream
from streams.stages.esr.config import Config, Levels, Prior, rule
from streams.stages.esr.membership import Membership, Seen
from streams.stages.esr.priors import Lived, fitted

HOSTILE = 0.5
LEARNED = START + LEARNING_DAYS * DAY


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A stream, and what each of its replies is to the tests."""

    stream: Stream
    seen: Ints


@dataclass(frozen=True, kw_only=True)
class Site:
    """People who are measured together, with the budget of a site of their own."""

    watched: tuple[Watched, ...]
    days: int
    """On which alarms are counted: all after the learning ones."""
    stakes_per_day: float
    """N: what replies staked a day, while learning."""
    prior: Prior


def site(plan: Plan, streams: Iterable[Stream]) -> Site:
    """Return the site of these streams; N and the prior come from its learning days alone."""
    watched = tuple(Watched(stream=each, seen=_seen(each)) for each in streams)
    spacing = rule(Config(), Levels(rate=1.0, share=1.0, diluted=1.0, surge=1.0)).spacing
    return Site(
        watched=watched, days=plan.knobs.days - LEARNING_DAYS, stakes_per_day=sum(_staked(one, spacing) for one in watched) / LEARNING_DAYS,
        prior=fitted([lived for one in watched if (lived := _lived(one)) is not None], [day for one in watched for day in _days(one)]),
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
