"""From what was heard to a calibration, and to what is to be expected at each budget. Pure."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple, replace

from streams.errors import UserError
from streams.replay.backtest.intervals import poisson_bounds
from streams.replay.backtest.labels import Label
from streams.replay.calibrate.heard import Heard
from streams.replay.calibrate.judged import times_of
from streams.replay.calibrate.replayed import Person, Replayed
from streams.replay.calibrate.slack import with_slack
from streams.stages.esr.calibration import Calibration, config_of, levels_of
from streams.stages.esr.config import Config as Own
from streams.stages.esr.detector import DAY
from streams.stages.esr.learning import Counted, share_staked, staked, usual_among
from streams.stages.esr.slack import BUDGETS, DilutedShare, Slack
from streams.stages.pileon_config import Config

MIN_DAYS: Final = 3.0
MIN_REPLIES: Final = 200
MIN_AUTHORS: Final = 10
MIN_TIMED: Final = 0.5
"""Of the replies, whose times must be known."""


class Expected(Struct, frozen=True, kw_only=True):
    """What came of one budget on the half of the recording that taught nothing, with what the other half taught."""

    false_alarms_per_day: float
    proven: int
    """Pile-ons told by the proven bound alone."""
    alerts: int
    """With the slack that was learned."""
    warnings: int
    """``diluted``, which have a budget of their own."""
    alerts_a_day: float
    low: float
    """Alerts a day, 95 % sure."""
    high: float
    slack_then: float
    """That the first half taught, with which these were counted."""
    slack: float
    """Of the calibration: that all of the recording taught."""


class Measured(Struct, frozen=True, kw_only=True):
    """What a recording says."""

    calibration: Calibration
    replies: int
    people: int
    authors: int
    hostile: int
    days: float
    counted_days: float
    taught_days: float
    """Days of which false alarms were counted for what was learned of the bound."""
    judged: int
    """Times that somebody judged a pile-on, which count as none."""
    expected: tuple[Expected, ...]


def measured(heard: Heard, config: Config, name: str, *, newcomers: bool = False, labels: Sequence[Label] = ()) -> Measured:
    """Return it. UserError that names the recording and what it lacks where it says too little.

    ``newcomers``: with bets on accounts that are new to the site. ``labels``: what was judged a pile-on is no false alarm.
    The first half teaches what the second is measured by, so that what is expected was not known before. The calibration is of all.
    """
    people = _people(heard, newcomers, labels)
    replies = [person.replies for person in people]
    _check(heard, replies, name)
    first, last = min(int(one.at.min()) for one in replies), max(int(one.at.max()) for one in replies)
    half = first + (last - first) // 2
    try:
        taught = taught_by([person.within(first, half) for person in people], first, half, config, newcomers=newcomers)
        calibration = taught_by(people, first, last + 1, config, newcomers=newcomers)
    except ValueError as error:
        raise UserError(f"{name}: {error}") from error
    asked = Replayed(people, _own(taught, config), half, last)
    return Measured(
        calibration=calibration, replies=heard.timed, people=len(people), authors=len(heard.authors),
        hostile=sum(int((one.x >= config.min_hostility).sum()) for one in replies), days=round((last - first) / DAY, 2),
        counted_days=round(asked.days, 2), expected=tuple(_expected(asked, taught, calibration, budget) for budget in BUDGETS),
        judged=sum(len(person.real) for person in people), taught_days=round((last - _settled(first, last)) / DAY, 2),
    )  # fmt: skip


def taught_by(people: Sequence[Person], since: int, until: int, config: Config, *, newcomers: bool = False) -> Calibration:
    """Return the calibration of a time, with what it teaches of the bound. ValueError where nobody was hostile."""
    proven = calibrated([person.replies for person in people], since, until, config.min_hostility, newcomers=newcomers)
    return with_slack(proven, Replayed(people, _own(proven, config), _settled(since, until), until))


def _settled(since: int, until: int) -> int:
    """Return from when on false alarms are counted: at first nobody has a history, and everybody is new."""
    return min(since + DAY, until - 1)


def _people(heard: Heard, newcomers: bool, labels: Sequence[Label]) -> list[Person]:
    first_day, real = heard.first_day if newcomers else None, times_of(labels, heard.people)
    return [Person(person.counted(first_day), real.get(where, ())) for where, person in sorted(heard.people.items())]


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


def _own(calibration: Calibration, config: Config) -> Own:
    return config_of(calibration, config.min_hostile_authors, config.min_hostility, config.case_length)


def _expected(people: Replayed, taught: Calibration, calibration: Calibration, budget: float) -> Expected:
    told = people.told(levels_of(taught, budget))
    alerts, warnings = sum(pileons for pileons, _ in told), sum(diluted for _, diluted in told)
    proven = people.told(levels_of(replace(taught, slack=Slack(), diluted_share=DilutedShare()), budget))
    low, high = poisson_bounds(alerts)
    place = BUDGETS.index(budget)
    return Expected(
        false_alarms_per_day=budget, proven=sum(pileons for pileons, _ in proven), alerts=alerts, warnings=warnings,
        alerts_a_day=round(alerts / people.days, 2), low=round(low / people.days, 2), high=round(high / people.days, 2),
        slack_then=astuple(taught.slack)[place], slack=astuple(calibration.slack)[place],
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
