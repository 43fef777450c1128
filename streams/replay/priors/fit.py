"""Fit the weights of page order: under which whom comments really answered is likeliest. A search, weight by weight."""

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import asdict, replace

from streams.replay.priors.played import Linked, Ready, linked
from streams.stages.candidates import Prior

FITTED: Final = (
    "previous", "nobody", "nobody_if_spoken_to", "sibling", "sibling_if_spoken_to", "answer_back", "attention", "echo", "earlier",
    "starter", "heat", "sharpen",
)  # fmt: skip
"""In the order that they are tried."""
_FACTORS: Final = ((0.0, 0.4, 2.5), (0.6, 1.6), (0.8, 1.25))
"""Tried in each round, coarse to fine."""
_LEAST: Final = 0.02
"""The least that anything true is taken to be given: a single surprise is no reason to believe nothing else."""
_START: Final = 0.05
"""Where a weight of nothing starts from, when it is tried with more."""
_NAMES_COUNT: Final = 2
_GAIN: Final = 2e-4
MOST_COMMENTS: Final = 2_000
"""Comments learned from: the first conversations that have them. More would change the third decimal."""
_PLAIN: Final = Prior(previous=1.5, answer_back=0.3)
"""Another start: nearly the plain rule."""
RULE: Final = Prior(
    previous=2.0, earlier=0, starter=0, nobody=0.4, nobody_if_spoken_to=0.4, sibling=0, sibling_if_spoken_to=0, answer_back=0, echo=0,
    attention=0, sharpen=1.0, heat=0,
)  # fmt: skip
"""The plain rule itself, the last other author: a third start, and what a fit never names fewer people right than, where it learned."""
_BOUNDS: Final = {"sharpen": (0.5, 3.0)}
_MOST: Final = 10.0


def fitted(talks: Sequence[Sequence[Ready]], told: Callable[[int, int], None] = lambda _done, _of: None) -> Prior:
    """Return the weights that suit these comments best; ``told`` hears how far it is."""
    talks = _some(talks)
    floor = _worth(talks, RULE).named
    starts = [(worth, start) for start in (Prior(), _PLAIN, RULE) if (worth := _worth(talks, start)).named >= floor]
    worth, best = max(starts, key=lambda one: one[0].total)
    tries = [(name, factor) for factors in _FACTORS for name in FITTED for factor in factors]
    for done, (name, factor) in enumerate(tries, 1):
        tried = _with(best, name, factor)
        now = worth if tried == best else _worth(talks, tried)
        if now.total > worth.total + _GAIN and now.named >= floor:
            best, worth = tried, now
        told(done, len(tries))
    return best


def _some(talks: Sequence[Sequence[Ready]]) -> list[Sequence[Ready]]:
    room, found = MOST_COMMENTS, []
    for talk in talks:
        if room <= 0:
            break
        found.append(talk)
        room -= len(talk)
    return found


def _with(prior: Prior, name: str, factor: float) -> Prior:
    low, high = _BOUNDS.get(name, (0.0, _MOST))
    value = (asdict(prior)[name] or _START) * factor
    return replace(prior, **{name: round(min(max(value, low), high), 4)})


class _Worth(NamedTuple):
    likely: float = 0.0
    named: float = 0.0

    @property
    def total(self) -> float:
        return self.likely + _NAMES_COUNT * self.named


def _worth(talks: Sequence[Sequence[Ready]], prior: Prior) -> _Worth:
    """Return the mean log of the confidence given to who is really answered, or to nobody at top level, and the share named first.

    By the first alone a weight may lose many a name and gain as much by being sure of others: moderators read the names.
    """
    found = [one for one in linked(talks, prior) if one.hidden.is_told]
    if not found:
        return _Worth()
    answers = [one for one in found if one.hidden.is_answer]
    likely = math.fsum(math.log(max(one.right, _LEAST)) for one in found) / len(found)
    return _Worth(likely, named_right(answers))


def named_right(answers: Sequence[Linked]) -> float:
    """Return the share of answers whose surest candidate is right."""
    return sum(one.is_right for one in answers) / len(answers) if answers else 0.0
