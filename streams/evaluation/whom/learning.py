"""Fitting the model: a logistic regression in which a sign can only pull the way it is meant to, and words as they may."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import expit

from streams.evaluation.whom.examples import Example
from streams.evaluation.whom.invented import NAMES_OF_NOBODY
from streams.stages.hostility import logit
from streams.stages.whom.model import is_strong
from streams.stages.whom.signs import NAMES, SLOPES, SLOPING, mild_signs, signs

Floats = NDArray[np.float64]
COLUMNS: Final = ("bias", *NAMES, "toxicity", *(f"toxicity, {name}" for name in SLOPING))
PENALTY: Final = 1.0
WORDS_PENALTY: Final = 6.0
LEAST: Final = 4
"""Phrasings that a word must be in to have a weight: what labelled replies alone say is not in the model."""
LIGHTEST: Final = 5
"""Hundredths: lighter words are left out."""
UP: Final = frozenset({"second", "directed", "thrown", "bare", "attack", "turning", "at reader, contempt", "toxicity"})
FREE: Final = frozenset(
    {"bias", "heat", "conditional", "agreeing", "ours", "strong", "more", *(f"toxicity, {name}" for name in SLOPING if name != "inside")}
)
"""These may pull either way; all others speak for peace, or not at all."""
UNWEIGHED: Final = frozenset(NAMES_OF_NOBODY) | frozenset(
    "man men woman women boy boys girl girls black white gay queer fat old jew jews muslim muslims foreigners".split()
)
"""Words that say who somebody is: none has a weight."""


class Taught(Struct, frozen=True):
    """An example, how many say it is hostile, and how much it counts."""

    example: Example
    hostile: float
    weight: float
    phrasing: str = ""
    """By which it was said, if it was invented."""


class Learned(Struct, frozen=True):
    """The weights of the columns, to three decimals, and those of names, in hundredths: round strong words, and where there are none."""

    columns: Mapping[str, float]
    round: Mapping[str, int]
    alone: Mapping[str, int]


def seen(one: Example) -> tuple[tuple[float, ...], AbstractSet[str]]:
    """Return what the columns' weights are multiplied by, and the names of what was found; those of mild comments begin with "alone"."""
    if is_strong(one.heard, one.cues):
        of, names = signs(one.heard, one.cues)
    else:
        of = mild_signs(one.cues.second > 0, one.cues.kind, one.cues.singular or one.cues.plural)
        names = {f"alone: {word}" for word in one.heard.words}
    odds = logit(one.toxicity)
    return (1.0, *of, odds, *(odds * of[place] for place in SLOPES)), names


def learned(taught: Sequence[Taught]) -> Learned:
    """Return the weights. The same examples give the same weights."""
    every = [seen(one.example) for one in taught]
    names = _known([found for _, found in every], taught)
    given = _with_names(every, names)
    hostile, weight = (np.array([getattr(one, name) for one in taught]) for name in ("hostile", "weight"))
    penalty = np.array([0.0, *(PENALTY,) * (len(COLUMNS) - 1), *(WORDS_PENALTY,) * len(names)])

    def loss(at: Floats) -> tuple[float, Floats]:
        z = given @ at
        value = float(weight @ (np.logaddexp(0, z) - hostile * z)) + float(penalty @ (at * at)) / 2
        return value, given.T @ (weight * (expit(z) - hostile)) + penalty * at

    start: Any = np.zeros(len(penalty))
    bounds = [*map(_bounds, COLUMNS), *((None, None),) * len(names)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 3000, "ftol": 1e-12}).x
    columns = {name: round(float(value), 3) for name, value in zip(COLUMNS, found, strict=False)}
    return _told(columns, dict(zip(names, found[len(COLUMNS) :], strict=True)))


def _told(columns: Mapping[str, float], names: Mapping[str, float]) -> Learned:
    weighed = {name: hundredths for name, value in names.items() if abs(hundredths := round(100 * float(value))) >= LIGHTEST}
    alone = {name.removeprefix("alone: "): value for name, value in weighed.items() if name.startswith("alone: ")}
    return Learned(columns, {name: value for name, value in weighed.items() if not name.startswith("alone: ")}, alone)


def _known(found: Sequence[AbstractSet[str]], taught: Sequence[Taught]) -> list[str]:
    """Return the names that enough phrasings hold."""
    where: dict[str, set[str]] = defaultdict(set)
    for names, one in zip(found, taught, strict=True):
        for name in names if one.phrasing else ():
            where[name].add(one.phrasing)
    return sorted(name for name, phrasings in where.items() if len(phrasings) >= LEAST and UNWEIGHED.isdisjoint(name.split()))


def _with_names(every: Sequence[tuple[tuple[float, ...], AbstractSet[str]]], names: Sequence[str]) -> Any:
    """Return columns and names as one sparse matrix."""
    place = {name: len(COLUMNS) + n for n, name in enumerate(names)}
    values, at, starts = list[float](), list[int](), [0]
    for columns, found in every:
        there = sorted(place[name] for name in found if name in place)
        values += [*columns, *(1.0,) * len(there)]
        at += [*range(len(COLUMNS)), *there]
        starts.append(len(at))
    return csr_array((values, at, starts), shape=(len(every), len(COLUMNS) + len(names)))


def _bounds(name: str) -> tuple[float | None, float | None]:
    if name in FREE:
        return None, None
    return (0.0, None) if name in UP else (None, 0.0)
