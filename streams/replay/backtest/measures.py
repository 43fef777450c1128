"""What a configuration comes to, in numbers that two can be compared by. Rates are per day of the period, at least one day."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from msgspec import Struct

from streams.records import Severity
from streams.replay.backtest.cases import Case, cases
from streams.replay.backtest.judged import Score
from streams.replay.backtest.pages import Page, pages
from streams.replay.backtest.played import Played, Told
from streams.stages.alert import HELD, Decision

Measures = Mapping[str, float | None]
"""Name → number; None where there is nothing to measure (the median of no cases)."""
_HALF: Final = 0.5
_NINE_OF_TEN: Final = 0.9
_PLACES: Final = 6


class Lived(Struct, frozen=True):
    """What one side made of the period."""

    played: Played
    cases: Sequence[Case]
    """Pile-ons that opened in the period."""
    pages: Sequence[Page]
    begun: Sequence[Case] = ()
    """Pile-ons that opened in its warm-up, some of which go on in it."""

    @property
    def all_cases(self) -> list[Case]:
        """Return the pile-ons of both."""
        return [*self.begun, *self.cases]


def lived(made: Played, storm_length: timedelta) -> Lived:
    """Return what one side made of the period: pile-ons that opened in the warm-up stand apart."""
    before = {pileon.pileon_id for pileon in made.before}
    found = cases([*made.before, *(one.pileon for one in made.told)])
    return Lived(
        made,
        [case for case in found if case.pileon_id not in before],
        pages(made.told, storm_length),
        [case for case in found if case.pileon_id in before],
    )


def measures(lived: Lived, days: float, score: Score | None = None) -> Measures:
    """Return all measures of one side, rounded to six places: seconds, hours, people, shares, counts, or counts a day.

    ``score`` is where there are labels.
    """
    found = {**_of_cases(lived.cases), **_of_alerts(lived, days), **_of_replies(lived.played), **_of_labels(score)}
    return {name: None if value is None else round(value, _PLACES) for name, value in found.items()}


def _of_cases(cases: Sequence[Case]) -> dict[str, float | None]:
    people = [float(case.hostile_authors) for case in cases]
    lasted = [(case.closed_at - case.first_hostile_at) / timedelta(hours=1) for case in cases if case.closed_at is not None]
    return {
        "pileons": len(cases),
        "pileons_critical": sum(case.severity is Severity.CRITICAL for case in cases),
        "pileons_open_at_end": sum(case.closed_at is None for case in cases),
        "people_piled_on": len({case.target for case in cases}),
        "people_per_case_median": ranked(people, _HALF),
        "people_per_case_most": max(people, default=None),
        "hours_per_closed_case_median": ranked(lasted, _HALF),
    }


def _of_alerts(lived: Lived, days: float) -> dict[str, float | None]:
    decided = Counter(one.decision.decision for one in lived.played.told)
    held = Counter(one.decision.reason for one in lived.played.told if one.decision.decision is Decision.HOLD)
    paged = Counter(page.severity for page in lived.pages)
    delays = [one.waited for one in fired(lived.played)]
    return {
        "alerts": decided[Decision.FIRE],
        "alerts_per_day": decided[Decision.FIRE] / days,
        "escalations": decided[Decision.ESCALATE],
        "pages_warning_per_day": paged[Severity.WARNING] / days,
        "pages_critical_per_day": paged[Severity.CRITICAL] / days,
        "seconds_to_alert_median": ranked(delays, _HALF),
        "seconds_to_alert_p90": ranked(delays, _NINE_OF_TEN),
        **{f"held_{reason}": held[reason] for reason in HELD},
    }


def _of_replies(played: Played) -> dict[str, float | None]:
    return {"hostile_replies": len(played.hostile), "late_replies": played.tally.outcomes["pileon"]["late"]}


def _of_labels(score: Score | None) -> dict[str, float | None]:
    if score is None:
        return {"precision": None, "recall": None}
    return {"precision": score.precision.value, "recall": score.recall.value}


def fired(played: Played) -> list[Told]:
    """Return the decisions to tell people of a pile-on."""
    return [one for one in played.told if one.decision.decision is Decision.FIRE]


def ranked(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least this share of the values does not exceed (nearest rank); None of none."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else None
