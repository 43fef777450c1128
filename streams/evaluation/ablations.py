"""The same detector on the same people where something is missing, noisy or late: what each part is worth."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from streams.evaluation.contestants import VARIANTS, Contestant, Folded, esr, levels_of
from streams.evaluation.site import HOSTILE, Site, Watched, watched_of
from streams.evaluation.stream import HOUR, Floats, Part
from streams.stages.esr.budget import Budget
from streams.stages.esr.config import Config, rule
from streams.stages.esr.detector import Target
from streams.stages.esr.history import usual
from streams.stages.esr.membership import Seen

SEED: Final = 20260107
FLIPPED: Final = (0.1, 0.01)
"""Noise: so many hostile replies look civil, so many civil ones hostile."""
LATE: Final = 0.3
"""So many replies arrive late, by an hour in the mean."""


def ablations(site: Site, budget: Budget) -> Iterator[tuple[str, Site, Contestant]]:
    """Yield each with its name, the people as it sees them, and the detector."""
    usual_one = esr(site, VARIANTS[0], budget)
    yield "as it is", site, usual_one
    yield "no list of known accounts", _with(site, [without_list(one) for one in site.watched]), usual_one
    yield "half of the attackers have old accounts", _with(site, [_half_known(one) for one in site.watched]), usual_one
    yield "all attackers have old accounts", _with(site, [_half_known(one, 1.0) for one in site.watched]), usual_one
    yield (
        "conversations unknown",
        _with(site, [_said(one, conversation=np.zeros_like(one.stream.conversation)) for one in site.watched]),
        usual_one,
    )
    yield "scattered: each reply in a conversation of its own", _with(site, [_scattered(one) for one in site.watched]), usual_one
    yield "labels noisy (1 of 10 hostile, 1 of 100 civil)", _with(site, [_noisy(one) for one in site.watched]), usual_one
    yield "three in ten replies an hour late", _with(site, [_late(one) for one in site.watched]), usual_one
    yield "baselines without lag", site, Impatient(rule(Config(prior=site.prior), levels_of(budget, VARIANTS[0])))
    yield "no distinct authors", _with(site, [replace(one, seen=np.full_like(one.seen, Seen.FIRST)) for one in site.watched]), usual_one


class Impatient(Folded):
    """The detector whose baselines know today and yesterday: a pile-on tells it that pile-ons are usual."""

    def before(self, target: Target) -> None:
        """Say what is usual anew before every reply."""
        history = target.history
        older = tuple(sum(day) for day in zip(history.older, history.yesterday, history.today, strict=True))
        since = min(2.0, history.day - history.first_day + 1.0)
        target.usual = usual(self.rule.config, older, history.exposure + since, np.sqrt)  # type: ignore[arg-type]


def _with(site: Site, watched: list[Watched]) -> Site:
    return replace(site, watched=tuple(watched))


def without_list(one: Watched) -> Watched:
    """Return a person's replies where nobody knows which accounts are new."""
    return replace(one, is_new=np.zeros(len(one.stream), bool))


def _half_known(one: Watched, share: float = 0.5) -> Watched:
    theirs = np.isin(one.stream.part, [Part.ATTACKER, Part.HELLO])
    if not theirs.any():
        return one
    authors = np.unique(one.stream.author[theirs])
    old = authors[_chance(one).random(authors.size) < share]
    return replace(one, is_new=one.is_new & ~np.isin(one.stream.author, old))


def _scattered(one: Watched) -> Watched:
    """Only what was put in is scattered: life goes on in conversations."""
    talk = np.where(one.stream.part == Part.LIFE, one.stream.conversation, 1_000_000 + np.arange(len(one.stream)))
    return _said(one, conversation=talk)


def _noisy(one: Watched) -> Watched:
    chance, x = _chance(one), one.stream.x
    drawn = chance.random(x.size)
    other = np.where(x >= HOSTILE, chance.beta(1.1, 12.5, x.size), chance.beta(6.0, 2.1, x.size))
    return _heard(one, np.where(drawn < np.where(x >= HOSTILE, *FLIPPED), np.round(other, 4), x))


def _late(one: Watched) -> Watched:
    """In the order of arrival. What is opened is opened at the time of writing of the newest reply, as the detector knows it."""
    chance, size = _chance(one), len(one.stream)
    arrives = one.stream.at + np.where(chance.random(size) < LATE, chance.exponential(HOUR, size), 0.0)
    order = np.argsort(arrives, kind="stable")
    columns = {name: getattr(one.stream, name)[order] for name in ("at", "author", "x", "conversation", "text", "part")}
    stream = replace(one.stream, **columns)
    return replace(watched_of(stream, dict.fromkeys(stream.author.tolist(), 0)), is_new=one.is_new[order])


def _heard(one: Watched, x: Floats) -> Watched:
    stream = replace(one.stream, x=x)
    return replace(watched_of(stream, dict.fromkeys(stream.author.tolist(), 0)), is_new=one.is_new)


def _said(one: Watched, **columns: object) -> Watched:
    return replace(one, stream=replace(one.stream, **columns))  # type: ignore[arg-type]


def _chance(one: Watched) -> np.random.Generator:
    return np.random.default_rng((SEED, one.stream.target))
