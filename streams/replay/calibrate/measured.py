"""From what was heard to a calibration, and to what is to be expected at each budget. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import astuple, replace

from streams.errors import UserError
from streams.replay.backtest.intervals import poisson_bounds
from streams.replay.backtest.labels import Label
from streams.replay.calibrate.heard import Heard
from streams.replay.calibrate.judged import Judged, times_of
from streams.replay.calibrate.likely import bursts, likely
from streams.replay.calibrate.replayed import Person, Replayed
from streams.replay.calibrate.slack import with_slack
from streams.replay.calibrate.span import Span, span_of
from streams.stages.esr.calibration import Calibration, config_of, levels_of
from streams.stages.esr.config import Config as Own
from streams.stages.esr.learning import Counted, days_heard, share_staked, staked, usual_among
from streams.stages.esr.slack import BUDGETS, DilutedShare, Slack
from streams.stages.pileon_config import Config

MIN_DAYS: Final = 3.0
MIN_REPLIES: Final = 200
MIN_AUTHORS: Final = 10
MIN_TIMED: Final = 0.5
"""Of the replies, whose times must be known."""


class Expected(Struct, frozen=True, kw_only=True):
    """What came of one budget on the second half of the recording, with what was usual in the first."""

    false_alarms_per_day: float
    proven: int
    """Pile-ons told by the proven bound alone."""
    alerts: int
    """With the slack that is sent. It was learned on these very days."""
    warnings: int
    """``diluted``, which have a budget of their own."""
    alerts_a_day: float
    low: float
    """Alerts a day, 95 % sure."""
    high: float
    slack: float


class Measured(Struct, frozen=True, kw_only=True):
    """What a recording says."""

    calibration: Calibration
    replies: int
    people: int
    authors: int
    hostile: int
    days: float
    """On which replies were heard."""
    apart: int
    """Replies that stood apart from all others by more than half of the time, and were left out."""
    counted_days: float
    judged: Judged
    bursts: int
    """Times that so many people were hostile to one person within an hour, and half of those answering; nobody said anything of them."""
    likely: int
    """Of these, what looks like a pile-on: left out of what is usual, and not of false alarms."""
    expected: tuple[Expected, ...]


class Taught(NamedTuple):
    """A calibration, and what its slack was tried on."""

    calibration: Calibration
    tried: Calibration
    """With what the first half said is usual, and the same slack."""
    on: Replayed


def measured(heard: Heard, config: Config, name: str, *, newcomers: bool = False, labels: Sequence[Label] = ()) -> Measured:
    """Return it. UserError that names the recording and what it lacks where it says too little.

    ``newcomers``: with bets on accounts that are new to the site. ``labels``: what was judged a pile-on teaches nothing.
    What is usual in the first half is what the second is measured by, so that it was not known before. The calibration is of all.
    """
    _check(heard, name)
    people, judged, span = _people(heard, newcomers, labels, config)
    replies = [person.replies for person in people]
    first, last = span.first, span.last
    days = days_heard(replies, first, last + 1)
    if days < MIN_DAYS:
        raise UserError(f"{name}: it spans {days:.1f} days, {MIN_DAYS:g} are the least; a week is a good start")
    try:
        taught = taught_by(people, first, last + 1, config, newcomers=newcomers)
    except ValueError as error:
        raise UserError(f"{name}: {error}") from error
    looks = [len(times) for times in likely(people, config.min_hostility, config.min_hostile_authors)]
    return Measured(
        calibration=taught.calibration, replies=sum(one.at.size for one in replies), people=len(people), authors=len(heard.authors),
        hostile=sum(int((one.x >= config.min_hostility).sum()) for one in replies), days=round(days, 2), apart=span.apart,
        counted_days=round(taught.on.days, 2), judged=judged, likely=sum(looks), bursts=_bursts(people, config),
        expected=tuple(_expected(taught, budget) for budget in BUDGETS),
    )  # fmt: skip


def taught_by(people: Sequence[Person], since: int, until: int, config: Config, *, newcomers: bool = False) -> Taught:
    """Return the calibration of a time, with what it teaches of the bound. ValueError where nobody was hostile.

    What is usual is fitted on the first half, and slack tried on the second: no alarm is usual because it was there.
    """
    half = since + (until - since) // 2
    before = _proven([person.within(since, half) for person in people], since, half, config, newcomers=newcomers)
    on = Replayed(people, _own(before, config), half, until)
    tried = with_slack(before, on)
    everything = _proven([person.within(since, until) for person in people], since, until, config, newcomers=newcomers)
    return Taught(replace(everything, slack=tried.slack, diluted_share=tried.diluted_share), tried, on)


def _proven(people: Sequence[Person], since: int, until: int, config: Config, *, newcomers: bool) -> Calibration:
    """Return N and what is usual of a time: without judged pile-ons, and what is usual without what looks like one."""
    looks = likely(people, config.min_hostility, config.min_hostile_authors)
    unreal = [person.replies.without(person.real) for person in people]
    usual = [one.without(times) for one, times in zip(unreal, looks, strict=True)]
    return calibrated(unreal, since, until, config.min_hostility, newcomers=newcomers, usual=usual)


def _people(heard: Heard, newcomers: bool, labels: Sequence[Label], config: Config) -> tuple[list[Person], Judged, Span]:
    first_day = heard.first_day if newcomers else None
    every = {where: person.counted(first_day) for where, person in sorted(heard.people.items())}
    span = span_of(every.values())
    there = {where: one for where, said in every.items() if (one := said.within(span.first, span.last + 1)).at.size}
    judged = times_of(labels, there, config)
    people = [Person(one, judged.real.get(where, ()), judged.calm.get(where, ())) for where, one in there.items()]
    return people, judged, span


def _bursts(people: Sequence[Person], config: Config) -> int:
    found = (one for person in people for one in bursts(person.unjudged, config.min_hostility, config.min_hostile_authors))
    return sum(2 * one.hostile >= one.answering for one in found)


def calibrated(
    people: Sequence[Counted], since: int, until: int, hostile: float, *, newcomers: bool = False, usual: Sequence[Counted] | None = None
) -> Calibration:
    """Return the calibration of a time. ValueError where nobody was hostile.

    With ``newcomers`` the share's N is that of its second half: at first everybody is new. ``usual``: replies that say what is
    usual, where these are not all that are staked on.
    """
    there = [one for one in people if one.at.size]
    if not there:
        raise ValueError("nobody was answered in its first half: too little to say what is usual")
    settled = since + (until - since) // 2 if newcomers else since
    share = sum(share_staked(one.within(settled, until), hostile) for one in there) / days_heard(there, settled, until)
    return Calibration(
        stakes_per_day=_rounded(sum(map(staked, there)) / days_heard(there, since, until)), share_stakes_per_day=_rounded(share),
        prior=usual_among([one for one in usual if one.at.size] if usual is not None else there, until, hostile), newcomers=newcomers,
    )  # fmt: skip


def _own(calibration: Calibration, config: Config) -> Own:
    return config_of(calibration, config.min_hostile_authors, config.min_hostility, config.case_length)


def _expected(taught: Taught, budget: float) -> Expected:
    told = taught.on.told(levels_of(taught.tried, budget))
    alerts, warnings = sum(pileons for pileons, _ in told), sum(diluted for _, diluted in told)
    proven = taught.on.told(levels_of(replace(taught.tried, slack=Slack(), diluted_share=DilutedShare()), budget))
    low, high = poisson_bounds(alerts)
    days = taught.on.days
    return Expected(
        false_alarms_per_day=budget, proven=sum(pileons for pileons, _ in proven), alerts=alerts, warnings=warnings,
        alerts_a_day=round(alerts / days, 2), low=round(low / days, 2), high=round(high / days, 2),
        slack=astuple(taught.calibration.slack)[BUDGETS.index(budget)],
    )  # fmt: skip


def _check(heard: Heard, name: str) -> None:
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


def _rounded(stakes: float) -> float:
    return max(1.0, float(f"{stakes:.4g}"))
