"""What moderators say of pile-ons: how many alerts were right, with how sure that is, and the verdicts themselves."""

from typing import Final

from deploy.grafana.generator.frame import runbook
from deploy.grafana.generator.looks import GREEN, GREY, SKY, VERMILLION, Line, Steps
from deploy.grafana.generator.panels import SHARE, AnyPanel, Query, bars, lines, number

RIGHT: Final = Steps(look=0.7, bad=0.5, below=True)
"""Half as the alert FalsePositiveRateHigh has it."""
_VERDICTS: Final = {"pile_on": Line(GREEN), "not_one": Line(VERMILLION, dashed=True), "unsure": Line(GREY)}
_BOUNDS: Final = {"measured": Line(SKY), "at least": Line(GREY, dashed=True), "at most": Line(GREY, dashed=True)}
_Z: Final = 1.96
"""95 of 100 such intervals hold the true share."""


def verdicts() -> tuple[AnyPanel, ...]:
    """Return the row's panels."""
    return (_right(), _counted(), _right_over_time(), _over_time())


def _judged(verdict: str) -> str:
    # Every worker knows all, so the largest; cases, not verdicts: a case judged again counts once, as it was judged last.
    return f'sum(max by (verdict) (threadwatch_cases_judged{{verdict=~"{verdict}"}}))'


_K: Final = _judged("pile_on")
_N: Final = f"({_judged('pile_on|not_one')} > 0)"


def _bound(sign: str) -> str:
    """Return a bound of Wilson's interval for k of n: (k + z²/2 ± z √(k (n - k) / n + z²/4)) / (n + z²)."""
    spread = f"{_Z} * sqrt({_K} * ({_N} - {_K}) / {_N} + {_Z**2 / 4:.4f})"
    return f"({_K} + {_Z**2 / 2:.4f} {sign} {spread}) / ({_N} + {_Z**2:.4f})"


def _measured() -> tuple[Query, Query, Query]:
    return Query(f"{_K} / {_N}", "measured"), Query(_bound("-"), "at least"), Query(_bound("+"), "at most")


def _right() -> AnyPanel:
    return number(
        "Right, of those judged", "Of the pile-ons that moderators judged within 7 days, each as it was judged last, the share that they "
        "call one; and between which bounds the true share lies (Wilson, 95 %): far apart while few are judged. “Unsure” is left out. All "
        "sites.",
        *_measured(), unit=SHARE, steps=RIGHT, span=5, height=8, decimals=0, no_value="no verdicts",
        plain=("at least", "at most"), links=[runbook("FalsePositiveRateHigh")],
    )  # fmt: skip


def _counted() -> AnyPanel:
    query = Query("max by (verdict) (threadwatch_cases_judged)", "{{verdict}}")
    said = "What the share beside is made of: cases, each as it was judged last. All sites."
    return bars("Cases judged in 7 days", said, query, span=6, height=8, decimals=0,
                links=[runbook("FalsePositiveRateHigh")])  # fmt: skip


def _right_over_time() -> AnyPanel:
    return lines(
        "Right, over time", "The share of the 7 days before each moment, and its bounds.", *_measured(), unit=SHARE, steps=RIGHT,
        looks=_BOUNDS, most=1, span=7, height=8, no_value="no verdicts", links=[runbook("FalsePositiveRateHigh")],
    )  # fmt: skip


def _over_time() -> AnyPanel:
    return lines(
        "Verdicts over time", "Verdicts given, per bar. None for days: nobody tells whether the alerts are right. All sites.",
        Query("round(sum by (verdict) (increase(threadwatch_feedback_total[$__rate_interval])))", "{{verdict}}"), looks=_VERDICTS,
        bars_of="1h", stacked=True, span=6, height=8, links=[runbook("FalsePositiveRateHigh")],
    )  # fmt: skip
