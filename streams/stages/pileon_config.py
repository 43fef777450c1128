"""The knobs of the detectors: which one decides, and when many become a pile-on."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from streams.stages.instants import span


class Which(StrEnum):
    """The detectors that there are."""

    WINDOW = "window"
    """So many hostile people in so long, and so large a share."""
    ESR = "e-SR"
    """Faster and more hostile than history explains, on a budget of false alarms."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When many become a pile-on. The reasons for the defaults are in docs/detector.md."""

    window: timedelta = timedelta(hours=1)
    """How much event time is looked at together (1 minute to 7 days). ``e-SR`` looks at all that a person's history explains."""
    min_hostile_authors: Annotated[int, Meta(ge=2, le=1000)] = 4
    """So many different people must be hostile within the window (``e-SR``: within 24 h; at most 8). Fewer never open a pile-on."""
    false_alarms_per_day: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    """B of the detector ``e-SR``: so many pile-ons a day may be told, on the whole site, where there are none. Less is calmer and slower.
    A community that sets its own has a budget of its own: the site's is their sum (docs/calibration.md)."""
    min_share: Annotated[float, Meta(ge=0, le=1)] = 0.4
    """Hostile people ÷ people replying within the window; keeps popularity from looking like a pile-on. ``e-SR`` has its own test of it."""
    min_hostility: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """θ: a reply of at least this hostility is hostile."""
    case_length: timedelta = timedelta(hours=6)
    """A pile-on ends when no hostile reply came for so long (1 minute to 30 days); until then more of them update it."""
    untimed_replies: Annotated[int, Meta(ge=4, le=200)] = 50
    """Where a page gives no times, so many last replies to the target stand for the window."""
    min_growth: Annotated[float, Meta(gt=0, le=10)] = 0.25
    """An open pile-on is told again when its hostile people grew by this share (at least by one)."""
    critical_factor: Annotated[float, Meta(ge=1, le=100)] = 2.0
    """Critical from ``min_hostile_authors`` times this many hostile people."""
    min_severe_authors: Annotated[int, Meta(ge=0, le=1000)] = 0
    """Critical also when so many people sent a reply of at least ``min_severity``; 0 switches this off."""
    min_severity: Annotated[float, Meta(gt=0, le=1)] = 0.9
    """What is a severe reply, for ``min_severe_authors``."""
    min_unknown_noted: Annotated[int, Meta(ge=1, le=64)] = 8
    """So many hostile replies by unknown authors are noted as ``people_unknown``: they may be many or one."""

    usual_people_a_day: Annotated[float, Meta(ge=0, le=1000)] = 0.07
    """So many people a day are usually hostile to a person of whom nothing is known yet. Told beside a case; it opens none."""
    usual_weight_days: Annotated[float, Meta(gt=0, le=365)] = 7.0
    """``usual_people_a_day`` weighs as much as so many days of a person's own history."""

    def __post_init__(self) -> None:
        """Raise ValueError where a duration is out of bounds (Meta bounds numbers only)."""
        _bounded("window", self.window, timedelta(minutes=1), timedelta(days=7))
        _bounded("case_length", self.case_length, timedelta(minutes=1), timedelta(days=30))


def _bounded(name: str, value: timedelta, least: timedelta, most: timedelta) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}, allowed is {least} to {most}")


class Rule(Struct, frozen=True, kw_only=True):
    """A Config and a source's lateness with its durations in microseconds, made once per community."""

    config: Config
    window: int
    case_length: int
    lateness: int
    keep: int
    """How long a reply can still matter together with one that is not late."""


def rule(config: Config, lateness: timedelta, together: timedelta | None = None) -> Rule:
    """Return the config as a rule for a source of this lateness. ``together``: what is looked at together, where that is no window."""
    window, late = span(config.window), span(lateness)
    keep = late + (window if together is None else span(together))
    return Rule(config=config, window=window, case_length=span(config.case_length), lateness=late, keep=keep)
