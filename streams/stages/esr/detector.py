"""The paired e-SR detector: one target's state, and what one reply does to it. A pure fold; the batch form is ``esr.columns``.

Only sums, products, quotients and square roots touch the evidence: it is the same to the last bit on every machine.
"""

import math
from enum import StrEnum
from typing import Final

from msgspec import Struct

from streams.stages.esr import late_test, rate_test, share_test
from streams.stages.esr.config import Rule
from streams.stages.esr.exact import Numbers, exp_minus
from streams.stages.esr.history import Counts, History, usual
from streams.stages.esr.membership import Membership, Seen

DAY: Final = 86_400_000_000
RING: Final = 8
NEVER: Final = 0
"""1970: no case is open, nobody was hostile."""
NOTHING: Final = (0.0, 0.0)
Usual = tuple[float, float, float]


class Kind(StrEnum):
    """What was found."""

    PILEON = "pileon"
    """Faster and more hostile than history explains."""
    DILUTED = "diluted"
    """Much faster, by many people, and not more hostile in share: a crowd may hide it, or fame explain it."""
    SURGE = "surge"
    """More hostile replies than usual; informational."""


class Finding(Struct, frozen=True, kw_only=True):
    """Why something was found, at one reply."""

    kind: Kind
    at: int
    """Microseconds."""
    hostile_authors: int
    """Different people hostile within 24 h; 8 stands for 8 or more."""
    since: int
    """When the first of these wrote."""
    rate_evidence: float
    share_evidence: float
    """e-values: how many times the bets have multiplied."""
    usual_a_day: float
    """b: hostile mass a day, at most, by history."""
    usual_share: float
    """m: mean x, at most, by history."""


class Exposure(Struct, frozen=True, array_like=True, gc=False):
    """A reply as the tests see it."""

    at: int
    """Microseconds, of writing."""
    author: int
    """Keyed hash; all unknown authors of one conversation have one."""
    comment: int
    """Keyed hash of the comment and its revision."""
    x: float
    """P(hostile to the target)."""
    conversation: int = 0
    """Keyed hash."""
    is_new: bool = False
    """The author was not on the site before this day, by a list that is written down daily; False where there is none."""


class Target:
    """The state of one target. ``usual`` is made of ``history``, and kept because it changes once a day."""

    __slots__ = (
        "by", "case_kind", "case_until", "clocks", "every", "first", "history", "hostile_at", "last_at", "lately", "members", "rate",
        "rate_alone", "surge_until", "usual",
    )  # fmt: skip

    def __init__(self, at: int) -> None:
        """A target that is first answered then."""
        day = at // DAY
        self.last_at = at
        self.members = Membership(day)
        self.history = History(day, day)
        self.rate = self.rate_alone = rate_test.ONE_RATE
        self.first = self.every = share_test.NO_BET
        self.lately = NOTHING
        self.clocks: late_test.Clocks = late_test.NO_CLOCKS
        self.hostile_at: tuple[int, ...] = ()
        self.case_until = self.surge_until = NEVER
        self.case_kind: Kind | None = None
        self.usual: Usual | None = None
        self.by: Rule | None = None
        """By which rule ``usual`` was worked out, for whoever changes rules."""


