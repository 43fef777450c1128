"""How close can anybody come? Two bounds, each for a detector that knows far more than one can.

*Floor:* an attack in which fewer than four people are surely hostile opens nothing, by the rule that a moderator must be able to check.
*Share:* an oracle is told where each conversation begins and ends, waits for its end, knows by which law fame draws its share of
hostility and what shares attackers use, and puts its level where, on these very answers, the budget is just kept. It knows no accounts.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from streams.evaluation.attacks import DILUTED, KINDS, SHARES
from streams.evaluation.life import Knobs
from streams.evaluation.measures import LARGE
from streams.evaluation.site import HOSTILE, LEARNED, Site, Watched
from streams.evaluation.stream import Event, Part

FLOOR: Final = 4
SEEN: Final = 0.93
"""So many hostile replies pass θ (Beta(6, 2.1) over one half)."""


class Bound(Struct, frozen=True, kw_only=True):
    """(Possible, all) pile-ons by eight people or more, of all kinds and of each."""

    name: str
    recall: tuple[int, int]
    by_kind: dict[str, tuple[int, int]]


class _Talk(Struct, frozen=True):
    ratio: float
    event: Event | None


def by_floor(site: Site) -> Bound:
    """Return in how many pile-ons four people or more are surely hostile."""
    events = [(event, _surely(one)) for one in site.watched for event in one.stream.events if _is_large(event)]
    return _bound("four people surely hostile", events, lambda people: people >= FLOOR)


def by_share(site: Site, allowed: float) -> Bound:
    """Return how many pile-ons the oracle finds at so many false alarms."""
    talks = [talk for one in site.watched for talk in _talks(one)]
    calm = sorted((talk.ratio for talk in talks if talk.event is None), reverse=True)
    level = calm[int(allowed)] if len(calm) > allowed else -math.inf
    best: dict[int, float] = {}
    for talk in talks:
        if talk.event is not None:
            best[id(talk.event)] = max(best.get(id(talk.event), -math.inf), talk.ratio)
    events = [(event, best.get(id(event), -math.inf)) for one in site.watched for event in one.stream.events if _is_large(event)]
    return _bound("share of the whole conversation, known law, level by the answers", events, lambda ratio: ratio > level)


def _bound(name: str, events: Sequence[tuple[Event, float]], is_possible: Callable[[float], bool]) -> Bound:
    def count(kind: str | None) -> tuple[int, int]:
        those = [found for event, found in events if kind in {None, event.kind}]
        return sum(map(is_possible, those)), len(those)

    return Bound(name=name, recall=count(None), by_kind={kind: count(kind) for kind in KINDS})


def _is_large(event: Event) -> bool:
    return event.is_attack and event.hostile_authors >= LARGE


def _surely(one: Watched) -> int:
    stream = one.stream
    return len(np.unique(stream.author[(stream.part == Part.ATTACKER) & (stream.x >= HOSTILE)]))


def _talks(one: Watched) -> list[_Talk]:
    """Return the conversations with four hostile people or more, each with its likelihood ratio, after the learning days."""
    stream, found = one.stream, []
    hostile = stream.x >= HOSTILE
    for talk in np.unique(stream.conversation[hostile & (stream.at >= LEARNED)]):
        rows = stream.conversation == talk
        k, n = len(np.unique(stream.author[rows & hostile])), len(np.unique(stream.author[rows]))
        if k >= FLOOR:
            is_attack = bool((stream.part[rows] == Part.ATTACKER).any())
            found.append(_Talk(_ratio(k, n), next((event for event in stream.events if event.is_attack), None) if is_attack else None))
    return found


def _ratio(k: int, n: int) -> float:
    """Log likelihood of k hostile of n: attackers' shares against fame's (a beta-binomial)."""
    shares = (DILUTED, *SHARES)
    attack = max(k * math.log(SEEN * share) + (n - k) * math.log(1 - SEEN * share) for share in shares)
    a, b = Knobs().viral_hostile
    fame = _log_beta(a + k, b + n - k) - _log_beta(a, b)
    # Quarrels have two to four people, all of them hostile: the oracle knows them.
    return attack - fame if n > FLOOR else -math.inf


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
