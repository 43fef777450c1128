"""Fitting the model: a logistic regression in which a sign can only pull the way it is meant to."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from streams.evaluation.whom.examples import Example
from streams.stages.hostility import logit
from streams.stages.whom.model import signs_of
from streams.stages.whom.signs import ELSEWHERE, NAMES, NOT_OWN

Floats = NDArray[np.float64]
COLUMNS: Final = ("bias", *NAMES, "toxicity", "toxicity, not own", "toxicity, elsewhere")
PENALTY: Final = 1.0
UP: Final = frozenset({"second", "directed", "thrown", "bare", "attack", "turning", "at reader, contempt", "toxicity"})
FREE: Final = frozenset({"bias", "heat", "conditional", "agreeing", "ours", "toxicity, not own", "toxicity, elsewhere"})
"""These may pull either way; all others speak for peace, or not at all."""


class Taught(Struct, frozen=True):
    """An example, how many say it is hostile, and how much it counts."""

    example: Example
    hostile: float
    weight: float


def columns(one: Example) -> tuple[float, ...]:
    """Return what the weights are multiplied by."""
    of, odds = signs_of(one.heard, one.cues), logit(one.toxicity)
    return (1.0, *of, odds, odds * of[NOT_OWN], odds * of[ELSEWHERE])


def learned(taught: Sequence[Taught]) -> dict[str, float]:
    """Return the weights by column, to three decimals. The same examples give the same weights."""
    given = np.array([columns(one.example) for one in taught])
    hostile, weight = (np.array([getattr(one, name) for one in taught]) for name in ("hostile", "weight"))
    penalty = np.array([0.0, *(PENALTY,) * (len(COLUMNS) - 1)])

    def loss(at: Floats) -> tuple[float, Floats]:
        z = given @ at
        value = float(weight @ (np.logaddexp(0, z) - hostile * z)) + float(penalty @ (at * at)) / 2
        return value, given.T @ (weight * (expit(z) - hostile)) + penalty * at

    start: Any = np.zeros(len(COLUMNS))
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[_bounds(name) for name in COLUMNS], options={"maxiter": 3000, "ftol": 1e-12}
    )
    return {name: round(float(value), 3) for name, value in zip(COLUMNS, found.x, strict=True)}


def _bounds(name: str) -> tuple[float | None, float | None]:
    if name in FREE:
        return None, None
    return (0.0, None) if name in UP else (None, 0.0)
