"""Fit the weights of page order: under which whom comments really answered is likeliest. A search, weight by weight."""

import math
from collections.abc import Callable, Sequence
from typing import Final

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
_BOUNDS: Final = {"sharpen": (0.5, 3.0)}
_MOST: Final = 10.0


def fitted(talks: Sequence[Sequence[Ready]], told: Callable[[int, int], None] = lambda _done, _of: None) -> Prior:
    """Return the weights that suit these comments best; ``told`` hears how far it is."""
    talks = _some(talks)
    worth, best = max(((_worth(talks, start), start) for start in (Prior(), _PLAIN)), key=lambda one: one[0])
    tries = [(name, factor) for factors in _FACTORS for name in FITTED for factor in factors]
    for done, (name, factor) in enumerate(tries, 1):
        tried = _with(best, name, factor)
        if tried != best and (now := _worth(talks, tried)) > worth + _GAIN:
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


def _worth(talks: Sequence[Sequence[Ready]], prior: Prior) -> float:
    """Return the mean log of the confidence given to who is really answered, or to nobody at top level, and the share named first.

    By the first alone a weight may lose many a name and gain as much by being sure of others: moderators read the names.
    """
    found = [one for one in linked(talks, prior) if one.hidden.is_told]
    if not found:
        return 0.0
    answers = [one for one in found if one.hidden.is_answer]
    likely = math.fsum(math.log(max(one.right, _LEAST)) for one in found) / len(found)
    return likely + _NAMES_COUNT * named_right(answers)


def named_right(answers: Sequence[Linked]) -> float:
    """Return the share of answers whose surest candidate is right."""
    return sum(one.is_right for one in answers) / len(answers) if answers else 0.0
