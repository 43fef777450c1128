"""The knobs of the e-SR detector, and what is usual on the site."""

from datetime import timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.stages.instants import span

MOST: Final = 100.0
"""Times what an alarm needs."""
_LN2: Final = 0.6931471805599453


class Prior(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is usual for anybody: it stands in until a person has a history. From replayed weeks (``priors.fitted``)."""

    hostile_mass: Annotated[float, Meta(gt=0)] = 0.3
    """So many people are hostile to anybody in ``days`` (their hostility summed; a0)."""
    days: Annotated[float, Meta(gt=0)] = 1.0
    """It weighs as much as so many days of a person's own history (τ0)."""
    first_mean: Annotated[float, Meta(gt=0, lt=1)] = 0.1
    """Mean hostility of first replies."""
    first_weight: Annotated[float, Meta(gt=0)] = 10.0
    """It weighs as much as so many replies of a person's own."""
    day_weight: Annotated[float, Meta(gt=0)] = 70.0
    """So many replies of one day must be harsh before half of that is put down to the day."""
    later_mean: Annotated[float, Meta(gt=0, lt=1)] = 0.12
    """Mean hostility of further replies by people who were not hostile so far."""
    later_weight: Annotated[float, Meta(gt=0)] = 10.0
    """As ``first_weight``."""
    talk_mean: Annotated[float, Meta(gt=0, lt=1)] = 0.14
    """Mean hostility of a conversation's replies."""
    talk_weight: Annotated[float, Meta(gt=0)] = 60.0
    """So many replies in one conversation must be harsh before half of that is put down to the conversation."""
    new_mean: Annotated[float, Meta(gt=0, lt=1)] = 0.14
    """Mean hostility of replies by accounts that are new to the site."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When many become a pile-on, by evidence. docs/detector.md tells why."""

    min_hostile_authors: Annotated[int, Meta(ge=2, le=8)] = 4
    """So many different people must have been hostile within 24 h. Fewer never open a pile-on."""
    min_diluted_authors: Annotated[int, Meta(ge=4, le=8)] = 8
    """So many, where the pace alone speaks."""
    min_hostility: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """θ: a reply of at least this hostility is hostile."""
    case_length: timedelta = timedelta(hours=6)
    """A case ends when no hostile reply came for so long; until then no other opens."""
    caution_rate: Annotated[float, Meta(ge=0, le=4)] = 1.0
    """z: how far above its estimate the usual pace is taken (normal deviations)."""
    caution_share: Annotated[float, Meta(ge=0, le=4)] = 1.0
    """z_m: how far above its estimate the usual share is taken; 1.64 for a strict budget."""
    memory: timedelta = timedelta(hours=6)
    """Evidence loses half of its weight in so long."""
    spacing: timedelta = timedelta(hours=4)
    """A reply so long after the one before stakes half a bet; one that follows at once, next to nothing."""
    prior: Prior = Prior()


class Levels(Struct, frozen=True, kw_only=True):
    """What evidence must reach. From the budget (``budget.levels``)."""

    rate: float
    """1/α: for the rate test of the pair."""
    share: float
    """1/α: for the share test of the pair. 0 in one of them leaves the other alone."""
    diluted: float
    """1/α′: for the rate test alone, where enough people were hostile."""
    diluted_share: float = 0.0
    """What the share test must say at least, where fame would else use the budget up; learned from replayed weeks."""
    surge: float
    """1/α″: for the rate test alone; informational."""


class Rule(Struct, frozen=True, kw_only=True):
    """A config and its levels, with what a reply needs of them worked out once. Times are microseconds."""

    config: Config
    levels: Levels
    min_hostility: float
    case_length: int
    forgets: float
    """How fast evidence fades, per microsecond."""
    spacing: float
    """Microseconds."""
    most: tuple[float, float, float]
    """Evidence is held under so much (rate, rate alone, share): a viral week must not stay a reproach."""


def rule(config: Config, levels: Levels) -> Rule:
    """Return the config as a rule."""
    return Rule(
        config=config, levels=levels, min_hostility=config.min_hostility, case_length=span(config.case_length),
        forgets=_LN2 / span(config.memory), spacing=float(span(config.spacing)),
        most=(MOST * max(1.0, levels.rate), MOST * max(1.0, levels.diluted, levels.surge), MOST * max(1.0, levels.share)),
    )  # fmt: skip
