"""What a site is like, as the e-SR detector must know it: N, what is usual for anybody, and what replayed weeks taught of the bound.

``threadwatch calibrate`` writes it down as a record with a version; the settings stand in until there is one.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from streams.errors import UserError
from streams.stages.esr.budget import Budget, levels
from streams.stages.esr.config import Config, Levels, Prior
from streams.stages.esr.slack import NEVER, DilutedShare, Slack, Taught, taught

NAME: Final = "calibration"
"""Of the record for a whole site. ``calibration source/community`` is one community's own, with its own N."""


class Calibration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the detector ``e-SR`` takes for usual on this site. ``threadwatch calibrate`` measures all of it."""

    stakes_per_day: Annotated[float, Meta(ge=1)] = 10_000.0
    """N of the pace: replies a day, each weighed by the pause before it. Too small a number breaks the budget, too large a one is slow."""
    share_stakes_per_day: Annotated[float, Meta(ge=1)] = 1_000.0
    """N of the hostile share: the same of the bets on persons and conversations."""
    newcomers: bool = False
    """Whether accounts that are new to the site are bet on by themselves; measured so, it needs a fresh list of known accounts each day
    (``threadwatch calibrate --accounts``)."""
    slack: Slack = Slack()
    diluted_share: DilutedShare = DilutedShare()
    prior: Prior = Prior()

    def as_values(self) -> dict[str, float | int | str | bool]:
        """Return it as the values of a record."""
        found: dict[str, float | int | str | bool] = {}
        for name, value in msgspec.to_builtins(self).items():
            found |= {f"{name}.{inner}": each for inner, each in value.items()} if isinstance(value, dict) else {name: value}
        return found


def name_of(source: str, community: str) -> str:
    """Return the name of a community's own record."""
    return f"{NAME} {source}/{community}"


def is_calibration(name: str) -> bool:
    """Return whether a record of this name is one."""
    return name == NAME or name.startswith(f"{NAME} ")


def calibration_of(name: str, version: int, values: Mapping[str, Any]) -> Calibration:
    """Return what a record says. UserError with its name where it says too little, too much or what cannot be: nothing is filled in."""
    wanted = Calibration().as_values()
    try:
        for which, names in (("is missing", wanted.keys() - values.keys()), ("is unknown", values.keys() - wanted.keys())):
            if names:
                raise ValueError(f"{min(names)} {which}")
        return msgspec.convert(_nested(values), Calibration)
    except (ValueError, msgspec.ValidationError) as error:
        raise UserError(
            f"config, record {name!r}, version {version}: {error}; write it anew with threadwatch calibrate, and a higher version"
        ) from error


def levels_of(calibration: Calibration, false_alarms_per_day: float) -> Levels:
    """Return what evidence must reach: by what was taught, or by the proven bound where that asks for less.

    ``diluted`` has a budget of the same size of its own, a surge ten times as much.
    """
    said = taught(calibration.slack, calibration.diluted_share, false_alarms_per_day) or Taught(false_alarms_per_day, 1.0, NEVER)
    is_taught = said.budget * said.slack > false_alarms_per_day
    budget = Budget(
        false_alarms_per_day=said.budget if is_taught else false_alarms_per_day, diluted_per_day=said.budget,
        surges_per_day=10 * false_alarms_per_day, stakes_per_day=calibration.stakes_per_day,
        share_stakes_per_day=calibration.share_stakes_per_day, slack=said.slack if is_taught else min(1.0, said.slack),
        diluted_share=said.diluted_share,
    )  # fmt: skip
    return levels(budget)


def config_of(calibration: Calibration, min_hostile_authors: int, min_hostility: float, case_length: Any) -> Config:
    """Return the detector's own knobs."""
    return Config(min_hostile_authors=min_hostile_authors, min_hostility=min_hostility, case_length=case_length, prior=calibration.prior)


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        outer, dot, inner = name.partition(".")
        if dot:
            found.setdefault(outer, {})[inner] = value
        else:
            found[outer] = value
    return found
