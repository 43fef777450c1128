"""Which person meets what: the whole simulated site, one stream after another, in flat memory."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from msgspec import Struct

from streams.evaluation.attacks import DILUTED, KINDS, SHARES, SIZES, Attack, inject
from streams.evaluation.lags import LAGS
from streams.evaluation.life import Knobs, life, person
from streams.evaluation.stream import DAY, START, Event, Stream, stream

LEARNING_DAYS: Final = 8
"""Nothing is put in before: baselines have a week to learn."""


class Plan(Struct, frozen=True, kw_only=True):
    """How large the site is and how much happens to it."""

    knobs: Knobs = Knobs()
    targets: int = 3000
    attacked: float = 0.15
    """So many people meet something once: half of them a pile-on or an evasion, the others a civil twin."""
    plain: float = 0.5
    """So much of what is put in is the plain attack (of every size and share) or its twin; the rest is shared by the other kinds."""
    seed: int = 20260105

    @property
    def end(self) -> int:
        """Return when the last day ends, microseconds since 1970."""
        return START + self.knobs.days * DAY


def streams(plan: Plan, targets: range | None = None) -> Iterator[Stream]:
    """Yield each person's stream, by number. One depends on the seed and its number alone: any part can be made by itself."""
    for number in targets if targets is not None else range(plan.targets):
        yield one(plan, number)


def one(plan: Plan, number: int) -> Stream:
    """Return the stream of one person."""
    lived, met = (np.random.default_rng(np.random.SeedSequence(plan.seed, spawn_key=(number, part))) for part in (0, 1))
    who = person(plan.knobs, number, lived)
    rows = life(plan.knobs, who, lived)
    events: list[Event] = []
    if met.random() < plan.attacked:
        begin = START + met.uniform(LEARNING_DAYS, plan.knobs.days - 1) * DAY
        more, event = inject(plan.knobs, who, _attack(plan, met), begin, met)
        rows += more
        events.append(event)
    if not rows:
        return _silent(number)
    return stream(number, rows, events, plan.end)


def _attack(plan: Plan, chance: np.random.Generator) -> Attack:
    """Draw what is put in: an evasion is tried by eight people or more, at the share of a usual storm."""
    is_attack, lags = bool(chance.random() < 0.5), str(chance.choice(sorted(LAGS)))
    if chance.random() < plan.plain:
        size, share, kind = int(chance.choice(SIZES)), float(chance.choice(SHARES)), "plain"
    else:
        size, kind = int(chance.choice(SIZES[1:])), str(chance.choice(sorted(KINDS.keys() - {"plain"})))
        share = DILUTED if kind == "diluted" else SHARES[1]
    return Attack(kind=kind, is_attack=is_attack, hostile_authors=size, share=share, lags=lags)


def _silent(number: int) -> Stream:
    none, nothing = np.empty(0, np.int64), np.empty(0, np.float64)
    return Stream(target=number, at=none, author=none, x=nothing, conversation=none, text=none, part=none)
