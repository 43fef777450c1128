"""How many people are usually hostile to one person: a mean that forgets, and lags so that a pile-on says nothing about itself.

Two terms of the design's baseline (shared/design/detector.md): hostile people, and days in which they could come; both lose half
their weight in 14 days, both leave out today and yesterday. What is usual for anybody stands in until a person has a history.
"""

import math
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import replace

from streams.stages.pileon_config import Config

DAY: Final = 86_400_000_000
HALF_LIFE: Final = 14
"""Days after which a day weighs half."""
REST: Final = 4 * HALF_LIFE * DAY
"""How long (microseconds) the history of somebody whom nobody answers is kept: a sixteenth of its weight is left by then."""
_GRAIN: Final = 2.0**32


class Baseline(Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """The history of one target. Days are counted from 1970, by the time of writing."""

    first: int
    """The day of the first reply."""
    day: int
    """The day that ``today`` is."""
    today: int = 0
    """People who were hostile on that day, each by a first hostile reply."""
    yesterday: int = 0
    mass: float = 0.0
    """People who were hostile on the days before, each weighed by the age of the day."""

    @property
    def is_blank(self) -> bool:
        """Tell whether nobody was ever hostile."""
        return not self.today and not self.yesterday and not self.mass

    @property
    def kept_until(self) -> int:
        """Return until when (microseconds) it is worth keeping if nobody answers."""
        return self.day * DAY + REST

    def with_person(self, at: int) -> Self:
        """Return the history with one more person hostile, by a reply written then (microseconds)."""
        day = at // DAY
        now = self._turned(day)
        if day == now.day:
            return replace(now, today=now.today + 1)
        if day == now.day - 1:
            return replace(now, yesterday=now.yesterday + 1, first=min(now.first, day))
        return replace(now, mass=_held(now.mass + _weight(now.day - 2 - day)), first=min(now.first, day))

    def a_day(self, at: int, config: Config) -> float:
        """Return how many people a day are usually hostile to this person, as seen from then (microseconds).

        (a + H) / (t + T): H hostile people and T days of the history, a and t of what is usual for anybody.
        """
        now = self._turned(at // DAY)
        mass = config.usual_people_a_day * config.usual_weight_days + now.mass
        return mass / (config.usual_weight_days + _exposure(now.day - 1 - now.first))

    def _turned(self, day: int) -> Self:
        """Return it as of a later day; of an earlier one, as it is."""
        days = day - self.day
        if days <= 0:
            return self
        mass = self.mass * math.exp2(-days / HALF_LIFE) + self.yesterday * _weight(days - 1)
        if days == 1:
            return replace(self, day=day, yesterday=self.today, today=0, mass=_held(mass))
        return replace(self, day=day, yesterday=0, today=0, mass=_held(mass + self.today * _weight(days - 2)))


def met(baseline: Baseline | None, at: int, heard: int, *, is_alone: bool) -> Baseline:
    """Return the history once a reply came, written at ``at`` and heard of then; ``is_alone``: nothing else of the target is kept.

    What a tick would have forgotten by now is forgotten here too, so that ticks change nothing that is told.
    """
    if baseline is None or (is_alone and (baseline.is_blank or baseline.kept_until < heard)):
        return Baseline(at // DAY, at // DAY)
    return baseline


def _weight(age: int) -> float:
    """Return the weight of a day, by the days between it and the day before yesterday; taken at its middle."""
    return math.exp2(-(age + 0.5) / HALF_LIFE)


def _exposure(days: int) -> float:
    """Return so many days up to the day before yesterday, weighed: the integral of 2^(−s/14)."""
    return (1 - math.exp2(-days / HALF_LIFE)) * HALF_LIFE / math.log(2) if days > 0 else 0.0


def _held(mass: float) -> float:
    """Return it without the last bits, in which machines differ."""
    return round(mass * _GRAIN) / _GRAIN
