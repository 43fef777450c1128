"""A site's ordinary life, one person at a time: posts and the replies that they draw, by day and by night, for months.

What tempts a detector is in it: fame, heated but mutual threads, single enemies, friends who swear at each other.
Every knob is told in docs/evaluation.md. "Measured" is on the Reddit threads of Guest et al. (EACL 2021), with the shipped scorer.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import numpy as np
from msgspec import Struct

from streams.evaluation.lags import LAGS, drawn
from streams.evaluation.stream import DAY, HOUR, MINUTE, START, Floats, Ints, Part, Rows

STRANGERS: Final = 1_000_000_000
"""Authors from this number on are members of the site at large; below it, one person's own circle."""


class Knobs(Struct, frozen=True, kw_only=True):
    """How the site lives. The defaults are the site of the reports."""

    days: int = 30
    replies_a_day: float = 1.4
    """Replies a day of the person in the middle; others by a lognormal of this spread (σ of the log)."""
    spread: float = 1.4
    most_a_day: float = 300.0
    thread_size: float = 3.0
    """Replies that one post draws in the mean (geometric): they come together, so life is burstier than chance."""
    night: float = 0.8
    """0: the same by day and by night; 1: nobody writes at four in the morning."""
    regulars: float = 0.5
    """So much of what is written comes from a person's own circle."""
    members: int = 50_000

    hostile: float = 0.025
    """P(a reply is hostile), of the mean person; people differ by a beta with this mean. Of Reddit's replies 2.9 % are."""
    hostile_weight: float = 25.0
    """That beta's a + b: the larger, the more alike are people."""
    mild_x: tuple[float, float] = (1.1, 12.5)
    """Beta of x of replies that are not hostile: mean .08, nine in ten under .19 (measured: .08, .21)."""
    hostile_x: tuple[float, float] = (6.0, 2.1)
    """Beta of x of hostile replies: mean .74 (measured: .74)."""

    viral_a_month: float = 0.21
    viral_size: float = 80.0
    """Replies of the viral post in the middle; lognormal, σ = 1, at most 3,000."""
    viral_hostile: tuple[float, float] = (3.0, 22.0)
    """Beta of the hostile share among those who come with fame: mean .12, one in twenty over .24."""
    heated: float = 0.01
    """So many threads are quarrels of two to four people who all give as good as they get."""
    heated_hostile: float = 0.4
    enemies: float = 0.05
    """So many people have one enemy, who writes them a hostile reply or three on one day of four."""
    swearing: float = 0.03
    """So many people have a circle that swears at each other: x of .15 to .6, meant well."""


@dataclass(frozen=True)
class Person:
    """What stays the same about one target."""

    number: int
    replies_a_day: float
    hostile: float
    circle: int
    zone: float
    has_enemy: bool
    swears: bool
    threads: Iterator[int] = field(default_factory=count)


def person(knobs: Knobs, number: int, chance: np.random.Generator) -> Person:
    """Draw one target."""
    replies = min(knobs.most_a_day, knobs.replies_a_day * math.exp(knobs.spread * chance.standard_normal()))
    weight = knobs.hostile_weight
    return Person(
        number=number, replies_a_day=replies, hostile=float(chance.beta(knobs.hostile * weight, (1 - knobs.hostile) * weight)),
        circle=int(5 + 3 * replies), zone=float(chance.choice([-5, 0, 0, 1, 1, 1, 2, 8])), has_enemy=bool(chance.random() < knobs.enemies),
        swears=bool(chance.random() < knobs.swearing),
    )  # fmt: skip


def life(knobs: Knobs, who: Person, chance: np.random.Generator) -> list[Rows]:
    """Return all that is written to a person in the days."""
    return [*_ordinary(knobs, who, chance), *_fame(knobs, who, chance), *_enemy(knobs, who, chance)]


def hostility(knobs: Knobs, share: float | Floats, size: int, chance: np.random.Generator) -> Floats:
    """Return x of ``size`` replies of which ``share`` are hostile."""
    hostile = chance.random(size) < share
    return np.where(hostile, chance.beta(*knobs.hostile_x, size), chance.beta(*knobs.mild_x, size))


