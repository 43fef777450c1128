"""From what was heard to a calibration, and to what is to be expected at each budget. Pure."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.errors import UserError
from streams.replay.backtest.intervals import poisson_bounds
from streams.replay.calibrate.heard import Heard
from streams.stages.esr.calibration import Calibration, config_of, levels_of
from streams.stages.esr.config import Rule, rule
from streams.stages.esr.detector import DAY, Kind, Target, advance
from streams.stages.esr.learning import Counted, share_staked, staked, usual_among
from streams.stages.esr.membership import Seen
from streams.stages.pileon_config import Config

BUDGETS: Final = (0.1, 0.3, 1.0, 3.0, 10.0)
MIN_DAYS: Final = 3.0
MIN_REPLIES: Final = 200
MIN_AUTHORS: Final = 10
MIN_TIMED: Final = 0.5
"""Of the replies, whose times must be known."""


class Expected(Struct, frozen=True, kw_only=True):
    """What came of one budget on the half of the recording that taught nothing."""

    false_alarms_per_day: float
    alerts: int
    alerts_a_day: float
    low: float
    """Alerts a day, 95 % sure."""
    high: float


class Measured(Struct, frozen=True, kw_only=True):
    """What a recording says."""

    calibration: Calibration
    replies: int
    people: int
    authors: int
    hostile: int
    days: float
    counted_days: float
    expected: tuple[Expected, ...]


def measured(heard: Heard, config: Config, name: str, *, newcomers: bool = False, budgets: Sequence[float] = BUDGETS) -> Measured:
    """Return it. UserError that names the recording and what it lacks where it says too little.

    ``newcomers``: with bets on accounts that are new to the site. The first half teaches what the second is measured by, so that what is
    expected was not known before. The calibration is of all.
    """
    people = [person.counted(heard.first_day if newcomers else None) for _, person in sorted(heard.people.items())]
    _check(heard, people, name)
    first, last = min(int(one.at.min()) for one in people), max(int(one.at.max()) for one in people)
    half = first + (last - first) // 2
    try:
        taught = calibrated([one.within(first, half) for one in people], first, half, config.min_hostility, newcomers=newcomers)
        calibration = calibrated(people, first, last + 1, config.min_hostility, newcomers=newcomers)
    except ValueError as error:
        raise UserError(f"{name}: {error}") from error
    days = (last - half) / DAY
    return Measured(
        calibration=calibration, replies=heard.timed, people=len(people), authors=len(heard.authors),
        hostile=sum(int((one.x >= config.min_hostility).sum()) for one in people), days=round((last - first) / DAY, 2),
        counted_days=round(days, 2), expected=tuple(_expected(people, config, taught, budget, half, days) for budget in budgets),
    )  # fmt: skip


def calibrated(people: Sequence[Counted], since: int, until: int, hostile: float, *, newcomers: bool = False) -> Calibration:
    """Return the calibration of a time. ValueError where nobody was hostile.

    With ``newcomers`` the share's N is that of its second half: at first everybody is new.
    """
    there = [one for one in people if one.at.size]
    if not there:
        raise ValueError("nobody was answered in its first half: too little to say what is usual")
    settled = since + (until - since) // 2 if newcomers else since
    share = sum(share_staked(one.within(settled, until), hostile) for one in there) * DAY / (until - settled)
    return Calibration(
        stakes_per_day=_rounded(sum(map(staked, there)) * DAY / (until - since)), share_stakes_per_day=_rounded(share),
        prior=usual_among(there, until, hostile), newcomers=newcomers,
    )  # fmt: skip


def openings(by: Rule, person: Counted, since: int) -> int:
    """Return how many pile-ons would be told of one person from then on."""
    if (person.x >= by.min_hostility).sum() < by.config.min_hostile_authors:
        return 0
    target, count = Target(int(person.at[0])), 0
    for at, x, seen, talk, is_new in zip(*(column.tolist() for column in person), strict=True):
        finding = advance(by, target, at, x, is_first=seen == Seen.FIRST, conversation=talk, is_new=is_new)
        count += finding is not None and finding.kind is Kind.PILEON and at >= since
    return count


def _expected(people: Sequence[Counted], config: Config, taught: Calibration, budget: float, since: int, days: float) -> Expected:
    own = config_of(taught, config.min_hostile_authors, config.min_hostility, config.case_length)
    by = rule(own, levels_of(taught, budget))
    alerts = sum(openings(by, one, since) for one in people)
    low, high = poisson_bounds(alerts)
    return Expected(
        false_alarms_per_day=budget,
        alerts=alerts,
        alerts_a_day=round(alerts / days, 2),
        low=round(low / days, 2),
        high=round(high / days, 2),
    )  # fmt: skip


def _check(heard: Heard, people: Sequence[Counted], name: str) -> None:
    every = heard.timed + heard.untimed
    if heard.untimed and heard.timed < MIN_TIMED * every:
        raise UserError(
            f"{name}: {heard.untimed} of {every} replies have no time of their own (a scraped page): "
            "what is usual a day cannot be known from them; calibrate from a recording with times"
        )
    if heard.timed < MIN_REPLIES:
        raise UserError(
            f"{name}: {heard.timed} replies that count, {MIN_REPLIES} are the least; record for longer (a week is a good start)"
        )
    if len(heard.authors) < MIN_AUTHORS:
        wrote = "one author" if len(heard.authors) == 1 else f"{len(heard.authors)} authors"
        raise UserError(f"{name}: {wrote} wrote all of it, {MIN_AUTHORS} are the least to say what is usual for anybody")
    days = (max(int(one.at.max()) for one in people) - min(int(one.at.min()) for one in people)) / DAY
    if days < MIN_DAYS:
        raise UserError(f"{name}: it spans {days:.1f} days, {MIN_DAYS:g} are the least; a week is a good start")


def _rounded(stakes: float) -> float:
    return max(1.0, float(f"{stakes:.4g}"))