def step(rule: Rule, target: Target, reply: Exposure) -> Finding | None:
    """Take one reply into account; return what it completes, if anything."""
    seen = target.members.take(reply.at // DAY, reply.author, reply.comment, is_hostile=reply.x >= rule.min_hostility)
    if seen < Seen.FIRST:
        return None
    return advance(rule, target, reply.at, reply.x, is_first=seen is Seen.FIRST, conversation=reply.conversation, is_new=reply.is_new)


def advance(rule: Rule, target: Target, at: int, x: float, *, is_first: bool, conversation: int, is_new: bool) -> Finding | None:
    """Take a reply that counts into account; return what it completes, if anything."""
    usually = today(rule, target, at // DAY)
    is_hostile = x >= rule.min_hostility
    # A civil later reply is no news to the rate test: time has passed, that is all.
    mass = x if is_first or is_hostile else 0.0
    _bet(rule, target, usually, at, x, mass, is_first)
    tick(rule, target, usually[1 if is_first else 2], conversation, x, is_new, is_hostile)
    target.history.today = counted(target.history.today, x, mass, float(is_first))
    if not is_hostile:
        return None
    target.hostile_at = (*target.hostile_at[1 - RING :], target.last_at)
    return found(rule, target)


def found(rule: Rule, target: Target) -> Finding | None:
    """Return what the evidence amounts to after a hostile reply. After others nobody looks: an alarm at a civil one explains nothing."""
    config, levels, at = rule.config, rule.levels, target.last_at
    rate, alone, share = evidence(rule, target)
    people = sum(1 for then in target.hostile_at if then > at - DAY)
    kind = None
    if rate >= levels.rate and share >= levels.share and people >= config.min_hostile_authors:
        kind = Kind.PILEON
        target.rate, target.first, target.every = rate_test.NO_RATE, share_test.NO_SHARE, share_test.NO_SHARE
        target.clocks = late_test.emptied(target.clocks)
    elif alone >= levels.diluted and share >= levels.diluted_share and people >= config.min_diluted_authors:
        kind = Kind.DILUTED
        target.rate_alone = rate_test.NO_RATE
    elif alone >= levels.surge and people >= config.min_hostile_authors:
        kind = Kind.SURGE
    if not _is_news(rule, target, kind) or kind is None or target.usual is None:
        return None
    return Finding(
        kind=kind, at=at, hostile_authors=people, since=target.hostile_at[-people], rate_evidence=rate if kind is Kind.PILEON else alone,
        share_evidence=share, usual_a_day=target.usual[0], usual_share=target.usual[1],
    )  # fmt: skip


def evidence(rule: Rule, target: Target) -> tuple[float, float, float]:
    """Return the evidence of the rate test, of the rate test alone, and of the share test."""
    share = late_test.OF_PERSON * share_test.evidence(target.first, target.every)
    late = late_test.evidence(target.clocks, target.last_at, rule.forgets)
    return rate_test.evidence(target.rate), rate_test.evidence(target.rate_alone), share + late


def today(rule: Rule, target: Target, day: int) -> Usual:
    """Return what is usual on this day for this person."""
    history = target.history
    if day > history.day:
        history.turn(day)
        target.usual = None
    if target.usual is None:
        target.usual = usual(rule.config, history.older, history.exposure, math.sqrt)
    return target.usual


def _bet(rule: Rule, target: Target, usually: Usual, at: int, x: float, mass: float, is_first: bool) -> None:
    b, m, m_later = usually
    gap = float(at - target.last_at) if at > target.last_at else 0.0
    target.last_at = max(at, target.last_at)
    memory = exp_minus(rule.forgets * gap)
    most, most_alone, most_share = rule.most
    new = gap / (gap + rule.spacing)
    rates = rate_test.factors(mass, exp_minus(b / DAY * gap))
    shares = share_test.factors(x, share_test.daily(m if is_first else m_later, target.lately, memory, rule.config.prior.day_weight, max))
    target.lately = share_test.noted(target.lately, x, memory)
    target.rate, target.rate_alone = rate_test.both(target.rate, target.rate_alone, rates, memory, new, most, most_alone)
    target.first, target.every = share_test.both(target.first, target.every, shares, memory, new, most_share, is_first=is_first)


def tick(rule: Rule, target: Target, usually: float, conversation: int, x: float, is_new: bool, is_hostile: bool) -> None:
    """Take a reply on the clocks of its conversation and of newcomers (``late_test``)."""
    prior, at, most = rule.config.prior, target.last_at, rule.most[2]
    here = max(usually, prior.talk_mean)
    weight = prior.talk_weight
    target.clocks = late_test.talked(target.clocks, conversation, at, x, here, weight, rule.spacing, most, is_hostile=is_hostile)
    if is_new:
        here = max(here, prior.new_mean)
        target.clocks = late_test.came(target.clocks, at, x, here, weight, rule.forgets, rule.spacing, most, is_hostile=is_hostile)


def counted(today: Counts[Numbers], x: Numbers, mass: Numbers, is_first: Numbers) -> Counts[Numbers]:
    """Return the day's counts with one more reply; ``is_first`` is 1 or 0."""
    total, first, first_x, later, later_x = today
    is_later = 1.0 - is_first
    return total + mass, first + is_first, first_x + x * is_first, later + is_later, later_x + x * is_later


def _is_news(rule: Rule, target: Target, kind: Kind | None) -> bool:
    """A hostile reply keeps an open case open; what a case has told is not told again."""
    is_open, until = target.last_at < target.case_until, target.last_at + rule.case_length
    if kind is Kind.SURGE:
        was_on, target.surge_until = target.last_at < target.surge_until, until
        target.case_until = until if is_open else target.case_until
        return not was_on and not is_open
    if kind is None or (is_open and kind is not Kind.PILEON):
        target.case_until = until if is_open else target.case_until
        return False
    news = not is_open or target.case_kind is not kind
    target.case_until, target.case_kind = until, kind
    return news