def strangers(knobs: Knobs, size: int, chance: np.random.Generator) -> Ints:
    """Return members of the site at large; the same one may come twice."""
    return STRANGERS + chance.integers(knobs.members, size=size)


def awake(knobs: Knobs, at: Floats, zone: float, chance: np.random.Generator) -> Floats:
    """Return the times that fall when people are awake: fewest at four in the morning, most at four in the afternoon."""
    hour = (at / HOUR + zone) % 24
    kept = 1 - knobs.night * 0.5 * (1 + np.cos((hour - 4) / 24 * 2 * math.pi))
    return at[chance.random(at.size) < kept]


def _ordinary(knobs: Knobs, who: Person, chance: np.random.Generator) -> Iterator[Rows]:
    """Posts come when people are awake; each draws its replies."""
    posts = chance.poisson(knobs.days * who.replies_a_day / knobs.thread_size / (1 - knobs.night / 2))
    for post in awake(knobs, START + chance.random(posts) * knobs.days * DAY, who.zone, chance):
        size = int(chance.geometric(1 / knobs.thread_size))
        yield _quarrel(knobs, who, post, size, chance) if chance.random() < knobs.heated else _thread(knobs, who, post, size, chance)


def _thread(knobs: Knobs, who: Person, post: float, size: int, chance: np.random.Generator) -> Rows:
    regular = chance.random(size) < knobs.regulars
    # Few regulars write most of it: places in the circle by a power law.
    friends = who.number * 100_000 + (who.circle * chance.random(size) ** 2).astype(np.int64)
    author = np.where(regular, friends, strangers(knobs, size, chance))
    x = hostility(knobs, np.where(regular, 0.3 * who.hostile, who.hostile), size, chance)
    if who.swears:
        x = np.where(regular, np.maximum(x, chance.uniform(0.15, 0.6, size)), x)
    return Rows.of(post + drawn("reddit", size, chance), author, x, next(who.threads), Part.LIFE)


def _quarrel(knobs: Knobs, who: Person, post: float, size: int, chance: np.random.Generator) -> Rows:
    """Two to four people, four times the replies, back and forth within hours."""
    people = int(chance.integers(2, 5))
    size *= 4
    author = strangers(knobs, people, chance)[chance.integers(people, size=size)]
    at = post + np.cumsum(chance.exponential(12 * MINUTE, size))
    return Rows.of(at, author, hostility(knobs, knobs.heated_hostile, size, chance), next(who.threads), Part.LIFE)


def _fame(knobs: Knobs, who: Person, chance: np.random.Generator) -> Iterator[Rows]:
    for post in START + chance.random(chance.poisson(knobs.viral_a_month * knobs.days / 30)) * knobs.days * DAY:
        size = int(min(3000, knobs.viral_size * math.exp(chance.standard_normal())))
        yield viral(knobs, who, post, size, float(chance.beta(*knobs.viral_hostile)), chance)


def viral(knobs: Knobs, who: Person, post: float, size: int, share: float, chance: np.random.Generator) -> Rows:
    """Return the replies of one viral post: nearly all by people who never wrote to this person."""
    lag = drawn(str(chance.choice(sorted(LAGS))), size, chance)
    return Rows.of(post + lag, strangers(knobs, size, chance), hostility(knobs, share, size, chance), next(who.threads), Part.LIFE)


def _enemy(knobs: Knobs, who: Person, chance: np.random.Generator) -> Iterator[Rows]:
    if not who.has_enemy:
        return
    for day in np.flatnonzero(chance.random(knobs.days) < 0.25):
        size = int(chance.integers(1, 4))
        at = START + (day + chance.random(size)) * DAY
        yield Rows.of(at, strangers(knobs, 1, np.random.default_rng(who.number)).repeat(size),
                      chance.beta(*knobs.hostile_x, size), next(who.threads), Part.LIFE)  # fmt: skip
